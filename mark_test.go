package innsigli

import (
	"bytes"
	"image"
	"image/png"
	"testing"
)

// blankPNG is an image of the size.
func blankPNG(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func drawingBytes(t *testing.T) {
	t.Helper()
	img := blankPNG(t, 10, 10)
	img = append(img, make([]byte, MaxDrawingBytes-len(img))...) // readers stop at the image's end
	if err := CheckDrawing(img); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	if err := CheckDrawing(append(img, 0)); err == nil {
		t.Error("one byte over the limit was let through")
	}
}

func drawingSide(t *testing.T) {
	t.Helper()
	if err := CheckDrawing(blankPNG(t, MaxDrawingSide, 1)); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	for _, img := range [][]byte{blankPNG(t, MaxDrawingSide+1, 1), blankPNG(t, 1, MaxDrawingSide+1)} {
		if err := CheckDrawing(img); err == nil {
			t.Error("a side of one pixel over the limit was let through")
		}
	}
}

func TestPersonalCodeIsShownOrHidden(t *testing.T) {
	for _, c := range []struct {
		ssn  string
		hide bool
		want string
	}{
		{"1203893389", false, "120389-3389"},
		{"120389-3389", false, "120389-3389"},
		{"120389 3389", false, "120389-3389"},
		{"1203893389", true, ""},
		{"", false, ""},
		{"AB-123456", false, "AB-123456"},
		{"12038933891", false, "12038933891"},
		{"١٢٠٣٨٩٣٣٨٩", false, "١٢٠٣٨٩٣٣٨٩"},
	} {
		m := markOf(Signee{Ssn: c.ssn, HideCode: c.hide}, Company{}, MarkFull)
		if m.Code != c.want {
			t.Errorf("%q, hidden %v: %q, want %q", c.ssn, c.hide, m.Code, c.want)
		}
	}
}

func TestAMarkSaysHowElseThePersonIsCalled(t *testing.T) {
	for want, s := range map[string]Signee{
		"a@example.com": {Name: "王", Email: "a@example.com", Phone: "+3545550100"}, "+3545550100": {Phone: "+3545550100"}, "": {},
	} {
		if m := markOf(s, Company{}, MarkLine); m.Contact != want || m.Name != s.Name || m.Style != MarkLine {
			t.Errorf("%+v", m)
		}
	}
}
