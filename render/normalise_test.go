package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
)

// fielded is a page with a text field that has a value but no picture of it, and a note that has one.
func fielded() []byte {
	return handmade.PDF(
		"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/NeedAppearances true/DA(/F 12 Tf 0 g)/DR<</Font<</F 7 0 R>>>>>>>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<>>/Annots[5 0 R 6 0 R]>>",
		handmade.Stream("", "0 0 20 20 re f"),
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(Value)/DA(/F 12 Tf 0 g)/Rect[20 100 180 130]/F 4>>",
		"<</Type/Annot/Subtype/Square/Rect[150 20 190 60]/F 4/AP<</N 8 0 R>>>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		handmade.Stream("/Type/XObject/Subtype/Form/BBox[0 0 40 40]", "0 0 40 40 re f"),
	)
}

func normalised(t *testing.T, r *Renderer, pdf []byte, way Way) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := r.Normalise(t.Context(), source("norm", pdf), way, &out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestNormalisedDocumentsLookTheSame(t *testing.T) {
	r := renderer(t, "render-child")
	for name, pdf := range map[string][]byte{
		"text": written(t, "one", "two"), "form": fielded(),
		"rotated": handmade.Page("/MediaBox[0 0 200 300]/Rotate 90/CropBox[10 10 100 200]", "", "10 10 40 80 re f"),
	} {
		want := picture(t, r, "came", pdf)
		for _, way := range []Way{Rewrite, Flatten, Rebuild} {
			got := normalised(t, r, pdf, way)
			if d := unlike(want, picture(t, r, fmt.Sprint("way ", way), got)); d > 0.002 {
				t.Errorf("%s, way %d: %.2f %% differ", name, way, 100*d)
			}
			if way >= Flatten && bytes.Contains(got, []byte("/Annots")) {
				t.Errorf("%s, way %d: annotations are left", name, way)
			}
		}
	}
}

func picture(t *testing.T, r *Renderer, group string, pdf []byte) image.Image {
	t.Helper()
	body, err := r.Image(t.Context(), source(group, pdf), 1, 480)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, body)
}

// unlike is the share of pixels that differ to the eye.
func unlike(a, b image.Image) float64 {
	if a.Bounds() != b.Bounds() {
		return 1
	}
	n, r := 0, a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c, _, _, _ := a.At(x, y).RGBA()
			d, _, _, _ := b.At(x, y).RGBA()
			if max(c, d)-min(c, d) > 0x3000 {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

func TestWhatNothingReachesIsLeftBehind(t *testing.T) {
	r := renderer(t, "render-child")
	pdf := handmade.PDF("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>", "(a hidden secret)")
	if got := normalised(t, r, pdf, Rewrite); bytes.Contains(got, []byte("secret")) || !bytes.HasPrefix(got, []byte("%PDF-")) {
		t.Errorf("%s", got)
	}
}

func TestDamageIsRepaired(t *testing.T) {
	r := renderer(t, "render-child")
	pdf := written(t, "one")
	broken := bytes.Replace(pdf, []byte("startxref\n"), []byte("startxref\n9"), 1)
	got := normalised(t, r, broken, Rewrite)
	if d := unlike(picture(t, r, "came", pdf), picture(t, r, "got", got)); d > 0 {
		t.Errorf("%.2f %% differ", 100*d)
	}
}

func TestWhatCannotBeNormalisedIsTyped(t *testing.T) {
	r := renderer(t, "render-child")
	for name, tt := range map[string]struct {
		pdf  []byte
		want error
	}{
		"nothing":   {nil, ErrUnreadable},
		"garbage":   {[]byte(strings.Repeat("garbage ", 1000)), ErrUnreadable},
		"encrypted": {encrypted(), ErrPassword},
	} {
		var out bytes.Buffer
		if _, err := r.Normalise(t.Context(), source("a", tt.pdf), Rewrite, &out); !errors.Is(err, tt.want) || out.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, out.Len())
		}
	}
}

// encrypted is a document whose password nobody has: its check value fits none.
func encrypted() []byte {
	pdf := string(handmade.Page("/MediaBox[0 0 9 9]", "", "0 0 9 9 re f"))
	zeros := strings.Repeat("00", 32)
	return []byte(strings.Replace(pdf, "/Root 1 0 R", "/Root 1 0 R/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<"+zeros+">/U<"+zeros+">>>", 1))
}

func TestSlowAndLostChildrenEndANormalisation(t *testing.T) {
	for _, kind := range []string{"hanging-child", "hostile-child"} {
		r := renderer(t, kind, func(c *Config) { c.Deadline = 100 * time.Millisecond })
		var out bytes.Buffer
		start := time.Now() //nolint:forbidigo // only how long something took counts
		if _, err := r.Normalise(t.Context(), source("a", written(t, "one")), Rewrite, &out); !errors.Is(err, ErrTooHeavy) || out.Len() > 0 {
			t.Errorf("%s: %v", kind, err)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: it took %v", kind, d)
		}
	}
	r := renderer(t, "broken-child")
	if _, err := r.Normalise(t.Context(), source("a", written(t, "one")), Rewrite, &bytes.Buffer{}); !errors.Is(err, ErrStart) {
		t.Errorf("%v, want ErrStart", err)
	}
}

type full struct{ err error }

func (f full) Write([]byte) (int, error) { return 0, f.err }

func TestAFullDiskIsNotTheDocumentsFault(t *testing.T) {
	r := renderer(t, "render-child", func(c *Config) { c.MaxChildren = 1 })
	disk := errors.New("disk full")
	if _, err := r.Normalise(t.Context(), source("a", written(t, "one")), Rewrite, full{disk}); !errors.Is(err, disk) || errors.Is(err, ErrTooHeavy) {
		t.Error(err)
	}
	normalised(t, r, written(t, "two"), Rewrite) // and the next one is served
}

func TestCloseAndLeavingEndANormalisation(t *testing.T) {
	r := renderer(t, "hanging-child", func(c *Config) { c.Deadline = time.Minute })
	done := make(chan error, 1)
	go func() {
		_, err := r.Normalise(context.Background(), source("a", written(t, "one")), Rewrite, &bytes.Buffer{})
		done <- err
	}()
	for starts(r) == 0 {
		time.Sleep(time.Millisecond)
	}
	r.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

func TestRefusalsAreRemembered(t *testing.T) {
	var h heavies
	now := time.Now() //nolint:forbidigo // only how long something took counts
	at := func(key string, op byte, page, width int) ticket {
		return ticket{group: "g", key: key, op: op, page: page, width: width}
	}
	h.note(at("a", opImage, 1, 1200), now)
	for _, c := range []struct {
		t    ticket
		now  time.Time
		want bool
	}{
		{at("a", opImage, 1, 1200), now, true},
		{at("a", opImage, 1, 2400), now, true},
		{at("a", opImage, 1, 800), now, false}, // may be lighter
		{at("a", opImage, 2, 1200), now, false},
		{at("a", opText, 1, 0), now, false},
		{at("b", opImage, 1, 1200), now, false},
		{at("a", opImage, 1, 1200), now.Add(heavyFor), true},
		{at("a", opImage, 1, 1200), now.Add(heavyFor + 1), false},
	} {
		if err := h.refused(c.t, c.now); (err != nil) != c.want || err != nil && !errors.Is(err, ErrTooHeavy) {
			t.Errorf("%+v: %v", c.t, err)
		}
	}
	for n := 2; n <= maxHeavyPages; n++ {
		if h.refused(at("a", opInfo, 0, 0), now) != nil {
			t.Errorf("all of it is refused after %d pages", n-1)
		}
		h.note(at("a", opImage, n, 480), now)
	}
	if h.refused(at("a", opInfo, 0, 0), now) == nil {
		t.Error("one more page is still drawn")
	}
	h.drop("g")
	if h.refused(at("a", opImage, 1, 1200), now) != nil {
		t.Error("dropped, and still known")
	}
	for n := range maxHeavy + 1 {
		h.note(at(fmt.Sprint(n), opInfo, 0, 0), now.Add(time.Duration(n)))
	}
	if len(h.docs) != maxHeavy || h.refused(at("0", opInfo, 0, 0), now) != nil || h.refused(at("1", opInfo, 0, 0), now) == nil {
		t.Errorf("%d documents are remembered", len(h.docs))
	}
}

func TestAHeavyPageCostsOnce(t *testing.T) {
	r := renderer(t, "hanging-child", func(c *Config) { c.Deadline = 300 * time.Millisecond })
	src := source("a", written(t, "one"))
	for n := range 3 {
		start := time.Now() //nolint:forbidigo // only how long something took counts
		if _, err := r.Image(t.Context(), src, 1, 800); !errors.Is(err, ErrTooHeavy) {
			t.Error(err)
		}
		if d := time.Since(start); n > 0 && d > 200*time.Millisecond {
			t.Errorf("asked again it took %v", d)
		}
	}
}
