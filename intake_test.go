package innsigli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
)

const (
	onlyPages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	onlyPage  = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] >>"
)

// signedBy is a document that looks signed, with what its signature says of changes.
func signedBy(reference, more string) []byte {
	return handmade.PDF("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> "+more+" >>", onlyPages, onlyPage,
		"<< /FT /Sig /T (a) /V << /Type /Sig /ByteRange [0 1 2 3] /Contents <00> "+reference+" >> >>")
}

// memoryBlobs keeps what is written.
type memoryBlobs struct {
	blobs map[string][]byte
	made  int
}

func (m *memoryBlobs) Create(context.Context, DataKey) (BlobWriter, error) {
	m.made++
	return &memoryWriter{m: m, id: fmt.Sprintf("b%d", m.made)}, nil
}

func (m *memoryBlobs) Open(_ context.Context, id string, _ DataKey) (BlobReader, error) {
	b, ok := m.blobs[id]
	if !ok {
		return nil, errors.New("no such blob")
	}
	return blobOf(b), nil
}

func (m *memoryBlobs) Delete(_ context.Context, id string) error {
	delete(m.blobs, id)
	return nil
}

type memoryWriter struct {
	m  *memoryBlobs
	id string
	b  bytes.Buffer
}

func (w *memoryWriter) Write(p []byte) (int, error) { return w.b.Write(p) }
func (w *memoryWriter) ID() string                  { return w.id }
func (w *memoryWriter) Size() int64                 { return int64(w.b.Len()) }
func (w *memoryWriter) SHA256() string              { return "sum of " + w.id }
func (w *memoryWriter) Abort()                      {}
func (w *memoryWriter) Commit(context.Context) error {
	w.m.blobs[w.id] = w.b.Bytes()
	return nil
}

// taken takes a document in with a normaliser and says what became of it.
func taken(t *testing.T, doc []byte, n *fakeNormaliser, flatten bool) (Document, *memoryBlobs, error) {
	t.Helper()
	blobs := &memoryBlobs{blobs: map[string][]byte{}}
	s, _, _ := service(t, &fakeStore{})
	s.Blobs, s.Normaliser = blobs, n
	up, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write(doc); err != nil {
		t.Fatal(err)
	}
	err = s.take(t.Context(), up, flatten)
	up.kept = err == nil
	s.discard(t.Context(), err, up)
	return up.doc, blobs, err
}

func TestIntakeWritesAnewUntilNothingIsFound(t *testing.T) {
	clean := handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", onlyPages, onlyPage)
	armed := handmade.PDF("<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (x) >> >>", onlyPages, onlyPage)
	form := handmade.PDF("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>", onlyPages, onlyPage, "<< /FT /Tx /T (a) >>")
	for name, tc := range map[string]struct {
		doc     []byte
		flatten bool
		want    []Rewriting
	}{
		"clean":             {clean, false, []Rewriting{Rewrite}},
		"hostile":           {armed, false, []Rewriting{Rewrite}},
		"a form":            {form, false, []Rewriting{Rewrite}},
		"a form, flattened": {form, true, []Rewriting{Flatten, Rewrite}},
	} {
		t.Run(name, func(t *testing.T) {
			n := &fakeNormaliser{}
			doc, blobs, err := taken(t, tc.doc, n, tc.flatten)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, n.calls); d != "" {
				t.Error(d)
			}
			if len(blobs.blobs) != 1 || doc.Original != "sum of b1" || doc.SHA256 != "sum of "+doc.Blob || doc.Blob == "b1" || doc.Pages != 1 || doc.Signed {
				t.Errorf("%+v among %d blobs", doc, len(blobs.blobs))
			}
			got := blobs.blobs[doc.Blob]
			again, err := pades.Open(bytes.NewReader(got), int64(len(got)))
			if err != nil {
				t.Fatal(err)
			}
			if _, found, err := again.Disarm(true, tc.flatten); err != nil || found.Any() || int64(len(got)) != doc.Size {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}

func TestIntakeKeepsWhatIsSignedByteForByte(t *testing.T) {
	mdp := func(p int) string {
		return fmt.Sprintf("/Reference [<< /TransformMethod /DocMDP /TransformParams << /P %d >> >>]", p)
	}
	for name, tc := range map[string]struct {
		doc   []byte
		code  string
		level int
	}{
		"approval":          {signedPage(t, 0), "", 0},
		"certified, fill":   {signedPage(t, 2), "", 2},
		"certified, remark": {signedPage(t, 3), "", 3},
		"in name only":      {signedBy("", ""), pades.BogusSignature, 0},
		"as certified":      {signedBy(mdp(2), ""), pades.BogusSignature, 0},
		"over other bytes":  {bytes.Replace(signedPage(t, 0), []byte("/MediaBox ["), []byte("/MediaBox\n["), 1), pades.BogusSignature, 0},
		"certified, closed": {signedBy(mdp(1), ""), pades.Certified, 0},
		"with a script":     {signedBy("", "/OpenAction << /S /JavaScript /JS (x) >>"), pades.ActiveContent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := &fakeNormaliser{}
			doc, blobs, err := taken(t, tc.doc, n, true)
			if len(n.calls) > 0 {
				t.Error("it was written anew")
			}
			if tc.code != "" {
				wantRefused(t, err, tc.code)
				if len(blobs.blobs) != 0 {
					t.Error("bytes stay behind")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !doc.Signed || doc.Certification != tc.level || doc.Original != doc.SHA256 || !bytes.Equal(blobs.blobs[doc.Blob], tc.doc) {
				t.Errorf("%+v", doc)
			}
		})
	}
}

func wantRefused(t *testing.T, err error, code string) {
	t.Helper()
	wantInvalid(t, err, "pdfDocument")
	if e, ok := errors.AsType[*Error](err); ok && (e.Code != code || len(strings.Fields(e.Text)) < 4) {
		t.Errorf("refused as %s: %q, want %s", e.Code, e.Text, code)
	}
}

func TestIntakeRefusesWithAReasonAndLeavesNothing(t *testing.T) {
	clean := handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", onlyPages, onlyPage)
	broken := []byte("%PDF-1.4\nno more than that")
	always := func(err error) func(int) error { return func(int) error { return err } }
	for name, tc := range map[string]struct {
		doc  []byte
		n    fakeNormaliser
		code string
		call int
	}{
		"no PDF":              {[]byte("MZ"), fakeNormaliser{}, "NotPDF", 0},
		"broken for both":     {broken, fakeNormaliser{fail: always(pades.Refuse(pades.Broken, ""))}, pades.Broken, 1},
		"broken and too much": {broken, fakeNormaliser{fail: always(pades.Refuse(pades.TooComplex, ""))}, pades.TooComplex, 1},
		"broken afterwards":   {broken, fakeNormaliser{}, pades.Broken, 2}, // rebuilt in vain
		"too much":            {clean, fakeNormaliser{fail: always(pades.Refuse(pades.TooComplex, ""))}, pades.TooComplex, 1},
		"too long in all":     {broken, fakeNormaliser{worked: intakePatience + 1}, pades.TooComplex, 1},
		"a portfolio": {
			handmade.PDF("<< /Type /Catalog /Pages 2 0 R /Collection << >> /Names << /EmbeddedFiles << /Names [] >> >> >>", onlyPages, onlyPage),
			fakeNormaliser{},
			pades.Portfolio, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, blobs, err := taken(t, tc.doc, &tc.n, false)
			wantRefused(t, err, tc.code)
			if len(tc.n.calls) != tc.call || len(blobs.blobs) != 0 {
				t.Errorf("%d calls, %d blobs left", len(tc.n.calls), len(blobs.blobs))
			}
		})
	}
}

func TestIntakeTellsTheServersFaultsApart(t *testing.T) {
	clean := handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", onlyPages, onlyPage)
	disk := errors.New("disk full")
	for name, tc := range map[string]struct {
		fail error
		kind Kind
	}{
		"away":      {&Error{Kind: Unavailable, Code: "Unavailable", Text: "later", RetryAfter: time.Second}, Unavailable},
		"disk full": {disk, 0},
	} {
		_, blobs, err := taken(t, clean, &fakeNormaliser{fail: func(int) error { return tc.fail }}, false)
		if KindOf(err) != tc.kind || !errors.Is(err, tc.fail) || len(blobs.blobs) != 0 {
			t.Errorf("%s: %v of kind %v, %d blobs", name, err, KindOf(err), len(blobs.blobs))
		}
	}
}

func normalisedBytes(t *testing.T) {
	t.Helper()
	for size, want := range map[int64]bool{MaxNormalisedBytes: true, MaxNormalisedBytes + 1: false} {
		var sink bytes.Buffer
		c := &capped{w: &sink, left: MaxNormalisedBytes}
		part := make([]byte, 1<<20)
		var err error
		for left := size; left > 0 && err == nil; left -= int64(len(part)) {
			part = part[:min(int64(len(part)), left)]
			_, err = c.Write(part)
		}
		if (err == nil) != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}
