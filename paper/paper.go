package paper

import (
	"fmt"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
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

// Mark draws one person's mark on a single page of [MarkWidth] × [MarkHeight] points without a background, so that
// what it is laid on stays readable around it. It implements [innsigli.Paper].
func (p *Paper) Mark(m innsigli.Mark) (pdf []byte, w, h float64, err error) {
	words := lang.For(m.Language.Tag())
	pdf, err = draw([]*sheet{p.layMark(m, words)}, about{
		title: words.T("evidence.signed.electronically"), lang: words.Tag(), at: m.At,
	})
	if err != nil {
		return nil, 0, 0, fmt.Errorf("mark: %w", err)
	}
	return pdf, MarkWidth, MarkHeight, nil
}

// Evidence draws as many A4 pages as the evidence needs, in its language and in English. It implements
// [innsigli.Paper].
func (p *Paper) Evidence(e innsigli.Evidence) ([]byte, error) {
	w := newWording(e)
	pdf, err := draw(p.layEvidence(e, w), about{
		title: w.native.T("evidence." + w.ended("title")), lang: w.native.Tag(), at: e.Process.EndedAt,
	})
	if err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return pdf, nil
}
