package main

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"io"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// strokes is a PNG of lines, so that its bytes are its own.
func strokes(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for _, y := range []int{x * 7 % h, x * 13 % h} {
			img.Set(x, y, color.NRGBA{20, 30, uint8(x * 5), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// drawFor sends the drawn signature of the n-th signee.
func (r *rig) drawFor(p process, n int, img []byte) answer {
	r.tb.Helper()
	return r.ask("POST", "/api/Signing/Simple/ImageData", "", map[string]any{
		"ProcessKey": p.Key, "SigneeKey": p.Signees[n].Key, "image": base64.StdEncoding.EncodeToString(img), "ImageWidth": 60, "ImageHeight": 30,
		"ImageXInsetFac": 0.1, "ImageYBaselineFac": 0.5, "ImageWidthFac": 1,
	})
}

// drawingOf reads the drawing that is kept, as only the test may.
func drawingOf(t *testing.T, s *server, p process, n int) []byte {
	t.Helper()
	f, err := s.db.Facts(t.Context(), innsigli.Target{Process: innsigli.ProcessKey(p.Key)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.svc.Blobs.Open(t.Context(), f.Process.Signees[n].Drawing.Blob, innsigli.DataKey(dataKeyOf(t, s, p.Key)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // a reader
	b, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDrawnSignature: it is taken, checked, replaced, and stands in the mark of the sealed document.
func TestDrawnSignature(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		p := r.create(innsiglitest.PDF(t, 1, "drawn"), byMail("Ann", "ann@example.com"))
		refusal(t, "no PNG", r.drawFor(p, 0, []byte("GIF89a")), 400, "Image", "Image")
		refusal(t, "nothing", r.drawFor(p, 0, nil), 400, "NotEmpty", "Image")
		refusal(t, "too many pixels", r.drawFor(p, 0, strokes(t, innsigli.MaxDrawingSide+1, 2)), 400, "Image", "Image")
		stranger := p
		stranger.Signees = append(stranger.Signees[:0:0], p.Signees...)
		stranger.Signees[0].Key = "si00"
		refusal(t, "stranger", r.drawFor(stranger, 0, strokes(t, 60, 30)), 404, "NotFound")
		for _, side := range []int{30, 60} {
			if a := r.drawFor(p, 0, strokes(t, side, 30)); a.status != 204 || len(a.body) != 0 {
				t.Fatalf("draw: %d %s", a.status, a.body)
			}
		}
		c, err := png.DecodeConfig(bytes.NewReader(drawingOf(t, s, p, 0)))
		if err != nil || c.Width != 60 {
			t.Errorf("kept %v, %v", c, err)
		}
		token := r.tokenFor(p, 0)
		if a := r.otp(token, codeFor(s, token)); a.status != 200 {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
		r.settled()
		refusal(t, "after the end", r.drawFor(p, 0, strokes(t, 60, 30)), 400, "AlreadySigned")
		sealed := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		if !bytes.Contains(sealed, []byte("/Width 60")) || !bytes.Contains(sealed, []byte("/Height 30")) {
			t.Error("the drawing is not in the sealed document")
		}
		if act := evidenceIn(t, sealed).Signees[0].Act; act != "drawn" {
			t.Errorf("the evidence says %q", act)
		}
	})
}
