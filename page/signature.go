package page

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// maxSignatureForm bounds the body of the form with a signature: a drawing in base64, a few characters of which a form
// writes as three, and the rest.
const maxSignatureForm = innsigli.MaxDrawingBytes/3*5 + maxForm

// Kinds of signature, as the form says them.
const (
	kindDrawn = "draw"
	kindTyped = "type"
	kindPlain = "plain"
)

// marking is the page on which the person chooses how their signature looks, before the code.
type marking struct {
	person
	Kind  string
	Typed string
	Wrong string // what is wrong with it, a word of the catalogue
	Most  int
	Bytes int // of a drawing, at most
}

// signatureForm asks how the signature is to look. Who has nothing to sign is shown how things stand.
func (h *Handler) signatureForm(w http.ResponseWriter, r *http.Request, p *person, _ innsigli.Signee) error {
	m := marking{person: *p, Kind: kindTyped, Typed: untwisted(p.View.You.Name)}
	if m.Typed == "" || !writable(m.Typed) {
		m.Kind, m.Typed = kindPlain, ""
	}
	return h.askSignature(w, http.StatusOK, &m)
}

func (h *Handler) askSignature(w http.ResponseWriter, status int, m *marking) error {
	m.Title, m.Most, m.Bytes = m.P("mark.title"), innsigli.MaxTypedRunes, innsigli.MaxDrawingBytes
	if !m.InSequence {
		m.watched(false)
	}
	m.Watch.Reload = false // what is being drawn must not be lost
	return h.show(w, status, "signature", m)
}

// writable guesses whether our fonts can write a name, so that what is offered first works. They say so themselves when
// it is sent.
func writable(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common, unicode.Inherited)
	})
}

// signature keeps how the signature is to look, and has the code sent.
func (h *Handler) signature(w http.ResponseWriter, r *http.Request, p *person, _ innsigli.Signee) error {
	if err := parseForm(w, r, maxSignatureForm); err != nil {
		return err
	}
	m := marking{person: *p, Kind: r.PostForm.Get("kind"), Typed: untwisted(strings.ToValidUTF8(r.PostForm.Get("typed"), ""))}
	if err := h.keepSignature(r, &m); err != nil {
		return err
	}
	if m.Wrong != "" {
		return h.askSignature(w, http.StatusBadRequest, &m)
	}
	if p.InSequence {
		return h.requestCodeForAll(w, r)
	}
	return h.requestCode(w, r)
}

// keepSignature keeps a signature, or says in m what is wrong with it.
func (h *Handler) keepSignature(r *http.Request, m *marking) error {
	views, err := h.viewsOf(r)
	if err != nil {
		return err
	}
	switch m.Kind {
	case kindDrawn:
		img := r.PostForm.Get("image")
		if img == "" {
			m.Wrong = "empty"
			return nil
		}
		_, text, _ := strings.Cut(img, ";base64,") // as a canvas gives it
		b, bad := base64.StdEncoding.DecodeString(text)
		if bad != nil {
			m.Wrong = "bad"
			return nil //nolint:nilerr // it is told to the person, by a word of the form
		}
		err = h.service.Draw(r.Context(), views, b, h.client(r))
	case kindTyped:
		err = h.service.DrawTyped(r.Context(), views, m.Typed, h.client(r))
	default:
		m.Kind = kindPlain
		err = h.service.Undraw(r.Context(), views, h.client(r))
	}
	if innsigli.KindOf(err) != innsigli.Invalid {
		return err
	}
	for _, f := range innsigli.FieldsOf(err) {
		m.Wrong = wrongSignature(f)
	}
	if m.Wrong != "" {
		return nil
	}
	return err
}

// wrongSignature is the catalogue's word for what is wrong with a field.
func wrongSignature(f innsigli.FieldError) string {
	switch {
	case f.Field == "Image":
		return "bad"
	case f.Code == "Letters":
		return "letters"
	case f.Code == "MaximumLength":
		return "long"
	}
	return "letters"
}

// viewsOf are all documents that the link signs.
func (h *Handler) viewsOf(r *http.Request) ([]innsigli.View, error) {
	if chi.URLParam(r, "sequence") != "" {
		v, err := h.lookAll(r)
		return v.Documents(), err
	}
	v, err := h.look(r)
	return []innsigli.View{v}, err
}

// notMe tells whoever got somebody else's link what to do.
func (h *Handler) notMe(w http.ResponseWriter, r *http.Request) error {
	p, err := h.whoever(r)
	if err != nil {
		return err
	}
	p.Watch = watch{}
	p.Title = p.P("who.title")
	return h.show(w, http.StatusOK, "person", &p)
}
