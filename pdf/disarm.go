package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// MaxImagePixels is how many pixels one image of a document may have: what is
// drawn has to fit into a reader's memory, whatever the file weighs.
const MaxImagePixels = 100_000_000

// maxDisarm bounds the text that disarming a document may write anew, in bytes.
const maxDisarm = 16 << 20

// Findings says what [Document.Disarm] found.
type Findings struct {
	// Active counts what does something by itself or at a click: scripts,
	// programs to start, forms to send, sounds and films.
	Active int
	// Silent counts the rest: embedded files, actions at opening, jumps to
	// other documents, damaged metadata, annotations that are no objects.
	Silent int
}

// Any tells whether there is anything to take out.
func (f Findings) Any() bool { return f.Active+f.Silent > 0 }

// Disarm looks at every object and stages the removal of what nobody who reads
// the pages can see, or what could show them something else later: actions but
// jumps inside the document and to web and mail addresses (ISO 32000-1, 12.6),
// JavaScript, embedded files, XFA, rich media, usage rights, streams that are in
// other files, pictures and annotations for paper alone, and the form, if
// dropForm is set. Layers stay as they are shown at first, see layers. Media annotations become stamps, so that their picture stays.
// Annotations that are no objects of their own become ones.
//
// It is meant to be followed by a rewriting of the whole document, which leaves
// behind what is not reached any more. An object that cannot be read is passed
// over, unless strict is set: then it is an error, as in Open.
func (d *Document) Disarm(strict, dropForm bool) (*Update, Findings, error) {
	x := &disarm{d: d, u: d.Update(), dropForm: dropForm}
	if info, ok := d.trailer.Get("Info").(Ref); ok && info.Num < MaxObjects && x.nowhere(info) {
		x.u.Put(info, []byte("<< >>"))
		x.found.Silent++
	}
	for num := range d.xref {
		e := d.xref[num]
		if e.kind != inFile && e.kind != inStream {
			continue
		}
		ref := Ref{num, e.generation()}
		err := x.visit(ref)
		if r, ok := errors.AsType[*Refusal](err); ok && r.Code == Broken && !strict {
			continue
		}
		if err != nil {
			return nil, Findings{}, err
		}
	}
	return x.u, x.found, nil
}

// disarm is one pass over a document.
type disarm struct {
	d        *Document
	u        *Update
	dropForm bool
	found    Findings
	written  int
	cuts     []cut // of the object at hand
	blank    Ref   // an appearance that draws nothing, once it is needed
	sure     bool  // the cuts count in the object's own text and will be made
	stream   bool  // the object at hand is a stream
}

// cut replaces a part of an object's text.
type cut struct {
	from, to int
	text     string
}

// actions that go but for those that only show another place of the document.
// The second group are words that structure elements may use for themselves
// (ISO 32000-1, 14.7.3); those have a parent, P, which no action has.
var (
	activeActions = []Name{
		"JavaScript", "Launch", "ImportData", "SubmitForm", "ResetForm", "Rendition", "RichMediaExecute", "GoTo3DView", "SetOCGState",
	}
	activeWords   = []Name{"Movie", "Sound", "Hide"}
	silentActions = []Name{"GoToR", "GoToE", "GoToDp"}
	silentWords   = []Name{"Thread", "Named"}
	namedJumps    = []Name{"NextPage", "PrevPage", "FirstPage", "LastPage"}
	media         = []Name{"RichMedia", "Movie", "Sound", "Screen", "3D"}
	mediaKeys     = []Name{"RichMediaContent", "RichMediaSettings", "Movie", "Sound", "3DD", "3DV", "3DA", "3DI", "3DU", "A", "AA"}
	triggers      = []Name{"E", "X", "D", "U", "Fo", "Bl", "PO", "PC", "PV", "PI", "O", "C", "K", "F", "V", "WC", "WS", "DS", "WP", "DP"}
	harmlessLinks = []string{"http:", "https:", "mailto:", "tel:", "#", "www."}
)

func (x *disarm) visit(ref Ref) error {
	o, err := x.d.load(ref)
	if err != nil {
		return err
	}
	s, ok := o.value.(*Stream)
	if x.stream = ok; ok {
		switch s.Get("Type") {
		case Name("XRef"), Name("ObjStm"): // structure, which a rewriting makes anew
			return nil
		case Name("EmbeddedFile"):
			x.found.Silent++
			x.u.Put(ref, []byte("null"))
			return nil
		}
		if err := x.image(s); err != nil {
			return err
		}
	}
	if d := asDict(o.value); d != nil {
		active, hostile, err := x.action(d)
		if err != nil {
			return err
		}
		if hostile {
			x.count(active)
			x.u.Put(ref, []byte("null"))
			return nil
		}
	}
	return x.trim(ref, o)
}

// trim cuts what has to go out of an object that stays.
func (x *disarm) trim(ref Ref, o object) error {
	before := x.found
	x.sure = false
	if err := x.collect(ref, o.value); err != nil || len(x.cuts) == 0 {
		return err
	}
	// Once more on the object's own text, for the places to cut at.
	v, err := newLexer(o.text).value(0)
	if err != nil {
		return err
	}
	x.found, x.sure = before, true
	if err := x.collect(ref, v); err != nil {
		return err
	}
	return x.put(ref, o, splice(o.text, x.cuts))
}

func (x *disarm) collect(ref Ref, v any) error {
	x.cuts = nil
	if err := x.value(v, 0); err != nil {
		return err
	}
	return x.own(ref, asDict(v))
}

// put stages the new text; of a stream, with the body that it has.
func (x *disarm) put(ref Ref, o object, text []byte) error {
	s, ok := o.value.(*Stream)
	if x.written += len(text); x.written > maxDisarm || ok && s.Length > maxDisarm {
		return Refuse(TooComplex, "too much has to be taken out")
	}
	if !ok {
		x.u.Put(ref, text)
		return nil
	}
	body, err := readBody(s)
	if err != nil {
		return err
	}
	if x.written += len(body); x.written > maxDisarm {
		return Refuse(TooComplex, "too much has to be taken out")
	}
	v, err := newLexer(text).value(0)
	if err != nil {
		return err
	}
	dict := asDict(v).With(Edit{Key: "Length"})
	x.u.PutStream(ref, string(dict[2:len(dict)-2]), body)
	return nil
}

// splice makes cuts in a text. Where one lies in another, the outer one counts.
func splice(text []byte, cuts []cut) []byte {
	slices.SortFunc(cuts, func(a, b cut) int { return a.from - b.from })
	var out bytes.Buffer
	at := 0
	for _, c := range cuts {
		if c.from < at {
			continue
		}
		out.Write(text[at:c.from])
		out.WriteString(" " + c.text + " ")
		at = c.to
	}
	out.Write(text[at:])
	return out.Bytes()
}

func (x *disarm) count(active bool) {
	if active {
		x.found.Active++
	} else {
		x.found.Silent++
	}
}

func (x *disarm) cut(from, to int, text string, active bool) {
	x.cuts = append(x.cuts, cut{from, to, text})
	x.count(active)
}

// value looks at a value and at all direct ones in it.
func (x *disarm) value(v any, depth int) error {
	if depth > MaxNesting {
		return Refuse(TooComplex, "values nest too deep")
	}
	switch t := v.(type) {
	case Array:
		for _, item := range t {
			if err := x.value(item, depth+1); err != nil {
				return err
			}
		}
	case *Stream:
		return x.dict(t.Dict, depth)
	case *Dict:
		if depth > 0 {
			active, hostile, err := x.action(t)
			if err != nil {
				return err
			}
			if hostile {
				x.cut(t.from, t.to, "null", active)
				return nil
			}
		}
		return x.dict(t, depth)
	}
	return nil
}

func (x *disarm) dict(d *Dict, depth int) error {
	subtype, _ := d.Get("Subtype").(Name)
	isMedia := d.Has("Rect") && slices.Contains(media, subtype)
	for i := range d.entries {
		e := &d.entries[i]
		if isMedia && e.key == "Subtype" {
			x.cut(e.from, e.to, "/Stamp"+x.picture(d), true)
			continue
		}
		if f := seldomSeen(d, e); f >= 0 {
			x.cut(e.from, e.to, strconv.Itoa(f), false)
			continue
		}
		goes, active, err := x.goes(d, e, isMedia)
		if err == nil && x.stream && depth == 0 && e.key == "F" {
			goes, err = x.elsewhere(e.value)
			active = goes
		}
		if err != nil {
			return err
		}
		if !goes && !active {
			goes, err = x.dangling(e)
		}
		if err != nil {
			return err
		}
		if goes {
			x.cut(e.keyAt, e.to, "", active)
			continue
		}
		if err := x.value(e.value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// members are keys whose arrays list dictionaries: what is none cannot be one of them.
var members = []Name{"Annots", "Fields"}

// dangling tells whether an entry refers to an object that there is not, which is
// as if it were not there (ISO 32000-1, 7.3.10); strict readers give up on it. In
// arrays null takes its place, so that the others keep theirs; a list of
// annotations or fields gets shorter.
func (x *disarm) dangling(e *entry) (goes bool, err error) {
	if ref, ok := e.value.(Ref); ok && x.nowhere(ref) {
		return true, nil
	}
	list, ok := e.value.(Array)
	if !ok && slices.Contains(members, e.key) {
		list, err = x.d.array(e.value)
	}
	if err != nil || list == nil {
		return false, err
	}
	var kept Array
	changed := false
	for _, v := range list {
		ref, ok := v.(Ref)
		switch {
		case ok && slices.Contains(members, e.key):
			d, err := x.d.dict(ref)
			if r, ok := errors.AsType[*Refusal](err); err != nil && (!ok || r.Code != Broken) {
				return false, err
			}
			if d == nil {
				changed = true
				continue
			}
		case ok && x.nowhere(ref):
			changed = true
			v = nil
		}
		kept = append(kept, v)
	}
	if changed {
		var b bytes.Buffer
		writeValue(&b, kept, Ref.String)
		x.cut(e.from, e.to, b.String(), false)
	}
	return false, nil
}

func (x *disarm) nowhere(ref Ref) bool {
	if ref.Num < 0 || ref.Num >= len(x.d.xref) {
		return true
	}
	e := x.d.xref[ref.Num]
	return e.kind != inFile && e.kind != inStream || e.generation() != ref.Gen
}

// picture gives a media annotation that has none an empty appearance: a stamp
// without one is drawn by readers as the word Draft (ISO 32000-1, 12.5.6.12).
func (x *disarm) picture(media *Dict) string {
	if media.Has("AP") {
		return ""
	}
	if x.blank == (Ref{}) {
		x.blank = x.u.Alloc()
		x.u.PutStream(x.blank, "/Type /XObject /Subtype /Form /BBox [0 0 1 1]", nil)
	}
	return " /AP << /N " + x.blank.String() + " >>"
}

// goes tells whether an entry has to go. Many keys are free names elsewhere (a
// font may be called AA), so what stands around them counts.
func (x *disarm) goes(d *Dict, e *entry, isMedia bool) (goes, active bool, err error) {
	_, isAction := d.Get("S").(Name)
	switch {
	case isMedia && slices.Contains(mediaKeys, e.key):
		return true, true, nil
	case e.key == "AA":
		goes, err := x.triggered(e.value)
		return goes, false, err
	case e.key == "Next" && isAction && !d.Has("P"):
		return true, false, nil
	case (e.key == "EF" || e.key == "RF") && isFileSpec(d):
		return true, false, nil
	case e.key == "FS" && d.Get("Subtype") == Name("FileAttachment"):
		return true, false, nil
	case e.key == "XFA" && d.Has("Fields"):
		return true, true, nil
	case (e.key == "Usage" || e.key == "Intent") && d.Get("Type") == Name("OCG"):
		return true, false, nil
	case e.key == "Alternates" && d.Get("Subtype") == Name("Image"):
		return true, false, nil
	}
	return false, false, nil
}

func isFileSpec(d *Dict) bool {
	_, f := d.Get("F").(String)
	_, uf := d.Get("UF").(String)
	return f || uf || d.Get("Type") == Name("Filespec") || d.Get("Type") == Name("F")
}

// triggered tells whether a value is a dictionary of actions that events start
// (ISO 32000-1, 12.6.3).
func (x *disarm) triggered(v any) (bool, error) {
	d, err := x.d.dict(v)
	if err != nil || d == nil {
		return false, err
	}
	for i := range d.entries {
		if !slices.Contains(triggers, d.entries[i].key) {
			return false, nil
		}
		v, err := x.d.Resolve(d.entries[i].value)
		if err != nil {
			return false, err
		}
		if _, ok := asDict(v).Get("S").(Name); v != nil && !ok {
			return false, nil
		}
	}
	return true, nil
}

// action tells whether a dictionary is an action that has to go.
func (x *disarm) action(d *Dict) (active, hostile bool, err error) {
	s, ok := d.Get("S").(Name)
	if !ok {
		return false, false, nil
	}
	word := !d.Has("P")
	switch {
	case slices.Contains(activeActions, s), word && slices.Contains(activeWords, s):
		return true, true, nil
	case s == "Named" && word:
		n, err := x.d.Resolve(d.Get("N"))
		name, _ := n.(Name)
		return false, !slices.Contains(namedJumps, name), err
	case slices.Contains(silentActions, s), word && slices.Contains(silentWords, s):
		return false, true, nil
	case s == "URI":
		u, err := x.d.Resolve(d.Get("URI"))
		return false, !harmlessLink(u), err
	}
	return false, false, nil
}

func harmlessLink(v any) bool {
	s, ok := v.(String)
	if !ok {
		return v == nil
	}
	text := strings.ToLower(strings.TrimSpace(string(s)))
	if !strings.Contains(text, ":") { // relative: nothing it could be relative to
		return true
	}
	return slices.ContainsFunc(harmlessLinks, func(p string) bool { return strings.HasPrefix(text, p) })
}

// image refuses what no reader can draw.
func (x *disarm) image(s *Stream) error {
	if s.Get("Subtype") != Name("Image") {
		return nil
	}
	var side [2]int
	for i, k := range []Name{"Width", "Height"} {
		v, err := x.d.Resolve(s.Get(k))
		if err != nil {
			return err
		}
		side[i], _ = v.(int)
	}
	if side[0] > 0 && side[1] > MaxImagePixels/side[0] {
		return Refuse(TooComplex, fmt.Sprintf("an image of %d x %d pixels", side[0], side[1]))
	}
	return nil
}

// own does what only one object of its kind needs.
func (x *disarm) own(ref Ref, d *Dict) error {
	switch {
	case d == nil:
		return nil
	case ref == x.d.root:
		return x.catalog(d)
	case d.Get("Type") == Name("Page"):
		return x.annotations(d)
	}
	return nil
}

func (x *disarm) catalog(d *Dict) error {
	for i := range d.entries {
		e := &d.entries[i]
		switch e.key {
		case "OpenAction", "Requirements", "Perms", "Collection", "AF":
			if e.value != nil {
				x.cut(e.keyAt, e.to, "", false)
			}
		case "AcroForm":
			if x.dropForm {
				x.cut(e.keyAt, e.to, "", false)
			}
		case "OCProperties":
			if err := x.layers(e); err != nil {
				return err
			}
		case "Names":
			if err := x.names(e); err != nil {
				return err
			}
		case "Metadata":
			ok, err := x.isXMP(e.value)
			if err != nil {
				return err
			}
			if !ok {
				x.cut(e.keyAt, e.to, "", false)
			}
		}
	}
	return nil
}

// names keeps the named places and nothing else: the other name trees hold
// scripts, files, films and hidden pages (ISO 32000-1, table 31).
func (x *disarm) names(e *entry) error {
	d, err := x.d.dict(e.value)
	if err != nil || d == nil {
		return err
	}
	active := d.Has("JavaScript")
	others := slices.ContainsFunc(d.entries, func(e entry) bool { return e.key != "Dests" })
	switch {
	case !others:
	case d.Has("Dests"):
		x.cut(e.keyAt, e.to, "/Names << /Dests "+string(d.Raw("Dests"))+" >>", active)
	default:
		x.cut(e.keyAt, e.to, "", active)
	}
	return nil
}

// annotations makes objects of the annotations of a page that are none.
func (x *disarm) annotations(page *Dict) error {
	e := page.find("Annots")
	if e == nil {
		return nil
	}
	list, err := x.d.array(e.value)
	if err != nil || !slices.ContainsFunc(list, func(v any) bool { return asDict(v) != nil }) {
		return err
	}
	if !x.sure {
		x.cut(e.from, e.to, "", false)
		return nil
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for _, v := range list {
		if a, ok := v.(*Dict); ok {
			ref := x.u.Alloc()
			x.u.Put(ref, bytes.Clone(a.Bytes()))
			x.written += len(a.Bytes())
			v = ref
		}
		writeValue(&b, v, Ref.String)
		b.WriteByte(' ')
	}
	b.WriteByte(']')
	x.cut(e.from, e.to, b.String(), false)
	return nil
}

// isXMP tells whether metadata can be read as XML and is wrapped as XMP is
// (ISO 16684-1, 7.3.3): readers that check signatures look at it, and some give up
// on the document when it is bare RDF, as in the first years of XMP.
func (x *disarm) isXMP(v any) (bool, error) {
	v, err := x.d.Resolve(v)
	if err != nil {
		return false, err
	}
	s, ok := v.(*Stream)
	if !ok {
		return v == nil, nil
	}
	filter, _, err := x.d.filter(s.Dict)
	if err != nil {
		return false, err
	}
	var r io.Reader = s.Raw()
	switch filter {
	case "":
	case "FlateDecode", "Fl":
		if r, err = zlib.NewReader(r); err != nil {
			return false, nil //nolint:nilerr // that is the answer
		}
	default:
		return false, nil
	}
	const most = 4 << 20
	dec := xml.NewDecoder(io.LimitReader(r, most))
	for elements := 0; ; {
		t, err := dec.Token()
		if err == io.EOF { //nolint:errorlint // as the decoder promises it
			return elements > 0, nil
		}
		if err != nil {
			return false, nil //nolint:nilerr // that is the answer
		}
		if e, ok := t.(xml.StartElement); ok {
			if elements++; elements == 1 && e.Name != (xml.Name{Space: "adobe:ns:meta/", Local: "xmpmeta"}) {
				return false, nil
			}
		}
	}
}

// Portfolio tells whether the document is a cover for the files embedded in it
// (ISO 32000-1, 12.3.5).
func (d *Document) Portfolio() (bool, error) {
	root, err := d.dict(d.root)
	if err != nil || !root.Has("Collection") {
		return false, err
	}
	names, err := d.dict(root.Get("Names"))
	return names.Has("EmbeddedFiles"), err
}

// Appended is a document with an update, to be read as one file.
func (a *Appendix) Appended(d *Document) (io.ReaderAt, int64) {
	return &appended{d, a.Bytes}, d.size + int64(len(a.Bytes))
}

type appended struct {
	d    *Document
	tail []byte
}

// ReadAt reads from the document, and behind its end from the update.
func (r *appended) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < r.d.size {
		part := p[:min(int64(len(p)), r.d.size-off)]
		m, err := r.d.ReadAt(part, off)
		if m < len(part) {
			return m, err
		}
		n = m
	}
	if n == len(p) {
		return n, nil
	}
	m, err := bytes.NewReader(r.tail).ReadAt(p[n:], off+int64(n)-r.d.size)
	return n + m, err //nolint:wrapcheck // io.EOF, as io.ReaderAt promises it
}
