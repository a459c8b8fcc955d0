package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// Route is one address of the API with everything that the OpenAPI document says of it. It is made by [own], [open] and
// [Beside], with what it takes and gives as options.
type Route struct {
	Methods []string
	Pattern string // of go-chi, in lower case and without /api
	Tag     Tag
	ID      string // operationId: a verb and its object, unique
	Summary string

	own  ownHandler // asks for credentials
	open web.HandlerFunc

	perFlow bool // also for keys that are limited to flows

	query   []string // names, with a star when the request is refused without
	headers []string
	takes   []media
	gives   []media // none: 204
	fails   map[int]reflect.Type
}

// Tag groups routes in the document. The permissions of API keys are granted by the same names (facts/wire.md 1.7).
type Tag string

// The groups of routes.
const (
	tagAuth      Tag = "Auth"
	tagCompany   Tag = "Company"
	tagFlow      Tag = "Flow"
	tagPdf       Tag = "Pdf"
	tagSealing   Tag = "Sealing"
	tagSigning   Tag = "Signing"
	tagWebHook   Tag = "WebHook"
	tagTemplate  Tag = "EmailTemplate"
	tagContacts  Tag = "Contacts"
	tagStatistic Tag = "Statistics"

	// TagServer is for what belongs to no company: health, this document, the local authority.
	TagServer Tag = "Server"
)

// media is a body of one type: a Go type that is JSON, or bytes when kind is nil.
type media struct {
	name string
	kind reflect.Type
}

const jsonType = "application/json"

type ownHandler = func(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error

type option func(*Route)

// own is a route for companies: it asks for credentials before it reads the body. at is one method or several, and the
// pattern.
func own(at string, h ownHandler, tag Tag, id, summary string, opts ...option) Route {
	rt := route(at, tag, id, summary, opts)
	rt.own = h
	return rt
}

// open is a route that needs no credentials: the keys of the link are the proof.
func open(at string, h web.HandlerFunc, tag Tag, id, summary string, opts ...option) Route {
	rt := route(at, tag, id, summary, opts)
	rt.open = h
	return rt
}

// Beside describes a route that another package serves, so that the document has it too. It gives mediaType, or JSON of
// v's type when v is not nil.
func Beside(at, id, summary, mediaType string, v any) Route {
	rt := route(at, TagServer, id, summary, nil)
	m := media{name: mediaType}
	if v != nil {
		m.kind = reflect.TypeOf(v)
	}
	rt.gives = []media{m}
	return rt
}

// Failing adds a refusal to a route whose body is JSON of v's type and no ErrorResponse.
func Failing(status int, v any, rt Route) Route {
	rt.fails[status] = reflect.TypeOf(v)
	return rt
}

// Inbound describes a route, served by another package, that takes something in from programs that have no key of a company:
// bytes of takes, unless it is empty, or JSON of told's type, and answers JSON of noted's.
func Inbound(at, id, summary, takes string, told, noted any) Route {
	rt := Beside(at, id, summary, jsonType, noted)
	if takes != "" {
		rt.takes = append(rt.takes, media{name: takes})
	}
	if takes == "" || takes == "message/rfc822" {
		rt.takes = append(rt.takes, media{jsonType, reflect.TypeOf(told)})
	}
	fails(http.StatusUnauthorized)(&rt)
	return rt
}

func route(at string, tag Tag, id, summary string, opts []option) Route {
	words := strings.Fields(at)
	rt := Route{
		Methods: words[:len(words)-1], Pattern: words[len(words)-1], Tag: tag, ID: id, Summary: summary,
		fails: map[int]reflect.Type{},
	}
	for _, o := range opts {
		o(&rt)
	}
	return rt
}

// takes says what Go type the JSON of the request is read into.
func takes[T any]() option {
	return func(rt *Route) { rt.takes = append(rt.takes, media{jsonType, reflect.TypeFor[T]()}) }
}

// takesBytes says that the request is, or may be, a file of that type.
func takesBytes(mediaType string) option {
	return func(rt *Route) { rt.takes = append(rt.takes, media{name: mediaType}) }
}

// gives says what Go type the JSON of the answer is made of. A route that gives nothing answers 204.
func gives[T any]() option {
	return func(rt *Route) { rt.gives = append(rt.gives, media{jsonType, reflect.TypeFor[T]()}) }
}

// givesBytes says that the answer is a file of that type.
func givesBytes(mediaType string) option {
	return func(rt *Route) { rt.gives = append(rt.gives, media{name: mediaType}) }
}

// asks names what the query may have; a star marks what it must have.
func asks(names ...string) option {
	return func(rt *Route) { rt.query = append(rt.query, names...) }
}

// header names a header that the request may have.
func header(names ...string) option {
	return func(rt *Route) { rt.headers = append(rt.headers, names...) }
}

// perFlow lets API keys in that are limited to flows: the verb behind the route looks at [innsigli.Caller].Flows.
func perFlow(rt *Route) { rt.perFlow = true }

// fails lists refusals beside those that every such route has (see [Route.refusals]).
func fails(statuses ...int) option {
	return func(rt *Route) {
		for _, s := range statuses {
			rt.fails[s] = reflect.TypeFor[web.ErrorResponse]()
		}
	}
}

// failsAs is a refusal with a body of its own.
func failsAs[T any](status int) option {
	return func(rt *Route) { rt.fails[status] = reflect.TypeFor[T]() }
}

// refusals are all statuses that the route may refuse with, and the type of the body.
func (rt *Route) refusals() map[int]reflect.Type {
	out := map[int]reflect.Type{}
	add := func(when bool, statuses ...int) {
		for _, s := range statuses {
			if when {
				out[s] = reflect.TypeFor[web.ErrorResponse]()
			}
		}
	}
	add(true, http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	add(rt.own != nil, http.StatusUnauthorized, http.StatusForbidden)
	add(len(rt.takes) > 0, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	add(len(rt.query) > 0, http.StatusBadRequest)
	add(strings.Contains(rt.Pattern, "{"), http.StatusBadRequest, http.StatusNotFound)
	for s, t := range rt.fails {
		out[s] = t
		add(s == http.StatusUnauthorized, http.StatusForbidden) // who may send credentials may lack the permission
	}
	return out
}

// handler is the route as the frame serves it; nil for what is only described.
func (rt *Route) handler(a *API) http.HandlerFunc {
	switch {
	case rt.own != nil:
		return a.Frame.Handle(a.authenticated(rt))
	case rt.open != nil:
		return a.Frame.Handle(func(w http.ResponseWriter, r *http.Request) error {
			if err := rt.checkQuery(r); err != nil {
				return err
			}
			return rt.open(w, r)
		})
	}
	return nil
}

// checkQuery lets nothing be done for a query that says two things, such as a cancel of two processes.
func (rt *Route) checkQuery(r *http.Request) error {
	names := make([]string, len(rt.query))
	for i, n := range rt.query {
		names[i] = strings.TrimSuffix(n, "*")
	}
	return web.CheckQuery(r, names...)
}
