package pades

import (
	"slices"

	"github.com/innsigli/innsigli/pdf"
)

// painting are kinds of annotations that can cover what was signed with something else
// ("evil annotation attack" on certified documents); others leave it readable.
var painting = []pdf.Name{"FreeText", "Stamp", "Redact", "Square", "Circle", "Line", "Polygon", "PolyLine", "Ink", "Watermark", "3D", "Screen", "Movie", "RichMedia", "Sound", "FileAttachment"}

// pages compares the pages: only annotations may differ.
func (c *comparison) pages() error {
	if len(c.open) == 0 && c.out.extent == Unchanged {
		return nil
	}
	if c.old.PageCount() != c.now.PageCount() {
		c.out.rewrite("pages")
		return nil
	}
	for n := 1; n <= c.now.PageCount(); n++ {
		was, err := c.old.Page(n)
		if err != nil {
			return err
		}
		is, err := c.now.Page(n)
		if err != nil {
			return err
		}
		if was.Ref != is.Ref {
			c.out.rewrite("page %d", n)
			continue
		}
		if err := c.page(n, is.Ref); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) page(n int, ref pdf.Ref) error {
	was, err := c.old.Dict(ref)
	if err != nil {
		return err
	}
	is, err := c.now.Dict(ref)
	if err != nil {
		return err
	}
	if _, open := c.open[ref.Num]; open {
		keys, err := pdf.Differ(was, is)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k != "Annots" {
				c.out.rewrite("page %d /%s", n, k)
			}
		}
		if k, twice := is.Twice(); twice {
			c.out.rewrite("page %d /%s twice", n, k)
		}
		c.explain(ref.Num, Unchanged)
	}
	return c.annotations(was.Get("Annots"), is.Get("Annots"))
}

func (c *comparison) annotations(was, is any) error {
	before, err := c.old.Array(was)
	if err != nil {
		return err
	}
	after, err := c.now.Array(is)
	if err != nil {
		return err
	}
	if ref, ok := is.(pdf.Ref); ok {
		if ch, open := c.open[ref.Num]; open && c.isNew(ch) {
			c.explain(ref.Num, Unchanged)
		}
		c.replace(ref, Unchanged)
	}
	had, has := refSet(before), refSet(after)
	for _, x := range before {
		if ref, ok := x.(pdf.Ref); !ok && len(before) != len(after) || ok && !has[ref] {
			if err := c.annotation(c.old, x); err != nil {
				return err
			}
		}
	}
	for i, x := range after {
		ref, ok := x.(pdf.Ref)
		if !ok {
			if i < len(before) {
				if same, err := pdf.Equal(before[i], x); err != nil || same {
					continue
				}
			}
		} else if _, open := c.open[ref.Num]; !open && (had[ref] || c.widgets[ref]) {
			continue
		}
		if err := c.annotation(c.now, x); err != nil {
			return err
		}
	}
	return nil
}

func refSet(list pdf.Array) map[pdf.Ref]bool {
	out := make(map[pdf.Ref]bool, len(list))
	for _, x := range list {
		if ref, ok := x.(pdf.Ref); ok {
			out[ref] = true
		}
	}
	return out
}

// annotation judges one that is new, changed or gone. A widget is part of a field and is
// no business of annotations.
func (c *comparison) annotation(in *pdf.Document, v any) error {
	d, err := in.Dict(v)
	if err != nil {
		return err
	}
	kind, _ := d.Get("Subtype").(pdf.Name)
	ref, _ := v.(pdf.Ref)
	if kind == "Widget" || kind == "" || d.Has("FT") {
		c.out.rewrite("annotation %q", kind)
		return nil
	}
	c.out.reach(Annotated)
	note(&c.out.annotations, string(kind))
	c.out.painted = c.out.painted || slices.Contains(painting, kind) || d.Has("A") || d.Has("AA")
	if in == c.old {
		return nil
	}
	if old, err := c.old.Dict(ref); err == nil && old != nil && old.Get("Subtype") == kind {
		c.replace(ref, Annotated)
	}
	if err := c.shown(d, Annotated); err != nil {
		return err
	}
	return c.take(pdf.Array{v, d}, Annotated)
}
