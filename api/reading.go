package api

import (
	"net/http"

	"github.com/innsigli/innsigli"
)

type readRequest struct {
	Pages   []int `json:"pages"`
	Seconds int   `json:"seconds"`
}

// reading is POST /signing/{process}/signee/{signee}/reading, which is ours: a company's own page tells what it has shown.
func (a *API) reading(w http.ResponseWriter, r *http.Request) error {
	var in readRequest
	if err := readSmall(w, r, &in); err != nil {
		return err
	}
	err := a.Service.Read(r.Context(), innsigli.ReadRequest{
		Process: processKey(r), Signee: signeeKey(r), Pages: in.Pages, Seconds: in.Seconds,
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
