package paper

import (
	"bytes"
	"fmt"
	"image"
	imagedraw "image/draw"
	"image/jpeg"
	"image/png"

	xdraw "golang.org/x/image/draw"

	"github.com/innsigli/innsigli"
)

// maxScans is how many times a JPEG may go over its picture: a small file that does so ten thousand times keeps a
// processor busy for minutes. Programs write about ten.
const maxScans = 64

// Logo makes a logo of a PNG or JPEG: its pixels alone, on white, without the empty room around, and as small as it is
// kept. It implements [innsigli.Paper].
func (*Paper) Logo(b []byte) ([]byte, error) {
	in, err := decodeLogo(b)
	if err != nil {
		return nil, err
	}
	pixels := image.NewNRGBA(image.Rect(0, 0, in.Bounds().Dx(), in.Bounds().Dy()))
	imagedraw.Draw(pixels, pixels.Rect, image.White, image.Point{}, imagedraw.Src)
	imagedraw.Draw(pixels, pixels.Rect, in, in.Bounds().Min, imagedraw.Over)
	seen := inked(pixels)
	if seen.Empty() {
		return nil, innsigli.InvalidField("logo", "Invisible", "logo cannot be seen on white, which it stands on everywhere.")
	}
	w, h := float64(seen.Dx()), float64(seen.Dy())
	for scale := min(1, innsigli.LogoWidth/w, innsigli.LogoHeight/h); ; scale *= 0.8 {
		out, err := scaled(pixels, seen, max(1, int(w*scale)), max(1, int(h*scale)))
		if err != nil || len(out) <= innsigli.LogoBytes {
			return out, err
		}
	}
}

// scaled writes a part of a picture in another size.
func scaled(from *image.NRGBA, part image.Rectangle, w, h int) ([]byte, error) {
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	xdraw.CatmullRom.Scale(to, to.Rect, from, part, xdraw.Src, nil)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, to); err != nil {
		return nil, fmt.Errorf("write logo: %w", err)
	}
	return out.Bytes(), nil
}

// decodeLogo reads a picture within the limits, which it looks at before the pixels.
func decodeLogo(b []byte) (image.Image, error) {
	if len(b) > innsigli.MaxLogoBytes {
		return nil, innsigli.InvalidField("logo", "Size", fmt.Sprintf("logo must be at most %d kB.", innsigli.MaxLogoBytes>>10))
	}
	configOf, decode := png.DecodeConfig, png.Decode
	if bytes.HasPrefix(b, []byte("\xff\xd8")) {
		configOf, decode = jpeg.DecodeConfig, jpeg.Decode
		if bytes.Count(b, []byte("\xff\xda")) > maxScans {
			return nil, errLogo(fmt.Errorf("more than %d scans", maxScans))
		}
	}
	c, err := configOf(bytes.NewReader(b))
	if err != nil {
		return nil, errLogo(err)
	}
	if c.Width > innsigli.MaxLogoSide || c.Height > innsigli.MaxLogoSide || c.Width*c.Height > innsigli.MaxLogoPixels {
		return nil, innsigli.InvalidField("logo", "Size",
			fmt.Sprintf("logo must be at most %d pixels a side and %d in all.", innsigli.MaxLogoSide, innsigli.MaxLogoPixels))
	}
	img, err := decode(bytes.NewReader(b))
	if err != nil {
		return nil, errLogo(err)
	}
	return img, nil
}

func errLogo(cause error) error {
	e := innsigli.InvalidField("logo", "Image", "logo must be a PNG or JPEG.")
	e.Cause = cause
	return e
}
