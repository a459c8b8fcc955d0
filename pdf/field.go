package pdf

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Widget is where a signature field shows. Points are those of the page as
// displayed, after cropping and rotation; the origin is its lower left corner.
type Widget struct {
	Page       int // counted from 1; 0 is the first
	X, Y, W, H float64
	// Form is drawn into the rectangle; the zero Form shows nothing.
	Form Form
}

// NewField is a signature field to be made.
type NewField struct {
	Name   string // "" takes the next free one that begins with Prefix
	Prefix string // "" is "Seal"
	Widget Widget // the zero Widget is invisible
	Value  Ref    // of the signature; zero leaves the field empty
	// LockAll makes the signature in this field close the form and allow no
	// further change (ISO 32000-2, table 236: Action All, P 1).
	LockAll bool
}

// AddField makes a signature field with its widget (ISO 32000-1, 12.7.4.5;
// 12.5.6.19) and lets the form know that there is one.
func (u *Update) AddField(f NewField) error {
	page, err := u.doc.Page(max(f.Widget.Page, 1))
	if err != nil {
		return err
	}
	if f.Name == "" {
		f.Name = u.freeField(cmp.Or(f.Prefix, "Seal"))
	} else if u.hasField(f.Name) {
		return fmt.Errorf("field name %q is taken", f.Name)
	}
	u.fields = append(u.fields, f.Name)
	// F 132 is Print and Locked; an empty rectangle shows nothing.
	text := fmt.Appendf(nil, "<< /Type /Annot /Subtype /Widget /FT /Sig /T %s /F 132 /P %s /Rect [%s]",
		TextString(f.Name), page.Ref, reals(page.rectangle(&f.Widget)...))
	if f.Widget.W > 0 && f.Widget.H > 0 {
		text = fmt.Appendf(text, " /AP << /N %s >>", u.appearance(page.Rotate, f.Widget.W, f.Widget.H, f.Widget.Form))
	}
	if f.LockAll {
		lock := u.Alloc()
		u.Put(lock, []byte("<< /Type /SigFieldLock /Action /All /P 1 >>"))
		text = fmt.Appendf(text, " /Lock %s", lock)
	}
	if f.Value != (Ref{}) {
		text = fmt.Appendf(text, " /V %s", f.Value)
	}
	field := u.Alloc()
	u.Put(field, append(text, " >>"...))
	dict, err := u.Dict(page.Ref)
	if err != nil {
		return err
	}
	edits, err := u.appendTo(dict, "Annots", field.String())
	if err != nil {
		return err
	}
	if err := u.Edit(page.Ref, edits...); err != nil {
		return err
	}
	return u.editForm(field.String())
}

// rectangle maps a widget to default user space.
func (p *Page) rectangle(w *Widget) []float64 {
	if w.W <= 0 || w.H <= 0 {
		return []float64{0, 0, 0, 0}
	}
	m := p.fromDisplay()
	at := func(x, y float64) (float64, float64) { return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5] }
	x0, y0 := at(w.X, w.Y)
	x1, y1 := at(w.X+w.W, w.Y+w.H)
	return []float64{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

// appearance makes the appearance stream of a widget of w by h points, upright
// on a page turned by rotate degrees: readers fit the box that /Matrix turns
// into the widget's rectangle (ISO 32000-1, 12.5.5, algorithm 8.1).
func (u *Update) appearance(rotate int, w, h float64, f Form) Ref {
	m := (&Page{Rotate: rotate}).fromDisplay()
	head := fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [%s] /Matrix [%s]", reals(0, 0, w, h), reals(m[0], m[1], m[2], m[3], 0, 0))
	var body []byte
	if f.W > 0 && f.H > 0 {
		head += " /Resources << /XObject << /Mark " + f.Ref.String() + " >> >>"
		body = fmt.Appendf(nil, "q %s cm /Mark Do Q\n", reals(w/f.W, 0, 0, h/f.H, 0, 0))
	} else {
		head += " /Resources << >>"
	}
	ref := u.Alloc()
	u.PutStream(ref, head, body)
	return ref
}

// FillSignature gives an existing empty signature field its value, and a new
// appearance if form is not the zero Form and the field has a rectangle.
func (u *Update) FillSignature(field, value Ref, form Form) error {
	edits := []Edit{{"V", value.String()}}
	if form != (Form{}) {
		d, err := u.Dict(field)
		if err != nil {
			return err
		}
		rect, err := u.doc.rect(d.Get("Rect"))
		if err != nil {
			return err
		}
		if rect != nil && !rect.empty() {
			rotate, w, h := u.doc.rotation(d), rect.Width(), rect.Height()
			if rotate%180 != 0 {
				w, h = h, w
			}
			edits = append(edits, Edit{"AP", "<< /N " + u.appearance(rotate, w, h, form).String() + " >>"})
		}
	}
	if err := u.Edit(field, edits...); err != nil {
		return err
	}
	return u.editForm("")
}

// rotation is that of the page a widget says it stands on.
func (d *Document) rotation(widget *Dict) int {
	for i := range d.pages.pages {
		if p := &d.pages.pages[i]; widget.Get("P") == p.Ref {
			return p.Rotate
		}
	}
	return 0
}

// editForm adds a field to the form, if there is one to add, and sets SigFlags:
// SignaturesExist and AppendOnly (ISO 32000-1, table 219).
func (u *Update) editForm(field string) error {
	root, err := u.Dict(u.doc.root)
	if err != nil {
		return err
	}
	_, v, err := u.resolve(root.Get("AcroForm"))
	if err != nil {
		return err
	}
	form := asDict(v)
	var edits []Edit
	if flags, _ := form.Get("SigFlags").(int); flags != 3 {
		edits = append(edits, Edit{"SigFlags", "3"})
	}
	if field != "" {
		more, err := u.appendTo(form, "Fields", field)
		if err != nil {
			return err
		}
		edits = append(edits, more...)
	}
	if !u.doc.facts.signed && form.Has("XFA") {
		// Readers that know XFA would show that instead of the pages sealed.
		edits = append(edits, Edit{"XFA", ""})
	}
	if len(edits) == 0 {
		return nil
	}
	if edits, err = u.editSub(root, "AcroForm", edits...); err != nil {
		return err
	}
	return u.Edit(u.doc.root, edits...)
}

// freeField gives a name that no field has: equal names would make one field of two.
func (u *Update) freeField(prefix string) string {
	for i := 1; ; i++ {
		if n := prefix + strconv.Itoa(i); !u.hasField(n) {
			return n
		}
	}
}

func (u *Update) hasField(name string) bool {
	return slices.Contains(u.doc.facts.names, name) || slices.Contains(u.fields, name)
}

// EditCatalog changes keys of the catalog.
func (u *Update) EditCatalog(edits ...Edit) error { return u.Edit(u.doc.root, edits...) }

// EditCatalogDict changes keys of a dictionary in the catalog and makes it if it
// is missing.
func (u *Update) EditCatalogDict(key Name, edits ...Edit) error {
	root, err := u.Dict(u.doc.root)
	if err != nil {
		return err
	}
	more, err := u.editSub(root, key, edits...)
	if err != nil {
		return err
	}
	return u.Edit(u.doc.root, more...)
}

// CatalogDict returns a dictionary in the catalog with what the update has
// changed so far, nil if it is missing.
func (u *Update) CatalogDict(key Name) (*Dict, error) {
	root, err := u.Dict(u.doc.root)
	if err != nil {
		return nil, err
	}
	_, v, err := u.resolve(root.Get(key))
	return asDict(v), err
}
