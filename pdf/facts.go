package pdf

import (
	"errors"
	"strings"
)

var errNoPage = errors.New("no such page")

// facts is what is known of a document's form and signatures.
type facts struct {
	signed  bool
	certify int
	names   []string
	form    bool
	fields  []Field
	// signatures are all signature fields, locks what signatures in them forbid.
	signatures []SignatureField
	locks      []Lock
}

// Signed tells whether a signature field has a value.
func (d *Document) Signed() bool { return d.facts.signed }

// Certification is the DocMDP level that signatures of the document set: 0 none,
// 1 no changes, 2 form filling and signing, 3 annotations too (ISO 32000-1,
// 12.8.2.2). A signature that locks all counts as 1 (ISO 32000-2, table 236).
func (d *Document) Certification() int { return d.facts.certify }

// HasForm tells whether there is an AcroForm with fields.
func (d *Document) HasForm() bool { return d.facts.form }

// FieldNames lists the full names of the form's fields, groups included.
func (d *Document) FieldNames() []string { return d.facts.names }

// catalog reads what Open promises: version, pages, form.
func (d *Document) catalog() error {
	v, err := d.Get(d.root)
	if err != nil {
		return err
	}
	root, ok := v.(*Dict)
	if !ok {
		return broken("the catalog is no dictionary")
	}
	if v, ok := root.Get("Version").(Name); ok && string(v) > d.version {
		d.version = string(v)
	}
	if needs, err := d.Resolve(root.Get("NeedsRendering")); err != nil {
		return err
	} else if needs == true {
		return Refuse(DynamicXFA, "NeedsRendering")
	}
	if err := d.walkPages(root.Get("Pages")); err != nil {
		return err
	}
	if err := d.form(root); err != nil {
		return err
	}
	return d.permissions(root)
}

// form walks the fields (ISO 32000-1, 12.7.3).
func (d *Document) form(root *Dict) error {
	form, err := d.dict(root.Get("AcroForm"))
	if err != nil || form == nil {
		return err
	}
	fields, err := d.array(form.Get("Fields"))
	if err != nil {
		return err
	}
	if form.Has("XFA") && len(fields) == 0 {
		return Refuse(DynamicXFA, "no fields but XFA")
	}
	d.facts.form = len(fields) > 0
	w := fieldWalk{d: d, seen: map[Ref]bool{}}
	for _, f := range fields {
		if _, err := w.field(f, "", nil, 0); err != nil {
			return err
		}
	}
	return nil
}

type fieldWalk struct {
	d     *Document
	seen  map[Ref]bool
	count int
}

// field walks a field and those below it; named tells whether it has a name of
// its own, as widgets have not.
func (w *fieldWalk) field(v any, prefix string, kind any, depth int) (named bool, err error) {
	ref, err := w.enter(v, depth)
	if err != nil {
		return false, err
	}
	f, err := w.d.dict(v)
	if err != nil || f == nil {
		return false, err
	}
	name, err := w.name(f, prefix)
	if err != nil {
		return false, err
	}
	if t, err := w.d.Resolve(f.Get("FT")); err != nil {
		return false, err
	} else if t != nil {
		kind = t
	}
	kids, err := w.d.array(f.Get("Kids"))
	if err != nil {
		return false, err
	}
	group := false
	var widgets []Ref
	for _, k := range kids {
		named, err := w.field(k, name, kind, depth+1)
		if err != nil {
			return false, err
		}
		if r, ok := k.(Ref); ok && !named {
			widgets = append(widgets, r)
		}
		group = group || named
	}
	if f.Has("T") || depth == 0 {
		t, _ := kind.(Name)
		w.d.facts.fields = append(w.d.facts.fields, Field{ref, name, t, f, widgets})
	}
	if !f.Has("T") {
		return false, nil
	}
	w.d.facts.names = append(w.d.facts.names, name)
	if kind == Name("Sig") && !group {
		return true, w.signature(ref, name, f)
	}
	return true, nil
}

// enter counts a field and keeps the walk from going in circles.
func (w *fieldWalk) enter(v any, depth int) (Ref, error) {
	if depth > MaxNesting {
		return Ref{}, Refuse(TooComplex, "form fields nest too deep")
	}
	if w.count++; w.count > MaxFields {
		return Ref{}, Refuse(TooComplex, "too many form fields")
	}
	ref, ok := v.(Ref)
	if ok && w.seen[ref] {
		return Ref{}, broken("form fields run in a circle")
	}
	if ok {
		w.seen[ref] = true
	}
	return ref, nil
}

// name is the full name of a field (ISO 32000-1, 12.7.3.2).
func (w *fieldWalk) name(f *Dict, prefix string) (string, error) {
	t, err := w.d.Resolve(f.Get("T"))
	if err != nil {
		return "", err
	}
	s, ok := t.(String)
	if !ok {
		return prefix, nil
	}
	if len(prefix)+len(s) > 1<<12 {
		return "", Refuse(TooComplex, "a form field's name is too long")
	}
	return strings.TrimPrefix(prefix+"."+DecodeText(s), "."), nil
}

// permissions reads the certification signature that the catalog points to.
func (d *Document) permissions(root *Dict) error {
	perms, err := d.dict(root.Get("Perms"))
	if err != nil {
		return err
	}
	sig, err := d.dict(perms.Get("DocMDP"))
	if err != nil || sig == nil {
		return err
	}
	d.facts.signed = true
	if err := d.references(sig); err != nil {
		return err
	}
	if d.facts.certify == 0 {
		d.facts.certify = 2 // the default of P (ISO 32000-1, table 254)
	}
	return nil
}

// restrict keeps the strictest level.
func (d *Document) restrict(v any) {
	p, ok := v.(int)
	if ok && p >= 1 && p <= 3 && (d.facts.certify == 0 || p < d.facts.certify) {
		d.facts.certify = p
	}
}
