package innsigli

import (
	"errors"
	"strings"
	"testing"
)

func TestACompanyTakesWhatIsSaid(t *testing.T) {
	was := Company{Key: "c", Name: "Áður ehf.", Email: "office@example.com", DefaultLanguage: LangIs, TimeZone: "UTC", ReminderHour: 9}
	hour := func(n int) *int { return &n }
	text := func(s string) *string { return &s }
	lang := LangEn
	with := func(change func(*Company)) Company {
		c := was
		change(&c)
		return c
	}
	for _, c := range []struct {
		name  string
		r     CompanyRequest
		want  Company
		field string
	}{
		{"nothing", CompanyRequest{}, was, ""},
		{"a name", CompanyRequest{Name: text(" Nú ehf. ")}, Company{Key: "c", Name: "Nú ehf.", Email: was.Email, DefaultLanguage: LangIs, TimeZone: "UTC", ReminderHour: 9}, ""},
		{"a language", CompanyRequest{Language: &lang}, Company{Key: "c", Name: was.Name, Email: was.Email, DefaultLanguage: LangEn, TimeZone: "UTC", ReminderHour: 9}, ""},
		{"origins", CompanyRequest{Origins: &[]string{"https://A.is/"}}, with(func(c *Company) { c.Origins = "https://a.is" }), ""},
		{"any origin", CompanyRequest{Origins: &[]string{"*"}}, was, "origins[0]"},
		{"a colour", CompanyRequest{Colour: text(" #1D4E89 ")}, with(func(c *Company) { c.Colour = "#1d4e89" }), ""},
		{"no colour", CompanyRequest{Colour: text("red; } body { display: none")}, was, "color"},
		{"an empty name", CompanyRequest{Name: text(" ")}, was, "name"},
		{"a name over the limit", CompanyRequest{Name: text(strings.Repeat("ð", MaxNameRunes+1))}, was, "name"},
		{"a time zone and midnight", CompanyRequest{TimeZone: text(" Europe/Berlin "), ReminderHour: hour(0)}, Company{Key: "c", Name: was.Name, Email: was.Email, DefaultLanguage: LangIs, TimeZone: "Europe/Berlin", ReminderHour: 0}, ""},
		{"the last hour", CompanyRequest{ReminderHour: hour(23)}, Company{Key: "c", Name: was.Name, Email: was.Email, DefaultLanguage: LangIs, TimeZone: "UTC", ReminderHour: 23}, ""},
		{"an hour too late", CompanyRequest{ReminderHour: hour(24)}, was, "reminderHour"},
		{"an hour before midnight", CompanyRequest{ReminderHour: hour(-1)}, was, "reminderHour"},
		{"no time zone", CompanyRequest{TimeZone: text("Iceland time")}, was, "timeZone"},
		{"the machine's time zone", CompanyRequest{TimeZone: text("Local")}, was, "timeZone"},
		{"a file", CompanyRequest{TimeZone: text("../../etc/passwd")}, was, "timeZone"},
		{"an empty time zone", CompanyRequest{TimeZone: text(" ")}, was, "timeZone"},
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
