package notify

import (
	"net/mail"
	"strings"
	"unicode"

	"github.com/innsigli/innsigli"
)

// How much of an asker's text one message shows, in characters. A name that is longer is cut with an ellipsis, so that
// it cannot push what we say out of sight.
const (
	maxName     = 80
	maxDocument = 120
	maxInSms    = 40
	maxSender   = 60
)

// clean makes a text that an asker chose harmless wherever a message shows it: one line, without control characters
// and without the invisible characters that turn the direction of what follows or hide letters (Unicode TR 36, 3.1).
// Joiners stay, since names in Persian and Indic scripts need them. HTML is escaped where HTML is made.
func clean(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d':
			return r
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Co):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}

// senderName is a company's name as the display name of From, or "" when it is not plainly a name. A name that looks
// like an address, or that a mail program might decode once more, is how a stranger passes for somebody else.
func senderName(company string) string {
	s := clean(company, maxSender)
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(" .,&'’()+/-", r)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) || !strings.ContainsFunc(s, unicode.IsLetter) {
		return ""
	}
	return s
}

// validAddress says whether s is one plain e-mail address, fit for a header and for RCPT TO.
func validAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= innsigli.MaxAddress && clean(s, len(s)+1) == s &&
		!strings.ContainsAny(s, "<>\" ")
}
