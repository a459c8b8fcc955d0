package pdf_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/pdf"
)

// FuzzOpen opens anything. What is opened must bear an update, and the result
// must open again with one page more; what is not is refused, never a crash.
func FuzzOpen(f *testing.F) {
	for _, b := range forms(onePage()) {
		f.Add(b)
	}
	f.Add(classic(onePage().with(objects{
		1: "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /Names << /EmbeddedFiles 7 0 R >> /AF [8 0 R] >>",
		6: "<< /Fields [<< /T (a\\)\\101) /FT /Sig >>] /XFA [(x) 4 0 R] >>",
		7: "<< /Kids [<< /Names [(a) 8 0 R] /Limits [(a) (a)] >>] >>",
		8: "<< /Type /Filespec /F <61> >>",
	}), "/ID [(a) (b)] /Info 5 0 R"))
	f.Add(classic(onePage(), "/Prev 15"))
	mark := drawn(f, 20, 10)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			mustBeRefusal(t, err)
			return
		}
		u := d.Update()
		if err := change(u, mark); err != nil {
			mustBeRefusal(t, err)
			return
		}
		a, err := u.Finish()
		if err != nil {
			mustBeRefusal(t, err)
			return
		}
		out := slices.Concat(b, a.Bytes)
		again, err := pdf.Open(bytes.NewReader(out), int64(len(out)))
		if err != nil {
			var r *pdf.Refusal
			if errors.As(err, &r) && (r.Code == pdf.TooManyPages || r.Code == pdf.TooManyChanges || r.Code == pdf.TooComplex || r.Code == pdf.TooManyObjects) {
				return
			}
			t.Fatalf("own update does not open: %v", err)
		}
		if again.PageCount() != d.PageCount()+1 {
			t.Fatalf("%d pages became %d", d.PageCount(), again.PageCount())
		}
	})
}

func mustBeRefusal(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*pdf.Refusal](err); !ok {
		t.Fatalf("no refusal: %v", err)
	}
}

// change does everything that an update can.
func change(u *pdf.Update, mark []byte) error {
	form, err := u.ImportPage(mark, 1)
	if err != nil {
		return err
	}
	if err := u.Draw(1, []pdf.Placement{{Form: form, X: 1, Y: 2, W: 20, H: 10}}); err != nil {
		return err
	}
	if _, err := u.AppendPage(form); err != nil {
		return err
	}
	if err := u.Attach(pdf.File{Name: "evidence.json", Data: []byte("{}")}); err != nil {
		return err
	}
	sig := u.Alloc()
	u.Put(sig, []byte("<< /Type /Sig /Contents <"+strings.Repeat("0", 64)+"> >>"))
	return u.AddField(pdf.NewField{Value: sig})
}

// FuzzImport imports anything into a sound document: templates come from our own
// house, but a crash there would be a crash of the sealing.
func FuzzImport(f *testing.F) {
	f.Add(drawn(f, 20, 10))
	for _, b := range forms(onePage()) {
		f.Add(b)
	}
	in := classic(onePage(), "")
	f.Fuzz(func(t *testing.T, b []byte) {
		u := open(t, in).Update()
		forms, err := u.ImportPages(b)
		if err != nil {
			return
		}
		for _, form := range forms {
			if _, err := u.AppendPage(form); err != nil {
				t.Fatal(err)
			}
		}
		if n := open(t, finished(t, in, u)).PageCount(); n != 1+len(forms) && n <= pdf.MaxPages {
			t.Fatalf("%d pages", n)
		}
	})
}
