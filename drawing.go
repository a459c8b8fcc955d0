package innsigli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"slices"
	"unicode/utf8"
)

// MaxTypedRunes is how many characters a typed signature may have: more would be too small to read in a mark.
const MaxTypedRunes = 60

// ErrLetters is what a [Paper] says of letters that its fonts lack.
var ErrLetters = errors.New("letters that cannot be drawn")

// How an image of a signature came to be, as the log says it.
const (
	Drawn = "Drawn" // by hand, as far as the page or whoever uses the API tells
	Typed = "Typed" // letters that this server drew
)

// Drawing is the signature that a person drew or typed, before they sign. It is shown nowhere until it stands in the mark.
type Drawing struct {
	Signee SigneeKey
	Document
}

// cleanDrawing makes the PNG that is kept of the one that came: its pixels alone, without anything else that a file can
// carry.
func cleanDrawing(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, InvalidField("Image", "NotEmpty", "Image is required.")
	}
	if err := CheckDrawing(b); err != nil {
		e := InvalidField("Image", "Image", fmt.Sprintf("Image must be a PNG of at most %d kB and %d pixels a side.", MaxDrawingBytes>>10, MaxDrawingSide))
		e.Cause = err
		return nil, e
	}
	in, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("decode drawing: %w", err)
	}
	pixels := image.NewNRGBA(image.Rect(0, 0, in.Bounds().Dx(), in.Bounds().Dy()))
	draw.Draw(pixels, pixels.Bounds(), in, in.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, pixels); err != nil {
		return nil, fmt.Errorf("encode drawing: %w", err)
	}
	if out.Len() > MaxDrawingBytes {
		return nil, InvalidField("Image", "Image", fmt.Sprintf("Image is larger than %d kB when it is written anew.", MaxDrawingBytes>>10))
	}
	return out.Bytes(), nil
}

// Draw keeps the drawn signature of the person of these views, for what they have not signed yet; it takes the place of
// an earlier one. Errors: Invalid (Image), NotActive, and those of reading the document.
func (s *Service) Draw(ctx context.Context, views []View, img []byte, from Client) error {
	return s.draw(ctx, views, img, Drawn, from)
}

func (s *Service) draw(ctx context.Context, views []View, img []byte, how string, from Client) error {
	clean, err := cleanDrawing(img)
	if err != nil {
		return err
	}
	var given []Drawing
	for _, v := range views {
		if v.You.Signed() {
			continue
		}
		d, err := s.keepDrawing(ctx, v, clean)
		if err != nil {
			s.forgetDrawings(ctx, given)
			return err
		}
		given = append(given, d)
	}
	if len(given) == 0 {
		return errSigned()
	}
	var before []Drawing
	_, c, err := s.decide(ctx, Target{Process: views[0].Process.Key}, s.unlessDue(func(f Facts) (Change, error) {
		var c Change
		c, before, err = decideDraw(f, given, how, from)
		return c, err
	}))
	switch {
	case errors.Is(err, ErrUnclear):
		return err
	case err == nil && c.State == Expired:
		err = notActive(c.State, "ProcessKey")
		fallthrough
	case err != nil:
		before = given
	}
	s.forgetDrawings(ctx, before)
	return err
}

// DrawTyped keeps a name that the person of these views typed as their signature, drawn in a slanted hand. Errors: those
// of [Service.Draw], and Invalid (Text) for nothing, more than [MaxTypedRunes], or letters that cannot be drawn (code
// "Letters").
func (s *Service) DrawTyped(ctx context.Context, views []View, text string, from Client) error {
	text = oneLine(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return InvalidField("Text", "NotEmpty", "Text is required.")
	case n > MaxTypedRunes:
		return InvalidField("Text", "MaximumLength", fmt.Sprintf("Text must be at most %d characters.", MaxTypedRunes))
	}
	img, err := s.Paper.DrawTyped(text)
	if errors.Is(err, ErrLetters) {
		return InvalidField("Text", "Letters", "Text has letters that cannot be drawn.")
	}
	if err != nil {
		return fmt.Errorf("draw typed signature: %w", err)
	}
	return s.draw(ctx, views, img, Typed, from)
}

// Undraw forgets what [Service.Draw] kept for the person of these views: their mark then has their name alone.
func (s *Service) Undraw(ctx context.Context, views []View, from Client) error {
	var given []Drawing
	for _, v := range views {
		if !v.You.Signed() && v.You.Drawing.Blob != "" {
			given = append(given, Drawing{Signee: v.You.Key})
		}
	}
	if len(given) == 0 {
		return nil
	}
	var before []Drawing
	_, _, err := s.decide(ctx, Target{Process: views[0].Process.Key}, s.unlessDue(func(f Facts) (Change, error) {
		c, old, err := decideDraw(f, given, "", from)
		before = old
		return c, err
	}))
	if err == nil {
		s.forgetDrawings(ctx, before)
	}
	return err
}

// keepDrawing writes the drawing under the key of one process.
func (s *Service) keepDrawing(ctx context.Context, v View, clean []byte) (Drawing, error) {
	if !v.Process.State.Active() {
		return Drawing{}, notActive(v.Process.State, "ProcessKey")
	}
	if _, err := s.readable(v); err != nil {
		return Drawing{}, err
	}
	w, err := s.begin(ctx, v.Process.Key)
	if err != nil {
		return Drawing{}, err
	}
	defer w.Abort()
	if _, err := w.Write(clean); err != nil {
		return Drawing{}, fmt.Errorf("write drawing: %w", err)
	}
	doc, err := commit(ctx, w)
	return Drawing{v.You.Key, doc}, err
}

func (s *Service) forgetDrawings(ctx context.Context, all []Drawing) {
	for _, d := range all {
		if d.Blob != "" {
			s.forgetBlob(ctx, d.Blob)
		}
	}
}

// decideDraw judges drawings, and says which earlier ones they take the place of. One without a blob takes an earlier one
// away.
func decideDraw(f Facts, given []Drawing, how string, from Client) (c Change, before []Drawing, err error) {
	for _, d := range given {
		you, ok := f.Signee(d.Signee)
		if !ok {
			return Change{}, nil, errNoSignee
		}
		m := f.Of(you.Process)
		switch {
		case !m.Process.State.Active():
			return Change{}, nil, notActive(m.Process.State, "ProcessKey")
		case you.Signed():
			return Change{}, nil, errSigned()
		}
		before = append(before, Drawing{d.Signee, you.Drawing})
		one := c.Of(f, you.Process)
		one.Draw = append(one.Draw, d)
		line := LogEntry{Kind: LogDrawn, Signee: d.Signee, Detail: how, Actor: you.Email, Client: from}
		if d.Blob == "" {
			line.Kind = LogUndrawn
		}
		one.Log = append(one.Log, line)
	}
	return c, before, nil
}

// drawings reads the drawn signatures of those who have signed.
func (s *Service) drawings(ctx context.Context, f Facts, wrapped WrappedKey) (map[SigneeKey][]byte, error) {
	out := map[SigneeKey][]byte{}
	for _, sg := range f.Process.Signees {
		if !sg.Signed() || sg.Drawing.Blob == "" {
			continue
		}
		r, err := s.openWith(ctx, f.Process.Key, wrapped, sg.Drawing.Blob)
		if err != nil {
			return nil, fmt.Errorf("open drawing: %w", err)
		}
		b, err := io.ReadAll(io.NewSectionReader(r, 0, min(r.Size(), MaxDrawingBytes)))
		if err = errors.Join(err, r.Close()); err != nil {
			return nil, fmt.Errorf("read drawing: %w", err)
		}
		out[sg.Key] = slices.Clip(b)
	}
	return out, nil
}
