package api

import (
	"net/http"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

type declineRequest struct {
	Reason string `json:"reason"`
}

// decline is POST /signing/{process}/signee/{signee}/decline, which is ours: the signee will not sign. It answers 200
// with the process as it then stands, and the same once more to a client that asks again.
func (a *API) decline(w http.ResponseWriter, r *http.Request) error {
	var in declineRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	v, err := a.Service.Decline(r.Context(), innsigli.DeclineRequest{
		Process: processKey(r), Signee: signeeKey(r), Reason: in.Reason, From: a.Proxies.Client(r),
	})
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.view(v))
}
