package innsigli

import "testing"

// TestTintsAreReadAndLeftAloneWhereTheyCan: contrast is computed all over the cube by package page.
func TestTintsAreReadAndLeftAloneWhereTheyCan(t *testing.T) {
	light, dark, ok := Tints("#1d4e89")
	if !ok || light != (Tint{"#1d4e89", lightInk, "#173d6b"}) || dark.Brand == "#1d4e89" || dark.Ink != darkInk {
		t.Errorf("%+v %+v %v", light, dark, ok)
	}
	for _, none := range []string{"", "red", "#1d4e8", "#1d4e8g", "#1d4e891"} {
		if _, _, ok := Tints(none); ok {
			t.Errorf("%q is taken for a colour", none)
		}
	}
}
