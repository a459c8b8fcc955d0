package pdf

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// TextString writes a text string (ISO 32000-1, 7.9.2.2): ASCII as a literal,
// anything else as UTF-16BE in hexadecimal, so that no byte needs an escape that
// some reader gets wrong.
func TextString(s string) string {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return utf16String(s)
		}
	}
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(s) + ")"
}

func utf16String(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteByte('>')
	return b.String()
}

// DecodeText reads a text string; PDFDocEncoding is taken for Latin-1, from which
// it differs in a few signs only.
func DecodeText(s String) string {
	switch {
	case strings.HasPrefix(string(s), "\xfe\xff"):
		var u []uint16
		for i := 2; i+1 < len(s); i += 2 {
			u = append(u, uint16(s[i])<<8|uint16(s[i+1]))
		}
		return string(utf16.Decode(u))
	case strings.HasPrefix(string(s), "\xef\xbb\xbf"):
		return strings.ToValidUTF8(string(s[3:]), "\ufffd")
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// Date writes a time as a date string (ISO 32000-1, 7.9.4), in UTC.
func Date(t time.Time) string { return "(D:" + t.UTC().Format("20060102150405") + "Z)" }

// nameText writes a name with its slash (ISO 32000-1, 7.3.5).
func nameText(n Name) string {
	var b strings.Builder
	b.WriteByte('/')
	for _, c := range []byte(n) {
		if c <= ' ' || c > '~' || c == '#' || isDelimiter(c) {
			fmt.Fprintf(&b, "#%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// realText writes a number without an exponent, which PDF does not know, to a
// ten-thousandth of a point.
func realText(f float64) string {
	s := strconv.FormatFloat(f, 'f', 4, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

func reals(f ...float64) string {
	s := make([]string, len(f))
	for i := range f {
		s[i] = realText(f[i])
	}
	return strings.Join(s, " ")
}
