package pades_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/innsigli/innsigli/pades"
)

// signingTime is what the tests call now.
var signingTime = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

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

// house is a certification authority with a seal.
type house struct {
	signer pades.Signer
	root   []byte // PEM
}

func newHouse(tb testing.TB, key crypto.Signer) house {
	tb.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root", Country: []string{"IS"}},
		NotBefore: signingTime.Add(-time.Hour), NotAfter: signingTime.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		tb.Fatal(err)
	}
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		tb.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Prófun innsigli ehf.", Country: []string{"IS"}},
		NotBefore: signingTime.Add(-time.Hour), NotAfter: signingTime.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment, BasicConstraintsValid: true,
		// pdfsig 22.12 calls a trusted certificate faulty when its library has
		// looked in vain for any of these extensions.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, SubjectKeyId: []byte{1, 2, 3},
		EmailAddresses: []string{"seal@example.is"}, CRLDistributionPoints: []string{"http://127.0.0.1:9/crl"},
		PolicyIdentifiers: []asn1.ObjectIdentifier{{2, 5, 29, 32, 0}},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		tb.Fatal(err)
	}
	var chain []*x509.Certificate
	for _, der := range [][]byte{leafDER, caDER} {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			tb.Fatal(err)
		}
		chain = append(chain, c)
	}
	return house{pades.Signer{Key: key, Chain: chain}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})}
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

// drawn makes a one-page PDF with text in a frame and an arrow that shows which
// way is up.
func drawn(tb testing.TB, w, h float64, text string) []byte {
	tb.Helper()
	p := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: w, Ht: h}})
	p.SetMargins(0, 0, 0)
	p.SetAutoPageBreak(false, 0)
	p.SetCreationDate(signingTime)
	p.SetModificationDate(signingTime)
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddPage()
	p.SetDrawColor(200, 30, 30)
	p.SetLineWidth(1.5)
	p.Rect(1, 1, w-2, h-2, "D")
	p.SetFont("go", "", min(12, h/4))
	p.Text(6, h/2, text)
	p.Line(w-12, h-6, w-12, 6)
	p.Line(w-12, 6, w-16, 14)
	p.Line(w-12, 6, w-8, 14)
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// written makes a document of n pages with text, with fpdf.
func written(tb testing.TB, n int) []byte {
	tb.Helper()
	p := fpdf.New("P", "pt", "A4", "")
	p.SetCreationDate(signingTime)
	p.SetFont("Helvetica", "", 14)
	for i := range n {
		p.AddPage()
		p.Text(60, 80, fmt.Sprintf("Page %d of %d", i+1, n))
	}
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// fullSeal is what sealing a completed process brings: a mark, a page, a file.
func fullSeal(tb testing.TB) pades.Seal {
	tb.Helper()
	return pades.Seal{
		Name: "Prófun innsigli ehf.", Reason: "Samþykkt (allir)", Location: "Reykjavík", Time: signingTime, Certify: pades.DefaultCertify,
		Marks:  []pades.Mark{{Page: 1, X: 20, Y: 30, W: 160, H: 50, Form: drawn(tb, 160, 50, "Jón Þór, Олена")}},
		Append: []pades.Pages{{File: drawn(tb, 595, 842, "Evidence")}},
		Files: []pades.File{{
			Name: "evidence.json", MIME: "application/json", Description: "Sönnun", Relationship: "Supplement",
			Data: []byte(`{"schema":1}`), Modified: signingTime,
		}},
	}
}

func open(tb testing.TB, b []byte) *pades.Document {
	tb.Helper()
	d, err := pades.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func sealed(tb testing.TB, b []byte, s pades.Seal, by pades.Signer) []byte {
	tb.Helper()
	r, err := pades.Sign(tb.Context(), open(tb, b), s, by)
	if err != nil {
		tb.Fatal(err)
	}
	return bytesOf(tb, r)
}

func bytesOf(tb testing.TB, r *pades.Revision) []byte {
	tb.Helper()
	var out bytes.Buffer
	n, err := r.WriteTo(&out)
	if err != nil {
		tb.Fatal(err)
	}
	if n != r.Size() || int64(out.Len()) != n {
		tb.Fatalf("wrote %d bytes, counted %d, promised %d", out.Len(), n, r.Size())
	}
	return out.Bytes()
}

// file writes bytes where outside programs can read them.
func file(tb testing.TB, name string, b []byte) string {
	tb.Helper()
	p := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return p
}

// corpus lists the PDFs that a module brings for its own tests.
func corpus(tb testing.TB, module string) []string {
	tb.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		if os.Getenv("CI") != "" {
			tb.Fatalf("%s is not downloaded: go mod download %s", module, module)
		}
		tb.Skipf("NOT TESTED, %s is not downloaded: go mod download %s", module, module)
	}
	var files []string
	err = filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
		if strings.EqualFold(filepath.Ext(p), ".pdf") {
			files = append(files, p)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		tb.Fatalf("no PDFs in %s: %v", module, err)
	}
	return files
}
