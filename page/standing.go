package page

import (
	"net/http"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// standing shows how a process stands for someone who has nothing to do: signed and waiting, being sealed, completed,
// canceled or expired.
func (h *Handler) standing(w http.ResponseWriter, r *http.Request, v innsigli.View, again bool) error {
	p := h.personFor(r, v)
	switch {
	case !v.You.Signed():
	case !again && justSigned(r):
		p.tellSigned(v)
		if p.Frame.NoEnd {
			return h.quiet(w, &p)
		}
	default:
		p.tell("already_signed")
	}
	return h.stand(w, &p, again)
}

// quiet says nothing but that the person has signed: the site around the page says the rest.
func (h *Handler) quiet(w http.ResponseWriter, p *person) error {
	p.Title = p.P("done.title")
	p.watched(true)
	return h.show(w, http.StatusOK, "quiet", p)
}

// stand is standing for a screen that has been made.
func (h *Handler) stand(w http.ResponseWriter, p *person, again bool) error {
	v := p.View
	p.Again, p.Watch = again, watch{}
	status, name := http.StatusOK, "done"
	switch v.Process.State {
	case innsigli.Canceled, innsigli.Declined:
		p.News.Messages = nil
		p.tell("process_canceled")
		status, name = http.StatusGone, "canceled"
		p.Title = p.P(p.OfAll("canceled.title"))
		if p.Declined {
			p.Title = p.P("declined.title")
		}
	case innsigli.Expired:
		p.News.Messages = nil
		p.tell("process_expired")
		status, name = http.StatusGone, "expired"
		p.Title = p.P("expired.title")
	case innsigli.Completed:
		name = "completed"
		p.Title = p.P("completed.title")
		if !v.Readable() {
			name = "closed"
			p.Title = p.P(p.OfAll("closed.title"))
		}
	case innsigli.Created, innsigli.Started, innsigli.Sealing:
		p.Title = p.P("done.title")
		p.watched(true)
	}
	return h.show(w, status, name, p)
}

// done thanks whoever has signed. Whoever has not is led to the document.
func (h *Handler) done(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	if v.Process.State.Active() && !v.You.Signed() {
		p := h.personFor(r, v)
		return seeOther(w, r, p.To(""))
	}
	return h.standing(w, r, v, false)
}

// Sealing says whether everyone has signed and the seal is being made.
func (p *person) Sealing() bool { return p.View.Process.State == innsigli.Sealing }

// Others is how many people have not signed yet.
func (p *person) Others() int { return len(p.People) - p.signed() }

// Closes is until when the signed document stays on the link.
func (p *person) Closes() time.Time { return p.View.Process.EndedAt.Add(innsigli.CompletedLink) }

// sorry is a page that says what did not work: what is true now, what can be done, whom to ask.
type sorry struct {
	person
	Kind      string // "turn", "notfound", "locked", "codes", "later", "foreign", "trouble"
	Retry     string // where trying again leads
	Reference string // of a failure, for whoever runs the server
}

// sad shows a refusal. When the process can be read, its own state says more than the refusal: a code that was refused
// because the signing was canceled is shown as canceled.
func (h *Handler) sad(w http.ResponseWriter, r *http.Request, status int, e *innsigli.Error) error {
	var p person
	known := false
	if status < http.StatusInternalServerError && e.Kind != innsigli.NotFound {
		if got, err := h.whoever(r); err == nil {
			p, known = got, true
		}
	}
	if known && statesSpeak(e) && (!p.View.Process.State.Active() || p.View.You.Signed()) {
		if p.InSequence && !p.View.Process.State.Ended() {
			return seeOther(w, r, p.To("")) // the list says how it stands
		}
		return h.stand(w, &p, true)
	}
	s := sorry{Kind: kindOf(e, status), Retry: linkPath(r)}
	if known {
		s.person = p
		s.tell("error")
		if e.Kind == innsigli.Gone {
			s.Kind = "later" // the process is open, so what is gone comes back
		}
	} else {
		s.screen = h.screenFor(r, "")
		h.tellStranger(r, &s)
	}
	if status >= http.StatusInternalServerError {
		s.Reference = web.RequestID(r.Context())
	}
	s.Title = s.P("sad." + s.Kind + ".title")
	return h.show(w, status, "sad", &s)
}

// statesSpeak says whether a refusal is about where the process stands.
func statesSpeak(e *innsigli.Error) bool {
	return e.Kind == innsigli.NotActive || e.Kind == innsigli.Gone || e.Code == "AlreadySigned" || e.Code == "LinkExpired"
}

// kindOf chooses the words for a refusal.
func kindOf(e *innsigli.Error, status int) string {
	switch {
	case e.Code == "SigneeRemoved":
		return "removed"
	case e.Code == "SigneeReassigned":
		return "reassigned"
	case e.Code == "OtpLocked":
		return "locked"
	case e.Code == "TooManyCodes":
		return "codes"
	case e.Code == "NotYourTurn":
		return "turn"
	case e.Code == "CrossOrigin":
		return "foreign"
	case e.Kind == innsigli.TooMany, e.Kind == innsigli.Unavailable:
		return "later"
	case e.Kind == innsigli.NotFound, e.Kind == innsigli.Gone:
		return "notfound"
	case status >= http.StatusInternalServerError:
		return "trouble"
	}
	return "refused"
}
