package render

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

const maxChars = 200_000 // characters of one page that are looked at

// box is a rectangle on a page as displayed, origin at the upper left.
type box struct{ left, top, right, bottom float64 }

// glyph is one character as PDFium gives them: in content order, with the spaces and line ends it infers, which have no
// place.
type glyph struct {
	char   rune
	placed bool
	box    box
}

// text gives the runs of a page.
func (d *document) text(n int) ([]Span, error) {
	page, err := d.page(n)
	if err != nil {
		return nil, err
	}
	view, err := d.view(page, n)
	if err != nil {
		return nil, err
	}
	opened, err := d.pdf.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return nil, classify(err)
	}
	t := opened.TextPage
	count, err := d.pdf.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: t})
	if err != nil {
		return nil, classify(err)
	}
	var b spanner
	for i := range min(count.Count, maxChars) {
		g, err := d.glyph(t, i, view)
		if err != nil {
			return nil, err
		}
		if b.add(g) {
			b.run.Size = d.fontSize(t, i)
		}
		if len(b.spans) == maxSpans {
			break
		}
	}
	b.end()
	_, err = d.pdf.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: t})
	return b.spans, err
}

func (d *document) glyph(t references.FPDF_TEXTPAGE, i int, view affine) (glyph, error) {
	char, err := d.pdf.FPDFText_GetUnicode(&requests.FPDFText_GetUnicode{TextPage: t, Index: i})
	if err != nil {
		return glyph{}, fmt.Errorf("character: %w", err)
	}
	g := glyph{char: rune(char.Unicode & 0x1FFFFF)}
	// The loose box has the height of the font, not of the letter. That it fails is how inferred characters are known.
	loose, err := d.pdf.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: t, Index: i})
	if err == nil {
		r := loose.Rect
		g.box = view.box(float64(r.Left), float64(r.Bottom), float64(r.Right), float64(r.Top))
		g.placed = g.box.right > g.box.left && g.box.bottom > g.box.top && view.shows(g.box)
	}
	return g, nil
}

// fontSize is the size of a character's font as displayed: fonts of size 1 enlarged by a matrix are common.
func (d *document) fontSize(t references.FPDF_TEXTPAGE, i int) float64 {
	size, err := d.pdf.FPDFText_GetFontSize(&requests.FPDFText_GetFontSize{TextPage: t, Index: i})
	if err != nil {
		return 0
	}
	m, err := d.pdf.FPDFText_GetMatrix(&requests.FPDFText_GetMatrix{TextPage: t, Index: i})
	if err != nil {
		return bounded(size.FontSize)
	}
	return bounded(size.FontSize * math.Hypot(float64(m.Matrix.C), float64(m.Matrix.D)))
}

// bounded brings any number within what Text promises.
func bounded(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return max(-maxPoints, min(maxPoints, v))
}

// affine takes a place in a page's own coordinates (origin at the lower left of its boxes, before rotation) to the place
// where it is displayed.
type affine struct {
	a, b, c, d, e, f float64
	size             Size // of the page as displayed
}

// view asks PDFium where it would display three points, and has rotation and crop box right without looking at either.
func (d *document) view(page requests.Page, n int) (affine, error) {
	size, err := d.size(n)
	if err != nil {
		return affine{}, err
	}
	const arm = 1000.0 // points between those asked for
	// PDFium answers in whole pixels, so the display is thought large: a thousand pixels a point where they fit.
	unit := min(1000, 1e9/max(size.W, size.H, arm)/2)
	ask := func(x, y float64) (float64, float64, error) {
		at, err := d.pdf.FPDF_PageToDevice(&requests.FPDF_PageToDevice{
			Page: page, SizeX: int(size.W * unit), SizeY: int(size.H * unit), PageX: x, PageY: y,
		})
		if err != nil {
			return 0, 0, classify(err)
		}
		return float64(at.DeviceX) / unit, float64(at.DeviceY) / unit, nil
	}
	var x, y [3]float64
	for i, p := range [3][2]float64{{0, 0}, {arm, 0}, {0, arm}} {
		if x[i], y[i], err = ask(p[0], p[1]); err != nil {
			return affine{}, err
		}
	}
	return affine{
		a: (x[1] - x[0]) / arm, b: (y[1] - y[0]) / arm,
		c: (x[2] - x[0]) / arm, d: (y[2] - y[0]) / arm,
		e: x[0], f: y[0],
		size: size,
	}, nil
}

func (m affine) at(x, y float64) (float64, float64) {
	return bounded(m.a*x + m.c*y + m.e), bounded(m.b*x + m.d*y + m.f)
}

func (m affine) box(x1, y1, x2, y2 float64) box {
	u1, v1 := m.at(x1, y1)
	u2, v2 := m.at(x2, y2)
	return box{min(u1, u2), min(v1, v2), max(u1, u2), max(v1, v2)}
}

// shows says whether any of a box is on the page; what is beside it nobody sees, so nobody is told either.
func (m affine) shows(b box) bool {
	return b.right > 0 && b.bottom > 0 && b.left < m.size.W && b.top < m.size.H
}

// spanner groups glyphs into runs on a line.
type spanner struct {
	spans []Span
	run   Span
	text  strings.Builder
	box   box
	space bool // a space is due before the next glyph of this run
	high  rune // the first half of a surrogate pair
}

// add takes the next glyph and says whether it began a run.
func (b *spanner) add(g glyph) (began bool) {
	switch {
	case utf16.IsSurrogate(g.char) && b.high == 0:
		b.high = g.char
		return false
	case b.high != 0:
		g.char, b.high = utf16.DecodeRune(b.high, g.char), 0
	}
	switch {
	case g.char == '\r' || g.char == '\n':
		b.end()
		return false
	case unicode.IsSpace(g.char):
		b.space = true
		return false
	case !g.placed || !unicode.IsPrint(g.char):
		return false // hyphens PDFium has joined, marks without a glyph
	}
	if b.text.Len() > 0 && !b.continues(g.box) {
		b.end()
	}
	began = b.text.Len() == 0
	if began {
		b.box = g.box
	} else if b.space {
		b.text.WriteByte(' ')
	}
	b.space = false
	b.text.WriteRune(g.char)
	b.box = box{min(b.box.left, g.box.left), min(b.box.top, g.box.top), max(b.box.right, g.box.right), max(b.box.bottom, g.box.bottom)}
	return began
}

// continues says whether a glyph stands on the line of the run and near its end: overlapping it by half in height, of a
// similar height, and no further away than two characters of a full em. A jump to the left is a new run, but a small
// one is kerning.
func (b *spanner) continues(g box) bool {
	height, other := b.box.bottom-b.box.top, g.bottom-g.top
	overlap := min(b.box.bottom, g.bottom) - max(b.box.top, g.top)
	gap := g.left - b.box.right
	return overlap > min(height, other)/2 && max(height, other) < 1.5*min(height, other) &&
		gap < 2*height && gap > -height/2
}

// end closes the run.
func (b *spanner) end() {
	if b.text.Len() > 0 {
		b.run.Text = b.text.String()
		b.run.X, b.run.Y = b.box.left, b.box.top
		b.run.W, b.run.H = b.box.right-b.box.left, b.box.bottom-b.box.top
		b.spans = append(b.spans, b.run)
	}
	b.text.Reset()
	b.run, b.space = Span{}, false
}
