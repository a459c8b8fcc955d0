package api

import (
	"net/http"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// retention is how long a company keeps things. The public API has nothing of the kind; the route is ours.
type retention struct {
	PersonalDays  int `json:"personalDays"`
	DocumentsDays int `json:"documentsDays"`
}

type retentionRequest struct {
	PersonalDays  *int `json:"personalDays"`
	DocumentsDays *int `json:"documentsDays"`
}

// retention is GET /management/company/retention.
func (a *API) retention(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	got, err := a.Service.Retention(r.Context(), c.Company.Key)
	if err != nil {
		return err
	}
	return writeRetention(w, got)
}

// changeRetention is PUT /management/company/retention: what is left out stays.
func (a *API) changeRetention(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in retentionRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	got, err := a.Service.ChangeRetention(r.Context(), c.Company.Key, innsigli.RetentionRequest(in))
	if err != nil {
		return err
	}
	return writeRetention(w, got)
}

func writeRetention(w http.ResponseWriter, r innsigli.Retention) error {
	const day = 24
	return web.WriteJSON(w, http.StatusOK, retention{int(r.Personal().Hours() / day), r.DocumentsDays})
}
