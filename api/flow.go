package api

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

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

	// Ours: what the flow has of its own, in place of the company's.
	BrandName string `json:"brandName,omitempty"`
	Color     string `json:"color,omitempty"`
	Logo      string `json:"logo,omitempty"`
}

// flows is GET /management/flow: the company's flows as a plain list (facts/wire.md 1.7).
func (a *API) flows(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	flows, err := a.Service.Flows(r.Context(), c)
	if err != nil {
		return err
	}
	out := []flowOverview{}
	for _, f := range flows {
		out = append(out, a.showFlow(c, f))
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

func (a *API) showFlow(c innsigli.Caller, f innsigli.Flow) flowOverview {
	return flowOverview{
		Key: string(f.Key), FlowKey: string(f.Key), Name: f.Name, Active: f.Active, CompanyKey: string(c.Company.Key),
		CompanyName: c.Company.Name, Type: flowType, CreatedAt: rfc3339(f.CreatedAt), ProductType: "Default",
		InitiatedType: "Employee", SignatureType: innsigli.Simple.String(),
		BrandName: f.Brand.Name, Color: f.Brand.Colour, Logo: a.logoURL(f.Brand.Logo),
	}
}

// flowRequest makes or changes a flow. What else the public API has of a flow (contracts, forms, attachments) this server
// has no use for, and ignores.
type flowRequest struct {
	FlowKey string `json:"flowKey"`
	Key     string `json:"key"`
	Name    string `json:"name" required:"true"`
	Active  *bool  `json:"active"`

	BrandName *string `json:"brandName"`
	Color     *string `json:"color"`
}

func readFlow(w http.ResponseWriter, r *http.Request) (innsigli.FlowRequest, error) {
	var in flowRequest
	err := readSmall(w, r, &in)
	return innsigli.FlowRequest{Key: flowKeyOf(cmp.Or(in.FlowKey, in.Key)), Name: in.Name, Active: in.Active, Brand: in.BrandName, Colour: in.Color}, err
}

func flowKeyOf(s string) innsigli.FlowKey {
	return innsigli.FlowKey(strings.ToLower(strings.TrimSpace(s)))
}

// flow is GET /management/flow/{flow}.
func (a *API) flow(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	f, err := a.Service.Flow(r.Context(), c, flowKeyOf(chi.URLParam(r, "flow")))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.showFlow(c, f))
}

// addFlow is POST /management/flow.
func (a *API) addFlow(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readFlow(w, r)
	if err != nil {
		return err
	}
	f, err := a.Service.AddFlow(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.showFlow(c, f))
}

// changeFlow is PUT /management/flow: the key stands in the body.
func (a *API) changeFlow(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readFlow(w, r)
	if err != nil {
		return err
	}
	f, err := a.Service.ChangeFlow(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.showFlow(c, f))
}

// removeFlow is DELETE /management/flow/{flow}.
func (a *API) removeFlow(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	if err := a.Service.RemoveFlow(r.Context(), c, flowKeyOf(chi.URLParam(r, "flow"))); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type deliveries struct {
	EmailTemplateTypes []string `json:"emailTemplateTypes"`
	WebhookTypes       []string `json:"webhookTypes"`
}

// deliveries is GET /flow/{flow}/registered/deliveries: the events that a webhook is registered for, and the types that
// there are templates for. It asks for
// credentials, since whoever knows a flow's key need not know that. A registration for any event counts as each.
func (a *API) deliveries(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	flow := flowKeyOf(chi.URLParam(r, "flow"))
	hooks, err := a.Service.WebhooksOf(r.Context(), c, flow)
	if err != nil {
		return err
	}
	templates, err := a.Service.TemplateTypesOf(r.Context(), c, flow)
	if err != nil {
		return err
	}
	types := map[string]bool{}
	for _, h := range hooks {
		if h.Type != innsigli.EventAny {
			types[h.Type.String()] = true
			continue
		}
		for _, t := range eventTypes() {
			types[t] = true
		}
	}
	out := deliveries{EmailTemplateTypes: templateTypes(templates), WebhookTypes: []string{}}
	out.WebhookTypes = slices.AppendSeq(out.WebhookTypes, maps.Keys(types))
	slices.Sort(out.WebhookTypes)
	return web.WriteJSON(w, http.StatusOK, out)
}
