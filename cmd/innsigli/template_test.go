package main

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

const templates = "/management/emailtemplate"

type template struct {
	ID                                                              int64
	FlowKey, TemplateType, Language, To, Subject, Message, LinkText string
	ContentAsHTML, IncludeFiles, IsUsed                             bool
	CreatedAt, UpdatedAt                                            string
}

// TestTemplates plays with the templates of a company. Each scenario has a flow of its own, so that none has those of another.
func TestTemplates(t *testing.T) {
	scenarios(t, []scenario{
		{"one flow and one language", oneFlowOneLanguage},
		{"a broken one at render", brokenAtRender},
		{"bombs", bombs},
		{"managed and previewed", managedTemplates},
		{"mails at completion", completionTemplates},
	})
}

// flow makes another flow.
func (r *rig) flow(name string) string {
	r.tb.Helper()
	var f flow
	a := r.ask("POST", "/management/flow", "own", map[string]any{"name": name})
	a.json(r.tb, &f)
	return f.Key
}

// template keeps one.
func (r *rig) template(flow, kind, language string, more map[string]any) template {
	r.tb.Helper()
	body := map[string]any{"flowKey": flow, "templateType": kind, "language": language}
	maps.Copy(body, more)
	var tm template
	a := r.ask("POST", templates, "own", body)
	if a.json(r.tb, &tm); a.status != http.StatusOK || tm.ID == 0 {
		r.tb.Fatalf("template: %d %s", a.status, a.body)
	}
	return tm
}

func (r *rig) createIn(flow string, more map[string]any, people ...who) process {
	r.tb.Helper()
	body := r.bodyOf(innsiglitest.PDF(r.tb, 1, r.tb.Name()), people...)
	body["flowKey"] = flow
	maps.Copy(body, more)
	var p process
	a := r.ask("POST", "/management/signing", "own", body)
	if a.json(r.tb, &p); a.status != http.StatusOK {
		r.tb.Fatalf("create: %d %s", a.status, a.body)
	}
	return p
}

// oneFlowOneLanguage: of three people the one whose language it is gets the company's words, and in another flow nobody.
func oneFlowOneLanguage(t *testing.T, r *rig) {
	t.Helper()
	const ann, bjorn, carl = "ann@tm.example", "bjorn@tm.example", "carl@tm.example"
	leases := r.flow("Leiga")
	r.template(leases, "Signup", "Is", map[string]any{
		"to": "{{customer.email}}", "includeFiles": true, "linkText": "Opna samninginn", "subject": "Leigusamningur: {{customer.Meta.house}}",
		"message": "<p>Sæl(l) {{customer.name}},</p><p>hér er samningurinn um <b>{{customer.Meta.house}}</b>.</p>",
	})
	m := r.moment()
	p := r.createIn(leases, map[string]any{"meta": map[string]string{"house": "Laugavegur 1 <i>"}}, byMail("Ann", ann), in("Is", byMail("Björn", bjorn)))
	r.went(m, "mail "+ann+": invitation", "mail "+bjorn+": unknown: Leigusamningur: Laugavegur 1 <i>")
	got := r.lastTo(bjorn)
	for _, want := range []string{"Sæl(l) Björn,", "<b>Laugavegur 1 &lt;i&gt;</b>", "Opna samninginn", p.Signees[1].URL} {
		if !strings.Contains(got.HTML, want) {
			t.Errorf("HTML without %q: %s", want, got.HTML)
		}
	}
	if !strings.Contains(got.Text, "um Laugavegur 1 <i>.") || !strings.Contains(got.Text, "Opna samninginn:\n"+p.Signees[1].URL) {
		t.Errorf("text %s", got.Text)
	}
	m = r.moment()
	r.cancel(p.Key)
	r.went(m, "mail "+ann+": canceled", "mail "+bjorn+": canceled, is")
	m = r.moment()
	r.createIn(string(r.creds.FlowKey), nil, in("Is", byMail("Carl", carl)))
	r.went(m, "mail "+carl+": invitation, is", "webhook 11")
	a := r.ask("GET", "/flow/"+leases+"/registered/deliveries", "own", nil)
	if !strings.Contains(string(a.body), `"emailTemplateTypes":["Signup"]`) {
		t.Errorf("deliveries %s", a.body)
	}
}

// brokenAtRender: a template that is good for everybody else's names does not fit those of this process. Ours goes out.
func brokenAtRender(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@broken.example"
	f := r.flow("Broken")
	tm := r.template(f, "Signup", "", map[string]any{
		"subject": "Please come and sign", "message": "{{#each signees}}" + strings.Repeat("{{name}}", 200) + "{{/each}}",
	})
	people := []who{byMail("Ann", ann)}
	for i := range 40 {
		people = append(people, who{"name": fmt.Sprint(i, strings.Repeat("n", 70)), "email": fmt.Sprintf("n%d@broken.example", i), "signatureType": "Simple"})
	}
	m := r.moment()
	p := r.createIn(f, nil, people...)
	r.went(m, "mail "+ann+": invitation")
	r.settled()
	told := slices.DeleteFunc(r.activity(p.Key), func(l logLine) bool { return l.Status != "TemplateNotUsed" })
	want := "Template could not be used, the built-in text was sent. ProcessKey: " + p.Key + ". Template: Signup: the values of the template are too long."
	if len(told) != 1 || told[0].Description != want || told[0].SigneeKey != p.Signees[0].Key {
		t.Errorf("the activity log says of the template %+v, want %q", told, want)
	}
	if st := r.shown(p); st != "Started" {
		t.Errorf("shown as %s", st)
	}
	if want = fmt.Sprintf(`template=%d`, tm.ID); !strings.Contains(r.log(), "template cannot be filled") || !strings.Contains(r.log(), want) && !strings.Contains(r.log(), fmt.Sprintf(`"template":%d`, tm.ID)) {
		t.Errorf("the log says nothing of it: %s", r.log())
	}
	m = r.moment()
	p = r.createIn(f, nil, byMail("Ann", ann))
	r.went(m, "mail "+ann+": unknown: Please come and sign")
	if r.settled(); slices.Contains(r.statuses(p.Key), "TemplateNotUsed") {
		t.Error("a template that was used is told of")
	}
}

// bombs: each is refused over the API with its field, place and reason, sooner than anybody would notice.
func bombs(t *testing.T, r *rig) {
	t.Helper()
	nested := func(n int) string {
		return strings.Repeat("{{#each signees}}", n) + "x" + strings.Repeat("{{/each}}", n)
	}
	for name, c := range map[string]struct{ message, reason string }{
		"each in each":     {nested(4), "too many steps"},
		"deep blocks":      {nested(1000), "in each other"},
		"deep elements":    {strings.Repeat("<div>", 6000), "in each other"},
		"open braces":      {strings.Repeat("{{ ", 10_000), "not closed"},
		"a long name":      {"{{" + strings.Repeat("a", 30_000) + "}}", "not closed within"},
		"much of a little": {"{{#each signees}}" + strings.Repeat("x", 30_000) + "{{/each}}", "too long"},
		"a huge one":       {strings.Repeat("x", innsigli.MaxTemplateBytes+1), "longer than"},
		"script":           {"<p>a\nb<script>alert(1)</script></p>", "line 2, column 2: <script> is not allowed"},
		"entities":         {strings.Repeat("&lt;", 8000) + "<", "begins no tag"},
	} {
		for _, path := range []string{templates, templates + "/preview"} {
			began := time.Now()
			a := r.ask("POST", path, "own", map[string]any{"templateType": "Signup", "subject": "Please sign this", "message": c.message})
			took := time.Since(began)
			refusal(t, name, a, http.StatusBadRequest, "", "message")
			if !strings.Contains(string(a.body), c.reason) {
				t.Errorf("%s: %s", name, a.body)
			}
			t.Logf("%s: %s answered after %v", name, path, took)
		}
	}
	if a := r.ask("POST", templates, "own", `{"message":"`+strings.Repeat("x", 300_000)+`"}`); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body of 300,000 bytes: %d %.100s", a.status, a.body)
	}
}

func managedTemplates(t *testing.T, r *rig) {
	t.Helper()
	f := r.flow("Managed")
	one := r.template(f, "5", "is", map[string]any{"to": "{{customer.email}}", "subject": "Hætt hefur verið við", "message": "<p>{{documentName}} {{date}}</p>"})
	if one.TemplateType != "Canceled" || one.Language != "Is" || !one.IncludeFiles || !one.IsUsed || one.FlowKey != f {
		t.Errorf("%+v", one)
	}
	magic := r.template(f, "MagicLink", "", map[string]any{"subject": "Come in, please", "message": "<p>{{companyName}}</p>", "to": "{{user}}"})
	if magic.IsUsed {
		t.Errorf("%+v", magic)
	}
	twice := map[string]any{"flowKey": f, "templateType": "Canceled", "language": 10, "subject": "Hætt hefur verið við", "message": "x"}
	refusal(t, "the same place", r.ask("POST", templates, "own", twice), http.StatusBadRequest, "Exists", "templateType")
	other := r.company("Annað ehf.")
	path := fmt.Sprintf("%s/%d", templates, one.ID)
	refusal(t, "another's", r.ask("GET", path, other, nil), http.StatusNotFound, "NotFound")
	refusal(t, "another's preview", r.ask("GET", path+"/preview", other, nil), http.StatusNotFound, "NotFound")
	refusal(t, "another's flow", r.ask("GET", templates+"?FlowKey="+f, other, nil), http.StatusNotFound, "NotFound")
	refusal(t, "into another's flow", r.ask("POST", templates, other, twice), http.StatusBadRequest, "NotFound", "flowKey")
	refusal(t, "no credentials", r.ask("GET", templates, "", nil), http.StatusUnauthorized, "")

	a := r.ask("PUT", templates, "own", map[string]any{"id": one.ID, "flowKey": f, "templateType": "Canceled", "language": "Is", "to": "{{customer.email}}", "subject": "Ekkert verður af þessu", "message": "<p>{{customer.name}}: {{documentName}}</p>", "contentAsHtml": true})
	var got template
	if a.json(t, &got); a.status != http.StatusOK || got.Subject != "Ekkert verður af þessu" || !got.ContentAsHTML || got.CreatedAt != one.CreatedAt {
		t.Errorf("change: %d %s", a.status, a.body)
	}
	var all []template
	if r.ask("GET", templates+"?flowKey="+f, "own", nil).json(t, &all); len(all) != 2 || all[0].ID != one.ID || all[0].Subject != got.Subject {
		t.Errorf("list %+v", all)
	}
	previews(t, r, path)
	if a = r.ask("DELETE", fmt.Sprintf("%s?FlowKey=%s&Id=%d", templates, f, one.ID), "own", nil); a.status != http.StatusOK || string(a.body) != "{}" {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	refusal(t, "once more", r.ask("DELETE", fmt.Sprintf("%s?Id=%d", templates, one.ID), "own", nil), http.StatusNotFound, "NotFound")
	refusal(t, "no id", r.ask("DELETE", templates, "own", nil), http.StatusBadRequest, "Number", "Id")
	refusal(t, "change of none", r.ask("PUT", templates, "own", map[string]any{"templateType": "Canceled"}), http.StatusBadRequest, "NotEmpty", "id")
}

// previews show what would go out, and nothing goes out.
func previews(t *testing.T, r *rig, path string) {
	t.Helper()
	m := r.moment()
	page := r.ask("GET", path+"/preview", "own", nil)
	csp := page.header.Get("Content-Security-Policy")
	if page.status != http.StatusOK || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(string(page.body), "<p>Jane Doe: Contract.pdf</p>") ||
		!strings.Contains(csp, "sandbox;") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "allow-") ||
		page.header.Get("X-Content-Type-Options") != "nosniff" || page.header.Get("Set-Cookie") != "" {
		t.Errorf("page: %d %v %s", page.status, page.header, page.body)
	}
	a := r.ask("POST", templates+"/preview", "own", map[string]any{"templateType": "Signup", "language": "De"})
	if a.status != http.StatusOK || !strings.Contains(string(a.body), "Contract.pdf") || !strings.Contains(string(a.body), "Sie erhalten diese E-Mail") {
		t.Errorf("the built-in mail: %d %s", a.status, a.body)
	}
	a = r.ask("POST", templates+"/preview", "own", map[string]any{"templateType": "SmsCode", "message": "{{code}}!"})
	if a.status != http.StatusOK || strings.Contains(string(a.body), "html") {
		t.Errorf("an SMS: %d %s", a.status, a.body)
	}
	r.went(m)
}

// completionTemplates: Confirmation to each signee, SalesPerson to the user and Notification to an inbox, each in its words,
// one of them without files.
func completionTemplates(t *testing.T, r *rig) {
	t.Helper()
	const ann, owner, inbox = "ann@done.example", "owner@nordurljos.example", "archive@done.example"
	f := r.flow("Done")
	r.template(f, "Confirmation", "", map[string]any{"subject": "Confirmation of {{documentName}}", "message": "<p>Thank you, {{customer.name}}. {{#if attached}}attached{{else}}<a href=\"{{link}}\">Here</a>{{/if}}</p>", "includeFiles": false, "to": "{{customer.email}}"})
	r.template(f, "SalesPerson", "", map[string]any{"subject": "Signed by {{customer.name}}", "message": "<ul>{{#each signees}}<li>{{name}} {{signedAt}}</li>{{/each}}</ul>", "to": "{{salesPerson}}", "includeFiles": true})
	r.template(f, "Notification", "En", map[string]any{"subject": "For the archive: {{documentName}}", "message": "<p>{{flowName}} by {{salesPerson}}</p>", "to": inbox, "includeFiles": true})
	p := r.createIn(f, nil, byMail("Ann", ann))
	r.settled()
	m := r.moment()
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": code", "mail "+ann+": unknown: Confirmation of samningur.pdf", "mail "+owner+": unknown: Signed by Ann + samningur.pdf",
		"mail "+inbox+": unknown: For the archive: samningur.pdf + samningur.pdf")
	if got := r.lastTo(ann); !strings.Contains(got.Text, "Thank you, Ann. Here (") || !strings.Contains(got.Text, "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf") {
		t.Errorf("confirmation %s", got.Text)
	}
	if got := r.lastTo(inbox); !strings.Contains(got.Text, "Done by "+owner) {
		t.Errorf("notification %s", got.Text)
	}
	if got := r.lastTo(owner); !strings.Contains(got.HTML, "<li>Ann ") {
		t.Errorf("to the sender %s", got.HTML)
	}

	// Without a user the company's own address gets it, in our words, where it has no template.
	p = r.createIn(string(r.creds.FlowKey), map[string]any{"user": ""}, byMail("Ann", ann))
	r.settled()
	m = r.moment()
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": code", "mail "+ann+": completed + samningur.pdf", "mail office@nordurljos.example: completed + samningur.pdf", "webhook 2 + document")
	if got := r.lastTo("office@nordurljos.example"); !strings.Contains(got.Text, "has its signed documents sent to this address") {
		t.Errorf("notification %s", got.Text)
	}
}
