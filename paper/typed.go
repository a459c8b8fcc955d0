package paper

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"

	"github.com/innsigli/innsigli"
)

// A typed signature is drawn as high as it fits, so that it is as sharp in print as a drawn one.
const (
	typedSize = 160 // pixels of an em, at most
	typedWide = innsigli.MaxDrawingSide - 2*typedSize
)

// DrawTyped writes a name in the slanted face, black on nothing. It implements [innsigli.Paper].
func (*Paper) DrawTyped(name string) ([]byte, error) {
	f := newFace("go", "I", goitalic.TTF)
	text := norm.NFC.String(name)
	for _, r := range text {
		if !f.has(r) {
			return nil, innsigli.ErrLetters
		}
	}
	size := min(typedSize, typedSize*typedWide/max(1, style{face: f, size: typedSize}.width(text)))
	parsed, err := opentype.Parse(goitalic.TTF)
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	made, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return nil, fmt.Errorf("font: %w", err)
	}
	bounds, advance := font.BoundString(made, text)
	edge := fixed.I(int(size / 4)) // slanted letters lean over their advance
	w := max(advance, bounds.Max.X) - min(0, bounds.Min.X) + 2*edge
	h := bounds.Max.Y - bounds.Min.Y + 2*edge
	img := image.NewNRGBA(image.Rect(0, 0, w.Ceil(), h.Ceil()))
	pen := font.Drawer{Dst: img, Src: image.Black, Face: made, Dot: fixed.Point26_6{X: edge - min(0, bounds.Min.X), Y: edge - bounds.Min.Y}}
	pen.DrawString(text)
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("write signature image: %w", err)
	}
	return out.Bytes(), nil
}
