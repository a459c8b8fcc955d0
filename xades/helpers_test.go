package xades_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pki"
	"github.com/innsigli/innsigli/xades"
)

// now is what the tests call now.
var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// house is the local trust with its services, all in the process. The call numbered failAt fails.
type house struct {
	authority *pki.Authority
	services  cms.Services

	calls, failAt int
}

var errDown = errors.New("service is down")

func newHouse(tb testing.TB) *house {
	tb.Helper()
	m, err := pki.New(now.Add(-time.Hour), "Prófun ehf.", "http://innsigli.example")
	if err != nil {
		tb.Fatal(err)
	}
	h := &house{}
	if h.authority, err = pki.Load(m); err != nil {
		tb.Fatal(err)
	}
	s := &pki.Server{Authority: func() *pki.Authority { return h.authority }, Now: func() time.Time { return now }}
	o := pki.ClientOptions{Transport: s.Transport(http.DefaultTransport), Now: s.Now}
	stamps, err := pki.NewTimestamper(pki.TimestamperOptions{ClientOptions: o, TSAs: []pki.TSA{{URL: s.StampURL()}}})
	if err != nil {
		tb.Fatal(err)
	}
	h.services = cms.Services{
		Timestamps:  counted{h, stamps, nil},
		Revocations: counted{h, nil, pki.NewCollector(pki.CollectorOptions{ClientOptions: o})},
	}
	return h
}

func (h *house) signer() xades.Signer {
	s := h.authority.Seal()
	return xades.Signer{Key: s.Key, Chain: s.Chain}
}

type counted struct {
	h *house
	cms.Timestamper
	cms.Collector
}

func (c counted) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*cms.Token, error) {
	if c.h.calls++; c.h.calls == c.h.failAt {
		return nil, errDown
	}
	return c.Timestamper.Timestamp(ctx, h, digest)
}

func (c counted) Collect(ctx context.Context, certs []*x509.Certificate, after time.Time) (cms.Material, error) {
	if c.h.calls++; c.h.calls == c.h.failAt {
		return cms.Material{}, errDown
	}
	return c.Collector.Collect(ctx, certs, after)
}

// alone is a signer under a root of its own.
func alone(tb testing.TB, key crypto.Signer) (xades.Signer, []byte) {
	tb.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root", Country: []string{"IS"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(30, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte{1},
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Prófun innsigli ehf.", Country: []string{"IS"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(20, 0, 0), BasicConstraintsValid: true, SubjectKeyId: []byte{2},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	caKey := ecKey(tb, elliptic.P256())
	root := issue(tb, ca, ca, caKey.Public(), caKey)
	chain := []*x509.Certificate{issue(tb, leaf, root, key.Public(), caKey), root}
	return xades.Signer{Key: key, Chain: chain}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw})
}

func issue(tb testing.TB, c, by *x509.Certificate, pub crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, by, pub, key)
	if err != nil {
		tb.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return c
}

func ecKey(tb testing.TB, curve elliptic.Curve) crypto.Signer {
	tb.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 3072) })

func parse(tb testing.TB, in string) *xades.Document {
	tb.Helper()
	d, err := xades.Parse([]byte(in))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// sealed seals at a level and wants to get there.
func sealed(tb testing.TB, in string, s xades.Signer, services cms.Services, want cms.Level) []byte {
	tb.Helper()
	out, got, err := xades.SignTo(tb.Context(), parse(tb, in), s, now, services, want)
	if err != nil || got != want {
		tb.Fatalf("%v: %v", got, err)
	}
	return out
}

func file(tb testing.TB, name string, b []byte) string {
	tb.Helper()
	p := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return p
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
