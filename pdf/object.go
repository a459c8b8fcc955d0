package pdf

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strconv"
)

// A parsed value is nil (null), bool, int, float64, [Name], [String], [Array],
// *[Dict], *[Stream] or [Ref]. Parsed values are shared and must not be changed.
type (
	// Name is a name without its slash, #xx decoded.
	Name string
	// String is the bytes of a string, escapes decoded.
	String string
	// Array is an array's elements.
	Array []any
)

// Ref names an indirect object.
type Ref struct{ Num, Gen int }

// String gives the reference as it is written in a document.
func (r Ref) String() string { return strconv.Itoa(r.Num) + " " + strconv.Itoa(r.Gen) + " R" }

// source is the text that the spans of a dictionary count in.
type source struct{ b []byte }

type entry struct {
	key             Name
	value           any
	keyAt, from, to int
}

// Dict is a dictionary that remembers where each value stands in its source, so
// that it can be changed by splicing. All methods work on a nil Dict.
type Dict struct {
	entries  []entry
	src      *source
	from, to int
}

// find gives the last entry of a key: readers agree that the last one counts.
func (d *Dict) find(k Name) *entry {
	if d == nil {
		return nil
	}
	for i := len(d.entries) - 1; i >= 0; i-- {
		if d.entries[i].key == k {
			return &d.entries[i]
		}
	}
	return nil
}

// Get returns the value of a key, nil if there is none. References are not followed.
func (d *Dict) Get(k Name) any {
	if e := d.find(k); e != nil {
		return e.value
	}
	return nil
}

// Has tells whether the key is there with a value other than null.
func (d *Dict) Has(k Name) bool { return d.Get(k) != nil }

// Raw returns the text of a value, nil if there is none.
func (d *Dict) Raw(k Name) []byte {
	if e := d.find(k); e != nil {
		return d.src.b[e.from:e.to]
	}
	return nil
}

// Bytes returns the dictionary's own text, << and >> included.
func (d *Dict) Bytes() []byte {
	if d == nil {
		return []byte("<< >>")
	}
	return d.src.b[d.from:d.to]
}

// Edit sets a key to a value given as PDF syntax; an empty value removes the key.
type Edit struct {
	Key   Name
	Value string
}

// With returns the dictionary's text with edits made. All else stays byte for
// byte; of a key that stands there twice only the edited value remains.
func (d *Dict) With(edits ...Edit) []byte {
	type patch struct {
		from, to int
		text     string
	}
	var patches []patch
	var added bytes.Buffer
	for _, e := range edits {
		last := d.find(e.Key)
		if last != nil && e.Value != "" {
			patches = append(patches, patch{last.from, last.to, " " + e.Value + " "})
		} else if e.Value != "" {
			added.WriteString(nameText(e.Key) + " " + e.Value + "\n")
		}
		if last == nil {
			continue
		}
		for i := range d.entries {
			if x := &d.entries[i]; x.key == e.Key && (x != last || e.Value == "") {
				patches = append(patches, patch{x.keyAt, x.to, " "})
			}
		}
	}
	slices.SortFunc(patches, func(a, b patch) int { return cmp.Compare(a.from, b.from) })
	text := d.Bytes()
	base, at := 0, 0
	if d != nil {
		base = d.from
	}
	var out bytes.Buffer
	for _, p := range patches {
		out.Write(text[at : p.from-base])
		out.WriteString(p.text)
		at = p.to - base
	}
	out.Write(text[at : len(text)-2])
	if added.Len() > 0 {
		out.WriteByte('\n')
		out.Write(added.Bytes())
	}
	out.WriteString(">>")
	return out.Bytes()
}

// Stream is a stream whose body stays in the document.
type Stream struct {
	*Dict
	Offset, Length int64 // where the encoded body stands in the file, in bytes
	doc            *Document
}

// Raw reads the encoded body.
func (s *Stream) Raw() *io.SectionReader { return io.NewSectionReader(s.doc.r, s.Offset, s.Length) }
