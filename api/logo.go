package api

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

type logo struct {
	Logo string `json:"logo"`
}

// setLogo is PUT /management/company/logo and /management/flow/{flow}/logo: the picture is the body.
func (a *API) setLogo(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	img, err := io.ReadAll(http.MaxBytesReader(w, r.Body, innsigli.MaxLogoBytes))
	if err != nil {
		return err
	}
	l, err := a.Service.SetLogo(r.Context(), c, flowKeyOf(chi.URLParam(r, "flow")), img)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, logo{a.logoURL(l.SHA256)})
}

// logo is GET of the same: the picture as it is shown.
func (a *API) logo(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	sum := c.Company.Logo
	if k := flowKeyOf(chi.URLParam(r, "flow")); k != "" {
		f, err := a.Service.Flow(r.Context(), c, k)
		if err != nil {
			return err
		}
		sum = f.Brand.Logo
	}
	png, err := a.Service.Logo(r.Context(), sum)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(png))
	return nil
}

// removeLogo is DELETE of the same. One that is not there is no error.
func (a *API) removeLogo(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	if err := a.Service.RemoveLogo(r.Context(), c, flowKeyOf(chi.URLParam(r, "flow"))); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// logoURL is where anybody may see a logo; "" for none.
func (a *API) logoURL(sum string) string {
	if sum == "" {
		return ""
	}
	return a.Links.Logo(sum)
}
