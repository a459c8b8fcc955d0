package cms_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// now is the day that these tests live on.
var now = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

// node is a certificate with its key.
type node struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func ecKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// issue makes a certificate below parent, or a root without one; change may alter what goes into it.
func issue(tb testing.TB, parent *node, name string, change func(*x509.Certificate)) *node {
	tb.Helper()
	return issueFor(tb, ecKey(tb), parent, name, change)
}

func issueFor(tb testing.TB, key crypto.Signer, parent *node, name string, change func(*x509.Certificate)) *node {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"Prófun"}},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(60, 0, 0), BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	from := node{c, key}
	if parent != nil {
		from = *parent
	}
	der, err := x509.CreateCertificate(rand.Reader, c, from.cert, key.Public(), from.key)
	if err != nil {
		tb.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		tb.Fatal(err)
	}
	return &node{c, key}
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
}

// usage makes an extended key usage, critical or not, of the purposes of RFC 5280, clause 4.2.1.12.
func usage(tb testing.TB, isCritical bool, purposes ...int) pkix.Extension {
	tb.Helper()
	var ids []asn1.ObjectIdentifier
	for _, p := range purposes {
		ids = append(ids, asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, p})
	}
	der, err := asn1.Marshal(ids)
	if err != nil {
		tb.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: isCritical, Value: der}
}

const (
	purposeServer = 1
	purposeStamp  = 8
	purposeOCSP   = 9
)

func asStamper(tb testing.TB) func(*x509.Certificate) {
	tb.Helper()
	return func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtraExtensions = append(c.ExtraExtensions, usage(tb, true, purposeStamp))
	}
}

// file writes bytes for a program of others.
func file(tb testing.TB, name string, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func pemOf(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func pemKey(pkcs8 []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// need asks for an outside program: on the build server it must be there, at
// home its absence skips the test loudly.
func need(tb testing.TB, program, debian string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		tb.Fatalf("%s is missing: apt-get install %s", program, debian)
	}
	tb.Skipf("NOT TESTED, %s is missing: apt-get install %s", program, debian)
}
