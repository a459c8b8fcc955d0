package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// mostJudged bounds the bodies that are held against the document; documents of many megabytes are not.
const mostJudged = 1 << 20

// contract holds every exchange of the scenario tests against /openapi.json: what was answered must be in it with this
// status and this body, and what was taken must be a request that it allows.
type contract struct {
	next http.RoundTripper

	mu     sync.Mutex
	doc    *contractDoc
	broken map[string][]string // by host
}

// judge is the contract of all clients of the tests.
var judge = &contract{next: http.DefaultTransport, broken: map[string][]string{}}

// contractDoc is the document with its schemas ready to judge.
type contractDoc struct {
	operations []contractOperation
	one        sync.Mutex
	compiler   *jsonschema.Compiler
	whole      map[string]any
}

type contractOperation struct {
	method string
	path   *regexp.Regexp
	at     string // JSON pointer into the document
	op     map[string]any
}

// keeps makes a test fail when the server of that address broke the contract.
func (c *contract) keeps(tb testing.TB, base string) {
	tb.Helper()
	tb.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		host := strings.TrimPrefix(base, "http://")
		for _, b := range slices.Compact(slices.Sorted(slices.Values(c.broken[host]))) {
			tb.Errorf("against /openapi.json: %s", b)
		}
	})
}

// RoundTrip passes the request on and looks at what comes back.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil && r.ContentLength >= 0 && r.ContentLength < mostJudged {
		sent, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	resp, err := c.next.RoundTrip(r)
	if err != nil || strings.HasSuffix(r.URL.Path, "/openapi.json") {
		return resp, err
	}
	path := folded(r.URL.Path)
	if forPeople.MatchString(path) {
		return resp, nil
	}
	doc, err := c.document(r.URL)
	if err != nil {
		return resp, nil //nolint:nilerr // no server of ours, or one that just stops: nothing to hold it against
	}
	var got []byte
	isJSON := strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json")
	if isJSON {
		got, _ = io.ReadAll(io.LimitReader(resp.Body, mostJudged))
		resp.Body = restOfBody{io.MultiReader(bytes.NewReader(got), resp.Body), resp.Body}
	}
	for _, b := range doc.judge(r, path, sent, resp, got, isJSON) {
		c.mu.Lock()
		c.broken[r.URL.Host] = append(c.broken[r.URL.Host], r.Method+" "+path+": "+b)
		c.mu.Unlock()
	}
	return resp, nil
}

type restOfBody struct {
	io.Reader
	io.Closer
}

// folded is a path as the server compares it.
func folded(p string) string {
	p = strings.TrimRight(strings.ToLower(p), "/")
	if p == "/api" || strings.HasPrefix(p, "/api/") {
		p = p[len("/api"):]
	}
	if p == "" {
		return "/"
	}
	return p
}

// document fetches the document once; all servers of the tests are of one build.
func (c *contract) document(u *url.URL) (*contractDoc, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doc != nil {
		return c.doc, nil
	}
	resp, err := (&http.Client{Transport: c.next}).Get("http://" + u.Host + "/openapi.json")
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	if err != nil {
		return nil, err
	}
	c.doc, err = newContractDoc(b)
	return c.doc, err
}

func newContractDoc(b []byte) (*contractDoc, error) {
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	d := &contractDoc{compiler: jsonschema.NewCompiler(), whole: whole.(map[string]any)}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	part := regexp.MustCompile(`\\\{\w+\\\}`)
	answers := map[string]bool{}
	for path, item := range d.whole["paths"].(map[string]any) {
		for method, op := range item.(map[string]any) {
			op := op.(map[string]any)
			pattern := strings.ReplaceAll(part.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+"), "/[^/]+$", "/.+$")
			d.operations = append(d.operations, contractOperation{
				strings.ToUpper(method), regexp.MustCompile("^" + pattern + "$"),
				"/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path) + "/" + method, op,
			})
			d.reach(op["responses"], answers)
		}
	}
	// The literal path before the one with a placeholder, as the router has it.
	slices.SortFunc(d.operations, func(a, b contractOperation) int {
		return strings.Count(a.path.String(), "[^/]+") - strings.Count(b.path.String(), "[^/]+")
	})
	// A later version may answer more; this version answers what it says and no more.
	for name := range answers {
		s := d.schema(name)
		if s["properties"] != nil {
			s["additionalProperties"] = false
		}
	}
	return d, d.compiler.AddResource("mem:///openapi.json", whole)
}

func (d *contractDoc) schema(name string) map[string]any {
	s, _ := d.whole["components"].(map[string]any)["schemas"].(map[string]any)[name].(map[string]any)
	return s
}

// reach notes the types that v leads to.
func (d *contractDoc) reach(v any, seen map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			name := ref[strings.LastIndexByte(ref, '/')+1:]
			if !seen[name] {
				seen[name] = true
				d.reach(d.schema(name), seen)
			}
		}
		for _, e := range v {
			d.reach(e, seen)
		}
	case []any:
		for _, e := range v {
			d.reach(e, seen)
		}
	}
}

// judge lists what an exchange breaks.
func (d *contractDoc) judge(r *http.Request, path string, sent []byte, resp *http.Response, got []byte, isJSON bool) []string {
	i := slices.IndexFunc(d.operations, func(o contractOperation) bool { return o.method == r.Method && o.path.MatchString(path) })
	if i < 0 {
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed {
			return nil
		}
		return []string{"this route is not in it, and answers " + strconv.Itoa(resp.StatusCode)}
	}
	o := d.operations[i]
	status := strconv.Itoa(resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusPartialContent, http.StatusNotModified, http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return nil // answers to conditions and ranges are HTTP's own (RFC 9110 13 and 14)
	}
	response, ok := o.op["responses"].(map[string]any)[status].(map[string]any)
	if !ok {
		return []string{"status " + status + " is not in it: " + string(got)}
	}
	var out []string
	if isJSON && len(got) < mostJudged && r.Method != http.MethodHead {
		out = append(out, d.check(response, o.at+"/responses/"+status, got, "answer "+status)...)
	}
	if resp.StatusCode < 300 {
		out = append(out, d.request(r, o, sent)...)
	}
	return out
}

// check holds a JSON body against a request body or response.
func (d *contractDoc) check(in map[string]any, at string, body []byte, what string) []string {
	content, _ := in["content"].(map[string]any)
	if _, ok := content["application/json"]; !ok {
		if _, stream := content["*/*"]; stream {
			return nil
		}
		return []string{what + " is JSON, and none is said"}
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []string{what + " is no JSON: " + err.Error()}
	}
	return d.valid(at+"/content/application~1json/schema", v, what)
}

func (d *contractDoc) valid(at string, v any, what string) []string {
	d.one.Lock() // the compiler keeps what it has compiled
	s, err := d.compiler.Compile("mem:///openapi.json#" + at)
	d.one.Unlock()
	if err != nil {
		return []string{"the schema of the " + what + ": " + err.Error()}
	}
	if err := s.Validate(v); err != nil {
		return []string{what + ": " + err.Error()}
	}
	return nil
}

// request holds what was taken against the document, folded to its spelling.
func (d *contractDoc) request(r *http.Request, o contractOperation, sent []byte) []string {
	var out []string
	query := map[string]bool{}
	for name := range r.URL.Query() {
		query[strings.ToLower(name)] = true
	}
	params, _ := o.op["parameters"].([]any)
	for _, p := range params {
		p := p.(map[string]any)
		if p["in"] != "query" {
			continue
		}
		name := strings.ToLower(p["name"].(string))
		if p["required"] == true && !query[name] {
			out = append(out, "the query lacks "+p["name"].(string)+", and it was taken")
		}
		delete(query, name)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !strings.HasPrefix(name, "extra") {
			out = append(out, "the query's "+name+" is not in it")
		}
	}
	body, _ := o.op["requestBody"].(map[string]any)
	if len(bytes.TrimSpace(sent)) == 0 || r.Header.Get("Content-Type") != "application/json" {
		return out
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(sent))
	if err != nil || body == nil {
		return out // taken by a route that has no use for it
	}
	content, ok := body["content"].(map[string]any)["application/json"].(map[string]any)
	if !ok {
		return append(out, "JSON was taken, and none is said")
	}
	v = d.fold(v, content["schema"].(map[string]any))
	return append(out, d.valid(o.at+"/requestBody/content/application~1json/schema", v, "request")...)
}

// fold writes a request as the document spells it: any letter case is taken, null is as good as left out.
func (d *contractDoc) fold(v any, s map[string]any) any {
	if ref, ok := s["$ref"].(string); ok {
		s = d.schema(ref[strings.LastIndexByte(ref, '/')+1:])
	}
	switch v := v.(type) {
	case map[string]any:
		props, _ := s["properties"].(map[string]any)
		out := map[string]any{}
		for k, e := range v {
			for name, p := range props {
				if strings.EqualFold(name, k) && e != nil {
					out[name] = d.fold(e, p.(map[string]any))
				}
			}
			if props == nil && e != nil {
				out[k] = e
			}
		}
		return out
	case []any:
		items, _ := s["items"].(map[string]any)
		for i := range v {
			v[i] = d.fold(v[i], items)
		}
	case string:
		return spelled(v, s)
	}
	return v
}

// spelled writes a text as the schema does: a name of an enumeration by the first alternative, a number by the second.
func spelled(v string, s map[string]any) any {
	v = strings.TrimSpace(v)
	alternatives, _ := s["anyOf"].([]any)
	for _, a := range append([]any{s}, alternatives...) {
		enum, _ := a.(map[string]any)["enum"].([]any)
		for _, e := range enum {
			if strings.EqualFold(e.(string), v) || v == "" {
				return e
			}
		}
		if _, err := strconv.Atoi(v); err == nil && len(alternatives) > 0 {
			return json.Number(v)
		}
	}
	return v
}

// TestTheContractSeesWhatBreaksIt breaks it in each way.
func TestTheContractSeesWhatBreaksIt(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	a := r.ask("GET", "/openapi.json", "", nil)
	d, err := newContractDoc(a.body)
	if err != nil {
		t.Fatal(err)
	}
	flow := `{"key":"a","flowKey":"a","name":"n","active":true,"companyKey":"c","companyName":"n","type":"t","createdAt":"2026-11-23T08:00:00Z",` +
		`"productType":"Default","initiatedType":"Employee","signatureType":"Simple"}`
	for _, c := range []struct {
		name, method, path, sent, got string
		status                        int
		fine                          bool
	}{
		{"as it says", "GET", "/management/flow", "", "[" + flow + "]", 200, true},
		{"a member that is not said", "GET", "/management/flow", "", "[" + strings.Replace(flow, `{`, `{"more":1,`, 1) + "]", 200, false},
		{"a member of another type", "GET", "/management/flow", "", "[" + strings.Replace(flow, `true`, `"true"`, 1) + "]", 200, false},
		{"a date that is none", "GET", "/management/flow", "", "[" + strings.Replace(flow, `2026-11-23T`, `yesterday`, 1) + "]", 200, false},
		{"a status that is not said", "GET", "/management/flow", "", "{}", 418, false},
		{"a refusal of another shape", "GET", "/management/flow", "", `{"error":"no"}`, 401, false},
		{"a route that is not said", "GET", "/management/secret", "", "{}", 200, false},
		{"no such route", "GET", "/management/secret", "", "{}", 404, true},
		{"a request in another letter case", "POST", "/signing/simple/otp", `{"TOKEN":"a","Otp":"1"}`, `{"token":"a","message":"ok"}`, 200, true},
		{"a request of another type", "POST", "/signing/simple/otp", `{"token":{}}`, `{"token":"a","message":"ok"}`, 200, false},
		{"a query that lacks a name", "GET", "/signing/simple/otp?Token=a", "", `{"token":"a","message":"ok"}`, 200, false},
	} {
		req, _ := http.NewRequest(c.method, r.url+c.path, nil)
		req.Header.Set("Content-Type", "application/json")
		got := d.judge(req, req.URL.Path, []byte(c.sent), &http.Response{StatusCode: c.status}, []byte(c.got), true)
		if (len(got) == 0) != c.fine {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestTheDocumentIsWhole compiles every schema of it.
func TestTheDocumentIsWhole(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	d, err := newContractDoc(r.ask("GET", "/openapi.json", "", nil).body)
	if err != nil {
		t.Fatal(err)
	}
	for name := range d.whole["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, err := d.compiler.Compile("mem:///openapi.json#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := json.Marshal(d.whole); err != nil || bytes.Contains(b, []byte(`"null"`)) {
		t.Errorf("null is said somewhere, and never sent: %v", err)
	}
}
