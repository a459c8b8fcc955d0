package pdf

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// Kinds of an entry. unset sorts before free: a later section knows nothing of it.
const (
	unset = iota
	free
	inFile
	inStream
)

// entryAt is one cross-reference entry in eight bytes: a million of them must
// not weigh. at is the offset, or the object stream's number.
type entryAt struct {
	at   uint32
	gen  uint16
	kind uint8
}

// generation of an object in an object stream is 0; gen holds its place there.
func (e entryAt) generation() int {
	if e.kind == inStream {
		return 0
	}
	return int(e.gen)
}

// crossReference reads all sections, newest first (ISO 32000-1, 7.5.4 to 7.5.8).
func (d *Document) crossReference() error {
	at, err := d.findStart()
	if err != nil {
		return err
	}
	if err := d.chain(at); err != nil {
		return err
	}
	d.startxref = at
	if n, ok := d.trailer.Get("Size").(int); ok && n > MaxObjects {
		return Refuse(TooManyObjects, "the trailer's size")
	}
	root, ok := d.trailer.Get("Root").(Ref)
	if !ok {
		return broken("the trailer names no catalog")
	}
	d.root = root
	return nil
}

func (d *Document) findStart() (int64, error) {
	from := max(0, d.size-tailWindow)
	b, err := d.slice(from, tailWindow)
	if err != nil {
		return 0, err
	}
	i := bytes.LastIndex(b, []byte("startxref"))
	if i < 0 {
		return 0, broken("no startxref at the end")
	}
	l := newLexer(b)
	l.p = i + len("startxref")
	n := l.number()
	if n <= 0 {
		return 0, broken("startxref is no offset")
	}
	return int64(n), nil
}

// chain reads the section at an offset and those before it.
func (d *Document) chain(at int64) error {
	seen := map[int64]bool{}
	for first := true; ; first = false {
		if seen[at] {
			return broken("cross-reference sections run in a circle")
		}
		if d.sections++; d.sections > MaxRevisions {
			return Refuse(TooManyChanges, "")
		}
		seen[at] = true
		d.chained = append(d.chained, at)
		t, streamed, err := d.section(at)
		if err != nil {
			return err
		}
		if first {
			d.trailer, d.streamed = t, streamed
		}
		if t.Has("Encrypt") {
			return Refuse(Encrypted, "")
		}
		if n, ok := t.Get("XRefStm").(int); ok && !streamed && !seen[int64(n)] {
			seen[int64(n)] = true
			if err := d.hybrid(int64(n)); err != nil {
				return err
			}
		}
		switch prev := t.Get("Prev").(type) {
		case nil:
			return nil
		case int:
			at = int64(prev)
		default:
			return broken("the previous section's offset is no number")
		}
	}
}

// hybrid reads the stream that completes a table (ISO 32000-1, 7.5.8.4).
func (d *Document) hybrid(at int64) error {
	d.completing = true
	defer func() { d.completing = false }()
	_, streamed, err := d.section(at)
	if err == nil && !streamed {
		err = broken("XRefStm is no stream")
	}
	return err
}

// section reads one section, given by its offset from the header.
func (d *Document) section(at int64) (*Dict, bool, error) {
	table := false
	l, err := d.parse(d.base+at, func(l *lexer) error {
		l.space()
		table = l.has("xref")
		l.end()
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	if !table {
		t, err := d.sectionStream(d.base + at)
		return t, true, err
	}
	end, err := d.table(d.base + at + int64(l.p) + 4)
	if err != nil {
		return nil, false, err
	}
	var v any
	_, err = d.parse(end, func(l *lexer) (err error) {
		v, err = l.value(0)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	t, ok := v.(*Dict)
	if !ok {
		return nil, false, broken("the trailer is no dictionary")
	}
	return t, false, nil
}

// words takes white-space separated words from the file and counts what it took.
type words struct {
	b   *bufio.Reader
	off int64
	buf [24]byte
}

// next returns the next word; one longer than any a table has is cut.
func (w *words) next() ([]byte, error) {
	out := w.buf[:0]
	for {
		c, err := w.b.ReadByte()
		if err != nil {
			return nil, fmt.Errorf("read cross-reference: %w", err)
		}
		switch {
		case !isSpace(c) && !isDelimiter(c) && len(out) < len(w.buf):
			out = append(out, c)
			w.off++
		case len(out) > 0:
			return out, w.b.UnreadByte()
		case isSpace(c):
			w.off++
		default:
			return nil, broken("malformed cross-reference table")
		}
	}
}

func (w *words) number(limit int64) (int64, error) {
	b, err := w.next()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 || n > limit {
		return 0, broken("malformed number in the cross-reference")
	}
	return n, nil
}

// table reads the subsections of a classic table up to the word trailer and
// returns the offset behind it.
func (d *Document) table(at int64) (int64, error) {
	w := &words{b: bufio.NewReaderSize(io.NewSectionReader(d.r, at, d.size-at), 16<<10), off: at}
	for {
		word, err := w.next()
		if err != nil {
			return 0, tableEnd(err)
		}
		if string(word) == "trailer" {
			return w.off, nil
		}
		first, err := strconv.Atoi(string(word))
		if err != nil || first < 0 {
			return 0, broken("malformed cross-reference subsection")
		}
		n, err := w.number(maxEntries)
		if err != nil {
			return 0, tableEnd(err)
		}
		for i := range int(n) {
			if err := d.tableEntry(w, first+i); err != nil {
				return 0, tableEnd(err)
			}
		}
	}
}

// tableEnd turns the end of the file into the document's fault.
func tableEnd(err error) error {
	if isEOF(err) {
		return broken("the file ends inside a cross-reference table")
	}
	return err
}

func (d *Document) tableEntry(w *words, num int) error {
	at, err := w.number(1<<34 - 1)
	if err != nil {
		return err
	}
	gen, err := w.number(99999)
	if err != nil {
		return err
	}
	kind, err := w.next()
	if err != nil {
		return err
	}
	switch {
	case string(kind) == "n" && at > 0:
		return d.enter(num, inFile, at, gen)
	case string(kind) == "f" || string(kind) == "n":
		return d.enter(num, free, 0, gen)
	}
	return broken("malformed cross-reference entry")
}

// enter keeps an entry unless a newer section has one. The stream of a hybrid
// file wins over what its own table calls free: that is how objects are hidden
// from readers that know no streams (7.5.8.4).
func (d *Document) enter(num int, kind uint8, at, gen int64) error {
	if d.entries++; d.entries > maxEntries || num >= MaxObjects {
		return Refuse(TooManyObjects, "cross-reference entries")
	}
	for num >= len(d.xref) {
		d.xref = append(d.xref, entryAt{})
	}
	if e := d.xref[num]; e.kind != unset {
		if hidden := d.completing && e.kind == free && int(e.gen) == d.sections; !hidden {
			return nil
		}
	}
	if kind == inFile && at >= d.size || kind == inStream && at >= MaxObjects {
		// Readers differ on what to do with such an entry; most call it free.
		kind = free
	}
	if kind == free {
		at, gen = 0, int64(d.sections) // whose entry it is, for the rule above
	}
	d.xref[num] = entryAt{at: uint32(at), gen: uint16(min(gen, 0xffff)), kind: kind} //nolint:gosec // bounded by MaxFileSize and MaxObjects
	return nil
}

// sectionStream reads a cross-reference stream (ISO 32000-1, 7.5.8).
func (d *Document) sectionStream(at int64) (*Dict, error) {
	_, o, err := d.indirect(at)
	if err != nil {
		return nil, err
	}
	s, ok := o.value.(*Stream)
	if !ok || s.Get("Type") != Name("XRef") {
		return nil, broken("no cross-reference at its offset")
	}
	var width [3]int
	w, _ := s.Get("W").(Array)
	for i := range width {
		if len(w) < 3 {
			return nil, broken("a cross-reference stream without widths")
		}
		n, ok := w[i].(int)
		if !ok || n < 0 || n > 8 {
			return nil, broken("a cross-reference stream with odd widths")
		}
		width[i] = n
	}
	data, err := d.decode(s)
	if err != nil {
		return nil, err
	}
	index, ok := s.Get("Index").(Array)
	if !ok {
		index = Array{0, s.Get("Size")}
	}
	return s.Dict, d.streamEntries(index, width, data)
}

func (d *Document) streamEntries(index Array, width [3]int, data []byte) error {
	row := width[0] + width[1] + width[2]
	if row == 0 {
		return broken("a cross-reference stream with empty entries")
	}
	for i := 0; i+1 < len(index); i += 2 {
		first, ok1 := index[i].(int)
		n, ok2 := index[i+1].(int)
		if !ok1 || !ok2 || first < 0 || n < 0 {
			return broken("a cross-reference stream with an odd index")
		}
		for j := range n {
			if len(data) < row {
				return nil // cut short: what is missing is not there
			}
			kind := int64(1)
			if width[0] > 0 {
				kind = field(data[:width[0]])
			}
			a := field(data[width[0] : width[0]+width[1]])
			b := field(data[width[0]+width[1] : row])
			data = data[row:]
			if a < 0 || b < 0 {
				return broken("a cross-reference stream with odd numbers")
			}
			var err error
			switch kind {
			case 0:
				err = d.enter(first+j, free, 0, 0)
			case 1:
				err = d.enter(first+j, inFile, a, b)
			case 2:
				err = d.enter(first+j, inStream, a, b)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func field(b []byte) int64 {
	var n int64
	for _, c := range b {
		n = n<<8 | int64(c)
	}
	return n
}
