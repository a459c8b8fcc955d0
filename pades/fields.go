package pades

import (
	"context"
	"fmt"
	"strings"

	"github.com/innsigli/innsigli/pdf"
)

// MaxFields is how many signature fields one document may be given: more revisions
// than [pdf.MaxRevisions] could not be read again.
const MaxFields = 90

// Field is an empty signature field. Lengths are in points of the page as
// displayed, after cropping and rotation; the origin is its lower left corner.
type Field struct {
	Name       string // full name, without dots; "" takes the next free one
	Page       int    // counted from 1; 0 is the first
	X, Y, W, H float64
	// Form is a one-page PDF that the empty field shows; nil shows nothing. Give
	// a field either this or [Seal].Appearance: EU DSS calls it an undefined
	// change when a field that showed something shows something else later.
	Form []byte
	// LockAll makes the signature in this field the last: it locks all form
	// fields and allows no further change but validation data.
	LockAll bool
}

// PrepareFields appends one revision with all empty signature fields. After it
// signatures only fill fields, each as a revision of its own, which readers take
// for what it is: the fields must all be there before the first signature, so a
// document that is signed already is refused with [ErrSigned].
func PrepareFields(ctx context.Context, doc *Document, fields []Field) (*Revision, error) {
	if doc.Signed() {
		return nil, ErrSigned
	}
	if len(fields) > MaxFields {
		return nil, fmt.Errorf("%d signature fields are more than %d", len(fields), MaxFields)
	}
	u := doc.Update()
	for i := range fields {
		f := &fields[i]
		if strings.ContainsRune(f.Name, '.') {
			return nil, fmt.Errorf("signature field %d: name %q holds a dot", i+1, f.Name)
		}
		w := pdf.Widget{Page: f.Page, X: f.X, Y: f.Y, W: f.W, H: f.H}
		var err error
		if f.Form != nil {
			if w.Form, err = u.ImportPage(f.Form, 1); err != nil {
				return nil, fmt.Errorf("signature field %d: %w", i+1, err)
			}
		}
		if err := u.AddField(pdf.NewField{Name: f.Name, Prefix: "Signature", Widget: w, LockAll: f.LockAll}); err != nil {
			return nil, fmt.Errorf("signature field %d: %w", i+1, err)
		}
	}
	if err := extension(doc, u); err != nil {
		return nil, err
	}
	return update(ctx, doc, u)
}

// fieldFor picks the field that a signature goes into, nil for a new one, as
// earlier signatures allow it.
func fieldFor(doc *Document, name string) (*pdf.SignatureField, error) {
	empty := doc.EmptySignatureFields()
	if name != "" {
		return namedField(doc, empty, name)
	}
	if doc.Certification() == 0 {
		// Nobody knows yet how the new field will be named: it must be allowed
		// whatever its name.
		if doc.Locked(newFieldName) {
			return nil, pdf.Refuse(pdf.Locked, "no new field allowed")
		}
		return nil, nil //nolint:nilnil // a new one
	}
	// A certified document may be signed where its author left a field for it; a
	// new field would be a change that readers object to.
	for i := range empty {
		if !doc.Locked(empty[i].Name) {
			return &empty[i], nil
		}
	}
	if len(empty) > 0 {
		return nil, pdf.Refuse(pdf.Locked, "all fields left are locked")
	}
	return nil, pdf.Refuse(pdf.NoField, "no field left to sign in")
}

// newFieldName stands for a name that no lock lists.
const newFieldName = "\x00"

func namedField(doc *Document, empty []pdf.SignatureField, name string) (*pdf.SignatureField, error) {
	for i := range empty {
		if empty[i].Name != name {
			continue
		}
		if doc.Locked(name) {
			return nil, pdf.Refuse(pdf.Locked, "the field to sign in")
		}
		return &empty[i], nil
	}
	return nil, fmt.Errorf("no empty signature field %q", name)
}
