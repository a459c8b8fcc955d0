// Package api is the JSON API for companies and for signing pages of their own: the public surface of the Taktikal Core
// API (facts/wire.md), a file an endpoint, and the whole surface on one screen in [API.Routes].
//
// It is in charge of the wire: member names, letter case, enums by name or number, status codes. It decides nothing;
// every handler translates a request, calls one verb of package innsigli and translates the answer.
package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// API holds what the handlers need.
type API struct {
	Service *innsigli.Service
	Frame   *web.Frame
	Proxies web.Proxies
	Links   innsigli.Links
}

// Routes lists the whole surface. Paths are in lower case and without /api: the frame has folded them.
func (a *API) Routes(r chi.Router) {
	with := func(h func(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error) http.HandlerFunc {
		return a.Frame.Handle(a.authenticated(h))
	}
	open := func(h web.HandlerFunc) http.HandlerFunc { return a.Frame.Handle(h) }

	r.Post("/management/signing", with(a.create))
	r.Delete("/management/signing", with(a.cancel))
	r.Post("/management/signing/sequential", with(a.createSequence))
	r.Delete("/management/signing/sequential", with(a.cancelSequence))
	r.Get("/management/flow", with(a.flows))
	r.Post("/management/webhook", with(a.addWebhook))

	r.Get("/signing/{process}/signee/{signee}", open(a.signee))
	r.Get("/signing/sequential/{sequence}/signee/{signee}", open(a.sequenceSignee))
	r.Post("/signing/sign/{process}/signee/{signee}", open(a.requestToSign))
	r.Post("/signing/sign/simple/sequence/{sequence}/signee/{signee}", open(a.requestToSignAll))
	r.Get("/signing/simple/otp", open(a.otp))
	r.Post("/signing/simple/otp", open(a.otp))
	r.Get("/signing/simple/otp/bulk", open(a.otpAll))
	r.Post("/signing/simple/otp/bulk", open(a.otpAll))

	r.Get("/signing/activity", with(a.activity))
	r.Get("/signing/activity/user", with(a.activity))
	r.Get("/signing/activity/company", with(a.activity))
	r.Get("/signing/activity/{process}", with(a.activity))

	for _, method := range []func(string, http.HandlerFunc){r.Get, r.Head} {
		method("/pdf/{process}/{signee}.pdf", open(a.pdf))
		method("/pdf/sp/{process}.pdf", with(a.pdfWhole))
		method("/pdf/{process}/{signee}/{attachment}.pdf", open(a.attachment))
		method("/pdf/sp/{process}/{attachment}.pdf", with(a.attachmentWhole))
	}
}

// NotFound answers for a path that is no route of ours.
func (a *API) NotFound() http.HandlerFunc {
	return a.Frame.Handle(func(http.ResponseWriter, *http.Request) error {
		return &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is nothing at this address."}
	})
}

func processKey(r *http.Request) innsigli.ProcessKey {
	return innsigli.ProcessKey(chi.URLParam(r, "process"))
}

func signeeKey(r *http.Request) innsigli.SigneeKey {
	return innsigli.SigneeKey(chi.URLParam(r, "signee"))
}

// MethodNotAllowed answers for a route of ours that has no such method, and says which it has.
func (a *API) MethodNotAllowed(routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := chi.RouteContext(r.Context()).RoutePath
		var allowed []string
		for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if routes.Match(chi.NewRouteContext(), m, path) {
				allowed = append(allowed, m)
			}
		}
		web.WriteNotAllowed(w, allowed)
	}
}
