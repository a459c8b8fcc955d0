package pades

import (
	"context"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// Genuine checks that what makes a document a signed one are signatures: each of those in its newest revision can be read,
// covers all of a revision but itself, and is over the bytes that it covers. Who signed does not matter, nor whether
// anything was added since, nor how weak the algorithms are. It is for who treats signed documents otherwise than others: a
// field that only looks signed must not get a document there.
//
// A document that is not as it says is a *[Refusal] with the code [BogusSignature].
func Genuine(ctx context.Context, doc *Document) error {
	c := &collector{r: doc, size: doc.Size(), now: doc, facts: &facts{size: doc.Size()}}
	var err error
	if c.facts.revisions, err = doc.Revisions(); err != nil {
		return err
	}
	if err := c.signaturesOf(doc, map[int64]bool{}, true); err != nil {
		return err
	}
	if err := c.hash(ctx); err != nil {
		return err
	}
	if len(c.facts.signatures) == 0 {
		return pdf.Refuse(BogusSignature, "there is none")
	}
	for i, s := range c.facts.signatures {
		s.check()
		if fault := s.bogus(); fault != nil {
			return pdf.Refuse(BogusSignature, fmt.Sprintf("signature %d: %v", i+1, fault))
		}
	}
	return nil
}

var errNotCovered = errors.New("it does not cover a revision but itself")

// bogus says why what is there is no signature.
func (s *sigFacts) bogus() error {
	switch {
	case s.end == 0 || s.revision == 0 || !s.bare:
		return errNotCovered
	case s.sigErr != nil:
		return s.sigErr
	case errors.Is(s.mathErr, cms.ErrAlgorithm): // the digest is right, and more cannot be said of it
		return nil
	}
	return s.mathErr
}
