package innsigli

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"strings"
	"time"
)

// Mark is what is drawn on the document for one signee who has signed, or for a company that seals it.
type Mark struct {
	Style   MarkStyle
	Seal    bool // a company's: Name is its own, Code the seal's certificate where that bears another name
	Name    string
	Contact string // e-mail, else phone: drawn where the fonts lack the letters of the name
	Code    string // personal code as shown; empty when it is hidden or there is none
	Reason  string
	At      time.Time
	Key     SigneeKey
	// Drawing is the person's drawn or typed signature as PNG, at most what [CheckDrawing] lets through; nil for none.
	Drawing  []byte
	Language Language
}

// Limits on a drawn signature: a finger on a phone draws about 1000 × 400 points of thin lines, which are 30 kB.
const (
	MaxDrawingBytes = 256 << 10
	MaxDrawingSide  = 2000 // pixels
)

var errDrawing = errors.New("signature image is no PNG that can be drawn")

// CheckDrawing refuses a signature image that is no PNG, is empty, or is larger than [MaxDrawingBytes] or
// [MaxDrawingSide]. It reads the size before the pixels, so that a small file cannot ask for much memory.
func CheckDrawing(b []byte) error {
	if len(b) > MaxDrawingBytes {
		return fmt.Errorf("signature image of %d bytes exceeds %d", len(b), MaxDrawingBytes)
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return errors.Join(errDrawing, err)
	}
	if c.Width > MaxDrawingSide || c.Height > MaxDrawingSide {
		return fmt.Errorf("signature image of %d × %d pixels exceeds %d", c.Width, c.Height, MaxDrawingSide)
	}
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		return errors.Join(errDrawing, err)
	}
	return nil
}

// markOf is the mark of a person who has signed.
func markOf(s Signee, c Company, style MarkStyle) Mark {
	return Mark{
		Style: style, Name: s.Name, Contact: s.contact(), Code: s.shownCode(), Reason: s.Reason, At: s.SignedAt, Key: s.Key,
		Language: s.Lang(c),
	}
}

// contact is where the person can be reached: the e-mail address, else the phone number.
func (s Signee) contact() string {
	if s.Email != "" {
		return s.Email
	}
	return s.Phone
}

// shownCode is the personal code as a document may show it: six digits, a dash and four for an Icelandic one, as given
// for others; empty when it is hidden (hidePersonalCode) or was not given.
func (s Signee) shownCode() string {
	if s.HideCode {
		return ""
	}
	digits := strings.NewReplacer("-", "", " ", "").Replace(s.Ssn)
	if len(digits) == 10 && strings.Trim(digits, "0123456789") == "" {
		return digits[:6] + "-" + digits[6:]
	}
	return s.Ssn
}
