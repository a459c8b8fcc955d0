package innsigli

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/innsigli/innsigli/pades"
)

// signedPage is a page that somebody else has signed; certify is the level that its author allows, 0 for an approval.
func signedPage(t *testing.T, certify int) []byte {
	t.Helper()
	seal := newSeal(t)
	in := onePage()
	doc, err := pades.Open(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	rev, err := pades.Sign(t.Context(), doc, pades.Seal{Time: testNow, Certify: certify}, pades.Signer{Key: seal.key, Chain: []*x509.Certificate{seal.cert}})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := rev.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hexSum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// apartOf seals the document of an ended process and gives what its owner gets.
func apartOf(t *testing.T, in []byte) (final, evidence []byte, paper *paperOf) {
	t.Helper()
	f := factsOf(Canceled, signed(anna()))
	f.Held = true
	s, paper, _, _ := sealing(t, &f)
	blob := blobOf(in)
	s.Blobs = &fakeBlobs{open: func(string) (BlobReader, error) { return blob, nil }}
	doc, err := s.OwnerCopy(t.Context(), testProcess)
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Beside) != 1 || doc.Beside[0].Name != "lease.evidence.pdf" || len(doc.Files()) != 2 {
		t.Fatalf("%d files go along: %+v", len(doc.Beside), doc.Beside)
	}
	var out [2][]byte
	for i, a := range doc.Files() {
		var b, again bytes.Buffer
		for _, w := range []*bytes.Buffer{&b, &again} {
			if n, err := a.WriteTo(w); err != nil || n != a.Size {
				t.Fatalf("%s: wrote %d of %d, %v", a.Name, n, a.Size, err)
			}
		}
		if !bytes.Equal(b.Bytes(), again.Bytes()) || a.SHA256 != hexSum(b.Bytes()) {
			t.Errorf("%s is not the same every time, or its hash is another's", a.Name)
		}
		out[i] = b.Bytes()
	}
	if err := doc.Close(); err != nil || !blob.closed {
		t.Errorf("close: %v, blob closed %v", err, blob.closed)
	}
	return out[0], out[1], paper
}

func TestASignedDocumentKeepsItsBytesAndGetsItsEvidenceApart(t *testing.T) {
	in := signedPage(t, 0)
	final, evidence, paper := apartOf(t, in)
	if !bytes.HasPrefix(final, in) || len(final) == len(in) {
		t.Error("the document was not sealed behind its own bytes")
	}
	made, err := pades.Open(bytes.NewReader(final), int64(len(final)))
	if err != nil || made.PageCount() != 1 || made.Certification() != 0 {
		t.Errorf("%v: pages or a certification were added", err)
	}
	if len(paper.marks) != 0 {
		t.Errorf("%d marks were drawn", len(paper.marks))
	}
	d := paper.evidence.Document
	want := []EvidenceFile{
		{hexSum(onePage()), int64(len(onePage()))}, {hexSum(in), int64(len(in))}, {hexSum(final), int64(len(final))},
	}
	if !d.AlreadySigned || d.Final == nil || *d.Final != want[2] || !slices.Equal(d.Revisions, want) {
		t.Errorf("document in the evidence: %+v, final %+v, want %+v", d, d.Final, want)
	}
	sealed, err := pades.Open(bytes.NewReader(evidence), int64(len(evidence)))
	if err != nil || !sealed.Signed() || sealed.Certification() != 2 || !bytes.Contains(evidence, []byte("evidence.json")) {
		t.Errorf("the evidence is not sealed, or without its JSON: %v", err)
	}
}

// TestADocumentThatAllowsNoSignatureStaysAsItIs: DocMDP 1, and 2 without a field left to sign in.
func TestADocumentThatAllowsNoSignatureStaysAsItIs(t *testing.T) {
	for _, level := range []int{1, 2} {
		in := signedPage(t, level)
		final, evidence, paper := apartOf(t, in)
		if !bytes.Equal(final, in) {
			t.Errorf("level %d: the document was changed", level)
		}
		if d := paper.evidence.Document; d.Final == nil || d.Final.SHA256 != hexSum(in) || !d.AlreadySigned {
			t.Errorf("level %d: document in the evidence: %+v", level, d)
		}
		if sealed, err := pades.Open(bytes.NewReader(evidence), int64(len(evidence))); err != nil || !sealed.Signed() {
			t.Errorf("level %d: the evidence is not sealed: %v", level, err)
		}
	}
}

func TestSealJobKeepsTheEvidenceBesideTheDocument(t *testing.T) {
	f := factsOf(Sealing, signed(anna()))
	s, _, _, _ := sealing(t, &f)
	blobs := &fakeBlobs{open: func(string) (BlobReader, error) { return blobOf(signedPage(t, 0)), nil }}
	s.Blobs = blobs
	d, err := s.SealJob(t.Context(), Job{Kind: JobSeal, Process: testProcess})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d(f)
	if err != nil || c.Sealed == nil || c.Evidence == nil || c.Evidence.Type != AttachmentEvidence ||
		c.Evidence.Name != "lease.evidence.pdf" || len(c.Evidence.Key) != 34 || c.Evidence.Pages != 1 || c.Evidence.Size == 0 {
		t.Errorf("%v: %+v", err, c.Evidence)
	}
	f.Process.State = Completed // another node was faster
	if c, err := d(f); err != nil || !c.Empty() {
		t.Errorf("second settlement: %v\n%s", err, c)
	}
}

func TestTheEvidenceIsReadWithTheDocumentAndGoesAlong(t *testing.T) {
	for _, st := range everyState() {
		f := factsOf(st, signed(anna()))
		f.Process.EndedAt = testNow
		f.Process.Sealed = Document{Blob: testBlobName, Size: 3}
		f.Process.Evidence = Reference{Key: "at01", Type: AttachmentEvidence, Name: "lease.evidence.pdf", Document: Document{Blob: testBlobName, Size: 4}}
		s, _, _, opened := sealing(t, &f)
		v := View{Facts: f, Trusted: true}
		d, err := s.DownloadBeside(t.Context(), v, "at01")
		if (err == nil) != (st == Completed) {
			t.Errorf("%s: %v", st, err)
		}
		if st != Completed {
			continue
		}
		if d.Name != "lease.evidence.pdf" || d.Size != 4 {
			t.Errorf("%+v", d)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.DownloadBeside(t.Context(), v, "at02"); KindOf(err) != NotFound {
			t.Errorf("another's key: %v", err)
		}
		a, err := s.SealedDocument(t.Context(), testProcess)
		if err != nil || len(a.Files()) != 2 || a.Beside[0].Size != 4 {
			t.Fatalf("%v: %+v", err, a)
		}
		if err := a.Close(); err != nil || slices.ContainsFunc(*opened, func(b *fakeBlob) bool { return !b.closed }) {
			t.Errorf("close: %v, or a blob stays open", err)
		}
	}
}
