package paper

// A4 and the room on it, in points.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	left       = 50.0
	right      = pageWidth - 50
	top        = 50.0
	bottom     = pageHeight - 58 // the foot is below
	textWidth  = right - left
	maxKeep    = (bottom - top) * 0.6 // what is higher is not kept on one page
)

// cell is a column of a row: lines that were already broken to its width.
type cell struct {
	x     float64
	lines []string
	style
	end bool // x is where the lines end
}

// row is lines of cells side by side. Rows are what pages break between.
type row struct {
	cells   []cell
	above   float64 // room above, in points; none at the top of a page
	leading float64 // from line to line
	rule    bool    // a thin line in the room above
}

// lines is how many lines the longest cell has.
func (r row) lines() int {
	n := 0
	for _, c := range r.cells {
		n = max(n, len(c.lines))
	}
	return n
}

func (r row) height() float64 { return r.above + float64(r.lines())*r.leading }

func height(rows []row) float64 {
	h := 0.0
	for _, r := range rows {
		h += r.height()
	}
	return h
}

// flow fills pages from top to bottom.
type flow struct {
	pages []*sheet
	y     float64
	// head is repeated at the top of each further page of a table.
	head []row
}

func newFlow() *flow {
	f := &flow{}
	f.turn()
	return f
}

func (f *flow) page() *sheet { return f.pages[len(f.pages)-1] }

// fresh says that nothing but a repeated head stands on the page yet.
func (f *flow) fresh() bool { return f.y <= top+height(f.head) }

// turn begins a new page.
func (f *flow) turn() {
	f.pages = append(f.pages, &sheet{w: pageWidth, h: pageHeight})
	f.y = top
	for _, r := range f.head {
		f.put(r, 0, r.lines())
	}
}

// add writes rows that belong together: on the next page if they fit there and not here, else they run on. A row is
// split between its lines only when it is higher than what is kept together.
func (f *flow) add(rows ...row) {
	if h := height(rows); f.y+h > bottom && h <= maxKeep && !f.fresh() {
		f.turn()
	}
	for _, r := range rows {
		f.row(r)
	}
}

func (f *flow) row(r row) {
	if f.y+r.height() > bottom && r.height() <= maxKeep && !f.fresh() {
		f.turn()
	}
	for from, all := 0, r.lines(); from < all; {
		// At least one line goes onto a fresh page, so that this ends whatever the leading is.
		fits := max(0, int((bottom-f.y-r.above)/r.leading))
		if fits == 0 && !f.fresh() {
			f.turn()
			continue
		}
		to := min(all, from+max(fits, 1))
		f.put(r, from, to)
		from = to
		r.above, r.rule = 0, false
	}
}

// put draws the lines of a row between two of them and moves down.
func (f *flow) put(r row, from, to int) {
	s := f.page()
	if f.y > top {
		f.y += r.above
		if r.rule {
			s.rule(f.y - r.above/2)
		}
	}
	for _, c := range r.cells {
		for i := from; i < min(to, len(c.lines)); i++ {
			y := f.y + float64(i-from)*r.leading + r.leading*0.78 // the Go fonts' ascent, with the leading around it
			if c.end {
				s.writeEnd(c.x, y, c.style, c.lines[i])
				continue
			}
			s.write(c.x, y, c.style, c.lines[i])
		}
	}
	f.y += float64(to-from) * r.leading
}
