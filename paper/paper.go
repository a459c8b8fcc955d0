package paper

import (
	"fmt"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/innsigli/innsigli"
)

var _ innsigli.Paper = (*Paper)(nil)

// Paper draws marks and evidence. It never changes and may be used by many at once. Make one with [New].
type Paper struct {
	faces faces
}

// New reads the fonts.
func New() *Paper {
	return &Paper{faces: faces{
		regular: newFace("go", "", goregular.TTF),
		bold:    newFace("go", "B", gobold.TTF),
		mono:    newFace("gomono", "", gomono.TTF),
	}}
}

// Draw draws a page for each mark, without a background so that what it is laid on stays readable around it, and behind
// them as many A4 pages as the evidence needs, in its language and in English. It implements [innsigli.Paper].
func (p *Paper) Draw(marks []innsigli.Mark, e innsigli.Evidence) ([]byte, error) {
	sheets, err := p.layMarks(marks)
	if err != nil {
		return nil, err
	}
	w := newWording(e)
	pdf, err := draw(append(sheets, p.layEvidence(e, w)...), about{
		title: w.native.T("evidence." + w.ended("title")), lang: w.native.Tag(), at: e.Process.EndedAt, archive: len(marks) == 0,
	})
	if err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return pdf, nil
}

// DrawMarks draws a page for each mark, of which there is at least one. It implements [innsigli.Paper].
func (p *Paper) DrawMarks(marks []innsigli.Mark) ([]byte, error) {
	sheets, err := p.layMarks(marks)
	if err != nil {
		return nil, err
	}
	pdf, err := draw(sheets, about{lang: marks[0].Language.Tag(), at: marks[0].At})
	if err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	return pdf, nil
}

func (p *Paper) layMarks(marks []innsigli.Mark) ([]*sheet, error) {
	var sheets []*sheet
	for i := range marks {
		s, err := p.layMark(marks[i])
		if err != nil {
			return nil, fmt.Errorf("mark %d: %w", i+1, err)
		}
		sheets = append(sheets, s)
	}
	return sheets, nil
}
