package paper

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/innsigli/innsigli"
)

// painted is a picture of one colour with room around it, or of noise, which no format makes small.
func painted(w, h int, c color.Color, noise bool) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	dice := rand.New(rand.NewPCG(1, 2))
	for y := h / 4; y < h-h/4; y++ {
		for x := w / 4; x < w-w/4; x++ {
			if img.Set(x, y, c); noise {
				img.SetNRGBA(x, y, color.NRGBA{uint8(dice.Uint32()), uint8(dice.Uint32()), uint8(dice.Uint32()), 255})
			}
		}
	}
	return img
}

func encoded(tb testing.TB, img image.Image, how string) []byte {
	tb.Helper()
	var b bytes.Buffer
	var err error
	switch how {
	case "jpeg":
		err = jpeg.Encode(&b, img, nil)
	case "gif":
		err = gif.Encode(&b, img, nil)
	default:
		err = png.Encode(&b, img)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

var navy = color.NRGBA{20, 40, 90, 255}

// checkLogo holds a logo to what everyone who shows one relies on.
func checkLogo(t *testing.T, b []byte) image.Config {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil || innsigli.CheckDrawing(b) != nil {
		t.Fatalf("a logo of %d bytes: %v, %v", len(b), err, innsigli.CheckDrawing(b))
	}
	at := img.Bounds()
	if len(b) > innsigli.LogoBytes || at.Dx() > innsigli.LogoWidth || at.Dy() > innsigli.LogoHeight || at.Empty() {
		t.Errorf("a logo of %d bytes and %v", len(b), at)
	}
	if o, ok := img.(interface{ Opaque() bool }); !ok || !o.Opaque() {
		t.Error("a logo with a transparent pixel")
	}
	return image.Config{Width: at.Dx(), Height: at.Dy()}
}

// TestALogoIsWrittenAnew: within its limits, without room around it, and without anything that is no pixel.
func TestALogoIsWrittenAnew(t *testing.T) {
	behind := append(encoded(t, painted(80, 40, navy, false), ""), "<script>alert(1)</script>"...)
	for name, c := range map[string]struct {
		in   []byte
		w, h int // as it is then; 0 for whatever fits
	}{
		"png": {encoded(t, painted(80, 40, navy, false), ""), 40, 20}, "behind its end": {behind, 40, 20},
		"jpeg":              {encoded(t, painted(640, 320, navy, false), "jpeg"), 0, 0},
		"wide":              {encoded(t, painted(innsigli.MaxLogoSide, 8, navy, false), ""), innsigli.LogoWidth, 0},
		"high":              {encoded(t, painted(40, innsigli.MaxLogoSide, navy, false), ""), 0, innsigli.LogoHeight},
		"full":              {encoded(t, painted(2000, innsigli.MaxLogoPixels/2000, navy, false), ""), innsigli.LogoHeight, innsigli.LogoHeight},
		"noise":             {encoded(t, painted(500, 300, navy, true), ""), 0, 0},
		"grey, see-through": {encoded(t, painted(80, 40, color.NRGBA{0, 0, 0, 60}, false), ""), 40, 20},
	} {
		out, err := New().Logo(c.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if at := checkLogo(t, out); c.w > 0 && at.Width != c.w || c.h > 0 && at.Height != c.h {
			t.Errorf("%s: %+v, want %d × %d", name, at, c.w, c.h)
		}
		if bytes.Contains(out, []byte("script")) {
			t.Errorf("%s: what is no pixel was kept", name)
		}
	}
}

func TestWhatIsNoLogoIsRefused(t *testing.T) {
	fine := encoded(t, painted(80, 40, navy, false), "")
	photo := encoded(t, painted(80, 40, navy, false), "jpeg")
	scans := append(append([]byte{}, photo...), bytes.Repeat([]byte("\xff\xda"), maxScans)...)
	for name, c := range map[string]struct {
		in   []byte
		code string
	}{
		"nothing": {nil, "Image"}, "script": {[]byte("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"), "Image"},
		"gif": {encoded(t, painted(80, 40, navy, false), "gif"), "Image"}, "half a png": {fine[:len(fine)/2], "Image"},
		"half a jpeg": {photo[:len(photo)/2], "Image"}, "scans": {scans, "Image"},
		"bytes":  {append(append([]byte{}, fine...), make([]byte, innsigli.MaxLogoBytes+1-len(fine))...), "Size"},
		"side":   {encoded(t, painted(innsigli.MaxLogoSide+1, 8, navy, false), ""), "Size"},
		"pixels": {encoded(t, image.NewGray(image.Rect(0, 0, 2000, innsigli.MaxLogoPixels/2000+1)), ""), "Size"},
		"empty":  {encoded(t, image.NewNRGBA(image.Rect(0, 0, 20, 20)), ""), "Invisible"},
		"white":  {encoded(t, painted(80, 40, color.White, false), ""), "Invisible"},
	} {
		_, err := New().Logo(c.in)
		fields := innsigli.FieldsOf(err)
		if innsigli.KindOf(err) != innsigli.Invalid || len(fields) != 1 || fields[0].Field != "logo" || fields[0].Code != c.code {
			t.Errorf("%s: %v %+v, want %s", name, err, fields, c.code)
		}
	}
	at := append(append([]byte{}, fine...), make([]byte, innsigli.MaxLogoBytes-len(fine))...)
	if _, err := New().Logo(at); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

// FuzzLogo: whatever comes, a logo is one or there is none, and a refusal names the field.
func FuzzLogo(f *testing.F) {
	for _, how := range []string{"", "jpeg", "gif"} {
		f.Add(encoded(f, painted(24, 12, navy, false), how))
	}
	p := New()
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			return
		}
		out, err := p.Logo(b)
		if err == nil {
			checkLogo(t, out)
		} else if fields := innsigli.FieldsOf(err); len(fields) != 1 || fields[0].Field != "logo" {
			t.Errorf("%v", err)
		}
	})
}
