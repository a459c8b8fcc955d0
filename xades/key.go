package xades

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/innsigli/innsigli/cms"
)

// Signer is a key with its certificate chain, the signer's certificate first.
type Signer struct {
	Key   crypto.Signer
	Chain []*x509.Certificate
	// PSS makes RSA keys sign with RSASSA-PSS instead of PKCS #1 v1.5.
	PSS bool
}

// method is how a key signs: hash, name and options.
type method struct {
	hash crypto.Hash
	uri  string
	opts crypto.SignerOpts
}

// method finds out how the key signs, with the hash that goes with it (cms.HashFor). Names: RFC 6931, clauses 2.3.2,
// 2.3.6 and 2.3.10; the last one stands for a salt as long as the hash.
func (s Signer) method() (method, error) {
	if s.Key == nil || len(s.Chain) == 0 {
		return method{}, errors.New("seal without a key or a certificate")
	}
	h, err := cms.HashFor(s.Chain[0].PublicKey)
	if err != nil {
		return method{}, fmt.Errorf("seal key: %w", err)
	}
	bits := fmt.Sprint(8 * h.Size())
	if _, isRSA := s.Chain[0].PublicKey.(*rsa.PublicKey); !isRSA {
		return method{h, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha" + bits, h}, nil
	}
	if s.PSS {
		opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: h}
		return method{h, "http://www.w3.org/2007/05/xmldsig-more#sha" + bits + "-rsa-MGF1", opts}, nil
	}
	return method{h, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha" + bits, h}, nil
}

// sign signs and sees to it that the signature holds: a wrong or faulty key must not leave the house.
func (s Signer) sign(m method, message []byte) ([]byte, error) {
	digest := sum(m.hash, message)
	value, err := s.Key.Sign(rand.Reader, digest, m.opts)
	if err != nil {
		return nil, fmt.Errorf("sign with key: %w", err)
	}
	switch key := s.Chain[0].PublicKey.(type) {
	case *ecdsa.PublicKey:
		if !ecdsa.VerifyASN1(key, digest, value) {
			return nil, errOwnSignature
		}
		return plain(key, value)
	case *rsa.PublicKey:
		verify := func() error { return rsa.VerifyPKCS1v15(key, m.hash, digest, value) }
		if opts, isPSS := m.opts.(*rsa.PSSOptions); isPSS {
			verify = func() error { return rsa.VerifyPSS(key, m.hash, digest, value, opts) }
		}
		if verify() != nil {
			return nil, errOwnSignature
		}
	}
	return value, nil
}

var errOwnSignature = errors.New("check own signature: it does not match the certificate")

// plain writes an ECDSA signature as XML does: r and s, each as long as the curve's order (XML Signature 1.1, clause 6.4.3).
func plain(key *ecdsa.PublicKey, der []byte) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 {
		return nil, errOwnSignature
	}
	size := (key.Params().N.BitLen() + 7) / 8
	out := make([]byte, 2*size)
	v.R.FillBytes(out[:size])
	v.S.FillBytes(out[size:])
	return out, nil
}
