package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/pdf"
)

// TestBombsAreDefused opens documents that are cheap to write and dear to read:
// the budgets must end them, not the patience of the machine.
func TestBombsAreDefused(t *testing.T) {
	rereadBoxes := onePage().with(objects{
		2: "<< /Type /Pages /Count 1500 /Kids [",
		5: "[0 0 10 10 " + strings.Repeat(" ", 4_000_000) + "]",
		6: "[0 0 10 10 " + strings.Repeat(" ", 4_000_000) + "]",
	})
	for n := range 1500 {
		rereadBoxes[2] += fmt.Sprintf("%d 0 R ", 10+n)
		rereadBoxes[10+n] = fmt.Sprintf("<< /Type /Page /MediaBox %d 0 R >>", 5+n%2)
	}
	rereadBoxes[2] += "] >>"
	overlapping := func() []byte {
		var b bytes.Buffer
		b.WriteString("%PDF-1.7\n")
		at := onePage().body(&b, 0)
		b.WriteString(strings.Repeat(" ", 99))
		x := b.Len()
		fmt.Fprintf(&b, "xref\n0 400000\n%s", strings.Repeat("0000000000 00000 f \n", 400_000))
		fmt.Fprintf(&b, "trailer\n<< /Size 6 /Root 1 0 R /Prev %d >>\n", x-1)
		table(&b, 6, at, fmt.Sprintf("/Prev %d", x-50), 0)
		return b.Bytes()
	}
	for _, c := range []struct {
		name, want string
		b          []byte
	}{
		{"boxes read again and again", pdf.TooComplex, classic(rereadBoxes, "")},
		{"a large object stream", pdf.Broken, streamed(onePage().with(objects{6: "[" + strings.Repeat(" ", 40<<20) + "]"}), "")},
		{"object stream too large", pdf.TooComplex, streamed(onePage().with(objects{6: strings.Repeat(" ", 65<<20)}), "")},
		{"deep dictionaries", pdf.TooComplex, classic(onePage().with(objects{2: strings.Repeat("<</A", 500_000)}), "")},
		{"open strings", pdf.Broken, classic(onePage().with(objects{2: strings.Repeat("(", 3_000_000)}), "")},
		{"overlapping tables", pdf.Broken, overlapping()},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d, err := pdf.Open(bytes.NewReader(c.b), int64(len(c.b)))
			if err == nil {
				_, err = d.Get(pdf.Ref{Num: 6})
			}
			runtime.ReadMemStats(&after)
			if r, ok := errors.AsType[*pdf.Refusal](err); !ok || r.Code != c.want {
				t.Errorf("not refused as %s: %v", c.want, err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 512<<20 {
				t.Errorf("%d kB took %d MB", len(c.b)>>10, got>>20)
			}
		})
	}
}
