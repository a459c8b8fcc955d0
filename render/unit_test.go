package render

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGlyphsBecomeRunsOnALine(t *testing.T) {
	// line puts letters of 10 points in width and 12 in height beside each other; a space has no place.
	line := func(x, y float64, text string) (gs []glyph) {
		for _, c := range text {
			if c == ' ' || c == '\n' || c == '\r' {
				gs = append(gs, glyph{char: c})
			} else {
				gs = append(gs, glyph{c, true, box{x, y, x + 10, y + 12}})
			}
			x += 10
		}
		return gs
	}
	for _, tt := range []struct {
		name   string
		glyphs []glyph
		want   []Span
	}{
		{"nothing", nil, nil},
		{"words", line(0, 0, "ab cd"), []Span{{Text: "ab cd", W: 50, H: 12}}},
		{"line ends", line(0, 0, "ab\r\n"), []Span{{Text: "ab", W: 20, H: 12}}},
		{"two lines without an end", append(line(0, 0, "ab"), line(0, 15, "c")...), []Span{{Text: "ab", W: 20, H: 12}, {Text: "c", Y: 15, W: 10, H: 12}}},
		{"columns", append(line(0, 0, "ab"), line(200, 0, "c")...), []Span{{Text: "ab", W: 20, H: 12}, {Text: "c", X: 200, W: 10, H: 12}}},
		{"back to the left", append(line(100, 0, "ab"), line(0, 0, "c")...), []Span{{Text: "ab", X: 100, W: 20, H: 12}, {Text: "c", W: 10, H: 12}}},
		{"spaces at the ends", line(0, 0, " a "), []Span{{Text: "a", X: 10, W: 10, H: 12}}},
		{"controls and unplaced ones", append(line(0, 0, "a\x00\x02\uFFFE"), glyph{char: 'x'}), []Span{{Text: "a", W: 10, H: 12}}},
		{"surrogates", []glyph{{0xD83D, true, box{0, 0, 1, 1}}, {0xDE00, true, box{0, 0, 10, 12}}}, []Span{{Text: "😀", W: 10, H: 12}}},
		{"half a surrogate", append([]glyph{{0xD83D, true, box{0, 0, 1, 1}}}, line(0, 0, "ab")...), []Span{{Text: "\uFFFDb", W: 20, H: 12}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b spanner
			for _, g := range tt.glyphs {
				b.add(g)
			}
			b.end()
			if diff := cmp.Diff(tt.want, b.spans); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWidthsAreStepsAndImagesBounded(t *testing.T) {
	for give, want := range map[int]int{-1: 240, 0: 240, 240: 240, 241: 480, 480: 480, 481: 800, 1200: 1200, 2400: 2400, 1 << 40: 2400} {
		if got := step(give); got != want {
			t.Errorf("step(%d) = %d, want %d", give, got, want)
		}
	}
	for _, tt := range []struct {
		size Size
		w, h int
	}{
		{Size{595, 842}, 2400, 3396},
		{Size{1, 1e7}, 1, maxHeight},
		{Size{1e7, 1}, 2400, 1},
		{Size{100, 1000}, 1095, 10954},
	} {
		if w, h := pixels(tt.size, 2400); w != tt.w || h != tt.h {
			t.Errorf("pixels(%v) = %d x %d, want %d x %d", tt.size, w, h, tt.w, tt.h)
		}
	}
}

func TestPaletteHoldsExactly256Colours(t *testing.T) {
	for _, n := range []int{1, 2, 256, 257, 5000} {
		img := image.NewRGBA(image.Rect(0, 0, 100, 50))
		for i := range 5000 {
			c := i % n
			img.SetRGBA(i%100, i/100, color.RGBA{uint8(c), uint8(c >> 8), 7, 0})
		}
		few := reduce(img)
		if (few != nil) != (n <= 256) {
			t.Fatalf("%d colours: palette %v", n, few != nil)
		}
		if !img.Opaque() {
			t.Errorf("%d colours: not opaque", n)
		}
		for i := range 5000 {
			x, y := i%100, i/100
			if few != nil && few.At(x, y) != color.Color(img.RGBAAt(x, y)) {
				t.Fatalf("%d colours: pixel %d is %v, want %v", n, i, few.At(x, y), img.RGBAAt(x, y))
			}
		}
	}
}

func TestCacheKeepsWhatWasUsedLastAndWipesTheRest(t *testing.T) {
	c := cache{limit: 4 * cost(make([]byte, 100))}
	body := func(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, 100) }
	for i := range 4 {
		c.put(ticket{key: fmt.Sprint(i)}, body(i))
	}
	oldest := c.at(c.order.Back()).body
	if _, ok := c.get(ticket{key: "1"}); !ok { // now 0 is the oldest, then 2
		t.Fatal("1 is missing")
	}
	c.put(ticket{key: "4"}, body(4))
	c.put(ticket{key: "5"}, body(5))
	c.put(ticket{key: "large"}, make([]byte, c.limit/2))
	var kept []string
	for i := range 6 {
		if got, ok := c.get(ticket{key: fmt.Sprint(i)}); ok {
			kept = append(kept, fmt.Sprint(i))
			if !bytes.Equal(got, body(i)) {
				t.Errorf("%d holds %v", i, got[0])
			}
		}
	}
	if diff := cmp.Diff([]string{"1", "3", "4", "5"}, kept); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(oldest, make([]byte, 100)) {
		t.Error("what was let go was not wiped")
	}
	c.drop(func(ticket) bool { return true })
	if c.used != 0 || len(c.entries) != 0 || c.order.Len() != 0 {
		t.Errorf("after drop: %d bytes, %d entries", c.used, len(c.entries))
	}
}

func TestRefusalsComeOverTheWireAsTypedErrors(t *testing.T) {
	for give, want := range map[error]error{
		ErrNoPage: ErrNoPage, ErrUnreadable: ErrUnreadable, ErrTooHeavy: ErrTooHeavy, errors.New("trap"): ErrTooHeavy,
	} {
		var pipe bytes.Buffer
		s := server{out: &pipe}
		if err := s.refuse(fmt.Errorf("outer: %w", give)); err != nil {
			t.Fatal(err)
		}
		f, err := readFrame(&pipe)
		if err != nil || f.op != opError {
			t.Fatal(f, err)
		}
		if err := refusalError(f.header); !errors.Is(err, want) {
			t.Errorf("%v came over as %v", give, err)
		}
	}
}

func TestServerWithoutADocumentAnswersNothing(t *testing.T) {
	for _, op := range []byte{opInfo, opImage, opText, 'x'} {
		var in, out bytes.Buffer
		if err := writeFrame(&in, op, query{}, 0); err != nil {
			t.Fatal(err)
		}
		s := server{in: &in, out: &out}
		if err := s.serve(); !errors.Is(err, errTalk) || out.Len() > 0 {
			t.Errorf("%c: %v, %q", op, err, out.String())
		}
	}
}

func TestRunningChildMainWithoutAUsableCacheSaysWhy(t *testing.T) {
	var out bytes.Buffer
	// Not ChildMain: that would limit the test itself.
	_, err := openLibrary("/dev/null/cache")
	if err == nil {
		t.Fatal("opened")
	}
	if err := writeFrame(&out, opError, refusal{codeStart, clip(strings.Repeat(err.Error(), 100))}, 0); err != nil {
		t.Fatal(err)
	}
	f, err := readFrame(&out)
	if err != nil {
		t.Fatal(err)
	}
	if got := refusalError(f.header); !strings.Contains(got.Error(), "compilation cache") || errors.Is(got, ErrTooHeavy) {
		t.Error(got)
	}
}

func TestLimitStopsCleanly(t *testing.T) {
	// A limit that is stopped never kills, however close it was: the child is nil here, so a kill would panic.
	c := &child{}
	for range 50 {
		c.limit(time.Hour)()
	}
}

func FuzzReadFrame(f *testing.F) {
	for _, header := range []any{query{Page: 1, Width: 480}, greeting{1}, refusal{codeHeavy, "x"}} {
		var b bytes.Buffer
		_ = writeFrame(&b, opResult, header, 4)
		f.Add(append(b.Bytes(), "body"...), int64(10))
	}
	f.Add([]byte{opResult, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, int64(1))
	f.Add([]byte{opResult, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0}, int64(1))
	f.Fuzz(func(t *testing.T, data []byte, limit int64) {
		r := bytes.NewReader(data)
		head, err := readFrame(r)
		if err != nil {
			return
		}
		if len(head.header) > maxHeader || head.size < 0 || head.size > MaxDocument {
			t.Fatalf("frame out of bounds: %d, %d", len(head.header), head.size)
		}
		_ = refusalError(head.header)
		body, err := readBody(r, head.size, limit)
		if err == nil && (int64(len(body)) != head.size || head.size > limit) {
			t.Fatalf("body of %d bytes, promised %d, limit %d", len(body), head.size, limit)
		}
		if err == nil && !bytes.Equal(body, data[frameHead+len(head.header):][:len(body)]) {
			t.Fatal("body is another")
		}
	})
}

func FuzzDecodeList(f *testing.F) {
	f.Add([]byte(`[{"W":1,"H":2}]`))
	f.Add([]byte(`[{"W":-1,"H":1e300},{}]`))
	f.Add([]byte(`[{},{},{},{},{}]`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 4
		list, err := decodeList(data, limit, func(s Size) bool { return s.W > 0 && within(s.W) })
		if err != nil {
			return
		}
		for _, s := range list {
			if len(list) > limit || s.W <= 0 || s.W > maxPoints || math.IsNaN(s.W) {
				t.Fatalf("out of bounds: %v", list)
			}
		}
	})
}

func TestReadBodyGrowsWithWhatArrives(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	got, err := readBody(bytes.NewReader(want), int64(len(want)), int64(len(want)))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if _, err := readBody(bytes.NewReader(want), int64(len(want))+1, 1<<40); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	// Bytes, not allocations: goroutines of other tests make a few of those.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = readBody(strings.NewReader("little"), 100<<20, 1<<40)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 10<<20 {
		t.Errorf("%d bytes for a promise", got)
	}
}
