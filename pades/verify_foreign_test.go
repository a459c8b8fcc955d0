package pades_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

// told is a report in few words, for comparing: kind, indication, level, extent of changes.
func told(r *pades.Report) []string {
	var out []string
	for i := range r.Signatures {
		s := &r.Signatures[i]
		out = append(out, strings.Join([]string{s.Kind, string(s.Indication), s.SubIndication, s.Level, string(s.Changes)}, " "))
	}
	return out
}

func explain(r *pades.Report) string {
	var b strings.Builder
	for i := range r.Signatures {
		for _, f := range r.Signatures[i].Findings {
			b.WriteString("\n" + r.Signatures[i].Field + " " + f.Rule + ": " + f.Detail)
		}
	}
	return b.String()
}

// rootsOf trusts the certificates of a PEM file, as somebody else's.
func rootsOf(tb testing.TB, pem []byte) *x509.CertPool {
	tb.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		tb.Fatal("no certificate")
	}
	return roots
}

func TestWhatPyHankoSignsIsJudgedRight(t *testing.T) {
	samples, root := innsiglitest.PyHankoSamples(t, written(t, 2))
	o := pades.VerifyOptions{Now: innsiglitest.Now(), Roots: rootsOf(t, root)} // pyHanko signs by the machine's clock
	for name, want := range map[string][]string{
		"b":   {"signature INDETERMINATE TRY_LATER PAdES-BASELINE-B unchanged"},
		"t":   {"signature INDETERMINATE TRY_LATER PAdES-BASELINE-T unchanged"},
		"lt":  {"signature TOTAL-PASSED  PAdES-BASELINE-LT extended"},
		"lta": {"signature TOTAL-PASSED  PAdES-BASELINE-LTA extended", "timestamp TOTAL-PASSED   extended"},
		"approval": {
			"signature TOTAL-PASSED  PAdES-BASELINE-LTA filled", "signature TOTAL-PASSED  PAdES-BASELINE-LTA extended",
			"timestamp TOTAL-PASSED   extended",
		},
		"tampered": {"signature TOTAL-FAILED HASH_FAILURE  extended", "timestamp TOTAL-FAILED HASH_FAILURE  extended"},
	} {
		t.Run(name, func(t *testing.T) {
			r := verified(t, samples[name], o)
			if got := told(r); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s%s", strings.Join(got, "\n"), strings.Join(want, "\n"), explain(r))
			}
		})
	}
}

// twelve writes a house's key and certificates as PKCS #12, with the password "x".
func twelve(tb testing.TB, h house) string {
	tb.Helper()
	need(tb, "openssl", "openssl")
	der, err := x509.MarshalPKCS8PrivateKey(h.signer.Key)
	must(tb, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, c := range h.signer.Chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	in, out := file(tb, "seal.pem", text), filepath.Join(tb.TempDir(), "seal.p12")
	cmd := exec.CommandContext(tb.Context(), "openssl", "pkcs12", "-export", "-in", in, "-out", out, "-passout", "pass:x", "-name", "seal")
	if said, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("openssl: %v\n%s", err, said)
	}
	return out
}

// signedHere is a house whose certificates are valid on the day of the test: other programs
// sign with the clock of the machine.
func signedHere(tb testing.TB, key crypto.Signer) house {
	tb.Helper()
	return issueHouse(tb, key, func(c *x509.Certificate) {
		c.NotAfter = signingTime.AddDate(9, 0, 0)
		c.ExtKeyUsage, c.EmailAddresses = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, []string{"seal@example.is"}
		c.KeyUsage |= x509.KeyUsageContentCommitment
	})
}

// TestWhatLibPDFSignsIsJudgedRight: it states a signing time in the attributes, which PAdES
// forbids and PDF does not.
func TestWhatLibPDFSignsIsJudgedRight(t *testing.T) {
	h := signedHere(t, ecKey(t, elliptic.P256()))
	out := innsiglitest.LibPDFSample(t, written(t, 2), twelve(t, h))
	r := verified(t, out, pades.VerifyOptions{Now: signingTime.AddDate(0, 1, 0), Own: h.signer.Chain[1:]})
	if got := told(r); len(got) != 1 || got[0] != "signature TOTAL-PASSED   unchanged" || !strings.Contains(explain(r), "baseline: signing-time") {
		t.Errorf("%s%s", strings.Join(got, "\n"), explain(r))
	}
	out = update(t, out, func(u *pdf.Update) { must(t, u.EditCatalog(pdf.Edit{Key: "OpenAction", Value: "[1 0 R /Fit]"})) })
	if r = verified(t, out, trusting(h)); r.Indication != pades.TotalFailed {
		t.Errorf("altered: %s%s", r.Indication, explain(r))
	}
}

// TestWhatPdfsigSignsIsJudgedRight signs with poppler and NSS: no PAdES, and not in DER.
func TestWhatPdfsigSignsIsJudgedRight(t *testing.T) {
	need(t, "pdfsig", "poppler-utils")
	need(t, "pk12util", "libnss3-tools")
	key, err := rsaKey() // poppler 22.12 gives up when two signatures differ in length, as those of ECDSA do
	must(t, err)
	h := signedHere(t, key)
	db := "sql:" + t.TempDir()
	in, p12 := file(t, "in.pdf", written(t, 2)), twelve(t, h)
	for _, args := range [][]string{
		{"certutil", "-N", "-d", db, "--empty-password"},
		{"pk12util", "-i", p12, "-d", db, "-W", "x", "-K", ""},
	} {
		if said, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, said)
		}
	}
	to := filepath.Join(t.TempDir(), "out.pdf")
	said, err := exec.CommandContext(t.Context(), "pdfsig", "-nssdir", db, "-nss-pwd", "", "-add-signature", "-nick", "seal", in, to).CombinedOutput()
	if err != nil {
		t.Fatalf("pdfsig: %v\n%s", err, said)
	}
	out, err := os.ReadFile(to)
	must(t, err)
	r := verified(t, out, pades.VerifyOptions{Now: signingTime.AddDate(0, 1, 0), Own: h.signer.Chain[1:]})
	if got := told(r); len(got) != 1 || got[0] != "signature TOTAL-PASSED  PKCS7-B unchanged" || !strings.Contains(explain(r), "not-pades: ") || !strings.Contains(explain(r), "not-der: ") {
		t.Errorf("%s%s", strings.Join(got, "\n"), explain(r))
	}
}
