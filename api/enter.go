package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// challengeHeader carries the token of a challenge with the 401 that asks for its code. Ours.
const challengeHeader = "X-Challenge-Token"

// requestToView asks to be shown a document that asks for proof. First with the phone number, or the e-mail address, which
// is ours; then with the token of the challenge and the code.
type requestToView struct {
	PhoneNumber string `json:"phoneNumber"`
	Email       string `json:"email"`
	Token       string `json:"token"`
	OTP         string `json:"otp"`
}

// requestToView is POST /signing/{process}: see [API.admit].
func (a *API) requestToView(w http.ResponseWriter, r *http.Request) error {
	return a.admit(w, r, innsigli.Target{Process: processKey(r)})
}

// requestToViewAll is POST /signing/sequential/{sequence}: the same for a sequence.
func (a *API) requestToViewAll(w http.ResponseWriter, r *http.Request) error {
	return a.admit(w, r, innsigli.Target{Sequence: sequenceKey(r)})
}

// answerAfter is how long a request to be admitted takes at least, when it is refused: what is written for people of the
// process, and not for others, shall not show in the time.
const answerAfter = 250 * time.Millisecond

// admit refuses no sooner than answerAfter; see [API.admitting].
func (a *API) admit(w http.ResponseWriter, r *http.Request, t innsigli.Target) error {
	least := time.NewTimer(answerAfter)
	defer least.Stop()
	err := a.admitting(w, r, t)
	if err != nil {
		select {
		case <-least.C:
		case <-r.Context().Done():
		}
	}
	return err
}

// admitting sends a code and answers 401 with the challenge, the same for numbers that nobody has; or takes the code, and
// answers with the process and an access token.
func (a *API) admitting(w http.ResponseWriter, r *http.Request, t innsigli.Target) error {
	var in requestToView
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	if in.Token == "" {
		ch, err := a.Service.RequestEntryOf(r.Context(), t, strings.TrimSpace(in.PhoneNumber), strings.TrimSpace(in.Email), a.Proxies.Client(r))
		if err != nil {
			return err
		}
		w.Header().Set(challengeHeader, string(ch))
		return innsigli.ErrUnadmitted()
	}
	if in.OTP == "" {
		return innsigli.InvalidField("OTP", "NotEmpty", "OTP is required.")
	}
	v, access, err := a.Service.EnterOf(r.Context(), t, innsigli.Token(strings.ToLower(in.Token)), strings.TrimSpace(in.OTP), a.Proxies.Client(r))
	if err != nil {
		return err
	}
	w.Header().Set(web.AccessHeader, access.Token)
	if t.Sequence == "" {
		return web.WriteJSON(w, http.StatusOK, a.view(v))
	}
	q, err := a.Service.LookSequence(innsigli.WithAccess(r.Context(), access.Token), t.Sequence, v.You.Person, nil)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.sequence(q))
}

type tokenRequest struct {
	ExpiresIn int `json:"expiresIn"`
}

// accessToken is TaktikalAccessToken of the public API.
type accessToken struct {
	AccessToken string `json:"accessToken"`
	TokenType   string `json:"tokenType"`
	ExpiresIn   int    `json:"expiresIn"`
	ExpiresAt   string `json:"expiresAt"`
	Scope       string `json:"scope"`
}

// token is POST /management/signing/{process}/signee/{signee}/token.
func (a *API) token(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readToken(w, r)
	if err != nil {
		return err
	}
	access, err := a.Service.IssueAccess(r.Context(), c, processKey(r), signeeKey(r), in)
	if err != nil {
		return err
	}
	return a.writeToken(w, access)
}

// tokenForAll is POST /signing/sequential/{sequence}/signee/{signee}/token.
func (a *API) tokenForAll(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readToken(w, r)
	if err != nil {
		return err
	}
	access, err := a.Service.IssueSequenceAccess(r.Context(), c, sequenceKey(r), sequenceSigneeKey(r), in)
	if err != nil {
		return err
	}
	return a.writeToken(w, access)
}

func readToken(w http.ResponseWriter, r *http.Request) (time.Duration, error) {
	var in tokenRequest
	if err := readSmall(w, r, &in); err != nil {
		return 0, err
	}
	if most := int(innsigli.MaxAccessTime / time.Second); in.ExpiresIn < 0 || in.ExpiresIn > most {
		in.ExpiresIn = most + 1 // out of bounds, and no overflow
	}
	return time.Duration(in.ExpiresIn) * time.Second, nil
}

func (a *API) writeToken(w http.ResponseWriter, access innsigli.Access) error {
	left := access.ExpiresAt.Sub(a.Service.Now()).Round(time.Second)
	return web.WriteJSON(w, http.StatusOK, accessToken{
		AccessToken: access.Token, TokenType: "x-access-token", ExpiresIn: int(left / time.Second), ExpiresAt: rfc3339(access.ExpiresAt), Scope: "view",
	})
}
