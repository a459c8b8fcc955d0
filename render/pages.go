package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

const (
	maxSpans  = 20_000 // runs of text on one page
	maxPoints = 1e7    // no page and no place on one is further out, in points
)

// Size is the size of a page as displayed, rotation and crop box applied, in points of 1/72 inch.
type Size struct{ W, H float64 }

// Info is what a document says of itself.
type Info struct {
	Pages []Size // in page order
}

// Span is a run of text on one line of a page. X and Y are its upper left corner, W and H its extent, in points from the
// upper left corner of the page as displayed. Size is the size of its font in points. H reaches from the font's ascent
// to its descent, so spans of a line have equal heights whatever their letters.
type Span struct {
	Text       string
	X, Y, W, H float64
	Size       float64
}

// Info gives the pages of a document and their sizes. Errors: ErrUnreadable, ErrTooHeavy, ErrDropped, ErrClosed, those
// of the source and of ctx.
func (r *Renderer) Info(ctx context.Context, src Source) (Info, error) {
	body, err := r.do(ctx, src, ticket{group: src.Group, key: src.Key, op: opInfo})
	if err != nil {
		return Info{}, err
	}
	pages, err := decodeList(body, MaxPages, func(s Size) bool {
		return s.W > 0 && s.H > 0 && within(s.W, s.H)
	})
	return Info{Pages: pages}, err
}

// Image draws a page, the first is 1, as PNG with annotations and form fields on white. The width in pixels is rounded
// up to 240, 480, 800, 1200, 1600 or 2400; pages of extreme proportions come out narrower (see maxPixels). Errors as of
// Info, and ErrNoPage.
func (r *Renderer) Image(ctx context.Context, src Source, page, width int) ([]byte, error) {
	return r.do(ctx, src, ticket{group: src.Group, key: src.Key, op: opImage, page: page, width: step(width)})
}

// Text gives the text of a page, the first is 1, in the order of its content: enough for a layer of selectable text over
// the image, and for a screen reader. It ends after 20,000 runs. Errors as of Image.
func (r *Renderer) Text(ctx context.Context, src Source, page int) ([]Span, error) {
	body, err := r.do(ctx, src, ticket{group: src.Group, key: src.Key, op: opText, page: page})
	if err != nil {
		return nil, err
	}
	return decodeList(body, maxSpans, func(s Span) bool {
		return within(s.X, s.Y, s.W, s.H, s.Size)
	})
}

// decodeList reads what a child says, as foreign bytes: item by item, so that a short text cannot become a huge list.
func decodeList[T any](body []byte, limit int, ok func(T) bool) ([]T, error) {
	defer clear(body)
	dec := json.NewDecoder(bytes.NewReader(body))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, errors.New("answer of the render child is no list")
	}
	var list []T
	for dec.More() {
		var item T
		if err := dec.Decode(&item); err != nil {
			return nil, fmt.Errorf("answer of the render child: %w", err)
		}
		if len(list) >= limit || !ok(item) {
			return nil, errors.New("answer of the render child is out of bounds")
		}
		list = append(list, item)
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("answer of the render child: %w", err)
	}
	return list, nil
}

// within says whether all values are numbers a page can hold.
func within(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.Abs(v) > maxPoints {
			return false
		}
	}
	return true
}
