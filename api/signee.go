package api

import (
	"net/http"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// signee is GET /signing/{process}/signee/{signee}: the process as this signee may see it, whole with Basic. After the
// end it still answers 200, with the status and without a document.
func (a *API) signee(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagSigning, r)
	if err != nil {
		return err
	}
	v, err := a.Service.Look(r.Context(), processKey(r), signeeKey(r), c)
	if err != nil {
		return err
	}
	if v.Locked() {
		return innsigli.ErrUnadmitted()
	}
	return web.WriteJSON(w, http.StatusOK, a.view(v))
}
