package render

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
)

// zeros is a stream object of so many megabytes of zeros, compressed. A block of zeros after zeros is always the same
// block, so one is enough to make them all.
func zeros(dict string, megabytes int) string {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	block := func() string {
		start := b.Len()
		_, _ = w.Write(make([]byte, 1<<20))
		_ = w.Flush()
		return b.String()[start:]
	}
	return handmade.Stream(dict+"/Filter/FlateDecode", block()+strings.Repeat(block(), megabytes-1))
}

// laughs is a page of form XObjects each of which draws the next one ten times, depth levels deep.
func laughs(depth int) []byte {
	var more []string
	for i := range depth {
		content, res := strings.Repeat("/X Do ", 10), fmt.Sprintf("/Resources<</XObject<</X %d 0 R>>>>", 6+i)
		if i == depth-1 {
			content, res = "0 0 10 10 re f", ""
		}
		more = append(more, handmade.Stream("/Type/XObject/Subtype/Form/BBox[0 0 100 100]"+res, content))
	}
	return handmade.Page("/MediaBox[0 0 100 100]", "/XObject<</X 5 0 R>>", "/X Do", more...)
}

func TestHostileDocumentsEndInATypedErrorAndTheServerGoesOn(t *testing.T) {
	good := written(t, "one", "two")
	many := make([]string, MaxPages+5)
	kids := make([]string, len(many)-2)
	for i := range kids {
		kids[i] = fmt.Sprintf("%d 0 R", i+3)
		many[i+2] = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
	}
	many[0] = "<</Type/Catalog/Pages 2 0 R>>"
	many[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), len(kids))
	for _, tt := range []struct {
		name string
		pdf  []byte
		fine bool  // may also be shown
		want error // otherwise
	}{
		{"garbage", []byte(strings.Repeat("garbage ", 1000)), false, ErrUnreadable},
		{"one byte", []byte("%"), false, ErrUnreadable},
		{"cut in the middle", good[:len(good)/2], true, ErrUnreadable},
		{"cut at the end", good[:len(good)-30], true, ErrUnreadable},
		{"no pages", handmade.PDF("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>"), false, ErrUnreadable},
		{"page loop", handmade.PDF("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>"), true, ErrUnreadable},
		{"two thousand million pages", handmade.PDF("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 2000000000>>",
			"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"), true, ErrTooHeavy},
		{"more pages than allowed", handmade.PDF(many...), false, ErrTooHeavy},
		{"huge image", handmade.Page("/MediaBox[0 0 100 100]", "/XObject<</X 5 0 R>>", "100 0 0 100 0 0 cm /X Do",
			zeros("/Type/XObject/Subtype/Image/Width 30000/Height 40000/ColorSpace/DeviceGray/BitsPerComponent 8", 1200)), true, ErrTooHeavy},
		{"nested laughs", laughs(12), true, ErrTooHeavy},
		{"form that draws itself", handmade.Page("/MediaBox[0 0 100 100]", "/XObject<</X 5 0 R>>", "/X Do",
			handmade.Stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>", "/X Do /X Do")), true, ErrTooHeavy},
		{"million points wide", handmade.Page("/MediaBox[0 0 1000000 1000000]", "", "0 0 1000000 500000 re f"), true, ErrTooHeavy},
		{"million points wide and one high", handmade.Page("/MediaBox[0 0 1000000 1]", "", "0 0 9 9 re f"), true, ErrTooHeavy},
		{"million points high and one wide", handmade.Page("/MediaBox[0 0 1 1000000]", "", "0 0 9 9 re f"), true, ErrTooHeavy},
		{"no area", handmade.Page("/MediaBox[0 0 0 0]", "", "0 0 9 9 re f"), true, ErrUnreadable},
		{"content bomb", handmade.Page("/MediaBox[0 0 100 100]", "/XObject<</X 5 0 R>>", "/X Do",
			zeros("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", 2048)), true, ErrTooHeavy},
		{"endless pattern", handmade.Page("/MediaBox[0 0 100 100]", "/Pattern<</P 5 0 R>>", "/Pattern cs /P scn 0 0 100 100 re f",
			handmade.Stream("/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep .0001/YStep .0001/Resources<<>>", "0 0 1 1 re f")), true, ErrTooHeavy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := renderer(t, "render-child", func(c *Config) { c.Deadline = 3 * time.Second; c.MaxChildren = 1 })
			src := source("hostile", tt.pdf)
			check := func(what string, err error) {
				if tt.fine && err == nil {
					return
				}
				if !errors.Is(err, tt.want) && !errors.Is(err, ErrTooHeavy) {
					t.Errorf("%s: %v, want %v", what, err, tt.want)
				}
			}
			info, err := r.Info(t.Context(), src)
			check("info", err)
			_, err = r.Image(t.Context(), src, 1, 2400)
			check("image", err)
			_, text := r.Text(t.Context(), src, 1)
			check("text", text)
			t.Logf("%d pages, image: %v, text: %v", len(info.Pages), err, text)
			if _, err := r.Image(t.Context(), source("good", good), 1, 480); err != nil {
				t.Errorf("the next document suffers: %v", err)
			}
		})
	}
}

func TestSizesAreCheckedBeforeAnyChildIsStarted(t *testing.T) {
	r := renderer(t, "render-child")
	src := source("a", nil)
	if _, err := r.Info(t.Context(), src); !errors.Is(err, ErrUnreadable) {
		t.Error(err)
	}
	src.Size = MaxDocument + 1
	if _, err := r.Info(t.Context(), src); !errors.Is(err, ErrTooHeavy) {
		t.Error(err)
	}
	if starts(r) != 0 {
		t.Error("a child was started")
	}
}

func TestHangingChildIsKilledAtTheDeadline(t *testing.T) {
	r := renderer(t, "hanging-child", func(c *Config) { c.Deadline = 50 * time.Millisecond })
	for range 2 {
		if _, err := r.Info(t.Context(), source("a", written(t, "one"))); !errors.Is(err, ErrTooHeavy) {
			t.Errorf("%v, want ErrTooHeavy", err)
		}
	}
}

func TestGrowingChildIsKilled(t *testing.T) {
	if resident(1) == 0 && resident(0) == 0 {
		t.Skip("resident memory cannot be read on this system")
	}
	r := renderer(t, "growing-child", func(c *Config) { c.Deadline = time.Minute; c.MaxResident = 300 << 20 })
	_, err := r.Info(t.Context(), source("a", written(t, "one")))
	if !errors.Is(err, ErrTooHeavy) || !strings.Contains(err.Error(), "resident") {
		t.Errorf("%v, want ErrTooHeavy for resident memory", err)
	}
}

func TestHostileAnswerIsNotBelieved(t *testing.T) {
	r := renderer(t, "hostile-child")
	if _, err := r.Info(t.Context(), source("a", written(t, "one"))); !errors.Is(err, ErrTooHeavy) {
		t.Errorf("%v, want ErrTooHeavy", err)
	}
}

func TestChildThatCannotStartIsAnErrorOfItsOwn(t *testing.T) {
	for _, command := range [][]string{{"/nonexistent"}, nil} {
		r := renderer(t, "broken-child", func(c *Config) {
			if command != nil {
				c.Command = command
			}
		})
		_, err := r.Info(t.Context(), source("a", written(t, "one")))
		if err == nil {
			t.Error("no error")
		}
		// Slots and counts are given back: a second try fails likewise instead of waiting.
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for range 5 {
			if _, err := r.Info(ctx, source("a", written(t, "one"))); err == nil || ctx.Err() != nil {
				t.Errorf("second try: %v", err)
			}
		}
	}
}

func TestSourceThatFailsLeavesTheChildrenInOrder(t *testing.T) {
	r := renderer(t, "render-child", func(c *Config) { c.MaxChildren = 1 })
	broken := errors.New("store is down")
	src := source("a", written(t, "one"))
	whole := src.Open
	for name, open := range map[string]func(context.Context) (io.ReaderAt, io.Closer, error){
		"open": func(context.Context) (io.ReaderAt, io.Closer, error) { return nil, nil, broken },
		"read": func(context.Context) (io.ReaderAt, io.Closer, error) { return failing{broken}, nil, nil },
	} {
		src.Open = open
		if _, err := r.Info(t.Context(), src); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	src.Open = whole
	if _, err := r.Info(t.Context(), src); err != nil {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }
