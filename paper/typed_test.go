package paper

import (
	"bytes"
	"errors"
	"image"
	imagedraw "image/draw"
	"image/png"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
)

func TestATypedSignatureIsADrawingWithAllOfItsName(t *testing.T) {
	widths := map[string]int{}
	for _, name := range []string{
		"Björn Þór Ómarsson", "Őry Ágnes", "Řehoř Žižka", "Łukasz Żółć", "Αθηνά", "Юлия", "i", "Bjo\u0308rn Þór Ómarsson",
		strings.Repeat("W", innsigli.MaxTypedRunes),
	} {
		b, err := New().DrawTyped(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := innsigli.CheckDrawing(b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		all := image.NewNRGBA(img.Bounds())
		imagedraw.Draw(all, all.Rect, img, image.Point{}, imagedraw.Src)
		ink := inked(all)
		if ink.Empty() || ink.Min.X == 0 || ink.Min.Y == 0 || ink.Max.X == all.Rect.Dx() || ink.Max.Y == all.Rect.Dy() {
			t.Errorf("%s: ink at %v of %v: some is missing", name, ink, all.Rect)
		}
		widths[name] = ink.Dx()
	}
	if a, b := widths["Björn Þór Ómarsson"], widths["Bjo\u0308rn Þór Ómarsson"]; a != b {
		t.Errorf("a name taken apart is %d px wide, whole %d", b, a)
	}
	for _, name := range []string{"مريم", "山田", "x\u202ey", "\x00"} {
		if _, err := New().DrawTyped(name); !errors.Is(err, innsigli.ErrLetters) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
