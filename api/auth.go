package api

import (
	"net/http"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

var errUnauthenticated = &innsigli.Error{
	Kind: innsigli.Unauthenticated, Code: "Unauthorized",
	Text: "Send Authorization: Basic with base64(companyKey:ApiKey).",
}

// authenticated lets a request through with the company whose credentials it carries, when its key may use the resource
// of the route. A key that is limited to flows may use the routes alone that look at the flow. The body is not touched before.
func (a *API) authenticated(rt *Route) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := a.caller(r)
		if err != nil {
			return err
		}
		if c, err = c.Allow(string(rt.Tag), r.Method); err != nil {
			return err
		}
		if !rt.perFlow {
			if err := c.AllowWhole(); err != nil {
				return err
			}
		}
		if err := rt.checkQuery(r); err != nil {
			return err
		}
		return rt.own(w, r, c)
	}
}

// caller reads and checks Basic credentials (facts/wire.md 1.1: username companyKey, password the API key).
func (a *API) caller(r *http.Request) (innsigli.Caller, error) {
	company, key, ok := r.BasicAuth()
	if !ok || company == "" || key == "" || len(company) > 64 || len(key) > 256 || !innsigli.Storable(company) {
		return innsigli.Caller{}, errUnauthenticated
	}
	c, err := a.Service.Store.Authenticate(r.Context(), innsigli.CompanyKey(strings.ToLower(company)), innsigli.HashAPIKey(key))
	if innsigli.KindOf(err) == innsigli.NotFound {
		return innsigli.Caller{}, errUnauthenticated
	}
	return c, err
}

// maybeCaller is for routes that show more to the company itself. Credentials that are sent and wrong are refused,
// and so are those of a key that may not use the resource.
func (a *API) maybeCaller(resource Tag, r *http.Request) (*innsigli.Caller, error) {
	if r.Header.Get("Authorization") == "" {
		return nil, nil //nolint:nilnil // no credentials, no caller, no error
	}
	c, err := a.caller(r)
	if err != nil {
		return nil, err
	}
	c, err = c.Allow(string(resource), r.Method)
	return &c, err
}
