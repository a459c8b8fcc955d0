package paper

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

// sheet is one page: sizes in points, origin at the top left.
type sheet struct {
	w, h     float64
	boxes    []box
	pictures []picture
	words    []word
}

// picture is an image in the box that begins at x and y.
type picture struct {
	x, y, w, h float64
	png        []byte
}

// word is a line of text that begins at x on the baseline y.
type word struct {
	x, y float64
	text string
	style
}

// box is a rectangle, filled or framed or both; a line is a flat one. A nil ink is not drawn.
type box struct {
	x, y, w, h  float64
	fill, frame *ink
	stroke      float64
}

func (s *sheet) write(x, y float64, st style, text string) {
	s.words = append(s.words, word{x: x, y: y, text: text, style: st})
}

// writeEnd writes so that the text ends at x.
func (s *sheet) writeEnd(x, y float64, st style, text string) {
	s.write(x-st.width(text), y, st, text)
}

// rule draws a thin level line over the width of the text.
func (s *sheet) rule(y float64) {
	colour := line
	s.boxes = append(s.boxes, box{x: left, y: y, w: textWidth, h: 0.5, fill: &colour})
}

// about is what a file says about itself.
type about struct {
	title, lang string
	at          time.Time
	archive     bool // the file is kept as it is, and not laid on another one
}

// draw makes a PDF of the sheets. Everything that fpdf would take from the clock or from the order of a map is fixed,
// so that the same sheets are the same bytes.
func draw(sheets []*sheet, a about) ([]byte, error) {
	first := fpdf.SizeType{Wd: sheets[0].w, Ht: sheets[0].h}
	pdf := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "pt", Size: first})
	pdf.SetCatalogSort(true)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetMargins(0, 0, 0)
	at := a.at.UTC()
	if at.IsZero() {
		at = time.Unix(0, 0).UTC() // fpdf takes a zero time for now
	}
	pdf.SetCreationDate(at)
	pdf.SetModificationDate(at)
	pdf.SetTitle(a.title, true)
	pdf.SetProducer("Innsigli", false)
	pdf.SetLang(a.lang)
	if a.archive {
		archive(pdf, a, at)
	}
	loaded := map[*face]bool{}
	for _, s := range sheets {
		pdf.AddPageFormat("P", fpdf.SizeType{Wd: s.w, Ht: s.h})
		s.draw(pdf, loaded)
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	if a.archive {
		return identified(out.Bytes())
	}
	return out.Bytes(), nil
}

func (s *sheet) draw(pdf *fpdf.Fpdf, loaded map[*face]bool) {
	for _, b := range s.boxes {
		b.draw(pdf)
	}
	for _, p := range s.pictures {
		p.draw(pdf)
	}
	for _, w := range s.words {
		if !loaded[w.face] {
			loaded[w.face] = true
			// A copy: fpdf 0.12 appends to slices of the file while it cuts a font (utf8fontfile.go, getMetrics), which
			// would write into what all documents share.
			pdf.AddUTF8FontFromBytes(w.face.family, w.face.style, slices.Clone(w.face.file))
		}
		pdf.SetFont(w.face.family, w.face.style, w.size)
		pdf.SetTextColor(w.ink[0], w.ink[1], w.ink[2])
		pdf.Text(w.x, w.y, w.text)
	}
}

func (b box) draw(pdf *fpdf.Fpdf) {
	how := ""
	if b.fill != nil {
		pdf.SetFillColor(b.fill[0], b.fill[1], b.fill[2])
		how = "F"
	}
	if b.frame != nil {
		pdf.SetDrawColor(b.frame[0], b.frame[1], b.frame[2])
		pdf.SetLineWidth(b.stroke)
		how += "D"
	}
	pdf.Rect(b.x, b.y, b.w, b.h, how)
}

// draw names the picture by its bytes, so that the same one is in the file once.
func (p picture) draw(pdf *fpdf.Fpdf) {
	name := fmt.Sprintf("%x", sha256.Sum256(p.png))
	how := fpdf.ImageOptions{ImageType: "PNG"}
	pdf.RegisterImageOptionsReader(name, how, bytes.NewReader(p.png))
	pdf.ImageOptions(name, p.x, p.y, p.w, p.h, false, how, 0, "")
}
