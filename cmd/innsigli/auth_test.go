package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// operation is a route of /openapi.json.
type operation struct {
	method, path string
	OperationID  string
	Security     []map[string][]string
}

// own says whether the route is for companies alone.
func (o operation) own() bool {
	return len(o.Security) > 0 && !slices.ContainsFunc(o.Security, func(s map[string][]string) bool { return len(s) == 0 })
}

// operations reads the document that the server gives out.
func (r *rig) operations() []operation {
	r.tb.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	r.ask("GET", "/openapi.json", "", nil).json(r.tb, &doc)
	var out []operation
	for path, item := range doc.Paths {
		for method, raw := range item {
			o := operation{method: strings.ToUpper(method), path: path}
			if err := json.Unmarshal(raw, &o); err != nil {
				r.tb.Fatal(err)
			}
			out = append(out, o)
		}
	}
	return out
}

// property is what a company has, one of each, to be asked for by others.
type property struct {
	process, signee, sequence, person, flow, attachment, webhook, delivery, template, apikey string
}

// nameless are the routes that name nothing: whoever asks is shown, or changes, what is theirs.
var nameless = []string{
	"GetFlows", "CreateFlow", "GetCompany", "UpdateCompany", "SetCompanyLogo", "GetCompanyLogo", "DeleteCompanyLogo", "GetRetention", "UpdateRetention",
	"GetApiKeys", "CreateApiKey", "RotateWebHookKey", "GetActivity", "GetActivityOfUser", "GetActivityOfCompany", "GetEmailTemplates",
}

// whole are the routes that are for the whole company, and so for no key that is limited to flows.
var whole = []string{
	"CreateFlow", "DeleteFlow", "GetCompany", "UpdateCompany", "SetCompanyLogo", "GetCompanyLogo", "DeleteCompanyLogo", "GetRetention", "UpdateRetention",
	"GetApiKeys", "CreateApiKey", "UpdateApiKey", "DeleteApiKey", "RotateWebHookKey",
}

// naming are the requests that name something otherwise than by the path alone, or need more than the path to get that far.
func (p property) naming(t *testing.T, r *rig) map[string]struct {
	query string
	body  any
} {
	t.Helper()
	ann := byMail("Ann", "ann@stranger.example")
	create := r.bodyOf(innsiglitest.PDF(r.tb, 1, "stranger"), ann)
	one := r.bodyOf(innsiglitest.PDF(r.tb, 1, "stranger"), ann)
	template := map[string]any{"id": json.Number(p.template), "flowKey": p.flow, "templateType": "Signup", "message": "Please sign this document, which is long enough to be kept.", "subject": "Please sign this"}
	return map[string]struct {
		query string
		body  any
	}{
		"CreateSigningProcess":          {"", create},
		"CreateSequentialSigning":       {"", map[string]any{"createSigningProcesses": []any{one}, "user": "owner@nordurljos.example"}},
		"CancelSigningProcess":          {"?ProcessKey=" + p.process, nil},
		"GetSequentialSigningOfCompany": {"?SequenceKey=" + p.sequence, nil},
		"CancelSequentialSigning":       {"?SequenceKey=" + p.sequence + "&User=owner@nordurljos.example", nil},
		"SealDocument":                  {"", map[string]any{"flowKey": p.flow, "pdfDocument": create["pdfDocument"]}},
		"SealXmlDocument":               {"", map[string]any{"flowKey": p.flow, "xmlDocument": "PGEvPg=="}},
		"AddSignee":                     {"", ann},
		"RemindSignee":                  {"?CommunicationDeliveryType=Email", nil},
		"SetFlowLogo":                   {"", strokes(t, 40, 20)},
		"ReassignSignee":                {"", map[string]any{"name": "Cy", "email": "cy@stranger.example"}},
		"UpdateFlow":                    {"", map[string]any{"flowKey": p.flow, "key": p.flow, "name": "taken"}},
		"UpdateApiKey":                  {"", map[string]any{"name": "taken"}},
		"CreateEmailTemplate":           {"", template},
		"UpdateEmailTemplate":           {"", template},
		"PreviewEmailTemplate":          {"", template},
		"DeleteEmailTemplate":           {"?Id=" + p.template, nil},
		"CreateWebHook":                 {"", map[string]any{"flowKey": p.flow, "url": r.hooks.URL()}},
		"UpdateWebHook":                 {"", map[string]any{"flowKey": p.flow, "url": r.hooks.URL()}},
		"GetActivityOfProcess":          {"?StartDate=2020-01-01&EndDate=2100-01-01", nil},
	}
}

// property makes one of each.
func (r *rig) property() property {
	r.tb.Helper()
	body := r.bodyOf(innsiglitest.PDF(r.tb, 1, "property"), byMail("Ann", "ann@property.example"), byMail("Bo", "bo@property.example"))
	body["attachments"] = []any{map[string]any{"fileName": "terms.txt", "fileContent": "dGVybXM="}}
	var one attachedProcess
	r.ask("POST", "/management/signing", "own", body).json(r.tb, &one)
	q := r.createSequence(nil, part{"lease", []who{byMail("Ann", "ann@property.example")}}, part{"annex", []who{byMail("Ann", "ann@property.example")}})
	made := func(path string, body any) string {
		var got struct{ ID int64 }
		a := r.ask("POST", path, "own", body)
		if a.json(r.tb, &got); got.ID == 0 {
			r.tb.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		return strconv.FormatInt(got.ID, 10)
	}
	hook := made("/management/webhook", map[string]any{"flowKey": r.creds.FlowKey, "url": r.hooks.URL()})
	if st := r.cancel(r.create(innsiglitest.PDF(r.tb, 1, "told"), byMail("Ann", "ann@property.example")).Key); st != http.StatusNoContent {
		r.tb.Fatalf("cancel: %d", st)
	}
	r.settled()
	var told []struct{ ID string }
	r.ask("GET", "/management/webhook/"+hook+"/deliveries", "own", nil).json(r.tb, &told)
	if len(told) == 0 {
		r.tb.Fatal("nothing was delivered")
	}
	return property{
		process: one.Key, signee: one.Signees[0].Key, sequence: q.Key, person: q.person(0), flow: string(r.creds.FlowKey),
		attachment: one.AttachmentReferences[0].ID,
		webhook:    hook, delivery: told[0].ID,
		template: made("/management/emailtemplate", map[string]any{"templateType": "Signup", "subject": "Please sign this", "message": "Please sign this, it is long enough to be kept."}),
		apikey:   made("/management/apikeys", map[string]any{"name": "second"}),
	}
}

// at is the address of an operation about the property.
func (p property) at(o operation) string {
	id, signee := p.template, p.signee
	if strings.Contains(o.path, "/apikeys/") {
		id = p.apikey
	}
	if strings.Contains(o.path, "{SequenceKey}") {
		signee = p.person
	}
	return strings.NewReplacer("{ProcessKey}", p.process, "{SigneeKey}", signee, "{SequenceKey}", p.sequence, "{FlowKey}", p.flow, "{Webhook}", p.webhook,
		"{Delivery}", p.delivery, "{Id}", id, "{AttachmentKey}", p.attachment).Replace(o.path)
}

// everything is all that a company is shown of what it has.
func (r *rig) everything(p property) string {
	r.tb.Helper()
	var b strings.Builder
	for _, path := range []string{
		"/management/flow", "/management/company", "/management/company/retention", "/management/apikeys", "/management/emailtemplate",
		"/management/webhook/flowkey/" + p.flow, "/signing/" + p.process + "/signee/" + p.signee, "/signing/sequential/" + p.sequence + "/signee/" + p.person,
		"/signing/activity?StartDate=2020-01-01&EndDate=2100-01-01",
	} {
		a := r.ask("GET", path, "own", nil)
		if a.status != http.StatusOK {
			r.tb.Fatalf("%s: %d %s", path, a.status, a.body)
		}
		b.Write(a.body)
	}
	return b.String()
}

// TestEveryRouteAsksWhoIsThere goes over all routes of the document that are for companies. Without a key and with a wrong one they
// know nobody, with one that may do something else they refuse, and to another company what it does not have is not there. A key
// for another flow is answered as another company is, and refused what is for the whole company.
func TestEveryRouteAsksWhoIsThere(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r, _ := newLocal(t, db, seams{})
		p := r.property()
		stranger := r.company("Stranger hf.")
		var weak struct{ KeyRaw string }
		r.ask("POST", "/management/apikeys", "own", map[string]any{
			"name": "weak", "permissions": []any{map[string]any{"apiResource": "Statistics", "verbs": []string{"GET"}}},
		}).json(t, &weak)
		company := string(r.creds.CompanyKey)
		limited := r.limitedKey(r.flow("Second"))
		naming, before, asked := p.naming(t, r), r.everything(p), 0
		for _, o := range r.operations() {
			if !o.own() {
				if strings.HasPrefix(o.path, "/management") {
					t.Errorf("%s %s asks for no credentials", o.method, o.path)
				}
				continue
			}
			asked++
			at, what := p.at(o), o.OperationID+" "+o.method+" "+o.path
			if strings.Contains(at, "{") {
				t.Errorf("%s: property.at knows no such part", what)
			}
			n, named := naming[o.OperationID]
			for auth, want := range map[string]int{
				"": 401, basic(company, "wrong"): 401, basic("00aa11bb22cc", r.creds.APIKey): 401, basic(company, weak.KeyRaw): 403,
			} {
				a := r.ask(o.method, at+n.query, auth, n.body)
				if a.status != want {
					t.Errorf("%s, credentials %.12q: %d, want %d", what, auth, a.status, want)
				}
			}
			here := r.ask(o.method, at+n.query, limited, n.body)
			if slices.Contains(whole, o.OperationID) != (here.status == http.StatusForbidden) {
				t.Errorf("%s, a key for another flow: %d %.200s", what, here.status, here.body)
			}
			switch in := strings.Contains(o.path, "{"); {
			case slices.Contains(nameless, o.OperationID):
				if in || named {
					t.Errorf("%s names something", what)
				}
				continue
			case !in && !named:
				t.Errorf("%s: what does it name? Say so in naming, or in nameless when it is nothing", what)
			}
			a := r.ask(o.method, at+n.query, stranger, n.body)
			code, _ := a.errorCode()
			nothing := a.status == http.StatusOK && string(a.body) == "[]" // a list of what the stranger has
			unknown := a.status == http.StatusNotFound || a.status == http.StatusBadRequest && code == "NotFound"
			if !unknown && !nothing {
				t.Errorf("%s, another company: %d %.200s", what, a.status, a.body)
			}
			if here.status != http.StatusForbidden && (here.status != a.status || string(here.body) != string(a.body)) {
				t.Errorf("%s, a key for another flow: %d %.200s, another company: %d %.200s", what, here.status, here.body, a.status, a.body)
			}
		}
		if asked < 40 {
			t.Errorf("only %d routes were asked", asked)
		}
		if after := r.everything(p); after != before {
			t.Errorf("something was changed:\n%s\nwas\n%s", after, before)
		}
	})
}
