package pades_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pdf"
)

// A small document with all that attackers use: text in a font, a form, an annotation, a
// name that leads to nothing, and an object that nothing leads to.
var target = []string{
	"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 7 0 R] /DA (/F1 12 Tf) >> >>",
	pages,
	"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents [4 0 R 99 0 R] /Annots [6 0 R 7 0 R 8 0 R] /Resources << /Font << /F1 5 0 R >> >> >>",
	"<< /Length 42 >>\nstream\nBT /F1 12 Tf 20 270 Td (Pay 100 kr.) Tj ET\nendstream",
	"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	"<< /Type /Annot /Subtype /Widget /FT /Tx /T (Amount) /V (100) /Rect [20 100 90 120] /AP << /N 9 0 R >> >>",
	"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Buyer) /Rect [20 40 90 60] >>",
	"<< /Type /Annot /Subtype /Square /Rect [0 0 200 300] >>",
	"<< /Type /XObject /Subtype /Form /BBox [0 0 70 20] /Length 22 >>\nstream\nBT (100) Tj ET        \nendstream",
	"(4 0 obj hidden)",
}

// update appends a revision.
func update(tb testing.TB, in []byte, change func(u *pdf.Update)) []byte {
	tb.Helper()
	u := open(tb, in).Update()
	change(u)
	a, err := u.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Concat(in, a.Bytes)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func num(n int) pdf.Ref { return pdf.Ref{Num: n} }

// put replaces an object.
func put(n int, text string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		return update(tb, in, func(u *pdf.Update) { u.Put(num(n), []byte(text)) })
	}
}

// edit changes keys of an object.
func edit(n int, key pdf.Name, value string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		return update(tb, in, func(u *pdf.Update) { must(tb, u.Edit(num(n), pdf.Edit{Key: key, Value: value})) })
	}
}

// without takes words out of a value.
func without(n int, key pdf.Name, words string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		return update(tb, in, func(u *pdf.Update) {
			d, err := u.Dict(num(n))
			must(tb, err)
			must(tb, u.Edit(num(n), pdf.Edit{Key: key, Value: strings.Replace(string(d.Raw(key)), words, "", 1)}))
		})
	}
}

// swap exchanges a text for another of the same length, so that all offsets stay.
func swap(old, with string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		at := bytes.LastIndex(in, []byte(old))
		if at < 0 || len(with) > len(old) {
			tb.Fatalf("%q is not there, or shorter than %q", old, with)
		}
		out := bytes.Clone(in)
		copy(out[at:], with+strings.Repeat(" ", len(old)-len(with)))
		return out
	}
}

// tail appends text as it is.
func tail(text string) func(testing.TB, []byte) []byte {
	return func(_ testing.TB, in []byte) []byte { return slices.Concat(in, []byte(text)) }
}

// ranged gives the last signature another range, in its own width.
func ranged(text string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		return swap(string(byteRange.Find(in)[len("/ByteRange "):]), text)(tb, in)
	}
}

// wrapped moves the second part of what is covered behind things of the attacker: padding of
// the signature makes room for another range, and the old startxref leads to a table of the
// attacker ("signature wrapping").
func wrapped(tb testing.TB, in []byte) []byte {
	tb.Helper()
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(string(byteRange.FindSubmatch(in)[i+1]))
	}
	start, err := strconv.Atoi(string(regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(in)[1]))
	must(tb, err)
	table := in[start:bytes.LastIndex(in, []byte("startxref"))]
	line := "4 1\n%010d 00000 n \n"
	size := len(table) + len(fmt.Sprintf(line, 0))
	evil := "4 0 obj " + strings.Replace(target[3], "100", "999", 1) + " endobj\n"
	table = bytes.Replace(table, []byte("xref\n"), fmt.Appendf(nil, "xref\n"+line, start+size), 1)
	moved := start + size + len(evil)
	out := slices.Concat(in[:start], table, []byte(evil), in[n[1]:])
	text := fmt.Sprintf("> /ByteRange [0 %d %d %d]", n[0], moved, n[2])
	copy(out[n[1]-len(text):], text)
	return out
}

func chained(steps ...func(testing.TB, []byte) []byte) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		for _, f := range steps {
			in = f(tb, in)
		}
		return in
	}
}

// hidden appends only a table that leads to what was hidden before signing.
func hidden(_ testing.TB, in []byte) []byte {
	at := bytes.Index(in, []byte("4 0 obj hidden"))
	prev := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(in)[1]
	return slices.Concat(in, fmt.Appendf(nil, "xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 99 /Root 1 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n", at, prev, len(in)))
}

// freeText puts text over the page.
func freeText(kind string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		return update(tb, in, func(u *pdf.Update) {
			ref := u.Alloc()
			u.Put(ref, fmt.Appendf(nil, "<< /Type /Annot /Subtype /%s /Rect [0 0 200 300] /Contents (Pay 999 kr.) >>", kind))
			page, err := u.Dict(num(3))
			must(tb, err)
			list := strings.TrimSuffix(string(page.Raw("Annots")), "]")
			must(tb, u.Edit(num(3), pdf.Edit{Key: "Annots", Value: list + " " + ref.String() + "]"}))
		})
	}
}

// newField adds a field to the form and the page.
func newField(text string) func(testing.TB, []byte) []byte {
	return func(tb testing.TB, in []byte) []byte {
		tb.Helper()
		return update(tb, in, func(u *pdf.Update) {
			ref := u.Alloc()
			u.Put(ref, []byte(text))
			root, err := u.Dict(num(1))
			must(tb, err)
			form := string(root.Raw("AcroForm"))
			must(tb, u.EditCatalog(pdf.Edit{Key: "AcroForm", Value: regexp.MustCompile(`/Fields\s*\[`).ReplaceAllString(form, "/Fields ["+ref.String()+" ")}))
		})
	}
}

// TestAttacksAreRecognised makes each attack on a sealed document and wants the rule that
// sees it, whatever else is found.
func TestAttacksAreRecognised(t *testing.T) {
	h := offlineHouse(t)
	base := func(certify int) []byte {
		return sealed(t, handmade.PDF(target...), pades.Seal{Time: signingTime, Certify: certify, Reserve: 3000}, h.signer)
	}
	for _, c := range []struct {
		name    string
		certify int
		attack  func(testing.TB, []byte) []byte
		rule    string
		want    pades.Indication
	}{
		// Universal signature forgery.
		{"no range", 0, swap("/ByteRange ", "/ByteRangf "), "range-missing", pades.TotalFailed},
		{"an empty range", 0, ranged("[]"), "range-missing", pades.TotalFailed},
		{"a range of zeros", 0, ranged("[0 0 0 0]"), "range-form", pades.TotalFailed},
		{"a range with negative numbers", 0, ranged("[0 -1 -9 -9]"), "range-form", pades.TotalFailed},
		{"half a range", 0, ranged("[0 100]"), "range-form", pades.TotalFailed},
		{"a range of words", 0, ranged("[0 /a /b /c]"), "range-missing", pades.TotalFailed},
		{"a range beyond the file", 0, ranged("[0 9 99999 99999]"), "range-gap", pades.TotalFailed},
		{"no signature", 0, swap("/Contents <", "/Contentt <"), "contents-missing", pades.TotalFailed},
		{"no kind", 0, swap("/SubFilter /", "/SubFiltes /"), "sub-filter", pades.TotalFailed},
		{"an unknown kind", 0, swap("/ETSI.CAdES.detached", "/adbe.nothing"), "sub-filter", pades.TotalFailed},
		{"a key twice", 0, swap("/Filter /Adobe.PPKLite", "/M (x)"), "key-twice", pades.TotalFailed},
		// Incremental saving.
		{"new content", 0, put(4, target[3]+" "), "", pades.TotalPassed}, // says the same
		{"other content", 0, put(4, strings.Replace(target[3], "100", "999", 1)), "rewritten", pades.TotalFailed},
		{"another font", 0, edit(5, "BaseFont", "/Courier"), "rewritten", pades.TotalFailed},
		{"another page box", 0, edit(3, "MediaBox", "[0 0 100 100]"), "rewritten", pades.TotalFailed},
		{"an action when opened", 0, edit(1, "OpenAction", "<< /S /JavaScript /JS (1) >>"), "rewritten", pades.TotalFailed},
		{"an object without a cross-reference", 0, tail("4 0 obj (Pay 999 kr.) endobj\n"), "leftover-objects", pades.TotalFailed},
		{"objects and an end without a section", 0, func(_ testing.TB, in []byte) []byte {
			at := in[bytes.LastIndex(in, []byte("startxref")):]
			return slices.Concat(in, []byte("4 0 obj (Pay 999 kr.) endobj\n"), at)
		}, "leftover-objects", pades.TotalFailed},
		{"something that is no PDF", 0, tail("<html>Pay 999 kr."), "leftover-bytes", pades.TotalFailed},
		// Signature wrapping.
		{"the second part moved", 0, wrapped, "range-gap", pades.TotalFailed},
		// Shadow attacks: hide, replace, hide and replace.
		{"an object that was waited for", 0, func(tb testing.TB, in []byte) []byte {
			tb.Helper()
			return update(tb, in, func(u *pdf.Update) { u.Put(num(99), []byte("<< /Length 0 >>\nstream\n\nendstream")) })
		}, "rewritten", pades.TotalFailed},
		{"a table that leads to hidden content", 0, hidden, "rewritten", pades.TotalFailed},
		{"a field that shows something else", 0, put(9, strings.Replace(target[8], "100", "999", 1)), "rewritten", pades.TotalFailed},
		{"a field with another appearance", 0, chained(put(20, strings.Replace(target[8], "100", "999", 1)), edit(6, "AP", "<< /N 20 0 R >>")), "rewritten", pades.TotalFailed},
		{"what covers the page taken away", 0, without(3, "Annots", "8 0 R"), "annotated", pades.Indeterminate},
		{"a signature field moved", 0, edit(7, "Rect", "[0 0 200 300]"), "rewritten", pades.TotalFailed},
		{"a field taken away", 0, without(1, "AcroForm", "6 0 R"), "rewritten", pades.TotalFailed},
		{"content behind validation data", 0, chained(put(4, strings.Replace(target[3], "100", "999", 1)),
			edit(1, "DSS", "<< /Certs [4 0 R] >>")), "rewritten", pades.TotalFailed},
		// Certified documents: evil annotations, sneaky signatures.
		{"text over a certified document", 2, freeText("FreeText"), "doc-mdp", pades.TotalFailed},
		{"text over a document that allows notes", 3, freeText("FreeText"), "annotated", pades.Indeterminate},
		{"a note on a document that allows notes", 3, freeText("Text"), "annotated-allowed", pades.TotalPassed},
		{"a note on a signed document", 0, freeText("Text"), "annotated", pades.Indeterminate},
		{"a signature field over a certified document", 2, newField("<< /Type /Annot /Subtype /Widget /FT /Sig /T (X) /Rect [0 0 200 300] /P 3 0 R >>"), "doc-mdp-field", pades.TotalFailed},
		{"a text field over a document", 0, newField("<< /Type /Annot /Subtype /Widget /FT /Tx /T (X) /V (Pay) /Rect [0 0 200 300] >>"), "rewritten", pades.TotalFailed},
		{"filling in a form that is closed", 1, chained(put(20, target[8]), edit(6, "V", "(999)")), "doc-mdp", pades.TotalFailed},
		{"two signatures of one name", 0, newField("<< /FT /Sig /T (Seal1) /V << /Type /Sig >> >>"), "field-twice", pades.TotalFailed},
		// What is allowed.
		{"filling in a form", 2, edit(6, "V", "(999)"), "filled", pades.TotalPassed},
		{"metadata", 1, func(tb testing.TB, in []byte) []byte {
			tb.Helper()
			return update(tb, in, func(u *pdf.Update) {
				ref := u.Alloc()
				u.PutStream(ref, "/Type /Metadata /Subtype /XML", []byte("<x/>"))
				must(tb, u.EditCatalog(pdf.Edit{Key: "Metadata", Value: ref.String()}))
			})
		}, "extended", pades.TotalPassed},
		{"nothing", 2, tail("\n"), "", pades.TotalPassed},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base(c.certify)
			out := c.attack(t, in)
			r, err := pades.Verify(t.Context(), bytes.NewReader(out), int64(len(out)), trusting(h))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Signatures) == 0 {
				t.Fatal("no signature is found")
			}
			found := ""
			for i := range r.Signatures {
				for _, f := range r.Signatures[i].Findings {
					found += fmt.Sprintf("%s: %s (%s)\n", f.Rule, f.Detail, f.Clause)
				}
			}
			if r.Indication != c.want || c.rule != "" && !strings.Contains("\n"+found, "\n"+c.rule+":") {
				t.Errorf("%s, wanted %s by %q; changes %s, found:\n%s", r.Indication, c.want, c.rule, r.Signatures[0].Changes, found)
			}
		})
	}
}
