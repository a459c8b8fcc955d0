package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/innsigli/innsigli/pdf"
)

// forms are the same document in every form of cross-reference.
func forms(o objects) map[string][]byte {
	return map[string][]byte{
		"table":         classic(o, ""),
		"stream":        streamed(o, ""),
		"hybrid":        hybrid(o),
		"junk before":   after("HTTP/1.1 200 OK\r\n\r\n", o, ""),
		"junk behind":   append(classic(o, ""), bytes.Repeat([]byte("\x00 junk"), 100)...),
		"no line break": bytes.TrimRight(classic(o, ""), "\n"),
	}
}

// shift adds n to every offset of a classic document.
func shift(b []byte, n int) []byte {
	i := bytes.LastIndex(b, []byte("xref\n0"))
	var out strings.Builder
	startxref := false
	for line := range strings.Lines(string(b[i:])) {
		var off, gen int
		switch {
		case strings.HasSuffix(line, " n \n"):
			_, _ = fmt.Sscanf(line, "%d %d", &off, &gen)
			line = fmt.Sprintf("%010d %05d n \n", off+n, gen)
		case startxref:
			_, _ = fmt.Sscanf(line, "%d", &off)
			line = fmt.Sprintf("%d\n", off+n)
		}
		startxref = line == "startxref\n"
		out.WriteString(line)
	}
	return append(bytes.Clone(b[:i]), out.String()...)
}

func TestEveryFormOfCrossReferenceIsRead(t *testing.T) {
	for name, b := range forms(onePage()) {
		t.Run(name, func(t *testing.T) {
			d := open(t, b)
			if d.PageCount() != 1 {
				t.Fatalf("%d pages", d.PageCount())
			}
			w, h, err := d.PageSize(1)
			if err != nil || w != 200 || h != 300 {
				t.Errorf("size %v x %v, %v", w, h, err)
			}
		})
	}
}

func TestDocumentsThatCannotBeHandledAreRefused(t *testing.T) {
	nested := strings.Repeat("[", 2_000_000)
	many := strings.Repeat("3 0 R ", 3000)
	kids := objects{2: "<< /Type /Pages /Count 2001 /Kids ["}
	for n := range 2001 {
		kids[2] += fmt.Sprintf("%d 0 R ", 10+n)
		kids[10+n] = "<< /Type /Page /MediaBox [0 0 10 10] >>"
	}
	kids[2] += "] >>"
	for _, c := range []struct {
		name, want string
		b          []byte
	}{
		{"empty", pdf.NotPDF, nil},
		{"a picture", pdf.NotPDF, []byte("\x89PNG\r\n\x1a\n")},
		{"header only", pdf.Broken, []byte("%PDF-1.7\n")},
		{"header too late", pdf.NotPDF, after(strings.Repeat("x", 2000), onePage(), "")},
		{"cut off", pdf.Broken, classic(onePage(), "")[:400]},
		{"encrypted", pdf.Encrypted, classic(onePage(), "/Encrypt << /Filter /Standard >>")},
		{"counted from the file's start", pdf.Broken, append([]byte("%junk\n"), shift(classic(onePage(), ""), 6)...)},
		{"previous section loops", pdf.Broken, classic(onePage(), "/Prev 700")},
		{"nested arrays", pdf.TooComplex, classic(onePage().with(objects{2: nested}), "")},
		{"two million values", pdf.TooComplex, classic(onePage().with(objects{2: "[" + strings.Repeat("0 ", 300_000) + "]"}), "")},
		{"same page again", pdf.Broken, classic(onePage().with(objects{2: "<< /Type /Pages /Kids [" + many + "] /Count 3000 >>"}), "")},
		{"page loop", pdf.Broken, classic(onePage().with(objects{2: "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}), "")},
		{"direct page", pdf.Broken, classic(onePage().with(objects{2: "<< /Type /Pages /Kids [<< /Type /Page >>] /Count 1 >>"}), "")},
		{"no pages", pdf.NoPages, classic(onePage().with(objects{2: "<< /Type /Pages /Kids [] /Count 2000000000 >>"}), "")},
		{"too many pages", pdf.TooManyPages, classic(onePage().with(kids), "")},
		{"huge page", pdf.PageTooLarge, classic(onePage().with(objects{3: "<< /Type /Page /MediaBox [0 0 1000000 10] >>"}), "")},
		{"huge object number", pdf.TooManyObjects, bytes.Replace(classic(onePage(), ""), []byte("xref\n0 1"), []byte("xref\n999999999 1"), 1)},
		{"huge size", pdf.TooManyObjects, bytes.Replace(classic(onePage(), ""), []byte("/Size 6"), []byte("/Size 2000000000"), 1)},
		{"dynamic form", pdf.DynamicXFA, classic(onePage().with(objects{1: "<< /Type /Catalog /Pages 2 0 R /NeedsRendering true >>"}), "")},
		{"form of XFA only", pdf.DynamicXFA, classic(onePage().with(objects{1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /XFA 4 0 R >> >>"}), "")},
		{"page elsewhere", pdf.Broken, bytes.Replace(classic(onePage(), ""), []byte("3 0 obj"), []byte("9 0 obj"), 1)},
		{"length loop", pdf.Broken, classic(onePage().with(objects{3: "<< /Length 3 0 R >>\nstream\n\nendstream"}), "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := refused(t, c.b); got != c.want {
				t.Errorf("refused as %s, want %s", got, c.want)
			}
		})
	}
}

func TestBoxesAndRotationAreInherited(t *testing.T) {
	o := onePage().with(objects{
		2: "<< /Type /Pages /Kids [6 0 R] /Count 1 /MediaBox [0 0 400 600] /Rotate -90 >>",
		6: "<< /Type /Pages /Parent 2 0 R /Kids [3 0 R] /Count 1 /CropBox [100 50 900 250] >>",
		3: "<< /Type /Page /Parent 6 0 R >>",
	})
	p, err := open(t, classic(o, "")).Page(1)
	if err != nil {
		t.Fatal(err)
	}
	w, h := p.Size()
	if p.Rotate != 270 || w != 200 || h != 300 {
		t.Errorf("rotated by %d, %v x %v", p.Rotate, w, h)
	}
	if diff := cmp.Diff(pdf.Rect{X0: 100, Y0: 50, X1: 400, Y1: 250}, p.Box); diff != "" {
		t.Error(diff)
	}
}

func TestTheFormIsDescribed(t *testing.T) {
	sig := "<< /Type /Sig /Reference [<< /TransformMethod /DocMDP /TransformParams << /P 3 >> >>] >>"
	o := onePage().with(objects{
		1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 8 0 R] >> /Perms << /DocMDP 9 0 R >> >>",
		6: "<< /T (group) /FT /Sig /Kids [7 0 R] >>",
		7: "<< /T <FEFF00E9> /Parent 6 0 R >>",
		8: "<< /T (signed) /FT /Sig /V 9 0 R >>",
		9: sig,
	})
	d := open(t, classic(o, ""))
	if !d.Signed() || d.Certification() != 3 || !d.HasForm() {
		t.Errorf("signed %v, certified %d, form %v", d.Signed(), d.Certification(), d.HasForm())
	}
	if diff := cmp.Diff([]string{"group.é", "group", "signed"}, d.FieldNames()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]pdf.SignatureField{{Name: "group.é", Ref: pdf.Ref{Num: 7}}}, d.EmptySignatureFields(), cmpopts.IgnoreUnexported(pdf.SignatureField{})); diff != "" {
		t.Error(diff)
	}
}

// failing is a reader that breaks after some calls.
type failing struct {
	io.ReaderAt
	left int
}

var errDisk = errors.New("disk is gone")

func (f *failing) ReadAt(p []byte, off int64) (int, error) {
	if f.left--; f.left < 0 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, off)
}

func TestAFailingReaderIsNotTheDocumentsFault(t *testing.T) {
	for name, b := range forms(onePage()) {
		for n := range 100 {
			_, err := pdf.Open(&failing{bytes.NewReader(b), n}, int64(len(b)))
			if err == nil {
				break
			}
			var r *pdf.Refusal
			if errors.As(err, &r) || !errors.Is(err, errDisk) {
				t.Fatalf("%s, read %d: %v", name, n, err)
			}
		}
	}
}

// zeros reads as a document with a long run of zeros in one stream.
type zeros struct {
	head, tail []byte
	gap        int64
}

func (z *zeros) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		switch at := off + int64(i); {
		case at < int64(len(z.head)):
			p[i] = z.head[at]
		case at < int64(len(z.head))+z.gap:
			p[i] = 0
		case at < int64(len(z.head)+len(z.tail))+z.gap:
			p[i] = z.tail[at-int64(len(z.head))-z.gap]
		default:
			return i, io.EOF
		}
	}
	return len(p), nil
}

func TestALargeDocumentIsNotHeldInMemory(t *testing.T) {
	const gap = 50_000_000
	b := classic(onePage().with(objects{6: fmt.Sprintf("<< /Length %d >>\nstream\n\nendstream", gap)}), "")
	i := bytes.Index(b, []byte("stream\n\nendstream\nendobj\nxref")) + len("stream\n")
	tail := bytes.Replace(b[i:], fmt.Appendf(nil, "startxref\n%d", bytes.LastIndex(b, []byte("xref\n0"))),
		fmt.Appendf(nil, "startxref\n%d", bytes.LastIndex(b, []byte("xref\n0"))+gap), 1)
	r := &zeros{b[:i], tail, gap}
	size := int64(len(b)) + gap
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	d, err := pdf.Open(r, size)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("opening allocated %d bytes", got)
	}
	v, err := d.Get(pdf.Ref{Num: 6})
	s, ok := v.(*pdf.Stream)
	if err != nil || !ok || s.Length != gap {
		t.Fatalf("%v, %v", v, err)
	}
}

// blank is a file of nothing but spaces that takes no memory.
type blank struct{}

func (blank) ReadAt(p []byte, _ int64) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestFilesUpToTheLargestAreLookedInto(t *testing.T) {
	for size, want := range map[int64]string{pdf.MaxFileSize: pdf.NotPDF, pdf.MaxFileSize + 1: pdf.TooLarge} {
		_, err := pdf.Open(blank{}, size)
		if r, ok := errors.AsType[*pdf.Refusal](err); !ok || r.Code != want {
			t.Errorf("%d bytes: %v, want %s", size, err, want)
		}
	}
}
