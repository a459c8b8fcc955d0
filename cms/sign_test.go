package cms_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// person is a key with a certificate of its own.
type person struct {
	name  string
	key   crypto.Signer
	hash  crypto.Hash
	pss   bool
	chain []*x509.Certificate
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func people(tb testing.TB) []person {
	tb.Helper()
	r, err := rsaKey()
	if err != nil {
		tb.Fatal(err)
	}
	out := []person{
		{name: "RSA", key: r, hash: crypto.SHA256},
		{name: "RSA-PSS", key: r, hash: crypto.SHA256, pss: true},
	}
	for _, c := range []struct {
		curve elliptic.Curve
		hash  crypto.Hash
	}{{elliptic.P256(), crypto.SHA256}, {elliptic.P384(), crypto.SHA384}, {elliptic.P521(), crypto.SHA512}} {
		k, err := ecdsa.GenerateKey(c.curve, rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, person{name: c.curve.Params().Name, key: k, hash: c.hash})
	}
	for i := range out {
		out[i].chain = []*x509.Certificate{selfSigned(tb, out[i].key), selfSigned(tb, out[i].key)}
	}
	return out
}

func selfSigned(tb testing.TB, key crypto.Signer) *x509.Certificate {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		tb.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "Jón"}, NotBefore: now, NotAfter: now.AddDate(9, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return c
}

func digestFor(h crypto.Hash, content string) []byte {
	d := h.New()
	d.Write([]byte(content))
	return d.Sum(nil)
}

func TestASignatureVerifiesForItsContentOnly(t *testing.T) {
	for _, p := range people(t) {
		t.Run(p.name, func(t *testing.T) {
			digest := digestFor(p.hash, "content")
			sig, err := cms.Sign(t.Context(), p.key, digest, p.chain, cms.Options{PSS: p.pss})
			if err != nil {
				t.Fatal(err)
			}
			s, err := cms.Verify(append(sig, make([]byte, 100)...), digest)
			if err != nil {
				t.Fatal(err)
			}
			if !s.Signer.Equal(p.chain[0]) || len(s.Certificates) != 2 || s.Hash != p.hash || s.Token != nil {
				t.Errorf("signed by %v with %d certificates and %v", s.Signer.Subject, len(s.Certificates), s.Hash)
			}
			if _, err := cms.Verify(sig, digestFor(p.hash, "other")); err == nil {
				t.Error("verifies for other content")
			}
			if n := cms.Size(p.chain, 0); len(sig) > n {
				t.Errorf("%d bytes, estimated %d", len(sig), n)
			}
		})
	}
}

// TestAnyFlippedBitIsNoticed flips every bit of a signature with one certificate:
// it must not parse, or not verify. Bits that no one signs are the embedded
// certificates not used and nothing else, so there is one certificate only.
func TestAnyFlippedBitIsNoticed(t *testing.T) {
	p := people(t)[2]
	digest := digestFor(p.hash, "content")
	sig, err := cms.Sign(t.Context(), p.key, digest, p.chain[:1], cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range sig {
		for bit := range 8 {
			b := bytes.Clone(sig)
			b[i] ^= 1 << bit
			if _, err := cms.Verify(b, digest); err == nil {
				t.Errorf("byte %d, bit %d flipped and still valid", i, bit)
			}
		}
	}
}

func TestTheSignedAttributesAreThoseOfTheBaseline(t *testing.T) {
	p := people(t)[2]
	pending, err := cms.Prepare(digestFor(p.hash, "content"), p.chain, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var attrs []struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue
	}
	if rest, err := asn1.UnmarshalWithParams(pending.ToBeSigned(), &attrs, "set"); err != nil || len(rest) > 0 {
		t.Fatal(err)
	}
	var got []string
	for _, a := range attrs {
		got = append(got, a.Type.String())
	}
	want := "1.2.840.113549.1.9.3 1.2.840.113549.1.9.4 1.2.840.113549.1.9.16.2.47"
	if strings.Join(got, " ") != want {
		t.Errorf("attributes %v, want %s", got, want)
	}
}

func TestATokenBecomesAnUnsignedAttribute(t *testing.T) {
	p := people(t)[2]
	digest := digestFor(p.hash, "content")
	pending, err := cms.Prepare(digest, p.chain, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := p.key.Sign(rand.Reader, pending.Digest(), pending.SignerOpts())
	if err != nil {
		t.Fatal(err)
	}
	token, err := asn1.Marshal(struct{ A int }{7})
	if err != nil {
		t.Fatal(err)
	}
	sig, err := pending.Assemble(value, token)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cms.Verify(sig, digest)
	if err != nil || !bytes.Equal(s.Token, token) || !bytes.Equal(s.Value, value) {
		t.Errorf("token %x, value %x, %v", s.Token, s.Value, err)
	}
}

func TestAWrongSignatureIsNotAssembled(t *testing.T) {
	all := people(t)
	p, other := all[2], all[3]
	pending, err := cms.Prepare(digestFor(p.hash, "content"), p.chain, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	value, err := other.key.Sign(rand.Reader, pending.Digest(), p.hash)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pending.Assemble(value, nil); err == nil {
		t.Error("another key's signature was assembled")
	}
}

func TestUnfitKeysAreRefused(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []crypto.Signer{ed, p224} {
		if _, err := cms.HashFor(k.Public()); err == nil {
			t.Errorf("%T is taken", k)
		}
	}
	p := people(t)[2]
	if _, err := cms.Prepare(make([]byte, 20), p.chain, cms.Options{}); err == nil {
		t.Error("a digest of 20 bytes is taken")
	}
	if _, err := cms.Prepare(make([]byte, 32), nil, cms.Options{}); err == nil {
		t.Error("no certificate is taken")
	}
}
