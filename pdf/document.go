package pdf

import (
	"bytes"
	"fmt"
	"io"
)

// Document is an opened document. It keeps no bytes of the file but a bounded
// cache of parsed objects, and reads from the ReaderAt it was opened with for as
// long as it is used. It is not safe for concurrent use.
type Document struct {
	r    io.ReaderAt
	size int64
	base int64 // where the header begins; offsets in the document count from here

	version   string
	xref      []entryAt
	trailer   *Dict // of the newest section
	startxref int64
	streamed  bool // the newest section is a cross-reference stream
	entries   int  // entries read so far
	sections  int
	chained   []int64 // where the sections begin, newest first
	// completing is set while the stream of a hybrid section is read.
	completing bool

	root  Ref
	pages pageTree
	facts facts

	objects map[int]object
	cached  int
	streams map[int]*objectStream
	inflate int64 // bytes of decoded object streams in the cache
	window  []byte
	work    int64
	decoded int64
	busy    int
}

// object is a parsed indirect object with its value's text; a stream's text ends
// with its dictionary.
type object struct {
	value any
	text  []byte
}

// Open reads the structure of a document of size bytes: cross-reference, page
// tree and form. It returns a *[Refusal] for a document that cannot be handled
// and any other error when r fails.
func Open(r io.ReaderAt, size int64) (*Document, error) {
	if size > MaxFileSize {
		return nil, Refuse(TooLarge, fmt.Sprintf("%d bytes", size))
	}
	d := &Document{r: r, size: size, objects: map[int]object{}, streams: map[int]*objectStream{}}
	if err := d.header(); err != nil {
		return nil, err
	}
	if err := d.crossReference(); err != nil {
		return nil, err
	}
	if err := d.catalog(); err != nil {
		return nil, err
	}
	return d, nil
}

// Size is the document's length in bytes.
func (d *Document) Size() int64 { return d.size }

// ReadAt gives the document's bytes as they are.
func (d *Document) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.r.ReadAt(p, off)
	if err == io.EOF { // as io.ReaderAt promises it
		return n, io.EOF
	}
	if err != nil {
		return n, fmt.Errorf("read document: %w", err)
	}
	return n, nil
}

// Source is what the document is read from.
func (d *Document) Source() io.ReaderAt { return d.r }

// Version is the PDF version as "1.7": the catalog's, if it is later than the
// header's (ISO 32000-1, 7.5.2).
func (d *Document) Version() string { return d.version }

// Root is the catalog's reference.
func (d *Document) Root() Ref { return d.root }

// Trailer is the newest trailer dictionary.
func (d *Document) Trailer() *Dict { return d.trailer }

// slice reads up to n bytes at off; the result lives until the next call.
func (d *Document) slice(off int64, n int) ([]byte, error) {
	if off < 0 || off >= d.size {
		return nil, broken("offset %d lies outside the file", off)
	}
	n = int(min(int64(n), d.size-off))
	if cap(d.window) < n {
		d.window = make([]byte, n)
	}
	b := d.window[:n]
	if got, err := d.r.ReadAt(b, off); got < n {
		return nil, fmt.Errorf("read document: %w", err)
	}
	return b, nil
}

func (d *Document) header() error {
	if d.size == 0 {
		return Refuse(NotPDF, "empty")
	}
	b, err := d.slice(0, headerWindow)
	if err != nil {
		return err
	}
	at := bytes.Index(b, []byte("%PDF-"))
	if at < 0 {
		return Refuse(NotPDF, "no header")
	}
	d.base = int64(at)
	v := b[at+5:]
	n := 0
	for n < len(v) && n < 4 && (v[n] == '.' || v[n] >= '0' && v[n] <= '9') {
		n++
	}
	d.version = string(v[:n])
	return nil
}

// parse reads the object at an absolute offset with ever larger windows.
// read is called for each and must leave the lexer behind what it took.
func (d *Document) parse(off int64, read func(*lexer) error) (*lexer, error) {
	for n := 2 << 10; ; n *= 8 {
		n = min(n, MaxObjectSource)
		b, err := d.slice(off, n)
		if err != nil {
			return nil, err
		}
		l := newLexer(b)
		err = read(l)
		if d.work += int64(l.p); d.work > maxWork {
			return nil, Refuse(TooComplex, "reading takes too much work")
		}
		if l.short && off+int64(len(b)) < d.size {
			if n == MaxObjectSource {
				return nil, Refuse(TooComplex, "an object is too long")
			}
			continue
		}
		if err == errShort { //nolint:errorlint // own value, never wrapped
			err = broken("the file ends inside an object")
		}
		// The window is used again: keep the text that spans point into.
		l.b = bytes.Clone(b[:l.p])
		l.src.b = l.b
		if cap(d.window) > 128<<10 {
			d.window = nil
		}
		return l, err
	}
}

// indirect reads "n g obj ..." at an absolute offset.
func (d *Document) indirect(off int64) (Ref, object, error) {
	ref, o, _, err := d.indirectTo(off)
	return ref, o, err
}

// indirectTo also tells where the value, or the line that begins a stream, ends.
func (d *Document) indirectTo(off int64) (Ref, object, int64, error) {
	var (
		ref    Ref
		v      any
		from   int
		to     int
		stream bool
	)
	l, err := d.parse(off, func(l *lexer) (err error) {
		ref = Ref{l.number(), l.number()}
		l.space()
		if ref.Num < 0 || ref.Gen < 0 || !l.has("obj") {
			return broken("no object at offset %d", off)
		}
		l.p += 3
		l.space()
		from = l.p
		if v, err = l.value(0); err != nil {
			return err
		}
		to = l.p
		return l.finish(v, &stream)
	})
	if err != nil {
		return Ref{}, object{}, 0, err
	}
	o := object{v, l.b[from:to]}
	if dict, ok := v.(*Dict); ok && stream {
		if o.value, err = d.stream(dict, off+int64(l.p)); err != nil {
			return Ref{}, object{}, 0, err
		}
	}
	return ref, o, off + int64(l.p), nil
}

// finish takes what must follow an object's value: endobj or a stream's start.
func (l *lexer) finish(v any, stream *bool) error {
	l.space()
	*stream = false
	if _, ok := v.(*Dict); ok && l.has("stream") {
		*stream = true
		l.p += len("stream")
		switch {
		case l.has("\r\n"):
			l.p += 2
		case l.has("\n"):
			l.p++
		default:
			return broken("a stream does not begin on a new line")
		}
		return nil
	}
	if _, ok := v.(keyword); ok {
		return broken("an object holds a bare word")
	}
	if !l.has("endobj") {
		return broken("an object has no end")
	}
	return nil
}

// stream checks that the body has the length it claims: guessing another would
// let two readers see two documents.
func (d *Document) stream(dict *Dict, at int64) (*Stream, error) {
	v, err := d.Resolve(dict.Get("Length"))
	if err != nil {
		return nil, err
	}
	n, ok := v.(int)
	if !ok || n < 0 || int64(n) > d.size-at {
		return nil, broken("a stream has no usable length")
	}
	tail, err := d.slice(at+int64(n), 32)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(bytes.TrimLeft(tail, "\r\n \t"), []byte("endstream")) {
		return nil, broken("a stream's length is wrong")
	}
	return &Stream{Dict: dict, Offset: at, Length: int64(n), doc: d}, nil
}

// load returns an indirect object; one that does not exist is null
// (ISO 32000-1, 7.3.10).
func (d *Document) load(ref Ref) (object, error) {
	null := object{nil, []byte("null")}
	if ref.Num < 0 || ref.Num >= len(d.xref) {
		return null, nil
	}
	if o, ok := d.objects[ref.Num]; ok && d.xref[ref.Num].generation() == ref.Gen {
		return o, nil
	}
	if d.busy++; d.busy > maxBusy {
		d.busy--
		return null, broken("objects need each other in a circle")
	}
	defer func() { d.busy-- }()
	e := d.xref[ref.Num]
	if e.generation() != ref.Gen {
		return null, nil
	}
	var (
		o   object
		err error
	)
	switch e.kind {
	case inFile:
		var got Ref
		got, o, err = d.indirect(d.base + int64(e.at))
		if err == nil && got != ref {
			err = broken("object %d is not where the cross-reference says", ref.Num)
		}
	case inStream:
		o, err = d.compressed(ref.Num, int(e.at))
	default:
		return null, nil
	}
	if err != nil {
		return null, err
	}
	d.remember(ref.Num, o)
	return o, nil
}

// remember keeps an object; a full cache is emptied, which is as good as any
// order here: nearly all objects are looked at once or twice.
func (d *Document) remember(num int, o object) {
	if d.cached += len(o.text); d.cached > cacheBytes || len(d.objects) >= cacheObjects {
		clear(d.objects)
		d.cached = len(o.text)
	}
	d.objects[num] = o
}

// Get returns an indirect object's value, nil if there is no such object.
func (d *Document) Get(ref Ref) (any, error) {
	o, err := d.load(ref)
	return o.value, err
}

// Resolve follows references until something else is found.
func (d *Document) Resolve(v any) (any, error) {
	_, v, err := follow(v, d.Get)
	return v, err
}

// follow resolves v with get; the reference is the last one of the chain.
func follow(v any, get func(Ref) (any, error)) (Ref, any, error) {
	var last Ref
	for range maxLinks {
		r, ok := v.(Ref)
		if !ok {
			return last, v, nil
		}
		var err error
		if v, err = get(r); err != nil {
			return last, nil, err
		}
		last = r
	}
	return last, nil, broken("references run in a circle")
}

// dict resolves v to a dictionary, nil if it is something else; of a stream it
// is the stream's dictionary.
func (d *Document) dict(v any) (*Dict, error) {
	v, err := d.Resolve(v)
	if err != nil {
		return nil, err
	}
	return asDict(v), nil
}

func asDict(v any) *Dict {
	switch t := v.(type) {
	case *Dict:
		return t
	case *Stream:
		return t.Dict
	}
	return nil
}

// array resolves v to an array, nil if it is something else.
func (d *Document) array(v any) (Array, error) {
	v, err := d.Resolve(v)
	if err != nil {
		return nil, err
	}
	a, _ := v.(Array)
	return a, nil
}
