package innsigli

import (
	"context"
	"strings"
)

// CompanyRequest changes a company's settings. What is nil stays.
type CompanyRequest struct {
	Name     *string
	Email    *string // where mails for the company go
	Language *Language
	// TimeZone and ReminderHour say when reminders go. Those whose time is set already wait for the later of the two.
	TimeZone     *string
	ReminderHour *int
	Origins      *[]string // in place of those before
	Colour       *string   // as #rrggbb in any letter case; empty for ours
}

// ChangeSettings changes a company; what is sent from now on is as it says. NotFound when there is none.
func (s *Service) ChangeSettings(ctx context.Context, k CompanyKey, r CompanyRequest) (Company, error) {
	return s.Store.ChangeCompany(ctx, k, func(c Company) (Company, error) { return c.with(r) })
}

// with checks a request and gives the company as it is to be.
func (c Company) with(r CompanyRequest) (Company, error) {
	var bad fieldErrors
	if r.Name != nil {
		c.Name = strings.TrimSpace(*r.Name)
		if c.Name == "" {
			bad.add("name", "NotEmpty", "name is required.")
		}
		checkText(&bad, "name", c.Name, MaxNameRunes)
	}
	if r.Email != nil {
		c.Email = strings.TrimSpace(*r.Email)
		checkEmail(&bad, "email", c.Email)
	}
	if r.Language != nil {
		c.DefaultLanguage = *r.Language
	}
	if r.TimeZone != nil {
		c.TimeZone = strings.TrimSpace(*r.TimeZone)
		if _, err := zoneNamed(c.TimeZone); err != nil || c.TimeZone == "" {
			bad.add("timeZone", "TimeZone", `timeZone must be the name of a time zone, as "Atlantic/Reykjavik" or "Europe/Berlin".`)
		}
	}
	if r.ReminderHour != nil {
		if c.ReminderHour = *r.ReminderHour; c.ReminderHour < 0 || c.ReminderHour > 23 {
			bad.add("reminderHour", "InclusiveBetween", "reminderHour must be an hour of the day, 0 to 23.")
		}
	}
	if r.Origins != nil {
		c.Origins = originsOf(&bad, *r.Origins)
	}
	colourFrom(&bad, r.Colour, &c.Colour)
	return c, bad.err()
}
