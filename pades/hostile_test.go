package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

const (
	pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
	page  = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Resources << >> >>"
)

// TestNoByteCanBeFlipped flips each byte of a sealed document once, the padding
// behind the signature included. The chain is the signer's certificate alone:
// bytes of other certificates are signed by their issuers, not by us.
func TestNoByteCanBeFlipped(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	out := sealed(t, handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", pages, page), pades.Seal{Time: signingTime, Reserve: 3000},
		pades.Signer{Key: h.signer.Key, Chain: h.signer.Chain[:1]})
	s := last(t, out)
	gap := bytes.Index(out, append([]byte("/Contents <"), fmt.Appendf(nil, "%x", s.contents[:8])...)) + len("/Contents ")
	if gap < 100 {
		t.Fatal("no signature found")
	}
	stays := 0
	for i := range out {
		if i >= gap && i < gap+2*len(s.contents)+2 {
			continue // below
		}
		content := bytes.Clone(s.content)
		j := i
		if i > gap {
			j -= 2*len(s.contents) + 2
		}
		content[j] ^= 1
		sum := sha256.Sum256(content)
		if _, err := cms.Verify(s.contents, sum[:]); err == nil {
			t.Fatalf("byte %d flipped and still valid", i)
		}
		stays++
	}
	if stays != len(s.content) {
		t.Errorf("flipped %d of %d bytes", stays, len(s.content))
	}
	sum := sha256.Sum256(s.content)
	for i := range s.contents {
		contents := bytes.Clone(s.contents)
		contents[i] ^= 1
		if _, err := cms.Verify(contents, sum[:]); err == nil {
			t.Fatalf("byte %d of the signature flipped and still valid", i)
		}
	}
}

func TestPlaceholdersInTheDocumentConfuseNothing(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	trap := "/ByteRange[0 ********** ********** **********] /ByteRange [0 /********** /********** /**********] /Contents <" + strings.Repeat("0", 8192) + ">"
	in := handmade.PDF(
		"<< /Type /Catalog /Pages 2 0 R /Trap ("+strings.NewReplacer("<", "", ">", "").Replace(trap)+") >>", pages, page,
		handmade.Stream("", trap),
		"<< /Type /Sig /ByteRange [0 0 0 0] /Contents <"+strings.Repeat("0", 64)+"> >>")
	s := fullSeal(t)
	s.Name, s.Reason = trap, "/Contents <00>"
	out := sealed(t, in, s, h.signer)
	if !bytes.HasPrefix(out, in) {
		t.Error("the original's bytes changed")
	}
	judge(t, out, h)
}

func TestASignedDocumentTakesAnApprovalOnly(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	once := sealed(t, written(t, 1), pades.Seal{Time: signingTime}, h.signer)
	for name, s := range map[string]pades.Seal{
		"mark":   {Marks: fullSeal(t).Marks},
		"pages":  {Append: fullSeal(t).Append},
		"file":   {Files: fullSeal(t).Files},
		"certif": {Certify: 2},
	} {
		if _, err := pades.Prepare(t.Context(), open(t, once), s); !errors.Is(err, pades.ErrSigned) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := sealed(t, once, pades.Seal{Time: signingTime, Name: "second"}, h.signer)
	if !bytes.HasPrefix(twice, once) {
		t.Error("the first signature's bytes changed")
	}
	judge(t, twice, h)
	if got := open(t, twice).FieldNames(); len(got) != 2 || got[0] == got[1] {
		t.Errorf("fields %q", got)
	}
}

func TestACertifiedDocumentIsSignedOnlyAsItsAuthorAllows(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	field := "<< /FT /Sig /T (theirs) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /P 3 0 R >>"
	empty := handmade.PDF("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>", pages, page, field)
	for _, c := range []struct {
		name    string
		in      []byte
		level   int
		refused string
	}{
		{"no changes", empty, 1, pdf.Certified},
		{"filling, a field is left", empty, 2, ""},
		{"filling, no field is left", written(t, 1), 2, pdf.NoField},
	} {
		t.Run(c.name, func(t *testing.T) {
			certified := sealed(t, c.in, pades.Seal{Time: signingTime, Certify: c.level}, h.signer)
			doc := open(t, certified)
			if !doc.Signed() || doc.Certification() != c.level {
				t.Fatalf("signed %v, level %d", doc.Signed(), doc.Certification())
			}
			r, err := pades.Sign(t.Context(), doc, pades.Seal{Time: signingTime}, h.signer)
			if c.refused != "" {
				if !isRefused(err, c.refused) {
					t.Errorf("not refused: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			out := bytesOf(t, r)
			judge(t, out, h)
			if n := len(open(t, out).FieldNames()); n != 2 {
				t.Errorf("%d fields: a new one was made", n)
			}
		})
	}
}

func TestARemoteSignerTakesThreeSteps(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	in := written(t, 2)
	p, err := pades.Prepare(t.Context(), open(t, in), fullSeal(t))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := cms.Sign(t.Context(), h.signer.Key, p.Digest(), h.signer.Chain, cms.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(make([]byte, p.Reserve()+1)); err == nil {
		t.Error("a signature larger than its place was taken")
	}
	r, err := p.Finish(sig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Finish(sig); err == nil {
		t.Error("finished twice")
	}
	out := bytesOf(t, r)
	if err := verifies(t, out, crypto.SHA256); err != nil {
		t.Error(err)
	}
	again, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil || !bytes.Equal(again, out) {
		t.Errorf("read at: %d bytes instead of %d, %v", len(again), len(out), err)
	}
	if d, err := pades.Open(r, r.Size()); err != nil || !d.Signed() {
		t.Errorf("a revision does not open: %v", err)
	}
}

func TestWrongSealsAreErrors(t *testing.T) {
	h := newHouse(t, ecKey(t, elliptic.P256()))
	in := written(t, 1)
	for name, s := range map[string]pades.Seal{
		"unknown level":    {Certify: 4},
		"negative reserve": {Reserve: -1},
		"huge reserve":     {Reserve: 1 << 30},
		"no such page":     {Marks: []pades.Mark{{Page: 2, Form: drawn(t, 10, 10, "")}}},
		"mark is no PDF":   {Marks: []pades.Mark{{Page: 1, Form: []byte("x")}}},
		"page is no PDF":   {Append: []pades.Pages{{File: []byte("x")}}},
		"no such form":     {Marks: []pades.Mark{{Page: 1, Form: drawn(t, 10, 10, ""), FormPage: 2}}},
		"nothing to add":   {Append: []pades.Pages{{File: drawn(t, 10, 10, ""), From: 2}}},
	} {
		_, err := pades.Sign(t.Context(), open(t, in), s, h.signer)
		var r *pades.Refusal
		if err == nil || errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := pades.Sign(t.Context(), open(t, in), pades.Seal{}, pades.Signer{}); err == nil {
		t.Error("sealed without a key")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pades.Sign(ctx, open(t, in), pades.Seal{}, h.signer); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	other := newHouse(t, ecKey(t, elliptic.P256()))
	if _, err := pades.Sign(t.Context(), open(t, in), pades.Seal{}, pades.Signer{Key: h.signer.Key, Chain: other.signer.Chain}); err == nil {
		t.Error("sealed with a certificate of another key")
	}
}
