package paper

import (
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// design says where the parts of a mark of one style stand, in points from its upper left corner.
type design struct {
	edge       float64   // width of the coloured bar
	in, end    float64   // room at the left and the right
	head       float64   // baseline of the first line, with the reference at its end
	name       float64   // baseline of the name
	facts      float64   // baseline of code and reason
	when       float64   // baseline of the time
	names      []float64 // sizes of the name, largest first
	small      float64   // size of the small print
	twoLines   bool      // a long name may take two lines, the second below name by a tenth more than its size
	long       bool      // the time is written out
	drawingW   float64   // room for the drawn signature, at the end below the head
	drawingTop float64
}

var designs = [...]design{
	innsigli.MarkFull: {
		edge: 2.6, in: 9, end: 6, head: 10, name: 23, facts: 33.4, when: 43, names: []float64{11, 10, 9, 8}, small: 6,
		twoLines: true, long: true, drawingW: 62, drawingTop: 13,
	},
	innsigli.MarkCompact: {
		edge: 2, in: 6.5, end: 4, head: 9.2, name: 9.2, facts: 17.4, when: 24.8, names: []float64{8, 7.5, 7, 6.5, 6}, small: 5.3,
		drawingW: 34, drawingTop: 10.5,
	},
	innsigli.MarkLine: {
		edge: 1.6, in: 5, end: 3, head: 7, name: 7, when: 13.2, names: []float64{6.5, 6, 5.5, 5}, small: 5,
		drawingW: 18, drawingTop: 7.6,
	},
}

// marking lays out one mark.
type marking struct {
	*sheet
	design
	faces faces
	m     innsigli.Mark
	words *lang.Catalog
	room  float64 // width of a line that no drawing shortens
}

// layMark lays out a mark: who signed, when, why, and the reference under which the evidence has more.
func (p *Paper) layMark(m innsigli.Mark) (*sheet, error) {
	w, h := m.Style.Size()
	l := marking{
		sheet: &sheet{w: w, h: h}, design: designs[m.Style], faces: p.faces, m: m, words: lang.For(m.Language.Tag()),
	}
	l.room = w - l.in - l.end
	frame := line
	l.boxes = append(l.boxes,
		box{x: 0.3, y: 0.3, w: w - 0.6, h: h - 0.6, frame: &frame, stroke: 0.4},
		box{x: 0.1, y: 0.1, w: l.edge, h: h - 0.2, fill: &brand})
	beside, err := l.drawing()
	if err != nil {
		return nil, err
	}
	l.called(l.header(beside))
	l.why(beside)
	l.time(beside)
	return l.sheet, nil
}

func (l *marking) print() style { return style{l.faces.regular, l.small, soft} }

// header writes the reference at the end of the first line, and what this is before it where the name does not stand
// there. It returns the width that the name has: what is left of the first line, or what the drawing leaves.
func (l *marking) header(beside float64) float64 {
	st := l.print()
	ref, _ := clean(st.face, l.m.Key.Reference())
	l.writeEnd(l.w-l.end, l.head, st, ref)
	left := l.room - st.width(ref) - l.in
	if l.name == l.head {
		return left
	}
	what := "evidence.signed.electronically"
	if l.m.Seal {
		what = "evidence.sealed.electronically"
	}
	text, _ := clean(st.face, l.words.T(what))
	l.write(l.in, l.head, st, ellipsize(st, text, left))
	if l.m.Code+l.m.Reason == "" {
		l.name += 2 // the middle of the room
	}
	return beside
}

// called writes who signed: one line as large as it fits, else two small ones, else cut.
func (l *marking) called(width float64) {
	st := style{face: l.faces.bold, ink: black}
	name, _ := calledBy(st.face, l.m.Name, l.m.Contact, l.m.Key.Reference())
	for _, size := range l.names {
		if st = st.sized(size); st.width(name) <= width {
			l.write(l.in, l.name, st, name)
			return
		}
	}
	if !l.twoLines {
		l.write(l.in, l.name, st, ellipsize(st, name, width))
		return
	}
	st, lines := fit(st, name, width, 2, 7, 6.2)
	for i, text := range lines {
		l.write(l.in, l.name-4+float64(i)*(st.size*1.1), st, text)
	}
}

// why writes personal code and reason; a mark of one line has no room for the reason.
func (l *marking) why(width float64) {
	st := l.print()
	code, _ := clean(st.face, l.m.Code)
	reason, _ := clean(st.face, l.m.Reason)
	if l.facts == 0 {
		return
	}
	st.ink = black
	st, lines := fit(st, dotted(code, reason), width, 1, l.small, l.small*0.92)
	for _, text := range lines {
		l.write(l.in, l.facts, st, text)
	}
}

// time writes when, in UTC: a mark must say the same wherever it is read.
func (l *marking) time(width float64) {
	st := l.print()
	when := l.m.At.UTC().Format("2006-01-02 15:04 UTC")
	if l.long {
		when = l.words.DateTime(l.m.At.UTC())
	}
	when, _ = clean(st.face, when)
	if l.facts == 0 {
		code, _ := clean(st.face, l.m.Code)
		st, lines := fit(st, dotted(when, code), width, 1, l.small, l.small*0.92, l.small*0.85)
		l.write(l.in, l.when, st, lines[0])
		return
	}
	l.write(l.in, l.when, st, ellipsize(st, when, width))
}

// drawing places the drawn signature, whole and in its shape, and returns the width that is left beside it.
func (l *marking) drawing() (float64, error) {
	if l.m.Drawing == nil {
		return l.room, nil
	}
	img, w, h, err := trimmed(l.m.Drawing)
	if err != nil || img == nil {
		return l.room, err
	}
	boxW, boxH := l.drawingW, l.h-l.drawingTop-2
	scale := min(boxW/w, boxH/h)
	w, h = w*scale, h*scale
	l.pictures = append(l.pictures, picture{
		x: l.w - l.end - w, y: l.drawingTop + (boxH-h)/2, w: w, h: h, png: img,
	})
	return l.room - boxW - 3, nil
}

// dotted joins what there is.
func dotted(parts ...string) string {
	var there []string
	for _, p := range parts {
		if p != "" {
			there = append(there, p)
		}
	}
	return strings.Join(there, " · ")
}
