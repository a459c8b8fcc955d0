package innsigli

// MarkStyle is how much room a mark takes. The more people sign, the less each mark may cover of a page.
type MarkStyle int

// The styles, the most spacious first.
const (
	MarkFull    MarkStyle = iota // name, personal code, reason and time, each where the eye looks for it
	MarkCompact                  // the same in three lines
	MarkLine                     // name over code and time; the reason stands in the evidence
)

// markDesign is a style's size in points, the room between its marks, and how much of the page's height its rows may
// take before the next style is used.
type markDesign struct{ w, h, gap, share float64 }

var markDesigns = [...]markDesign{
	MarkFull:    {w: 180, h: 50, gap: 6, share: 1.0 / 6},
	MarkCompact: {w: 132, h: 29, gap: 5, share: 1.0 / 4},
	MarkLine:    {w: 108, h: 16, gap: 2, share: 1.0 / 3},
}

// Size is how large a mark is drawn, in points, before a small page makes it smaller.
func (s MarkStyle) Size() (w, h float64) { return markDesigns[s].w, markDesigns[s].h }

const (
	markMargin = 14.0 // points around the marks
	// crowded is the scale below which marks may take half of the page: letters of 5 points become ones of 4.
	crowded = 0.8
)

// place is where one mark goes on a page as displayed: points, origin at the lower left.
type place struct{ X, Y, W, H float64 }

// placeMarks lays n marks out on a page of the given size, left to right, in rows that are read downwards, at the top or the bottom, in the
// most spacious style that leaves the page to its own text. Marks in the smallest style are made smaller, all alike,
// until they fit into a third of the page (half of it where they could else not be read), so that they never add a page.
func placeMarks(n int, page PageSize, at Location) (MarkStyle, []place) {
	if n == 0 || page.W <= 0 || page.H <= 0 {
		return MarkFull, nil
	}
	for s := range MarkLine {
		if d := markDesigns[s]; fitMarks(n, d, page, d.share) == 1 {
			return s, markGrid(n, d, page, at, 1)
		}
	}
	d := markDesigns[MarkLine]
	scale := fitMarks(n, d, page, d.share)
	if scale < crowded {
		scale = min(crowded, fitMarks(n, d, page, 0.5))
	}
	return MarkLine, markGrid(n, d, page, at, scale)
}

// smallPage makes room shrink with pages below 300 points.
func smallPage(page PageSize) float64 { return min(1, page.W/300, page.H/300) }

// fitMarks is the scale, at most 1, at which n marks fit into a share of the page's height. 400 steps reach 1/3000.
func fitMarks(n int, d markDesign, page PageSize, share float64) float64 {
	scale := 1.0
	for range 400 {
		cols, gap := markColumns(d, page, scale)
		rows := (n + cols - 1) / cols
		tall := float64(rows)*(d.h*scale+gap) - gap
		if d.w*scale <= page.W-2*markMargin*smallPage(page) && tall <= page.H*share {
			break
		}
		scale *= 0.98
	}
	return scale
}

func markColumns(d markDesign, page PageSize, scale float64) (cols int, gap float64) {
	gap = d.gap * smallPage(page)
	return max(1, int((page.W-2*markMargin*smallPage(page)+gap)/(d.w*scale+gap))), gap
}

// markGrid puts the marks into rows.
func markGrid(n int, d markDesign, page PageSize, at Location, scale float64) []place {
	cols, gap := markColumns(d, page, scale)
	margin := markMargin * smallPage(page)
	rows := (n + cols - 1) / cols
	out := make([]place, n)
	for i := range n {
		row, col := i/cols, i%cols
		p := place{W: d.w * scale, H: d.h * scale}
		p.X = margin + float64(col)*(p.W+gap)
		p.Y = page.H - margin - float64(row)*(p.H+gap) - p.H
		if at == BottomLastPage { // read from the top there too
			p.Y = margin + float64(rows-1-row)*(p.H+gap)
		}
		out[i] = p
	}
	return out
}
