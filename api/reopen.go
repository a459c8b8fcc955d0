package api

import (
	"net/http"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// reopen is POST /management/signing/{process}/signee/{signee}/reopen, which is ours: 204, and again.
func (a *API) reopen(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	err := a.Service.Reopen(r.Context(), c, innsigli.ReopenRequest{
		Process: processKey(r), Signee: signeeKey(r), User: strings.TrimSpace(web.Query(r).Get("user")),
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
