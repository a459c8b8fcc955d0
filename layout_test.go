package innsigli

import (
	"fmt"
	"testing"
)

// The sizes of marks as paper draws them are about this; the sweep covers smaller and wider ones.
var markSizes = []struct{ w, h float64 }{{170, 56}, {200, 48}, {120, 90}, {40, 12}}

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
				for _, size := range markSizes {
					for n := 1; n <= MaxSignees; n++ {
						if err := wellPlaced(n, placeMarks(n, size.w, size.h, page, at), page); err != nil {
							t.Errorf("%d marks of %v×%v, %s: %v", n, size.w, size.h, at, err)
							break
						}
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
			got := placeMarks(n, 170, 56, markPages["A4"], at)
			for i := 1; i < n; i++ {
				p, q := got[i-1], got[i]
				if p.W != q.W || p.H != q.H {
					t.Fatalf("%d marks, %s: sizes differ: %+v %+v", n, at, p, q)
				}
				sameRow, nextRow := q.Y == p.Y && q.X > p.X, q.Y != p.Y && q.X == got[0].X
				if !sameRow && !nextRow {
					t.Fatalf("%d marks, %s: %+v is followed by %+v", n, at, p, q)
				}
				if away := (q.Y > p.Y) == (at == BottomLastPage); nextRow && !away {
					t.Fatalf("%d marks, %s: the row after %+v is nearer to the edge: %+v", n, at, p, q)
				}
			}
		}
	}
}

func TestMarksKeepTheirSizeAndShapeAsLongAsTheyFit(t *testing.T) {
	page := markPages["A4"]
	if p := placeMarks(1, 170, 56, page, TopFirstPage)[0]; p != (place{markMargin, page.H - markMargin - 56, 170, 56}) {
		t.Errorf("one mark at the top: %+v", p)
	}
	if p := placeMarks(1, 170, 56, page, BottomLastPage)[0]; p != (place{markMargin, markMargin, 170, 56}) {
		t.Errorf("one mark at the bottom: %+v", p)
	}
	for _, n := range []int{10, 50, 80, MaxSignees} {
		p := placeMarks(n, 170, 56, page, TopFirstPage)[0]
		if ratio := p.W / p.H; ratio < 170.0/56-1e-9 || ratio > 170.0/56+1e-9 {
			t.Errorf("%d marks are bent: %v", n, ratio)
		}
		if p.W > 170 {
			t.Errorf("%d marks grew: %+v", n, p)
		}
	}
}

func TestMarksTakeAtMostAThirdOfAnOrdinaryPage(t *testing.T) {
	for _, name := range []string{"A4", "A4 landscape", "A5", "letter"} {
		page := markPages[name]
		for n := 1; n <= MaxSignees; n++ {
			low, high := page.H, 0.0
			for _, p := range placeMarks(n, 170, 56, page, BottomLastPage) {
				low, high = min(low, p.Y), max(high, p.Y+p.H)
			}
			if tall := high - low; tall > page.H/3+1e-9 {
				t.Errorf("%s: %d marks are %.0f of %.0f points high", name, n, tall, page.H)
			}
		}
	}
}

func TestNothingToPlaceIsNoPlace(t *testing.T) {
	page := markPages["A4"]
	for name, got := range map[string][]place{
		"no marks":  placeMarks(0, 170, 56, page, TopFirstPage),
		"no width":  placeMarks(1, 0, 56, page, TopFirstPage),
		"no height": placeMarks(1, 170, 0, page, TopFirstPage),
	} {
		if got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
