package innsigli

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
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
)

// paperOf draws an empty page for everything and notes what it was asked for.
type paperOf struct {
	marks    []Mark
	evidence Evidence
}

func (p *paperOf) Draw(marks []Mark, e Evidence) ([]byte, error) {
	p.marks, p.evidence = append(p.marks, marks...), e
	return pagesOf(len(marks) + 1), nil
}

// Logo takes any picture.
func (p *paperOf) Logo(img []byte) ([]byte, error) { return img, nil }

func (p *paperOf) DrawTyped(name string) ([]byte, error) {
	if strings.ContainsRune(name, '山') {
		return nil, ErrLetters
	}
	return nil, errors.New("no pen")
}

func (p *paperOf) DrawMarks(marks []Mark) ([]byte, error) {
	p.marks = append(p.marks, marks...)
	return pagesOf(len(marks)), nil
}

// testSeal is a self-signed seal, made anew for each test.
type testSeal struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func (s testSeal) Seal(context.Context) (crypto.Signer, []*x509.Certificate, error) {
	return s.key, []*x509.Certificate{s.cert}, nil
}

// Services are none: the seal ends at B-B.
func (testSeal) Services() cms.Services { return cms.Services{} }

func newSeal(t *testing.T) testSeal {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme seal"}, NotBefore: testNow.AddDate(-1, 0, 0),
		NotAfter: testNow.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return testSeal{key, cert}
}

// sealing is a service that can really seal the document of f.
func sealing(t *testing.T, f *Facts) (*Service, *paperOf, *fakeStore, *[]*fakeBlob) {
	t.Helper()
	st := holding(f)
	st.activity = func(ActivityQuery) ([]Activity, error) {
		return []Activity{{Lines: []LogEntry{{Kind: LogCreated, At: testNow, Actor: testUser}}}}, nil
	}
	s, _, _ := service(t, st)
	paper, opened := &paperOf{}, &[]*fakeBlob{}
	s.Paper, s.Sealer = paper, newSeal(t)
	s.Blobs = &fakeBlobs{open: func(id string) (BlobReader, error) {
		if id != testBlobName {
			return nil, errors.New("no such blob: " + id)
		}
		b := blobOf(onePage())
		*opened = append(*opened, b)
		return b, nil
	}}
	return s, paper, st, opened
}

func TestOwnerCopyBearsWhoSignedAndSaysHowItEnded(t *testing.T) {
	for st, outcome := range map[State]string{Canceled: outcomeCanceled, Expired: outcomeExpired} {
		t.Run(st.String(), func(t *testing.T) {
			f := factsOf(st, signed(anna()), bjorn())
			f.Held = true
			f.Process.EndedAt = testNow.Add(-time.Minute)
			s, paper, _, opened := sealing(t, &f)
			doc, err := s.OwnerCopy(t.Context(), testProcess)
			if err != nil {
				t.Fatal(err)
			}
			if len(paper.marks) != 1 || paper.marks[0].Key != keyAnna || paper.marks[0].Name != anna().Name {
				t.Errorf("marks %+v, want one for who signed", paper.marks)
			}
			if e := paper.evidence; e.Outcome != outcome || !e.Process.EndedAt.Equal(f.Process.EndedAt) || len(e.Signees) != 2 {
				t.Errorf("evidence %+v", e)
			}
			var a, b bytes.Buffer
			for _, w := range []*bytes.Buffer{&a, &b} {
				if n, err := doc.WriteTo(w); err != nil || n != doc.Size || int64(w.Len()) != n {
					t.Fatalf("wrote %d of %d, %v", n, doc.Size, err)
				}
			}
			sum := sha256.Sum256(a.Bytes())
			if !bytes.Equal(a.Bytes(), b.Bytes()) || doc.SHA256 != hex.EncodeToString(sum[:]) {
				t.Error("the copy is not the same every time, or its hash is another's")
			}
			if !bytes.HasPrefix(a.Bytes(), onePage()) {
				t.Error("the copy does not begin with the intake bytes")
			}
			if re, err := pades.Open(bytes.NewReader(a.Bytes()), int64(a.Len())); err != nil || !re.Signed() {
				t.Errorf("the copy is not sealed: %v", err)
			}
			if err := doc.Close(); err != nil || !(*opened)[0].closed {
				t.Errorf("close: %v, blob closed %v", err, (*opened)[0].closed)
			}
			if s.Blobs.(*fakeBlobs).made != nil {
				t.Error("the copy was written to the blob store")
			}
		})
	}
}

func TestOwnerCopyReadsTheHoldAndNothingElse(t *testing.T) {
	f := factsOf(Canceled, signed(anna()))
	f.Held = true
	s, _, st, _ := sealing(t, &f)
	doc, err := s.OwnerCopy(t.Context(), testProcess)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = doc.Close() }()
	for _, call := range st.calls {
		if call == "Key" {
			t.Error("the ordinary key was asked for")
		}
	}
	f.Held = false
	if _, err := s.OwnerCopy(t.Context(), testProcess); KindOf(err) != NotFound {
		t.Errorf("after the hold: %v", err)
	}
}

func TestOwnerCopyThatFailsClosesWhatItOpened(t *testing.T) {
	f := factsOf(Canceled, signed(anna()))
	f.Held = true
	s, _, st, opened := sealing(t, &f)
	down := errors.New("log is away")
	st.activity = func(ActivityQuery) ([]Activity, error) { return nil, down }
	if _, err := s.OwnerCopy(t.Context(), testProcess); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	if len(*opened) != 1 || !(*opened)[0].closed {
		t.Error("the blob stays open")
	}
}

func TestBlobAttachmentIsTheSameEveryTime(t *testing.T) {
	blob := blobOf([]byte("sealed bytes"))
	a := blobAttachment(blob, "lease.pdf", Document{Size: 12, SHA256: shownSHA256})
	for range 2 {
		var b bytes.Buffer
		if n, err := a.WriteTo(&b); err != nil || n != 12 || b.String() != "sealed bytes" {
			t.Errorf("wrote %q, %d, %v", b.String(), n, err)
		}
	}
	if err := a.Close(); err != nil || !blob.closed {
		t.Errorf("%v, closed %v", err, blob.closed)
	}
	if a.Name != "lease.pdf" || a.Type != "application/pdf" || a.Size != 12 {
		t.Errorf("attachment %+v", a)
	}
}
