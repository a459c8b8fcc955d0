package innsigli

import (
	"cmp"
	"context"
	"strings"
)

// Brand is how pages, mails and evidence of a flow look. What is empty is as the company has it.
type Brand struct {
	Name   string // what people are told that the sender is called
	Colour string // of pages, as #rrggbb
	Logo   string // SHA-256 of its PNG in hex, by which [Service.Logo] gives it
}

// Brand is how people see who asks them: the flow's where it has something of its own, else the company's.
func (f Facts) Brand() Brand {
	c, own := f.Company, f.Flow.Brand
	return Brand{Name: cmp.Or(own.Name, c.Name), Colour: cmp.Or(own.Colour, c.Colour), Logo: cmp.Or(own.Logo, c.Logo)}
}

var errNoBrand = refuse(Invalid, "InvalidKey", "There is nothing with this key.")

// BrandOf tells how a company looks, or one of its flows, whose key then comes in place of the company's. It needs no
// credentials: everyone who is asked to sign sees the same. Invalid (InvalidKey) when there is no such thing.
func (s *Service) BrandOf(ctx context.Context, c CompanyKey, f FlowKey) (Brand, error) {
	b, err := s.Store.Brand(ctx, c, f)
	if KindOf(err) == NotFound {
		err = errNoBrand
	}
	return b, err
}

// BrandFor is the same for a process or a sequence.
func (s *Service) BrandFor(ctx context.Context, t Target) (Brand, error) {
	if !t.Process.Valid() && !t.Sequence.Valid() {
		return Brand{}, errNoBrand
	}
	f, err := s.Store.Facts(ctx, t)
	if KindOf(err) == NotFound {
		err = errNoBrand
	}
	return f.Brand(), err
}

// colourFrom reads the member "color" of a request into the place where it is kept.
func colourFrom(bad *fieldErrors, given *string, kept *string) {
	if given == nil {
		return
	}
	if *kept = strings.ToLower(strings.TrimSpace(*given)); *kept != "" && !isColour(*kept) {
		bad.add("color", "Color", "color is written as #rrggbb, or empty.")
	}
}
