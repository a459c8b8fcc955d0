package pades_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
)

// offlineHouse is a house whose certificate names no place to ask for revocation: what the
// document itself holds is all there is.
func offlineHouse(tb testing.TB) house {
	tb.Helper()
	return issueHouse(tb, ecKey(tb, elliptic.P256()), func(*x509.Certificate) {})
}

// issueHouse makes a root and a certificate that change may shape.
func issueHouse(tb testing.TB, key crypto.Signer, change func(*x509.Certificate)) house {
	tb.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, NotBefore: signingTime.Add(-time.Hour),
		NotAfter: signingTime.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Prófun innsigli ehf."}, NotBefore: signingTime.Add(-time.Hour),
		NotAfter: signingTime.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	change(leaf)
	var chain []*x509.Certificate
	for _, c := range []struct {
		cert *x509.Certificate
		key  crypto.PublicKey
	}{{leaf, key.Public()}, {ca, caKey.Public()}} {
		der, err := x509.CreateCertificate(rand.Reader, c.cert, ca, c.key, caKey)
		if err != nil {
			tb.Fatal(err)
		}
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			tb.Fatal(err)
		}
		chain = append(chain, parsed)
	}
	return house{signer: pades.Signer{Key: key, Chain: chain}}
}

// trusting verifies a day after signing, with the root of a house.
func trusting(h house) pades.VerifyOptions {
	return pades.VerifyOptions{Now: signingTime.AddDate(0, 0, 1), Own: h.signer.Chain[1:]}
}

func verified(tb testing.TB, b []byte, o pades.VerifyOptions) *pades.Report {
	tb.Helper()
	r, err := pades.Verify(tb.Context(), bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestASealIsVerified(t *testing.T) {
	h := offlineHouse(t)
	r := verified(t, sealed(t, written(t, 2), fullSeal(t), h.signer), trusting(h))
	if !r.Passed() || len(r.Signatures) != 1 {
		t.Fatalf("%+v", r)
	}
	s := r.Signatures[0]
	if s.Signer.Name != "Prófun innsigli ehf." || s.Level != "PAdES-BASELINE-B" || !s.Whole || !s.Own || s.Changes != pades.Unchanged || s.Allows != 2 {
		t.Errorf("%+v", s)
	}
	if s.ClaimedTime == nil || !s.ClaimedTime.Equal(signingTime) || s.Time != nil {
		t.Errorf("claimed %v, proven %v", s.ClaimedTime, s.Time)
	}
}

// criticalStamping is the extended key usage of a time-stamping authority.
func criticalStamping(tb testing.TB) []pkix.Extension {
	tb.Helper()
	der, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		tb.Fatal(err)
	}
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: der}}
}

// TestEachLevelIsRecognised verifies what the engine makes, in time and long after.
func TestEachLevelIsRecognised(t *testing.T) {
	for _, want := range []cms.Level{cms.BB, cms.BT, cms.BLT, cms.BLTA} {
		t.Run(want.Of("PAdES"), func(t *testing.T) {
			a := newAuthority(t, nil)
			out := raised(t, written(t, 2), fullSeal(t), a, want)
			r := verified(t, out, pades.VerifyOptions{Now: a.now.Add(time.Hour), Own: []*x509.Certificate{a.root.cert}})
			for _, s := range r.Signatures {
				t.Logf("%s %s %s %s %s %s", s.Kind, s.Indication, s.SubIndication, s.Level, s.Changes, s.Details)
				for _, f := range s.Findings {
					t.Logf("   %s: %s", f.Rule, f.Detail)
				}
			}
			s := r.Signatures[0]
			if s.Level != want.Of("PAdES") || r.Passed() != (want >= cms.BLT) || want >= cms.BT && s.Time == nil {
				t.Errorf("%s, %s", r.Text, s.Level)
			}
		})
	}
}

// TestFurtherSignaturesLeaveTheFirstValid signs an ordinary document three times and
// stamps it, as people do in turn.
func TestFurtherSignaturesLeaveTheFirstValid(t *testing.T) {
	a := newAuthority(t, nil)
	out := written(t, 2)
	for range 3 {
		out = raised(t, out, pades.Seal{Time: signingTime}, a, cms.BLTA)
	}
	r := verified(t, out, pades.VerifyOptions{Now: a.now.AddDate(4, 0, 0), Own: []*x509.Certificate{a.root.cert}})
	for i := range r.Signatures {
		s := &r.Signatures[i]
		if s.Kind == "signature" && (s.Level != "PAdES-BASELINE-LTA" || s.Time == nil) || s.Indication != pades.TotalPassed {
			t.Errorf("%s %s %s: %s, %v, %+v", s.Kind, s.Field, s.Level, s.Text, s.Details, s.Findings)
		}
	}
	if len(r.Signatures) != 6 || r.Signatures[0].Changes != pades.Filled || r.Signatures[5].Changes != pades.Unchanged {
		t.Errorf("%d signatures, first %s", len(r.Signatures), r.Signatures[0].Changes)
	}
}

func TestWhoIsNotKnownIsNotTrusted(t *testing.T) {
	h := offlineHouse(t)
	day := func(o pades.VerifyOptions, n int) pades.VerifyOptions { o.Now = signingTime.AddDate(0, 0, n); return o }
	server := issueHouse(t, ecKey(t, elliptic.P256()), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	silent := newAuthority(t, nil)
	for _, c := range []struct {
		name, sub string
		doc       []byte
		o         pades.VerifyOptions
	}{
		{"nobody is trusted", "NO_CERTIFICATE_CHAIN_FOUND", sealed(t, written(t, 1), fullSeal(t), h.signer), pades.VerifyOptions{Now: signingTime}},
		{"somebody else is trusted", "NO_CERTIFICATE_CHAIN_FOUND", sealed(t, written(t, 1), fullSeal(t), h.signer), trusting(offlineHouse(t))},
		{"the certificate has expired", "OUT_OF_BOUNDS_NO_POE", sealed(t, written(t, 1), fullSeal(t), h.signer), day(trusting(h), 6*365)},
		{"a web server's certificate", "CHAIN_CONSTRAINTS_FAILURE", sealed(t, written(t, 1), fullSeal(t), server.signer), trusting(server)},
		{"nothing tells of revocation", "TRY_LATER", raised(t, written(t, 1), fullSeal(t), silent, cms.BB), pades.VerifyOptions{Now: signingTime, Own: []*x509.Certificate{silent.root.cert}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := verified(t, c.doc, c.o)
			if r.Indication != pades.Indeterminate || r.Signatures[0].SubIndication != c.sub {
				t.Errorf("%s %s, %+v", r.Indication, r.Signatures[0].SubIndication, r.Signatures[0].Findings)
			}
		})
	}
}

// TestOthersAreAskedWhenTheCallerWants: their word counts for the conclusion, not for the level.
func TestOthersAreAskedWhenTheCallerWants(t *testing.T) {
	a := newAuthority(t, nil)
	out := raised(t, written(t, 1), fullSeal(t), a, cms.BT)
	o := pades.VerifyOptions{Now: a.now.Add(time.Hour), Own: []*x509.Certificate{a.root.cert}, Revocations: a}
	if r := verified(t, out, o); !r.Passed() || r.Signatures[0].Level != cms.BT.Of("PAdES") {
		t.Errorf("%s, %s%s", r.Text, r.Signatures[0].Level, explain(r))
	}
	a.failAt, a.down = a.calls+1, true
	if r := verified(t, out, o); r.Passed() || r.Signatures[0].SubIndication != "TRY_LATER" {
		t.Errorf("nobody answers: %s%s", r.Text, explain(r))
	}
}

func TestADocumentWithoutSignaturesHasNotPassed(t *testing.T) {
	r := verified(t, written(t, 1), pades.VerifyOptions{Now: signingTime})
	if r.Passed() || r.Summary != "none" || len(r.Signatures) != 0 {
		t.Errorf("%+v", r)
	}
	if _, err := pades.Verify(t.Context(), bytes.NewReader([]byte("no PDF")), 6, pades.VerifyOptions{Now: signingTime}); !errors.As(err, new(*pades.Refusal)) {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	h, tsa := offlineHouse(f), stampHouse(f)
	o := trusting(h)
	o.Own = append(o.Own, tsa.signer.Chain[1])
	in := stampedSeal(f, handmade.PDF(target...), pades.Seal{Time: signingTime, Certify: 2, Reserve: 3000}, h, tsa)
	f.Add(in)
	f.Add(edit(6, "V", "(999)")(f, in))
	f.Add(freeText("Text")(f, in))
	f.Add(wrapped(f, in))
	a := newAuthority(f, nil)
	f.Add(raised(f, handmade.PDF(target...), pades.Seal{Time: signingTime}, a, cms.BLTA))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := pades.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), o)
		if err != nil {
			if !errors.As(err, new(*pades.Refusal)) {
				t.Error(err)
			}
			return
		}
		for i := range r.Signatures {
			s := &r.Signatures[i]
			if s.Text == "" || s.Indication == pades.TotalPassed && (s.Signer == nil || !s.Trusted || s.Revision == 0) {
				t.Errorf("%+v", s)
			}
		}
		// Nobody without the key makes a document that passes and says something else.
		if r.Passed() && !bytes.HasPrefix(b, in[:600]) {
			t.Error("passed, but begins otherwise than what was signed")
		}
	})
}
