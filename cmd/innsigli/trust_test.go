package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"log/slog"
	bignum "math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pki"
)

// node opens an installation, as one of several servers would.
func node(t *testing.T, data, db string, c *clock, log *bytes.Buffer) *installation {
	t.Helper()
	p, err := settings{base: base{Data: data, Database: db}, Listen: "127.0.0.1:8080", ExpireAfter: time.Hour}.check()
	if err != nil {
		t.Fatal(err)
	}
	p.seam.now = c.now
	in, err := openInstallation(t.Context(), p, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.close(); err != nil {
			t.Error(err)
		}
	})
	return in
}

func database(t *testing.T, db string) string {
	t.Helper()
	if db == "postgres" {
		return innsiglitest.PostgresURL(t)
	}
	return ""
}

// TestTrustOfAnOlderInstallationIsCompleted: it has a CA and a seal, and keeps the root that people trust.
func TestTrustOfAnOlderInstallationIsCompleted(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		var c clock
		in := node(t, t.TempDir(), database(t, db), &c, &bytes.Buffer{})
		m, err := pki.New(in.now(), "localhost", "http://127.0.0.1:8080")
		if err != nil {
			t.Fatal(err)
		}
		m.StampCert, m.StampKey, m.ResponderCert, m.ResponderKey = nil, nil, nil, nil
		if _, err := in.secret(t.Context(), secretPKI, func() ([]byte, error) { return m.Marshal(), nil }); err != nil {
			t.Fatal(err)
		}
		first, err := newTrust(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		second, err := newTrust(t.Context(), in) // the next start
		if err != nil {
			t.Fatal(err)
		}
		a, b := first.local.Load(), second.local.Load()
		if !bytes.Equal(a.RootPEM(), m.RootCert) || !a.Stamp().Chain[0].Equal(b.Stamp().Chain[0]) {
			t.Error("another root, or time stamps that are made again at every start")
		}
	})
}

// TestNodesShareOneTrust: whoever is first makes it, and whoever is first renews it.
func TestNodesShareOneTrust(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		var c clock
		in := node(t, t.TempDir(), database(t, db), &c, &bytes.Buffer{})
		for range 2 {
			var all [4]*trust
			var wg sync.WaitGroup
			for i := range all {
				wg.Go(func() {
					var err error
					if all[i], err = newTrust(context.Background(), in); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, other := range all {
				if other == nil || !other.seal().Chain[0].Equal(all[0].seal().Chain[0]) {
					t.Fatal("nodes seal with different certificates")
				}
			}
			c.add(3*365*24*time.Hour - 30*24*time.Hour)
		}
	})
}

// TestTheFirstAddressStaysWhileItAnswers: nodes that were started with different addresses do not take turns in issuing
// everything anew. An address that answers no more, or with another root, gives way.
func TestTheFirstAddressStaysWhileItAnswers(t *testing.T) {
	var c clock
	var log bytes.Buffer
	in := node(t, t.TempDir(), "", &c, &log)
	var first *trust
	root := []byte("somebody else's")
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(root) }))
	start := func(address string) *trust {
		t.Helper()
		var err error
		if in.plan.public, err = publicURL(address); err != nil {
			t.Fatal(err)
		}
		tr, err := newTrust(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	first = start(served.URL)
	root = first.local.Load().RootPEM()
	second := start("http://other.example")
	if !second.seal().Chain[0].Equal(first.seal().Chain[0]) || second.local.Load().Public() != served.URL || !strings.Contains(log.String(), "another address") {
		t.Errorf("certificates name %s; log: %s", second.local.Load().Public(), log.String())
	}
	root = []byte("somebody else's")
	if third := start("http://other.example"); third.local.Load().Public() != "http://other.example" {
		t.Error("an address of somebody else's stays")
	}
	served.Close()
	if fourth := start("http://third.example"); fourth.local.Load().Public() != "http://third.example" {
		t.Error("an address that does not answer stays")
	}
}

// TestLocalCertificatesRenewThemselves long before anybody has to be warned.
func TestLocalCertificatesRenewThemselves(t *testing.T) {
	var c clock
	var log bytes.Buffer
	tr, err := newTrust(t.Context(), node(t, t.TempDir(), "", &c, &log))
	if err != nil {
		t.Fatal(err)
	}
	for range 15 * 12 { // fifteen years, month by month
		c.add(30 * 24 * time.Hour)
		if err := tr.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := tr.Seal(t.Context()); err != nil || len(tr.ending()) > 0 {
			t.Fatalf("on %s: %v, %v", tr.in.now(), err, tr.ending())
		}
	}
	if strings.Contains(log.String(), "level=WARN") || strings.Count(log.String(), "renewed") < 5 {
		t.Errorf("log: %s", log.String())
	}
}

// own is a seal as a trust service would issue it, with its issuer.
func own(t *testing.T, key crypto.Signer, days int, usage x509.KeyUsage) (*x509.Certificate, []*x509.Certificate) {
	t.Helper()
	issue := func(serial int64, name string, ca bool, days int, usage x509.KeyUsage, pub crypto.PublicKey, parent *x509.Certificate, by crypto.Signer) *x509.Certificate {
		c := &x509.Certificate{
			SerialNumber: bignum.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, days),
			IsCA: ca, BasicConstraintsValid: true, KeyUsage: usage,
		}
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, pub, by)
		if err != nil {
			t.Fatal(err)
		}
		out, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	root := issue(1, "Root of a trust service", true, 9999, x509.KeyUsageCertSign, ca.Public(), nil, ca)
	middle := issue(2, "Seals of a trust service", true, 9999, x509.KeyUsageCertSign, ca.Public(), root, ca)
	leaf := issue(3, "Norðurljós ehf.", false, days, usage, key.Public(), middle, ca)
	return leaf, []*x509.Certificate{root, middle} // in the wrong order
}

func sealFile(t *testing.T, key crypto.Signer, days int, usage x509.KeyUsage) string {
	t.Helper()
	leaf, issuers := own(t, key, days, usage)
	der, err := pkcs12.Modern.Encode(key, leaf, issuers, "geheim")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "seal.p12")
	writeFile(t, file, der)
	return file
}

func ecKey(t *testing.T, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestLoadSeal(t *testing.T) {
	const signs = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	small := rsaKey(t, 2048)
	for name, c := range map[string]struct {
		key   crypto.Signer
		usage x509.KeyUsage
		short bool
		says  string // of the refusal
	}{
		"P-256":                {ecKey(t, elliptic.P256()), signs, false, ""},
		"P-384":                {ecKey(t, elliptic.P384()), x509.KeyUsageContentCommitment, false, ""},
		"RSA 3072":             {rsaKey(t, 3072), signs, false, ""},
		"RSA 2048":             {small, signs, true, ""},
		"P-224":                {ecKey(t, elliptic.P224()), signs, false, "curve is too short"},
		"for key agreement":    {ecKey(t, elliptic.P256()), x509.KeyUsageKeyAgreement, false, "not for signing"},
		"RSA for encipherment": {small, x509.KeyUsageKeyEncipherment, false, "not for signing"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := loadSeal(sealFile(t, c.key, 100, c.usage), "geheim")
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, short := s.ShortKey(); short != c.short || len(s.Chain) != 3 || s.Chain[0].Subject.CommonName != "Norðurljós ehf." || s.Chain[2].Subject.CommonName != "Root of a trust service" {
				t.Errorf("short %v, chain of %d", short, len(s.Chain))
			}
		})
	}
}

func TestSealFileIsRefusedInWords(t *testing.T) {
	good := sealFile(t, ecKey(t, elliptic.P256()), 100, x509.KeyUsageDigitalSignature)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "empty"), nil)
	writeFile(t, filepath.Join(dir, "large"), make([]byte, maxSealFile+1))
	t.Setenv("INNSIGLI_SEAL_PASSWORD", "geheim")
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"good":            {[]string{"config", "--seal", good}, exitDone, good},
		"argv":            {[]string{"config", "--seal", good, "--seal-password=geheim"}, exitUsage, "INNSIGLI_SEAL_PASSWORD"},
		"PKCS #1, ECDSA":  {[]string{"config", "--seal-pkcs1", "--seal", good}, exitUsage, "RSA key"},
		"PKCS #1, local":  {[]string{"config", "--seal-pkcs1"}, exitUsage, "RSA key"},
		"missing":         {[]string{"config", "--seal", filepath.Join(dir, "none")}, exitUsage, "--seal"},
		"empty":           {[]string{"config", "--seal", filepath.Join(dir, "empty")}, exitUsage, "--seal"},
		"large":           {[]string{"config", "--seal", filepath.Join(dir, "large")}, exitUsage, "no PKCS #12"},
		"no address":      {[]string{"config", "--tsa", "tsa.example"}, exitUsage, "--tsa"},
		"two addresses":   {[]string{"config", "--tsa", "http://a.example", "--tsa", "https://u:pw@b.example/x"}, exitDone, "http://a.example,https://u:xxxxx@b.example/x"},
		"with commas":     {[]string{"config", "--tsa", "http://a.example,https://b.example"}, exitDone, "http://a.example,https://b.example"},
		"six authorities": {[]string{"config", "--tsa", strings.Repeat("http://a.example,", 5) + "http://b.example"}, exitUsage, "at most 5"},
	} {
		var out bytes.Buffer
		if code := run(t.Context(), c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) || strings.Contains(out.String(), "geheim") {
			t.Errorf("%s: %d: %s", name, code, out.String())
		}
	}
	t.Setenv("INNSIGLI_SEAL_PASSWORD", "wrong")
	var out bytes.Buffer
	if code := run(t.Context(), []string{"config", "--seal", good}, &out, &out); code != exitUsage || !strings.Contains(out.String(), "does not open") {
		t.Errorf("wrong password: %d: %s", code, out.String())
	}
	if err := os.Unsetenv("INNSIGLI_SEAL_PASSWORD"); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "conf")
	writeFile(t, conf, []byte("seal "+good+"\nseal-password geheim\n"))
	out.Reset()
	if code := run(t.Context(), []string{"config", "--config", conf}, &out, &out); code != exitDone || strings.Contains(out.String(), "geheim") {
		t.Errorf("from the file: %d: %s", code, out.String())
	}
}

// TestOwnSealOfRSASignsByPSS, unless the operator wants PKCS #1 v1.5.
func TestOwnSealOfRSASignsByPSS(t *testing.T) {
	oidPSS := hex.EncodeToString([]byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 10}) // RFC 8017, appendix C
	file := sealFile(t, rsaKey(t, 3072), 40, x509.KeyUsageDigitalSignature)
	for _, old := range []bool{false, true} {
		r, s := newLocal(t, "sqlite", seams{}, func(set *settings) { set.Seal, set.SealPassword, set.SealPKCS1 = file, "geheim", old })
		p := r.create(innsiglitest.PDF(t, 1, "RSA"), byMail("Anna", "anna@example.is"))
		r.signAll(s, p)
		doc := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		if bytes.Contains(bytes.ToLower(doc), []byte(oidPSS)) == old {
			t.Errorf("PKCS #1 %v, PSS %v", old, !old)
		}
		report, err := pades.Verify(t.Context(), bytes.NewReader(doc), int64(len(doc)), pades.VerifyOptions{Now: time.Now(), Roots: x509.NewCertPool()})
		if err != nil || len(report.Signatures) == 0 || report.Indication != pades.Indeterminate {
			t.Errorf("PKCS #1 %v: %+v, %v", old, report, err)
		}
	}
}

// TestOwnSealIsWarnedAboutAndThenWaits: 30, 14 and 7 days before the end, once each; an expired one never signs.
func TestOwnSealIsWarnedAboutAndThenWaits(t *testing.T) {
	var c clock
	r, s := newLocal(t, "sqlite", seams{now: c.now}, func(set *settings) {
		set.Seal, set.SealPassword = sealFile(t, ecKey(t, elliptic.P256()), 40, x509.KeyUsageDigitalSignature), "geheim"
	})
	for _, day := range []struct {
		on, warnings int // of all so far
		state        string
	}{{0, 0, ""}, {9, 0, ""}, {11, 1, "ends soon"}, {12, 1, "ends soon"}, {27, 2, "ends soon"}, {34, 3, "ends soon"}, {39, 3, "ends soon"}, {41, 4, "expired"}, {50, 4, "expired"}} {
		c.ahead.Store(int64(day.on) * int64(24*time.Hour))
		for range 2 {
			if err := s.trust.refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		var ready readiness
		r.ask("GET", "/readyz", "", nil).json(t, &ready)
		state := ""
		if len(ready.Ending) == 1 && ready.Ending[0].Name == "seal" {
			state = ready.Ending[0].State
		}
		if n := strings.Count(r.log(), "certificate=seal"); n != day.warnings || state != day.state || len(ready.Ending) > 1 {
			t.Errorf("day %d: %d lines in the log, want %d; readyz says %+v", day.on, n, day.warnings, ready.Ending)
		}
		if _, _, err := s.trust.Seal(t.Context()); (err != nil) != (day.state == "expired") {
			t.Errorf("day %d: seal: %v", day.on, err)
		}
	}
	if m := string(r.ask("GET", "/metrics", "", nil).body); !strings.Contains(m, `innsigli_certificate_seconds{certificate="seal"} -`) {
		t.Error("the metrics do not show an expired certificate")
	}
	p := r.create(innsiglitest.PDF(t, 1, "expired"), byMail("Anna", "anna@example.is"))
	token := r.tokenFor(p, 0)
	r.otp(token, codeFor(s, token))
	for end := time.Now().Add(patience); !strings.Contains(r.log(), "the seal's certificate expired on") && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if st := r.shown(p); st != innsigli.Started.String() {
		t.Errorf("sealed by an expired certificate: %s\n%s", st, r.log())
	}
	if b, err := s.db.Backlog(t.Context()); err != nil || b.Sealing != 1 || len(b.Dead) > 0 {
		t.Errorf("the job does not wait: %+v, %v", b, err)
	}
}

// TestAuthorityIsServed in every writing of the path, and not without end.
func TestAuthorityIsServed(t *testing.T) {
	r, s := newLocal(t, "sqlite", seams{})
	for _, path := range []string{"/pki/root.pem", "/pki/root.crt", "/pki/issuing.crt", "/pki/root.crl", "/pki/issuing.crl", "/API/PKI/ROOT.CRT"} {
		if a := r.ask("GET", path, "", nil); a.status != http.StatusOK || len(a.body) == 0 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	most := 0
	for range 2 * authorityBurst {
		a := r.ask("GET", pki.CRLPath, "", nil)
		if a.status == http.StatusOK {
			most++
			continue
		}
		if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("%d %s", a.status, a.body)
		}
		break
	}
	if most < authorityBurst-10 {
		t.Errorf("refused after %d", most)
	}
	if a := r.ask("GET", "/pki/root.crt", "", nil); a.status != http.StatusOK {
		t.Errorf("what costs nothing is refused too: %d", a.status)
	}
	c := &http.Client{Transport: s.trust.server().Transport(http.DefaultTransport)}
	resp, err := c.Get(fmt.Sprintf("http://%s/pki/issuing.crl", s.plan.public.Host))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("the server itself is limited: %v", err)
	}
	if err == nil {
		_ = resp.Body.Close()
	}
}
