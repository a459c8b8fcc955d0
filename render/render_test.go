package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
)

const mm = 72 / 25.4

// dark says whether any pixel in a rectangle, given in points of a page, is not white.
func dark(img image.Image, size Size, x, y, w, h float64) bool {
	scale := float64(img.Bounds().Dx()) / size.W
	for py := int(y * scale); py < int((y+h)*scale); py++ {
		for px := int(x * scale); px < int((x+w)*scale); px++ {
			if c := color.GrayModel.Convert(img.At(px, py)); c != (color.Gray{0xFF}) {
				return true
			}
		}
	}
	return false
}

func decode(t *testing.T, body []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestPageIsDrawnWhereTheTextSaysItIs(t *testing.T) {
	r := renderer(t, "render-child")
	src := source("a", written(t, "first", "Hello there, signer"))
	info, err := r.Info(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Pages) != 2 || math.Abs(info.Pages[1].W-595.28) > 0.1 || math.Abs(info.Pages[1].H-841.89) > 0.1 {
		t.Fatalf("pages = %v, want two of A4", info.Pages)
	}
	spans, err := r.Text(t.Context(), src, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(spans) != 1 || spans[0].Text != "Hello there, signer" {
		t.Fatalf("spans = %+v", spans)
	}
	s := spans[0]
	// fpdf puts the baseline at y: the box of the font stands above it, but for the descent.
	if math.Abs(s.X-50*mm) > 3 || s.Y > 60*mm-14 || s.Y+s.H < 60*mm || s.H > 30 || math.Abs(s.Size-20) > 0.01 {
		t.Errorf("span at %+v, want around baseline %.1f, %.1f", s, 50*mm, 60*mm)
	}
	body, err := r.Image(t.Context(), src, 2, 700)
	if err != nil {
		t.Fatal(err)
	}
	img := decode(t, body)
	if got := img.Bounds().Dx(); got != 800 {
		t.Errorf("700 wide was drawn %d wide, want the next step, 800", got)
	}
	if !dark(img, info.Pages[1], s.X, s.Y, s.W, s.H) {
		t.Error("nothing is drawn where the text is")
	}
	if dark(img, info.Pages[1], 0, 0, 595, s.Y-5) || dark(img, info.Pages[1], 0, s.Y+s.H+5, 595, 500) {
		t.Error("something is drawn where no text is")
	}
}

func TestRotatedAndCroppedPageIsShownAsAReaderShowsIt(t *testing.T) {
	r := renderer(t, "render-child")
	font := "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
	for _, tt := range []struct {
		name, attributes string
		size             Size
		x, y             float64 // the upper left corner of the text as displayed, about
	}{
		{"upright", "/MediaBox[0 0 400 600]", Size{400, 600}, 100, 600 - 520},
		{"crop box", "/MediaBox[0 0 400 600]/CropBox[50 50 350 550]", Size{300, 500}, 50, 550 - 520},
		{"shifted box", "/MediaBox[-50 -20 350 580]", Size{400, 600}, 150, 580 - 520},
		// Turned clockwise: what was left is above, what was up is right.
		{"90", "/MediaBox[0 0 400 600]/Rotate 90", Size{600, 400}, 495, 100},
		{"180", "/MediaBox[0 0 400 600]/Rotate 180", Size{400, 600}, 300, 495},
		{"270", "/MediaBox[0 0 400 600]/Rotate 270", Size{600, 400}, 80, 300},
	} {
		t.Run(tt.name, func(t *testing.T) {
			src := source("rotated "+tt.name, handmade.Page(tt.attributes, font, "BT /F 20 Tf 1 0 0 1 100 500 Tm (I) Tj ET"))
			info, err := r.Info(t.Context(), src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Size{tt.size}, info.Pages); diff != "" {
				t.Fatal(diff)
			}
			spans, err := r.Text(t.Context(), src, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(spans) != 1 {
				t.Fatalf("spans = %+v", spans)
			}
			s := spans[0]
			if cx, cy := s.X+s.W/2, s.Y+s.H/2; math.Abs(cx-tt.x) > 20 || math.Abs(cy-tt.y) > 20 {
				t.Errorf("text at %+v, want near %v, %v", s, tt.x, tt.y)
			}
			body, err := r.Image(t.Context(), src, 1, 800)
			if err != nil {
				t.Fatal(err)
			}
			if !dark(decode(t, body), tt.size, s.X, s.Y, s.W, s.H) {
				t.Error("nothing is drawn where the text is")
			}
		})
	}
}

func TestTextOutsideThePageIsLeftOut(t *testing.T) {
	r := renderer(t, "render-child")
	font := "/Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
	content := "BT /F 20 Tf 1 0 0 1 20 50 Tm (seen) Tj 1 0 0 1 20 150 Tm (above) Tj 1 0 0 1 300 50 Tm (beside) Tj ET"
	spans, err := r.Text(t.Context(), source("a", handmade.Page("/MediaBox[0 0 100 100]", font, content)), 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(spans) != 1 || spans[0].Text != "seen" {
		t.Errorf("spans = %+v", spans)
	}
}

func TestAnnotationsAndFormFieldsAreDrawn(t *testing.T) {
	r := renderer(t, "render-child")
	pdf := handmade.PDF(
		"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DR<</Font<</Helv 8 0 R>>>>/DA(/Helv 12 Tf 0 g)>>>>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 400 400]/Annots[5 0 R 6 0 R]>>",
		handmade.Stream("", " "),
		"<</Type/Annot/Subtype/Stamp/F 4/Rect[50 300 150 350]/AP<</N 7 0 R>>>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/F 4/T(name)/V(filled in)/DA(/Helv 12 Tf 0 g)/Rect[50 50 150 100]/AP<</N 7 0 R>>>>",
		handmade.Stream("/Type/XObject/Subtype/Form/BBox[0 0 100 50]", "1 0 0 rg 0 0 100 50 re f"),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
	)
	body, err := r.Image(t.Context(), source("a", pdf), 1, 480)
	if err != nil {
		t.Fatal(err)
	}
	img, size := decode(t, body), Size{400, 400}
	if !dark(img, size, 60, 60, 20, 20) {
		t.Error("the stamp is missing")
	}
	if !dark(img, size, 60, 310, 20, 20) {
		t.Error("the field is missing")
	}
}

func TestTransparentPageIsDrawnOnWhite(t *testing.T) {
	r := renderer(t, "render-child")
	content := "/G gs 1 0 0 rg 0 0 100 100 re f"
	body, err := r.Image(t.Context(), source("a", handmade.Page("/MediaBox[0 0 200 200]",
		"/ExtGState<</G<</ca .5>>>>", content)), 1, 480)
	if err != nil {
		t.Fatal(err)
	}
	img := decode(t, body)
	// Half red over white; outside the square there is paper.
	if got := color.NRGBAModel.Convert(img.At(100, 400)); got != (color.NRGBA{255, 128, 128, 255}) {
		t.Errorf("blended colour = %v", got)
	}
	if got := color.NRGBAModel.Convert(img.At(400, 100)); got != (color.NRGBA{255, 255, 255, 255}) {
		t.Errorf("ground = %v", got)
	}
}

func TestImageOfManyColoursKeepsThem(t *testing.T) {
	r := renderer(t, "render-child")
	var content strings.Builder
	for i := range 400 {
		fmt.Fprintf(&content, "%.3f %.3f 0.5 rg %d %d 10 10 re f\n", float64(i%20)/20, float64(i/20)/20, i%20*10, i/20*10)
	}
	body, err := r.Image(t.Context(), source("a", handmade.Page("/MediaBox[0 0 200 200]", "", content.String())), 1, 800)
	if err != nil {
		t.Fatal(err)
	}
	img := decode(t, body)
	if _, ok := img.(*image.Paletted); ok {
		t.Error("400 colours were pressed into a palette")
	}
	if got := color.NRGBAModel.Convert(img.At(20, 780)); got != (color.NRGBA{0, 0, 128, 255}) {
		t.Errorf("colour = %v", got)
	}
}

func TestNoSuchPage(t *testing.T) {
	r := renderer(t, "render-child")
	src := source("a", written(t, "one"))
	for _, n := range []int{-1, 0, 2, 1 << 40} {
		if _, err := r.Image(t.Context(), src, n, 480); !errors.Is(err, ErrNoPage) {
			t.Errorf("image of page %d: %v", n, err)
		}
		if _, err := r.Text(t.Context(), src, n); !errors.Is(err, ErrNoPage) {
			t.Errorf("text of page %d: %v", n, err)
		}
	}
	if starts(r) != 1 {
		t.Errorf("a wrong page number cost children: %d", starts(r))
	}
}

// starts is the number of children that live.
func starts(r *Renderer) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.children)
}

func TestEqualRequestsAreMadeOnceAndKept(t *testing.T) {
	r := renderer(t, "render-child")
	src := source("a", written(t, "one"))
	var opened atomic.Int32
	open := src.Open
	src.Open = func(ctx context.Context) (io.ReaderAt, io.Closer, error) {
		opened.Add(1)
		return open(ctx)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			body, err := r.Image(t.Context(), src, 1, 480)
			if err != nil {
				t.Error(err)
			}
			clear(body) // mine: must not be seen by the others
		})
	}
	wg.Wait()
	if body, err := r.Image(t.Context(), src, 1, 480); err != nil || !bytes.HasPrefix(body, []byte("\x89PNG")) {
		t.Errorf("kept image: %.8q, %v", body, err)
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("the document was opened %d times", n)
	}
}

func TestChildStaysOnItsDocumentAndSecondDocumentGetsItsOwn(t *testing.T) {
	r := renderer(t, "render-child", func(c *Config) { c.MaxChildren = 2 })
	opened := map[string]int{}
	for range 3 {
		for _, g := range []string{"a", "b"} {
			src := source(g, written(t, "one", "two", "three"))
			open := src.Open
			src.Open = func(ctx context.Context) (io.ReaderAt, io.Closer, error) { opened[g]++; return open(ctx) }
			for n := range 3 {
				if _, err := r.Image(t.Context(), src, n+1, 480+n); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"a": 1, "b": 1}, opened); diff != "" {
		t.Error(diff)
	}
	// A third document takes the place of the one that was used longest ago.
	if _, err := r.Info(t.Context(), source("c", written(t, "one"))); err != nil {
		t.Fatal(err)
	}
	if n := starts(r); n != 2 {
		t.Errorf("%d children, at most 2 allowed", n)
	}
}

func TestIdleChildrenEndAndUsedUpOnesAreReplaced(t *testing.T) {
	r := renderer(t, "render-child", func(c *Config) { c.IdleAfter = 20 * time.Millisecond; c.Recycle = 2; c.MaxChildren = 1 })
	for i := range 5 {
		if _, err := r.Info(t.Context(), source(fmt.Sprint(i), written(t, "one"))); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.After(10 * time.Second); starts(r) > 0; {
		select {
		case <-deadline:
			t.Fatal("an idle child lives on")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestEnvironmentOfAChildIsEmpty(t *testing.T) {
	t.Setenv("INNSIGLI_SECRET", "x")
	r := renderer(t, "curious-child")
	info, err := r.Info(t.Context(), source("a", written(t, "one")))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(info.Pages) - 1; n != 0 {
		t.Errorf("a child sees %d variables", n)
	}
}

func TestLimitsOfAChildAreInForce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("limits are set on Linux only")
	}
	r := renderer(t, "render-child")
	if _, err := r.Info(t.Context(), source("a", written(t, "one"))); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	pid := r.idle[0].cmd.Process.Pid
	r.mu.Unlock()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"Max open files": "0", "Max file size": "0", "Max core file size": "0", "Max cpu time": "1200"}
	if !raceEnabled {
		want["Max address space"] = "2684354560"
	}
	for name, limit := range want {
		_, rest, _ := strings.Cut(string(text), name)
		if f := strings.Fields(rest); len(f) < 2 || f[0] != limit || f[1] != limit {
			t.Errorf("%s: %.40q, want %s", name, rest, limit)
		}
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, f.Name()))
		if strings.HasPrefix(to, "/") && to != "/dev/null" && !strings.HasPrefix(to, "/sys/fs/cgroup/") { // the Go runtime's
			t.Errorf("a child has %s open", to)
		}
	}
}

func TestPrimeFillsTheCacheAndLeavesNoChild(t *testing.T) {
	r := renderer(t, "render-child") // primes, if it is the first
	if entries, err := os.ReadDir(cacheDir); err != nil || len(entries) == 0 {
		t.Errorf("cache: %v, %v", entries, err)
	}
	if err := r.Prime(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := starts(r); n != 0 {
		t.Errorf("%d children are left", n)
	}
}

func TestClosedRendererRefuses(t *testing.T) {
	r := renderer(t, "render-child")
	r.Close()
	if _, err := r.Info(t.Context(), source("a", []byte("x"))); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := r.Prime(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestStandardFontsAndOtherScripts(t *testing.T) {
	r := renderer(t, "render-child")
	pdf := fpdf.New("P", "mm", "A4", "")
	tr := pdf.UnicodeTranslatorFromDescriptor("")
	pdf.AddPage()
	for i, font := range []string{"Helvetica", "Times", "Courier"} {
		pdf.SetFont(font, "", 14)
		pdf.Text(20, 30+20*float64(i), tr("Undirskrift þín, Ævar Örn"))
	}
	spans, err := r.Text(t.Context(), source("a", finish(t, pdf)), 1)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, s := range spans {
		texts = append(texts, s.Text)
	}
	want := "Undirskrift þín, Ævar Örn"
	if diff := cmp.Diff([]string{want, want, want}, texts); diff != "" {
		t.Error(diff)
	}
}
