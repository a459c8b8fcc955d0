package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// resendAfter is how long the page counts down before it offers another code. The server's own limit is the hour's.
const resendAfter = 30 * time.Second

// maxForm bounds a form's body: a token and a code.
const maxForm = 4 << 10

// Answers that the public API gives to a code, by their numbers (facts/wire.md 5.6).
const (
	wrongCode = "1120"
	lateCode  = "1121"
	noCode    = "1122"
)

// asking is the page that asks for the code, or, without a token, offers to send one.
//
// The token stands in the address because a phone may throw the page away while its owner reads the SMS: what it loads
// again must be the same page, not a form sent twice that voids the code. The address already holds the keys of the
// link; token and link together still need the code.
type asking struct {
	person
	asked
	at      string // the path under the link where codes are asked for
	Consent string // the version of the sentence above the button
	Said    string // what the last answer was told: "", "wrong", "short", "late"
	Left    int    // tries left with this code
	Wait    int    // seconds until the page offers to send another
}

// asked is a code that was sent, as the address of the page and its forms carry it.
type asked struct {
	Token  innsigli.Token
	Before int              // wrong tries of the person when the code was sent, for the count of those left
	By     innsigli.Channel // how it was sent; without a code how it will be
}

// requestCode sends a code and leads to the page that asks for it.
func (h *Handler) requestCode(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	p := h.personFor(r, v)
	ask, err := h.askedBy(w, r, &p)
	if err != nil {
		return err
	}
	ch, err := h.service.RequestCode(r.Context(), innsigli.CodeRequest{Process: v.Process.Key, Signee: v.You.Key, Ask: ask})
	if err != nil {
		return err
	}
	return seeOther(w, r, p.To(p.sent(ch).path("/code", "")))
}

// askedBy reads the form that asks for a code: on which way it is to come. What is no way to the person means the usual one.
func (h *Handler) askedBy(w http.ResponseWriter, r *http.Request, p *person) (innsigli.Ask, error) {
	if err := parseForm(w, r, maxForm); err != nil {
		return innsigli.Ask{}, err
	}
	return innsigli.Ask{By: p.way(r.PostForm.Get("by")), From: h.client(r)}, nil
}

// sent is what the next page has to know of a challenge.
func (p *person) sent(ch innsigli.Challenge) asked {
	return asked{Token: ch.Token, Before: p.View.You.WrongTries, By: ch.Via}
}

// path is the page at a path under the link, with what it needs to ask for the code.
func (a asked) path(at, said string) string {
	q := url.Values{}
	if a.Token != "" {
		q.Set("token", string(a.Token))
		q.Set("before", strconv.Itoa(a.Before))
	}
	if a.By != "" {
		q.Set("by", string(a.By))
	}
	if said != "" {
		q.Set("said", said)
	}
	if len(q) == 0 {
		return at
	}
	return at + "?" + q.Encode()
}

// codePage asks for the code.
func (h *Handler) codePage(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	if !v.Process.State.Active() || v.You.Signed() {
		return h.standing(w, r, v, true)
	}
	if !v.Turn(v.You.Key) {
		p := h.personFor(r, v)
		return h.notYet(w, &p)
	}
	return h.askCode(w, r, h.personFor(r, v))
}

// askCode shows the field for the code, or the offer to send one.
func (h *Handler) askCode(w http.ResponseWriter, r *http.Request, p person) error {
	a := askingFor(r, p, "/code")
	a.Consent, a.Title = p.consent().Version(), a.P("code.title")
	if !a.InSequence {
		a.watched(false)
	}
	return h.show(w, http.StatusOK, "code", &a)
}

// askingFor reads the address of a page that asks for a code.
func askingFor(r *http.Request, p person, at string) asking {
	q := web.Query(r)
	a := asking{person: p, asked: asked{Token: innsigli.Token(q.Get("token")), By: p.way(q.Get("by"))}, at: at, Said: q.Get("said")}
	if !a.Token.Valid() {
		a.Token = ""
	}
	a.count(q.Get("before"))
	return a
}

// Others are the ways on which the code could come instead.
func (a *asking) Others() []innsigli.Channel {
	return slices.DeleteFunc(slices.Clone(a.ways), func(c innsigli.Channel) bool { return c == a.By })
}

// AgainAt is where a code is asked for once more.
func (a *asking) AgainAt() string { return a.To(a.at) }

// Again are the words for having the code sent once more, as a key of the catalogue.
func (a *asking) Again() string {
	if a.By == innsigli.ByCall {
		return "code.again.call"
	}
	return "code.again"
}

// count works out how many tries are left, and how long until another code is offered. said is the number of wrong tries
// when the code was sent.
func (a *asking) count(said string) {
	v := a.View
	a.Before = v.You.WrongTries
	if n, err := strconv.Atoi(said); err == nil && n >= 0 && n <= v.You.WrongTries {
		a.Before = n
	}
	a.Left = min(innsigli.MaxCodeTries-(v.You.WrongTries-a.Before), innsigli.MaxWrongTries-v.You.CountedTries())
	if a.Left <= 0 {
		a.Said, a.Token = "late", ""
	}
	if sent := v.You.LastTokenAt; !sent.IsZero() {
		a.Wait = max(0, int((resendAfter-v.Now.Sub(sent)).Round(time.Second)/time.Second))
	}
}

// sign takes the code.
func (h *Handler) sign(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	p := h.personFor(r, v)
	return h.takeCode(w, r, &p, func(t innsigli.Token, code string, by innsigli.Act) (string, error) {
		signed, err := h.service.Sign(r.Context(), t, code, by)
		if err != nil {
			return "", err
		}
		if signed.You.Key != v.You.Key || signed.Process.Key != v.Process.Key {
			return "", nil // the token was another link's: say what is true for this one
		}
		return "/done?signed", nil
	})
}

// takeCode reads the form with the code and has it answered; sign says where under the link it goes on.
func (h *Handler) takeCode(w http.ResponseWriter, r *http.Request, p *person, sign func(innsigli.Token, string, innsigli.Act) (string, error)) error {
	a, code, err := codeForm(w, r, p)
	if err != nil {
		return err
	}
	if len(code) != codeLength {
		return seeOther(w, r, p.To(a.path("/code", "short"))) // a slip of the finger costs no try
	}
	consent := p.consent()
	if r.PostForm.Get("consent") != consent.Version() {
		return seeOther(w, r, p.To(a.path("/code", ""))) // another sentence was read, before the server was renewed
	}
	next, err := sign(a.Token, code, innsigli.Act{From: h.client(r), Consent: consent})
	if err != nil {
		return h.wrongCode(w, r, p, a, "/code", err)
	}
	return seeOther(w, r, p.To(next))
}

// codeForm reads the form with a code: for which one it is, and the digits.
func codeForm(w http.ResponseWriter, r *http.Request, p *person) (a asked, code string, err error) {
	if err := parseForm(w, r, maxForm); err != nil {
		return asked{}, "", err
	}
	form := r.PostForm
	a = asked{Token: innsigli.Token(form.Get("token")), By: p.way(form.Get("by"))}
	if a.Before, err = strconv.Atoi(form.Get("before")); err != nil {
		a.Before = p.View.You.WrongTries
	}
	return a, digits(form.Get("code")), nil
}

// consent is the sentence above the button, as code.html shows it.
func (p *person) consent() innsigli.Consent {
	return innsigli.Consent{Text: p.P("code.consent"), Language: p.Tag()}
}

// codeLength is how many digits a code has.
const codeLength = 6

// digits leaves only the digits of what was typed or pasted: "123 456", "123-456".
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// wrongCode leads back to the field, with words. Everything else than an answer to a code is a refusal like any other.
func (h *Handler) wrongCode(w http.ResponseWriter, r *http.Request, p *person, a asked, at string, err error) error {
	e, ok := errors.AsType[*innsigli.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case wrongCode:
		return seeOther(w, r, p.To(a.path(at, "wrong")))
	case lateCode, noCode:
		return seeOther(w, r, p.To(asked{By: a.By}.path(at, "late")))
	}
	return err
}
