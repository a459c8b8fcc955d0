package api

import (
	"net/http"
	"strings"

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
	kind, ok := web.Scalar(in.Type)
	if !ok {
		return innsigli.InvalidField("type", "Enum", "type must be the name or the number of an event type.")
	}
	got, err := a.Service.RegisterWebhook(r.Context(), c, innsigli.WebhookRequest{
		Flow: innsigli.FlowKey(strings.TrimSpace(in.FlowKey)), URL: strings.TrimSpace(in.URL), Type: kind,
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, webhook{ID: got.ID, FlowKey: string(got.Flow), URL: got.URL, Type: got.Type.String()})
}
