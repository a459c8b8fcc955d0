package page

import (
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// unsubscribe is the path of the link that turns a person's reminders off. It opens nothing else. Its GET only asks, since
// programs that look at links in mails follow them; its POST is what mail programs send by themselves when their user
// unsubscribes (RFC 8058 3.1), so it needs no form of ours and never redirects.
const unsubscribe = "/unsubscribe/{process}/{tag}"

// stopping is the page of such a link.
type stopping struct {
	screen
	Document string
	Many     bool      // the person has several documents to sign
	Open     time.Time // until when the person can sign
	Off      bool      // automatic reminders are off
	Over     bool      // there is nothing to be reminded of
}

// stopForm asks whether reminders are to stop.
func (h *Handler) stopForm(w http.ResponseWriter, r *http.Request) error {
	p := innsigli.ProcessKey(chi.URLParam(r, "process"))
	tag := chi.URLParam(r, "tag")
	v, off, err := h.service.Subscription(r.Context(), p, tag)
	if err != nil {
		return err
	}
	s := stopping{screen: h.screenFor(r, v.You.Language.Tag()).of(v.Facts), Document: untwisted(documentName(v.Process)), Off: off, Open: v.Process.ExpiresAt}
	s.base = linkPath(r)
	left := 0
	for _, d := range v.All() {
		for _, you := range d.Process.Signees {
			if (you.Key == v.You.Key || you.Person != "" && you.Person == v.You.Person) && !you.Signed() {
				left++
			}
		}
	}
	s.Many, s.Over = left > 1, left == 0 || !v.Process.State.Active()
	s.Title = s.P("stop.title")
	if s.Off || s.Over {
		s.Title = s.P("stopped.title")
	}
	return h.show(w, http.StatusOK, "stop", &s)
}

// stop turns reminders off and says so.
func (h *Handler) stop(w http.ResponseWriter, r *http.Request) error {
	p := innsigli.ProcessKey(chi.URLParam(r, "process"))
	if err := h.service.Unsubscribe(r.Context(), p, chi.URLParam(r, "tag"), h.client(r)); err != nil {
		return err
	}
	return h.stopForm(w, r)
}
