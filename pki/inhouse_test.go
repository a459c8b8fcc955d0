package pki_test

import (
	"crypto"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pki"
)

// TestTheLocalTrustIsEnoughInProcess: both clients, with the local authority as the only service and no network at all,
// bring a time-stamp and all that proves it and the seal.
func TestTheLocalTrustIsEnoughInProcess(t *testing.T) {
	a := authority(t, newMaterial(t))
	at := now.Add(time.Hour)
	s := &pki.Server{Authority: func() *pki.Authority { return a }, Now: func() time.Time { return at }}
	o := pki.ClientOptions{Transport: s.Transport(outside{}), Now: s.Now}
	ts, err := pki.NewTimestamper(pki.TimestamperOptions{ClientOptions: o, TSAs: []pki.TSA{{URL: s.StampURL()}}})
	if err != nil {
		t.Fatal(err)
	}
	token, err := ts.Timestamp(t.Context(), crypto.SHA256, content[:])
	if err != nil {
		t.Fatal(err)
	}
	seal := a.Seal().Chain[0]
	certs := append([]*x509.Certificate{seal}, token.Certs...)
	m, err := pki.NewCollector(pki.CollectorOptions{ClientOptions: o}).Collect(t.Context(), certs, token.Time)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{seal, token.Signer} {
		chain, done := cms.Path(c, m.Certs, nil)
		if !done || len(chain) != 3 {
			t.Fatalf("chain of %d, whole %v", len(chain), done)
		}
		for i, below := range chain[:2] {
			isGood := slices.ContainsFunc(m.OCSPs, func(der []byte) bool {
				r, err := cms.CheckOCSP(der, below, chain[i+1])
				return err == nil && !r.Revoked && r.Current(at) == nil
			}) || slices.ContainsFunc(m.CRLs, func(der []byte) bool {
				r, err := cms.CheckCRL(der, below, chain[i+1])
				return err == nil && !r.Revoked && r.Current(at) == nil
			})
			if !isGood {
				t.Errorf("nothing proves %v", below.Subject)
			}
		}
	}
}
