package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"github.com/innsigli/innsigli/pki"
)

// localSeal is the seal of the local CA as innsigli.Sealer. An expired one never signs.
type localSeal struct {
	seal pki.Seal
	now  func() time.Time
}

func (l localSeal) Seal(context.Context) (crypto.Signer, []*x509.Certificate, error) {
	if l.now().After(l.seal.NotAfter()) {
		return nil, nil, errors.New("the seal's certificate has expired")
	}
	return l.seal.Key, l.seal.Chain, nil
}
