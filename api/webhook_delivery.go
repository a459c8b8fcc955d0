package api

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// delivery is one event on its way to a registration; ours.
type delivery struct {
	ID            string `json:"id"`
	ProcessKey    string `json:"processKey"`
	Type          string `json:"type"`
	Status        string `json:"status"`
	Attempts      int    `json:"attempts"`
	CreatedAt     string `json:"createdAt"`
	NextAttemptAt string `json:"nextAttemptAt,omitempty"`
	EndedAt       string `json:"endedAt,omitempty"`
	Error         string `json:"error,omitempty"`
}

// hookDeliveries is GET /management/webhook/{Id}/deliveries: what was and is to be sent, newest first.
func (a *API) hookDeliveries(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	in := web.Query(r)
	q := innsigli.DeliveryQuery{Hook: id, Status: in.Get("status")}
	var okTake, okSkip bool
	q.Take, okTake = wireInt(in.Get("take"))
	q.Skip, okSkip = wireInt(in.Get("skip"))
	switch {
	case !okTake:
		return innsigli.InvalidField("Take", "Type", "Take must be a whole number.")
	case !okSkip:
		return innsigli.InvalidField("Skip", "Type", "Skip must be a whole number.")
	}
	all, err := a.Service.Deliveries(r.Context(), c, q)
	if err != nil {
		return err
	}
	out := []delivery{}
	for _, d := range all {
		out = append(out, delivery{
			ID: d.ID, ProcessKey: string(d.Process), Type: d.Event.String(), Status: d.Status(), Attempts: d.Attempts,
			CreatedAt: rfc3339(d.At), NextAttemptAt: rfc3339(d.Next), EndedAt: rfc3339(d.EndedAt), Error: d.Why,
		})
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

// replay is POST /management/webhook/{Id}/deliveries/{deliveryId}/replay.
func (a *API) replay(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	if err := a.Service.Replay(r.Context(), c, id, chi.URLParam(r, "delivery")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type rotateRequest struct {
	OverlapHours *int `json:"overlapHours"`
}

type rotatedKey struct {
	WebhookSignatureKey string `json:"webhookSignatureKey"`
	FormerKeyValidUntil string `json:"formerKeyValidUntil"`
}

// rotateWebhookKey is POST /management/webhook/key: a new signature key, shown once.
func (a *API) rotateWebhookKey(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in rotateRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	overlap := innsigli.KeyOverlap
	if in.OverlapHours != nil {
		// Out of range is out of range, also where hours would not fit into a duration.
		overlap = time.Duration(max(-1, min(*in.OverlapHours, 1000))) * time.Hour
	}
	key, until, err := a.Service.RotateWebhookKey(r.Context(), c.Company.Key, overlap)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, rotatedKey{WebhookSignatureKey: key, FormerKeyValidUntil: rfc3339(until)})
}
