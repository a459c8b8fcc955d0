package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/render"
)

// notOurFault are the refusals that say what the document is; all others count against the share that is taken.
var notOurFault = []string{"NotPDF", "Encrypted", "Certified", "DynamicXFA", "Portfolio", "TooManyPages", "PageTooLarge", "NoPages", "BogusSignature"}

// TestTheCorpusIsTakenAndLooksTheSame takes the PDFs that the PDFium binding tests itself with through a whole server,
// and those in the folders of INNSIGLI_CORPUS (separated as in PATH).
func TestTheCorpusIsTakenAndLooksTheSame(t *testing.T) {
	r, s := newLocal(t, "sqlite", seams{})
	taken, missed, refused := 0, 0, map[string]int{}
	var slowest time.Duration
	for _, name := range corpusFiles(t) {
		pdf, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(pdf) == 0 || len(pdf) > innsigli.MaxDocumentBytes {
			continue
		}
		start := time.Now()
		a := r.ask("POST", "/management/signing", "own", r.bodyOf(pdf, who{"email": "ann@corpus.example"}))
		if d := time.Since(start); d > slowest {
			slowest = d
		}
		if a.status != http.StatusOK {
			code, _ := a.errorCode()
			if a.status != http.StatusBadRequest {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
			refused[code]++
			if !slices.Contains(notOurFault, code) {
				missed++
				t.Logf("%s: %s %s", name, code, lastCause(r))
			}
			continue
		}
		taken++
		var p process
		a.json(t, &p)
		got := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		checkTaken(t, s, filepath.Base(name), pdf, got)
		r.ask("DELETE", "/management/signing?ProcessKey="+p.Key+"&User=a@b.is", "own", nil)
	}
	share := float64(taken) / float64(taken+missed)
	t.Logf("%d taken, share %.1f %%, refused: %v, slowest %v", taken, 100*share, refused, slowest)
	if share < 0.95 || taken < 60 {
		t.Errorf("%d taken, only %.1f %%", taken, 100*share)
	}
}

func lastCause(r *rig) string {
	lines := strings.Split(strings.TrimSpace(r.log()), "\n")
	return lines[len(lines)-1]
}

// corpusFiles lists PDFs from the module cache and from INNSIGLI_CORPUS.
func corpusFiles(t *testing.T) []string {
	t.Helper()
	const module = "github.com/klippa-app/go-pdfium"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Fatalf("%s is not downloaded: go mod download %s", module, module)
	}
	var files []string
	for _, dir := range append([]string{dir}, filepath.SplitList(os.Getenv("INNSIGLI_CORPUS"))...) {
		err := filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
			if strings.EqualFold(filepath.Ext(p), ".pdf") {
				files = append(files, p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

// checkTaken holds a document at rest against the file that came: the engine reads it, nothing is left to take out of
// it, and its pages look the same.
func checkTaken(t *testing.T, s *server, name string, came, got []byte) {
	t.Helper()
	doc, err := pades.Open(bytes.NewReader(got), int64(len(got)))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if doc.Signed() {
		if !bytes.Equal(came, got) {
			t.Errorf("%s: signed, and its bytes changed", name)
		}
		return
	}
	if _, found, err := doc.Disarm(true, false); err != nil || found.Any() {
		t.Errorf("%s: %+v left, %v", name, found, err)
	}
	before, err := s.renderer.Info(t.Context(), drawable("came", came))
	if errors.Is(err, render.ErrPassword) {
		t.Errorf("%s: taken with a password", name)
	}
	if err != nil {
		t.Logf("%s: cannot be drawn as it came: %v", name, err)
		return
	}
	if doc.PageCount() != len(before.Pages) {
		t.Errorf("%s: %d pages became %d", name, len(before.Pages), doc.PageCount())
		return
	}
	for n := 1; n <= min(3, len(before.Pages)); n++ {
		a, errA := s.renderer.Image(t.Context(), drawable("came", came), n, 480)
		b, errB := s.renderer.Image(t.Context(), drawable("kept", got), n, 480)
		if errA != nil || errB != nil {
			if (errA == nil) != (errB == nil) {
				t.Errorf("%s page %d: %v, then %v", name, n, errA, errB)
			}
			continue
		}
		if d := differing(t, a, b); d > 0.001 {
			t.Errorf("%s page %d: %.2f %% of the pixels differ", name, n, 100*d)
			keepImages(t, fmt.Sprintf("%s-%d", name, n), a, b)
		}
	}
}

func keepImages(t *testing.T, name string, a, b []byte) {
	t.Helper()
	if dir := os.Getenv("INNSIGLI_KEEP"); dir != "" {
		writeFile(t, filepath.Join(dir, name+"-a.png"), a)
		writeFile(t, filepath.Join(dir, name+"-b.png"), b)
	}
}

func drawable(group string, b []byte) render.Source {
	return render.Source{
		Key: fmt.Sprintf("%s-%p-%d", group, b, len(b)), Group: group, Size: int64(len(b)),
		Open: func(context.Context) (io.ReaderAt, io.Closer, error) { return bytes.NewReader(b), nil, nil },
	}
}

// differing is the share of pixels that are not alike.
func differing(t *testing.T, a, b []byte) float64 {
	t.Helper()
	var img [2]image.Image
	for i, body := range [][]byte{a, b} {
		var err error
		if img[i], err = png.Decode(bytes.NewReader(body)); err != nil {
			t.Fatal(err)
		}
	}
	if img[0].Bounds() != img[1].Bounds() {
		return 1
	}
	r := img[0].Bounds()
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			r0, g0, b0, _ := img[0].At(x, y).RGBA()
			r1, g1, b1, _ := img[1].At(x, y).RGBA()
			if math.Abs(float64(r0)-float64(r1))+math.Abs(float64(g0)-float64(g1))+math.Abs(float64(b0)-float64(b1)) > 0x1800 {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}
