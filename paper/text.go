package paper

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// missing is drawn for a letter that the fonts lack. All three faces have it.
const missing = '□'

// clean makes a text from outside drawable: composed letters (a Mac sends file names decomposed), one line, nothing
// invisible. Marks of direction go, since they would else be boxes, or turn a name around. A letter that the face lacks
// becomes [missing]; lost is how many did.
func clean(f *face, s string) (out string, lost int) {
	var b strings.Builder
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) {
		switch {
		case r == '\u2010' || r == '\u2011':
			b.WriteByte('-') // hyphens that look just like it
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Z, r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		case f.has(r):
			b.WriteRune(r)
		default:
			b.WriteRune(missing)
			lost++
		}
	}
	return strings.TrimSpace(b.String()), lost
}

// wrap breaks a clean text into lines no wider than width: at blanks, else (in a word that is longer than a line) after
// a mark that joins its parts, else anywhere. Nothing but blanks at the breaks is left out. An empty text is no line.
func wrap(s style, text string, width float64) []string {
	var lines []string
	rs := []rune(text)
	start, blank, joint, x := 0, 0, 0, 0.0
	emit := func(end int) {
		lines = append(lines, strings.TrimRight(string(rs[start:end]), " "))
		start = end
	}
	for i, r := range rs {
		w := s.face.widths[r] * s.size
		for x+w > width && i > start && r != ' ' {
			switch {
			case blank > start:
				emit(blank)
			case joint > start:
				emit(joint)
			default:
				emit(i)
			}
			x = s.width(string(rs[start:i]))
		}
		x += w
		switch {
		case r == ' ':
			blank = i + 1
		case x > width/2 && strings.ContainsRune("_-.,;:/@&=?+", r):
			joint = i + 1
		}
	}
	if start < len(rs) {
		emit(len(rs))
	}
	return lines
}

// ellipsize shortens a clean text to one line, saying so with an ellipsis.
func ellipsize(s style, text string, width float64) string {
	if s.width(text) <= width {
		return text
	}
	rs := []rune(text)
	room := width - s.width("…")
	x := 0.0
	for i, r := range rs {
		if x += s.face.widths[r] * s.size; x > room {
			return strings.TrimRight(string(rs[:i]), " ") + "…"
		}
	}
	return text
}

// fit finds the largest of the sizes, largest first, at which the text takes at most n lines of the width; at the
// smallest it is cut with an ellipsis.
func fit(s style, text string, width float64, n int, sizes ...float64) (style, []string) {
	var lines []string
	for _, size := range sizes {
		s = s.sized(size)
		if lines = wrap(s, text, width); len(lines) <= n {
			return s, lines
		}
	}
	rest := strings.Join(lines[n-1:], " ")
	return s, append(slices.Clone(lines[:n-1]), ellipsize(s, rest, width))
}
