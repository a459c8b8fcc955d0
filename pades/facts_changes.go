package pades

import (
	"errors"
	"fmt"
	"slices"

	"github.com/innsigli/innsigli/pdf"
)

// Extent is how far a document was changed after a signature; each allows what those
// before it allow.
type Extent string

// The extents, in order. Those of ISO 32000-2, table 257, with what PAdES adds for keeping
// signatures provable below them.
const (
	Unchanged Extent = "unchanged"
	Extended  Extent = "extended"  // validation data, document time-stamps, metadata
	Filled    Extent = "filled"    // form fields filled in, further signatures
	Annotated Extent = "annotated" // comments and the like
	Rewritten Extent = "rewritten" // anything else
	noExtent  Extent = ""          // not compared
	maxListed        = 20          // how many names a report lists
	dataDepth        = 6           // how deep a DSS nests, with room
)

var extents = []Extent{Unchanged, Extended, Filled, Annotated, Rewritten}

// beyond tells whether e allows more than f.
func (e Extent) beyond(f Extent) bool { return slices.Index(extents, e) > slices.Index(extents, f) }

// changes are what later revisions did to a signed one.
type changes struct {
	extent      Extent
	fields      []string // full names of fields that were filled in or signed
	added       []string // full names of fields that are new, but for time-stamps
	annotations []string // kinds of annotations that are new, changed or gone
	painted     bool     // an annotation of a kind that can cover the page
	rewritten   []string // what nothing explains
}

func (c *changes) reach(e Extent) {
	if e.beyond(c.extent) {
		c.extent = e
	}
}

func (c *changes) rewrite(format string, args ...any) {
	c.reach(Rewritten)
	note(&c.rewritten, fmt.Sprintf(format, args...))
}

func note(list *[]string, s string) {
	if len(*list) < maxListed && !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// comparison finds a reason for every object that changed. What has a place where
// changes are foreseen is explained; what is left at the end was rewritten.
type comparison struct {
	old, now *pdf.Document
	open     map[int]pdf.Change // changed objects without an explanation, by number
	changed  map[int]pdf.Change // all of them
	uses     map[int]int        // how often the old revision refers to each of them
	widgets  map[pdf.Ref]bool   // widgets of signature fields
	out      changes
}

// compare tells what the newer revision did to the older one. Both are judged by what
// stands in them, object by object: what a viewer shows cannot change otherwise.
func compare(old, now *pdf.Document) (changes, error) {
	c := &comparison{
		old: old, now: now, open: map[int]pdf.Change{}, changed: map[int]pdf.Change{}, uses: map[int]int{},
		widgets: map[pdf.Ref]bool{}, out: changes{extent: Unchanged},
	}
	for _, step := range []func() error{c.collect, c.count, c.catalog, c.form, c.pages, c.structure} {
		if err := step(); err != nil {
			return c.out, err
		}
	}
	for num := range c.open {
		c.out.rewrite("object %d", num)
	}
	slices.Sort(c.out.rewritten)
	return c.out, nil
}

// fault keeps an error of the reader; one of the document makes the value no value.
func fault(err error) error {
	var r *Refusal
	if errors.As(err, &r) && r.Code == pdf.Broken {
		return nil
	}
	return err
}

// collect lists the objects that do not say what they said.
func (c *comparison) collect() error {
	for _, ch := range c.now.Changed(c.old) {
		if ch.Old == ch.New {
			was, err := c.old.Get(ch.Old)
			if fault(err) != nil {
				return err
			}
			is, err2 := c.now.Get(ch.New)
			if fault(err2) != nil {
				return err2
			}
			if same, err3 := pdf.Equal(was, is); err3 != nil {
				return err3
			} else if same && err == nil && err2 == nil {
				continue
			}
		}
		num := max(ch.Old.Num, ch.New.Num)
		c.open[num], c.changed[num] = ch, ch
	}
	return nil
}

// count finds out how often the old revision uses each changed object: one that is used
// in two places could be changed in one of them for the sake of the other, and a new one
// that was used before it existed was waited for.
func (c *comparison) count() error {
	if len(c.open) == 0 {
		return nil
	}
	visit := func(r pdf.Ref) {
		if _, ok := c.changed[r.Num]; ok {
			c.uses[r.Num]++
		}
	}
	pdf.Refs(c.old.Trailer(), visit)
	for ref := range c.old.Objects() {
		v, err := c.old.Get(ref)
		if fault(err) != nil {
			return err
		}
		pdf.Refs(v, visit)
	}
	return nil
}

// isNew tells whether an object is made by a later revision, and nothing waited for it.
func (c *comparison) isNew(ch pdf.Change) bool {
	return ch.Old == (pdf.Ref{}) && ch.New != (pdf.Ref{}) && c.uses[ch.New.Num] == 0
}

func (c *comparison) explain(num int, e Extent) {
	delete(c.open, num)
	c.out.reach(e)
}

// take explains new objects, and the new ones that they lead to.
func (c *comparison) take(v any, e Extent) error {
	var list []pdf.Ref
	pdf.Refs(v, func(r pdf.Ref) { list = append(list, r) })
	for len(list) > 0 {
		ref := list[len(list)-1]
		list = list[:len(list)-1]
		ch, ok := c.open[ref.Num]
		if !ok || ch.New != ref || !c.isNew(ch) {
			continue
		}
		c.explain(ref.Num, e)
		v, err := c.now.Get(ref)
		if fault(err) != nil {
			return err
		}
		pdf.Refs(v, func(r pdf.Ref) { list = append(list, r) })
	}
	return nil
}

// replace explains an object that was changed in its place, if only one place uses it.
func (c *comparison) replace(ref pdf.Ref, e Extent) bool {
	ch, ok := c.open[ref.Num]
	if !ok || ch.New != ref || ch.Old != ref || c.uses[ref.Num] > 1 {
		return !ok
	}
	c.explain(ref.Num, e)
	return true
}

// data explains what leads to validation data: dictionaries and arrays may be changed in
// their place, streams only be new.
func (c *comparison) data(v any, depth int) error {
	if depth > dataDepth {
		return nil
	}
	if ref, ok := v.(pdf.Ref); ok {
		value, err := c.now.Get(ref)
		if fault(err) != nil {
			return err
		}
		if _, ok := value.(*pdf.Stream); ok {
			return c.take(ref, Extended)
		}
		if ch, ok := c.open[ref.Num]; ok && c.isNew(ch) {
			c.explain(ref.Num, Extended)
		} else {
			c.replace(ref, Extended)
		}
		v = value
	}
	switch t := v.(type) {
	case pdf.Array:
		for _, x := range t {
			if err := c.data(x, depth+1); err != nil {
				return err
			}
		}
	case *pdf.Dict:
		for _, k := range t.Keys() {
			if err := c.data(t.Get(k), depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// catalog compares what the trailers lead to, but for form and pages.
func (c *comparison) catalog() error {
	was, err := c.old.Dict(c.old.Root())
	if err != nil {
		return err
	}
	is, err := c.now.Dict(c.now.Root())
	if err != nil {
		return err
	}
	if info, ok := c.now.Trailer().Get("Info").(pdf.Ref); ok {
		if ch, changed := c.open[info.Num]; changed && !c.isNew(ch) {
			c.replace(info, Extended)
		}
		if err := c.take(info, Extended); err != nil {
			return err
		}
	}
	keys, err := pdf.Differ(was, is)
	if err != nil {
		return err
	}
	for _, k := range keys {
		switch k {
		case "AcroForm":
		case "DSS", "Extensions", "Metadata", "Version":
			c.out.reach(Extended)
		default:
			c.out.rewrite("catalog /%s", k)
		}
	}
	if was.Has("DSS") && !is.Has("DSS") {
		c.out.rewrite("catalog /DSS")
	}
	if k, twice := is.Twice(); twice {
		c.out.rewrite("catalog /%s twice", k)
	}
	if ch, ok := c.open[c.now.Root().Num]; ok && (ch.Old == c.old.Root() || c.isNew(ch)) {
		c.explain(c.now.Root().Num, Extended)
	}
	if err := c.data(is.Get("DSS"), 0); err != nil {
		return err
	}
	if meta, ok := is.Get("Metadata").(pdf.Ref); ok {
		c.replace(meta, Extended)
	}
	if ext, ok := is.Get("Extensions").(pdf.Ref); ok {
		c.replace(ext, Extended)
	}
	return c.take(pdf.Array{is.Get("Metadata"), is.Get("Extensions")}, Extended)
}

// structure explains the streams that only lead to objects, and objects that nothing used.
func (c *comparison) structure() error {
	for num, ch := range c.open {
		was, err := c.kind(c.old, ch.Old)
		if err != nil {
			return err
		}
		is, err := c.kind(c.now, ch.New)
		if err != nil {
			return err
		}
		gone := ch.New == (pdf.Ref{}) && (c.uses[num] == 0 || was)
		if gone || is && (was || ch.Old == (pdf.Ref{})) && c.uses[num] == 0 {
			delete(c.open, num)
		}
	}
	return nil
}

// kind tells whether an object is a cross-reference or object stream.
func (c *comparison) kind(in *pdf.Document, ref pdf.Ref) (bool, error) {
	if ref == (pdf.Ref{}) {
		return false, nil
	}
	v, err := in.Get(ref)
	if fault(err) != nil {
		return false, err
	}
	s, ok := v.(*pdf.Stream)
	return ok && (s.Get("Type") == pdf.Name("XRef") || s.Get("Type") == pdf.Name("ObjStm")), nil
}
