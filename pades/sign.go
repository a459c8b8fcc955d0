package pades

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli/cms"
)

// tokenReserve is the room kept for a time-stamp token, in bytes: public
// authorities send up to 7 kB, chain included.
const tokenReserve = 8 << 10

// Signer is a key with its certificate chain, the signer's certificate first. RSA
// keys sign with RSASSA-PSS, unless they are [PKCS1].
type Signer struct {
	Key   crypto.Signer
	Chain []*x509.Certificate
}

// PKCS1 is an RSA key that signs with PKCS #1 v1.5 only, as some key stores do.
// Validators that go by ETSI TS 119 312 take no such signature after 2028, of
// whatever length the key is.
type PKCS1 struct{ crypto.Signer }

// Sign seals a document with a key at hand, at level B-B: [Prepare], sign,
// [Prepared.Finish]. The hash is the one that goes with the key, see
// [cms.HashFor].
func Sign(ctx context.Context, doc *Document, s Seal, signer Signer) (*Revision, error) {
	p, sig, err := signature(ctx, doc, s, signer)
	if err != nil {
		return nil, err
	}
	return p.Finish(sig)
}

// signature prepares a document and signs it.
func signature(ctx context.Context, doc *Document, s Seal, signer Signer) (*Prepared, []byte, error) {
	if signer.Key == nil || len(signer.Chain) == 0 {
		return nil, nil, errors.New("seal without a key or a certificate")
	}
	h, err := cms.HashFor(signer.Chain[0].PublicKey)
	if err != nil {
		return nil, nil, fmt.Errorf("seal key: %w", err)
	}
	if s.Reserve == 0 {
		s.Reserve = max(DefaultReserve, cms.Size(signer.Chain, tokenReserve))
	}
	p, err := prepare(ctx, doc, &s, h)
	if err != nil {
		return nil, nil, err
	}
	_, old := signer.Key.(PKCS1)
	sig, err := cms.Sign(ctx, signer.Key, p.digest, signer.Chain, cms.Options{Hash: h, PSS: !old})
	return p, sig, err
}
