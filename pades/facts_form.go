package pades

import (
	"slices"

	"github.com/innsigli/innsigli/pdf"
)

// What a revision may change in a field or widget (ISO 32000-2, tables 166, 191, 226 and
// 228). A signature's rectangle is not among them: it could be moved over the text.
var (
	signedKeys = []pdf.Name{"V", "AP", "AS", "M", "F", "P", "DA", "MK"}
	filledKeys = []pdf.Name{"V", "AP", "AS", "I", "RV", "M", "Kids"}
	shownKeys  = []pdf.Name{"AP", "AS", "M"}
)

// form compares the fields.
func (c *comparison) form() error {
	if len(c.open) == 0 && c.out.extent == Unchanged {
		return nil
	}
	was, is, err := c.forms()
	if err != nil {
		return err
	}
	if err := c.formDict(was, is); err != nil {
		return err
	}
	before := map[pdf.Ref]pdf.Field{}
	names := map[string]bool{}
	for _, f := range c.old.Fields() {
		before[f.Ref] = f
		names[f.Name] = true
	}
	for _, f := range c.now.Fields() {
		if f.Kind == "Sig" {
			for _, w := range append(f.Widgets, f.Ref) {
				c.widgets[w] = true
			}
		}
		old, known := before[f.Ref]
		if f.Ref == (pdf.Ref{}) {
			continue // it is part of an object that is compared
		}
		if !known {
			err = c.newField(f, names[f.Name])
		} else {
			err = c.field(old, f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forms gives the form of both revisions.
func (c *comparison) forms() (was, is *pdf.Dict, err error) {
	of := func(d *pdf.Document) (*pdf.Dict, error) {
		root, err := d.Dict(d.Root())
		if err != nil {
			return nil, err
		}
		return d.Dict(root.Get("AcroForm"))
	}
	if was, err = of(c.old); err != nil {
		return nil, nil, err
	}
	is, err = of(c.now)
	return was, is, err
}

// formDict compares the form's own dictionary: fields and fonts may be added, none taken
// away or changed.
func (c *comparison) formDict(was, is *pdf.Dict) error {
	keys, err := pdf.Differ(was, is)
	if err != nil {
		return err
	}
	for _, k := range keys {
		switch k {
		case "Fields", "SigFlags":
		case "DR":
			if err := c.resources(was.Get(k), is.Get(k), 0); err != nil {
				return err
			}
		case "DA":
			if was.Has(k) {
				c.out.rewrite("form /%s", k)
			}
		default:
			c.out.rewrite("form /%s", k)
		}
	}
	if k, twice := is.Twice(); twice {
		c.out.rewrite("form /%s twice", k)
	}
	root, err := c.now.Dict(c.now.Root())
	if err != nil {
		return err
	}
	if ref, ok := root.Get("AcroForm").(pdf.Ref); ok {
		if ch, open := c.open[ref.Num]; open && (ch.Old == ch.New || c.isNew(ch)) {
			c.explain(ref.Num, Extended)
		}
	}
	return c.longer(was.Get("Fields"), is.Get("Fields"), "form /Fields")
}

// longer sees to it that an array keeps what it had, and explains it if it is an object
// of its own.
func (c *comparison) longer(was, is any, where string) error {
	before, err := c.old.Array(was)
	if err != nil {
		return err
	}
	after, err := c.now.Array(is)
	if err != nil {
		return err
	}
	at := 0
	for _, x := range after {
		if at == len(before) {
			break
		}
		if same, err := pdf.Equal(before[at], x); err != nil {
			return err
		} else if same {
			at++
		}
	}
	if at < len(before) {
		c.out.rewrite("%s", where)
	}
	if ref, ok := is.(pdf.Ref); ok {
		if ch, open := c.open[ref.Num]; open && c.isNew(ch) {
			c.explain(ref.Num, Extended)
		}
		c.replace(ref, Extended)
	}
	return nil
}

// resources allows new names, and nothing else.
func (c *comparison) resources(was, is any, depth int) error {
	before, err := c.old.Dict(was)
	if err != nil {
		return err
	}
	after, err := c.now.Dict(is)
	if err != nil {
		return err
	}
	keys, err := pdf.Differ(before, after)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !before.Has(k) {
			if err := c.take(after.Get(k), Filled); err != nil {
				return err
			}
			continue
		}
		if depth > 0 {
			c.out.rewrite("form /DR /%s", k)
			continue
		}
		if err := c.resources(before.Get(k), after.Get(k), depth+1); err != nil {
			return err
		}
	}
	if ref, ok := is.(pdf.Ref); ok {
		c.replace(ref, Filled)
	}
	return nil
}

// field compares a field that both revisions have, and its widgets.
func (c *comparison) field(was, is pdf.Field) error {
	keys, err := pdf.Differ(was.Dict, is.Dict)
	if err != nil {
		return err
	}
	allowed := filledKeys
	if is.Kind == "Sig" {
		allowed = []pdf.Name{"Kids"}
		if !was.Dict.Has("V") && is.Dict.Has("V") {
			allowed = append(allowed, signedKeys...)
		}
	}
	if was.Kind != is.Kind || was.Name != is.Name {
		c.out.rewrite("field %q", is.Name)
	}
	filled := slices.Contains(keys, "V") || slices.Contains(keys, "AS")
	for _, k := range keys {
		switch {
		case !slices.Contains(allowed, k):
			c.out.rewrite("field %q /%s", is.Name, k)
		case k == "AP" && !filled:
			// A field that shows something else than it says (shadow attack "replace").
			c.out.rewrite("field %q /AP without /V", is.Name)
		}
	}
	if k, twice := is.Dict.Twice(); twice {
		c.out.rewrite("field %q /%s twice", is.Name, k)
	}
	if ch, ok := c.open[is.Ref.Num]; ok && ch.Old == ch.New && len(keys) > 0 {
		c.explain(is.Ref.Num, c.extentOf(is))
	}
	if was.Dict.Has("Kids") || is.Dict.Has("Kids") {
		if err := c.longer(was.Dict.Get("Kids"), is.Dict.Get("Kids"), "field "+is.Name+" /Kids"); err != nil {
			return err
		}
	}
	if filled {
		note(&c.out.fields, is.Name)
		c.out.reach(c.extentOf(is))
		if err := c.shown(is.Dict, c.extentOf(is)); err != nil {
			return err
		}
		if err := c.take(is.Dict.Get("V"), c.extentOf(is)); err != nil {
			return err
		}
	}
	return c.widgetsOf(was, is, filled)
}

// widgetsOf compares the widgets of a field that are objects of their own.
func (c *comparison) widgetsOf(was, is pdf.Field, filled bool) error {
	for _, ref := range is.Widgets {
		ch, open := c.open[ref.Num]
		if !open {
			if filled {
				d, err := c.now.Dict(ref)
				if err != nil {
					return err
				}
				if err := c.shown(d, c.extentOf(is)); err != nil {
					return err
				}
			}
			continue
		}
		if !slices.Contains(was.Widgets, ref) || ch.Old != ch.New {
			continue // a new widget of an old field shows what nobody has signed
		}
		before, err := c.old.Dict(ref)
		if err != nil {
			return err
		}
		after, err := c.now.Dict(ref)
		if err != nil {
			return err
		}
		keys, err := pdf.Differ(before, after)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if !slices.Contains(shownKeys, k) || k == "AP" && !filled {
				c.out.rewrite("field %q, widget /%s", is.Name, k)
			}
		}
		c.explain(ref.Num, c.extentOf(is))
		note(&c.out.fields, is.Name)
		if err := c.shown(after, c.extentOf(is)); err != nil {
			return err
		}
	}
	return nil
}

// shown explains the appearance of a field that was filled in.
func (c *comparison) shown(d *pdf.Dict, e Extent) error {
	ap, err := c.now.Dict(d.Get("AP"))
	if err != nil {
		return err
	}
	if ref, ok := d.Get("AP").(pdf.Ref); ok {
		c.replace(ref, e)
	}
	for _, k := range ap.Keys() {
		ref, ok := ap.Get(k).(pdf.Ref)
		if !ok {
			continue
		}
		if c.replace(ref, e) {
			v, err := c.now.Get(ref)
			if fault(err) != nil {
				return err
			}
			if err := c.take(v, e); err != nil {
				return err
			}
		}
	}
	return c.take(d.Get("AP"), e)
}

// newField judges a field that the signed revision did not have.
func (c *comparison) newField(f pdf.Field, taken bool) error {
	if taken || f.Name == "" {
		c.out.rewrite("field name %q twice", f.Name)
	}
	if k, twice := f.Dict.Twice(); twice {
		c.out.rewrite("field %q /%s twice", f.Name, k)
	}
	if f.Kind != "Sig" {
		c.out.rewrite("new field %q", f.Name)
		return nil
	}
	e := c.extentOf(f)
	c.out.reach(e)
	if e != Extended {
		note(&c.out.added, f.Name)
		note(&c.out.fields, f.Name)
	}
	return c.take(pdf.Array{f.Ref, f.Dict}, e)
}

// extentOf tells how far signing or filling a field goes: an invisible document time-stamp
// says nothing of its own (EN 319 142-1, 5.4.3; ISO 32000-2, 12.8.5).
func (c *comparison) extentOf(f pdf.Field) Extent {
	v, err := c.now.Dict(f.Dict.Get("V"))
	if f.Kind != "Sig" || err != nil || v.Get("SubFilter") != pdf.Name(subFilterStamp) {
		return Filled
	}
	if len(f.Widgets) > 0 || visible(c.now, f.Dict) {
		return Filled
	}
	return Extended
}

// visible tells whether a widget takes room on a page.
func visible(d *pdf.Document, widget *pdf.Dict) bool {
	rect, err := d.Array(widget.Get("Rect"))
	if err != nil || len(rect) != 4 {
		return err != nil || len(rect) > 0
	}
	return rect[0] != rect[2] && rect[1] != rect[3]
}
