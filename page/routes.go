package page

import (
	"net/http"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// Route is one page: a method, a pattern of chi and its handler, which reads chi.URLParam.
type Route struct {
	Method  string
	Pattern string
	Handler http.HandlerFunc
}

// signing is the path of one person's link.
const signing = "/s/{process}/{signee}"

// Routes lists the whole surface of this package. Every GET is there for HEAD too. Whoever mounts them guards
// [OutboxPrefix]: the outbox may be read from the machine itself only (design/decisions.md 6).
func (h *Handler) Routes() []Route {
	var out []Route
	// What may be in a page besides its secrets is nothing that a stranger could choose without knowing the link, so that compressing
	// both together tells nobody anything (BREACH).
	squeezed := middleware.NewCompressor(5, "text/html", "text/css", "text/javascript", "image/svg+xml", "application/json").Handler
	get := func(pattern string, f web.HandlerFunc) {
		g := squeezed(h.page(f)).ServeHTTP
		out = append(out, Route{http.MethodGet, pattern, g}, Route{http.MethodHead, pattern, g})
	}
	post := func(pattern string, f web.HandlerFunc) {
		out = append(out, Route{http.MethodPost, pattern, h.sameSite(h.page(f))})
	}
	get("/", h.home)
	get("/assets/{file}", h.asset)
	get("/brand/{colour}.css", h.brand)
	get(innsigli.LogoPath("{logo}"), h.logo)
	get(EmbedPath, h.embed)
	get(VerifyPath, h.verifyForm)
	post(VerifyPath, h.verify)
	get(signing, h.document)
	get(signing+"/page/{page}.png", h.pageImage)
	get(signing+"/text/{page}", h.pageText)
	get(signing+"/signature", h.deciding(h.signatureForm))
	post(signing+"/signature", h.deciding(h.signature))
	get(signing+"/not-me", h.notMe)
	get(signing+"/enter", h.enterPage)
	post(signing+"/enter", h.requestEntry)
	get(signing+"/enter/code", h.enterPage)
	post(signing+"/enter/code", h.enter)
	get(signing+"/code", h.codePage)
	post(signing+"/code", h.requestCode)
	post(signing+"/sign", h.sign)
	// A reload of the answer to a form, or a link to it, must not end in "method not allowed".
	get(signing+"/sign", h.toDocument)
	get(signing+"/done", h.done)
	get(signing+"/decline", h.deciding(h.declineForm))
	post(signing+"/decline", h.deciding(h.decline))
	get(signing+"/reassign", h.deciding(h.reassignForm))
	post(signing+"/reassign", h.deciding(h.reassign))
	get(signing+"/state", h.state)
	post(signing+"/seen", h.seen)
	get(sequence, h.documents)
	get(sequence+"/signature", h.deciding(h.signatureForm))
	post(sequence+"/signature", h.deciding(h.signature))
	get(sequence+"/not-me", h.notMe)
	get(sequence+"/enter", h.enterPage)
	post(sequence+"/enter", h.requestEntry)
	get(sequence+"/enter/code", h.enterPage)
	post(sequence+"/enter/code", h.enter)
	get(sequence+"/code", h.codePageForAll)
	post(sequence+"/code", h.requestCodeForAll)
	post(sequence+"/sign", h.signAll)
	get(sequence+"/sign", h.toDocuments)
	get(sequence+"/decline", h.deciding(h.declineForm))
	post(sequence+"/decline", h.deciding(h.decline))
	get(sequence+"/reassign", h.deciding(h.reassignForm))
	post(sequence+"/reassign", h.deciding(h.reassign))
	get(sequence+"/state", h.stateOfAll)
	get(unsubscribe, h.stopForm)
	post(unsubscribe, h.stop)
	if h.mailbox != nil {
		get(OutboxPrefix, h.outbox)
		get(OutboxPrefix+"/{id}", h.letter)
		get(OutboxPrefix+"/{id}/html", h.letterHTML)
		get(OutboxPrefix+"/{id}/file/{n}", h.letterFile)
	}
	return out
}

// sameSite refuses forms of other sites (net/http.CrossOriginProtection). Browsers that send no Sec-Fetch-Site, which
// newer ones also leave out on plain http, say "Origin: null" under our Referrer-Policy; that tells nothing about where
// the form came from and would lock them out. What such a browser could be made to send still needs the link's keys.
func (h *Handler) sameSite(next http.Handler) http.HandlerFunc {
	guarded := h.cross.Handler(next)
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
			next.ServeHTTP(w, r)
			return
		}
		guarded.ServeHTTP(w, r)
	}
}
