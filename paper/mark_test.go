package paper

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
	"github.com/innsigli/innsigli/pdf"
)

// marks are the marks that were thought of.
func marks() map[string]innsigli.Mark {
	m := innsigli.Mark{
		Name: "Þórunn Æsa Ðavíðsdóttir", At: noon, Company: "Norðurljós ehf.",
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
	bare := list["empty"]
	bare.Key, bare.Language, bare.At = "", innsigli.LangNotSet, noon.AddDate(-3000, 0, 0)
	list["bare"] = bare
	return list
}

func drawMark(t *testing.T, m innsigli.Mark) []byte {
	t.Helper()
	b, w, h, err := New().Mark(m)
	if err != nil {
		t.Fatal(err)
	}
	if w != MarkWidth || h != MarkHeight {
		t.Errorf("size %v × %v", w, h)
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
	for name, m := range marks() {
		doc := parsed(t, drawMark(t, m))
		w, h, err := doc.PageSize(1)
		if err != nil || doc.PageCount() != 1 || w != MarkWidth || h != MarkHeight {
			t.Errorf("%s: %d pages of %v × %v (%v)", name, doc.PageCount(), w, h, err)
		}
	}
}

func TestNothingLeavesTheMark(t *testing.T) {
	p := New()
	for name, m := range marks() {
		s := p.layMark(m, lang.For(m.Language.Tag()))
		inside(t, name, s, 2, MarkHeight-2)
		apart(t, name, s)
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
		"foreign": {"□□□ □□□ □ é"},
		"broken":  {"a�b c�"},
		"bare":    {"Signed electronically"},
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
	if _, _, _, a := img.At(int(MarkWidth)-20, int(MarkHeight)-12).RGBA(); a != 0 {
		t.Errorf("the background has alpha %d, want 0", a)
	}
	if _, _, _, a := img.At(1, int(MarkHeight)/2).RGBA(); a == 0 {
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
	p := New()
	for range 40 {
		var name []rune
		for range rnd.IntN(60) {
			name = append(name, rune(rnd.IntN(1<<(4+rnd.IntN(17)))))
		}
		raw := make([]byte, rnd.IntN(40))
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		b, _, _, err := p.Mark(innsigli.Mark{Name: string(name), Reason: string(raw), At: noon, Key: innsigli.SigneeKey(raw)})
		if err != nil {
			t.Fatal(err)
		}
		parsed(t, b)
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
		m := innsigli.Mark{Name: name, Reason: reason, At: noon, Key: innsigli.SigneeKey(key), Language: innsigli.Language(language)}
		s := p.layMark(m, lang.For(m.Language.Tag()))
		inside(t, "mark", s, 2, MarkHeight-2)
		for _, w := range s.words {
			for _, r := range w.text {
				if !w.face.has(r) {
					t.Errorf("%q has %U", w.text, r)
				}
			}
		}
	})
}
