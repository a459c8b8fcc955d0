package api

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// pdf is GET and HEAD /pdf/{process}/{signee}.pdf: the document as it stands.
func (a *API) pdf(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagPdf, r)
	if err != nil {
		return err
	}
	v, err := a.Service.Look(r.Context(), processKey(r), signeeKey(r), c)
	if err != nil {
		return err
	}
	if wholly(r) && v.Readable() && !v.Trusted {
		if err := a.Service.Downloaded(r.Context(), v); err != nil {
			return err
		}
	}
	d, err := a.Service.Download(r.Context(), v)
	return send(w, r, d, err)
}

// wholly says whether a request is for a document from its beginning on: what a reader of PDF fetches in pieces is one
// download.
func wholly(r *http.Request) bool {
	part := r.Header.Get("Range")
	return r.Method == http.MethodGet && (part == "" || strings.HasPrefix(part, "bytes=0-"))
}

// pdfWhole is GET and HEAD /pdf/sp/{process}.pdf: the same for the company.
func (a *API) pdfWhole(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	v, err := a.Service.LookWhole(r.Context(), processKey(r), c)
	if err != nil {
		return err
	}
	d, err := a.Service.Download(r.Context(), v)
	return send(w, r, d, err)
}

// send answers with a document that was opened, or with why it was not.
func send(w http.ResponseWriter, r *http.Request, d *innsigli.Download, err error) error {
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // a reader; what could be lost was lost while reading
	h := w.Header()
	h.Set("Content-Type", d.Type)
	// Never opened in the page's own origin by a viewer of the browser.
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	h.Set("ETag", `"`+d.SHA256+`"`)
	http.ServeContent(w, r, "", time.Time{}, d)
	return nil
}
