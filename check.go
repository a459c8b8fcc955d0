package innsigli

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkEmail adds a finding unless s is one plain e-mail address: no display name, no control characters, ASCII.
func checkEmail(bad *fieldErrors, field, s string) {
	if !ValidEmail(s) {
		bad.add(field, "Email", field+" is not a valid e-mail address.")
	}
}

// ValidEmail says whether s is one plain e-mail address (RFC 5321 4.1.2 without comments and quoted names).
func ValidEmail(s string) bool {
	if s == "" || len(s) > MaxAddress || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && !strings.ContainsAny(s, `"<>(),;:\[]`)
}

// checkText adds a finding when s is too long, no UTF-8, or carries characters that would change how other text on the
// page or in a header reads.
func checkText(bad *fieldErrors, field, s string, maxRunes int) {
	switch {
	case !utf8.ValidString(s):
		bad.add(field, "Utf8", field+" is not valid UTF-8.")
	case utf8.RuneCountInString(s) > maxRunes:
		bad.add(field, "Length", fmt.Sprintf("%s is longer than %d characters.", field, maxRunes))
	case hasControl(s):
		bad.add(field, "ControlCharacters", field+" must not contain control characters.")
	}
}

// hasControl finds control characters, line breaks, and the bidirectional embeddings, overrides and isolates that can
// make a name read as another (Unicode TR 36). The marks U+200E, U+200F and U+061C, which real names carry, are let
// through.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	})
}

// Storable says whether a text can be stored or looked up: PostgreSQL takes neither NUL nor what is not UTF-8, in a
// condition either, and nothing that is stored has them.
func Storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// cleanPhone strips the separators people write into numbers; ok is false when what is left is no number.
func cleanPhone(s string) (string, bool) {
	out := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "/", "").Replace(s)
	digits := strings.TrimPrefix(out, "+")
	if len(digits) < 5 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" { // E.164: at most 15 digits
		return "", false
	}
	return out, true
}
