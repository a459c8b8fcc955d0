package pdf

import (
	"bufio"
	"errors"
	"io"
)

// Leftover is what stands in a part of the file without belonging to the document. A
// reader that repairs files may show it.
type Leftover struct {
	Objects int   // objects that the cross-reference does not lead to
	Bytes   int64 // bytes that are no object, section or trailer
}

// Leftovers walks the file from an offset, which must be the end of a revision, to its
// end, as a reader would that rebuilds the cross-reference.
func (d *Document) Leftovers(from int64) (Leftover, error) {
	var out Leftover
	for at := from; at < d.size; {
		next, listed, err := d.step(at)
		var r *Refusal
		if errors.As(err, &r) && r.Code == Broken {
			out.Bytes = d.size - at
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if !listed {
			out.Objects++
		}
		at = next
	}
	return out, nil
}

// step takes one thing at an offset and tells where the next begins, and whether an
// object is the one that the cross-reference has.
func (d *Document) step(at int64) (next int64, listed bool, err error) {
	const thing = 16 // longer than any of the words
	var word string
	l, err := d.parse(at, func(l *lexer) error {
		l.space()
		from := l.p
		word = string(l.word())
		l.p = from
		return nil
	})
	if err != nil {
		return 0, false, err
	}
	start := at + int64(l.p)
	switch {
	case word == "" && start >= d.size:
		return d.size, true, nil
	case word == "xref":
		end, err := d.skipTable(start + int64(len(word)))
		return end, true, err
	case word == "startxref" && len(word) < thing:
		l, err := d.parse(start+int64(len(word)), func(l *lexer) error {
			if l.number() < 0 {
				return broken("startxref is no offset")
			}
			return nil
		})
		if err != nil {
			return 0, false, err
		}
		return start + int64(len(word)) + int64(l.p), true, nil
	}
	ref, o, end, err := d.indirectTo(start)
	if err != nil {
		return 0, false, err
	}
	if s, ok := o.value.(*Stream); ok {
		if end, err = d.skip(s.Offset+s.Length, "endstream"); err != nil {
			return 0, false, err
		}
	}
	end, err = d.skip(end, "endobj")
	return end, d.Offset(ref) == start || d.Offset(ref) > 0 && d.sameStart(d.Offset(ref), start), err
}

// sameStart allows for white space between where an entry points and the object.
func (d *Document) sameStart(entry, start int64) bool {
	if entry > start || start-entry > 64 {
		return false
	}
	b, err := d.slice(entry, int(start-entry))
	if err != nil {
		return false
	}
	for _, c := range b {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

// skip takes a word that must stand at an offset, behind white space.
func (d *Document) skip(at int64, word string) (int64, error) {
	l, err := d.parse(at, func(l *lexer) error {
		l.space()
		if !l.has(word) {
			return broken("%s is missing", word)
		}
		l.p += len(word)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return at + int64(l.p), nil
}

// skipTable goes over a table and its trailer.
func (d *Document) skipTable(at int64) (int64, error) {
	w := &words{b: bufio.NewReaderSize(io.NewSectionReader(d.r, at, d.size-at), 16<<10), off: at}
	for n := 0; ; n++ {
		word, err := w.next()
		if err != nil {
			return 0, tableEnd(err)
		}
		if string(word) == "trailer" {
			break
		}
		if n > 3*maxEntries {
			return 0, Refuse(TooManyObjects, "cross-reference entries")
		}
	}
	l, err := d.parse(w.off, func(l *lexer) error {
		v, err := l.value(0)
		if _, ok := v.(*Dict); !ok && err == nil {
			err = broken("the trailer is no dictionary")
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return w.off + int64(l.p), nil
}
