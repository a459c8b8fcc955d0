package pdf_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/pdf"
)

// disarmed takes everything out and looks again: nothing may be left.
func disarmed(t *testing.T, in []byte, dropForm bool) (out []byte, found pdf.Findings) {
	t.Helper()
	u, found, err := open(t, in).Disarm(true, dropForm)
	if err != nil {
		t.Fatal(err)
	}
	if !found.Any() {
		return in, found
	}
	out = finished(t, in, u)
	if _, left, err := open(t, out).Disarm(true, dropForm); err != nil || left.Any() {
		t.Errorf("left after disarming: %+v, %v", left, err)
	}
	return out, found
}

// hostileNames are the names that may not be reached in a document that people are shown.
var hostileNames = []pdf.Name{
	"JavaScript", "JS", "OpenAction", "AA", "Launch", "EmbeddedFiles", "EF", "RichMedia", "RichMediaContent", "XFA",
	"SubmitForm", "ImportData", "GoToR", "GoToE", "Rendition", "Movie", "Sound", "Collection", "UR3", "Requirements",
}

// reached lists which of the hostile names stand in what the catalog reaches.
func reached(t *testing.T, d *pdf.Document) []pdf.Name {
	t.Helper()
	seen := map[pdf.Ref]bool{}
	var names []pdf.Name
	name := func(n pdf.Name) {
		if slices.Contains(hostileNames, n) && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case pdf.Ref:
			if seen[x] {
				return
			}
			seen[x] = true
			got, err := d.Get(x)
			if err != nil {
				t.Fatal(err)
			}
			walk(got)
		case pdf.Name:
			name(x)
		case pdf.Array:
			for _, item := range x {
				walk(item)
			}
		case *pdf.Stream:
			walk(x.Dict)
		case *pdf.Dict:
			for _, k := range x.Keys() {
				if x.Has(k) {
					name(k)
				}
				walk(x.Get(k))
			}
		}
	}
	walk(d.Root())
	return names
}

func TestWhatIsHostileIsTakenOut(t *testing.T) {
	js := "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
	page := func(annot string) objects {
		return onePage().with(objects{
			3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [6 0 R] >>",
			6: annot,
		})
	}
	catalog := func(more string) objects {
		return onePage().with(objects{1: "<< /Type /Catalog /Pages 2 0 R " + more + " >>"})
	}
	for _, c := range []struct {
		name           string
		o              objects
		active, silent int
	}{
		{"nothing", onePage(), 0, 0},
		{"script at opening", catalog("/OpenAction " + js).with(objects{}), 1, 1},
		{"script at opening, an object", catalog("/OpenAction 7 0 R").with(objects{7: js}), 1, 1},
		{"place at opening", catalog("/OpenAction [3 0 R /FitH null]"), 0, 1},
		{"scripts by name", catalog("/Names << /JavaScript << /Names [(a) 7 0 R] >> /Dests << /Names [] >> >>").with(objects{7: js}), 2, 0},
		{"names an object", catalog("/Names 8 0 R").with(objects{8: "<< /JavaScript << /Names [(a) " + js + "] >> >>"}), 2, 0},
		{"embedded files", catalog("/Names << /EmbeddedFiles << /Names [(a) 7 0 R] >> >> /AF [7 0 R]").with(objects{
			7: "<< /Type /Filespec /F (a.exe) /EF << /F 8 0 R >> >>", 8: stream("/Type /EmbeddedFile", "MZ"),
		}), 0, 4},
		{"events of the document", catalog("/AA << /WC " + js + " /DP 7 0 R >>").with(objects{7: js}), 1, 1},
		{"program to start", page("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /Type /Action /S /Launch /F (calc.exe) >> >>"), 1, 0},
		{"form to send", page("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A 7 0 R >>").with(objects{7: "<< /S /SubmitForm /F (http://x) >>"}), 1, 0},
		{"other document", page("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /GoToR /F (b.pdf) /D [0 /Fit] >> >>"), 0, 1},
		{"local file", page("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (file:///etc/passwd) >> >>"), 0, 1},
		{"web page", page("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /URI /URI (https://innsigli.example) >> >>"), 0, 0},
		{"place and then a script", page("<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /GoTo /D [3 0 R /Fit] /Next " + js + " >> >>"), 0, 1},
		{"rich media", page("<< /Type /Annot /Subtype /RichMedia /Rect [0 0 9 9] /RichMediaContent << /Assets << /Names [] >> >> >>"), 2, 0},
		{"screen", page("<< /Type /Annot /Subtype /Screen /Rect [0 0 9 9] /A << /S /Rendition /OP 4 /JS (x) >> >>"), 2, 0},
		{"attached file", page("<< /Type /Annot /Subtype /FileAttachment /Rect [0 0 9 9] /FS << /F (a) /EF << /F 7 0 R >> >> >>").with(objects{7: stream("", "x")}), 0, 1},
		{"XFA", catalog("/AcroForm << /Fields [6 0 R] /XFA [(x) 7 0 R] >>").with(objects{6: "<< /FT /Tx /T (a) >>", 7: stream("", "<xdp/>")}), 1, 0},
		{"field that calculates", catalog("/AcroForm << /Fields [6 0 R] >>").with(objects{6: "<< /FT /Tx /T (a) /AA << /C 7 0 R >> >>", 7: js}), 1, 1},
		{"usage rights and wishes", catalog("/Perms << /UR3 << >> >> /Requirements [<< /S /EnableJavaScripts >>]"), 0, 2},
		{"bad metadata", catalog("/Metadata 7 0 R").with(objects{7: stream("/Type /Metadata /Subtype /XML", "<x:xmpmeta><a></x:xmpmeta>")}), 0, 1},
		{"good metadata", catalog("/Metadata 7 0 R").with(objects{7: stream("/Type /Metadata /Subtype /XML", "<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'>ok</x:xmpmeta><?xpacket end='w'?>")}), 0, 0},
		{"metadata from before XMP had a wrapper", catalog("/Metadata 7 0 R").with(objects{7: stream("/Type /Metadata /Subtype /XML", "<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>")}), 0, 1},
		// Names that mean something only in their place.
		{"a font called AA", onePage().with(objects{3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Resources << /Font << /AA 5 0 R /EF 5 0 R /JS 5 0 R >> >> >>"}), 0, 0},
		{"structure called Sound", catalog("/StructTreeRoot << /K 6 0 R >>").with(objects{6: "<< /Type /StructElem /S /Sound /P 1 0 R >>"}), 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			for form, in := range forms(c.o) {
				out, found := disarmed(t, in, false)
				if found.Active != c.active || found.Silent != c.silent {
					t.Errorf("%s: %+v, want %d active and %d silent", form, found, c.active, c.silent)
				}
				if c.active+c.silent == 0 {
					continue
				}
				if names := reached(t, open(t, out)); len(names) > 0 {
					t.Errorf("%s: %q can still be reached", form, names)
				}
				if form == "table" {
					qpdfContent(t, out)
				}
			}
		})
	}
}

func TestMediaKeepItsPicture(t *testing.T) {
	in := classic(onePage().with(objects{
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Annots [6 0 R] >>",
		6: "<< /Type /Annot /Subtype /RichMedia /Rect [0 0 9 9] /AP << /N 7 0 R >> /RichMediaContent << >> >>",
		7: stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", "0 0 9 9 re f"),
	}), "")
	out, _ := disarmed(t, in, false)
	v, err := open(t, out).Get(pdf.Ref{Num: 6})
	d, ok := v.(*pdf.Dict)
	if err != nil || !ok || d.Get("Subtype") != pdf.Name("Stamp") || !d.Has("AP") {
		t.Errorf("%v, %v", v, err)
	}
}

// Readers draw the word Draft for a stamp without an appearance.
func TestMediaWithoutPictureShowNothing(t *testing.T) {
	in := classic(onePage().with(objects{
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Annots [6 0 R 7 0 R] >>",
		6: "<< /Type /Annot /Subtype /Sound /Rect [0 0 9 9] /Sound << >> >>",
		7: "<< /Type /Annot /Subtype /Movie /Rect [0 0 9 9] /Movie << >> >>",
	}), "")
	out, _ := disarmed(t, in, false)
	doc := open(t, out)
	for num := 6; num <= 7; num++ {
		v, err := doc.Get(pdf.Ref{Num: num})
		if err != nil {
			t.Fatal(err)
		}
		ap, _ := v.(*pdf.Dict).Get("AP").(*pdf.Dict)
		shown, err := doc.Resolve(ap.Get("N"))
		s, ok := shown.(*pdf.Stream)
		if err != nil || !ok || s.Length != 0 {
			t.Errorf("object %d shows %v, %v", num, shown, err)
		}
	}
}

// Readers that check signatures give up on references that lead nowhere.
func TestReferencesToNothingGo(t *testing.T) {
	for name, annots := range map[string]string{"in the page": "[6 0 R 8 0 R 99 0 R]", "apart": "7 0 R"} {
		in := classic(onePage().with(objects{
			3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Thumb 98 0 R /B [97 0 R 6 0 R] /Annots " + annots + " >>",
			6: "<< /Type /Annot /Subtype /Square /Rect [0 0 1 1] >>",
			7: "[6 0 R 8 0 R 99 0 R]",
			8: "(no annotation)",
		}), "")
		out, found := disarmed(t, in, false)
		if found.Active != 0 || found.Silent != 3 {
			t.Errorf("%s: %+v", name, found)
		}
		v, err := open(t, out).Get(pdf.Ref{Num: 3})
		if err != nil {
			t.Fatal(err)
		}
		page, _ := v.(*pdf.Dict)
		beads, _ := page.Get("B").(pdf.Array)
		if page.Has("Thumb") || len(beads) != 2 || beads[0] != nil || beads[1] != (pdf.Ref{Num: 6}) {
			t.Errorf("%s: %s", name, page.Bytes())
		}
		if list, _ := page.Get("Annots").(pdf.Array); len(list) != 1 || list[0] != (pdf.Ref{Num: 6}) {
			t.Errorf("%s: annotations %s", name, page.Raw("Annots"))
		}
	}
}

func TestTheInformationThatATrailerNamesIsThere(t *testing.T) {
	in := classic(onePage().with(objects{3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] >>"}), "/Info 9 0 R")
	out, found := disarmed(t, in, false)
	if found != (pdf.Findings{Silent: 1}) {
		t.Errorf("%+v", found)
	}
	if v, err := open(t, out).Get(pdf.Ref{Num: 9}); err != nil || v == nil {
		t.Errorf("%v, %v", v, err)
	}
}

func TestDirectAnnotationsBecomeObjects(t *testing.T) {
	for name, annots := range map[string]string{"in the page": "[<< /Type /Annot /Subtype /Link /Rect [0 0 1 1] /A << /S /GoTo /D (x) >> >> 6 0 R]", "apart": "7 0 R"} {
		in := classic(onePage().with(objects{
			3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Annots " + annots + " >>",
			6: "<< /Type /Annot /Subtype /Square /Rect [0 0 1 1] >>",
			7: "[<< /Type /Annot /Subtype /Square /Rect [0 0 1 1] /Contents (a \\) b) >> 6 0 R]",
		}), "")
		out, found := disarmed(t, in, false)
		if found != (pdf.Findings{Silent: 1}) {
			t.Errorf("%s: %+v", name, found)
		}
		v, err := open(t, out).Get(pdf.Ref{Num: 3})
		if err != nil {
			t.Fatal(err)
		}
		list, _ := v.(*pdf.Dict).Get("Annots").(pdf.Array)
		if len(list) != 2 || slices.ContainsFunc(list, func(v any) bool { _, ok := v.(pdf.Ref); return !ok }) {
			t.Errorf("%s: %v", name, list)
		}
	}
}

func TestTheFormGoesWhenItWasFlattened(t *testing.T) {
	in := classic(onePage().with(objects{1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>", 6: "<< /FT /Tx /T (a) >>"}), "")
	if out, found := disarmed(t, in, true); found.Silent != 1 || open(t, out).HasForm() {
		t.Errorf("%+v", found)
	}
}

func TestImagesUpToALimit(t *testing.T) {
	for side, want := range map[string]string{"/Width 10000 /Height 10000": "", "/Width 10000 /Height 10001": pdf.TooComplex, "/Width 30000 /Height 40000": pdf.TooComplex} {
		in := classic(onePage().with(objects{6: stream("/Type /XObject /Subtype /Image "+side, "x")}), "")
		_, _, err := open(t, in).Disarm(true, false)
		r, ok := errors.AsType[*pdf.Refusal](err)
		if (want == "") != (err == nil) || ok && r.Code != want {
			t.Errorf("%s: %v", side, err)
		}
	}
}

func TestDamageIsPassedOverOnlyWhenAsked(t *testing.T) {
	in := classic(onePage().with(objects{6: "<< /Length 3 >>\nstream\nabcdefgh\nendstream"}), "")
	if _, _, err := open(t, in).Disarm(false, false); err != nil {
		t.Error(err)
	}
	if _, _, err := open(t, in).Disarm(true, false); err == nil {
		t.Error("damage was not seen")
	}
}

func TestTooMuchToTakeOutIsRefused(t *testing.T) {
	o := onePage()
	for n := 10; n < 16; n++ {
		o[n] = "<< /S /GoTo /Next << /S /GoTo >> /Junk (" + strings.Repeat("x", 3<<20) + ") >>"
	}
	_, _, err := open(t, classic(o, "")).Disarm(true, false)
	if r, ok := errors.AsType[*pdf.Refusal](err); !ok || r.Code != pdf.TooComplex {
		t.Errorf("not refused: %v", err)
	}
}

func TestAnAppendedDocumentReadsAsOneFile(t *testing.T) {
	in := classic(onePage().with(objects{1: "<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit] >>"}), "")
	d := open(t, in)
	u, _, err := d.Disarm(true, false)
	if err != nil {
		t.Fatal(err)
	}
	a, err := u.Finish()
	if err != nil {
		t.Fatal(err)
	}
	r, size := a.Appended(d)
	got := make([]byte, size)
	if n, err := r.ReadAt(got, 0); int64(n) != size || err != nil {
		t.Fatal(n, err)
	}
	if !bytes.Equal(got, append(bytes.Clone(in), a.Bytes...)) {
		t.Error("other bytes")
	}
	if _, err := pdf.Open(r, size); err != nil {
		t.Error(err)
	}
}

func TestPortfoliosAreKnown(t *testing.T) {
	for more, want := range map[string]bool{
		"": false, "/Collection << >>": false, "/Names << /EmbeddedFiles << /Names [] >> >>": false,
		"/Collection << >> /Names << /EmbeddedFiles << /Names [] >> >>": true,
	} {
		d := open(t, classic(onePage().with(objects{1: "<< /Type /Catalog /Pages 2 0 R " + more + " >>"}), ""))
		if got, err := d.Portfolio(); got != want || err != nil {
			t.Errorf("%s: %v, %v", more, got, err)
		}
	}
}

// FuzzDisarm disarms anything that opens. What comes of it opens again, and nothing is left to take out.
func FuzzDisarm(f *testing.F) {
	for _, b := range forms(onePage().with(objects{
		1: "<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (x) >> /Names << /JavaScript 6 0 R >> /AA << /WC 7 0 R >> >>",
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Annots [<< /Subtype /Screen /Rect [0 0 1 1] /A 7 0 R >>] >>",
		6: "<< /Names [(a) 7 0 R] >>", 7: "<< /S /Launch /Next << /S /GoTo >> >>",
	})) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		u, found, err := d.Disarm(true, true)
		if err != nil {
			mustBeRefusal(t, err)
			return
		}
		if !found.Any() {
			return
		}
		a, err := u.Finish()
		if err != nil {
			mustBeRefusal(t, err)
			return
		}
		r, size := a.Appended(d)
		again, err := pdf.Open(r, size)
		if err != nil {
			mustBeRefusal(t, err)
			return
		}
		// A few rounds: what stood inside of something that moved is found in the next.
		for range 3 {
			u, found, err := again.Disarm(true, true)
			if err != nil || !found.Any() {
				return
			}
			a, err := u.Finish()
			if err != nil {
				return
			}
			r, size := a.Appended(again)
			if again, err = pdf.Open(r, size); err != nil {
				return
			}
		}
	})
}
