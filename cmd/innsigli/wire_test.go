package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// The letters of the wire: paths, names, enums, shapes of answers and refusals, as a client of the documented API
// sends and expects them.

func TestWire(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		wireOn(t, db)
	})
}

func wireOn(t *testing.T, db string) {
	t.Helper()
	r := newRig(t, db)
	other := r.company("Other hf.")
	for _, x := range []struct {
		name string
		test func(*testing.T, *rig, string)
	}{
		{"paths in any letter case, with /api, with a slash", wirePaths},
		{"401, 404 and 405", wireShapes},
		{"names of members in any letter case", wireNames},
		{"enums by name and by number", wireEnums},
		{"unknown, repeated and unbuilt members", wireMembers},
		{"refusals of a create name the member", wireRefusals},
		{"bodies that are no JSON of ours", wireBodies},
		{"the answer to a create", wireCreated},
		{"what a signee sees", wireSignee},
		{"the document by GET, HEAD and Range", wireDocument},
		{"names of files that are not ASCII", wireFileNames},
		{"GET /management/flow", wireFlows},
		{"registration of webhooks", wireWebhooks},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, r.with(t), other) })
	}
}

// refusal demands the documented ErrorResponse, with a text for people and the members that are wrong.
func refusal(t *testing.T, what string, a answer, status int, code string, fields ...string) {
	t.Helper()
	wire(t, what, a)
	var e struct {
		ResponseStatus *struct {
			ErrorCode, Message string
			Errors             []struct{ ErrorCode, FieldName, Message string }
		} `json:"responseStatus"`
	}
	if err := json.Unmarshal(a.body, &e); err != nil || e.ResponseStatus == nil {
		t.Errorf("%s: %d %q is no ErrorResponse", what, a.status, a.body)
		return
	}
	s := e.ResponseStatus
	var got []string
	for _, f := range s.Errors {
		got = append(got, f.FieldName)
		if f.ErrorCode == "" || f.Message == "" {
			t.Errorf("%s: %s without a code or a text: %s", what, f.FieldName, a.body)
		}
	}
	if a.status != status || code != "" && s.ErrorCode != code || s.ErrorCode == "" || !strings.HasSuffix(s.Message, ".") || s.Errors == nil {
		t.Errorf("%s: got %d %s, want %d %s", what, a.status, a.body, status, code)
	}
	if !slices.Equal(got, fields) {
		t.Errorf("%s: fields %q, want %q: %s", what, got, fields, a.body)
	}
}

var camel = regexp.MustCompile(`^([a-z][A-Za-z0-9]*|signature_type|valid_until|control_code)$`)

// wire demands JSON with names in camelCase and without nulls.
func wire(t *testing.T, what string, a answer) {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("%s: Content-Type %q: %.200s", what, got, a.body)
		return
	}
	for h, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if a.header.Get(h) != want {
			t.Errorf("%s: %s is %q", what, h, a.header.Get(h))
		}
	}
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Errorf("%s: %v: %.200s", what, err, a.body)
		return
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch x := v.(type) {
		case nil:
			t.Errorf("%s: %s is null", what, at)
		case map[string]any:
			for name, member := range x {
				if !camel.MatchString(name) && !strings.HasSuffix(at, ".meta") {
					t.Errorf("%s: %s.%s is not camelCase", what, at, name)
				}
				walk(at+"."+name, member)
			}
		case []any:
			for i, item := range x {
				walk(fmt.Sprintf("%s[%d]", at, i), item)
			}
		}
	}
	walk("", v)
}

func wirePaths(t *testing.T, r *rig, _ string) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "paths"), byMail("Ann", "ann@paths.example"))
	key, si := p.Key, p.Signees[0].Key
	dates := "?StartDate=2020-01-01&endDATE=2100-01-01"
	for _, x := range []struct {
		method, path, query string
		status              int
	}{
		{"POST", "/management/signing", "", 400},
		{"DELETE", "/management/signing", "?PROCESSkey=sp00", 404},
		{"GET", "/management/flow", "", 200},
		{"POST", "/management/webhook", "", 400},
		{"PUT", "/management/webhook/0", "", 404},
		{"DELETE", "/management/webhook/0", "", 404},
		{"GET", "/management/webhook/flowKey/" + string(r.creds.FlowKey), "?TYPE=5", 200},
		{"GET", "/signing/" + key + "/signee/" + si, "?UserAgent=x", 200},
		{"POST", "/signing/sign/" + key + "/signee/" + si, "?OTPTYPE=call", 400},
		{"GET", "/signing/simple/otp", "?token=00&Otp=1", 400},
		{"POST", "/signing/simple/otp", "?TOKEN=00&oTP=1", 400},
		{"GET", "/signing/activity", dates, 200},
		{"GET", "/signing/activity/user", dates, 200},
		{"GET", "/signing/activity/company", dates, 200},
		{"GET", "/signing/activity/" + key, dates, 200},
		{"GET", "/pdf/" + key + "/" + si + ".pdf", "", 200},
		{"HEAD", "/pdf/" + key + "/" + si + ".pdf", "", 200},
		{"GET", "/pdf/sp/" + key + ".pdf", "", 200},
		{"HEAD", "/pdf/sp/" + key + ".pdf", "", 200},
	} {
		for _, path := range []string{x.path, "/api" + x.path, strings.ToUpper(x.path), "/API" + x.path + "/", "/Api" + strings.ToUpper(x.path[:3]) + x.path[3:]} {
			if a := r.ask(x.method, path+x.query, "own", nil); a.status != x.status {
				t.Errorf("%s %s: got %d %.200s, want %d", x.method, path, a.status, a.body, x.status)
			}
		}
	}
}

func wireShapes(t *testing.T, r *rig, _ string) {
	t.Helper()
	none := "sp" + strings.Repeat("0", 32)
	for _, x := range [][2]string{
		{"POST", "/management/signing"},
		{"DELETE", "/management/signing?ProcessKey=" + none},
		{"GET", "/management/flow"},
		{"POST", "/management/webhook/"},
		{"PUT", "/management/webhook/1"},
		{"DELETE", "/management/webhook/1"},
		{"GET", "/management/webhook/flowKey/" + string(r.creds.FlowKey)},
		{"GET", "/signing/activity?StartDate=2020-01-01&EndDate=2100-01-01"},
		{"GET", "/pdf/sp/" + none + ".pdf"},
	} {
		for name, auth := range map[string]string{
			"none": "", "no Basic": "Bearer x", "no base64": "Basic ???", "wrong": "Basic YTpi", "key of another": basic(string(r.creds.CompanyKey), "api-nonsense"),
			"no key": basic(string(r.creds.CompanyKey), ""), "NUL": basic("a\x00b", "c"),
		} {
			a := r.ask(x[0], x[1], auth, nil)
			refusal(t, x[1]+" with "+name, a, 401, "Unauthorized")
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic realm=") {
				t.Errorf("%s: WWW-Authenticate %q", x[1], a.header.Get("WWW-Authenticate"))
			}
		}
	}
	// Company keys are hex: shouting them is no other company.
	if a := r.ask("GET", "/management/flow", basic(strings.ToUpper(string(r.creds.CompanyKey)), r.creds.APIKey), nil); a.status != 200 {
		t.Errorf("company key in upper case: %d %s", a.status, a.body)
	}
	p := r.create(innsiglitest.PDF(t, 1, "shapes"), byMail("Ann", "ann@shapes.example"))
	q := r.create(innsiglitest.PDF(t, 1, "shapes"), byMail("Ann", "ann@shapes.example"))
	var bodies []string
	for _, path := range []string{
		"/signing/" + none + "/signee/" + p.Signees[0].Key, "/signing/" + p.Key + "/signee/si00", "/signing/x/signee/y",
		"/signing/" + p.Key + "/signee/" + q.Signees[0].Key, "/pdf/" + none + "/" + p.Signees[0].Key + ".pdf",
		"/pdf/" + p.Key + "/" + q.Signees[0].Key + ".pdf",
	} {
		a := r.ask("GET", path, "", nil)
		refusal(t, path, a, 404, "NotFound")
		bodies = append(bodies, string(a.body))
	}
	if slices.Sort(bodies); len(slices.Compact(bodies)) != 1 {
		t.Errorf("bodies tell keys apart: %q", bodies)
	}
	refusal(t, "code for nobody", r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+q.Signees[0].Key, "", nil), 404, "NotFound")
	refusal(t, "whole", r.ask("GET", "/pdf/sp/"+none+".pdf", "own", nil), 404, "NotFound")
	for _, path := range []string{"/api/management/nothing", "/management", "/signing", "/nothing/at/all", "/pdf/" + p.Key + ".pdf"} {
		refusal(t, path, r.ask("GET", path, "own", nil), 404, "NotFound")
	}
	for _, x := range [][3]string{
		{"PUT", "/management/signing", "DELETE, POST"},
		{"GET", "/API/management/signing/", "DELETE, POST"},
		{"PATCH", "/management/flow", "GET, POST, PUT"},
		{"POST", "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf", "GET, HEAD"},
		{"DELETE", "/signing/simple/otp", "GET, POST"},
	} {
		a := r.ask(x[0], x[1], "own", nil)
		refusal(t, x[0]+" "+x[1], a, 405, "MethodNotAllowed")
		allowed := strings.Split(strings.Join(a.header.Values("Allow"), ", "), ", ")
		if slices.Sort(allowed); strings.Join(allowed, ", ") != x[2] {
			t.Errorf("%s %s: Allow %q, want %q", x[0], x[1], allowed, x[2])
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func wireSignee(t *testing.T, r *rig, other string) {
	t.Helper()
	body := r.bodyOf(innsiglitest.PDF(t, 1, "signee"), byMail("Ann", "ann@signee.example"),
		who{"name": "Bo", "email": "bo@signee.example", "ssn": "0101302989", "phoneNumber": "5551234", "address": "secret street"})
	body["meta"] = map[string]string{"internal": "yes"}
	body["activityDisplayName"] = "internal name"
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	if a := r.sign(p, 0); a.status != 200 {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	path := "/signing/" + p.Key + "/signee/"
	for who, a := range map[string]answer{
		"nobody": r.ask("GET", path+p.Signees[1].Key, "", nil), "another company": r.ask("GET", path+p.Signees[1].Key, other, nil),
	} {
		wire(t, who, a)
		var got struct {
			Status, User, ActivityDisplayName string
			Meta                              map[string]string
			Signees                           []map[string]any
		}
		a.json(t, &got)
		if diff := cmp.Diff(map[string]any{"name": "Ann", "signed": true}, got.Signees[0]); diff != "" {
			t.Errorf("%s sees of another signee: %s", who, diff)
		}
		if got.Signees[1]["email"] != "bo@signee.example" || got.Signees[1]["signed"] != false || got.User != "" || got.Meta != nil || got.ActivityDisplayName != "" {
			t.Errorf("%s: %s", who, a.body)
		}
	}
	a := r.ask("GET", path+p.Signees[1].Key, "own", nil)
	wire(t, "own", a)
	for _, s := range []string{`"ann@signee.example"`, `"signedAt":"20`, `"internal":"yes"`, `"user":"owner@nordurljos.example"`, p.Signees[0].Key} {
		if !strings.Contains(string(a.body), s) {
			t.Errorf("with Basic there is no %s: %s", s, a.body)
		}
	}
	refusal(t, "wrong credentials", r.ask("GET", path+p.Signees[1].Key, "Basic YTpi", nil), 401, "Unauthorized")
}

func wireDocument(t *testing.T, r *rig, other string) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "document")
	p := r.create(pdf, byMail("Ann", "ann@document.example"))
	shown := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body
	sameText(t, "document", pdf, shown)
	pdf = shown
	sum := sha256.Sum256(pdf)
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	get := func(method, path, auth string, header ...string) answer {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, r.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		if auth != "" {
			req.Header.Set("Authorization", auth)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // read whole
		var b bytes.Buffer
		if _, err := b.ReadFrom(resp.Body); err != nil {
			t.Fatal(err)
		}
		return answer{resp.StatusCode, resp.Header, b.Bytes()}
	}
	own := basic(string(r.creds.CompanyKey), r.creds.APIKey)
	for _, at := range [][2]string{{"/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf", ""}, {"/pdf/sp/" + p.Key + ".pdf", own}} {
		path, auth := at[0], at[1]
		a := get("GET", path, auth)
		if a.status != 200 || !bytes.Equal(a.body, pdf) || a.header.Get("ETag") != tag || a.header.Get("Content-Type") != "application/pdf" ||
			a.header.Get("Content-Disposition") != "attachment; filename=samningur.pdf" || a.header.Get("Accept-Ranges") != "bytes" ||
			a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s: %d %v", path, a.status, a.header)
		}
		h := get("HEAD", path, auth)
		if h.status != 200 || len(h.body) != 0 || h.header.Get("Content-Length") != fmt.Sprint(len(pdf)) || h.header.Get("ETag") != tag {
			t.Errorf("HEAD %s: %d %v", path, h.status, h.header)
		}
		for _, x := range []struct {
			header []string
			status int
			body   []byte
		}{
			{[]string{"Range", "bytes=0-9"}, 206, pdf[:10]},
			{[]string{"Range", "bytes=-7"}, 206, pdf[len(pdf)-7:]},
			{[]string{"Range", "bytes=100-"}, 206, pdf[100:]},
			{[]string{"Range", "bytes=0-9", "If-Range", tag}, 206, pdf[:10]},
			{[]string{"Range", "bytes=0-9", "If-Range", `"other"`}, 200, pdf},
			{[]string{"Range", "bytes=999999999-"}, 416, nil},
			{[]string{"If-None-Match", tag}, 304, []byte{}},
			{[]string{"If-None-Match", `"other"`}, 200, pdf},
			{[]string{"If-Match", `"other"`}, 412, nil},
		} {
			a := get("GET", path, auth, x.header...)
			if a.status != x.status || x.body != nil && !bytes.Equal(a.body, x.body) {
				t.Errorf("%q: got %d and %d bytes, want %d", x.header, a.status, len(a.body), x.status)
			}
		}
	}
	refusal(t, "another company", get("GET", "/pdf/sp/"+p.Key+".pdf", other), 404, "NotFound")
	if a := get("HEAD", "/pdf/sp/"+p.Key+".pdf", other); a.status != 404 {
		t.Errorf("HEAD by another company: %d", a.status)
	}
}

func wireFileNames(t *testing.T, r *rig, _ string) {
	t.Helper()
	pdf := innsiglitest.PDF(t, 1, "names")
	for _, name := range []string{
		"Ráðningarsamningur – Þóra.pdf", "契約書.pdf", `a "b"; c=d.pdf`, "it's 100%.pdf", "no extension", "\u200fעברית.pdf", "😀.pdf", "a,b.pdf",
		strings.Repeat("é", 125) + ".pdf", "<script>alert(1).pdf",
	} {
		body := r.bodyOf(pdf, byMail("Ann", "ann@filenames.example"))
		body["pdfFileName"] = name
		a := r.ask("POST", "/management/signing", "own", body)
		var p process
		if a.json(t, &p); a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
			continue
		}
		h := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).header.Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(h)
		if err != nil || kind != "attachment" || params["filename"] != name {
			t.Errorf("%s: Content-Disposition %q is %q: %v", name, h, params["filename"], err)
		}
		if i := strings.IndexFunc(h, func(c rune) bool { return c < ' ' || c > '~' }); i >= 0 {
			t.Errorf("%s: Content-Disposition %q is not ASCII", name, h)
		}
	}
}

func wireFlows(t *testing.T, r *rig, other string) {
	t.Helper()
	for auth, mine := range map[string]bool{"own": true, other: false} {
		a := r.ask("GET", "/api/management/flow", auth, nil)
		wire(t, "flows", a)
		var got []struct {
			Key, FlowKey, Name, Type, CompanyKey, CompanyName string
			Active                                            bool
			CreatedAt                                         time.Time
		}
		a.json(t, &got)
		if a.status != 200 || len(got) != 1 || got[0].Key != got[0].FlowKey || !got[0].Active || got[0].Name == "" || got[0].Type != "DropAndSign" ||
			got[0].CreatedAt.IsZero() || (got[0].Key == string(r.creds.FlowKey)) != mine || (got[0].CompanyName == "Norðurljós ehf.") != mine {
			t.Errorf("flows: %d %s", a.status, a.body)
		}
	}
}

func wireWebhooks(t *testing.T, r *rig, other string) {
	t.Helper()
	flow := string(r.creds.FlowKey)
	for _, x := range []struct {
		name   string
		body   any
		code   string
		fields []string
	}{
		{"nothing", map[string]any{}, "NotEmpty", []string{"flowKey", "url"}},
		{"no address", map[string]any{"flowKey": flow}, "Uri", []string{"url"}},
		{"relative", map[string]any{"flowKey": flow, "url": "/hook"}, "Uri", []string{"url"}},
		{"ftp", map[string]any{"flowKey": flow, "url": "ftp://a.example/"}, "Uri", []string{"url"}},
		{"script", map[string]any{"flowKey": flow, "url": "javascript:alert(1)"}, "Uri", []string{"url"}},
		{"credentials", map[string]any{"flowKey": flow, "url": "https://u:p@a.example/"}, "Uri", []string{"url"}},
		{"line break", map[string]any{"flowKey": flow, "url": "https://a.example/\r\nX: y"}, "Uri", []string{"url"}},
		{"too long", map[string]any{"flowKey": flow, "url": "https://a.example/" + strings.Repeat("x", 2000)}, "Uri", []string{"url"}},
		{"unknown type", map[string]any{"flowKey": flow, "url": "https://a.example/", "type": "Pigeon"}, "Enum", []string{"type"}},
		{"number of no type", map[string]any{"flowKey": flow, "url": "https://a.example/", "type": 12}, "Enum", []string{"type"}},
		{"type that is an object", map[string]any{"flowKey": flow, "url": "https://a.example/", "type": map[string]any{}}, "Enum", []string{"type"}},
		{"type that is not built", map[string]any{"flowKey": flow, "url": "https://a.example/", "type": "Auth"}, "NotSupported", []string{"type"}},
		{"no text", map[string]any{"flowKey": flow, "url": 5}, "Type", []string{"url"}},
		{"unknown flow", map[string]any{"flowKey": "000000000000", "url": "https://a.example/"}, "NotFound", []string{"flowKey"}},
	} {
		refusal(t, x.name, r.ask("POST", "/management/webhook/", "own", x.body), 400, x.code, x.fields...)
	}
	refusal(t, "flow of another company", r.ask("POST", "/management/webhook", other, map[string]any{"flowKey": flow, "url": "https://a.example/"}), 400, "NotFound", "flowKey")
	for in, want := range map[any]string{2: "AllSigned", "2": "AllSigned", "allsigned": "AllSigned", "CANCELED": "Canceled", 1: "SignedDocument", 11: "Created", nil: "", "": "", 0: "", "NotSet": ""} {
		a := r.ask("POST", "/management/webhook", "own", map[string]any{"FLOWKEY": flow, "Url": "https://hooks.invalid/x", "TYPE": in})
		wire(t, "webhook", a)
		var got struct {
			ID                 int64
			FlowKey, URL, Type string
		}
		if a.json(t, &got); a.status != 200 || got.ID < 1 || got.FlowKey != flow || got.URL != "https://hooks.invalid/x" || got.Type != want {
			t.Errorf("type %v: %d %s", in, a.status, a.body)
		}
	}
	wireRegistrations(t, r, other)
}

// wireRegistrations lists, changes and deletes registrations of a flow that has some for each type by now.
func wireRegistrations(t *testing.T, r *rig, other string) {
	t.Helper()
	list := func(query string) (ids []int64, types []string) {
		t.Helper()
		a := r.ask("GET", "/management/webhook/flowKey/"+string(r.creds.FlowKey)+query, "own", nil)
		wire(t, "webhooks", a)
		var got []struct {
			ID                 int64
			FlowKey, URL, Type string
		}
		if a.json(t, &got); a.status != 200 {
			t.Fatalf("webhooks: %d %s", a.status, a.body)
		}
		for _, h := range got {
			ids, types = append(ids, h.ID), append(types, h.Type)
		}
		return ids, types
	}
	all, _ := list("")
	for query, want := range map[string]string{"?Type=AllSigned": "AllSigned", "?type=2": "AllSigned", "?Type=created": "Created"} {
		ids, types := list(query)
		if len(ids) == 0 || len(ids) == len(all) || slices.ContainsFunc(types, func(s string) bool { return s != want }) {
			t.Errorf("%s: %q of %d", query, types, len(all))
		}
	}
	refusal(t, "type that is none", r.ask("GET", "/management/webhook/flowKey/"+string(r.creds.FlowKey)+"?Type=Pigeon", "own", nil), 400, "Enum", "Type")
	at := fmt.Sprintf("/management/webhook/%d", all[0])
	a := r.ask("PUT", at, "own", map[string]any{"url": "https://hooks.invalid/y", "TYPE": "Expired"})
	var got struct {
		ID                 int64
		FlowKey, URL, Type string
	}
	if a.json(t, &got); a.status != 200 || got.ID != all[0] || got.FlowKey != string(r.creds.FlowKey) || got.URL != "https://hooks.invalid/y" || got.Type != "Expired" {
		t.Errorf("change: %d %s", a.status, a.body)
	}
	if ids, _ := list("?Type=6"); !slices.Equal(ids, all[:1]) {
		t.Errorf("after the change: %v", ids)
	}
	refusal(t, "change to nothing", r.ask("PUT", at, "own", map[string]any{}), 400, "Uri", "url")
	for _, x := range [][2]string{{"PUT", at}, {"DELETE", at}, {"PUT", "/management/webhook/999999"}, {"DELETE", "/management/webhook/x"}} {
		refusal(t, x[0]+" of another's", r.ask(x[0], x[1], other, map[string]any{"url": "https://a.example/"}), 404, "NotFound")
	}
	refusal(t, "another's flow", r.ask("GET", "/management/webhook/flowKey/"+string(r.creds.FlowKey), other, nil), 404, "NotFound")
	if a := r.ask("DELETE", at, "own", nil); a.status != 204 || len(a.body) != 0 {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	refusal(t, "delete again", r.ask("DELETE", at, "own", nil), 404, "NotFound")
	if ids, _ := list(""); !slices.Equal(ids, all[1:]) {
		t.Errorf("after the delete: %v", ids)
	}
}
