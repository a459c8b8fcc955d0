package notify

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// Message is one mail to one address (RFC 5322, RFC 2045). It can be written as often as it takes, and apart from Date
// the bytes are the same each time.
type Message struct {
	UID      string // 32 hex digits, the same on every attempt
	Domain   string // right half of the Message-ID
	Return   string // the envelope's sender, to which a bounce goes; empty: From
	Date     time.Time
	From     mail.Address
	To       mail.Address
	ReplyTo  string // an address, may be empty
	Subject  string
	Text     string
	HTML     string
	Language string // BCP 47
	// Unsubscribe is an address that a POST without credentials unsubscribes at (RFC 8058); empty for none.
	Unsubscribe string
	Logo        []byte // a PNG that HTML shows as cid:[LogoID]; nil for none
	Files       []innsigli.Attachment

	signatures string // header fields of DKIM, which stand before all others
}

// LogoID is the Content-ID of the logo, without its brackets. Parts of other messages cannot be meant by it: each is a
// whole of its own (RFC 2387).
const LogoID = "logo@innsigli"

// MessageID is what a receiver recognises a second delivery by: a function of the job alone.
func (m *Message) MessageID() string { return "<" + m.UID + "@" + m.Domain + ">" }

// sender is the address of the envelope (RFC 5321 2.3.1).
func (m *Message) sender() string { return cmp.Or(m.Return, m.From.Address) }

// WriteTo writes the message with CRLF line ends and returns the number of bytes. Attachments are streamed. It fails
// when an attachment does not give the bytes it promised; what was written must then not be taken for a message.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	return m.write(w, func(w io.Writer, a innsigli.Attachment) (int64, error) {
		lines := &lineBreaker{w: w}
		enc := base64.NewEncoder(base64.StdEncoding, lines)
		n, err := a.WriteTo(enc)
		switch {
		case err != nil:
			return 0, fmt.Errorf("read attachment: %w", err)
		case n != a.Size:
			return 0, fmt.Errorf("attachment has %d bytes instead of %d", n, a.Size)
		}
		if err := enc.Close(); err != nil {
			return 0, err
		}
		return 0, lines.Close()
	})
}

// Size is the number of bytes that WriteTo writes, without reading an attachment.
func (m *Message) Size() int64 {
	n, err := m.write(io.Discard, func(_ io.Writer, a innsigli.Attachment) (int64, error) {
		return encodedSize(a.Size), nil
	})
	if err != nil { // io.Discard takes everything
		return 0
	}
	return n
}

// fileWriter writes the encoded bytes of an attachment, or says how many they would be.
type fileWriter func(io.Writer, innsigli.Attachment) (skipped int64, err error)

func (m *Message) write(w io.Writer, file fileWriter) (int64, error) {
	cw := &countingWriter{w: w}
	if err := m.writeHeader(cw); err != nil {
		return cw.n, err
	}
	if len(m.Files) == 0 {
		err := m.writeBodies(cw, "Content-Type: %s\r\n\r\n")
		return cw.n, err
	}
	mixed, err := newMultipart(cw, "m"+m.UID)
	if err != nil {
		return cw.n, err
	}
	if _, err := fmt.Fprintf(cw, "Content-Type: %s\r\n\r\n", multipartType("mixed", mixed)); err != nil {
		return cw.n, err
	}
	// The alternative part carries its own Content-Type, so it is begun by hand.
	if err := m.writeBodies(cw, "--"+mixed.Boundary()+"\r\nContent-Type: %s\r\n\r\n"); err != nil {
		return cw.n, err
	}
	var skipped int64
	for _, a := range m.Files {
		if _, err := io.WriteString(cw, "\r\n"); err != nil {
			return cw.n, err
		}
		n, err := writeFile(cw, mixed.Boundary(), a, file)
		if err != nil {
			return cw.n, err
		}
		skipped += n
	}
	_, err = io.WriteString(cw, "\r\n--"+mixed.Boundary()+"--\r\n")
	return cw.n + skipped, err
}

// fields are the header fields but those of MIME parts, in order.
func (m *Message) fields() [][2]string {
	h := [][2]string{
		{"Message-ID", m.MessageID()},
		{"Date", m.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700")},
		{"From", encodeAddress(m.From)},
		{"To", encodeAddress(m.To)},
	}
	if m.ReplyTo != "" {
		h = append(h, [2]string{"Reply-To", encodeAddress(mail.Address{Address: m.ReplyTo})})
	}
	h = append(h,
		[2]string{"Subject", encodeText(m.Subject)},
		[2]string{"Content-Language", m.Language},
		// RFC 3834: no vacation notice shall answer this.
		[2]string{"Auto-Submitted", "auto-generated"},
		[2]string{"MIME-Version", "1.0"},
	)
	if m.Unsubscribe != "" {
		h = append(h,
			[2]string{"List-Unsubscribe", "<" + m.Unsubscribe + ">"}, // RFC 2369 3.2
			[2]string{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
		)
	}
	return h
}

func (m *Message) writeHeader(w io.Writer) error {
	if _, err := io.WriteString(w, m.signatures); err != nil {
		return err
	}
	for _, l := range m.fields() {
		if _, err := io.WriteString(w, l[0]+": "+l[1]+"\r\n"); err != nil {
			return err
		}
	}
	return nil
}

// writeBodies writes text and HTML as alternatives, the better one last (RFC 2046 5.1.4). head is printed with the
// content type.
func (m *Message) writeBodies(w io.Writer, head string) error {
	alt, err := newMultipart(w, "a"+m.UID)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, head, multipartType("alternative", alt)); err != nil {
		return err
	}
	if err := writeText(alt, "text/plain", m.Text); err != nil {
		return err
	}
	if m.Logo == nil {
		err = writeText(alt, "text/html", m.HTML)
	} else {
		err = m.writeRelated(alt)
	}
	return errors.Join(err, alt.Close())
}

// writeRelated writes the HTML together with its picture (RFC 2387), so that nothing is fetched from anywhere.
func (m *Message) writeRelated(alt *multipart.Writer) error {
	boundary := "r" + m.UID
	part, err := alt.CreatePart(textproto.MIMEHeader{"Content-Type": {`multipart/related; type="text/html"; boundary=` + boundary}})
	if err != nil {
		return err
	}
	rel, err := newMultipart(part, boundary)
	if err != nil {
		return err
	}
	if err := writeText(rel, "text/html", m.HTML); err != nil {
		return err
	}
	if part, err = rel.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {"image/png"},
		"Content-Transfer-Encoding": {"base64"},
		"Content-Disposition":       {"inline"},
		"Content-ID":                {"<" + LogoID + ">"},
	}); err != nil {
		return err
	}
	lines := &lineBreaker{w: part}
	enc := base64.NewEncoder(base64.StdEncoding, lines)
	_, err = enc.Write(m.Logo)
	return errors.Join(err, enc.Close(), lines.Close(), rel.Close())
}

func writeText(to *multipart.Writer, kind, text string) error {
	part, err := to.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {kind + "; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	qp := quotedprintable.NewWriter(part)
	_, err = io.WriteString(qp, text)
	return errors.Join(err, qp.Close())
}

func writeFile(w io.Writer, boundary string, a innsigli.Attachment, file fileWriter) (int64, error) {
	name := fileName(a.Name)
	kind, params, err := mime.ParseMediaType(a.Type)
	if err != nil {
		kind, params = "application/octet-stream", map[string]string{}
	}
	params["name"] = name
	head := "--" + boundary + "\r\n" +
		"Content-Type: " + mime.FormatMediaType(kind, params) + "\r\n" +
		"Content-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: " + mime.FormatMediaType("attachment", map[string]string{"filename": name}) + "\r\n\r\n"
	if _, err := io.WriteString(w, head); err != nil {
		return 0, err
	}
	return file(w, a)
}

// fileName keeps a file's name from meaning anything but a name where it is saved.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, clean(s, maxDocument))
	s = strings.TrimLeft(s, ". ")
	if s == "" {
		return "document.pdf"
	}
	return s
}

func newMultipart(w io.Writer, boundary string) (*multipart.Writer, error) {
	mw := multipart.NewWriter(w)
	// Nobody who writes a part of the message knows the job's id, so no part can hold the boundary.
	if err := mw.SetBoundary(boundary); err != nil {
		return nil, fmt.Errorf("boundary: %w", err)
	}
	return mw, nil
}

func multipartType(sub string, w *multipart.Writer) string {
	return "multipart/" + sub + "; boundary=" + w.Boundary()
}

// lineWidth is the longest line of base64 (RFC 2045 6.8).
const lineWidth = 76

// encodedSize is the size of n bytes in base64 with line ends.
func encodedSize(n int64) int64 {
	chars := (n + 2) / 3 * 4
	return chars + 2*((chars+lineWidth-1)/lineWidth)
}

// lineBreaker ends lines at lineWidth, and the last one on Close.
type lineBreaker struct {
	w   io.Writer
	col int
}

// Write implements io.Writer.
func (l *lineBreaker) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := min(len(p), lineWidth-l.col)
		if _, err := l.w.Write(p[:n]); err != nil {
			return 0, err
		}
		p, l.col = p[n:], l.col+n
		if l.col == lineWidth {
			if err := l.end(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

func (l *lineBreaker) end() error {
	l.col = 0
	_, err := io.WriteString(l.w, "\r\n")
	return err
}

// Close ends the last line.
func (l *lineBreaker) Close() error {
	if l.col == 0 {
		return nil
	}
	return l.end()
}

// countingWriter counts what goes through.
type countingWriter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
