package api

import (
	"net/http"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

type flowOverview struct {
	Key           string `json:"key"`
	FlowKey       string `json:"flowKey"`
	Name          string `json:"name"`
	Active        bool   `json:"active"`
	CompanyKey    string `json:"companyKey"`
	CompanyName   string `json:"companyName"`
	Type          string `json:"type"`
	CreatedAt     string `json:"createdAt"`
	ProductType   string `json:"productType"`
	InitiatedType string `json:"initiatedType"`
	SignatureType string `json:"signatureType"`
}

// flows is GET /management/flow: the company's flows as a plain list (facts/wire.md 1.7).
func (a *API) flows(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	flows, err := a.Service.Flows(r.Context(), c)
	if err != nil {
		return err
	}
	out := []flowOverview{}
	for _, f := range flows {
		out = append(out, flowOverview{
			Key: string(f.Key), FlowKey: string(f.Key), Name: f.Name, Active: f.Active, CompanyKey: string(c.Company.Key),
			CompanyName: c.Company.Name, Type: flowType, CreatedAt: rfc3339(f.CreatedAt), ProductType: "Default",
			InitiatedType: "Employee", SignatureType: innsigli.Simple.String(),
		})
	}
	return web.WriteJSON(w, http.StatusOK, out)
}
