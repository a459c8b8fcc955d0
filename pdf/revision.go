package pdf

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
)

// Revision is where the document ended when one of its cross-reference sections was
// written (ISO 32000-1, 7.5.6). Offsets are those of the file.
type Revision struct {
	Section int64 // where the section begins
	End     int64 // behind %%EOF
	Line    int64 // behind the end of line that follows, if one does
}

// Ends tells whether a file cut off at an offset is this revision.
func (r Revision) Ends(at int64) bool { return at >= r.End && at <= r.Line }

// Revisions lists the revisions that can be told apart, oldest first. A linearized
// file's first section has none of its own: it ends with the second.
func (d *Document) Revisions() ([]Revision, error) {
	marks, err := d.endMarks()
	if err != nil {
		return nil, err
	}
	var out []Revision
	for _, section := range slices.Backward(d.chained) {
		for _, m := range marks {
			if m.Section == section && m.End > d.base+m.Section {
				m.Section += d.base
				out = append(out, m)
				break
			}
		}
	}
	return out, nil
}

// endMarks finds every "startxref n %%EOF" in one pass over the file.
func (d *Document) endMarks() ([]Revision, error) {
	const chunk, overlap = 256 << 10, 64
	word := []byte("startxref")
	var out []Revision
	for at := int64(0); at < d.size; at += chunk {
		b, err := d.slice(at, chunk+overlap)
		if err != nil {
			return nil, err
		}
		for from := 0; ; {
			i := bytes.Index(b[from:], word)
			if i < 0 || from+i >= chunk {
				break
			}
			from += i + len(word)
			if m, ok := endMark(b[from:]); ok && len(out) < maxMarks {
				m.End += at + int64(from)
				m.Line += at + int64(from)
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// endMark reads what follows the word startxref.
func endMark(b []byte) (Revision, bool) {
	l := newLexer(b)
	n := l.number()
	for l.p < len(b) && isSpace(b[l.p]) {
		l.p++
	}
	if n < 0 || !l.has("%%EOF") {
		return Revision{}, false
	}
	l.p += len("%%EOF")
	m := Revision{Section: int64(n), End: int64(l.p)}
	if l.has("\r") {
		l.p++
	}
	if l.has("\n") {
		l.p++
	}
	m.Line = int64(l.p)
	return m, true
}

// Change is an object whose cross-reference entry is not what it was. Old or New is
// the zero Ref when there was or is no such object.
type Change struct {
	Old, New Ref
}

// Changed lists, by number, the objects whose entries differ from those of an earlier
// revision, and those in object streams that do. The objects may still say the same.
func (d *Document) Changed(earlier *Document) []Change {
	moved := func(num int) bool { return d.entry(num) != earlier.entry(num) }
	var out []Change
	for num := range max(len(d.xref), len(earlier.xref)) {
		now, was := d.entry(num), earlier.entry(num)
		same := now == was && (now.kind != inStream || !moved(int(now.at)))
		if same || now.kind <= free && was.kind <= free {
			continue
		}
		var c Change
		if was.kind > free {
			c.Old = Ref{num, was.generation()}
		}
		if now.kind > free {
			c.New = Ref{num, now.generation()}
		}
		out = append(out, c)
	}
	return out
}

func (d *Document) entry(num int) entryAt {
	if num < 0 || num >= len(d.xref) {
		return entryAt{}
	}
	return d.xref[num]
}

// Objects lists all objects that there are.
func (d *Document) Objects() iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for num, e := range d.xref {
			if e.kind > free && !yield(Ref{num, e.generation()}) {
				return
			}
		}
	}
}

// Exists tells whether there is an object of that number and generation.
func (d *Document) Exists(ref Ref) bool {
	e := d.entry(ref.Num)
	return e.kind > free && e.generation() == ref.Gen
}

// Refs calls visit for every reference in a value, none of them followed.
func Refs(v any, visit func(Ref)) {
	switch t := v.(type) {
	case Ref:
		visit(t)
	case Array:
		for _, x := range t {
			Refs(x, visit)
		}
	case *Dict:
		if t == nil {
			return
		}
		for i := range t.entries {
			Refs(t.entries[i].value, visit)
		}
	case *Stream:
		Refs(t.Dict, visit)
	}
}

// Equal tells whether two values say the same. References are equal when they name the
// same object; the bodies of streams are compared as they are encoded.
func Equal(a, b any) (bool, error) {
	switch x := a.(type) {
	case Array:
		y, ok := b.(Array)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		for i := range x {
			if same, err := Equal(x[i], y[i]); !same || err != nil {
				return false, err
			}
		}
		return true, nil
	case *Dict:
		y, ok := b.(*Dict)
		if !ok {
			return false, nil
		}
		different, err := Differ(x, y)
		return len(different) == 0, err
	case *Stream:
		y, ok := b.(*Stream)
		if !ok || x.Length != y.Length {
			return false, nil
		}
		if same, err := Equal(x.Dict, y.Dict); !same || err != nil {
			return false, err
		}
		return sameBytes(x.Raw(), y.Raw())
	default:
		switch b.(type) {
		case Array, *Dict, *Stream:
			return false, nil // not comparable with ==
		}
		return a == b, nil
	}
}

// Differ lists the keys under which two dictionaries do not say the same.
func Differ(a, b *Dict) ([]Name, error) {
	var out []Name
	for _, k := range keys(a, b) {
		same, err := Equal(a.Get(k), b.Get(k))
		if err != nil {
			return nil, err
		}
		if !same {
			out = append(out, k)
		}
	}
	return out, nil
}

// Keys lists the keys of a dictionary, each once.
func (d *Dict) Keys() []Name { return keys(d) }

func keys(dicts ...*Dict) []Name {
	var out []Name
	seen := map[Name]bool{}
	for _, d := range dicts {
		if d == nil {
			continue
		}
		for i := range d.entries {
			if k := d.entries[i].key; !seen[k] {
				seen[k] = true
				out = append(out, k)
			}
		}
	}
	return out
}

// Twice names a key that stands in the dictionary more than once: readers differ on
// which value counts.
func (d *Dict) Twice() (Name, bool) {
	if d == nil || len(keys(d)) == len(d.entries) {
		return "", false
	}
	seen := map[Name]bool{}
	for i := range d.entries {
		k := d.entries[i].key
		if seen[k] {
			return k, true
		}
		seen[k] = true
	}
	return "", false
}

func sameBytes(a, b io.Reader) (bool, error) {
	x, y := make([]byte, 32<<10), make([]byte, 32<<10)
	for {
		n, err := io.ReadFull(a, x)
		m, err2 := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, nil
		}
		if isEOF(err) && isEOF(err2) {
			return true, nil
		}
		if err != nil || err2 != nil {
			return false, fmt.Errorf("read stream: %w", firstOf(err, err2))
		}
	}
}

func firstOf(a, b error) error {
	if a != nil && !isEOF(a) {
		return a
	}
	return b
}

// Place says where in the file the value of a key stands. The dictionary must be in the
// text of the object that holder names; of one in an object stream there is no place.
func (d *Document) Place(holder Ref, in *Dict, key Name) (from, to int64, ok bool) {
	e, v := d.entry(holder.Num), in.find(key)
	if e.kind != inFile || e.generation() != holder.Gen || v == nil {
		return 0, 0, false
	}
	at := d.base + int64(e.at)
	return at + int64(v.from), at + int64(v.to), true
}

// Decode returns the body of a stream behind no filter or Flate, at most
// [MaxObjectStream] bytes.
func (d *Document) Decode(s *Stream) ([]byte, error) { return d.decode(s) }

// Dict follows references and gives a dictionary, nil if it is something else; of a
// stream it gives the stream's dictionary.
func (d *Document) Dict(v any) (*Dict, error) { return d.dict(v) }

// Array follows references and gives an array, nil if it is something else.
func (d *Document) Array(v any) (Array, error) { return d.array(v) }

// Fields lists the form's fields that have a name or a place of their own, groups included.
func (d *Document) Fields() []Field { return d.facts.fields }

// Field is a form field.
type Field struct {
	Ref     Ref    // zero if it stands inside another object
	Name    string // full name (ISO 32000-1, 12.7.3.2)
	Kind    Name   // Tx, Btn, Ch or Sig, inherited
	Dict    *Dict
	Widgets []Ref // its appearances, where they are objects of their own
}

// Offset is where the text of an object begins in the file, -1 for one in an object stream.
func (d *Document) Offset(ref Ref) int64 {
	if e := d.entry(ref.Num); e.kind == inFile && e.generation() == ref.Gen {
		return d.base + int64(e.at)
	}
	return -1
}

// Only makes a dictionary of one entry, which has no place in any file.
func Only(key Name, value any) *Dict {
	return &Dict{entries: []entry{{key: key, value: value}}, src: &source{}}
}
