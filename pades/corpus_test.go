package pades_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

// TestEveryDocumentOfTheCorpusIsSealedOrRefused takes the PDFs that the PDFium
// binding tests itself with: forms, damage, encryption, odd boxes.
func TestEveryDocumentOfTheCorpusIsSealedOrRefused(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	s := fullSeal(t)
	refused := map[string]int{}
	done := 0
	for _, name := range corpus(t, "github.com/klippa-app/go-pdfium") {
		in, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := pades.Open(bytes.NewReader(in), int64(len(in)))
		if err == nil && doc.Signed() {
			continue // another test's
		}
		var r *pades.Revision
		if err == nil {
			r, err = pades.Sign(t.Context(), doc, s, h.signer)
		}
		if no, ok := errors.AsType[*pades.Refusal](err); ok {
			refused[no.Code+": "+no.Detail]++
			t.Logf("%s: %v", filepath.Base(name), no)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		done++
		out := bytesOf(t, r)
		if dir := os.Getenv("INNSIGLI_KEEP"); dir != "" {
			keep(t, filepath.Join(dir, filepath.Base(name)), out)
		}
		checkSealed(t, filepath.Base(name), in, out)
	}
	t.Logf("%d sealed, refused: %v", done, refused)
	if done < 60 {
		t.Errorf("only %d documents of the corpus were sealed", done)
	}
}

func keep(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, fs.FileMode(0o600)); err != nil {
		t.Fatal(err)
	}
}

// checkSealed looks at a sealed document with our reader and with qpdf: nothing
// that qpdf accepted before may be worse after.
func checkSealed(t *testing.T, name string, in, out []byte) {
	t.Helper()
	if !bytes.HasPrefix(out, in) {
		t.Errorf("%s: the original's bytes changed", name)
	}
	if err := verifies(t, out, crypto.SHA256); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	before, after := open(t, in), open(t, out)
	if after.PageCount() != before.PageCount()+1 {
		t.Errorf("%s: %d pages became %d", name, before.PageCount(), after.PageCount())
	}
	if !after.Signed() || after.Certification() != pades.DefaultCertify {
		t.Errorf("%s: no certification found", name)
	}
	if qpdfCode(t, in) == 0 {
		if code := qpdfCode(t, out); code != 0 {
			t.Errorf("%s: qpdf is content before, after sealing exits with %d", name, code)
		}
	}
}

// qpdfCode is qpdf's verdict: 0 good, 2 errors, 3 warnings; -1 when it was cut off.
func qpdfCode(t *testing.T, b []byte) int {
	t.Helper()
	need(t, "qpdf", "qpdf")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -v 4000000; exec timeout 30 qpdf --check "$0"`, file(t, "q.pdf", b))
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return -1
}

// TestSignedDocumentsOfTheCorpusGetAnApprovalOrARefusal keeps earlier signatures'
// bytes and adds nothing but a signature.
func TestSignedDocumentsOfTheCorpusGetAnApprovalOrARefusal(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	seen := 0
	for _, name := range corpus(t, "github.com/klippa-app/go-pdfium") {
		in, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := pades.Open(bytes.NewReader(in), int64(len(in)))
		if err != nil || !doc.Signed() {
			continue
		}
		seen++
		if _, err := pades.Sign(t.Context(), doc, fullSeal(t), h.signer); !errors.Is(err, pades.ErrSigned) && !isRefused(err, pdf.Certified) && !isRefused(err, pdf.NoField) {
			t.Errorf("%s: a full seal on a signed document: %v", filepath.Base(name), err)
		}
		r, err := pades.Sign(t.Context(), doc, pades.Seal{Time: signingTime}, h.signer)
		if isRefused(err, pdf.Certified) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		if out := bytesOf(t, r); !bytes.HasPrefix(out, in) || verifies(t, out, crypto.SHA256) != nil {
			t.Errorf("%s: no valid approval signature", filepath.Base(name))
		}
	}
	if seen == 0 {
		t.Error("the corpus has no signed document any more")
	}
}

func isRefused(err error, code string) bool {
	var r *pades.Refusal
	return errors.As(err, &r) && r.Code == code
}
