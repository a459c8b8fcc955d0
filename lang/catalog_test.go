package lang

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryLanguageHasEveryKeyWithTheSamePlaces(t *testing.T) {
	en := For("en")
	for _, tag := range Tags() {
		c := For(tag)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(en.messages)), slices.Sorted(maps.Keys(c.messages))); diff != "" {
			t.Errorf("%s: keys differ from English (-en +%s):\n%s", tag, tag, diff)
		}
		for key, m := range c.messages {
			want := places(en.messages[key])
			for rule, form := range m.forms {
				text := join(form)
				if strings.TrimSpace(text) == "" && len(places(message{forms: m.forms})) == 0 {
					t.Errorf("%s: %s (form %d) is empty", tag, key, rule)
				}
			}
			if diff := cmp.Diff(want, places(m)); diff != "" {
				t.Errorf("%s: %s has other places than English:\n%s", tag, key, diff)
			}
		}
	}
}

func TestEveryCountedEntryHasThePluralFormsOfItsLanguage(t *testing.T) {
	for _, tag := range Tags() {
		c := For(tag)
		for key, m := range c.messages {
			if m.counted != For("en").messages[key].counted {
				t.Errorf("%s: %s is counted in one language and not in the other", tag, key)
			}
			if !m.counted {
				continue
			}
			got := slices.Sorted(maps.Keys(m.forms))
			want := slices.Clone(c.locale.PluralsCardinal())
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: plural forms of %s:\n%s", tag, key, diff)
			}
		}
	}
}

// places lists the places that a message's forms have, sorted, each once: plural forms need not all repeat the number.
func places(m message) []string {
	set := map[string]bool{}
	for _, form := range m.forms {
		for _, p := range form {
			if p.Name != "" {
				set[p.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

func TestForFindsLanguagesInAnyLetterCaseAndFallsBackToEnglish(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "en", "en-us": "en", "EN-US": "en", "is": "is", "Is": "is", "is-IS": "is", "": "en", "xx": "en", "../en": "en",
	} {
		if got := For(tag).Tag(); got != want {
			t.Errorf("For(%q) = %q, want %q", tag, got, want)
		}
	}
}

func TestMatchTakesThePreferredThenTheHeader(t *testing.T) {
	tests := []struct {
		header    string
		preferred []string
		want      string
	}{
		{"", nil, "en"},
		{"is-IS,is;q=0.9,en;q=0.8", nil, "is"},
		{"en;q=0.4, is;q=0.9", nil, "is"},
		{"de-AT,de;q=0.9,en;q=0.8", nil, "de"},
		{"pt-BR, is;q=0.1", []string{"xx"}, "is"},
		{"fr-CA, is;q=0.1", []string{"xx"}, "fr"},
		{"is", []string{"", "en-us"}, "en"},
		{"is;q=0, en", nil, "en"},
		{"no,en;q=0.5", nil, "nb"},
		{"is;q=NaN", nil, "en"},
		{"*;q=0.5", nil, "en"},
		{";;;,,,q=", nil, "en"},
	}
	for _, tt := range tests {
		if got := Match(tt.header, tt.preferred...).Tag(); got != tt.want {
			t.Errorf("Match(%q, %q) = %q, want %q", tt.header, tt.preferred, got, tt.want)
		}
	}
}

func TestDatesAndNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 50, 0, 0, time.UTC)
	tests := map[string][3]string{
		"en": {"23 November 2026", "23 November 2026 at 08:50 UTC", "1,234"},
		"is": {"23. nóvember 2026", "23. nóvember 2026 kl. 08:50 UTC", "1.234"},
		"da": {"23. november 2026", "23. november 2026 kl. 08:50 UTC", "1.234"},
		"hu": {"2026. november 23.", "2026. november 23. 08:50 (UTC)", "1\u00a0234"},
		"de": {"23. November 2026", "23. November 2026 um 08:50 Uhr (UTC)", "1.234"},
	}
	for tag, want := range tests {
		c := For(tag)
		if got := [3]string{c.Date(at), c.DateTime(at), c.Number(1234)}; got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	tests := []struct {
		tag  string
		n    int
		want string
	}{
		{"en", 1, "1 page"},
		{"en", 0, "0 pages"},
		{"en", 21, "21 pages"},
		{"is", 1, "1 síða"},
		{"is", 11, "11 síður"},
		{"is", 21, "21 síða"},
		{"is", 1000, "1.000 síður"},
		{"de", 1, "1 Seite"},
		{"de", 21, "21 Seiten"},
		{"da", 1, "1 side"},
		{"da", 21, "21 sider"},
		{"fr", 0, "0 page"},
		{"fr", 1, "1 page"},
		{"fr", 21, "21 pages"},
		{"hu", 1, "1 oldal"},
		{"hu", 21, "21 oldal"},
		{"es", 1, "1 página"},
		{"es", 21, "21 páginas"},
		{"pl", 1, "1 strona"},
		{"pl", 4, "4 strony"},
		{"pl", 21, "21 stron"},
		{"sv", 1, "1 sida"},
		{"sv", 21, "21 sidor"},
		{"cs", 1, "1 strana"},
		{"cs", 4, "4 strany"},
		{"cs", 21, "21 stran"},
		{"nb", 1, "1 side"},
		{"nb", 21, "21 sider"},
	}
	for _, tt := range tests {
		if got := For(tt.tag).N("evidence.pages", tt.n); got != tt.want {
			t.Errorf("%s, %d: %q, want %q", tt.tag, tt.n, got, tt.want)
		}
	}
}

func TestAMissingKeyShowsEnglishAndStrictlyItself(t *testing.T) {
	all, err := load(fstest.MapFS{
		"c/en/a.json": {Data: []byte(`{"only": "English {n}", "deep": {"er": "x"}, "things": {"one": "{n} thing", "other": "{n} things"}}`)},
		"c/is/a.json": {Data: []byte(`{}`)},
	}, "c")
	if err != nil {
		t.Fatal(err)
	}
	is := all.byTag["is"]
	got := []string{
		is.T("a.only", "n", 1234), is.Strict().T("a.only"), is.T("a.none"), is.T("a.deep.er"), is.T("a.only"),
		is.N("a.things", 21), is.N("a.none", 2),
	}
	// 21 is singular in Icelandic, but the text that is shown is English.
	want := []string{"English 1,234", "a.only", "a.none", "x", "English {n}", "21 things", "a.none"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPiecesKeepWordsAndValuesApart(t *testing.T) {
	type name string
	got := For("en").Pieces("evidence.code.via.sms", "to", name("<b>"))
	want := []Piece{{Text: "<b>", Name: "to", Value: name("<b>")}, {Text: " by SMS"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASentenceEndsWithOneStop(t *testing.T) {
	for name, want := range map[string]string{"Norðurljós ehf.": "Norðurljós ehf.", "Arctic A/S": "Arctic A/S."} {
		if got := For("de").T("page.decline.told", "company", name); !strings.HasSuffix(got, " an "+want) {
			t.Errorf("%q", got)
		}
	}
}

func TestCataloguesThatCannotBeRightAreRefused(t *testing.T) {
	tests := map[string]string{
		"c/is/a.json": `{}`, // no English
		"c/xx/a.json": `{}`, // no locale
		"c/en/a.json": `{"a": "{open"}`,
		"c/en/b.json": `{"a": 1}`,
		"c/en/c.json": `{"a": {"one": 1}}`,
		"c/en/d.json": `{"a": "{}"}`,
		"c/en/e.json": `[`,
	}
	for file, content := range tests {
		if _, err := load(fstest.MapFS{file: {Data: []byte(content)}}, "c"); err == nil {
			t.Errorf("%s = %s was taken", file, content)
		}
	}
}

func FuzzMatchNeverFails(f *testing.F) {
	for _, s := range []string{"is-IS,is;q=0.9,en;q=0.8", ";q=", "*", "a;q=1e999,is", ",,,"} {
		f.Add(s, "en-us")
	}
	f.Fuzz(func(t *testing.T, header, preferred string) {
		if got := Match(header, preferred); !slices.Contains(Tags(), got.Tag()) {
			t.Errorf("Match(%q, %q) = %q", header, preferred, got.Tag())
		}
	})
}
