package api

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// company is what a company can set about itself. The public API has this in its portal only; the route is ours.
type company struct {
	CompanyKey   string   `json:"companyKey"`
	Name         string   `json:"name"`
	Email        string   `json:"email"`
	Language     string   `json:"language"`
	TimeZone     string   `json:"timeZone"`
	ReminderHour int      `json:"reminderHour"`
	Origins      []string `json:"origins"`
	Color        string   `json:"color"`
	Logo         string   `json:"logo,omitempty"`
}

type companyRequest struct {
	Name         *string        `json:"name"`
	Email        *string        `json:"email"`
	Language     jsontext.Value `json:"language"`
	TimeZone     *string        `json:"timeZone"`
	ReminderHour *int           `json:"reminderHour"`
	Origins      *[]string      `json:"origins"`
	Color        *string        `json:"color"`
}

// company is GET /management/company.
func (a *API) company(w http.ResponseWriter, _ *http.Request, c innsigli.Caller) error {
	return a.writeCompany(w, c.Company)
}

// changeCompany is PUT /management/company: what is left out stays.
func (a *API) changeCompany(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in companyRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	req := innsigli.CompanyRequest{
		Name: in.Name, Email: in.Email, TimeZone: in.TimeZone, ReminderHour: in.ReminderHour, Origins: in.Origins, Colour: in.Color,
	}
	if len(in.Language) > 0 && in.Language.Kind() != 'n' {
		l, ok := enum(in.Language, innsigli.LangNotSet, innsigli.ParseLanguage)
		if !ok {
			return innsigli.InvalidField("language", "Enum", "language is not a known language.")
		}
		req.Language = &l
	}
	got, err := a.Service.ChangeSettings(r.Context(), c.Company.Key, req)
	if err != nil {
		return err
	}
	return a.writeCompany(w, got)
}

func (a *API) writeCompany(w http.ResponseWriter, c innsigli.Company) error {
	return web.WriteJSON(w, http.StatusOK, company{
		string(c.Key), c.Name, c.Email, c.DefaultLanguage.String(), c.Zone().String(), c.ReminderHour,
		append([]string{}, c.Origins.List()...), c.Colour, a.logoURL(c.Logo),
	})
}
