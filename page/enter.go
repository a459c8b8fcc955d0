package page

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// entering is the page that asks for the code before the document is shown, or offers to send one. It names neither the
// document nor the others: nobody has proved yet who they are.
type entering struct {
	asking
}

// wanted looks at the link whether or not its holder has been admitted.
func (h *Handler) wanted(r *http.Request) (person, bool, error) {
	if chi.URLParam(r, "sequence") != "" {
		v, err := h.lookAtAll(r)
		if err != nil {
			return person{}, false, err
		}
		return h.personForAll(r, v), v.Locked(), nil
	}
	v, err := h.lookAt(r)
	if err != nil {
		return person{}, false, err
	}
	return h.personFor(r, v), v.Locked(), nil
}

// enterPage asks for the code.
func (h *Handler) enterPage(w http.ResponseWriter, r *http.Request) error {
	p, locked, err := h.wanted(r)
	if err != nil {
		return err
	}
	if !locked {
		return seeOther(w, r, p.To(""))
	}
	e := entering{askingFor(r, p, "/enter")}
	e.Title, e.Document = e.P("enter.title"), ""
	e.People = nil
	return h.show(w, http.StatusOK, "enter", &e)
}

// requestEntry sends a code and leads to the page that asks for it.
func (h *Handler) requestEntry(w http.ResponseWriter, r *http.Request) error {
	p, locked, err := h.wanted(r)
	if err != nil {
		return err
	}
	if !locked {
		return seeOther(w, r, p.To(""))
	}
	ask, err := h.askedBy(w, r, &p)
	if err != nil {
		return err
	}
	entry := innsigli.EntryRequest{Process: p.View.Process.Key, Signee: p.View.You.Key, Ask: ask}
	if p.InSequence {
		entry = innsigli.EntryRequest{Sequence: p.View.Sequence.Key, Person: p.View.You.Person, Ask: ask}
	}
	ch, err := h.service.RequestEntry(r.Context(), entry)
	if err != nil {
		return err
	}
	return seeOther(w, r, p.To(p.sent(ch).path("/enter", "")))
}

// enter takes the code, and leaves the access token with the browser.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request) error {
	p, locked, err := h.wanted(r)
	if err != nil {
		return err
	}
	if !locked {
		return seeOther(w, r, p.To(""))
	}
	a, code, err := codeForm(w, r, &p)
	if err != nil {
		return err
	}
	if len(code) != codeLength {
		return seeOther(w, r, p.To(a.path("/enter", "short")))
	}
	_, access, err := h.service.Enter(r.Context(), a.Token, code, h.client(r))
	if err != nil {
		return h.wrongCode(w, r, &p, a, "/enter", err)
	}
	web.SetAccess(w, p.base, access.Token, access.ExpiresAt, h.secure)
	return seeOther(w, r, p.To(""))
}
