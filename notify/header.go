package notify

import (
	"encoding/base64"
	"net/mail"
	"strings"
	"unicode/utf8"
)

// encodedChunk is how many bytes of text go into one encoded word: with "=?utf-8?b?…?=" that makes 64 characters, so
// that a line with the header's name in front stays under the 76 of RFC 2047 section 2.
const encodedChunk = 39

// encodeText makes the value of an unstructured header. Text that holds anything but printable ASCII, or that a
// reader could take for an encoded word, is encoded whole; each word is on a line of its own.
func encodeText(s string) string {
	if isPlain(s) && !strings.Contains(s, "=?") && len(s) <= 400 {
		return s
	}
	var words []string
	for len(s) > 0 {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > encodedChunk {
				break
			}
			n += size
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, "\r\n ")
}

func isPlain(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// encodeAddress makes the value of From, To or Reply-To. Names have been through [senderName]: what is plain in them
// can stand between quotes as it is.
func encodeAddress(a mail.Address) string {
	switch {
	case a.Name == "":
		return "<" + a.Address + ">"
	case isPlain(a.Name):
		return `"` + a.Name + `" <` + a.Address + ">"
	}
	return encodeText(a.Name) + "\r\n <" + a.Address + ">"
}
