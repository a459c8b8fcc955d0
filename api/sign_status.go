package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-json-experiment/json"

	"github.com/innsigli/innsigli"
)

// signStatus is the answer to a poll. The public API names its members and not what status can say; these words are those
// of its request to sign. It is written as a stream, like [signAnswer].
type signStatus struct {
	Status    string      `json:"status"`
	Message   string      `json:"message"`
	ErrorCode string      `json:"error_code,omitempty"`
	Token     string      `json:"token"`
	File      *signedFile `json:"file,omitempty"`
}

// signStatus is GET /signing/status/processkey/{process}/signeekey/{signee}/token/{token}: how it stands with the code that
// was asked for. It comes with the sealed document as soon as there is one.
func (a *API) signStatus(w http.ResponseWriter, r *http.Request) error {
	token := chi.URLParam(r, "token")
	v, st, err := a.Service.SignStatus(r.Context(), processKey(r), signeeKey(r), innsigli.Token(token))
	if err != nil {
		return otpError(w, err)
	}
	out := signStatus{Status: "waiting", Message: "The code has not been answered.", Token: token}
	switch st {
	case innsigli.SignWaits:
	case innsigli.SignGiven:
		out.Status, out.Message = "ok", "ok"
	case innsigli.SignLate:
		out.Status, out.Message, out.ErrorCode = "error", "Token expired", "1121"
	case innsigli.SignStopped:
		out.Status, out.Message, out.ErrorCode = "error", "The process is not active.", "ProcessNotActive"
	}
	head, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return a.writeWithFile(w, r, v, head, st == innsigli.SignGiven && v.Process.State == innsigli.Completed && v.Readable())
}
