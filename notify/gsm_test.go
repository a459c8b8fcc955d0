package notify

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/lang"
)

// segments says how many SMS a text is sent as, and whether in the GSM alphabet (3GPP TS 23.040, 9.2.3.24.1: with the header of a
// part there is room for 153 letters or 67 units).
func segments(text string) (n int, seven bool) {
	units, whole, part := len(utf16.Encode([]rune(text))), 70, 67
	seven = !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(gsmBasic+gsmExtended, r) })
	if seven {
		units, whole, part = len([]rune(text)), 160, 153
		for _, r := range gsmExtended {
			units += strings.Count(text, string(r))
		}
	}
	if units <= whole {
		return 1, seven
	}
	return (units + part - 1) / part, seven
}

func TestPunctuationDoesNotKeepATextOutOfTheGSMAlphabet(t *testing.T) {
	for text, want := range map[string]string{
		"Acme asks you to sign “lease.pdf”:":                        "Acme asks you to sign \"lease.pdf\":",
		"Acme vous demande de signer «\u00a0bail.pdf\u00a0»\u00a0:": "Acme vous demande de signer \"bail.pdf\" :",
		"Größe „Miete…“ – für 5 €":                                  "Größe \"Miete...\" - für 5 €",
		"L’accord":                                                  "L'accord",
		"„Þjónustusamningur“":                                       "„Þjónustusamningur“", // needs UCS-2 anyway
		"„Smlouva č. 1“":                                            "„Smlouva č. 1“",
		"Ann\u200d \u202e“x”":                                       "Ann\u200d \u202e“x”", // a letter that turns the direction is for clean to take out
		"":                                                          "",
	} {
		if got := gsm(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestWhatEachSmsCosts holds, for each language, in how many SMS its texts go out with plain names and a link of the usual
// length, and whether the GSM alphabet has their letters. Who makes a text longer sees here what it costs.
func TestWhatEachSmsCosts(t *testing.T) {
	type cost struct {
		Invitation, Reminder, Code, Canceled, Declined, Expired int
		Seven                                                   string // which of them are in the GSM alphabet
	}
	link := "\nhttps://sign.example.is/s/sp00112233445566778899aabbccddeeff/si101112131415161718191a1b1c1d1e1f"
	got := map[string]cost{}
	for _, tag := range lang.Tags() {
		words := lang.For(tag)
		var c cost
		one := func(to *int, letter, text string) {
			n, seven := segments(gsm(text))
			if *to = n; seven {
				c.Seven += letter
			}
		}
		args := []any{"company", "Acme", "document", "contract.pdf", "date", "23.11.2026", "code", "024680"}
		one(&c.Invitation, "i", words.T("sms.invitation", args...)+link)
		one(&c.Reminder, "r", words.T("sms.reminder", args...)+link)
		one(&c.Code, "c", words.T("sms.code", args...)+"\n"+words.N("sms.valid", 10)+"\n\n@sign.example.is #024680")
		one(&c.Canceled, "x", words.T("sms.canceled", args...))
		one(&c.Declined, "d", words.T("sms.declined", args...))
		one(&c.Expired, "e", words.T("sms.expired", args...))
		got[tag] = c
	}
	want := map[string]cost{
		"en": {1, 1, 1, 1, 2, 1, "ircxde"},
		"da": {1, 1, 1, 1, 2, 1, "ircxde"},
		"nb": {1, 1, 1, 1, 2, 1, "ircxde"},
		"sv": {1, 1, 1, 1, 2, 1, "ircxde"},
		"fr": {1, 1, 1, 1, 2, 1, "ircxde"},
		"de": {1, 1, 1, 2, 2, 2, "ircxde"},
		"es": {1, 1, 2, 2, 3, 1, "ire"}, // the alphabet has no í, ó, ú
		"pl": {1, 1, 2, 2, 3, 2, "ir"},
		"cs": {3, 3, 2, 3, 3, 2, ""},
		"hu": {3, 3, 3, 2, 3, 2, ""},
		"is": {3, 3, 2, 3, 3, 3, ""},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
