package pdf

import "math"

// Rect is a rectangle in default user space, normalised: X0 <= X1, Y0 <= Y1.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// Width is in points.
func (r Rect) Width() float64 { return r.X1 - r.X0 }

// Height is in points.
func (r Rect) Height() float64 { return r.Y1 - r.Y0 }

func (r Rect) intersect(o Rect) Rect {
	return Rect{max(r.X0, o.X0), max(r.Y0, o.Y0), min(r.X1, o.X1), min(r.Y1, o.Y1)}
}

func (r Rect) empty() bool { return r.X0 >= r.X1 || r.Y0 >= r.Y1 }

// letter is what readers take for a page without a usable MediaBox.
var letter = Rect{0, 0, 612, 792}

// Page is one page with what it inherits from the page tree (ISO 32000-1, 7.7.3.4).
type Page struct {
	Ref      Ref
	MediaBox Rect
	// Box is the part of the page that is shown: CropBox within MediaBox.
	Box Rect
	// Rotate is 0, 90, 180 or 270 degrees clockwise.
	Rotate int

	resources any // as written, on the page or inherited
}

// Size is the page's width and height as displayed, in points: after cropping
// and rotation. UserUnit is not applied.
func (p *Page) Size() (w, h float64) {
	if p.Rotate%180 != 0 {
		return p.Box.Height(), p.Box.Width()
	}
	return p.Box.Width(), p.Box.Height()
}

// matrix is an affine map (ISO 32000-1, 8.3.3).
type matrix [6]float64

// fromDisplay maps points of the displayed page, origin lower left, to user space.
func (p *Page) fromDisplay() matrix {
	b := p.Box
	switch p.Rotate {
	case 90:
		return matrix{0, 1, -1, 0, b.X1, b.Y0}
	case 180:
		return matrix{-1, 0, 0, -1, b.X1, b.Y1}
	case 270:
		return matrix{0, -1, 1, 0, b.X0, b.Y1}
	}
	return matrix{1, 0, 0, 1, b.X0, b.Y0}
}

// toDisplay is the inverse of fromDisplay.
func (p *Page) toDisplay() matrix {
	b := p.Box
	switch p.Rotate {
	case 90:
		return matrix{0, -1, 1, 0, -b.Y0, b.X1}
	case 180:
		return matrix{-1, 0, 0, -1, b.X1, b.Y1}
	case 270:
		return matrix{0, 1, -1, 0, b.Y1, -b.X0}
	}
	return matrix{1, 0, 0, 1, -b.X0, -b.Y0}
}

// pageTree is the walked tree.
type pageTree struct {
	root  Ref
	pages []Page
}

// heritage is what a node hands down.
type heritage struct {
	media, crop *Rect
	rotate      int
	resources   any
}

// PageCount is the number of pages.
func (d *Document) PageCount() int { return len(d.pages.pages) }

// Page returns page n, counted from 1.
func (d *Document) Page(n int) (*Page, error) {
	if n < 1 || n > len(d.pages.pages) {
		return nil, errNoPage
	}
	p := d.pages.pages[n-1]
	return &p, nil
}

// pageDict returns the page's own dictionary.
func (d *Document) pageDict(p *Page) (*Dict, error) { return d.dict(p.Ref) }

// walkPages reads the page tree with a visited set: a page or node that is
// reached twice, or that is no object of its own, would have to be repaired.
func (d *Document) walkPages(root any) error {
	ref, ok := root.(Ref)
	if !ok {
		return broken("the catalog names no page tree")
	}
	d.pages.root = ref
	if err := d.walkNode(ref, heritage{}, map[Ref]bool{}, 0); err != nil {
		return err
	}
	if len(d.pages.pages) == 0 {
		return Refuse(NoPages, "")
	}
	return nil
}

func (d *Document) walkNode(ref Ref, h heritage, seen map[Ref]bool, depth int) error {
	if depth > MaxNesting {
		return Refuse(TooComplex, "the page tree is too deep")
	}
	if seen[ref] {
		return broken("the page tree runs in a circle")
	}
	// Nodes count too: a tree may have as many empty nodes as it likes.
	if seen[ref] = true; len(seen) > 4*MaxPages {
		return Refuse(TooManyPages, "nodes of the page tree")
	}
	v, err := d.Get(ref)
	if err != nil {
		return err
	}
	node, ok := v.(*Dict)
	if !ok {
		return broken("a page is no dictionary")
	}
	if err := d.inherit(node, &h); err != nil {
		return err
	}
	kids, err := d.array(node.Get("Kids"))
	if err != nil {
		return err
	}
	if kids == nil {
		if node.Get("Type") == Name("Pages") || depth == 0 {
			return broken("a page tree node has no pages")
		}
		return d.leaf(ref, h)
	}
	for _, k := range kids {
		kid, ok := k.(Ref)
		if !ok {
			return broken("a page is no object of its own")
		}
		if err := d.walkNode(kid, h, seen, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) leaf(ref Ref, h heritage) error {
	if len(d.pages.pages) >= MaxPages {
		return Refuse(TooManyPages, "")
	}
	p := Page{Ref: ref, MediaBox: letter, Rotate: h.rotate, resources: h.resources}
	if h.media != nil && !h.media.empty() {
		p.MediaBox = *h.media
	}
	p.Box = p.MediaBox
	if h.crop != nil {
		if b := h.crop.intersect(p.MediaBox); !b.empty() {
			p.Box = b
		}
	}
	if p.MediaBox.Width() > MaxPageSide || p.MediaBox.Height() > MaxPageSide {
		return Refuse(PageTooLarge, "")
	}
	d.pages.pages = append(d.pages.pages, p)
	return nil
}

// inherit takes over what the node itself says.
func (d *Document) inherit(node *Dict, h *heritage) error {
	for _, box := range []struct {
		key Name
		to  **Rect
	}{{"MediaBox", &h.media}, {"CropBox", &h.crop}} {
		if !node.Has(box.key) {
			continue
		}
		r, err := d.rect(node.Get(box.key))
		if err != nil {
			return err
		}
		*box.to = r
	}
	rotate, err := d.Resolve(node.Get("Rotate"))
	if err != nil {
		return err
	}
	if n, ok := number(rotate); ok && math.Mod(n, 90) == 0 && math.Abs(n) < 1e6 {
		h.rotate = ((int(n) % 360) + 360) % 360
	}
	if r := node.Get("Resources"); r != nil {
		h.resources = r
	}
	return nil
}

// rect reads a rectangle, nil if the value is none.
func (d *Document) rect(v any) (*Rect, error) {
	a, err := d.array(v)
	if err != nil || len(a) < 4 {
		return nil, err
	}
	var n [4]float64
	for i := range n {
		v, err := d.Resolve(a[i])
		if err != nil {
			return nil, err
		}
		f, ok := number(v)
		if !ok {
			return nil, nil //nolint:nilnil // no rectangle: the caller takes the default
		}
		n[i] = f
	}
	return &Rect{min(n[0], n[2]), min(n[1], n[3]), max(n[0], n[2]), max(n[1], n[3])}, nil
}

func number(v any) (float64, bool) {
	switch t := v.(type) {
	case int:
		return float64(t), true
	case float64:
		return t, true
	}
	return 0, false
}

// PageSize is the displayed size of page n, counted from 1; see [Page.Size].
func (d *Document) PageSize(n int) (w, h float64, err error) {
	p, err := d.Page(n)
	if err != nil {
		return 0, 0, err
	}
	w, h = p.Size()
	return w, h, nil
}
