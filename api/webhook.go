package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

type webhookRequest struct {
	FlowKey string         `json:"flowKey"`
	URL     string         `json:"url"`
	Type    jsontext.Value `json:"type"`
}

type webhook struct {
	ID      int64  `json:"id"`
	FlowKey string `json:"flowKey"`
	URL     string `json:"url"`
	Type    string `json:"type,omitempty"`
}

// addWebhook is POST /management/webhook/: registers an address for events of a flow.
func (a *API) addWebhook(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in webhookRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	req, err := in.read()
	if err != nil {
		return err
	}
	got, err := a.Service.RegisterWebhook(r.Context(), c, req)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, webhookOf(got))
}

// changeWebhook is PUT /management/webhook/{Id}: the registration says what the body says from now on.
func (a *API) changeWebhook(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var in webhookRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	req, err := in.read()
	if err != nil {
		return err
	}
	got, err := a.Service.ChangeWebhook(r.Context(), c, id, req)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, webhookOf(got))
}

// deleteWebhook is DELETE /management/webhook/{Id}.
func (a *API) deleteWebhook(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	if err := a.Service.DeleteWebhook(r.Context(), c, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// webhooks is GET /management/webhook/flowKey/{FlowKey}?Type=.
func (a *API) webhooks(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	got, err := a.Service.Webhooks(r.Context(), c, innsigli.FlowKey(chi.URLParam(r, "flow")), web.Query(r).Get("type"))
	if err != nil {
		return err
	}
	out := []webhook{}
	for _, h := range got {
		out = append(out, webhookOf(h))
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

func (in *webhookRequest) read() (innsigli.WebhookRequest, error) {
	kind, ok := web.Scalar(in.Type)
	if !ok {
		return innsigli.WebhookRequest{}, innsigli.InvalidField("type", "Enum", "type must be the name or the number of an event type.")
	}
	return innsigli.WebhookRequest{
		Flow: innsigli.FlowKey(strings.TrimSpace(in.FlowKey)), URL: strings.TrimSpace(in.URL), Type: kind,
	}, nil
}

func webhookOf(h innsigli.Webhook) webhook {
	return webhook{ID: h.ID, FlowKey: string(h.Flow), URL: h.URL, Type: h.Type.String()}
}

// webhookID reads the number in the path. What is no number names nothing.
func webhookID(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(chi.URLParam(r, "webhook"), 10, 64)
	if err != nil || id < 1 {
		return 0, &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is no such thing."}
	}
	return id, nil
}
