package innsigli_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image/png"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/paper"
)

// The seal with the real paper on pages of every shape, judged by poppler and qpdf.

var sealTime = time.Date(2026, 11, 23, 12, 34, 56, 0, time.UTC)

// onlyStore is a store that knows one completed-to-be process.
type onlyStore struct {
	innsigli.Store
	f innsigli.Facts
}

func (s *onlyStore) Facts(context.Context, innsigli.Target) (innsigli.Facts, error) { return s.f, nil }

func (s *onlyStore) HeldKey(context.Context, innsigli.ProcessKey) (innsigli.WrappedKey, error) {
	return innsigli.WrappedKey{Bytes: make([]byte, 32)}, nil
}

func (s *onlyStore) Activity(context.Context, innsigli.CompanyKey, innsigli.ActivityQuery) ([]innsigli.Activity, error) {
	return []innsigli.Activity{{Lines: []innsigli.LogEntry{{Kind: innsigli.LogCreated, At: sealTime}}}}, nil
}

// onlyBlob is the one blob there is.
type onlyBlob struct {
	innsigli.Blobs
	*bytes.Reader
}

func (b onlyBlob) Open(context.Context, string, innsigli.DataKey) (innsigli.BlobReader, error) {
	return b, nil
}
func (onlyBlob) Close() error { return nil }

// openRing wraps nothing.
type openRing struct{ innsigli.Keys }

func (openRing) Unwrap(w innsigli.WrappedKey, _ string) ([]byte, error) { return w.Bytes, nil }

// Services are none: the seal ends at B-B.
func (oneSeal) Services() cms.Services { return cms.Services{} }

type oneSeal struct {
	innsigli.Sealer
	key   crypto.Signer
	chain []*x509.Certificate
}

func (s oneSeal) Seal(context.Context) (crypto.Signer, []*x509.Certificate, error) {
	return s.key, s.chain, nil
}

func newOneSeal(tb testing.TB) oneSeal {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Norðurljós ehf."}, NotBefore: sealTime.AddDate(-1, 0, 0),
		NotAfter: sealTime.AddDate(9, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return oneSeal{key: key, chain: []*x509.Certificate{cert}}
}

// sealedCopy seals a document that n people have signed.
func sealedCopy(tb testing.TB, doc []byte, n int, at innsigli.Location) []byte {
	tb.Helper()
	return sealedFiles(tb, doc, n, at)[0]
}

// sealedFiles is sealedCopy with the files that go along.
func sealedFiles(tb testing.TB, doc []byte, n int, at innsigli.Location) [][]byte {
	tb.Helper()
	f := innsigli.Facts{Now: sealTime, Company: innsigli.Company{Name: "Norðurljós ehf.", DefaultLanguage: innsigli.LangIs}}
	f.Process = innsigli.Process{
		Key: "sp5d3c0a4b9e8f7a6b5c4d3e2f1a0b9c8d", State: innsigli.Canceled, FileName: "x.pdf", Location: at,
		CreatedAt: sealTime.Add(-time.Hour), EndedAt: sealTime,
		Document: innsigli.Document{Blob: "b", Size: int64(len(doc)), SHA256: strings.Repeat("0", 64), Pages: 2},
	}
	for i := range n {
		f.Process.Signees = append(f.Process.Signees, innsigli.Signee{
			Key: innsigli.SigneeKey(fmt.Sprintf("si%032x", i+1)), Name: fmt.Sprintf("Þórunn Jónsdóttir%d", i), Ssn: "1203893389",
			Reason: "Stjórnarmaður", Language: innsigli.LangIs, SignedAt: sealTime,
		})
	}
	s := innsigli.Service{
		Store: &onlyStore{f: f}, Blobs: onlyBlob{Reader: bytes.NewReader(doc)}, Keys: openRing{}, Paper: paper.New(),
		Sealer: newOneSeal(tb), Now: func() time.Time { return sealTime },
	}
	a, err := s.OwnerCopy(tb.Context(), f.Process.Key)
	if err != nil {
		tb.Fatal(err)
	}
	var out [][]byte
	for _, file := range a.Files() {
		var b bytes.Buffer
		if _, err := file.WriteTo(&b); err != nil {
			tb.Fatal(err)
		}
		out = append(out, b.Bytes())
	}
	return out
}

// TestEvidenceApartIsReadByOthers: poppler finds both signatures of a document that came signed and takes the JSON out
// of the evidence that goes along.
func TestEvidenceApartIsReadByOthers(t *testing.T) {
	innsiglitest.NeedTool(t, "pdfsig", "poppler-utils")
	innsiglitest.NeedTool(t, "qpdf", "qpdf")
	in := emptyPages("/MediaBox [0 0 595 842]")
	doc, err := pades.Open(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	foreign := newOneSeal(t)
	rev, err := pades.Sign(t.Context(), doc, pades.Seal{Time: sealTime, Name: "Somebody else"}, pades.Signer{Key: foreign.key, Chain: foreign.chain})
	if err != nil {
		t.Fatal(err)
	}
	var signed bytes.Buffer
	if _, err := rev.WriteTo(&signed); err != nil {
		t.Fatal(err)
	}
	files := sealedFiles(t, signed.Bytes(), 2, innsigli.TopFirstPage)
	if len(files) != 2 || !bytes.HasPrefix(files[0], signed.Bytes()) {
		t.Fatalf("%d files, or the document's bytes changed", len(files))
	}
	dir := t.TempDir()
	for i, want := range []int{2, 1} {
		file := filepath.Join(dir, fmt.Sprintf("%d.pdf", i))
		if err := os.WriteFile(file, files[i], 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "qpdf", "--check", file)
		if got := strings.Count(run(t, "pdfsig", "-nocert", file), "Signature Validation: Signature is Valid."); got != want {
			t.Errorf("file %d: %d valid signatures, want %d", i, got, want)
		}
	}
	to := filepath.Join(dir, "evidence.json")
	run(t, "pdfdetach", "-savefile", "evidence.json", "-o", to, filepath.Join(dir, "1.pdf"))
	raw, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	var e innsigli.Evidence
	if err := json.Unmarshal(raw, &e); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(files[0])
	if d := e.Document; d.Final == nil || d.Final.SHA256 != hex.EncodeToString(sum[:]) || len(d.Revisions) != 3 || len(e.Signees) != 2 {
		t.Errorf("evidence %+v", e.Document)
	}
}

// emptyPages is a PDF of two empty pages with the entries.
func emptyPages(entries string) []byte {
	one := "<< /Type /Page /Parent 2 0 R /Resources << >> " + entries + " >>"
	return handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>", one, one)
}

func TestMarksOfManyStandOnPagesOfEveryShape(t *testing.T) {
	shapes := map[string]string{
		"A4":             "/MediaBox [0 0 595 842]",
		"letter":         "/MediaBox [0 0 612 792]",
		"A6":             "/MediaBox [0 0 298 420]",
		"landscape":      "/MediaBox [0 0 842 595]",
		"turned right":   "/MediaBox [0 0 595 842] /Rotate 90",
		"upside down":    "/MediaBox [0 0 595 842] /Rotate 180",
		"turned left":    "/MediaBox [0 0 595 842] /Rotate -90",
		"cropped":        "/MediaBox [0 0 700 900] /CropBox [50 40 645 882]",
		"cropped turned": "/MediaBox [-100 -50 700 900] /CropBox [10 20 605 862] /Rotate 270",
		"crop outside":   "/MediaBox [0 0 595 842] /CropBox [-50 -50 900 900]",
		"corners turned": "/MediaBox [595 842 0 0]",
	}
	innsiglitest.NeedTool(t, "pdftoppm", "poppler-utils")
	innsiglitest.NeedTool(t, "qpdf", "qpdf")
	for name, entries := range shapes {
		t.Run(name, func(t *testing.T) {
			marksStand(t, sealedCopy(t, emptyPages(entries), 80, innsigli.TopFirstPage), 80, innsigli.TopFirstPage)
			if name != "A4" && name != "cropped turned" {
				return
			}
			for _, n := range []int{1, 12, 80, innsigli.MaxSignees} {
				marksStand(t, sealedCopy(t, emptyPages(entries), n, innsigli.BottomLastPage), n, innsigli.BottomLastPage)
			}
		})
	}
}

// marksStand holds that the page of the marks bears every name, that ink is only in the half of the page where marks
// belong and not at its edge, that the other page is empty, and that qpdf finds no fault.
func marksStand(t *testing.T, sealed []byte, n int, at innsigli.Location) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(file, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "qpdf", "--check", file)
	marked, other := "1", "2"
	if at == innsigli.BottomLastPage {
		marked, other = other, marked
	}
	if text := run(t, "pdftotext", "-f", other, "-l", other, file, "-"); strings.TrimSpace(text) != "" {
		t.Errorf("%d at %s: the other page has %q", n, at, text)
	}
	text := run(t, "pdftotext", "-f", marked, "-l", marked, "-raw", file, "-")
	for i := range n {
		if name := fmt.Sprintf("Jónsdóttir%d\n", i); !strings.Contains(text, name) && !strings.Contains(text, strings.TrimSpace(name)+" ") {
			t.Errorf("%d at %s: the page lacks %q:\n%.600s", n, at, name, text)
			break
		}
	}
	if c := strings.Count(text, "120389-3389"); c != n {
		t.Errorf("%d at %s: %d personal codes", n, at, c)
	}
	top, bottom, left, right := ink(t, file, marked)
	if at == innsigli.TopFirstPage && (top < 0.01 || bottom > 0.55) || at == innsigli.BottomLastPage && (bottom > 0.99 || top < 0.45) ||
		left < 0.01 || right > 0.99 {
		t.Errorf("%d at %s: ink from %.2f to %.2f, %.2f to %.2f", n, at, top, bottom, left, right)
	}
}

// ink says where on a page as displayed something is drawn, as shares of its size.
func ink(t *testing.T, file, page string) (top, bottom, left, right float64) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "page")
	run(t, "pdftoppm", "-cropbox", "-r", "72", "-png", "-gray", "-singlefile", "-f", page, "-l", page, file, out)
	b, err := os.ReadFile(out + ".png")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	top, left = 1, 1
	for y := range h {
		for x := range w {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0xf000 {
				fx, fy := float64(x)/float64(w), float64(y)/float64(h)
				top, bottom, left, right = min(top, fy), max(bottom, fy), min(left, fx), max(right, fx)
			}
		}
	}
	return top, bottom, left, right
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Errorf("%s %v: %v %s", name, args, err, errs.String())
	}
	return out.String()
}
