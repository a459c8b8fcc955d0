package innsigli

import (
	"fmt"
	"testing"
)

var markPages = map[string]PageSize{
	"A4":           {595.28, 841.89},
	"A4 landscape": {841.89, 595.28},
	"A5":           {419.53, 595.28},
	"A6":           {297.64, 419.53},
	"letter":       {612, 792},
	"label":        {216, 72},
	"card":         {243, 153},
	"ticket":       {100, 100},
	"thumbnail":    {20, 20},
	"smallest":     {3, 3}, // ISO 32000-2 annex C.2: pages are at least 3 units wide and high
	"strip":        {2000, 40},
	"ribbon":       {40, 2000},
}

func TestMarksStayOnThePageAndApart(t *testing.T) {
	for name, page := range markPages {
		t.Run(name, func(t *testing.T) {
			for _, at := range []Location{TopFirstPage, BottomLastPage} {
				for n := 1; n <= MaxSignees; n++ {
					_, got := placeMarks(n, page, at)
					if err := wellPlaced(n, got, page); err != nil {
						t.Errorf("%d marks, %s: %v", n, at, err)
						break
					}
				}
			}
		})
	}
}

// wellPlaced says what is wrong with n places on a page.
func wellPlaced(n int, got []place, page PageSize) error {
	const eps = 1e-9
	if len(got) != n {
		return fmt.Errorf("%d places", len(got))
	}
	for i, p := range got {
		if p.W <= 0 || p.H <= 0 {
			return fmt.Errorf("mark %d has no size: %+v", i, p)
		}
		if p.X < 0 || p.Y < 0 || p.X+p.W > page.W+eps || p.Y+p.H > page.H+eps {
			return fmt.Errorf("mark %d leaves the page %+v: %+v", i, page, p)
		}
		for j, q := range got[:i] {
			if p.X < q.X+q.W-eps && q.X < p.X+p.W-eps && p.Y < q.Y+q.H-eps && q.Y < p.Y+p.H-eps {
				return fmt.Errorf("marks %d and %d overlap: %+v %+v", j, i, q, p)
			}
		}
	}
	return nil
}

func TestMarksRunFromLeftToRightInRows(t *testing.T) {
	for _, at := range []Location{TopFirstPage, BottomLastPage} {
		for n := 2; n <= MaxSignees; n++ {
			_, got := placeMarks(n, markPages["A4"], at)
			for i := 1; i < n; i++ {
				p, q := got[i-1], got[i]
				if p.W != q.W || p.H != q.H {
					t.Fatalf("%d marks, %s: sizes differ: %+v %+v", n, at, p, q)
				}
				sameRow, nextRow := q.Y == p.Y && q.X > p.X, q.Y != p.Y && q.X == got[0].X
				if !sameRow && !nextRow {
					t.Fatalf("%d marks, %s: %+v is followed by %+v", n, at, p, q)
				}
				if nextRow && q.Y > p.Y {
					t.Fatalf("%d marks, %s: the row after %+v is above it: %+v", n, at, p, q)
				}
			}
		}
	}
}

func TestMarksKeepTheirSizeAndShapeAsLongAsTheyFit(t *testing.T) {
	page := markPages["A4"]
	w, h := MarkFull.Size()
	if _, p := placeMarks(1, page, TopFirstPage); p[0] != (place{markMargin, page.H - markMargin - h, w, h}) {
		t.Errorf("one mark at the top: %+v", p)
	}
	if _, p := placeMarks(1, page, BottomLastPage); p[0] != (place{markMargin, markMargin, w, h}) {
		t.Errorf("one mark at the bottom: %+v", p)
	}
	for n := 1; n <= MaxSignees; n++ {
		style, p := placeMarks(n, page, TopFirstPage)
		w, h := style.Size()
		if ratio := p[0].W / p[0].H; ratio < w/h-1e-9 || ratio > w/h+1e-9 || p[0].W > w {
			t.Errorf("%d marks of style %d are bent or grew: %+v", n, style, p[0])
		}
	}
}

// TestMarksAreReadableOnOrdinaryPages holds what 80 and 100 people get: names in letters of 5.8 and 5.2 points
// on A4 and letter, and of 3 on the smallest page that is in use, A6.
func TestMarksAreReadableOnOrdinaryPages(t *testing.T) {
	const name = 6.5 // the size of the name in a mark of one line, in paper
	for _, c := range []struct {
		page  string
		n     int
		style MarkStyle
		scale float64
	}{
		{"A4", 6, MarkFull, 1},
		{"A4", 7, MarkCompact, 1},
		{"A4", 24, MarkCompact, 1},
		{"A4", 25, MarkLine, 1},
		{"A4", 75, MarkLine, 1},
		{"A4", 80, MarkLine, 0.9},
		{"A4", 100, MarkLine, 0.8},
		{"letter", 80, MarkLine, 0.9},
		{"letter", 100, MarkLine, 0.8},
		{"A4 landscape", 80, MarkLine, 0.85},
		{"A6", 1, MarkFull, 1},
		{"A6", 80, MarkLine, 0.5},
		{"A6", 100, MarkLine, 0.45},
	} {
		style, p := placeMarks(c.n, markPages[c.page], TopFirstPage)
		w, _ := style.Size()
		if scale := p[0].W / w; style != c.style || scale < c.scale {
			t.Errorf("%s, %d marks: style %d at %.2f, want %d at %.2f or more: names of %.1f points", c.page, c.n, style, scale, c.style, c.scale, name*scale)
		}
	}
}

func TestMarksLeaveAnOrdinaryPageToItsText(t *testing.T) {
	for _, name := range []string{"A4", "A4 landscape", "A5", "letter"} {
		page := markPages[name]
		for n := 1; n <= MaxSignees; n++ {
			low, high := page.H, 0.0
			style, places := placeMarks(n, page, BottomLastPage)
			for _, p := range places {
				low, high = min(low, p.Y), max(high, p.Y+p.H)
			}
			most := markDesigns[style].share
			if w, _ := style.Size(); style == MarkLine && places[0].W < w*crowded+1e-9 {
				most = 0.5
			}
			if tall := high - low; tall > page.H*most+1e-9 {
				t.Errorf("%s: %d marks are %.0f of %.0f points high", name, n, tall, page.H)
			}
		}
	}
}

func TestNothingToPlaceIsNoPlace(t *testing.T) {
	for name, page := range map[string]PageSize{"no width": {0, 100}, "no height": {100, 0}} {
		if _, got := placeMarks(1, page, TopFirstPage); got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, got := placeMarks(0, markPages["A4"], TopFirstPage); got != nil {
		t.Errorf("no marks: %v", got)
	}
}
