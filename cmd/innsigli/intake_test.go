package main

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
)

// What happens to a document on its way in, through a whole server.

// inflating is a stream of so many megabytes of zeros. A block of zeros after zeros is always the same block.
func inflating(dict string, megabytes int) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	block := func() string {
		start := b.Len()
		_, _ = w.Write(make([]byte, 1<<20))
		_ = w.Flush()
		return b.String()[start:]
	}
	return handmade.Stream(dict+" /Filter /FlateDecode", block()+strings.Repeat(block(), megabytes-1))
}

func packedTwice(megabytes int) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, _ = w.Write([]byte(strings.SplitN(inflating("", megabytes), "stream\n", 2)[1]))
	_ = w.Close()
	return handmade.Stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Filter [/FlateDecode /FlateDecode]", b.String())
}

// pagesOf is a document of n pages of a size.
func pagesOf(n int, box string) []byte {
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", ""}
	var kids strings.Builder
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", i+3)
		objects = append(objects, "<< /Type /Page /Parent 2 0 R /MediaBox "+box+" >>")
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), n)
	return handmade.PDF(objects...)
}

// laughs draws forms that draw each other ten times.
func laughs(depth int) []byte {
	var more []string
	for i := range depth {
		content, res := strings.Repeat("/X Do ", 10), fmt.Sprintf("/Resources << /XObject << /X %d 0 R >> >>", 6+i)
		if i == depth-1 {
			content, res = "0 0 10 10 re f", ""
		}
		more = append(more, handmade.Stream("/Type /XObject /Subtype /Form /BBox [0 0 100 100] "+res, content))
	}
	return handmade.Page("/MediaBox [0 0 100 100]", "/XObject << /X 5 0 R >>", "/X Do", more...)
}

// longest is what an intake may take: it must never hold a core for more, whatever the file.
const longest = 10 * time.Second

// childLimit is what a child may have resident, with what it can take between two looks of its guard.
const childLimit = 800 << 20

func TestHostileDocumentsAreTakenOrRefusedInTime(t *testing.T) {
	r := newRig(t, "sqlite")
	const drawn = "/XObject << /X 5 0 R >>"
	for _, x := range []struct {
		name string
		pdf  []byte
		code string // empty: whatever, in time
	}{
		{"2 GB of content", handmade.Page("/MediaBox [0 0 9 9]", drawn, "/X Do", inflating("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", 2048)), ""},
		{"packed twice", handmade.Page("/MediaBox [0 0 9 9]", drawn, "/X Do", packedTwice(1024)), ""},
		{"image of 30000 x 40000", handmade.Page("/MediaBox [0 0 9 9]", drawn, "/X Do",
			inflating("/Type /XObject /Subtype /Image /Width 30000 /Height 40000 /ColorSpace /DeviceGray /BitsPerComponent 8", 1200)), "TooComplex"},
		{"forms in forms", laughs(12), ""},
		{"deep arrays", handmade.Page("/MediaBox [0 0 9 9] /Deep "+strings.Repeat("[", 2_000_000), "", ""), "TooComplex"},
		{"2000 pages", pagesOf(2000, "[0 0 9 9]"), "OK"},
		{"2001 pages", pagesOf(2001, "[0 0 9 9]"), "TooManyPages"},
		{"200,000 pages", pagesOf(200_000, "[0 0 9 9]"), "TooManyPages"},
		{"a page that is its own parent", handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>"), "Broken"},
		{"2,000,000,000 pages by word", handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>",
			"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"), ""},
		{"a page as large as may be", pagesOf(1, "[0 0 14400 14400]"), "OK"},
		{"a page a point larger", pagesOf(1, "[0 0 14401 9]"), "PageTooLarge"},
		{"a page of 1e6 points", pagesOf(1, "[0 0 1000000 1000000]"), "PageTooLarge"},
		{"endless pattern", handmade.Page("/MediaBox [0 0 100 100]", "/Pattern << /P 5 0 R >>", "/Pattern cs /P scn 0 0 100 100 re f",
			handmade.Stream("/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep .0001 /YStep .0001 /Resources << >>", "0 0 1 1 re f")), ""},
		{"object stream of itself", handmade.Page("/MediaBox [0 0 9 9]", "", "", handmade.Stream("/Type /ObjStm /N 1 /First 4 /Extends 5 0 R", "5 0 << >>")), ""},
		{"half a million objects", handmade.PDF(append([]string{
			"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
			"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /All 4 0 R >>", "[" + manyRefs(5, 300_000) + "]",
		}, repeated("<< >>", 500_000)...)...), ""},
	} {
		for _, flatten := range []bool{false, true} {
			peak := watchChildren(t, r.cmd.Process.Pid)
			start := time.Now()
			body := r.bodyOf(x.pdf, who{"email": "ann@bombs.example"})
			body["flattenDocument"] = flatten
			a := r.ask("POST", "/management/signing", "own", body)
			took := time.Since(start)
			code, _ := a.errorCode()
			if a.status == http.StatusOK {
				code = "OK"
			}
			most := peak()
			t.Logf("%s, flatten %v: %s in %v, child %d MB", x.name, flatten, code, took.Round(time.Millisecond), most>>20)
			if a.status != http.StatusOK && a.status != http.StatusBadRequest || x.code != "" && code != x.code && !flatten {
				t.Errorf("%s: %d %.300s, want %s", x.name, a.status, a.body, x.code)
			}
			if took > longest {
				t.Errorf("%s: it took %v", x.name, took)
			}
			if most > childLimit {
				t.Errorf("%s: a child had %d MB", x.name, most>>20)
			}
			if a.status == http.StatusOK {
				var p process
				a.json(t, &p)
				r.cancel(p.Key)
			}
		}
	}
	r.settled()
	r.until("blobs of refused documents are left", func() bool { return r.blobCount() == 0 })
	if a := r.ask("GET", "/healthz", "", nil); a.status != http.StatusOK {
		t.Errorf("the server answers %d", a.status)
	}
}

func manyRefs(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%d 0 R ", from+i)
	}
	return b.String()
}

func repeated(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// watchChildren looks at the resident memory of a process's children until it is asked for the most it saw.
func watchChildren(t *testing.T, parent int) (most func() int64) {
	t.Helper()
	stop, result := make(chan struct{}), make(chan int64, 1)
	go func() {
		var top int64
		for {
			select {
			case <-stop:
				result <- top
				return
			case <-time.After(20 * time.Millisecond):
			}
			tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
			for _, f := range tasks {
				list, _ := os.ReadFile(f)
				for pid := range strings.FieldsSeq(string(list)) {
					var size, resident int64
					text, err := os.ReadFile("/proc/" + pid + "/statm")
					if err == nil {
						_, _ = fmt.Sscan(string(text), &size, &resident)
						top = max(top, resident*int64(os.Getpagesize()))
					}
				}
			}
		}
	}()
	return func() int64 { close(stop); return <-result }
}

func TestIntakeTakesOutWhatNobodySees(t *testing.T) {
	r, s := newLocal(t, "sqlite", seams{})
	script := "<< /S /JavaScript /JS (app.alert\\('boo'\\)) >>"
	pdf := handmade.PDF(
		"<< /Type /Catalog /Pages 2 0 R /OpenAction 5 0 R /AA << /WC 5 0 R >> /Names << /JavaScript << /Names [(a) 5 0 R] >>"+
			" /EmbeddedFiles << /Names [(a) 6 0 R] >> >> /AcroForm << /Fields [8 0 R] /XFA [(x) 7 0 R] >> >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources << /Font << /AA 11 0 R >> >> /AA << /O 5 0 R >>"+
			" /Annots [8 0 R 9 0 R << /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /Launch /F (calc.exe) >> >>] >>",
		handmade.Stream("", "BT /AA 24 Tf 20 200 Td (The rent is 4711) Tj ET"), script,
		"<< /Type /Filespec /F (evil.exe) /EF << /F 7 0 R >> >>", handmade.Stream("/Type /EmbeddedFile", "MZ evil bytes"),
		"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /Rect [20 20 200 60] /F 4 /AA << /K 5 0 R >> /AP << /N 10 0 R >> >>",
		"<< /Type /Annot /Subtype /RichMedia /Rect [200 20 240 60] /F 4 /AP << /N 10 0 R >> /RichMediaContent << /Assets 7 0 R >> >>",
		handmade.Stream("/Type /XObject /Subtype /Form /BBox [0 0 40 40]", "0 0 40 40 re f"),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", "(never reached)")
	for _, flatten := range []bool{false, true} {
		body := r.bodyOf(pdf, byMail("Ann", "ann@intake.example"))
		body["flattenDocument"] = flatten
		a := r.ask("POST", "/management/signing", "own", body)
		var p struct {
			process
			Flatten bool `json:"flattenDocument"`
		}
		if a.json(t, &p); a.status != http.StatusOK || p.Flatten != flatten {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
		a = r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "own", nil)
		if !strings.Contains(string(a.body), fmt.Sprintf(`"flattenDocument":%v`, flatten)) {
			t.Errorf("not stored: %s", a.body)
		}
		shown := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
		checkTaken(t, s, fmt.Sprintf("flatten %v", flatten), pdf, shown)
		plain := qpdf(t, shown, "--qdf", "--object-streams=disable")
		for _, word := range []string{
			"/JavaScript", "/JS", "/OpenAction", "/AA <<", "/Launch", "/EmbeddedFile", "/EF", "/RichMedia", "/XFA", "evil", "calc.exe", "never reached",
		} {
			if bytes.Contains(plain, []byte(word)) {
				t.Errorf("flatten %v: %s is left", flatten, word)
			}
		}
		doc, err := pades.Open(bytes.NewReader(shown), int64(len(shown)))
		if err != nil {
			t.Fatal(err)
		}
		if doc.HasForm() == flatten || bytes.Contains(plain, []byte("/Annots")) == flatten {
			t.Errorf("flatten %v: form %v", flatten, doc.HasForm())
		}
		if a := r.sign(p.process, 0); a.status != http.StatusOK {
			t.Errorf("sign: %d %s", a.status, a.body)
		}
		r.settled()
		if st := r.shown(p.process); st != "Completed" {
			t.Errorf("shown as %s", st)
		}
	}
}

func TestIntakeRefusesInWordsForPeople(t *testing.T) {
	r := newRig(t, "sqlite")
	pdf := innsiglitest.PDF(t, 1, "refused")
	for _, x := range []struct {
		name, code, word string
		pdf              []byte
	}{
		{"a password", "Encrypted", "password", qpdf(t, pdf, "--encrypt", "user", "owner", "256", "--")},
		{"a portfolio", "Portfolio", "portfolio", handmade.PDF(
			"<< /Type /Catalog /Pages 2 0 R /Collection << >> /Names << /EmbeddedFiles << /Names [(a) 4 0 R] >> >> >>",
			"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", "<< /F (a) >>")},
		{"a form that only XFA knows", "DynamicXFA", "XFA", handmade.PDF("<< /Type /Catalog /Pages 2 0 R /NeedsRendering true >>",
			"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")},
		{"certified against changes", "Certified", "certified", handmade.PDF(
			"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> /Perms << /DocMDP 5 0 R >> >>",
			"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>", "<< /FT /Sig /T (a) /V 5 0 R >>",
			"<< /Type /Sig /ByteRange [0 1 2 3] /Contents <00> /Reference [<< /TransformMethod /DocMDP /TransformParams << /P 1 >> >>] >>")},
		{"beyond repair", "Broken", "damaged", []byte("%PDF-1.4\n" + strings.Repeat("junk ", 500))},
	} {
		a := r.ask("POST", "/management/signing", "own", r.bodyOf(x.pdf, who{"email": "ann@refused.example"}))
		refusal(t, x.name, a, 400, x.code, "pdfDocument")
		if !strings.Contains(string(a.body), x.word) {
			t.Errorf("%s: %s", x.name, a.body)
		}
	}
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestIntakeWithoutARendererIsTheServersFault: nothing is kept, and the client may come back.
func TestIntakeWithoutARendererIsTheServersFault(t *testing.T) {
	r, s := newLocal(t, "sqlite", seams{})
	s.renderer.Close()
	a := r.ask("POST", "/management/signing", "own", r.bodyOf(innsiglitest.PDF(t, 1, "x"), who{"email": "ann@away.example"}))
	if code, _ := a.errorCode(); a.status != http.StatusServiceUnavailable || code != "Unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v", a.status, a.body, a.header)
	}
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}
