package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/render"
)

// Documents as people have them go through a whole server, and strangers judge what comes out.

const (
	// wantFormat and the share are what the engine is for: every document that is one is sealed to the highest level.
	wantFormat = "PAdES_BASELINE_LTA"
	wantShare  = 0.95

	maxRun = 10 * time.Second // for taking a document, and for signing and sealing it

	mayDiffer = 0.002 // share of a page's pixels: edges are rounded
)

// fixed are documents that PDFium's binding for Go tests itself with. All come from there because it is a dependency
// already: pdfcpu's, in `make corpus`, would be 286 MB more to download for every run of the tests.
//
//nolint:gochecknoglobals // a table
var fixed = []string{
	"alpha_channel", "annot_javascript", "annotation_fileattachment", "annotation_highlight_square_with_ap", "annotation_stamp_with_ap",
	"annots_action_handling", "bad_annots_entry", "bad_dict_keys", "bigtable_mini", "bookmarks_circular",
	"bug_451265", "bug_821454", "click_form", "combobox_form", "cropped_text",
	"document_aactions", "embedded_attachments", "embedded_images", "encrypted", "feature_linearized_loading",
	"hello_world_compressed_stream", "jpx_lzw", "launch_action", "linearized", "listbox_form",
	"multiple_form_types", "named_dests", "no_page_count", "parser_rebuildxref_correct", "password_test123",
	"permissions_none", "rectangles_multi_pages", "rotated_text", "simple_thumbnail", "tagged_table",
	"text_form_multiple", "trailer_as_hexstring", "two_signatures", "vertical_text", "zero_length_stream",
}

// loses are documents that intake takes something visible out of.
//
//nolint:gochecknoglobals // a table
var loses = map[string]string{"AnnotationDemo.pdf": "the icons of an embedded file, a sound and a film"}

// TestStrangersAcceptWhatIsSealed takes the fixed documents; `make corpus` gives it folders (INNSIGLI_CORPUS, separated
// as in PATH), and it takes all that are in them.
func TestStrangersAcceptWhatIsSealed(t *testing.T) {
	files := documents(t)
	c := newCorpus(t)
	for _, file := range files {
		c.take(t, file)
	}
	c.judge(t)
	c.report(t)
	if c.missed > 0 && c.share() < wantShare {
		t.Errorf("only %.1f %% of the documents were sealed", 100*c.share())
	}
}

func documents(t *testing.T) []string {
	t.Helper()
	if folders := os.Getenv("INNSIGLI_CORPUS"); folders != "" {
		var files []string
		for _, dir := range filepath.SplitList(folders) {
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
		return files
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/klippa-app/go-pdfium").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var files []string
	for _, name := range fixed {
		files = append(files, filepath.Join(strings.TrimSpace(string(out)), "shared_tests", "testdata", name+".pdf"))
	}
	return files
}

// corpus is a server and what became of the documents that it got.
type corpus struct {
	rig     *rig
	pages   *render.Renderer
	dir     string
	root    []byte
	db      string // what pdfsig trusts
	sealed  []sealedFile
	refused map[string][]string
	asked   int
	missed  int // refused for no fault of theirs
	slowest map[string]time.Duration
	passed  map[string]int // by judge
}

type sealedFile struct{ name, came, path string }

func newCorpus(t *testing.T) *corpus {
	t.Helper()
	innsiglitest.NeedTool(t, "pdfsig", "poppler-utils")
	innsiglitest.NeedTool(t, "certutil", "libnss3-tools")
	innsiglitest.NeedTool(t, "qpdf", "qpdf")
	c := &corpus{rig: newRig(t, "sqlite"), dir: t.TempDir(), refused: map[string][]string{}, slowest: map[string]time.Duration{}, passed: map[string]int{}}
	c.root = c.rig.ask("GET", "/pki/root.pem", "", nil).body
	exe, cache := program(t)
	var err error
	if c.pages, err = render.New(render.Config{Command: []string{exe, "render-child"}, CacheDir: cache}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.pages.Close)
	c.db = "sql:" + t.TempDir()
	writeFile(t, filepath.Join(c.dir, "root.pem"), c.root)
	for _, args := range [][]string{
		{"-N", "-d", c.db, "--empty-password"},
		{"-A", "-n", "root", "-t", "CT,C,C", "-i", filepath.Join(c.dir, "root.pem"), "-d", c.db},
	} {
		if out, err := exec.CommandContext(t.Context(), "certutil", args...).CombinedOutput(); err != nil {
			t.Fatalf("certutil: %v: %s", err, out)
		}
	}
	return c
}

// take sends a document through: created, signed, sealed.
func (c *corpus) take(t *testing.T, file string) {
	t.Helper()
	name := filepath.Base(file)
	came, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(came) == 0 || len(came) > innsigli.MaxDocumentBytes {
		return
	}
	c.asked++
	n := c.asked
	address := fmt.Sprintf("ann%d@corpus.example", n)
	start := time.Now()
	a := c.rig.ask("POST", "/management/signing", "own", c.rig.bodyOf(came, byMail("Ann Ásgeirsdóttir", address)))
	c.timed(t, "taken", name, time.Since(start))
	if a.status != http.StatusOK {
		code, _ := a.errorCode()
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		c.refused[code] = append(c.refused[code], name)
		if !slices.Contains(notOurFault, code) {
			c.missed++
		}
		return
	}
	var p process
	a.json(t, &p)
	token, code := c.rig.askCode(p, 0)
	start = time.Now()
	answered := c.rig.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil)
	for c.rig.shown(p) != "Completed" {
		if time.Since(start) > maxRun {
			lines := strings.Split(strings.TrimSpace(c.rig.log()), "\n")
			t.Errorf("%s: not sealed: %d %.300s: %s", name, answered.status, answered.body, lines[len(lines)-1])
			c.missed++
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	c.timed(t, "sealed", name, time.Since(start))
	got := c.rig.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
	f := sealedFile{name, file, filepath.Join(c.dir, fmt.Sprintf("%d-%s", n, name))}
	writeFile(t, f.path, got)
	c.sealed = append(c.sealed, f)
	if keep := os.Getenv("INNSIGLI_KEEP"); keep != "" {
		writeFile(t, filepath.Join(keep, filepath.Base(f.path)), got)
	}
	kept := bytes.HasPrefix(got, came) // signed before: no marks, and the evidence is apart
	c.looksTheSame(t, f, came, got, kept)
	c.neighbours(t, f, kept)
}

func (c *corpus) timed(t *testing.T, what, name string, d time.Duration) {
	t.Helper()
	c.slowest[what] = max(c.slowest[what], d)
	if d > maxRun {
		t.Errorf("%s: %s only after %v", name, what, d)
	}
}

// looksTheSame compares the first pages before and after. The marks may be anywhere in the first page's upper third,
// which is what layout promises them.
//
// Annotations without an appearance are drawn by poppler as they come, and by PDFium only after it has written them anew:
// where PDFium sees a difference, poppler is asked too.
func (c *corpus) looksTheSame(t *testing.T, f sealedFile, came, got []byte, kept bool) {
	t.Helper()
	name := f.name
	before, err := c.pages.Info(t.Context(), drawable("came", came))
	if err != nil {
		t.Logf("%s: cannot be drawn as it came: %v", name, err)
		return
	}
	after, err := c.pages.Info(t.Context(), drawable("got", got))
	if err != nil || len(after.Pages) < len(before.Pages) || !kept && len(after.Pages) == len(before.Pages) {
		t.Errorf("%s: %d pages became %d: %v", name, len(before.Pages), len(after.Pages), err)
		return
	}
	for n := 1; n <= min(3, len(before.Pages)); n++ {
		a, errA := c.pages.Image(t.Context(), drawable("came", came), n, 480)
		b, errB := c.pages.Image(t.Context(), drawable("got", got), n, 480)
		if errA != nil || errB != nil {
			if errA == nil {
				t.Errorf("%s: page %d cannot be drawn any more: %v", name, n, errB)
			}
			continue
		}
		marked := 0.0
		if n == 1 {
			marked = 1.0 / 3
		}
		if share := different(t, a, b, marked); share > mayDiffer && !sameToPoppler(t, f, n, marked) && loses[name] == "" {
			t.Errorf("%s: page %d: %.2f %% of the pixels differ", name, n, 100*share)
			if keep := os.Getenv("INNSIGLI_KEEP"); keep != "" {
				writeFile(t, filepath.Join(keep, fmt.Sprintf("%s-%d-before.png", name, n)), a)
				writeFile(t, filepath.Join(keep, fmt.Sprintf("%s-%d-after.png", name, n)), b)
			}
		}
	}
}

// sameToPoppler draws a page before and after with another renderer.
func sameToPoppler(t *testing.T, f sealedFile, page int, marked float64) bool {
	t.Helper()
	var drawn [2][]byte
	for i, path := range []string{f.came, f.path} {
		out := filepath.Join(t.TempDir(), "page")
		n := fmt.Sprint(page)
		confined(t, 60, "pdftoppm", "-png", "-scale-to-x", "480", "-scale-to-y", "-1", "-cropbox", "-singlefile", "-f", n, "-l", n, path, out)
		b, err := os.ReadFile(out + ".png")
		if err != nil {
			return false
		}
		drawn[i] = b
	}
	return different(t, drawn[0], drawn[1], marked) <= mayDiffer
}

// different is the share of pixels below the marks that are not alike.
func different(t *testing.T, a, b []byte, marked float64) float64 {
	t.Helper()
	x, y := decoded(t, a), decoded(t, b)
	r := x.Bounds()
	if r != y.Bounds() {
		return 1
	}
	n := 0
	for row := r.Min.Y + int(marked*float64(r.Dy())) + 1; row < r.Max.Y; row++ {
		for col := r.Min.X; col < r.Max.X; col++ {
			if far(x, y, col, row) {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

func decoded(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// far says whether a pixel differs by more than the rounding of an edge: 24 of 255 over all colours.
func far(x, y image.Image, col, row int) bool {
	r0, g0, b0, _ := x.At(col, row).RGBA()
	r1, g1, b1, _ := y.At(col, row).RGBA()
	apart := func(a, b uint32) uint32 { return max(a, b) - min(a, b) }
	return apart(r0, r1)+apart(g0, g1)+apart(b0, b1) > 0x1800
}

// neighbours asks the small programs, confined: pdfsig must find the seal valid and trusted, qpdf nothing that it did
// not find before.
func (c *corpus) neighbours(t *testing.T, f sealedFile, kept bool) {
	t.Helper()
	said := confined(t, 30, "pdfsig", "-no-ocsp", "-nssdir", c.db, f.path)
	if !strings.Contains(said.out, "Signature is Valid") || !strings.Contains(said.out, "Certificate is Trusted") {
		t.Errorf("%s: pdfsig: %s", f.name, said.out)
	}
	after := confined(t, 120, "qpdf", "--check", f.path)
	if after.code == 0 {
		return
	}
	if before := confined(t, 120, "qpdf", "--check", f.came); !kept || before.code == 0 {
		t.Errorf("%s: qpdf was content with %d, and is with %d: %.1000s", f.name, before.code, after.code, after.out)
	}
}

type remark struct {
	code int
	out  string
}

// confined runs a program with a limit on its memory: qpdf is known to take gigabytes for a small bomb.
func confined(t *testing.T, seconds int, args ...string) remark {
	t.Helper()
	script := fmt.Sprintf(`ulimit -v 4000000; exec timeout %d "$@"`, seconds)
	out, err := exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...).CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	switch {
	case err == nil:
		return remark{0, string(out)}
	case failed:
		return remark{exit.ExitCode(), string(out)}
	}
	t.Fatal(err)
	return remark{}
}

// judge asks EU DSS and pyHanko about all at once. Signatures that were in a document before are not ours to answer for.
func (c *corpus) judge(t *testing.T) {
	t.Helper()
	if len(c.sealed) == 0 {
		t.Fatal("nothing was sealed")
	}
	var paths []string
	for _, f := range c.sealed {
		paths = append(paths, f.path)
	}
	var dss []innsiglitest.Verdict
	if os.Getenv("INNSIGLI_CORPUS") != "" { // then there are pages of some metres
		dss = innsiglitest.DSSObjects(t, c.root, paths...)
	} else {
		dss = innsiglitest.DSS(t, c.root, time.Time{}, paths...)
	}
	pyhanko := innsiglitest.PyHanko(t, c.root, time.Time{}, paths...)
	later := innsiglitest.PyHanko(t, c.root, time.Now().AddDate(9, 0, 0), paths...)
	for i := range c.sealed {
		s := newest(dss[i])
		if s.Format != wantFormat || s.Indication != "TOTAL_PASSED" {
			t.Errorf("%v", dss[i])
		} else {
			c.passed["EU DSS"]++
		}
		if len(s.Changes) > 0 {
			t.Errorf("%v", dss[i])
		}
		now, then := newest(pyhanko[i]), newest(later[i])
		if now.Indication != "PASSED" || !now.Valid {
			t.Errorf("%v", pyhanko[i])
		}
		if then.Indication != "PASSED" {
			t.Errorf("in nine years: %v", later[i])
		}
		if now.Indication == "PASSED" && now.Valid && then.Indication == "PASSED" {
			c.passed["pyHanko"]++
		}
	}
}

// newest is our seal: the last signature that bears a name of ours, since what a document brought may bear any.
func newest(v innsiglitest.Verdict) innsiglitest.JudgedSignature {
	var last innsiglitest.JudgedSignature
	for _, s := range v.Signatures {
		if strings.HasPrefix(s.Name, "Seal") {
			last = s
		}
	}
	return last
}

func (c *corpus) share() float64 { return float64(len(c.sealed)) / float64(len(c.sealed)+c.missed) }

func (c *corpus) report(t *testing.T) {
	t.Helper()
	t.Logf("%d sealed, %.1f %% of what can be; passed: %v; slowest: %v", len(c.sealed), 100*c.share(), c.passed, c.slowest)
	for _, code := range slices.Sorted(maps.Keys(c.refused)) {
		t.Logf("refused as %s: %d: %v", code, len(c.refused[code]), c.refused[code])
	}
}
