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
	return c, bad.err()
}
