package innsigli

// Room around and between marks, in points.
const (
	markMargin = 14.0
	markGap    = 6.0
)

// place is where one mark goes on a page as displayed: points, origin at the lower left.
type place struct{ X, Y, W, H float64 }

// placeMarks lays n marks of w × h points out on a page of the given size, left to right, in rows from the top or the
// bottom. Marks are made smaller, all alike, until they fit into a third of the page, so that they never add a page.
func placeMarks(n int, w, h float64, page PageSize, at Location) []place {
	if n == 0 || w <= 0 || h <= 0 {
		return nil
	}
	// On pages smaller than 300 points room shrinks with the page; 100 steps reach 1/4000 of the size.
	small := min(1, page.W/300, page.H/300)
	margin, gap := markMargin*small, markGap*small
	scale, cols := 1.0, 1
	for range 100 {
		mw, mh := w*scale, h*scale
		cols = max(1, int((page.W-2*margin+gap)/(mw+gap)))
		rows := (n + cols - 1) / cols
		tall := float64(rows)*(mh+gap) - gap
		if mw <= page.W-2*margin && tall <= page.H/3 {
			break
		}
		scale *= 0.92
	}
	out := make([]place, n)
	mw, mh := w*scale, h*scale
	for i := range n {
		row, col := i/cols, i%cols
		p := place{X: margin + float64(col)*(mw+gap), W: mw, H: mh}
		down := margin + float64(row)*(mh+gap)
		p.Y = page.H - down - mh
		if at == BottomLastPage {
			p.Y = down
		}
		out[i] = p
	}
	return out
}
