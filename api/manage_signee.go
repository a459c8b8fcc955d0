package api

import (
	"net/http"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// addSignee is POST /management/signing/{process}/signee, which is ours: 200 with the new signee. The members are those
// of a signee at create; user is whoever adds.
func (a *API) addSignee(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	var in createSignee
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	var bad []innsigli.FieldError
	n := in.signee("", func(field, what string) {
		bad = append(bad, innsigli.FieldError{Field: field, Code: "Enum", Text: field + " is not a known " + what + "."})
	})
	if len(bad) > 0 {
		return &innsigli.Error{Kind: innsigli.Invalid, Code: bad[0].Code, Text: bad[0].Text, Fields: bad}
	}
	s, err := a.Service.AddSignee(r.Context(), c, innsigli.AddSigneeRequest{
		Process: processKey(r), User: n.User, Signee: n, Idempotency: r.Header.Get("Idempotency-Key"), Hash: digest(in),
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.whole(s))
}

// removeSignee is DELETE /management/signing/{process}/signee/{signee}?User=, which is ours: 204.
func (a *API) removeSignee(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	err := a.Service.RemoveSignee(r.Context(), c, innsigli.RemoveSigneeRequest{
		Process: processKey(r), Signee: signeeKey(r), User: strings.TrimSpace(web.Query(r).Get("user")),
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
