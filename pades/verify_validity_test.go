package pades_test

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
)

// revoking answers as collectors do that bring nothing of what is revoked but the proof.
type revoking struct{ *authority }

type revokedError struct {
	error

	proof cms.Material
}

func (e revokedError) Proof() cms.Material { return e.proof }

func (r revoking) Collect(ctx context.Context, certs []*x509.Certificate, after time.Time) (cms.Material, error) {
	m, err := r.authority.Collect(ctx, certs, after)
	if err == nil && certs[0].Equal(r.seal.cert) {
		return cms.Material{}, revokedError{errors.New("revoked"), m}
	}
	return m, err
}

// TestValidityOfTheCertificateIsJudgedByWhatIsProven: a time-stamp of the signature's own proves that it was there then,
// not that it was made then. Only what the signature covers proves that it was made later (EN 319 102-1, 5.5.4).
func TestValidityOfTheCertificateIsJudgedByWhatIsProven(t *testing.T) {
	const hour = time.Hour
	for _, c := range []struct {
		name       string
		level      cms.Level
		after      bool // signs what somebody else stamped an hour before
		revoked    time.Duration
		from, to   time.Duration // validity of the certificate, where that is not all the time
		indication pades.Indication
		sub        string
	}{
		{"good", cms.BT, true, 0, 0, 0, pades.TotalPassed, ""},
		{"revoked after the time-stamp", cms.BT, false, 2 * hour, 0, 0, pades.TotalPassed, ""},
		{"revoked before the time-stamp", cms.BT, false, -hour / 2, 0, 0, pades.Indeterminate, "REVOKED_NO_POE"},
		{"revoked, no time-stamp", cms.BB, false, 2 * hour, 0, 0, pades.Indeterminate, "REVOKED_NO_POE"},
		{"revoked between what it covers and its own time-stamp", cms.BT, true, -hour / 2, 0, 0, pades.Indeterminate, "REVOKED_NO_POE"},
		{"revoked before what it covers", cms.BT, true, -2 * hour, 0, 0, pades.TotalFailed, "REVOKED"},
		{"revoked before what it covers, no time-stamp", cms.BB, true, -2 * hour, 0, 0, pades.TotalFailed, "REVOKED"},
		{"expired since, no time-stamp", cms.BB, false, 0, -30 * 24 * hour, -hour / 2, pades.Indeterminate, "OUT_OF_BOUNDS_NO_POE"},
		{"expired before what it covers", cms.BB, true, 0, -30 * 24 * hour, -2 * hour, pades.TotalFailed, "EXPIRED"},
		{"valid from later on", cms.BB, false, 0, 6 * hour, 30 * 24 * hour, pades.TotalFailed, "NOT_YET_VALID"},
		{"ends before it begins", cms.BB, false, 0, 2 * hour, hour, pades.Indeterminate, "OUT_OF_BOUNDS_NO_POE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAuthority(t, nil)
			doc := written(t, 1)
			if c.after {
				seal := a.seal
				a.seal = a.person(ecKey(t, p256), "Somebody else")
				doc = raised(t, doc, pades.Seal{Time: a.now}, a, cms.BLTA)
				a.seal = seal
			}
			a.now = a.now.Add(hour)
			if c.to != 0 {
				a.seal = a.issue(nil, a.issuing, "Short-lived", func(cert *x509.Certificate) {
					cert.NotBefore, cert.NotAfter, cert.KeyUsage = a.now.Add(c.from), a.now.Add(c.to), x509.KeyUsageDigitalSignature
				})
			}
			if c.revoked != 0 {
				a.revoked = a.now.Add(c.revoked)
			}
			doc = raised(t, doc, pades.Seal{Time: a.now}, a, c.level)
			a.now = a.now.Add(3 * hour)
			for _, asked := range []cms.Collector{a, revoking{a}} {
				if _, ok := asked.(revoking); ok && c.revoked == 0 {
					continue
				}
				r := verified(t, doc, pades.VerifyOptions{Now: a.now, Own: []*x509.Certificate{a.root.cert}, Revocations: asked})
				s := r.Signatures[len(r.Signatures)-1]
				if s.Indication != c.indication || s.SubIndication != c.sub {
					t.Errorf("%T: %s %s%s", asked, s.Indication, s.SubIndication, explain(r))
				}
				if first := r.Signatures[0]; c.after && first.Indication != pades.TotalPassed {
					t.Errorf("%T: the first one: %s %s", asked, first.Indication, first.SubIndication)
				}
				// Whom nobody knows is not known, whatever his certificate says.
				r = verified(t, doc, pades.VerifyOptions{Now: a.now})
				if s := r.Signatures[len(r.Signatures)-1]; s.Indication != pades.Indeterminate || s.Trusted {
					t.Errorf("not trusted: %s %s", s.Indication, s.SubIndication)
				}
			}
		})
	}
}
