package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

//go:embed assets/*.css assets/*.js assets/*.svg
var assetFiles embed.FS

// assets are the files that pages link to, by their name without and with the hash of their content.
type assets struct {
	byName map[string]asset // "page.css", also "page.3fa9c1d25b6e.css"
	url    map[string]string
}

type asset struct {
	body   []byte
	typ    string
	hashed bool // asked for by content: may be kept for ever
}

func readAssets() (assets, error) {
	out := assets{byName: map[string]asset{}, url: map[string]string{}}
	list, err := assetFiles.ReadDir("assets")
	if err != nil {
		return out, err
	}
	for _, f := range list {
		body, err := assetFiles.ReadFile(path.Join("assets", f.Name()))
		if err != nil {
			return out, err
		}
		typ, ok := assetType(path.Ext(f.Name()))
		if !ok {
			return out, fmt.Errorf("%s: unknown type", f.Name())
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext
		out.byName[f.Name()] = asset{body: body, typ: typ}
		out.byName[name] = asset{body: body, typ: typ, hashed: true}
		out.url[f.Name()] = "/assets/" + name
	}
	return out, nil
}

func assetType(ext string) (string, bool) {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8", true
	case ".js":
		return "text/javascript; charset=utf-8", true
	case ".svg":
		return "image/svg+xml", true
	}
	return "", false
}

// asset serves a file. A hash of an older build still gets today's file, uncached: a page that was open during an update
// keeps its clothes.
func (h *Handler) asset(w http.ResponseWriter, r *http.Request) error {
	name := chi.URLParam(r, "file")
	a, ok := h.assets.byName[name]
	if !ok {
		base, _, _ := strings.Cut(name, ".")
		a, ok = h.assets.byName[base+path.Ext(name)]
	}
	if !ok {
		return errNoPage
	}
	if a.hashed {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("Content-Type", a.typ)
	return write(w, http.StatusOK, a.body)
}

// errNoPage refuses an address that leads nowhere.
var errNoPage = &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is no such page."}
