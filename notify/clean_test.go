package notify

import (
	"mime"
	"net/mail"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanTakesTheHarmAndLeavesTheName(t *testing.T) {
	for in, want := range map[string]string{
		"Sigrún Þöll Ægisdóttir":       "Sigrún Þöll Ægisdóttir",
		"  a \t b\r\nBcc: c@d  ":       "a b Bcc: c@d",
		"invoice\u202efdp.exe":         "invoicefdp.exe",
		"a\u2028b\u0085c\x00d":         "a b c d",
		"\u2066x\u2069\ufeff\u200by":   "xy",
		"می\u200cخواهم":                "می\u200cخواهم",
		"bad \xff bytes":               "bad \ufffd bytes",
		strings.Repeat("x", 30):        strings.Repeat("x", 19) + "…",
		"<b>&amp; {owner} %s</b>":      "<b>&amp; {owner} %s…",
		"family 👩\u200d👧 of 日本語 names": "family 👩\u200d👧 of 日本語 n…",
	} {
		most := 20
		if !strings.HasPrefix(want, "xxx") && !strings.HasSuffix(want, "…") {
			most = 80
		}
		if got := clean(in, most); got != want {
			t.Errorf("clean(%q, %d) = %q, want %q", in, most, got, want)
		}
	}
}

func TestSenderNameIsANameOrNothing(t *testing.T) {
	for in, want := range map[string]string{
		"Norðurljós ehf.":             "Norðurljós ehf.",
		"O’Neill & Sons (Dublin)":     "O’Neill & Sons (Dublin)",
		"service@paypal.example":      "",
		`Bank" <ceo@bank.example>, "`: "",
		"=?utf-8?q?Bank?=":            "",
		"1234":                        "",
		"":                            "",
		"Bank\r\nBcc: x":              "",
		"株式会社":                        "株式会社",
	} {
		if got := senderName(in); got != want {
			t.Errorf("senderName(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"Anna", "a\r\nb", "\u202e", "\xff", "=?utf-8?b?AAAA?=", strings.Repeat("é", 300), "👩\u200d👧"} {
		f.Add(s, 40)
	}
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 2 + most&127
		got := clean(s, most)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > most {
			t.Fatalf("clean(%q, %d) = %q", s, most, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) || r == '\u2028' || r == '\u2029' {
				t.Fatalf("clean(%q) keeps %U", s, r)
			}
		}
		if again := clean(got, most); again != got {
			t.Fatalf("clean(%q) = %q and then %q", s, got, again)
		}
		h := encodeText(got)
		back, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(h, "\r\n ", " "))
		if err != nil || back != got {
			t.Fatalf("header %q reads as %q, want %q (%v)", h, back, got, err)
		}
		for l := range strings.SplitSeq("Subject: "+h, "\r\n") {
			if strings.ContainsAny(l, "\r\n") || strings.Contains(l, "=?utf-8") && len(l) > 76 {
				t.Fatalf("line %q", l)
			}
		}
		if n := senderName(s); n != "" {
			a, err := mail.ParseAddress(strings.ReplaceAll(encodeAddress(mail.Address{Name: n, Address: "a@b.example"}), "\r\n", ""))
			if err != nil || a.Name != n || a.Address != "a@b.example" {
				t.Fatalf("sender %q reads as %v (%v)", n, a, err)
			}
		}
		if n := fileName(s); n == "" || strings.ContainsAny(n, "/\\") || strings.HasPrefix(n, ".") {
			t.Fatalf("file name %q of %q", n, s)
		}
	})
}
