package paper

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/pdf"
)

// marks are the marks that were thought of.
func marks() map[string]innsigli.Mark {
	m := innsigli.Mark{
		Name: "Þórunn Æsa Ðavíðsdóttir", At: noon,
		Key: "si00000000000000000000000000a1b2c3d4", Language: innsigli.LangIs,
	}
	with := func(name, reason string) innsigli.Mark {
		c := m
		c.Name, c.Reason = name, reason
		return c
	}
	const long = "Guðmundur Jóhannes Sigurbjörn Aðalsteinsson von Hohenstaufen"
	list := map[string]innsigli.Mark{
		"plain":   m,
		"short":   with("Jo Li", ""),
		"reason":  with(m.Name, "Framkvæmdastjóri, með prókúru"),
		"long":    with(long, ""),
		"long2":   with(long, strings.Repeat("mjög löng ástæða ", 30)),
		"endless": with(strings.Repeat("Wåg", 200), strings.Repeat("x", 500)),
		"greek":   with("Γιώργος Παπαδόπουλος", "Олена Шевченко"),
		"html":    with(`<b>Anna</b> (a) \ & "x"`, "{nb}"),
		"foreign": with("王小明 \u200fמשה\u202e 😀 e\u0301", ""),
		"broken":  with("a\xff\xfeb\x00\n\tc\xe2\x80", "\xf0\x9f"),
		"empty":   with("", "\u200f"),
	}
	company := with("Norðurljós ehf.", "Staðfest afrit")
	company.Seal, company.Code, company.Key = true, "Innsigli Seal innsigli.example", ""
	list["seal"] = company
	coded := with(m.Name, "Framkvæmdastjóri, með prókúru")
	coded.Code = "120389-3389"
	list["code"] = coded
	drawn := coded
	drawn.Drawing = scribble(600, 300)
	list["drawn"] = drawn
	drawn = list["long2"]
	drawn.Drawing, drawn.Code = scribble(1200, 200), "120389-3389"
	list["drawn2"] = drawn
	bare := list["empty"]
	bare.Key, bare.Language, bare.At = "", innsigli.LangNotSet, noon.AddDate(-3000, 0, 0)
	list["bare"] = bare
	return list
}

// scribble is a signature as a finger draws it: dark strokes on nothing.
func scribble(w, h int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range 4000 {
		x := float64(i) / 4000
		y := 0.5 + 0.35*math.Sin(x*21)*(1-x*0.6) + 0.05*math.Sin(x*97)
		for d := range 36 {
			img.SetNRGBA(int((0.08+0.84*x)*float64(w))+d%6, int(y*float64(h))+d/6, color.NRGBA{0x17, 0x20, 0x4e, 0xff})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

var styles = []innsigli.MarkStyle{innsigli.MarkFull, innsigli.MarkCompact, innsigli.MarkLine}

func layMark(t *testing.T, m innsigli.Mark) *sheet {
	t.Helper()
	s, err := New().layMark(m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func drawMark(t *testing.T, m innsigli.Mark) []byte {
	t.Helper()
	b, err := draw([]*sheet{layMark(t, m)}, about{title: "mark", lang: "en", at: noon})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parsed opens a PDF with our own strict reader.
func parsed(t *testing.T, b []byte) *pdf.Document {
	t.Helper()
	doc, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return doc
}

func TestMarkIsAPageOfItsSize(t *testing.T) {
	var list []innsigli.Mark
	for _, m := range marks() {
		for _, m.Style = range styles {
			list = append(list, m)
		}
	}
	b, err := New().Draw(list, three())
	if err != nil {
		t.Fatal(err)
	}
	doc := parsed(t, b)
	for i, m := range list {
		w, h, err := doc.PageSize(i + 1)
		if mw, mh := m.Style.Size(); err != nil || w != mw || h != mh {
			t.Errorf("page %d: %v × %v (%v), want %v × %v", i+1, w, h, err, mw, mh)
		}
	}
	if w, _, err := doc.PageSize(len(list) + 1); err != nil || w != pageWidth {
		t.Errorf("behind the marks: a page %v wide (%v), want evidence", w, err)
	}
}

// TestMarksAloneComeWithoutEvidence, and the mark of a seal says that it is one.
func TestMarksAloneComeWithoutEvidence(t *testing.T) {
	var list []innsigli.Mark
	for range styles {
		list = append(list, marks()["seal"])
	}
	b, err := New().DrawMarks(list)
	if err != nil {
		t.Fatal(err)
	}
	if n := parsed(t, b).PageCount(); n != len(list) {
		t.Errorf("%d pages for %d marks", n, len(list))
	}
	said := map[string]bool{}
	for _, w := range layMark(t, list[0]).words {
		said[w.text] = true
	}
	if !said["Rafrænt innsiglað"] || !said["Norðurljós ehf."] {
		t.Errorf("the mark says %v", said)
	}
}

func TestNothingLeavesTheMark(t *testing.T) {
	for name, m := range marks() {
		for _, m.Style = range styles {
			s := layMark(t, m)
			inside(t, name, s, 2, s.h-2)
			apart(t, name, s)
			for _, p := range s.pictures {
				if p.x < 2 || p.y < 2 || p.x+p.w > s.w-2 || p.y+p.h > s.h-1 {
					t.Errorf("%s: drawing leaves the mark: %+v", name, p)
				}
				for _, w := range s.words {
					if w.x+w.width(w.text) > p.x && w.y > p.y && w.y-w.size*0.7 < p.y+p.h {
						t.Errorf("%s: %q runs into the drawing %v, %v", name, w.text, p.x, p.y)
					}
				}
			}
		}
	}
}

func TestMarkSaysWhoWhenAndWhy(t *testing.T) {
	list := marks()
	for name, want := range map[string][]string{
		"reason":  {"Rafrænt undirritað", "Þórunn Æsa Ðavíðsdóttir", "23. nóvember 2026", "12:34", "UTC", "Framkvæmdastjóri, með prókúru", "a1b2c3d4"},
		"greek":   {"Γιώργος Παπαδόπουλος", "Олена Шевченко"},
		"html":    {`<b>Anna</b> (a) \ & "x"`, "{nb}"},
		"long":    {"Guðmundur", "Hohenstaufen"},
		"endless": {"Wåg", "…"},
		"foreign": {"…", "é"},
		"broken":  {"a�b c�"},
		"bare":    {"Signed electronically"},
		"code":    {"120389-3389 · Framkvæmdastjóri, með prókúru"},
		"drawn":   {"120389-3389"},
	} {
		contains(t, words(t, drawMark(t, list[name])), want...)
	}
}

func TestMarkIsTransparent(t *testing.T) {
	need(t, "pdftocairo", "poppler-utils")
	out := filepath.Join(t.TempDir(), "mark")
	tool(t, drawMark(t, marks()["plain"]), `pdftocairo -png -transp -singlefile -r 72 "$1" '`+out+`'`)
	b, err := os.ReadFile(out + ".png")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	w, h := innsigli.MarkFull.Size()
	if _, _, _, a := img.At(int(w)-20, int(h)-12).RGBA(); a != 0 {
		t.Errorf("the background has alpha %d, want 0", a)
	}
	if _, _, _, a := img.At(1, int(h)/2).RGBA(); a == 0 {
		t.Error("the bar at the left is not drawn")
	}
}

func TestQpdfFindsNoFaultInMarks(t *testing.T) {
	need(t, "qpdf", "qpdf")
	for _, m := range marks() {
		tool(t, drawMark(t, m), `qpdf --check "$1"`)
	}
}

// TestAnyNameGivesAFileThatIsRead draws names of random bytes and letters.
func TestAnyNameGivesAFileThatIsRead(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		var name []rune
		for range rnd.IntN(60) {
			name = append(name, rune(rnd.IntN(1<<(4+rnd.IntN(17)))))
		}
		raw := make([]byte, rnd.IntN(40))
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		m := innsigli.Mark{Name: string(name), Reason: string(raw), At: noon, Key: innsigli.SigneeKey(raw)}
		m.Style = styles[rnd.IntN(3)]
		parsed(t, drawMark(t, m))
	}
}

// FuzzMark holds that no name, reason or key puts a word outside the mark or hands fpdf a letter that its fonts lack:
// fpdf trusts its input to be letters of two bytes. The drawing itself is too slow to be fuzzed.
func FuzzMark(f *testing.F) {
	p := New()
	for _, m := range marks() {
		f.Add(m.Name, m.Reason, string(m.Key), int(m.Language))
	}
	f.Fuzz(func(t *testing.T, name, reason, key string, language int) {
		m := innsigli.Mark{Name: name, Reason: reason, At: noon, Key: innsigli.SigneeKey(key), Code: key, Contact: reason, Language: innsigli.Language(language)}
		for _, m.Style = range styles {
			s, err := p.layMark(m)
			if err != nil {
				t.Fatal(err)
			}
			inside(t, "mark", s, 2, s.h-2)
			for _, w := range s.words {
				for _, r := range w.text {
					if !w.face.has(r) || unicode.In(r, unicode.Hebrew, unicode.Arabic) {
						t.Errorf("%q has %U", w.text, r)
					}
				}
			}
		}
	})
}

func TestADrawingThatIsNoneIsRefused(t *testing.T) {
	wide := scribble(10, 10)
	copy(wide[16:20], []byte{0, 0, 0x40, 0}) // a width of 16384 pixels, with a check sum that is none
	for name, b := range map[string][]byte{
		"empty": {}, "text": []byte("<svg>"), "cut": scribble(100, 50)[:200], "wide": wide,
		"large": scribble(innsigli.MaxDrawingSide+1, 20), "heavy": make([]byte, innsigli.MaxDrawingBytes+1),
		"jpeg": {0xff, 0xd8, 0xff, 0xe0}, "torn": append(scribble(100, 50)[:300], make([]byte, 500)...),
	} {
		m := marks()["plain"]
		m.Drawing = b
		if _, err := New().Draw([]innsigli.Mark{m}, three()); err == nil {
			t.Errorf("%s was drawn", name)
		}
	}
	if err := innsigli.CheckDrawing(scribble(innsigli.MaxDrawingSide, 20)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

// TestADrawingLosesWhatIsNoStroke: what a file carries beside its pixels does not reach the document, nor does the empty
// room around the strokes. A drawing without strokes is no drawing.
func TestADrawingLosesWhatIsNoStroke(t *testing.T) {
	out, w, h, err := trimmed(scribble(600, 300))
	if err != nil || w > 540 || h > 260 || w < 400 || bytes.Contains(out, []byte("tEXt")) {
		t.Errorf("%v × %v, %v", w, h, err)
	}
	var blank bytes.Buffer
	if err := png.Encode(&blank, image.NewNRGBA(image.Rect(0, 0, 50, 50))); err != nil {
		t.Fatal(err)
	}
	m := marks()["plain"]
	m.Drawing = blank.Bytes()
	if s := layMark(t, m); len(s.pictures) != 0 {
		t.Error("an empty drawing was drawn")
	}
}

// TestALargeDrawingHardlyGrows holds what the limit on sealed documents counts with. The drawing is noise, which nothing
// makes smaller: crafted ones of a tenth of the size were seen to grow to four times theirs.
func TestALargeDrawingHardlyGrows(t *testing.T) {
	noise := image.NewNRGBA(image.Rect(0, 0, 255, 255))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise.Pix) // never fails
	var b bytes.Buffer
	if err := png.Encode(&b, noise); err != nil || b.Len() > innsigli.MaxDrawingBytes || b.Len() < innsigli.MaxDrawingBytes*9/10 {
		t.Fatalf("a drawing of %d bytes: %v", b.Len(), err)
	}
	m := marks()["plain"]
	bare, err := New().Draw([]innsigli.Mark{m}, three())
	if err != nil {
		t.Fatal(err)
	}
	m.Drawing = b.Bytes()
	out, err := New().Draw([]innsigli.Mark{m}, three())
	if err != nil {
		t.Fatal(err)
	}
	if grown := len(out) - len(bare); grown > innsigli.MaxDrawingBytes*5/4 {
		t.Errorf("%d bytes became %d", b.Len(), grown)
	}
}
