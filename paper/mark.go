package paper

import (
	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// The size of a mark in points. All marks are alike, so that they line up on the page.
const (
	MarkWidth  = 170.0
	MarkHeight = 44.0
)

const (
	markLeft  = 9.0
	markRight = MarkWidth - 6
	markSmall = 6.0 // size of the small print
)

// layMark lays out a mark: who, that it was signed electronically, when, why, and the reference under which the evidence
// has more.
func (p *Paper) layMark(m innsigli.Mark, words *lang.Catalog) *sheet {
	s := &sheet{w: MarkWidth, h: MarkHeight}
	frame := line
	s.boxes = append(s.boxes,
		box{x: 0.5, y: 0.5, w: MarkWidth - 1, h: MarkHeight - 1, frame: &frame, stroke: 0.6},
		box{x: 0.2, y: 0.2, w: 2.6, h: MarkHeight - 0.4, fill: &brand})
	small := style{face: p.faces.regular, size: markSmall, ink: soft}
	width := markRight - markLeft

	ref, _ := clean(small.face, m.Key.Reference())
	s.writeEnd(markRight, 9.6, small, ref)
	head, _ := clean(small.face, words.T("evidence.signed.electronically"))
	s.write(markLeft, 9.6, small, ellipsize(small, head, width-small.width(ref)-6))

	// In UTC: a mark must say the same wherever it is read.
	when, _ := clean(small.face, words.DateTime(m.At.UTC()))
	s.write(markLeft, 38.4, small, ellipsize(small, when, width))

	reason, _ := clean(small.face, m.Reason)
	p.layName(s, m.Name, width, reason == "")
	st, lines := fit(small, reason, width, 1, markSmall, 5.5)
	st.ink = black
	for _, l := range lines {
		s.write(markLeft, 31, st, l)
	}
	return s
}

// layName writes the name in what room the rest leaves: one line as large as it fits, else two small ones.
func (p *Paper) layName(s *sheet, name string, width float64, alone bool) {
	st := style{face: p.faces.bold, ink: black}
	name, _ = clean(st.face, name)
	for _, size := range []float64{11, 10, 9, 8} {
		if st = st.sized(size); st.width(name) > width {
			continue
		}
		y := 22.2
		if alone {
			y = 25
		}
		s.write(markLeft, y, st, name)
		return
	}
	y, leading, sizes := 17.0, 7.2, []float64{7, 6.2}
	if alone {
		y, leading, sizes = 19.6, 9.4, []float64{8.5, 7.5, 6.5}
	}
	st, lines := fit(st, name, width, 2, sizes...)
	for i, l := range lines {
		s.write(markLeft, y+float64(i)*leading, st, l)
	}
}
