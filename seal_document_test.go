package innsigli

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/pades"
)

// sealingService seals what is uploaded, with a seal made for the test and without services: level B-B.
func sealingService(t *testing.T) (*Service, *paperOf, *fakeBlobs) {
	t.Helper()
	s := checkService(t)
	paper, blobs := &paperOf{}, &fakeBlobs{}
	s.Paper, s.Sealer, s.Blobs = paper, newSeal(t), blobs
	blobs.open = func(string) (BlobReader, error) { return blobOf(blobs.made.Bytes()), nil }
	return s, paper, blobs
}

func sealed(t *testing.T, s *Service, r SealRequest, document []byte) (*SealedDocument, error) {
	t.Helper()
	up, err := s.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write(document); err != nil {
		t.Fatal(err)
	}
	return s.SealDocument(t.Context(), testCaller(), r, up)
}

func TestASealIsAMarkOnTheFirstPageOrOnAll(t *testing.T) {
	for _, all := range []bool{false, true} {
		s, paper, blobs := sealingService(t)
		got, err := sealed(t, s, SealRequest{Flow: testFlow, Reason: "Afrit", AllPages: all}, pagesOf(3))
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if all {
			want = 3
		}
		var out bytes.Buffer
		if _, err := got.WriteTo(&out); err != nil || int64(out.Len()) != got.Size || !bytes.HasPrefix(out.Bytes(), pagesOf(3)) {
			t.Errorf("%d bytes, promised %d, %v", out.Len(), got.Size, err)
		}
		if got.Seals != want || !got.Pending || LevelName(got.Level) != "PAdES-BASELINE-B" || len(paper.marks) != 1 {
			t.Errorf("%+v, %d marks drawn", got, len(paper.marks))
		}
		m := paper.marks[0]
		if !m.Seal || m.Name != "Acme ehf." || m.Reason != "Afrit" || m.Language != LangIs || !m.At.Equal(testNow) || m.Code == "" {
			t.Errorf("mark %+v", m)
		}
		if len(blobs.deleted) != 0 {
			t.Error("the document was erased before it was handed over")
		}
		if err := got.Close(); err != nil || !slices.Equal(blobs.deleted, []string{"new1"}) {
			t.Errorf("%v, erased %q", err, blobs.deleted)
		}
	}
}

func TestASignedDocumentGetsASealAndNoMark(t *testing.T) {
	s, paper, _ := sealingService(t)
	doc, err := pades.Open(bytes.NewReader(onePage()), int64(len(onePage())))
	if err != nil {
		t.Fatal(err)
	}
	key, chain, err := s.Sealer.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rev, err := pades.Sign(t.Context(), doc, pades.Seal{Time: testNow}, pades.Signer{Key: key, Chain: chain})
	if err != nil {
		t.Fatal(err)
	}
	var once, twice bytes.Buffer
	if _, err := rev.WriteTo(&once); err != nil {
		t.Fatal(err)
	}
	got, err := sealed(t, s, SealRequest{Flow: testFlow, AllPages: true}, once.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := got.WriteTo(&twice); err != nil {
		t.Fatal(err)
	}
	if got.Seals != 1 || len(paper.marks) != 0 || !bytes.HasPrefix(twice.Bytes(), once.Bytes()) || bytes.Contains(twice.Bytes(), []byte("/DocMDP")) {
		t.Errorf("%d seals, %d marks", got.Seals, len(paper.marks))
	}
}

// TestASealCertifies: it leaves no field for a further signature, so a document is sealed once.
func TestASealCertifies(t *testing.T) {
	s, _, _ := sealingService(t)
	first, err := sealed(t, s, SealRequest{Flow: testFlow}, onePage())
	if err != nil {
		t.Fatal(err)
	}
	var once bytes.Buffer
	if _, err := first.WriteTo(&once); err != nil {
		t.Fatal(err)
	}
	_, err = sealed(t, s, SealRequest{Flow: testFlow}, once.Bytes())
	wantInvalid(t, err, "pdfDocument")
}

func TestSealingNamesEveryMemberThatIsWrong(t *testing.T) {
	s, _, blobs := sealingService(t)
	_, err := sealed(t, s, SealRequest{Reason: strings.Repeat("Þ", MaxReasonRunes+1)}, nil)
	wantInvalid(t, err, "pdfDocument", "reason", "flowKey")
	_, err = sealed(t, s, SealRequest{Flow: "f00000000000", Reason: strings.Repeat("Þ", MaxReasonRunes)}, onePage())
	wantInvalid(t, err, "flowKey")
	_, err = sealed(t, s, SealRequest{Flow: testFlow}, []byte("%PDF-1.4 junk"))
	wantInvalid(t, err, "pdfDocument")
	if !slices.Equal(blobs.deleted, []string{"new3"}) { // of the others nothing was kept
		t.Errorf("erased %q", blobs.deleted)
	}
}

func TestADocumentThatActsIsNotSealed(t *testing.T) {
	s, _, _ := sealingService(t)
	acting := appended(onePage())
	_, err := sealed(t, s, SealRequest{Flow: testFlow}, acting)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Code != pades.ActiveContent {
		t.Errorf("%v", err)
	}
}

// xmlEcho gives back what it gets.
type xmlEcho struct{ calls int }

func (x *xmlEcho) SealXML(_ context.Context, document []byte, by XMLSeal) (SealedXML, error) {
	x.calls++
	if by.Key == nil || len(by.Chain) == 0 || !by.At.Equal(testNow) {
		return SealedXML{}, errors.New("nothing to seal with")
	}
	return SealedXML{Document: document, Level: "XAdES-BASELINE-B"}, nil
}

func TestSealingXMLNamesEveryMemberThatIsWrong(t *testing.T) {
	s, _, _ := sealingService(t)
	x := &xmlEcho{}
	s.XML = x
	_, err := s.SealXML(t.Context(), testCaller(), SealXMLRequest{})
	wantInvalid(t, err, "xmlDocument", "flowKey")
	if x.calls != 0 {
		t.Error("sealed all the same")
	}
	got, err := s.SealXML(t.Context(), testCaller(), SealXMLRequest{Flow: testFlow, Document: []byte("<a/>")})
	if err != nil || string(got.Document) != "<a/>" || x.calls != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func xmlBytes(t *testing.T) {
	t.Helper()
	s, _, _ := sealingService(t)
	s.XML = &xmlEcho{}
	r := SealXMLRequest{Flow: testFlow, Document: make([]byte, MaxXMLBytes)}
	if _, err := s.SealXML(t.Context(), testCaller(), r); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	r.Document = append(r.Document, 0)
	_, err := s.SealXML(t.Context(), testCaller(), r)
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != TooLarge || len(e.Fields) != 1 || e.Fields[0].Field != "xmlDocument" {
		t.Errorf("one over: %v", err)
	}
}

func xmlBody(t *testing.T) {
	t.Helper()
	if rest := MaxXMLBody - base64.StdEncoding.EncodedLen(MaxXMLBytes); rest < 64<<10 {
		t.Errorf("%d bytes are left for all but the document", rest)
	}
}

// appended is a document to which an update was appended, whose catalog acts when it is opened.
func appended(pdf []byte) []byte {
	root := bytes.Index(pdf, []byte("1 0 obj"))
	end := root + bytes.Index(pdf[root:], []byte("endobj"))
	catalog := bytes.Replace(pdf[root:end], []byte(">>"), []byte("/OpenAction << /S /JavaScript /JS (a) >> >>"), 1)
	before := pdf[bytes.LastIndex(pdf, []byte("startxref"))+len("startxref"):]
	trailer := pdf[bytes.LastIndex(pdf, []byte("trailer")):]
	size := regexp.MustCompile(`/Size \d+`).Find(trailer)
	var b bytes.Buffer
	b.Write(pdf)
	at := b.Len()
	fmt.Fprintf(&b, "%sendobj\n", catalog)
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n1 1\n%010d 00000 n \ntrailer\n<< %s /Root 1 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n", at, size, bytes.Fields(before)[0], xref)
	return b.Bytes()
}
