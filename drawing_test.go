package innsigli

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
)

// stroke is a PNG with one line.
func stroke(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		img.Set(x, h/2, color.Black)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDrawIsForThoseWhoHaveNotSignedYet(t *testing.T) {
	d := []Drawing{{keyAnna, Document{Blob: "new", Size: 9}}}
	for _, st := range everyState() {
		a := anna()
		a.Drawing = Document{Blob: "old"}
		c, before, err := decideDraw(factsOf(st, a), d, Typed, Client{})
		if !st.Active() {
			if KindOf(err) != NotActive || !c.Empty() {
				t.Errorf("%s: %v\n%s", st, err, c)
			}
			continue
		}
		const want = "drawing new of " + string(keyAnna) + "\nlog SignatureDrawn " + string(keyAnna) + " Typed by anna@example.com\n"
		if err != nil || c.String() != want || len(before) != 1 || before[0].Blob != "old" {
			t.Errorf("%s: %v %v\n%s", st, err, before, c)
		}
	}
	// Without a blob an earlier one is taken away.
	c, _, err := decideDraw(factsOf(Started, anna()), []Drawing{{Signee: keyAnna}}, "", Client{})
	if want := "drawing  of " + string(keyAnna) + "\nlog SignatureTakenBack " + string(keyAnna) + " by anna@example.com\n"; err != nil || c.String() != want {
		t.Errorf("taken away: %v\n%s", err, c)
	}
	if _, _, err := decideDraw(factsOf(Started, signed(anna()), bjorn()), d, Drawn, Client{}); KindOf(err) != Invalid {
		t.Errorf("after the signature: %v", err)
	}
	if _, _, err := decideDraw(factsOf(Started, bjorn()), d, Drawn, Client{}); KindOf(err) != NotFound {
		t.Errorf("of nobody: %v", err)
	}
}

// TestADrawingIsWrittenAnew: nothing that a file can carry beside its pixels is kept.
func TestADrawingIsWrittenAnew(t *testing.T) {
	in := stroke(t, 40, 20)
	chunk := []byte("\x00\x00\x00\x0dtEXtComment\x00Hello\x00\x00\x00\x00") // the sum is wrong, which decoders pass over or refuse
	end := bytes.Index(in, []byte("\x00\x00\x00\x00IEND"))
	with := append(append(append([]byte{}, in[:end]...), chunk...), in[end:]...)
	for name, b := range map[string][]byte{"plain": in, "behind its end": append(append([]byte{}, in...), "<script>"...), "text": with} {
		out, err := cleanDrawing(b)
		if err != nil {
			if name != "text" || KindOf(err) != Invalid {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if bytes.Contains(out, []byte("Hello")) || bytes.Contains(out, []byte("<script>")) || CheckDrawing(out) != nil {
			t.Errorf("%s: %q", name, out)
		}
	}
	for name, b := range map[string][]byte{
		"nothing": nil, "no PNG": []byte("GIF89a"), "half": in[:len(in)/2], "too wide": stroke(t, MaxDrawingSide+1, 1),
	} {
		if _, err := cleanDrawing(b); KindOf(err) != Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// typedRunes: what passes the limit comes to the paper, which here has no pen.
func typedRunes(t *testing.T) {
	t.Helper()
	s := &Service{Paper: &paperOf{}}
	for text, want := range map[string]Kind{
		strings.Repeat("Þ", MaxTypedRunes): 0, strings.Repeat("Þ", MaxTypedRunes+1): Invalid, "\n": Invalid, "山田": Invalid,
	} {
		if err := s.DrawTyped(t.Context(), nil, text, Client{}); err == nil || KindOf(err) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
