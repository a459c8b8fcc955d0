package innsigli

import (
	"net/mail"
	"strings"
	"testing"
	"unicode"
)

func TestValidEmail(t *testing.T) {
	long := strings.Repeat("d", 60)
	for s, want := range map[string]bool{
		"anna@example.com":                true,
		"Anna.B+tag@sub.example.co":       true,
		"o'brien@example.com":             true,
		"a!#$%&'*+/=?^_`{|}~-b@x.is":      true,
		"a@localhost":                     true,
		"a@xn--kpavogur-o6a.is":           true,
		"":                                false,
		" ":                               false,
		"anna":                            false,
		"@example.com":                    false,
		"anna@":                           false,
		"anna@@example.com":               false,
		"a@b@example.com":                 false,
		".anna@example.com":               false,
		"an..na@example.com":              false,
		" anna@example.com":               false,
		"anna@example.com ":               false,
		"an na@example.com":               false,
		"anna@exam ple.com":               false,
		"Anna <anna@example.com>":         false,
		"<anna@example.com>":              false,
		`"anna b"@example.com`:            false,
		`"anna"@example.com`:              false,
		"anna@example.com (Anna)":         false,
		"anna(x)@example.com":             false,
		"anna@[192.0.2.1]":                false,
		"a@x.is,b@x.is":                   false,
		"a@x.is;b@x.is":                   false,
		"group:a@x.is;":                   false,
		`an\na@example.com`:               false,
		"a@x.is\r\nBcc: b@x.is":           false,
		"a@x.is\nBcc:b@x.is":              false,
		"a@x.is\r":                        false,
		"a\x00@x.is":                      false,
		"a@x.is\x00":                      false,
		"a\t@x.is":                        false,
		"a\x7f@x.is":                      false,
		"a\u0085@x.is":                    false,
		"a\u2028@x.is":                    false,
		"a\u202e@x.is":                    false,
		"a\u200f@x.is":                    false,
		"björn@example.com":               false, // no SMTPUTF8: its mail could not be handed over
		"anna@kópavogur.is":               false,
		"аnna@example.com":                false, // Cyrillic а
		"a@x.is\xff":                      false,
		"=?utf-8?q?a=40x.is?=":            false,
		strings.Repeat("a", 64) + "@x.is": true,
		"a@" + strings.Join([]string{long, long, long, long}, ".") + "." + strings.Repeat("e", 8): true,  // 254
		"a@" + strings.Join([]string{long, long, long, long}, ".") + "." + strings.Repeat("e", 9): false, // 255
		strings.Repeat("a@", 1<<20): false,
	} {
		if got := ValidEmail(s); got != want {
			t.Errorf("%.60q (%d bytes): got %v", s, len(s), got)
		}
	}
}

// FuzzValidEmail: what counts as an address can be written into a header and an SMTP command as it is, and is read back
// as that one address and nothing else.
func FuzzValidEmail(f *testing.F) {
	for _, s := range []string{
		"anna@example.com", "a+b@x.is", "a@x.is\r\nBcc: b@x.is", "a@x.is\n\nbody", "<a@x.is>", "a@x.is,b@x.is", "\"a\r\nb\"@x.is",
		"a@x.is\x00", "=?utf-8?q?a?=@x.is", "a@[x]", "g:a@x.is;", "a@x.is>\r\nRCPT TO:<b@x.is", "(c)a@x.is", "a\u2028@x.is", "a@x.is SIZE=1",
		`a@x.is" onload="x`, "a@" + strings.Repeat("x", 252), "''@x.is", "a@b.", "-a@x.is",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !ValidEmail(s) {
			return
		}
		if len(s) > MaxAddress || strings.Count(s, "@") != 1 || strings.ContainsAny(s, "\r\n\x00 <>,;:\"()[]\\") {
			t.Fatalf("%q", s)
		}
		if i := strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) }); i >= 0 {
			t.Fatalf("%q has byte %#x", s, s[i])
		}
		m, err := mail.ReadMessage(strings.NewReader("To: " + s + "\r\nSubject: x\r\n\r\nbody"))
		if err != nil {
			t.Fatalf("%q breaks a header: %v", s, err)
		}
		if len(m.Header) != 2 || m.Header.Get("Subject") != "x" {
			t.Fatalf("%q injects headers: %v", s, m.Header)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != s || to[0].Name != "" {
			t.Fatalf("%q is read back as %v, %v", s, to, err)
		}
	})
}

func TestCheckText(t *testing.T) {
	for name, tc := range map[string]struct {
		s    string
		code string
	}{
		"empty":             {"", ""},
		"name":              {"Þórarinn Æ. Ö", ""},
		"Arabic with mark":  {"محمد\u200f", ""},
		"left-to-right":     {"a\u200eb", ""},
		"Arabic letter":     {"\u061cمحمد", ""},
		"joiner":            {"\u0644\u200d", ""},
		"emoji":             {"👩‍👧", ""},
		"carriage return":   {"a\rb", "ControlCharacters"},
		"line feed":         {"a\nb", "ControlCharacters"},
		"both":              {"a\r\nBcc: b@x.is", "ControlCharacters"},
		"NUL":               {"a\x00", "ControlCharacters"},
		"tab":               {"a\tb", "ControlCharacters"},
		"escape":            {"\x1b[2J", "ControlCharacters"},
		"delete":            {"a\x7f", "ControlCharacters"},
		"next line":         {"a\u0085", "ControlCharacters"},
		"line separator":    {"a\u2028", "ControlCharacters"},
		"paragraph sep.":    {"a\u2029", "ControlCharacters"},
		"RTL override":      {"invoice\u202efdp.exe", "ControlCharacters"},
		"LTR override":      {"\u202da", "ControlCharacters"},
		"RTL embedding":     {"\u202ba", "ControlCharacters"},
		"pop":               {"a\u202c", "ControlCharacters"},
		"isolates":          {"\u2066a\u2069", "ControlCharacters"},
		"first strong":      {"\u2068a", "ControlCharacters"},
		"broken UTF-8":      {"a\xff", "Utf8"},
		"overlong NUL":      {"\xc0\x80", "Utf8"},
		"surrogate":         {"\xed\xa0\x80", "Utf8"},
		"twenty runes":      {strings.Repeat("þ", 20), ""},
		"one more":          {strings.Repeat("þ", 21), "Length"},
		"a million":         {strings.Repeat("x", 1_000_000), "Length"},
		"long with control": {strings.Repeat("\n", 21), "Length"},
	} {
		t.Run(name, func(t *testing.T) {
			var bad fieldErrors
			checkText(&bad, "createSignees[1].name", tc.s, 20)
			switch {
			case tc.code == "" && len(bad) > 0:
				t.Errorf("refused: %v", bad)
			case tc.code != "" && (len(bad) != 1 || bad[0].Code != tc.code || bad[0].Field != "createSignees[1].name"):
				t.Errorf("got %v, want %s", bad, tc.code)
			}
		})
	}
}

func TestCleanPhone(t *testing.T) {
	for s, want := range map[string]string{
		"+3545550001":                  "+3545550001",
		"+354 555-0001":                "+3545550001",
		"(354) 555 0001":               "3545550001",
		"555.0001":                     "5550001",
		"12/345":                       "12345",
		"12345":                        "12345",
		"123456789012345":              "123456789012345",
		"1234567890123456":             "", // E.164: 15 digits
		"1234":                         "",
		"":                             "",
		"+":                            "",
		"++35455500":                   "",
		"354+55500":                    "",
		"call me":                      "",
		"555000a":                      "",
		"+354555\r\n0001":              "",
		"5550001\x00":                  "",
		"\u202e5550001":                "",
		"٥٥٥٠٠٠١":                      "", // Arabic-Indic digits: gateways take ASCII
		"５５５０００１":                      "",
		"+354\u00a0555":                "",
		strings.Repeat("1", 1_000_000): "",
		strings.Repeat(" ", 1_000_000): "",
	} {
		got, ok := cleanPhone(s)
		if got != want || ok != (want != "") {
			t.Errorf("%.40q: got %q, %v", s, got, ok)
		}
	}
}
