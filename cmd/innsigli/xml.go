package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/xades"
)

// parallelXML is how many XML documents are sealed at once: each may take 200 MB of memory.
const parallelXML = 2

// The limit that the trade promises is the one that is kept.
var _ [xades.MaxBytes]struct{} = [innsigli.MaxXMLBytes]struct{}{}

// xmlSealer is package xades as innsigli.XMLSealer.
type xmlSealer chan struct{}

func newXMLSealer() xmlSealer { return make(xmlSealer, parallelXML) }

// SealXML waits for its turn.
func (x xmlSealer) SealXML(ctx context.Context, document []byte, by innsigli.XMLSeal) (innsigli.SealedXML, error) {
	select {
	case x <- struct{}{}:
		defer func() { <-x }()
	case <-ctx.Done():
		return innsigli.SealedXML{}, ctx.Err()
	}
	doc, err := xades.Parse(document)
	if refused, ok := errors.AsType[*xades.Refusal](err); ok {
		e := innsigli.InvalidField("xmlDocument", refused.Code, refused.Reason)
		e.Cause = refused
		return innsigli.SealedXML{}, e
	}
	if err != nil {
		return innsigli.SealedXML{}, fmt.Errorf("read xml: %w", err)
	}
	_, old := by.Key.(pades.PKCS1)
	signer := xades.Signer{Key: by.Key, Chain: by.Chain, PSS: !old}
	out, level, err := xades.SignTo(ctx, doc, signer, by.At, by.Services, cms.BLTA)
	pending, ok := errors.AsType[*cms.Pending](err)
	if err != nil && !ok {
		return innsigli.SealedXML{}, fmt.Errorf("seal xml: %w", err)
	}
	sealed := innsigli.SealedXML{Document: out, Level: level.Of("XAdES")}
	if pending != nil {
		sealed.Pending = pending
	}
	return sealed, nil
}
