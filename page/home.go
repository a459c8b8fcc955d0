package page

import (
	"net/http"

	"github.com/innsigli/innsigli/web"
)

// front is the home page. Outbox is set where there is one to look into.
type front struct {
	screen
	Outbox string
}

// home says what this is and where to go. It tells nothing about anybody.
func (h *Handler) home(w http.ResponseWriter, r *http.Request) error {
	f := front{screen: h.screenFor(r, "")}
	f.Title = f.P("home.title")
	if h.mailbox != nil && web.Loopback(r) {
		f.Outbox = OutboxPrefix
	}
	return h.show(w, http.StatusOK, "home", &f)
}

// NotFound is the page for an address that leads nowhere; the router's answer to whatever it does not know.
func (h *Handler) NotFound(w http.ResponseWriter, r *http.Request) {
	h.page(func(http.ResponseWriter, *http.Request) error { return errNoPage })(w, r)
}
