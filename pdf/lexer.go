package pdf

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// errShort ends a parse at the end of the window; the caller takes a larger one.
var errShort = errors.New("object is cut off")

// keyword is a bare word that is no value.
type keyword string

// lexer parses one object from a window of the document. short is set whenever
// the end of the window was looked at: what was parsed may then go on behind it.
type lexer struct {
	b      []byte
	p      int
	short  bool
	values int
	src    *source
}

func newLexer(b []byte) *lexer { return &lexer{b: b, values: maxValues, src: &source{b}} }

// isSpace and isDelimiter: ISO 32000-1, 7.2.2, tables 1 and 2.
func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == 0 || c == '\f'
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// end tells whether the window is used up.
func (l *lexer) end() bool {
	if l.p < len(l.b) {
		return false
	}
	l.short = true
	return true
}

// space skips white space and comments.
func (l *lexer) space() {
	for !l.end() {
		switch c := l.b[l.p]; {
		case isSpace(c):
			for l.p++; l.p < len(l.b) && isSpace(l.b[l.p]); l.p++ {
			}
		case c == '%':
			for !l.end() && l.b[l.p] != '\n' && l.b[l.p] != '\r' {
				l.p++
			}
		default:
			return
		}
	}
}

// word takes regular characters.
func (l *lexer) word() []byte {
	from := l.p
	for !l.end() && !isSpace(l.b[l.p]) && !isDelimiter(l.b[l.p]) {
		l.p++
	}
	return l.b[from:l.p]
}

// has tells whether s stands here.
func (l *lexer) has(s string) bool {
	if len(l.b)-l.p < len(s) {
		l.short = true
	}
	return bytes.HasPrefix(l.b[min(l.p, len(l.b)):], []byte(s))
}

// number takes an unsigned whole number, -1 if there is none.
func (l *lexer) number() int {
	l.space()
	w := l.word()
	if len(w) == 0 || len(w) > 15 {
		return -1
	}
	n := 0
	for _, c := range w {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// value parses one value; "n g R" becomes a Ref.
func (l *lexer) value(depth int) (any, error) {
	if depth > MaxNesting {
		return nil, Refuse(TooComplex, "values nest too deep")
	}
	if l.values--; l.values < 0 {
		return nil, Refuse(TooComplex, "an object holds too many values")
	}
	l.space()
	if l.end() {
		return nil, errShort
	}
	switch c := l.b[l.p]; {
	case c == '<':
		if l.has("<<") {
			return l.dict(depth)
		}
		return l.hexString()
	case c == '(':
		return l.literal()
	case c == '/':
		return l.name(), nil
	case c == '[':
		return l.array(depth)
	case c == '+' || c == '-' || c == '.' || c >= '0' && c <= '9':
		return l.numeric()
	default:
		return l.bare()
	}
}

func (l *lexer) bare() (any, error) {
	w := l.word()
	switch string(w) {
	case "":
		return nil, broken("unexpected character %q", l.b[l.p])
	case "null":
		return nil, nil //nolint:nilnil // null is a value
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return keyword(w[:min(len(w), 32)]), nil
}

// numeric parses a number or a reference, which begins like one.
func (l *lexer) numeric() (any, error) {
	w := l.word()
	if n, err := strconv.Atoi(string(w)); err == nil {
		if n < 0 || w[0] == '+' {
			return n, nil
		}
		save := l.p
		if gen := l.number(); gen >= 0 && gen <= math.MaxUint16 {
			l.space()
			if l.has("R") && (l.p+1 >= len(l.b) || isSpace(l.b[l.p+1]) || isDelimiter(l.b[l.p+1])) {
				l.p++
				l.end()
				if n > MaxObjects {
					return nil, nil //nolint:nilnil // a reference to no object is null (ISO 32000-1, 7.3.10)
				}
				return Ref{n, gen}, nil
			}
		}
		l.p = save
		return n, nil
	}
	return realNumber(w)
}

// realNumber is strict about characters: ParseFloat would take "1e9" and "+Inf".
func realNumber(w []byte) (any, error) {
	for i, c := range w {
		if (c < '0' || c > '9') && c != '.' && (i > 0 || c != '-' && c != '+') {
			return nil, broken("malformed number")
		}
	}
	f, err := strconv.ParseFloat(string(w), 64)
	if err != nil {
		return nil, broken("malformed number")
	}
	return f, nil
}

func (l *lexer) array(depth int) (any, error) {
	l.p++
	a := Array{}
	for {
		l.space()
		if l.end() {
			return nil, errShort
		}
		if l.b[l.p] == ']' {
			l.p++
			return a, nil
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(keyword); ok {
			return nil, broken("bare word in an array")
		}
		a = append(a, v)
	}
}

func (l *lexer) dict(depth int) (any, error) {
	d := &Dict{src: l.src, from: l.p}
	l.p += 2
	for {
		l.space()
		if l.end() {
			return nil, errShort
		}
		if l.has(">>") {
			l.p += 2
			d.to = l.p
			return d, nil
		}
		if l.b[l.p] != '/' {
			return nil, broken("a dictionary key is no name")
		}
		e := entry{keyAt: l.p}
		e.key = l.name()
		l.space()
		e.from = l.p
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, ok := v.(keyword); ok {
			return nil, broken("bare word in a dictionary")
		}
		e.value, e.to = v, l.p
		d.entries = append(d.entries, e)
	}
}

// name: ISO 32000-1, 7.3.5.
func (l *lexer) name() Name {
	l.p++
	w := l.word()
	if bytes.IndexByte(w, '#') < 0 {
		return Name(w)
	}
	out := make([]byte, 0, len(w))
	for i := 0; i < len(w); i++ {
		if w[i] == '#' && i+2 < len(w) {
			if n, err := strconv.ParseUint(string(w[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, w[i])
	}
	return Name(out)
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// hexString: ISO 32000-1, 7.3.4.3; a missing last digit counts as 0.
func (l *lexer) hexString() (any, error) {
	l.p++
	var out []byte
	var high byte
	half := false
	for ; !l.end(); l.p++ {
		c := l.b[l.p]
		if c == '>' {
			l.p++
			if half {
				out = append(out, high<<4)
			}
			return String(out), nil
		}
		v, ok := hexDigit(c)
		switch {
		case !ok && isSpace(c):
		case !ok:
			return nil, broken("malformed hexadecimal string")
		case half:
			out, half = append(out, high<<4|v), false
		default:
			high, half = v, true
		}
	}
	return nil, errShort
}

// literal: ISO 32000-1, 7.3.4.2. Parentheses are counted, not recursed into.
func (l *lexer) literal() (any, error) {
	l.p++
	var out []byte
	for depth := 1; !l.end(); l.p++ {
		c := l.b[l.p]
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.p++
				return String(out), nil
			}
		case '\r':
			l.crlf()
			c = '\n'
		case '\\':
			l.p++
			if l.end() {
				return nil, errShort
			}
			e, ok := l.escape()
			if !ok {
				continue
			}
			c = e
		}
		out = append(out, c)
	}
	return nil, errShort
}

// crlf steps onto the line feed of a CR LF pair.
func (l *lexer) crlf() {
	if l.p+1 < len(l.b) && l.b[l.p+1] == '\n' {
		l.p++
	}
}

// escape decodes the character behind a backslash; false for a line's continuation.
func (l *lexer) escape() (byte, bool) {
	switch c := l.b[l.p]; {
	case c == 'n':
		return '\n', true
	case c == 'r':
		return '\r', true
	case c == 't':
		return '\t', true
	case c == 'b':
		return '\b', true
	case c == 'f':
		return '\f', true
	case c == '\r' || c == '\n':
		if c == '\r' {
			l.crlf()
		}
		return 0, false
	case c >= '0' && c <= '7':
		n := 0
		for i := 0; i < 3 && l.p < len(l.b) && l.b[l.p] >= '0' && l.b[l.p] <= '7'; i++ {
			n = n*8 + int(l.b[l.p]-'0')
			l.p++
		}
		l.p--
		return byte(n & 0xff), true // high-order overflow is ignored (7.3.4.2)
	default:
		return c, true
	}
}
