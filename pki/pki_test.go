package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/pki"
)

// now is a day that the suite lives on, with a fraction that certificates cannot keep.
var now = time.Date(2026, 11, 23, 8, 0, 0, 123456789, time.FixedZone("", 3600))

const public = "https://sign.example.is"

func newMaterial(tb testing.TB) pki.Material {
	tb.Helper()
	m, err := pki.New(now, "Prófun ehf.", public)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func load(t *testing.T, m pki.Material) (pki.Seal, []byte) {
	t.Helper()
	a := authority(t, m)
	return a.Seal(), a.RootPEM()
}

func authority(tb testing.TB, m pki.Material) *pki.Authority {
	tb.Helper()
	a, err := pki.Load(m)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func TestNewMakesAChainThatVerifies(t *testing.T) {
	s, rootPEM := load(t, newMaterial(t))
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	if !roots.AppendCertsFromPEM(rootPEM) {
		t.Fatal("the root is no PEM certificate")
	}
	between.AddCert(s.Chain[1])
	for _, at := range []time.Time{now, now.Add(-4 * time.Minute), now.AddDate(2, 11, 0)} {
		_, err := s.Chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
		if err != nil {
			t.Errorf("at %v: %v", at, err)
		}
	}
	digest := sha256.Sum256([]byte("a document"))
	sig, err := s.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if pub, ok := s.Chain[0].PublicKey.(*ecdsa.PublicKey); !ok || !ecdsa.VerifyASN1(pub, digest[:], sig) {
		t.Error("the key does not belong to the certificate")
	}
}

func TestCertificates(t *testing.T) {
	s, _ := load(t, newMaterial(t))
	type shape struct {
		Subject, Issuer string
		CA              bool
		PathLen         int
		Usage           x509.KeyUsage
		From, To        string
	}
	var got []shape
	for _, c := range s.Chain {
		got = append(got, shape{
			c.Subject.String(), c.Issuer.String(), c.IsCA, c.MaxPathLen, c.KeyUsage,
			c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339),
		})
	}
	const root, issuing, seal = "CN=Innsigli local root,O=Prófun ehf.", "CN=Innsigli local issuing,O=Prófun ehf.", "CN=Prófun ehf. seal,O=Prófun ehf."
	const authority, from = x509.KeyUsageCertSign | x509.KeyUsageCRLSign, "2026-11-23T06:55:00Z"
	want := []shape{
		{seal, issuing, false, -1, x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, from, "2029-11-23T07:00:00Z"},
		{issuing, root, true, 0, authority, from, "2036-11-23T07:00:00Z"},
		{root, root, true, 1, authority, from, "2046-11-23T07:00:00Z"},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("chain (-got +want):\n%s", diff)
	}
	if got := s.NotAfter(); !got.Equal(s.Chain[0].NotAfter) {
		t.Errorf("the seal ends %v, want %v", got, s.Chain[0].NotAfter)
	}
	serials := map[string]bool{}
	for i, c := range s.Chain {
		parent := s.Chain[min(i+1, len(s.Chain)-1)]
		if len(c.SubjectKeyId) != 20 || i < 2 && !bytes.Equal(c.AuthorityKeyId, parent.SubjectKeyId) {
			t.Errorf("%v: key ids %x, %x", c.Subject, c.SubjectKeyId, c.AuthorityKeyId)
		}
		if bits := c.SerialNumber.BitLen(); bits < 100 || bits > 128 || serials[c.SerialNumber.String()] {
			t.Errorf("%v: serial of %d bits, or used twice", c.Subject, bits)
		}
		serials[c.SerialNumber.String()] = true
	}
	for i, want := range [][]string{
		{public + "/pki/issuing.crl", public + "/pki/issuing.crt", public + "/pki/ocsp"},
		{public + "/pki/root.crl", public + "/pki/root.crt"},
		nil,
	} {
		c := s.Chain[i]
		if got := slices.Concat(c.CRLDistributionPoints, c.IssuingCertificateURL, c.OCSPServer); !slices.Equal(got, want) {
			t.Errorf("%v names %q, want %q", c.Subject, got, want)
		}
	}
}

// TestServicesCertificates: RFC 3161 2.3 for the time stamps, RFC 6960 4.2.2.2 for the responder.
func TestServicesCertificates(t *testing.T) {
	names := authority(t, newMaterial(t)).Names()
	usage := func(c *x509.Certificate, oid string) (critical, there bool) {
		for _, e := range c.Extensions {
			if e.Id.String() == oid {
				return e.Critical, true
			}
		}
		return false, false
	}
	stamp := names["time-stamping authority"]
	if critical, _ := usage(stamp, "2.5.29.37"); !critical || !slices.Equal(stamp.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) || len(stamp.UnknownExtKeyUsage) > 0 {
		t.Errorf("time stamps: usage %v, critical %v", stamp.ExtKeyUsage, critical)
	}
	if got := stamp.NotAfter.Format(time.DateOnly); got != "2032-11-23" || stamp.KeyUsage != x509.KeyUsageDigitalSignature {
		t.Errorf("time stamps end %s, usage %v", got, stamp.KeyUsage)
	}
	responder := names["OCSP responder"]
	if _, there := usage(responder, "1.3.6.1.5.5.7.48.1.5"); !there || !slices.Equal(responder.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}) {
		t.Errorf("responder: usage %v, nocheck %v", responder.ExtKeyUsage, there)
	}
	for name, c := range names {
		if name != "root" && name != "issuing authority" && c.Issuer.CommonName != "Innsigli local issuing" {
			t.Errorf("%s comes from %v", name, c.Issuer)
		}
	}
}

func TestMaterialCanBeStored(t *testing.T) {
	m := newMaterial(t)
	back, err := pki.Unmarshal(m.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(back, m); diff != "" {
		t.Errorf("material (-got +want):\n%s", diff)
	}
	if !strings.Contains(string(m.SealKey), "-----BEGIN PRIVATE KEY-----") {
		t.Error("the key is not PKCS #8")
	}
}

func TestMaterialIsNotShown(t *testing.T) {
	m := newMaterial(t)
	js, err := json.Marshal(map[string]any{"m": m})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q", m, &m, m, m, m) + string(js)
	if strings.Contains(all, "PRIVATE") || strings.Contains(all, "LS0t") || len(all) > 400 {
		t.Errorf("keys show in %s", all)
	}
}

func TestLoadRefusesWhatDoesNotBelongTogether(t *testing.T) {
	a, b := newMaterial(t), newMaterial(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(m *pki.Material){
		"nothing":                     func(m *pki.Material) { *m = pki.Material{} },
		"key of another seal":         func(m *pki.Material) { m.SealKey = b.SealKey },
		"another root":                func(m *pki.Material) { m.RootCert, m.RootKey = b.RootCert, b.RootKey },
		"another issuing authority":   func(m *pki.Material) { m.IssuingCert, m.IssuingKey = b.IssuingCert, b.IssuingKey },
		"seal as issuing authority":   func(m *pki.Material) { m.IssuingCert, m.IssuingKey = m.SealCert, m.SealKey },
		"key and certificate swapped": func(m *pki.Material) { m.SealCert, m.SealKey = m.SealKey, m.SealCert },
		"a damaged certificate":       func(m *pki.Material) { m.SealCert = damaged(t, m.SealCert) },
		"a key in the old form":       func(m *pki.Material) { m.SealKey = sec1(t, m.SealKey) },
		"an RSA key":                  func(m *pki.Material) { m.SealKey = pkcs8(t, rsaKey) },
		"a key on P-384":              func(m *pki.Material) { m.SealKey = pkcs8(t, p384) },
		"one part twice":              func(m *pki.Material) { m.SealKey = append(m.SealKey, m.SealKey...) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			m := a
			spoil(&m)
			if name != "one part twice" { // PEM readers take the first
				if _, err := pki.Load(m); !errors.Is(err, pki.ErrMaterial) {
					t.Errorf("load: got %v, want ErrMaterial", err)
				}
			}
			if _, err := pki.Unmarshal(m.Marshal()); !errors.Is(err, pki.ErrMaterial) {
				t.Errorf("unmarshal: got %v, want ErrMaterial", err)
			}
		})
	}
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// sec1 turns a key into the form from before PKCS #8, under the label of the new one.
func sec1(t *testing.T, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// damaged changes the last byte of a certificate, which belongs to its signature.
func damaged(t *testing.T, text []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("no PEM")
	}
	block.Bytes[len(block.Bytes)-1] ^= 1
	return pem.EncodeToMemory(block)
}

func TestNewRefusesNames(t *testing.T) {
	for _, name := range []string{"", strings.Repeat("x", 57), "a\nb", "a\x00b", "\xff", "a\u202eb"} {
		if _, err := pki.New(now, name, public); err == nil {
			t.Errorf("%q: got no error", name)
		}
	}
	if _, err := pki.New(now, strings.Repeat("Þ", 56), public); err != nil {
		t.Errorf("56 letters: %v", err)
	}
}

func TestOpenSSLVerifiesTheChain(t *testing.T) {
	m := newMaterial(t)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	root, issuing := write("root.pem", m.RootCert), write("issuing.pem", m.IssuingCert)
	seal, key := write("seal.pem", m.SealCert), write("seal.key", m.SealKey)
	document, signature := write("document", []byte("a document")), filepath.Join(dir, "document.p7s")

	at := fmt.Sprint(now.Unix())
	openssl(t, "verify", "-x509_strict", "-attime", at, "-CAfile", root, "-untrusted", issuing, seal)
	openssl(t, "cms", "-sign", "-binary", "-in", document, "-outform", "DER", "-out", signature, "-signer", seal, "-inkey", key, "-certfile", issuing, "-nosmimecap")
	openssl(t, "cms", "-verify", "-binary", "-in", signature, "-inform", "DER", "-content", document, "-attime", at, "-CAfile", root, "-out", os.DevNull)
}

// openssl runs the program, fails the test if it does, and gives what it printed. Where it is missing the test is
// skipped, except in CI.
func openssl(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("openssl is missing: install the Debian package openssl")
		}
		t.Skip("SKIPPED: openssl is missing; install the Debian package openssl")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "openssl", args...).CombinedOutput()
	if err != nil {
		t.Errorf("openssl %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func FuzzUnmarshal(f *testing.F) {
	m := newMaterial(f)
	f.Add(m.Marshal())
	f.Add(m.RootCert)
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := pki.Unmarshal(text)
		if err != nil {
			if !errors.Is(err, pki.ErrMaterial) {
				t.Errorf("got %v, want ErrMaterial", err)
			}
			return
		}
		if _, err := pki.Load(m); err != nil && len(m.StampCert) > 0 {
			t.Errorf("unmarshalled, but does not load: %v", err)
		}
	})
}
