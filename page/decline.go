package page

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// maxReasonForm bounds the body of the form with a reason: its characters as a browser writes them at most, %F0%9F%92%94
// for one.
const maxReasonForm = 12*innsigli.MaxReasonRunes + 1<<10

// declining is the page that asks whether the person will really not sign, and why.
type declining struct {
	person
	Reason string // what was written before, when it was too long
	Long   bool
	Most   int
}

// declineForm asks whether the person will really not sign. Who has nothing to decline is shown how things stand.
func (h *Handler) declineForm(w http.ResponseWriter, r *http.Request, p *person, _ innsigli.Signee) error {
	return h.askWhy(w, http.StatusOK, p, "", false)
}

func (h *Handler) askWhy(w http.ResponseWriter, status int, p *person, reason string, long bool) error {
	d := declining{person: *p, Reason: reason, Long: long, Most: innsigli.MaxReasonRunes}
	d.Title = d.P("decline.title")
	if !d.InSequence {
		d.watched(false)
	}
	d.Watch.Reload = false // what is being written must not be lost
	return h.show(w, status, "decline", &d)
}

// decline takes the form. The link then says how it stands.
func (h *Handler) decline(w http.ResponseWriter, r *http.Request, p *person, you innsigli.Signee) error {
	if err := parseForm(w, r, maxReasonForm); err != nil {
		return err
	}
	// What was pasted along is no reason to send the person back.
	reason := formLine(r, "reason")
	_, err := h.service.Decline(r.Context(), innsigli.DeclineRequest{Process: you.Process, Signee: you.Key, Reason: reason, From: h.client(r)})
	if len(innsigli.FieldsOf(err)) > 0 && innsigli.KindOf(err) == innsigli.Invalid {
		return h.askWhy(w, http.StatusBadRequest, p, reason, true)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, p.To(""))
}

// undecided makes the screen of somebody who may decline now, and says which of their signatures that is about; nobody
// when there is none.
func (h *Handler) undecided(r *http.Request) (*person, innsigli.Signee, error) {
	if chi.URLParam(r, "sequence") != "" {
		v, err := h.lookAll(r)
		if err != nil || !v.MaySign() {
			return nil, innsigli.Signee{}, err
		}
		p := h.personForAll(r, v)
		for _, s := range v.You.Signees {
			if !s.Signed() && v.Turn(s.Key) {
				return &p, s, nil
			}
		}
		return nil, innsigli.Signee{}, nil
	}
	v, err := h.look(r)
	if err != nil || !v.Process.State.Active() || v.You.Signed() || !v.Turn(v.You.Key) {
		return nil, innsigli.Signee{}, err
	}
	p := h.personFor(r, v)
	s := v.You
	s.Process = v.Process.Key
	return &p, s, nil
}

// deciding is a page for somebody who may sign or decline now. Everybody else is shown how things stand.
func (h *Handler) deciding(f func(http.ResponseWriter, *http.Request, *person, innsigli.Signee) error) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, you, err := h.undecided(r)
		switch {
		case err != nil:
			return err
		case p == nil:
			return h.toHome(w, r)
		}
		return f(w, r, p, you)
	}
}

// toHome leads to the person's own page, which says how it stands.
func (h *Handler) toHome(w http.ResponseWriter, r *http.Request) error {
	p, err := h.whoever(r)
	if err != nil {
		return err
	}
	return seeOther(w, r, p.To(""))
}

// ByDecline says whether somebody's refusal has ended the process.
func (p *person) ByDecline() bool { return p.View.Process.State == innsigli.Declined }
