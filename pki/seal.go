package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// goodRSA is how long an RSA key should be (ETSI TS 119 312 table 7, beyond 2028).
const goodRSA = 3072

// Seal is a key that signs, with its certificates.
type Seal struct {
	// Key belongs to the first certificate of the chain. It may be anywhere (a file, an HSM, a key service): what uses it
	// asks for signatures only.
	Key crypto.Signer

	// Chain begins with the key's certificate; each further one issued the one before it. The local ones go up to the
	// root.
	Chain []*x509.Certificate
}

// NewSeal puts a seal together from a key, its certificate and certificates of issuers in any order. It refuses what
// would make signatures that nobody accepts: a key and certificate that do not belong together, a key that is too short
// or of a kind that PAdES does not sign with, a certificate of an authority or for other uses. That a certificate has
// ended is no error: see [Seal.NotAfter].
func NewSeal(key crypto.Signer, leaf *x509.Certificate, issuers []*x509.Certificate) (*Seal, error) {
	if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(leaf.PublicKey) {
		return nil, errors.New("key and certificate do not belong together")
	}
	if _, err := cms.HashFor(leaf.PublicKey); err != nil {
		return nil, err
	}
	if leaf.IsCA {
		return nil, errors.New("the certificate is an authority's, not a seal's")
	}
	if u := leaf.KeyUsage; u != 0 && u&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return nil, errors.New("the certificate is not for signing: its key usage has neither digitalSignature nor nonRepudiation")
	}
	return &Seal{Key: key, Chain: ordered(leaf, issuers)}, nil
}

// ordered is the chain from the leaf upwards, as far as the certificates go.
func ordered(leaf *x509.Certificate, issuers []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{leaf}
	for len(chain) <= len(issuers) {
		last := chain[len(chain)-1]
		if bytes.Equal(last.RawSubject, last.RawIssuer) {
			break // a root
		}
		next := len(chain)
		for _, c := range issuers {
			if bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil {
				chain = append(chain, c)
				break
			}
		}
		if len(chain) == next {
			break
		}
	}
	return chain
}

// NotAfter is the time from which on the seal makes no valid signature, the earliest of its chain.
func (s Seal) NotAfter() time.Time {
	earliest := s.Chain[0].NotAfter
	for _, c := range s.Chain[1:] {
		if c.NotAfter.Before(earliest) {
			earliest = c.NotAfter
		}
	}
	return earliest
}

// IsRSA says whether the seal's key is an RSA key.
func (s Seal) IsRSA() bool {
	_, ok := s.Chain[0].PublicKey.(*rsa.PublicKey)
	return ok
}

// ShortKey says whether the seal's key is shorter than is recommended, and how many bits it has.
func (s Seal) ShortKey() (bits int, short bool) {
	switch k := s.Chain[0].PublicKey.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen(), k.N.BitLen() < goodRSA
	case *ecdsa.PublicKey:
		return k.Curve.Params().BitSize, false
	}
	return 0, false
}
