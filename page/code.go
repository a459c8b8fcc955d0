package page

import (
	"errors"
	"net/http"
	"net/url"
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
	Consent string // the version of the sentence above the button
	Token   innsigli.Token
	Before  int    // wrong tries of the person when the code was sent, for the count of those left
	Said    string // what the last answer was told: "", "wrong", "short", "late"
	Left    int    // tries left with this code
	Wait    int    // seconds until the page offers to send another
}

// requestCode sends a code and leads to the page that asks for it.
func (h *Handler) requestCode(w http.ResponseWriter, r *http.Request) error {
	v, err := h.look(r)
	if err != nil {
		return err
	}
	ch, err := h.service.RequestCode(r.Context(), innsigli.CodeRequest{
		Process: v.Process.Key, Signee: v.You.Key, From: h.client(r),
	})
	if err != nil {
		return err
	}
	p := h.personFor(r, v)
	return seeOther(w, r, p.To(codePath(ch.Token, v.You.WrongTries, "")))
}

// codePath is where a code to sign with is asked for.
func codePath(t innsigli.Token, before int, said string) string {
	return askPath("/code", t, before, said)
}

// askPath is the page at a path under the link, with what it needs to ask for a code.
func askPath(at string, t innsigli.Token, before int, said string) string {
	q := url.Values{}
	if t != "" {
		q.Set("token", string(t))
		q.Set("before", strconv.Itoa(before))
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
	q := web.Query(r)
	a := asking{person: p, Consent: p.consent().Version(), Token: innsigli.Token(q.Get("token")), Said: q.Get("said")}
	if !a.Token.Valid() {
		a.Token = ""
	}
	a.Title = a.P("code.title")
	if !a.InSequence {
		a.watched(false)
	}
	a.count(q.Get("before"))
	return h.show(w, http.StatusOK, "code", &a)
}

// count works out how many tries are left, and how long until another code is offered. said is the number of wrong tries
// when the code was sent.
func (a *asking) count(said string) {
	v := a.View
	a.Before = v.You.WrongTries
	if n, err := strconv.Atoi(said); err == nil && n >= 0 && n <= v.You.WrongTries {
		a.Before = n
	}
	a.Left = min(innsigli.MaxCodeTries-(v.You.WrongTries-a.Before), innsigli.MaxWrongTries-v.You.WrongTries)
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
	token, before, code, err := codeForm(w, r, p)
	if err != nil {
		return err
	}
	if len(code) != codeLength {
		return seeOther(w, r, p.To(codePath(token, before, "short"))) // a slip of the finger costs no try
	}
	consent := p.consent()
	if r.PostForm.Get("consent") != consent.Version() {
		return seeOther(w, r, p.To(codePath(token, before, ""))) // another sentence was read, before the server was renewed
	}
	next, err := sign(token, code, innsigli.Act{From: h.client(r), Consent: consent})
	if err != nil {
		return h.wrongCode(w, r, p, codePath(token, before, "wrong"), codePath("", 0, "late"), err)
	}
	return seeOther(w, r, p.To(next))
}

// codeForm reads the form with a code: the token, the wrong tries when the code was sent, and the digits.
func codeForm(w http.ResponseWriter, r *http.Request, p *person) (token innsigli.Token, before int, code string, err error) {
	if err := parseForm(w, r, maxForm); err != nil {
		return "", 0, "", err
	}
	before, err = strconv.Atoi(r.PostForm.Get("before"))
	if err != nil {
		before = p.View.You.WrongTries
	}
	return innsigli.Token(r.PostForm.Get("token")), before, digits(r.PostForm.Get("code")), nil
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
func (h *Handler) wrongCode(w http.ResponseWriter, r *http.Request, p *person, again, late string, err error) error {
	e, ok := errors.AsType[*innsigli.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case wrongCode:
		return seeOther(w, r, p.To(again))
	case lateCode, noCode:
		return seeOther(w, r, p.To(late))
	}
	return err
}
