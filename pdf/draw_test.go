package pdf_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/pdf"
)

// rendered shows page n of a document as poppler does, one pixel a point, with
// the crop box as the page.
func rendered(t *testing.T, b []byte, n int) image.Image {
	t.Helper()
	need(t, "pdftoppm", "poppler-utils")
	dir := t.TempDir()
	in := filepath.Join(dir, "in.pdf")
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c",
		`ulimit -v 4000000; exec timeout 30 pdftoppm -r 72 -cropbox -png -singlefile -f $2 -l $2 "$0" "$1"`, in, filepath.Join(dir, "out"), fmt.Sprint(n))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Fatalf("pdftoppm: %v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "out.png"))
	if err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("INNSIGLI_KEEP"); keep != "" {
		if err := os.WriteFile(filepath.Join(keep, filepath.Base(t.Name())+".png"), b, fs.FileMode(0o600)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join(dir, "out.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// area finds where a colour is, in points from the lower left corner.
func area(img image.Image, match func(r, g, b uint32) bool) pdf.Rect {
	h := float64(img.Bounds().Dy())
	a := pdf.Rect{X0: math.Inf(1), Y0: math.Inf(1), X1: -1, Y1: -1}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			if match(r>>8, g>>8, b>>8) {
				a.X0, a.X1 = min(a.X0, float64(x)), max(a.X1, float64(x+1))
				a.Y0, a.Y1 = min(a.Y0, h-float64(y+1)), max(a.Y1, h-float64(y))
			}
		}
	}
	return a
}

func red(r, g, b uint32) bool { return r > 200 && g < 60 && b < 60 }

func near(a, b pdf.Rect) bool {
	d := max(math.Abs(a.X0-b.X0), math.Abs(a.Y0-b.Y0), math.Abs(a.X1-b.X1), math.Abs(a.Y1-b.Y1))
	return d <= 1.5
}

// TestMarksStandUprightWhereTheyWerePut draws a mark of 60 by 40 points at 20, 30
// and looks where the red is: its upper quarter is a black bar, so that a mark
// that stands on its head or lies on its side is seen.
func TestMarksStandUprightWhereTheyWerePut(t *testing.T) {
	page := func(extra string) objects {
		return onePage().with(objects{3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> " + extra + " >>"})
	}
	unbalanced := stream("", "0.5 0 0 0.5 30 30 cm 1 0 0 1 0 0 cm BT /F1 12 Tf 20 270 Td (scaled) Tj ET")
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"upright", classic(page(""), "")},
		{"rotated 90", classic(page("/Rotate 90"), "")},
		{"rotated 180", classic(page("/Rotate 180"), "")},
		{"rotated 270", classic(page("/Rotate 270"), "")},
		{"cropped", classic(page("/CropBox [50 60 180 260]"), "")},
		{"cropped and rotated 90", classic(page("/CropBox [50 60 180 260] /Rotate 90"), "")},
		{"cropped and rotated 270", classic(page("/CropBox [50 60 180 260] /Rotate 270"), "")},
		{"boxes off the origin", classic(onePage().with(objects{3: strings.Replace(page("")[3], "0 0 200 300", "-99 -9 101 291", 1)}), "")},
		{"content leaves its state", classic(page("").with(objects{4: unbalanced}), "")},
		{"content is empty", classic(page("").with(objects{4: stream("/Filter /FlateDecode", "")}), "")},
		{"content hides what follows", classic(page("").with(objects{4: stream("", "0 0 1 1 re W n q /A <</B (Q)>> BDC EMC % Q\n q")}), "")},
		{"content restores too much", classic(page("").with(objects{4: stream("", "Q q Q"+" Q 0 0 1 1 re W n")}), "")},
		{"content with an image", classic(page("").with(objects{4: stream("", "q 0 0 1 1 re W n BI /W 1 /H 1 /BPC 8 /CS /G ID Q 0 Q 0 Q EI Q")}), "")},
		{"content in pieces", classic(page("/Contents [4 0 R 6 0 R]").with(objects{6: stream("", "0 0 1 rg 150 10 20 20 re f")}), "")},
		{"content array elsewhere", classic(page("/Contents 7 0 R").with(objects{6: stream("", "0 0 1 rg 150 10 20 20 re f"), 7: "[4 0 R % of two\n 6 0 R]"}), "")},
		{"no content", classic(page("/Contents null"), "")},
		{"inherited resources", classic(onePage().with(objects{
			2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources 6 0 R >>",
			3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R >>",
			6: "<< /Font << /F1 5 0 R >> /XObject 7 0 R >>",
			7: "<< /Mark1 4 0 R >>",
		}), "")},
		{"xref stream", streamed(page("/Rotate 90"), "")},
		{"hybrid", hybrid(page("/Rotate 90"))},
		{"junk before", after("junk\n", page(""), "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := open(t, c.b)
			u := d.Update()
			form, err := u.ImportPage(drawn(t, 120, 80), 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := u.Draw(1, []pdf.Placement{{Form: form, X: 20, Y: 30, W: 60, H: 40}}); err != nil {
				t.Fatal(err)
			}
			out := finished(t, c.b, u)
			qpdfContent(t, out)
			img := rendered(t, out, 1)
			w, h, err := d.PageSize(1)
			if err != nil {
				t.Fatal(err)
			}
			if size := img.Bounds().Size(); float64(size.X) != w || float64(size.Y) != h {
				t.Errorf("shown as %v, we say %v x %v", size, w, h)
			}
			if got, want := area(img, red), (pdf.Rect{X0: 20, Y0: 30, X1: 80, Y1: 60}); !near(got, want) {
				t.Errorf("red is at %v, want %v", got, want)
			}
		})
	}
}

func TestARotatedTemplateIsDrawnUpright(t *testing.T) {
	for _, rotate := range []int{0, 90, 180, 270} {
		t.Run(fmt.Sprint(rotate), func(t *testing.T) {
			// As displayed: 60 wide, 40 high at any rotation, red but for a blue left half.
			box, blue := "10 20 70 60", "10 20 30 40"
			switch rotate {
			case 90:
				box, blue = "10 20 50 80", "10 20 40 30"
			case 180:
				blue = "40 20 30 40"
			case 270:
				box, blue = "10 20 50 80", "10 50 40 30"
			}
			template := classic(objects{
				1: "<< /Type /Catalog /Pages 2 0 R >>",
				2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
				3: fmt.Sprintf("<< /Type /Page /MediaBox [%s] /Rotate %d /Contents 4 0 R /Resources << >> >>", box, rotate),
				4: stream("", "1 0 0 rg 0 0 500 500 re f 0 0 1 rg "+blue+" re f"),
			}, "")
			in := classic(onePage(), "")
			u := open(t, in).Update()
			form, err := u.ImportPage(template, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := u.Draw(1, []pdf.Placement{{Form: form, X: 20, Y: 30, W: 60, H: 40}}); err != nil {
				t.Fatal(err)
			}
			got := area(rendered(t, finished(t, in, u), 1), red)
			if want := (pdf.Rect{X0: 50, Y0: 30, X1: 80, Y1: 70}); !near(got, want) {
				t.Errorf("red is at %v, want %v", got, want)
			}
		})
	}
}

func TestPagesAreAppendedAtTheirOwnSize(t *testing.T) {
	tree := onePage().with(objects{
		2: "<< /Type /Pages /Kids 6 0 R /Count 7 0 R /Rotate 90 /CropBox [0 0 50 50] /MediaBox [0 0 9 9] >>",
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /CropBox [0 0 200 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		6: "[3 0 R]",
		7: "1",
	})
	for name, in := range forms(tree) {
		t.Run(name, func(t *testing.T) {
			u := open(t, in).Update()
			for range 2 {
				form, err := u.ImportPage(drawn(t, 120, 80), 1)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := u.AppendPage(form); err != nil {
					t.Fatal(err)
				}
			}
			out := finished(t, in, u)
			d := open(t, out)
			if d.PageCount() != 3 {
				t.Fatalf("%d pages", d.PageCount())
			}
			qpdfContent(t, out)
			img := rendered(t, out, 3)
			if size := img.Bounds().Size(); size != image.Pt(120, 80) {
				t.Errorf("shown as %v", size)
			}
			if got := area(img, red); !near(got, pdf.Rect{X1: 120, Y1: 60}) {
				t.Errorf("red is at %v", got)
			}
		})
	}
}

// TestPagesThatShareResourcesDoNotChangeEachOther marks one of two pages with the
// same resource object and the same content.
// TestADamagedPageIsMarked because readers draw a damaged stream as far as it goes, and what that leaves open has to be
// closed before the mark.
func TestADamagedPageIsMarked(t *testing.T) {
	whole := deflated(strings.Repeat("q ", 3) + strings.Repeat("0 0 1 1 re f\n", 1000))
	in := classic(onePage().with(objects{4: stream("/Filter /FlateDecode", whole[:len(whole)-6])}), "")
	u := open(t, in).Update()
	form, err := u.ImportPage(drawn(t, 120, 80), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Draw(1, []pdf.Placement{{Form: form, X: 20, Y: 30, W: 60, H: 40}}); err != nil {
		t.Fatal(err)
	}
	added := finished(t, in, u)[len(in):]
	if n := bytes.Count(added, []byte("Q ")) + bytes.Count(added, []byte("Q\n")); n < 4 {
		t.Errorf("%d graphics states are restored: %s", n, added)
	}
}

func TestPagesThatShareResourcesDoNotChangeEachOther(t *testing.T) {
	o := onePage().with(objects{
		2: "<< /Type /Pages /Kids [3 0 R 6 0 R] /Count 2 >>",
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R /Resources 7 0 R >>",
		6: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R /Resources 7 0 R >>",
		7: "<< /Font << /F1 5 0 R >> >>",
	})
	in := classic(o, "")
	u := open(t, in).Update()
	form, err := u.ImportPage(drawn(t, 120, 80), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Draw(2, []pdf.Placement{{Form: form, X: 20, Y: 30, W: 60, H: 40}}); err != nil {
		t.Fatal(err)
	}
	out := finished(t, in, u)
	if got := area(rendered(t, out, 1), red); got.X1 >= 0 {
		t.Errorf("page 1 is red at %v", got)
	}
	if got := area(rendered(t, out, 2), red); got.X1 < 0 {
		t.Error("page 2 is not marked")
	}
}
