package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5/static"
)

// BrowsePath is where the document can be read and tried out by people.
const BrowsePath = "/swagger-ui"

// cspBrowse lets Swagger UI load from this server only. Its style sheet carries its icons as data addresses.
const cspBrowse = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

const browsePage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Innsigli API</title>
<link rel="icon" type="image/png" href="/swagger-ui/favicon-32x32.png">
<link rel="stylesheet" href="/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/swagger-ui/start.js"></script>
</body>
</html>
`

// browseStart starts the page. It sends nothing to a validator elsewhere and reads no address from the query.
const browseStart = `window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  validatorUrl: null,
  queryConfigEnabled: false,
  presets: [SwaggerUIBundle.presets.apis],
});
`

// browse mounts Swagger UI, which its module embeds.
func (a *API) browse(r chi.Router) {
	page := a.Frame.Handle(a.browseFile)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.Method(method, BrowsePath, page)
		r.Method(method, BrowsePath+"/{file}", page)
	}
}

// browseFile answers with the page or one of its files.
func (a *API) browseFile(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Security-Policy", cspBrowse)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	name := chi.URLParam(r, "file")
	serve := func(name string, b []byte) error {
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(b))
		return nil
	}
	switch name {
	case "", "index.html":
		return serve("index.html", []byte(browsePage))
	case "start.js":
		return serve(name, []byte(browseStart))
	}
	if b, err := fs.ReadFile(static.FS, name); err == nil && path.Ext(name) == ".png" {
		return serve(name, b)
	}
	b, err := fs.ReadFile(static.FS, name+".gz")
	if err != nil {
		a.NotFound()(w, r)
		return nil //nolint:nilerr // it is answered: embedded files are there or not
	}
	return a.packed(w, r, name, b)
}

// packed sends a file that the module holds compressed: as it is to whoever takes that, which every browser does.
func (a *API) packed(w http.ResponseWriter, r *http.Request, name string, b []byte) error {
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", kindOf(name))
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = io.Copy(w, z) //nolint:gosec // G110: the file is part of the program
	return err
}

func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	}
	return "text/html; charset=utf-8"
}
