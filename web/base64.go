package web

import (
	"encoding/base64"
	"fmt"
)

// DecodeBase64 decodes a value that was short enough to stay in the JSON, by the rules for long ones: the standard
// alphabet of RFC 4648 section 4, with padding, without stray bits in the last character. Carriage return and line
// feed are skipped wherever they stand, as MIME writers put them in; every other character is refused, blanks and
// the URL alphabet too. maxBytes bounds the result. Errors are a [*TooLargeError] or a [*MalformedError].
func DecodeBase64(path, value string, maxBytes int64) ([]byte, error) {
	d := base64Text{path: path}
	for i := range len(value) {
		if err := d.add(value[i], int64(i)); err != nil {
			return nil, err
		}
	}
	if err := d.end(int64(len(value))); err != nil {
		return nil, err
	}
	decoded, err := d.take(int64(len(value)))
	if err != nil {
		return nil, err
	}
	if int64(len(decoded)) > maxBytes {
		return nil, &TooLargeError{Path: path, Max: maxBytes}
	}
	return decoded, nil
}

// base64Text gathers the characters of a base64 text and decodes them in groups of four.
type base64Text struct {
	path  string
	chars []byte // not yet decoded
	out   []byte
	pads  int
}

// alphabet is what stands for six bits each, for [base64Text.run].
var alphabet = func() (is [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		is[c] = true
	}
	return is
}()

// run takes the characters at the beginning of src that need no second look, and says how many they are. A document is
// little else, so a character costs a step here and five in add.
func (t *base64Text) run(src []byte) int {
	if t.pads > 0 {
		return 0
	}
	n := 0
	for n < len(src) && alphabet[src[n]] {
		n++
	}
	t.chars = append(t.chars, src[:n]...)
	return n
}

// add takes the next character, which stands at offset.
func (t *base64Text) add(c byte, offset int64) error {
	switch {
	case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
		if t.pads > 0 {
			return t.fail(offset, "base64 goes on after its padding")
		}
	case c == '=':
		if t.pads++; t.pads > 2 {
			return t.fail(offset, "wrong padding of base64")
		}
	case c == '\r', c == '\n':
		return nil
	case c > ' ' && c < 0x7f:
		return t.fail(offset, fmt.Sprintf("%q is not base64", c))
	default:
		return t.fail(offset, "a character that is not base64")
	}
	t.chars = append(t.chars, c)
	return nil
}

// end checks that the padding fills the last group. That it is not longer, add has checked.
func (t *base64Text) end(offset int64) error {
	if len(t.chars)%4 != 0 {
		return t.fail(offset, "wrong padding of base64")
	}
	return nil
}

// take decodes the whole groups that are there. The result is valid until the next call.
func (t *base64Text) take(offset int64) ([]byte, error) {
	whole := len(t.chars) / 4 * 4
	if t.pads > 0 && whole < len(t.chars) {
		whole = 0 // the padding is split; all of it comes at the end
	}
	var err error
	if t.out, err = base64.StdEncoding.Strict().AppendDecode(t.out[:0], t.chars[:whole]); err != nil {
		return nil, t.fail(offset, "stray bits or padding at the end of base64")
	}
	t.chars = append(t.chars[:0], t.chars[whole:]...)
	return t.out, nil
}

func (t *base64Text) fail(offset int64, reason string) error {
	return &MalformedError{Path: t.path, Offset: offset, Reason: reason}
}
