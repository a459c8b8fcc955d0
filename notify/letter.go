package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/innsigli/innsigli"
)

// Limits on what is read back of a letter; we wrote it, but the folder may have been tampered with.
const (
	maxLetterText = 1 << 20
	maxParts      = 20
)

// errNoLetter says that there is no such letter, any more.
var errNoLetter = &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is no such letter."}

// List implements [innsigli.Mailbox]: the newest 200.
func (o *Outbox) List(ctx context.Context) ([]innsigli.Letter, error) {
	files, err := o.files()
	if err != nil {
		return nil, err
	}
	out := []innsigli.Letter{}
	for _, f := range files {
		id, ok := strings.CutSuffix(f.name, letterEnding)
		if !ok || len(out) == outboxList {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, err := o.head(id)
		if innsigli.KindOf(err) == innsigli.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

func (o *Outbox) head(id string) (innsigli.Letter, error) {
	_, l, c, err := o.open(id)
	if err != nil {
		return l, err
	}
	return l, c.Close()
}

// open decrypts a letter up to the end of its header.
func (o *Outbox) open(id string) (*mail.Message, innsigli.Letter, io.Closer, error) {
	if !isLetterID(id) {
		return nil, innsigli.Letter{}, nil, errNoLetter
	}
	f, err := os.Open(filepath.Clean(o.path(id)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, innsigli.Letter{}, nil, errNoLetter
	}
	if err != nil {
		return nil, innsigli.Letter{}, nil, fmt.Errorf("open letter: %w", err)
	}
	m, l, err := o.read(f, id)
	if err != nil {
		return nil, l, nil, errors.Join(fmt.Errorf("read letter: %w", err), f.Close())
	}
	return m, l, f, nil
}

func (o *Outbox) read(f *os.File, id string) (*mail.Message, innsigli.Letter, error) {
	l := innsigli.Letter{ID: id}
	info, err := f.Stat()
	if err != nil {
		return nil, l, err
	}
	r, err := age.Decrypt(f, o.id)
	if err != nil {
		return nil, l, err
	}
	m, err := mail.ReadMessage(r)
	if err != nil {
		return nil, l, err
	}
	l.At = info.ModTime().UTC()
	kind := m.Header.Get(letterHeader)
	l.Sms, l.Call = kind == letterSms, kind == letterCall
	l.From, l.To, l.Subject = decoded(m, "From"), decoded(m, "To"), decoded(m, "Subject")
	return m, l, nil
}

func decoded(m *mail.Message, name string) string {
	v := m.Header.Get(name)
	if s, err := new(mime.WordDecoder).DecodeHeader(v); err == nil {
		return s
	}
	return v
}

// Read implements [innsigli.Mailbox].
func (o *Outbox) Read(_ context.Context, id string) (innsigli.Letter, error) {
	m, l, c, err := o.open(id)
	if err != nil {
		return l, err
	}
	err = walk(m, func(p part) error {
		var err error
		switch {
		case p.file:
			var n int64
			n, err = io.Copy(io.Discard, p.body)
			l.Files = append(l.Files, innsigli.LetterFile{Name: p.name, Type: p.kind, Size: n})
		case p.id != "" && p.kind == "image/png":
			var b []byte
			b, err = io.ReadAll(io.LimitReader(p.body, maxLetterText))
			l.HTML = strings.ReplaceAll(l.HTML, "cid:"+p.id, "data:image/png;base64,"+base64.StdEncoding.EncodeToString(b))
		case p.kind == "text/html":
			l.HTML, err = readText(p.body)
		case p.kind == "text/plain":
			l.Text, err = readText(p.body)
		}
		return err
	})
	return l, errors.Join(err, c.Close())
}

func readText(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxLetterText))
	return strings.ReplaceAll(string(b), "\r\n", "\n"), err
}

// errFound ends a walk that has found its part.
var errFound = errors.New("found")

// File implements [innsigli.Mailbox]. The attachment is decrypted while it is read. Its size is not known beforehand
// and given as -1.
func (o *Outbox) File(_ context.Context, id string, n int) (io.ReadCloser, innsigli.LetterFile, error) {
	m, _, c, err := o.open(id)
	if err != nil {
		return nil, innsigli.LetterFile{}, err
	}
	var found part
	at := 0
	err = walk(m, func(p part) error {
		if !p.file {
			return nil
		}
		if at++; at <= n {
			return nil
		}
		found = p
		return errFound
	})
	if !errors.Is(err, errFound) {
		return nil, innsigli.LetterFile{}, errors.Join(err, c.Close(), errNoLetter)
	}
	r := struct {
		io.Reader
		io.Closer
	}{found.body, c}
	return r, innsigli.LetterFile{Name: found.name, Type: found.kind, Size: -1}, nil
}

// part is a leaf of a message, its body decoded.
type part struct {
	kind string
	name string
	id   string // the Content-ID, by which the HTML before it shows a picture
	file bool
	body io.Reader
}

// walk visits the leaves of a message in their order; a body can be read during the visit only.
func walk(m *mail.Message, visit func(part) error) error {
	left := maxParts
	return walkPart(m.Header.Get, m.Body, &left, visit)
}

func walkPart(header func(string) string, body io.Reader, left *int, visit func(part) error) error {
	if *left--; *left < 0 {
		return errors.New("letter has too many parts")
	}
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		mr := multipart.NewReader(body, params["boundary"])
		for {
			p, err := mr.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("next part: %w", err)
			}
			if err := walkPart(p.Header.Get, p, left, visit); err != nil {
				return err
			}
		}
	}
	out := part{kind: kind, body: body, id: strings.Trim(header("Content-ID"), "<>")}
	if disposition, d, err := mime.ParseMediaType(header("Content-Disposition")); err == nil {
		out.file, out.name = disposition == "attachment", d["filename"]
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "base64":
		out.body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		out.body = quotedprintable.NewReader(body)
	}
	return visit(out)
}
