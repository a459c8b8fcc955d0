package innsigli

import (
	"errors"
	"strings"
	"testing"
)

func TestAFlowTakesWhatIsSaid(t *testing.T) {
	no := false
	for _, c := range []struct {
		name  string
		r     FlowRequest
		want  Flow
		field string
	}{
		{"a name", FlowRequest{Name: " Leiga "}, Flow{Name: "Leiga", Active: true}, ""},
		{"closed", FlowRequest{Name: "Leiga", Active: &no}, Flow{Name: "Leiga"}, ""},
		{"no name", FlowRequest{Name: " "}, Flow{Active: true}, "name"},
		{"a name at the limit", FlowRequest{Name: strings.Repeat("ð", MaxNameRunes)}, Flow{Name: strings.Repeat("ð", MaxNameRunes), Active: true}, ""},
		{"a look", FlowRequest{Name: "L", Brand: new(" Suðurljós "), Colour: new(" #1D4E89 ")}, Flow{Name: "L", Active: true, Brand: Brand{Name: "Suðurljós", Colour: "#1d4e89"}}, ""},
		{"no colour", FlowRequest{Name: "L", Colour: new("red")}, Flow{}, "color"},
		{"a look over the limit", FlowRequest{Name: "L", Brand: new(strings.Repeat("ð", MaxNameRunes+1))}, Flow{}, "brandName"},
		{"a name over the limit", FlowRequest{Name: strings.Repeat("ð", MaxNameRunes+1)}, Flow{}, "name"},
	} {
		f := Flow{Active: true}
		err := f.take(c.r)
		if e, _ := errors.AsType[*Error](err); (e != nil) != (c.field != "") || e != nil && e.Fields[0].Field != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.field == "" && f != c.want {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}
