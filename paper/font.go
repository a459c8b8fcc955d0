package paper

import (
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// face is one font: the letters that it has and how wide they are.
type face struct {
	family, style string // as fpdf knows it
	file          []byte
	widths        map[rune]float64 // in em
}

type faces struct{ regular, bold, mono *face }

// lastRune is the end of the basic plane: fpdf addresses letters by two bytes, and the fonts have none beyond.
const lastRune = 0xFFFF

// newFace reads a font that is linked into the program; one that cannot be read has no letters, which the tests see.
func newFace(family, style string, file []byte) *face {
	f := &face{family: family, style: style, file: file, widths: map[rune]float64{}}
	parsed, err := sfnt.Parse(file)
	if err != nil {
		return f
	}
	var buf sfnt.Buffer
	const em = 1000 // ppem: advances are then in thousandths
	for r := rune(' '); r < lastRune; r++ {
		glyph, err := parsed.GlyphIndex(&buf, r)
		if err != nil || glyph == 0 {
			continue
		}
		advance, err := parsed.GlyphAdvance(&buf, glyph, fixed.I(em), font.HintingNone)
		if err != nil {
			continue
		}
		f.widths[r] = float64(advance) / 64 / em
	}
	return f
}

func (f *face) has(r rune) bool {
	_, ok := f.widths[r]
	return ok
}

// style is how words look: a face, a size in points and a colour.
type style struct {
	face *face
	size float64
	ink  ink
}

// width is in points.
func (s style) width(text string) float64 {
	w := 0.0
	for _, r := range text {
		w += s.face.widths[r]
	}
	return w * s.size
}

// sized is the style at another size.
func (s style) sized(size float64) style {
	s.size = size
	return s
}

// ink is a colour: red, green, blue.
type ink [3]int

// The colours of the pages (design/mockups), all readable when printed in black on white.
var (
	black  = ink{0x17, 0x20, 0x2e}
	soft   = ink{0x5a, 0x64, 0x73}
	line   = ink{0xd0, 0xcc, 0xc2}
	brand  = ink{0x1d, 0x4e, 0x89}
	green  = ink{0x1c, 0x70, 0x48}
	red    = ink{0x9b, 0x22, 0x26}
	redish = ink{0xfb, 0xea, 0xea}
)
