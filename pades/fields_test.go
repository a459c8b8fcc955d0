package pades_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

// people are fields for n people at the foot of the last page, and one for the seal that closes all.
func people(tb testing.TB, n, page int) []pades.Field {
	tb.Helper()
	var out []pades.Field
	for i := range n {
		f := pades.Field{Name: fmt.Sprintf("Person%d", i+1), Page: page, X: 30 + 180*float64(i%3), Y: 30 + 60*float64(i/3), W: 170, H: 50}
		if i%2 == 0 { // the others show something once they are signed
			f.Form = drawn(tb, 170, 50, fmt.Sprintf("Undirritandi Ђ %d", i+1))
		}
		out = append(out, f)
	}
	return append(out, pades.Field{Name: "Seal", Page: page, LockAll: true})
}

// everybody lets n people sign with keys of their own, as with a key elsewhere, and closes with the seal.
func everybody(tb testing.TB, in []byte, a *authority, n, certify int) []byte {
	tb.Helper()
	doc := open(tb, in)
	r, err := pades.PrepareFields(tb.Context(), doc, people(tb, n, doc.PageCount()))
	if err != nil {
		tb.Fatal(err)
	}
	if certify > 0 {
		// At send time: freezes the text that all will sign.
		fields := people(tb, n, doc.PageCount())
		fields = append(fields, pades.Field{Name: "Sent"})
		if r, err = pades.PrepareFields(tb.Context(), doc, fields); err != nil {
			tb.Fatal(err)
		}
		var got cms.Level
		r, got, err = pades.SignTo(tb.Context(), open(tb, bytesOf(tb, r)),
			pades.Seal{Time: signingTime, Field: "Sent", Certify: certify}, a.house().signer, a.services(), cms.BT)
		if err != nil || got != cms.BT {
			tb.Fatal(got, err)
		}
	}
	for i := range n {
		r = personSigns(tb, r, a, i+1)
	}
	r, got, err := pades.SignTo(tb.Context(), reopen(tb, r), pades.Seal{Time: signingTime, Field: "Seal"},
		a.house().signer, a.services(), cms.BLTA)
	if err != nil || got != cms.BLTA {
		tb.Fatal(got, err)
	}
	return bytesOf(tb, r)
}

func reopen(tb testing.TB, r *pades.Revision) *pades.Document {
	tb.Helper()
	d, err := pades.Open(r, r.Size())
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func personSigns(tb testing.TB, r *pades.Revision, a *authority, n int) *pades.Revision {
	tb.Helper()
	name := fmt.Sprintf("Undirritandi Ђ %d", n)
	by := a.signer(a.person(ecKey(tb, p256), name))
	s := pades.Seal{Name: name, Time: signingTime, Field: fmt.Sprintf("Person%d", n)}
	if n%2 == 0 {
		s.Appearance = drawn(tb, 170, 50, name)
	}
	p, err := pades.Prepare(tb.Context(), reopen(tb, r), s)
	if err != nil {
		tb.Fatal(err)
	}
	sig, err := cms.Sign(tb.Context(), by.Key, p.Digest(), by.Chain, cms.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	if sig, err = pades.Stamp(tb.Context(), sig, a); err != nil {
		tb.Fatal(err)
	}
	if r, err = p.Finish(sig); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestEverybodySignsInAFieldOfTheirOwn(t *testing.T) {
	for _, certify := range []int{0, 2} {
		a := newAuthority(t, ecKey(t, p256))
		in := written(t, 2)
		out := everybody(t, in, a, 4, certify)
		keepAs(t, fmt.Sprintf("everybody, certify %d", certify), out)
		judgeGrown(t, out, a.house())
		doc := open(t, out)
		if n := len(doc.EmptySignatureFields()); n != 0 {
			t.Errorf("%d fields are left", n)
		}
		if doc.Certification() != 1 || !doc.Locked("anything") {
			t.Errorf("not locked: %d", doc.Certification())
		}
		// Locked is locked, but for what proves it.
		if _, err := pades.Prepare(t.Context(), doc, pades.Seal{}); !isRefused(err, pdf.Certified) {
			t.Errorf("signed after the lock: %v", err)
		}
		if _, got, err := pades.Raise(t.Context(), doc, a.services(), cms.BLTA); err != nil || got != cms.BLTA {
			t.Errorf("not renewed: %v, %v", got, err)
		}
	}
}

func TestFieldsThatCannotBeMadeAreErrors(t *testing.T) {
	h := newHouse(t, ecKey(t, p256))
	many := make([]pades.Field, pades.MaxFields+1)
	for name, fields := range map[string][]pades.Field{
		"the same name twice": {{Name: "a"}, {Name: "a"}},
		"a dot":               {{Name: "a.b"}},
		"no such page":        {{Page: 2}},
		"no PDF":              {{W: 1, H: 1, Form: []byte("x")}},
		"too many":            many,
	} {
		if _, err := pades.PrepareFields(t.Context(), open(t, written(t, 1)), fields); err == nil {
			t.Error(name)
		}
	}
	r, err := pades.PrepareFields(t.Context(), open(t, written(t, 1)), many[1:])
	if err != nil {
		t.Fatal(err)
	}
	if names := reopen(t, r).FieldNames(); len(names) != pades.MaxFields || names[0] == names[1] {
		t.Errorf("fields %q", names)
	}
	signed := open(t, sealed(t, written(t, 1), pades.Seal{Time: signingTime}, h.signer))
	if _, err := pades.PrepareFields(t.Context(), signed, []pades.Field{{}}); !errors.Is(err, pades.ErrSigned) {
		t.Errorf("fields after a signature: %v", err)
	}
	if _, err := pades.Prepare(t.Context(), open(t, written(t, 1)), pades.Seal{Field: "nobody's"}); err == nil {
		t.Error("signed in a field that is not there")
	}
}

// TestLocksOfOthersAreRespected signs documents whose signatures lock fields.
func TestLocksOfOthersAreRespected(t *testing.T) {
	field := func(name, more string) string {
		return "<< /FT /Sig /T (" + name + ") /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /P 3 0 R " + more + " >>"
	}
	const sig = "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 1 2 3] /Contents <00> /Reference [%s] >>"
	const mdp = "<< /TransformMethod /FieldMDP /TransformParams << /Action /%s /Fields [%s] >> >>"
	for _, c := range []struct {
		name, transform, lock, into string
		refused                     string
	}{
		{"nothing locked", "", "", "a", ""},
		{"all locked", fmt.Sprintf(mdp, "All", ""), "", "a", pdf.Locked},
		{"all locked, no field named", fmt.Sprintf(mdp, "All", ""), "", "", pdf.Locked},
		{"an action nobody knows", fmt.Sprintf(mdp, "Some", ""), "", "a", pdf.Locked},
		{"this one locked", fmt.Sprintf(mdp, "Include", "(a)"), "", "a", pdf.Locked},
		{"another locked", fmt.Sprintf(mdp, "Include", "(b)"), "", "a", ""},
		{"a group of that name", fmt.Sprintf(mdp, "Include", "(a.x)"), "", "a", ""},
		{"all but this one", fmt.Sprintf(mdp, "Exclude", "(a)"), "", "a", ""},
		{"all but another", fmt.Sprintf(mdp, "Exclude", "(b)"), "", "a", pdf.Locked},
		{"all but another, a new one", fmt.Sprintf(mdp, "Exclude", "(b)"), "", "", pdf.Locked},
		{"another locked, a new one", fmt.Sprintf(mdp, "Include", "(b)"), "", "", ""},
		{"the lock alone says so", "", "/Lock << /Type /SigFieldLock /Action /All >>", "a", pdf.Locked},
		{"no changes", "", "/Lock << /Type /SigFieldLock /Action /Include /Fields [(b)] /P 1 >>", "a", pdf.Certified},
		{"filling only", "<< /TransformMethod /DocMDP /TransformParams << /P 2 >> >>", "", "a", ""},
		{"filling only, any field", "<< /TransformMethod /DocMDP /TransformParams << /P 2 >> >>", "", "", ""},
		{"filling only, all locked", "<< /TransformMethod /DocMDP /TransformParams << /P 2 >> >>" + fmt.Sprintf(mdp, "All", ""), "", "", pdf.Locked},
	} {
		in := handmade.PDF("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R 5 0 R 6 0 R] >> >>", pages, page,
			field("theirs", "/V 7 0 R "+c.lock), field("a", ""), field("b", ""), fmt.Sprintf(sig, c.transform))
		p, err := pades.Prepare(t.Context(), open(t, in), pades.Seal{Time: signingTime, Field: c.into})
		if c.refused != "" && !isRefused(err, c.refused) || c.refused == "" && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if (p == nil) == (c.refused == "") {
			t.Errorf("%s: prepared %v", c.name, p != nil)
		}
	}
}

// TestASignatureRepeatsTheLockOfItsField as ISO 32000-1 wants it.
func TestASignatureRepeatsTheLockOfItsField(t *testing.T) {
	h := newHouse(t, ecKey(t, p256))
	in := handmade.PDF("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>", pages, page,
		"<< /FT /Sig /T (a) /Type /Annot /Subtype /Widget /Rect [0 0 0 0] /P 3 0 R /Lock << /Action /Include /Fields [(x\\)y) (z)] >> >>")
	out := sealed(t, in, pades.Seal{Time: signingTime, Field: "a"}, h.signer)
	if want := `/Action /Include /Fields [(x\)y) (z)]`; !strings.Contains(string(out[len(in):]), want) {
		t.Errorf("not there: %s", want)
	}
	doc := open(t, out)
	if !doc.Locked("x)y") || !doc.Locked("z.sub") || doc.Locked("zz") {
		t.Error("the lock does not hold")
	}
	judge(t, out, h)
}
