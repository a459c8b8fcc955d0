package paper

import (
	"bytes"
	"fmt"
	"image"
	imagedraw "image/draw"
	"image/png"

	"github.com/innsigli/innsigli"
)

// trimmed reads a drawn signature and writes it anew without the empty room around it: pixels of eight bits and nothing
// else that the file may have carried. w and h are its size in pixels. A drawing without a stroke is nil.
func trimmed(b []byte) (out []byte, w, h float64, err error) {
	if err := innsigli.CheckDrawing(b); err != nil {
		return nil, 0, 0, err
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, 0, 0, fmt.Errorf("read signature image: %w", err)
	}
	all := image.NewNRGBA(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	imagedraw.Draw(all, all.Bounds(), img, img.Bounds().Min, imagedraw.Src)
	r := inked(all)
	if r.Empty() {
		return nil, 0, 0, nil
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, all.SubImage(r)); err != nil {
		return nil, 0, 0, fmt.Errorf("write signature image: %w", err)
	}
	return buf.Bytes(), float64(r.Dx()), float64(r.Dy()), nil
}

// inked is the part of an image that is neither transparent nor white.
func inked(img *image.NRGBA) image.Rectangle {
	var r image.Rectangle
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			p := img.Pix[y*img.Stride+4*x:]
			if p[3] > 8 && min(p[0], p[1], p[2]) < 248 {
				r = r.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return r
}
