package api

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// branding is how people see who asks them (facts/wire.md 1.4), for pages of one's own.
type branding struct {
	Logo string            `json:"logo,omitempty"`
	Name string            `json:"name"`
	Meta map[string]string `json:"meta,omitempty"`
}

// brandOfProcess is GET /signing/{process}/branding.
func (a *API) brandOfProcess(w http.ResponseWriter, r *http.Request) error {
	return a.writeBrand(w)(a.Service.BrandFor(r.Context(), innsigli.Target{Process: processKey(r)}))
}

// brandOfSequence is GET /signing/sequential/{sequence}/branding.
func (a *API) brandOfSequence(w http.ResponseWriter, r *http.Request) error {
	return a.writeBrand(w)(a.Service.BrandFor(r.Context(), innsigli.Target{Sequence: sequenceKey(r)}))
}

// brandOfFlow is GET /flow/{flow}/branding.
func (a *API) brandOfFlow(w http.ResponseWriter, r *http.Request) error {
	return a.writeBrand(w)(a.Service.BrandOf(r.Context(), "", flowKeyOf(chi.URLParam(r, "flow"))))
}

// brandOfCompany is GET /company/{company}/branding.
func (a *API) brandOfCompany(w http.ResponseWriter, r *http.Request) error {
	key := innsigli.CompanyKey(strings.ToLower(chi.URLParam(r, "company")))
	return a.writeBrand(w)(a.Service.BrandOf(r.Context(), key, ""))
}

func (a *API) writeBrand(w http.ResponseWriter) func(innsigli.Brand, error) error {
	return func(b innsigli.Brand, err error) error {
		if err != nil {
			return err
		}
		out := branding{Name: b.Name, Logo: a.logoURL(b.Logo)}
		if b.Colour != "" {
			out.Meta = map[string]string{"color": b.Colour}
		}
		return web.WriteJSON(w, http.StatusOK, out)
	}
}
