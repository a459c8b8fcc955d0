package api

import (
	"net/http"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// cancel is DELETE /management/signing?ProcessKey=&User= (facts/cancel-signing-process.txt): 204 and nothing else.
func (a *API) cancel(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	q := web.Query(r)
	err := a.Service.Cancel(r.Context(), c, innsigli.CancelRequest{
		Process: innsigli.ProcessKey(strings.ToLower(strings.TrimSpace(q.Get("processkey")))),
		User:    q.Get("user"),
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
