package pdf

import (
	"slices"
	"strings"
)

// SignatureField is a signature field of the form (ISO 32000-1, 12.7.4.5).
type SignatureField struct {
	Name string // full name
	Ref  Ref    // zero if the field is no object of its own
	// Lock is what signing the field locks, nil if nothing.
	Lock *Lock

	value any // as written: a reference or the dictionary; nil while empty
}

// Signed tells whether the field has a value.
func (f *SignatureField) Signed() bool { return f.value != nil }

// Lock is what a signature allows to be changed in form fields (ISO 32000-1,
// tables 233 and 256).
type Lock struct {
	// Action is All, Include or Exclude; whatever else is written counts as All.
	Action Name
	// Fields are the full names that Include and Exclude mean, groups included.
	Fields []string
}

// Covers tells whether the field of that full name is locked.
func (l *Lock) Covers(name string) bool {
	listed := slices.ContainsFunc(l.Fields, func(f string) bool { return name == f || strings.HasPrefix(name, f+".") })
	switch l.Action {
	case "Include":
		return listed
	case "Exclude":
		return !listed
	default:
		return true
	}
}

// SignatureFields lists the signature fields, in the form's order.
func (d *Document) SignatureFields() []SignatureField { return d.facts.signatures }

// Signature returns the signature dictionary of a field (ISO 32000-1, table 252),
// nil if nobody has signed in it.
func (d *Document) Signature(f *SignatureField) (*Dict, error) { return d.dict(f.value) }

// Locked tells whether a signature of the document forbids to change, or to make,
// the field of that full name (FieldMDP; ISO 32000-1, 12.8.2.4).
func (d *Document) Locked(name string) bool {
	return slices.ContainsFunc(d.facts.locks, func(l Lock) bool { return l.Covers(name) })
}

// EmptySignatureFields are the signature fields that nobody has signed yet.
func (d *Document) EmptySignatureFields() []SignatureField {
	return slices.DeleteFunc(slices.Clone(d.facts.signatures), func(f SignatureField) bool {
		return f.Signed() || f.Ref == (Ref{})
	})
}

// signature takes note of a signature field and of what its signature says.
func (w *fieldWalk) signature(ref Ref, name string, f *Dict) error {
	field := SignatureField{Name: name, Ref: ref}
	lock, err := w.d.dict(f.Get("Lock"))
	if err != nil {
		return err
	}
	if lock != nil {
		if field.Lock, err = w.d.lock(lock); err != nil {
			return err
		}
	}
	sig, err := w.d.dict(f.Get("V"))
	if err != nil {
		return err
	}
	if sig != nil {
		field.value = f.Get("V")
	}
	w.d.facts.signatures = append(w.d.facts.signatures, field)
	if sig == nil {
		return nil
	}
	w.d.facts.signed = true
	w.d.restrict(lock.Get("P"))
	if field.Lock != nil {
		w.d.facts.locks = append(w.d.facts.locks, *field.Lock)
	}
	return w.d.references(sig)
}

// lock reads a lock dictionary or the parameters of a FieldMDP transform.
func (d *Document) lock(from *Dict) (*Lock, error) {
	action, err := d.Resolve(from.Get("Action"))
	if err != nil {
		return nil, err
	}
	l := &Lock{}
	l.Action, _ = action.(Name)
	fields, err := d.array(from.Get("Fields"))
	if err != nil {
		return nil, err
	}
	for _, v := range fields {
		if v, err = d.Resolve(v); err != nil {
			return nil, err
		}
		if s, ok := v.(String); ok {
			l.Fields = append(l.Fields, DecodeText(s))
		}
	}
	return l, nil
}

// references reads the DocMDP and FieldMDP transforms of a signature.
func (d *Document) references(sig *Dict) error {
	refs, err := d.array(sig.Get("Reference"))
	if err != nil {
		return err
	}
	for _, r := range refs {
		ref, err := d.dict(r)
		if err != nil {
			return err
		}
		parms, err := d.dict(ref.Get("TransformParams"))
		if err != nil {
			return err
		}
		switch ref.Get("TransformMethod") {
		case Name("DocMDP"):
			if parms.Has("P") {
				d.restrict(parms.Get("P"))
			} else {
				d.restrict(2) // the default of P (ISO 32000-1, table 254)
			}
		case Name("FieldMDP"):
			l, err := d.lock(parms)
			if err != nil {
				return err
			}
			d.facts.locks = append(d.facts.locks, *l)
		}
	}
	return nil
}
