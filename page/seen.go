package page

import (
	"net/http"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// How often one client may tell what was seen. A page tells it every 15 seconds at most, and many people may sit behind one
// address.
const (
	seenEvery = 100 * time.Millisecond
	seenBurst = 100
)

// maxSeen is the largest report, in bytes: MaxReadPages numbers fit.
const maxSeen = 8 << 10

// seenReport is what seen.js tells.
type seenReport struct {
	Pages   []int `json:"pages"`
	Seconds int   `json:"seconds"`
}

// seen takes what the page tells of the reading. A page that is being left waits for no answer.
func (h *Handler) seen(w http.ResponseWriter, r *http.Request) error {
	p, k, err := keysOf(r)
	if err != nil {
		return h.plainRefusal(w, r, err)
	}
	if err := h.reading.Allow(h.client(r)); err != nil {
		return h.plainRefusal(w, r, err)
	}
	var in seenReport
	if err := web.ReadJSON(http.MaxBytesReader(w, r.Body, maxSeen), &in); err != nil {
		return h.plainRefusal(w, r, err)
	}
	if err := h.service.Read(r.Context(), innsigli.ReadRequest{Process: p, Signee: k, Pages: in.Pages, Seconds: in.Seconds}); err != nil {
		return h.plainRefusal(w, r, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
