package innsigli

import (
	"errors"
	"strings"
	"testing"
)

func TestACompanyTakesWhatIsSaid(t *testing.T) {
	was := Company{Key: "c", Name: "Áður ehf.", Email: "office@example.com", DefaultLanguage: LangIs}
	text := func(s string) *string { return &s }
	lang := LangEn
	for _, c := range []struct {
		name  string
		r     CompanyRequest
		want  Company
		field string
	}{
		{"nothing", CompanyRequest{}, was, ""},
		{"a name", CompanyRequest{Name: text(" Nú ehf. ")}, Company{"c", "Nú ehf.", was.Email, LangIs}, ""},
		{"a language", CompanyRequest{Language: &lang}, Company{"c", was.Name, was.Email, LangEn}, ""},
		{"an empty name", CompanyRequest{Name: text(" ")}, was, "name"},
		{"a name over the limit", CompanyRequest{Name: text(strings.Repeat("ð", MaxNameRunes+1))}, was, "name"},
		{"no address", CompanyRequest{Email: text("office")}, was, "email"},
	} {
		got, err := was.with(c.r)
		if e, _ := errors.AsType[*Error](err); (e != nil) != (c.field != "") || e != nil && e.Fields[0].Field != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.field == "" && got != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
