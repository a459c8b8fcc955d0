package innsigli

import (
	"encoding/hex"
	"fmt"
	"math"
)

// The grounds that a company's colour must stand out from as text (page/assets/page.css, notify/card.html), and the inks
// that can stand on it.
const (
	lightGround = "#f5f4f0"
	darkGround  = "#1d232d"
	lightInk    = "#ffffff"
	darkInk     = "#0d1420"
)

// readable is the least contrast of text (WCAG 2.2 1.4.3).
const readable = 4.5

// Tint is a company's colour as it can be read on a ground, the ink that can be read on it, and a deeper one for when it is
// touched; each as #rrggbb.
type Tint struct{ Brand, Ink, Deep string }

// Tints are a colour on light and on dark grounds. One that could not be read is made darker, or in the dark lighter, as
// little as needed. ok is false when the text is no #rrggbb.
func Tints(colour string) (light, dark Tint, ok bool) {
	c, ok := colourOf(colour)
	if !ok {
		return Tint{}, Tint{}, false
	}
	return tintOn(c, lightGround, lightInk, rgb{}), tintOn(c, darkGround, darkInk, rgb{255, 255, 255}), true
}

// tintOn moves a colour towards another until it stands out from a ground. What stands out from the ground stands out from
// the ink too, which lies beyond the ground.
func tintOn(c rgb, ground, ink string, towards rgb) Tint {
	g, _ := colourOf(ground)
	for step := 0; step < 100 && contrastOf(c, g) < readable; step++ {
		c = c.mixed(towards, 0.04)
	}
	return Tint{Brand: c.String(), Ink: ink, Deep: c.mixed(towards, 0.22).String()}
}

// rgb is a colour, each part from 0 to 255.
type rgb [3]float64

// mixed is the colour with a part of another.
func (c rgb) mixed(o rgb, part float64) rgb {
	for i := range c {
		c[i] = math.Round(c[i] + (o[i]-c[i])*part)
	}
	return c
}

// String writes it as #rrggbb.
func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(math.Round(c[0])), int(math.Round(c[1])), int(math.Round(c[2])))
}

func colourOf(s string) (rgb, bool) {
	if len(s) != len("#rrggbb") {
		return rgb{}, false
	}
	b, err := hex.DecodeString(s[1:])
	if err != nil {
		return rgb{}, false
	}
	return rgb{float64(b[0]), float64(b[1]), float64(b[2])}, true
}

// contrastOf is the ratio of two colours (WCAG 2.2, contrast ratio).
func contrastOf(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is relative luminance (WCAG 2.2).
func (c rgb) luminance() float64 {
	weights, sum := rgb{0.2126, 0.7152, 0.0722}, 0.0
	for i, v := range c {
		if v /= 255; v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += v * weights[i]
	}
	return sum
}
