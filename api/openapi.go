package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"
)

// schemas is where the document keeps the types.
const schemas = "#/components/schemas/"

// conventions stand at the head of the document: what holds for every route and no schema can say.
const conventions = `The HTTP API of Innsigli, a self-hosted e-signing server. It takes what clients of the Taktikal Core API send.

- Every route is served with and without ` + "`/api`" + ` in front, in any letter case, with or without a slash at its end.
- Names in the query, members of JSON and names of enumerations are taken in any letter case; enumerations also by number. Members that the server does not know are ignored, and null is as good as left out.
- Answers are camelCase, leave out what has no value, and write enumerations as they stand here. A later version may add members.
- Companies authenticate with HTTP Basic: the company key and an API key. Routes of the person who signs need none.
- A refusal has the body ErrorResponse: a stable errorCode, a sentence, and every wrong member by its path.
- An address that is none answers 404, a method that an address has not 405 with Allow.`

// document is GET /openapi.json.
func (a *API) document(w http.ResponseWriter, _ *http.Request) error {
	b, err := a.Document()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", jsonType)
	_, err = w.Write(b)
	return err
}

// Document is the OpenAPI 3.1 document of [API.Table] and a.Others, as JSON. It is made once.
func (a *API) Document() ([]byte, error) {
	a.once.Do(func() {
		d := newDrawing()
		for _, rt := range slices.Concat(a.Table(), a.Others) {
			d.add(&rt)
		}
		a.doc, a.err = json.Marshal(d.finish(a.Version))
	})
	return a.doc, a.err
}

// drawing is a document in the making. What is asked for and what is answered are registered apart: the same Go type
// means less as a request, where next to nothing is required and more may come, than as an answer.
type drawing struct {
	doc     *huma.OpenAPI
	in, out huma.Registry
}

func newDrawing() *drawing {
	d := &drawing{doc: &huma.OpenAPI{OpenAPI: "3.1.0", Paths: map[string]*huma.PathItem{}}}
	d.out = huma.NewMapRegistry(schemas, huma.DefaultSchemaNamer)
	d.in = huma.NewMapRegistry(schemas, func(t reflect.Type, hint string) string {
		name := huma.DefaultSchemaNamer(t, hint)
		if d.out.Map()[name] != nil {
			name += "Request"
		}
		return name
	})
	for _, r := range []huma.Registry{d.in, d.out} {
		r.RegisterTypeAlias(reflect.TypeFor[jsontext.Value](), reflect.TypeFor[scalar]())
	}
	return d
}

// scalar stands for members that are read as they come (see web.Scalar).
type scalar struct{}

// Schema is what web.Scalar takes.
func (scalar) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}, {Type: huma.TypeBoolean}}}
}

var placeholder = regexp.MustCompile(`\{(\w+)\}|\*`)

// add writes a route into the document, once a method.
func (d *drawing) add(rt *Route) {
	path := placeholder.ReplaceAllStringFunc(rt.Pattern, func(p string) string { return "{" + pathName(strings.Trim(p, "{}")) + "}" })
	item := d.doc.Paths[path]
	if item == nil {
		item = &huma.PathItem{}
		d.doc.Paths[path] = item
	}
	for _, method := range rt.Methods {
		op := &huma.Operation{
			OperationID: rt.ID, Tags: []string{string(rt.Tag)}, Summary: rt.Summary, Responses: d.responses(rt, method == http.MethodHead),
			Parameters: parameters(rt), RequestBody: d.requestBody(rt), Security: security(rt),
		}
		if rt.own != nil && !rt.perFlow {
			op.Description = "Not for API keys that are limited to flows."
		}
		switch method {
		case http.MethodHead:
			op.OperationID += "Head"
			item.Head = op
		case http.MethodGet:
			item.Get = op
		case http.MethodPost:
			item.Post = op
		case http.MethodPut:
			item.Put = op
		case http.MethodDelete:
			item.Delete = op
		}
	}
}

// security: credentials where they are asked for, perhaps credentials where they show more, else nothing.
func security(rt *Route) []map[string][]string {
	basic := map[string][]string{"basic": {}}
	if rt.own != nil {
		return []map[string][]string{basic}
	}
	if _, may := rt.fails[http.StatusUnauthorized]; may {
		return []map[string][]string{{}, basic}
	}
	return nil
}

func (d *drawing) requestBody(rt *Route) *huma.RequestBody {
	if len(rt.takes) == 0 {
		return nil
	}
	content := map[string]*huma.MediaType{}
	for _, m := range rt.takes {
		content[m.name] = d.media(d.in, m, rt.ID)
	}
	return &huma.RequestBody{Content: content}
}

func (d *drawing) media(r huma.Registry, m media, hint string) *huma.MediaType {
	if m.kind == nil {
		return &huma.MediaType{Schema: &huma.Schema{}} // bytes: OpenAPI 3.1, 4.8.14.2
	}
	s := r.Schema(m.kind, true, hint)
	s.Nullable = false // a list without elements is [], not null
	return &huma.MediaType{Schema: s}
}

func (d *drawing) responses(rt *Route, head bool) map[string]*huma.Response {
	out := map[string]*huma.Response{}
	if len(rt.gives) == 0 {
		out["204"] = &huma.Response{Description: http.StatusText(http.StatusNoContent)}
	} else {
		ok := &huma.Response{Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{}}
		for _, m := range rt.gives {
			ok.Content[m.name] = d.media(d.out, m, rt.ID)
		}
		out["200"] = ok
	}
	for status, kind := range rt.refusals() {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{jsonType: {Schema: d.out.Schema(kind, true, rt.ID)}},
		}
	}
	if head {
		for _, r := range out {
			r.Content = nil
		}
	}
	return out
}

// pathName is what the document calls a part of a path: as the public API does where it has it.
func pathName(p string) string {
	switch p {
	case "id":
		return "Id"
	case "*", "":
		return "Rest"
	case "process", "signee", "sequence", "attachment", "flow", "company":
		return strings.ToUpper(p[:1]) + p[1:] + "Key"
	}
	return strings.ToUpper(p[:1]) + p[1:]
}

func parameters(rt *Route) []*huma.Param {
	var out []*huma.Param
	add := func(in, name string, required bool) {
		p := &huma.Param{Name: name, In: in, Required: required, Schema: &huma.Schema{Type: huma.TypeString}}
		if w, ok := wordFor("", name); ok {
			p.Description = w.text
			w.apply(p.Schema)
		}
		out = append(out, p)
	}
	for _, m := range placeholder.FindAllStringSubmatch(rt.Pattern, -1) {
		add("path", pathName(m[1]), true)
	}
	for _, name := range rt.query {
		bare, required := strings.CutSuffix(name, "*")
		add("query", bare, required)
	}
	for _, name := range rt.headers {
		add("header", name, false)
	}
	return out
}

// finish puts the types in and says what they mean.
func (d *drawing) finish(version string) *huma.OpenAPI {
	for name, s := range d.in.Map() {
		d.loosen(name, s)
	}
	all := maps.Clone(d.out.Map())
	maps.Copy(all, d.in.Map())
	tags := map[string]bool{}
	for _, item := range d.doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil {
				tags[op.Tags[0]] = true
			}
		}
	}
	for _, t := range slices.Sorted(maps.Keys(tags)) {
		d.doc.Tags = append(d.doc.Tags, &huma.Tag{Name: t})
	}
	for name, s := range all {
		explain(name, s)
	}
	d.doc.Info = &huma.Info{Title: "Innsigli", Version: version, Description: conventions}
	d.doc.Servers = []*huma.Server{{URL: "/"}, {URL: "/api"}}
	d.doc.Components = &huma.Components{
		Schemas:         merged{d.out, all},
		SecuritySchemes: map[string]*huma.SecurityScheme{"basic": {Type: "http", Scheme: "basic", Description: "companyKey:ApiKey"}},
	}
	return d.doc
}

// loosen makes a schema of a request: required is only what its Go type says with `required:"true"`.
func (d *drawing) loosen(name string, s *huma.Schema) {
	s.Required = nil
	t := d.in.TypeFromRef(schemas + name)
	for f := range t.Fields() {
		if f.Tag.Get("required") == "true" {
			member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			s.Required = append(s.Required, member)
		}
	}
}

// explain gives the members of a type their meaning, and lets more members come in a later version.
func explain(name string, s *huma.Schema) {
	s.AdditionalProperties = nil
	for member, p := range s.Properties {
		p.Nullable = false // what has no value is left out
		if w, ok := wordFor(name, member); ok {
			p.Description = w.text
			w.apply(p)
		}
	}
}

// merged is the types of requests and answers in one map.
type merged struct {
	huma.Registry

	all map[string]*huma.Schema
}

// Map gives them all.
func (m merged) Map() map[string]*huma.Schema { return m.all }

// MarshalJSON writes them all.
func (m merged) MarshalJSON() ([]byte, error) { return json.Marshal(m.all) }
