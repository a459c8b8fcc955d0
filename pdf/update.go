package pdf

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Update collects changed and new objects of one incremental update (ISO
// 32000-1, 7.5.6). Nothing is written before Finish, so that an object may be
// changed several times and is still written once.
type Update struct {
	doc    *Document
	next   int
	staged map[Ref]*staged
	order  []Ref
	forms  map[[sha256.Size]byte]Form
	// marks and appended count names and pages given out; fields are names of
	// fields made.
	marks, appended int
	fields          []string
}

// staged is an object's new text; a stream has its body apart.
type staged struct {
	text, body []byte
	stream     bool
}

// Update begins an update.
func (d *Document) Update() *Update {
	size, _ := d.trailer.Get("Size").(int)
	return &Update{doc: d, next: max(size, len(d.xref), 1), staged: map[Ref]*staged{}, forms: map[[sha256.Size]byte]Form{}}
}

// Empty tells whether nothing has been put.
func (u *Update) Empty() bool { return len(u.order) == 0 }

// Alloc gives the number of a new object, which must then be put.
func (u *Update) Alloc() Ref {
	u.next++
	return Ref{u.next - 1, 0}
}

// Put sets an object's text: one value in PDF syntax.
func (u *Update) Put(ref Ref, text []byte) { u.put(ref, &staged{text: text}) }

// PutStream sets a stream object from the text between the dictionary's << and
// >>, without Length, and the encoded body.
func (u *Update) PutStream(ref Ref, dict string, body []byte) {
	text := fmt.Appendf(nil, "<< %s /Length %d >>", dict, len(body))
	u.put(ref, &staged{text: text, body: body, stream: true})
}

func (u *Update) put(ref Ref, s *staged) {
	if u.staged[ref] == nil {
		u.order = append(u.order, ref)
	}
	u.staged[ref] = s
}

// load returns an object as it is with what the update has changed so far.
func (u *Update) load(ref Ref) (object, error) {
	s := u.staged[ref]
	if s == nil {
		return u.doc.load(ref)
	}
	l := newLexer(s.text)
	v, err := l.value(0)
	return object{v, s.text}, err
}

func (u *Update) get(ref Ref) (any, error) {
	o, err := u.load(ref)
	return o.value, err
}

// resolve follows references through the update; the reference is that of the
// object in which the value stands, zero if v is no reference.
func (u *Update) resolve(v any) (Ref, any, error) { return follow(v, u.get) }

// Dict returns a dictionary object with what the update has changed so far.
func (u *Update) Dict(ref Ref) (*Dict, error) {
	_, v, err := u.resolve(ref)
	if err != nil {
		return nil, err
	}
	d, ok := v.(*Dict)
	if !ok {
		return nil, broken("object %d is no dictionary", ref.Num)
	}
	return d, nil
}

// Edit changes keys of a dictionary object and leaves the rest as it is.
func (u *Update) Edit(ref Ref, edits ...Edit) error {
	if len(edits) == 0 {
		return nil
	}
	at, v, err := u.resolve(ref)
	if err != nil {
		return err
	}
	d, ok := v.(*Dict)
	if !ok {
		return broken("object %d is no dictionary", ref.Num)
	}
	u.Put(at, d.With(edits...))
	return nil
}

// editSub changes keys of the dictionary that stands under a key of d, and makes
// it if it is missing. It returns what then has to be changed in d: nothing if
// the sub-dictionary is an object of its own.
func (u *Update) editSub(d *Dict, key Name, edits ...Edit) ([]Edit, error) {
	at, v, err := u.resolve(d.Get(key))
	if err != nil {
		return nil, err
	}
	sub, _ := v.(*Dict) // what is of another kind is not there for readers either
	if sub != nil && at != (Ref{}) {
		return nil, u.Edit(at, edits...)
	}
	return []Edit{{key, string(sub.With(edits...))}}, nil
}

// appendTo adds an item to the array under a key of d, as editSub does.
func (u *Update) appendTo(d *Dict, key Name, item string) ([]Edit, error) {
	at, v, err := u.resolve(d.Get(key))
	if err != nil {
		return nil, err
	}
	if _, ok := v.(Array); !ok { // missing, or not there for readers either
		return []Edit{{key, "[" + item + "]"}}, nil
	}
	if at == (Ref{}) {
		return []Edit{{key, longer(d.Raw(key), item)}}, nil
	}
	o, err := u.load(at)
	if err != nil {
		return nil, err
	}
	u.Put(at, []byte(longer(o.text, item)))
	return nil, nil
}

// longer appends an item to an array's text, which ends with its bracket.
func longer(array []byte, item string) string {
	return string(array[:len(array)-1]) + " " + item + " ]"
}

// Appendix is a finished update: the bytes that follow the document's own.
type Appendix struct {
	Bytes []byte
	at    map[Ref]int
}

// At returns where an object's text begins within Bytes, -1 if it is not there.
// It is known from writing: foreign text is never searched for it.
func (a *Appendix) At(ref Ref) int {
	if at, ok := a.at[ref]; ok {
		return at
	}
	return -1
}

// Finish writes the objects and a cross-reference section in the form of the
// document's newest one.
func (u *Update) Finish() (*Appendix, error) {
	if u.next >= MaxObjects {
		return nil, Refuse(TooManyObjects, "no number left")
	}
	size := 4096
	for _, s := range u.staged {
		size += len(s.text) + len(s.body) + 128
	}
	var out bytes.Buffer
	out.Grow(size)
	last, err := u.doc.slice(u.doc.size-1, 1)
	if err != nil {
		return nil, err
	}
	if last[0] != '\n' {
		out.WriteByte('\n')
	}
	a := &Appendix{at: make(map[Ref]int, len(u.order))}
	offsets := make(map[Ref]int64, len(u.order)+1)
	for _, ref := range u.order {
		offsets[ref] = u.offset(&out)
		a.at[ref] = u.write(&out, ref, u.staged[ref])
	}
	start := u.offset(&out)
	id := u.identifier(out.Bytes())
	if u.doc.streamed {
		u.streamSection(&out, offsets, id)
	} else {
		u.tableSection(&out, offsets, id)
	}
	fmt.Fprintf(&out, "startxref\n%d\n%%%%EOF\n", start)
	a.Bytes = out.Bytes()
	return a, nil
}

// offset is where the next byte goes, counted as the document counts.
func (u *Update) offset(out *bytes.Buffer) int64 {
	return u.doc.size - u.doc.base + int64(out.Len())
}

func (u *Update) write(out *bytes.Buffer, ref Ref, s *staged) int {
	fmt.Fprintf(out, "%d %d obj\n", ref.Num, ref.Gen)
	at := out.Len()
	out.Write(s.text)
	if s.stream {
		out.WriteString("\nstream\n")
		out.Write(s.body)
		out.WriteString("\nendstream")
	}
	out.WriteString("\nendobj\n")
	return at
}

// identifier keeps the first half of the file identifier and makes the second
// from what is appended (ISO 32000-1, 14.4).
func (u *Update) identifier(appended []byte) string {
	h := sha256.New()
	h.Write(u.doc.trailer.Bytes())
	h.Write(appended)
	fresh := fmt.Sprintf("<%X>", h.Sum(nil)[:16])
	first := fresh
	if _, v, err := u.resolve(u.doc.trailer.Get("ID")); err == nil {
		if id, ok := v.(Array); ok && len(id) == 2 {
			if s, ok := id[0].(String); ok {
				first = fmt.Sprintf("<%X>", string(s))
			}
		}
	}
	return "[" + first + fresh + "]"
}

// keep is what goes on from the newest trailer.
func (u *Update) keep(id string) string {
	t := u.doc.trailer
	s := fmt.Sprintf("/Prev %d /Root %s /ID %s", u.doc.startxref, t.Raw("Root"), id)
	if t.Has("Info") {
		s += " /Info " + string(t.Raw("Info"))
	}
	return s
}

// runs groups object numbers into contiguous subsections.
func runs(offsets map[Ref]int64) [][]Ref {
	refs := slices.SortedFunc(maps.Keys(offsets), func(a, b Ref) int { return cmp.Compare(a.Num, b.Num) })
	var out [][]Ref
	for i, r := range refs {
		if i == 0 || refs[i-1].Num+1 != r.Num {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

func (u *Update) tableSection(out *bytes.Buffer, offsets map[Ref]int64, id string) {
	out.WriteString("xref\n")
	for _, run := range runs(offsets) {
		fmt.Fprintf(out, "%d %d\n", run[0].Num, len(run))
		for _, r := range run {
			fmt.Fprintf(out, "%010d %05d n\r\n", offsets[r], r.Gen)
		}
	}
	fmt.Fprintf(out, "trailer\n<< /Size %d %s >>\n", u.next, u.keep(id))
}

func (u *Update) streamSection(out *bytes.Buffer, offsets map[Ref]int64, id string) {
	self := u.Alloc()
	offsets[self] = u.offset(out)
	var index []string
	var data []byte
	for _, run := range runs(offsets) {
		index = append(index, strconv.Itoa(run[0].Num), strconv.Itoa(len(run)))
		for _, r := range run {
			at := offsets[r]
			data = append(data, 1, byte(at>>24), byte(at>>16), byte(at>>8), byte(at), byte(r.Gen>>8), byte(r.Gen)) //nolint:gosec // MaxFileSize needs four bytes
		}
	}
	u.write(out, self, &staged{
		text: fmt.Appendf(nil, "<< /Type /XRef /W [1 4 2] /Index [%s] /Size %d %s /Length %d >>",
			strings.Join(index, " "), u.next, u.keep(id), len(data)),
		body: data, stream: true,
	})
}
