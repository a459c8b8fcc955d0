package paper

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// missing stands for letters that the fonts lack. It says that something is left out; a box would say that this program
// is broken. All three faces have it.
const missing = '…'

// passport has the letters that Unicode does not take apart and the fonts lack, as passports write them
// (ICAO Doc 9303-3, section 6).
var passport = strings.NewReplacer(
	"Ə", "E", "ə", "e", "Ŋ", "N", "ŋ", "n", "ẞ", "SS", "Ɖ", "D", "ɖ", "d", "Ɛ", "E", "ɛ", "e", "Ɔ", "O", "ɔ", "o",
)

// clean makes a text from outside drawable: composed letters (a Mac sends file names decomposed), one line, nothing
// invisible. Marks of direction go, and no face has a letter that is written from right to left, so a name cannot turn
// what stands around it. A letter that the face lacks is drawn without its accents, or as passports write it; what has
// no such form becomes one [missing]. lost is how many letters are not as they were.
func clean(f *face, s string) (out string, lost int) {
	var b strings.Builder
	gone := false // the last thing written is missing
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "\uFFFD")) {
		was := gone
		gone = false
		switch {
		case r == '\u2010' || r == '\u2011':
			b.WriteByte('-') // hyphens that look just like it
		case unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Z, r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
			gone = was
		case f.has(r):
			b.WriteRune(r)
		case unicode.Is(unicode.M, r): // an accent that could not be put onto its letter
			gone, lost = was, lost+1
		default:
			lost++
			if plain := f.plain(r); plain != "" {
				b.WriteString(plain)
				continue
			}
			if gone = true; !was {
				b.WriteRune(missing)
			}
		}
	}
	return strings.TrimSpace(b.String()), lost
}

// plain is a letter without its accents, or as passports write it; empty when the face lacks that too.
func (f *face) plain(r rune) string {
	var b strings.Builder
	for _, p := range norm.NFKD.String(passport.Replace(string(r))) {
		if unicode.Is(unicode.M, p) {
			continue
		}
		if !f.has(p) {
			return ""
		}
		b.WriteRune(p)
	}
	return b.String()
}

// cleanName makes a name drawable by whole words: a half of a word would be somebody else's name. It is empty when no
// word is left, for the caller to say who it is in another way.
func cleanName(f *face, s string) (out string, lost int) {
	var words []string
	whole := false
	for _, w := range strings.FieldsFunc(s, unicode.IsSpace) {
		c, n := clean(f, w)
		lost += n
		if strings.ContainsRune(c, missing) && !strings.ContainsRune(w, missing) {
			if len(words) == 0 || words[len(words)-1] != string(missing) {
				words = append(words, string(missing))
			}
			continue
		}
		if whole = whole || strings.ContainsFunc(c, unicode.IsLetter); c != "" {
			words = append(words, c)
		}
	}
	if !whole {
		return "", lost
	}
	return strings.Join(words, " "), lost
}

// calledBy is the first of a person's names that can be drawn and says who it is, all of one line.
func calledBy(f *face, name string, others ...string) (out string, lost int) {
	out, lost = cleanName(f, name)
	for _, o := range others {
		if out != "" {
			return out, lost
		}
		if c, n := clean(f, o); n == 0 {
			out = c
		}
	}
	return out, lost
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
