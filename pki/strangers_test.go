package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"sync"
	"testing"
	"time"
)

// today is what the trust services of others call now.
var today = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

// member is a certificate with its key. Keys are RSA, so that certificates and signatures have the same length whatever
// they say.
type member struct {
	cert *x509.Certificate
	key  crypto.Signer
}

var strangersKeys = sync.OnceValues(func() ([]*rsa.PrivateKey, error) {
	var out []*rsa.PrivateKey
	for range 3 {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
})

// enrol makes a certificate for one of three keys, below parent or as a root.
func enrol(tb testing.TB, key int, parent *member, name string, changes ...func(*x509.Certificate)) *member {
	tb.Helper()
	keys, err := strangersKeys()
	if err != nil {
		tb.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial.SetBit(serial, 101, 1), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: today.AddDate(-1, 0, 0), NotAfter: today.AddDate(20, 0, 0),
	}
	for _, change := range changes {
		change(c)
	}
	m := &member{c, keys[key]}
	if parent == nil {
		parent = m
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent.cert, m.key.Public(), parent.key)
	if err != nil {
		tb.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return &member{c, m.key}
}

func isAuthority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

// isFor makes a critical extended key usage of one purpose of RFC 5280, clause 4.2.1.12.
func isFor(purpose int) func(*x509.Certificate) {
	der, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, purpose}})
	return func(c *x509.Certificate) {
		if err == nil {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: der})
		}
	}
}

// forge puts another certificate of the same key, issuer, serial and length into a token, and signs it again: what an
// authority with the wrong certificate would send.
func forge(tb testing.TB, raw []byte, from, to *member) []byte {
	tb.Helper()
	if len(from.cert.Raw) != len(to.cert.Raw) {
		tb.Fatal("certificates of different lengths")
	}
	raw = bytes.ReplaceAll(raw, from.cert.Raw, to.cert.Raw)
	a, b := sha256.Sum256(from.cert.Raw), sha256.Sum256(to.cert.Raw)
	raw = bytes.ReplaceAll(raw, a[:], b[:])
	var outer struct {
		Type    asn1.ObjectIdentifier
		Content struct {
			Version          int
			Algorithms, What asn1.RawValue
			Certs            asn1.RawValue `asn1:"tag:0"`
			Signers          []struct {
				Version        int
				Signer, Digest asn1.RawValue
				Attributes     asn1.RawValue `asn1:"tag:0"`
				Algorithm      asn1.RawValue
				Signature      []byte
			} `asn1:"set"`
		} `asn1:"explicit,tag:0"`
	}
	if _, err := asn1.Unmarshal(raw, &outer); err != nil {
		tb.Fatal(err)
	}
	si := outer.Content.Signers[0]
	tbs := bytes.Clone(si.Attributes.FullBytes)
	tbs[0] = 0x31
	digest := sha256.Sum256(tbs)
	sig, err := to.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.ReplaceAll(raw, si.Signature, sig)
}
