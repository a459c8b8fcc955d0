package pdf

import (
	"fmt"
	"slices"
	"strconv"
)

// EmptySignatureFields are the signature fields that nobody has signed yet.
func (d *Document) EmptySignatureFields() []Ref { return d.facts.empty }

// AddSignature makes an invisible signature field with the given value, on page
// 1 (ISO 32000-1, 12.7.4.5; 12.5.6.19), and lets the form know that there is one.
func (u *Update) AddSignature(value Ref) error {
	page, err := u.doc.Page(1)
	if err != nil {
		return err
	}
	field := u.Alloc()
	// F 132 is Print and Locked; an empty rectangle shows nothing.
	u.Put(field, fmt.Appendf(nil, "<< /Type /Annot /Subtype /Widget /FT /Sig /T %s /F 132 /P %s /Rect [0 0 0 0] /V %s >>",
		TextString(u.doc.freeField()), page.Ref, value))
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

// FillSignature gives an existing empty signature field a value.
func (u *Update) FillSignature(field, value Ref) error {
	if err := u.Edit(field, Edit{"V", value.String()}); err != nil {
		return err
	}
	return u.editForm("")
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
	edits := []Edit{{"SigFlags", "3"}}
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
	if edits, err = u.editSub(root, "AcroForm", edits...); err != nil {
		return err
	}
	return u.Edit(u.doc.root, edits...)
}

// freeField gives a name that no field has: equal names would make one field of two.
func (d *Document) freeField() string {
	for i := 1; ; i++ {
		if n := "Seal" + strconv.Itoa(i); !slices.Contains(d.facts.names, n) {
			return n
		}
	}
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
