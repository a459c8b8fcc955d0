package innsigli

import (
	"cmp"
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

// colourFrom reads the member "color" of a request into the place where it is kept.
func colourFrom(bad *fieldErrors, given *string, kept *string) {
	if given == nil {
		return
	}
	if *kept = strings.ToLower(strings.TrimSpace(*given)); *kept != "" && !isColour(*kept) {
		bad.add("color", "Color", "color is written as #rrggbb, or empty.")
	}
}
