package page

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// brand is a style sheet that puts a company's colour in the place of ours.
func (h *Handler) brand(w http.ResponseWriter, r *http.Request) error {
	light, dark, ok := innsigli.Tints("#" + chi.URLParam(r, "colour"))
	if !ok {
		return errNoPage
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return write(w, http.StatusOK, fmt.Appendf(nil, ":root { %s }\n@media (prefers-color-scheme: dark) { :root { %s } }\n", tokensOf(light), tokensOf(dark)))
}

func tokensOf(t innsigli.Tint) string {
	return fmt.Sprintf("--brand: %s; --brand-ink: %s; --brand-deep: %s;", t.Brand, t.Ink, t.Deep)
}

// logo is a picture by its hash, so it never changes.
func (h *Handler) logo(w http.ResponseWriter, r *http.Request) error {
	png, err := h.service.Logo(r.Context(), chi.URLParam(r, "logo"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return write(w, http.StatusOK, png)
}
