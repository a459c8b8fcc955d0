package pdf

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// Form is a page imported as a form XObject (ISO 32000-1, 8.10): drawn with the
// lower left corner of what the page shows at the origin, upright.
type Form struct {
	Ref  Ref
	W, H float64 // as displayed, in points
}

// ImportPage copies page n of a small PDF, counted from 1, into the update. The
// same page of the same bytes is copied once.
func (u *Update) ImportPage(file []byte, n int) (Form, error) {
	key := sha256.Sum256(fmt.Appendf(nil, "%d\n%x", n, sha256.Sum256(file)))
	if f, ok := u.forms[key]; ok {
		return f, nil
	}
	src, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return Form{}, imported(err)
	}
	f, err := u.importFrom(src, n, map[Ref]Ref{})
	if err != nil {
		return Form{}, imported(err)
	}
	u.forms[key] = f
	return f, nil
}

// ImportPages copies all pages of a small PDF; what they share is copied once.
func (u *Update) ImportPages(file []byte) ([]Form, error) {
	src, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, imported(err)
	}
	var out []Form
	to := map[Ref]Ref{}
	for n := range src.PageCount() {
		f, err := u.importFrom(src, n+1, to)
		if err != nil {
			return nil, imported(err)
		}
		out = append(out, f)
	}
	return out, nil
}

// imported hides the refusal of an inner document: it is no verdict on the one
// that is being changed.
func imported(err error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return fmt.Errorf("import page: %s", r.Error())
	}
	return fmt.Errorf("import page: %w", err)
}

// importFrom copies a page; to knows what has been copied of the same document.
func (u *Update) importFrom(src *Document, n int, to map[Ref]Ref) (Form, error) {
	page, err := src.Page(n)
	if err != nil {
		return Form{}, err
	}
	dict, err := src.pageDict(page)
	if err != nil {
		return Form{}, err
	}
	body, filter, err := src.content(dict)
	if err != nil {
		return Form{}, err
	}
	c := &copier{u: u, src: src, to: to}
	f := Form{Ref: u.Alloc()}
	f.W, f.H = page.Size()
	var head bytes.Buffer
	m, b := page.toDisplay(), page.Box
	fmt.Fprintf(&head, "/Type /XObject /Subtype /Form /BBox [%s] /Matrix [%s]%s /Resources ",
		reals(b.X0, b.Y0, b.X1, b.Y1), reals(m[:]...), filter)
	res, err := src.Resolve(page.resources)
	if err != nil {
		return Form{}, err
	}
	if asDict(res) == nil {
		res = &Dict{}
	}
	writeValue(&head, res, c.ref)
	if dict.Has("Group") {
		head.WriteString(" /Group ")
		writeValue(&head, dict.Get("Group"), c.ref)
	}
	u.PutStream(f.Ref, head.String(), body)
	return f, c.run()
}

// content returns a page's content as one body: as it stands if it is one
// stream, else decoded and joined.
func (d *Document) content(page *Dict) (body []byte, filter string, err error) {
	v, err := d.Resolve(page.Get("Contents"))
	if err != nil {
		return nil, "", err
	}
	switch t := v.(type) {
	case *Stream:
		return d.plainStream(t)
	case Array:
		var all bytes.Buffer
		for _, x := range t {
			v, err := d.Resolve(x)
			if err != nil {
				return nil, "", err
			}
			s, ok := v.(*Stream)
			if !ok {
				continue
			}
			b, err := d.decode(s)
			if err != nil {
				return nil, "", err
			}
			all.Write(b)
			all.WriteByte('\n')
		}
		return all.Bytes(), "", nil
	}
	return []byte{}, "", nil
}

// plainStream takes a stream over still encoded if its filter is one without
// parameters.
func (d *Document) plainStream(s *Stream) (body []byte, filter string, err error) {
	name, parms, err := d.filter(s.Dict)
	if err != nil {
		return nil, "", err
	}
	if parms != nil {
		body, err = d.decode(s)
		return body, "", err
	}
	if body, err = readBody(s); err != nil {
		return nil, "", err
	}
	if name != "" {
		filter = " /Filter " + nameText(name)
	}
	return body, filter, nil
}

func readBody(s *Stream) ([]byte, error) {
	if s.Length > MaxImport {
		return nil, Refuse(TooLarge, "an imported stream")
	}
	b, err := io.ReadAll(s.Raw())
	if err != nil {
		return nil, fmt.Errorf("read stream: %w", err)
	}
	return b, nil
}

// copier copies the objects that an imported page needs.
type copier struct {
	u     *Update
	src   *Document
	to    map[Ref]Ref
	todo  []Ref
	bytes int
}

func (c *copier) ref(r Ref) string {
	if _, ok := c.to[r]; !ok {
		c.to[r] = c.u.Alloc()
		c.todo = append(c.todo, r)
	}
	return c.to[r].String()
}

func (c *copier) run() error {
	for len(c.todo) > 0 {
		r := c.todo[0]
		c.todo = c.todo[1:]
		if err := c.copy(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copy(r Ref) error {
	v, err := c.src.Get(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if s, ok := v.(*Stream); ok {
		body, err := readBody(s)
		if err != nil {
			return err
		}
		writeEntries(&b, s.Dict, c.ref, "Length")
		c.u.PutStream(c.to[r], b.String(), body)
		return c.count(b.Len() + len(body))
	}
	// A way back into the other document's page tree would bring all of it.
	if t := asDict(v).Get("Type"); t == Name("Page") || t == Name("Pages") || t == Name("Catalog") {
		v = nil
	}
	writeValue(&b, v, c.ref)
	c.u.Put(c.to[r], b.Bytes())
	return c.count(b.Len())
}

func (c *copier) count(n int) error {
	if c.bytes += n; c.bytes > MaxImport || len(c.to) > MaxFiles {
		return Refuse(TooLarge, "an imported page")
	}
	return nil
}
