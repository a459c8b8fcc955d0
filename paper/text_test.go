package paper

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLettersAreMadeDrawable(t *testing.T) {
	f := New().faces.regular
	for _, c := range []struct {
		name, in, want string
		lost           int
	}{
		{"Icelandic, Greek and Cyrillic stay", "Þór Æsa Γιώργος Їжак", "Þór Æsa Γιώργος Їжак", 0},
		{"letters that a Mac took apart are put together", "Þo\u0301runn a\u0308", "Þórunn ä", 0},
		{"marks of direction go", "\u200fmosh\u202e\u2066x\u061c", "moshx", 0},
		{"what is invisible goes", "a\u00ad\u200b\u200d\ufeff\ufe0fb", "ab", 0},
		{"ends of lines and blanks of any width are blanks", "a\r\n\tb\u00a0c\u2003d\u2028e", "a   b c d e", 0},
		{"letters that the fonts lack are left out, and that can be seen", "王小明 😀 (Wang)", "… … (Wang)", 4},
		{"accents that the fonts lack go, the letters stay", "Nguyễn Thị Mệ Ștefan ḥ", "Nguyen Thi Me Ștefan h", 4},
		{"letters that passports write in others are", "Əliyev ẞ", "Eliyev SS", 2},
		{"wide letters are letters", "ＡＢ１", "AB1", 3},
		{"an accent without its letter goes", "x\u0301\u0489 王\u0301", "x …", 4},
		{"bytes that are no letters can be seen", "a\xff\xfeb\xc3", "a�b�", 0},
		{"hyphens that do not break are hyphens", "a\u2011b\u2010c", "a-b-c", 0},
		{"nothing is nothing", " \u200f\n", "", 0},
	} {
		got, lost := clean(f, c.in)
		if got != c.want || lost != c.lost {
			t.Errorf("%s: %q with %d lost, want %q with %d", c.name, got, lost, c.want, c.lost)
		}
	}
}

func TestANameIsDrawnInWholeWordsOrSaidOtherwise(t *testing.T) {
	f := New().faces.bold
	for _, c := range []struct{ name, contact, want string }{
		{"Þórunn Æsa", "t@example.com", "Þórunn Æsa"},
		{"王小明 (Wang Xiaoming)", "w@example.com", "… (Wang Xiaoming)"},
		{"Anna 王小 明", "a@example.com", "Anna …"},
		{"王小明", "w@example.com", "w@example.com"},
		{"\u202eמשה כהן\u202c", "+354 555 0100", "+354 555 0100"},
		{"أحمد\u200f Ahmed\u202e evil", "", "… Ahmed evil"},
		{"王小明", "王@example.com", "a1b2c3d4"},
		{"", "", "a1b2c3d4"},
		{" \u200f\n", "x@example.com", "x@example.com"},
		{"- 123 -", "x@example.com", "x@example.com"},
		{"J… Smith", "", "J… Smith"},
	} {
		if got, _ := calledBy(f, c.name, c.contact, "a1b2c3d4"); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEveryFaceHasTheLettersOfOurLanguages(t *testing.T) {
	p := New()
	const all = "�…·–’áðéíóúýþæöÁÐÉÍÓÚÝÞÆÖåøäüßčřžěšďťňůąęłńśźżőűñçàèêëîïôœŒŁŐŰßΑΩάώАЯаяЇїІіЄєҐґ0123456789<>&\"'\\()"
	for name, f := range map[string]*face{"regular": p.faces.regular, "bold": p.faces.bold, "mono": p.faces.mono} {
		for _, r := range all {
			if !f.has(r) || f.widths[r] <= 0 {
				t.Errorf("%s lacks %c (%U)", name, r, r)
			}
		}
	}
}

func TestLinesBreakAtBlanksElseAnywhere(t *testing.T) {
	s := style{face: New().faces.mono, size: 10} // each letter is as wide as six points
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"what fits stays", "ab cd", []string{"ab cd"}},
		{"at the last blank that fits", "ab cd efghijkl m", []string{"ab cd", "efghijkl m"}},
		{"a blank comes before a hyphen, a hyphen before nothing", "ab 0123-456789", []string{"ab", "0123-", "456789"}},
		{"a word that is too long breaks after a joint", "abcdef_ghijkl", []string{"abcdef_", "ghijkl"}},
		{"a word without joints breaks anywhere", strings.Repeat("x", 23), []string{"xxxxxxxxxx", "xxxxxxxxxx", "xxx"}},
		{"an early joint is not worth a line", "a_bcdefghijklm", []string{"a_bcdefghi", "jklm"}},
		{"nothing is no line", "", nil},
	} {
		if d := cmp.Diff(c.want, wrap(s, c.in, 60.1)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestTextIsFittedSmallerThenShortened(t *testing.T) {
	s := style{face: New().faces.mono}
	for _, c := range []struct {
		in    string
		lines int
		size  float64
		want  []string
	}{
		{"abcde", 1, 10, []string{"abcde"}},
		{"abcdefghijkl", 1, 8, []string{"abcdefghijkl"}},
		{"abcdefghijklm nop", 1, 8, []string{"abcdefghijk…"}},
		{"abcdefghij klmnopqrst", 2, 10, []string{"abcdefghij", "klmnopqrst"}},
		{"abcdefghijklmnopqrstuvwxyz0123456789", 2, 8, []string{"abcdefghijkl", "mnopqrstuvw…"}},
		{"", 1, 10, nil},
	} {
		st, got := fit(s, c.in, 60.1, c.lines, 10, 8)
		if d := cmp.Diff(c.want, got); d != "" || st.size != c.size {
			t.Errorf("%q: size %v, want %v, %s", c.in, st.size, c.size, d)
		}
	}
}

// FuzzWrap holds that breaking loses nothing but blanks and that no line is too wide.
func FuzzWrap(f *testing.F) {
	faces := New().faces
	for _, s := range []string{"", "a b", strings.Repeat("Samningur_", 30), "王\u200fה\xff\x00", " x  ", "e\u0301-/"} {
		f.Add(s, 60.0)
	}
	f.Fuzz(func(t *testing.T, in string, width float64) {
		st := style{face: faces.bold, size: 9}
		if !(width > 20 && width < 1000) {
			return
		}
		text, _ := clean(st.face, in)
		lines := wrap(st, text, width)
		if strings.Join(strings.Fields(text), "") != strings.Join(strings.Fields(strings.Join(lines, "")), "") {
			t.Errorf("%q became %q", text, lines)
		}
		for _, l := range lines {
			if st.width(l) > width+1e-6 {
				t.Errorf("%q is %v wide, more than %v", l, st.width(l), width)
			}
		}
		if slices.Contains(lines, "") {
			t.Errorf("%q has an empty line: %q", text, lines)
		}
	})
}
