package pdf_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/pdf"
)

func dictOf(t *testing.T, text string) *pdf.Dict {
	t.Helper()
	d := open(t, classic(onePage().with(objects{6: text}), ""))
	v, err := d.Get(pdf.Ref{Num: 6})
	if err != nil {
		t.Fatal(err)
	}
	dict, ok := v.(*pdf.Dict)
	if !ok {
		t.Fatalf("%T", v)
	}
	return dict
}

func TestEditsSpliceAndLeaveTheRestByteForByte(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"replaced", "<</A 1/B(x\\)>>)%c\n/C[/K]>>", "<</A 2 /B(x\\)>>)%c\n/C[/K]>>"},
		{"added", "<</B 7>>", "<</B 7\n/A 2\n>>"},
		{"written twice", "<</A 1/B 7/A<</A 3>>>>", "<< /B 7/A 2 >>"},
		{"escaped name", "<</#41 (9)>>", "<</#41 2 >>"},
		{"key as a value", "<</B/A/C/A>>", "<</B/A/C/A\n/A 2\n>>"},
		{"unknown things kept", "<< /Weird <4 1> /Odd 1.50 % note\n >>", "<< /Weird <4 1> /Odd 1.50 % note\n \n/A 2\n>>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(dictOf(t, c.in).With(pdf.Edit{Key: "A", Value: "2"}))
			if diff := cmp.Diff(strings.Fields(c.want), strings.Fields(got)); diff != "" {
				t.Errorf("got %q\n%s", got, diff)
			}
		})
	}
	if got := string(dictOf(t, "<</A 1/B 2/A 3>>").With(pdf.Edit{Key: "A"})); strings.Join(strings.Fields(got), "") != "<</B2>>" {
		t.Errorf("removed: %q", got)
	}
}

func TestValuesAreParsedAsTheNormSays(t *testing.T) {
	d := dictOf(t, `<< /S (a\(b\)\\ \101\12\
c(d)) /H <4 1 4> /N /A#20B /I -7 /R -.5 /B true /Z null /Ref 4 0 R /Arr [1 0 R 2 0] >>`)
	for key, want := range map[pdf.Name]any{
		"S": pdf.String("a(b)\\ A\nc(d)"), "H": pdf.String("A@"), "N": pdf.Name("A B"), "I": -7, "R": -0.5, "B": true, "Z": nil,
		"Ref": pdf.Ref{Num: 4}, "Arr": pdf.Array{pdf.Ref{Num: 1}, 2, 0}, "Missing": nil,
	} {
		if diff := cmp.Diff(want, d.Get(key)); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestTextStringsAreWrittenForAllReaders(t *testing.T) {
	for in, want := range map[string]string{
		"plain (a) \\": `(plain \(a\) \\)`,
		"Þór":          "<FEFF00DE00F30072>",
		"日本 😀":         "<FEFF65E5672C0020D83DDE00>",
		"a\nb":         "<FEFF0061000A0062>",
	} {
		if got := pdf.TextString(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := pdf.DecodeText("\xfe\xff\x00\xde\x00\xf3"); got != "Þó" {
		t.Errorf("decoded %q", got)
	}
}

// TestTheUpdateFollowsTheDocumentsForm looks at what the next program depends on:
// form of the cross-reference, numbers, generations, trailer.
func TestTheUpdateFollowsTheDocumentsForm(t *testing.T) {
	trailer := "/Info 5 0 R /ID [<aa> <bb>]"
	for name, in := range map[string][]byte{
		"table": classic(onePage(), trailer), "stream": streamed(onePage(), trailer),
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, in)
			size, _ := d.Trailer().Get("Size").(int)
			u := d.Update()
			ref := u.Alloc()
			if ref.Num != size {
				t.Errorf("first new number %d, size %d", ref.Num, size)
			}
			u.Put(ref, []byte("(new)"))
			if err := u.EditCatalog(pdf.Edit{Key: "X", Value: ref.String()}); err != nil {
				t.Fatal(err)
			}
			a, err := u.Finish()
			if err != nil {
				t.Fatal(err)
			}
			if at := a.At(ref); at < 0 || !bytes.HasPrefix(a.Bytes[at:], []byte("(new)")) {
				t.Errorf("the new object is not at %d", at)
			}
			if a.At(pdf.Ref{Num: 999}) != -1 {
				t.Error("an object that is not there has a place")
			}
			if table := bytes.Contains(a.Bytes, []byte("\nxref\n")); table != (name == "table") {
				t.Errorf("table written: %v", table)
			}
			again := open(t, append(bytes.Clone(in), a.Bytes...))
			if again.Root() != d.Root() || string(again.Trailer().Raw("Info")) != "5 0 R" {
				t.Errorf("root %v, info %s", again.Root(), again.Trailer().Raw("Info"))
			}
			id, _ := again.Trailer().Get("ID").(pdf.Array)
			if len(id) != 2 || id[0] != pdf.String("\xaa") || id[1] == pdf.String("\xbb") {
				t.Errorf("identifier %x", id)
			}
			v, err := again.Get(ref)
			if err != nil || v != pdf.String("new") {
				t.Errorf("%v, %v", v, err)
			}
			qpdfContent(t, append(bytes.Clone(in), a.Bytes...))
		})
	}
}

func TestGenerationsAreKept(t *testing.T) {
	in := classic(onePage(), "")
	in = bytes.Replace(in, []byte("1 0 obj"), []byte("1 7 obj"), 1)
	in = bytes.Replace(in, []byte("1 1\n0000000015 00000 n"), []byte("1 1\n0000000015 00007 n"), 1)
	in = bytes.Replace(in, []byte("/Root 1 0 R"), []byte("/Root 1 7 R"), 1)
	u := open(t, in).Update()
	if err := u.EditCatalog(pdf.Edit{Key: "X", Value: "1"}); err != nil {
		t.Fatal(err)
	}
	out := finished(t, in, u)
	if !bytes.Contains(out[len(in):], []byte("1 7 obj")) {
		t.Errorf("%s", out[len(in):])
	}
	qpdfContent(t, out)
}

func TestEmbeddedFilesJoinThoseThatAreThere(t *testing.T) {
	spec := func(n int) string {
		return fmt.Sprintf("<< /Type /Filespec /F (old%d) /UF (old%d) /EF << /F 9 0 R >> >>", n, n)
	}
	old := objects{9: stream("/Type /EmbeddedFile", "old")}
	for name, o := range map[string]objects{
		"none":       {},
		"own object": {1: "<< /Type /Catalog /Pages 2 0 R /Names 6 0 R /AF 7 0 R >>", 6: "<< /EmbeddedFiles << /Names [(old1) " + spec(1) + "] >> >>", 7: "[]"},
		"tree of kids": {
			1: "<< /Type /Catalog /Pages 2 0 R /Names << /Dests 5 0 R /EmbeddedFiles 6 0 R >> /AF [8 0 R] >>",
			6: "<< /Kids [7 0 R 10 0 R] >>", 7: "<< /Limits [(a) (a)] /Names [(a) 8 0 R] >>",
			8: spec(1), 10: "<< /Limits [(evidence.json) (z)] /Names [(evidence.json) 8 0 R (z) 8 0 R] >>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := classic(onePage().with(old).with(o), "")
			u := open(t, in).Update()
			for _, n := range []string{"evidence.json", "Sönnun.txt"} {
				if err := u.Attach(pdf.File{Name: n, MIME: "application/json", Relationship: "Supplement", Data: []byte("data of " + n), Modified: time.Unix(0, 0)}); err != nil {
					t.Fatal(err)
				}
			}
			out := finished(t, in, u)
			qpdfContent(t, out)
			need(t, "pdfdetach", "poppler-utils")
			list, err := exec.CommandContext(t.Context(), "pdfdetach", "-list", file(t, "attached.pdf", out)).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, list)
			}
			want := map[string]int{"none": 2, "own object": 3, "tree of kids": 5}[name]
			if !strings.HasPrefix(string(list), fmt.Sprintf("%d embedded files", want)) || !strings.Contains(string(list), "evidence.json") || !strings.Contains(string(list), "Sönnun.txt") {
				t.Errorf("%s", list)
			}
		})
	}
}

func TestSignatureFieldsJoinTheForm(t *testing.T) {
	for name, o := range map[string]objects{
		"no form":           {},
		"direct":            {1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /DA (x) >> >>"},
		"own object":        {1: "<< /Type /Catalog /Pages 2 0 R /AcroForm 7 0 R >>", 7: "<< /Fields 8 0 R /XFA (old) >>", 8: "[6 0 R]"},
		"no dictionary":     {1: "<< /Type /Catalog /Pages 2 0 R /AcroForm [6 0 R] >>"},
		"fields of no kind": {1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields true >> >>"},
		"page's own list":   {3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots 8 0 R >>", 8: "[6 0 R]"},
	} {
		t.Run(name, func(t *testing.T) {
			in := classic(onePage().with(objects{6: "<< /T (Seal1) /FT /Tx /Type /Annot /Subtype /Widget /Rect [0 0 1 1] >>"}).with(o), "")
			d := open(t, in)
			u := d.Update()
			sig := u.Alloc()
			u.Put(sig, []byte("<< /Type /Sig >>"))
			if err := u.AddField(pdf.NewField{Value: sig}); err != nil {
				t.Fatal(err)
			}
			out := finished(t, in, u)
			qpdfContent(t, out)
			again := open(t, out)
			want := append([]string{}, d.FieldNames()...)
			fresh := "Seal1"
			if len(want) > 0 {
				fresh = "Seal2"
			}
			if diff := cmp.Diff(append(want, fresh), again.FieldNames()); diff != "" || !again.Signed() {
				t.Errorf("signed %v: %s", again.Signed(), diff)
			}
			if strings.Contains(string(out[len(in):]), "XFA") {
				t.Error("the XFA form is still there")
			}
		})
	}
}
