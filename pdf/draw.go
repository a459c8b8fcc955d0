package pdf

import (
	"bytes"
	"fmt"
	"strconv"
)

// Placement is a form drawn on a page. Points are those of the page as
// displayed, after cropping and rotation; the origin is its lower left corner.
type Placement struct {
	Form       Form
	X, Y, W, H float64
}

// Draw adds forms above what page n, counted from 1, shows. The old content is
// put between q and Q, so that what state it leaves does not matter; it and the
// resources that other pages share stay as they are.
func (u *Update) Draw(n int, marks []Placement) error {
	page, err := u.doc.Page(n)
	if err != nil {
		return err
	}
	dict, err := u.Dict(page.Ref)
	if err != nil {
		return err
	}
	resources, names, err := u.addForms(dict, page, marks)
	if err != nil {
		return err
	}
	old, err := u.oldContent(dict)
	if err != nil {
		return err
	}
	under, net, err := u.unbalanced(dict)
	if err != nil {
		return err
	}
	before, after := u.Alloc(), u.Alloc()
	u.PutStream(before, "", bytes.Repeat([]byte("q\n"), 1+under))
	var b bytes.Buffer
	b.WriteByte('\n')
	b.Write(bytes.Repeat([]byte("Q\n"), 1+under+net))
	place(&b, page, marks, names)
	u.PutStream(after, "", b.Bytes())
	return u.Edit(page.Ref,
		Edit{"Contents", "[" + before.String() + " " + old + " " + after.String() + "]"},
		Edit{"Resources", resources})
}

// place writes the operators. Marks are no part of the text that a document's
// structure tree describes, hence artifacts (ISO 32000-1, 14.8.2.2).
func place(b *bytes.Buffer, page *Page, marks []Placement, names []Name) {
	m := page.fromDisplay()
	for i, p := range marks {
		if p.Form.W <= 0 || p.Form.H <= 0 {
			continue
		}
		fmt.Fprintf(b, "/Artifact BMC\nq %s cm %s cm %s Do Q\nEMC\n", reals(m[:]...),
			reals(p.W/p.Form.W, 0, 0, p.H/p.Form.H, p.X, p.Y), nameText(names[i]))
	}
}

// oldContent gives a page's content as items of an array.
func (u *Update) oldContent(page *Dict) (string, error) {
	at, v, err := u.resolve(page.Get("Contents"))
	if err != nil {
		return "", err
	}
	switch v.(type) {
	case nil:
		return "", nil
	case *Stream:
		return at.String(), nil
	case *Dict:
		// A stream staged by this update.
		return at.String(), nil
	case Array:
		text := page.Raw("Contents")
		if at != (Ref{}) {
			o, err := u.load(at)
			if err != nil {
				return "", err
			}
			text = o.text
		}
		return string(text[1 : len(text)-1]), nil
	}
	return "", broken("a page's content is no stream")
}

// addForms returns the page's resources with the forms added, as a dictionary of
// the page's own: a shared or inherited one is copied, never changed.
func (u *Update) addForms(dict *Dict, page *Page, marks []Placement) (string, []Name, error) {
	from := dict.Get("Resources")
	if from == nil {
		from = page.resources
	}
	_, v, err := u.resolve(from)
	if err != nil {
		return "", nil, err
	}
	res := asDict(v)
	if _, v, err = u.resolve(res.Get("XObject")); err != nil {
		return "", nil, err
	}
	forms := asDict(v)
	var names []Name
	var edits []Edit
	for _, m := range marks {
		name := u.freeName(forms)
		names = append(names, name)
		edits = append(edits, Edit{name, m.Form.Ref.String()})
	}
	return string(res.With(Edit{"XObject", string(forms.With(edits...))})), names, nil
}

// freeName gives a resource name that the page does not use.
func (u *Update) freeName(forms *Dict) Name {
	for {
		u.marks++
		if n := Name("Mark" + strconv.Itoa(u.marks)); forms.find(n) == nil {
			return n
		}
	}
}

// AppendPage adds a page behind the last one that shows a form at its own size.
func (u *Update) AppendPage(f Form) (Ref, error) {
	root, err := u.Dict(u.doc.pages.root)
	if err != nil {
		return Ref{}, err
	}
	page, content := u.Alloc(), u.Alloc()
	u.PutStream(content, "", []byte("/Page Do\n"))
	box := reals(0, 0, f.W, f.H)
	// CropBox and Rotate would else be inherited from the tree's root.
	u.Put(page, fmt.Appendf(nil, "<< /Type /Page /Parent %s /MediaBox [%s] /CropBox [%s] /Rotate 0\n"+
		"/Resources << /XObject << /Page %s >> >> /Contents %s >>", u.doc.pages.root, box, box, f.Ref, content))
	edits, err := u.appendTo(root, "Kids", page.String())
	if err != nil {
		return Ref{}, err
	}
	u.appended++
	edits = append(edits, Edit{"Count", strconv.Itoa(u.doc.PageCount() + u.appended)})
	return page, u.Edit(u.doc.pages.root, edits...)
}
