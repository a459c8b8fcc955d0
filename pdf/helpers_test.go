package pdf_test

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"

	"github.com/innsigli/innsigli/pdf"
)

// objects are the texts of a document's objects by number; 1 is the catalog.
type objects map[int]string

// onePage is the least document: a page of 200 by 300 points with some text.
func onePage() objects {
	return objects{
		1: "<< /Type /Catalog /Pages 2 0 R >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		3: "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		4: stream("", "BT /F1 12 Tf 20 270 Td (Upper left of the page) Tj ET"),
		5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
}

// with returns the objects with some replaced or added.
func (o objects) with(more objects) objects {
	c := maps.Clone(o)
	maps.Copy(c, more)
	return c
}

func stream(dict, body string) string {
	return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(body), body)
}

func deflated(body string) string {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return b.String()
}

// body writes objects one after another and notes where they are.
func (o objects) body(b *bytes.Buffer, base int) map[int]int {
	at := map[int]int{}
	for _, n := range slices.Sorted(maps.Keys(o)) {
		at[n] = b.Len() - base
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", n, o[n])
	}
	return at
}

func (o objects) size() int { return slices.Max(slices.Collect(maps.Keys(o))) + 1 }

func table(b *bytes.Buffer, size int, at map[int]int, trailer string, base int) {
	start := b.Len() - base
	fmt.Fprintf(b, "xref\n0 1\n0000000000 65535 f \n")
	for n := 1; n < size; n++ {
		if p, ok := at[n]; ok {
			fmt.Fprintf(b, "%d 1\n%010d 00000 n \n", n, p)
		}
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", size, trailer, start)
}

// classic writes a document with a cross-reference table.
func classic(o objects, trailer string) []byte { return after("", o, trailer) }

// after writes junk before the header; offsets count from the header.
func after(junk string, o objects, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString(junk + "%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	at := o.body(&b, len(junk))
	table(&b, o.size(), at, trailer, len(junk))
	return b.Bytes()
}

// packed splits objects into those that must stand alone and an object stream
// with those that hide picks.
func packed(o objects, num int, hide func(int) bool) (alone objects, index map[int]int) {
	alone, index = objects{}, map[int]int{}
	var head, data strings.Builder
	for _, n := range slices.Sorted(maps.Keys(o)) {
		if strings.Contains(o[n], "\nstream\n") || !hide(n) {
			alone[n] = o[n]
			continue
		}
		index[n] = len(index)
		fmt.Fprintf(&head, "%d %d ", n, data.Len())
		data.WriteString(o[n] + "\n")
	}
	z := deflated(head.String() + data.String())
	alone[num] = stream(fmt.Sprintf("/Type /ObjStm /N %d /First %d /Filter /FlateDecode", len(index), head.Len()), z)
	return alone, index
}

// streamed writes a document with object streams and a cross-reference stream
// with PNG prediction, as most writers do.
func streamed(o objects, trailer string) []byte {
	num := o.size()
	alone, index := packed(o, num, func(int) bool { return true })
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	at := alone.body(&b, 0)
	start := b.Len()
	at[num+1] = start
	fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", num+1, xrefStream(num, at, index, trailer), start)
	return b.Bytes()
}

func xrefStream(objstm int, at, index map[int]int, trailer string) string {
	var rows strings.Builder
	prev := [4]byte{}
	for n := range objstm + 2 {
		row := [4]byte{}
		if i, ok := index[n]; ok {
			row = [4]byte{2, byte(objstm >> 8), byte(objstm), byte(i)}
		} else if p, ok := at[n]; ok {
			row = [4]byte{1, byte(p >> 8), byte(p), 0}
		}
		rows.WriteByte(2)
		for i := range row {
			rows.WriteByte(row[i] - prev[i])
		}
		prev = row
	}
	return stream(fmt.Sprintf("/Type /XRef /W [1 2 1] /Size %d /Root 1 0 R %s /Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 4 >>",
		objstm+2, trailer), deflated(rows.String()))
}

// hybrid writes a table for old readers, which hides object 5 from them.
func hybrid(o objects) []byte {
	num := o.size()
	alone, index := packed(o, num, func(n int) bool { return n == 5 })
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n")
	at := alone.body(&b, 0)
	x := b.Len()
	fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", num+1, xrefStream(num, at, index, ""))
	at[num+1] = x
	table(&b, num+2, at, fmt.Sprintf("/XRefStm %d", x), 0)
	return b.Bytes()
}

func open(tb testing.TB, b []byte) *pdf.Document {
	tb.Helper()
	d, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// refused gives the code with which a document is refused.
func refused(tb testing.TB, b []byte) string {
	tb.Helper()
	_, err := pdf.Open(bytes.NewReader(b), int64(len(b)))
	var r *pdf.Refusal
	if err == nil || !errors.As(err, &r) {
		tb.Fatalf("not refused: %v", err)
	}
	if r.Reason == "" {
		tb.Error("no reason for people")
	}
	return r.Code
}

// finished appends an update to a document.
func finished(tb testing.TB, in []byte, u *pdf.Update) []byte {
	tb.Helper()
	a, err := u.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return slices.Concat(in, a.Bytes)
}

// drawn makes a one-page PDF, all red but for a black bar at its upper edge.
func drawn(tb testing.TB, w, h float64) []byte {
	tb.Helper()
	p := fpdf.NewCustom(&fpdf.InitType{UnitStr: "pt", Size: fpdf.SizeType{Wd: w, Ht: h}})
	p.AddPage()
	p.SetFillColor(255, 0, 0)
	p.Rect(0, 0, w, h, "F")
	p.SetFillColor(0, 0, 0)
	p.Rect(0, 0, w, h/4, "F")
	var b bytes.Buffer
	if err := p.Output(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// need asks for an outside program: on the build server it must be there, at
// home its absence skips the test loudly.
func need(tb testing.TB, program, debian string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		tb.Fatalf("%s is missing: apt-get install %s", program, debian)
	}
	tb.Skipf("NOT TESTED, %s is missing: apt-get install %s", program, debian)
}

func file(tb testing.TB, name string, b []byte) string {
	tb.Helper()
	p := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(p, b, 0o600); err != nil {
		tb.Fatal(err)
	}
	return p
}

// qpdfContent asks qpdf whether the structure is sound.
func qpdfContent(t *testing.T, b []byte) {
	t.Helper()
	need(t, "qpdf", "qpdf")
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -v 4000000; exec timeout 30 qpdf --check "$0"`, file(t, "q.pdf", b)).CombinedOutput()
	if err != nil {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
}
