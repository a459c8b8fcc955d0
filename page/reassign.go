package page

import (
	"net/http"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// maxReassignForm bounds the body of the form with somebody else's name and addresses, as a browser writes them at most.
const maxReassignForm = 12*(innsigli.MaxNameRunes+innsigli.MaxAddress) + maxForm

// passing is the page that asks who signs in the person's place.
type passing struct {
	person
	Name, Email, Number string
	Lng                 string // of the mail to whoever signs then
	Wrong               map[string]string
	Most                int
	Languages           []language
	WithNumber          bool // codes go by SMS
}

// reassignForm asks who is to sign. Who cannot pass signing on is shown how things stand.
func (h *Handler) reassignForm(w http.ResponseWriter, r *http.Request, p *person, you innsigli.Signee) error {
	if !p.View.MayReassign(you) {
		return h.toHome(w, r)
	}
	return h.askWho(w, http.StatusOK, &passing{person: *p, Lng: p.Tag()})
}

func (h *Handler) askWho(w http.ResponseWriter, status int, f *passing) error {
	f.Title, f.Most, f.WithNumber = f.P("reassign.title"), innsigli.MaxNameRunes, f.Usual() != innsigli.ByMail
	for _, tag := range lang.Tags() {
		f.Languages = append(f.Languages, language{Tag: tag, Native: lang.For(tag).Native(), Current: tag == f.Lng})
	}
	if !f.InSequence {
		f.watched(false)
	}
	f.Watch.Reload = false // what is being written must not be lost
	return h.show(w, status, "reassign", f)
}

// reassign takes the form. The link then says how it stands.
func (h *Handler) reassign(w http.ResponseWriter, r *http.Request, p *person, you innsigli.Signee) error {
	if !p.View.MayReassign(you) {
		return h.toHome(w, r)
	}
	if err := parseForm(w, r, maxReassignForm); err != nil {
		return err
	}
	f := passing{
		person: *p, Name: formLine(r, "name"), Email: formLine(r, "email"), Number: formLine(r, "phone"),
		Lng: lang.For(formLine(r, "language")).Tag(),
	}
	language, _ := innsigli.ParseLanguage(f.Lng)
	_, err := h.service.Reassign(r.Context(), nil, innsigli.ReassignRequest{
		Process: you.Process, Signee: you.Key, Name: f.Name, Email: f.Email, Phone: f.Number, Language: language, From: h.client(r),
	})
	if f.Wrong = wrongFields(innsigli.FieldsOf(err)); innsigli.KindOf(err) == innsigli.Invalid && len(f.Wrong) > 0 {
		return h.askWho(w, http.StatusBadRequest, &f)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, p.To(""))
}

// wrongFields chooses the words for what is wrong with the form, by its fields.
func wrongFields(all []innsigli.FieldError) map[string]string {
	out := map[string]string{}
	for _, e := range all {
		name, word := e.Field, e.Field
		switch {
		case e.Code == "SamePerson":
			word = "own"
		case e.Code == "AlreadySignee":
			word = "other"
		case e.Field == "phoneNumber":
			name, word = "phone", "phone"
		case e.Field != "name" && e.Field != "email":
			continue
		}
		if out[name] == "" {
			out[name] = word
		}
	}
	return out
}

// MayPassOn says whether the page offers to pass signing on.
func (p *person) MayPassOn() bool { return p.View.MayReassign(p.View.You) }
