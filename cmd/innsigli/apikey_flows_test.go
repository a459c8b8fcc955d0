package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// limitedKey makes a key that may do everything in some flows, and gives its credentials.
func (r *rig) limitedKey(flows ...string) string {
	r.tb.Helper()
	var all []any
	for _, resource := range innsigli.Resources {
		all = append(all, map[string]any{"apiResource": resource, "verbs": []string{"GET", "POST", "PUT", "DELETE"}, "flows": flows})
	}
	var k struct{ KeyRaw string }
	a := r.ask("POST", "/management/apikeys", "own", map[string]any{"name": "limited", "permissions": all})
	if a.json(r.tb, &k); k.KeyRaw == "" {
		r.tb.Fatalf("create key: %d %s", a.status, a.body)
	}
	return basic(string(r.creds.CompanyKey), k.KeyRaw)
}

// TestAKeyForOneFlow lives with a key that is for one of two flows.
func TestAKeyForOneFlow(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r, _ := newLocal(t, db, seams{})
		mine, other := r.flow("Mine"), string(r.creds.FlowKey)
		key, both := r.limitedKey(mine), r.limitedKey(mine, other)
		expect := func(what string, a answer, status int) {
			t.Helper()
			if a.status != status {
				t.Errorf("%s: %d, want %d: %.300s", what, a.status, status, a.body)
			}
		}

		body := r.bodyOf(innsiglitest.PDF(t, 1, "mine"), byMail("Ann", "ann@flows.example"), byMail("Bo", "bo@flows.example"))
		body["flowKey"] = mine
		var p process
		a := r.ask("POST", "/management/signing", key, body)
		expect("create", a, 200)
		a.json(t, &p)
		theirs := r.create(innsiglitest.PDF(t, 1, "theirs"), byMail("Ann", "ann@flows.example"), byMail("Bo", "bo@flows.example"))
		parts := r.sequenceOf(part{"lease", []who{byMail("Ann", "ann@flows.example")}}, part{"annex", []who{byMail("Ann", "ann@flows.example")}})
		parts["createSigningProcesses"].([]map[string]any)[0]["flowKey"] = mine
		a = r.ask("POST", "/management/signing/sequential", key, parts)
		if expect("a sequence of both flows", a, 400); !strings.Contains(string(a.body), "createSigningProcesses[1].flowKey") {
			t.Errorf("it does not name the flow: %s", a.body)
		}
		var q sequence
		r.ask("POST", "/management/signing/sequential", both, parts).json(t, &q)
		whole := "/management/signing/sequential?SequenceKey=" + q.Key
		expect("the sequence, by a key for both flows", r.ask("GET", whole, both, nil), 200)

		// A part of what does not exist does not exist either, and a link is what it is to anybody.
		inMine := q.SigningProcesses[0].process
		expect("the sequence", r.ask("GET", whole, key, nil), 404)
		expect("cancel of the sequence", r.ask("DELETE", whole+"&User=owner@nordurljos.example", key, nil), 404)
		for _, k := range []string{theirs.Key, inMine.Key} {
			expect("cancel", r.ask("DELETE", "/management/signing?ProcessKey="+k, key, nil), 404)
			expect("document", r.ask("GET", "/pdf/sp/"+k+".pdf", key, nil), 404)
		}
		r.settled() // so that nothing changes between two looks
		for _, path := range []string{
			"/signing/" + theirs.Key + "/signee/" + theirs.Signees[0].Key, "/signing/" + inMine.Key + "/signee/" + inMine.Signees[0].Key,
			"/signing/sequential/" + q.Key + "/signee/" + q.person(0),
		} {
			limited, anybody := r.ask("GET", path, key, nil), r.ask("GET", path, "", nil)
			if limited.status != 200 || !bytes.Equal(limited.body, anybody.body) {
				t.Errorf("%s: %d %s, anybody is shown %s", path, limited.status, limited.body, anybody.body)
			}
		}
		expect("e-mail address", r.ask("PUT", "/signing/"+theirs.Key+"/signee/"+theirs.Signees[0].Key, key, map[string]any{"email": "eve@flows.example"}), 403)

		for _, path := range []string{"/signing/activity", "/signing/activity/user", "/signing/activity/company", "/signing/activity/" + p.Key} {
			a := r.ask("GET", path+"?StartDate=2020-01-01&EndDate=2100-01-01", key, nil)
			if n := strings.Count(string(a.body), `"activityLog"`); n != 1 || !strings.Contains(string(a.body), p.Key) {
				t.Errorf("%s: %d processes: %s", path, n, a.body)
			}
		}
		a = r.ask("GET", "/management/flow", key, nil)
		if n := strings.Count(string(a.body), `"name"`); n != 1 || !strings.Contains(string(a.body), mine) {
			t.Errorf("flows: %s", a.body)
		}

		// What is of its own flow it may all.
		expect("document", r.ask("GET", "/pdf/sp/"+p.Key+".pdf", key, nil), 200)
		if a := r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, key, nil); !strings.Contains(string(a.body), p.Signees[1].Key) {
			t.Errorf("the process is not shown whole: %s", a.body)
		}
		expect("signee", r.ask("POST", "/management/signing/"+p.Key+"/signee", key, byMail("Cy", "cy@flows.example")), 200)
		expect("look", r.ask("PUT", "/management/flow", key, map[string]any{"flowKey": mine, "name": "Mine", "color": "#112233"}), 200)
		expect("logo", r.ask("PUT", "/management/flow/"+mine+"/logo", key, strokes(t, 40, 20)), 200)
		r.templatesOfOneFlow(t, key, mine, other)
		r.webhooksOfOneFlow(t, key, mine, other)

		// A flow that is deleted leaves nothing to start, and what runs in it goes on.
		expect("delete of the flow", r.ask("DELETE", "/management/flow/"+mine, key, nil), 403)
		expect("delete of the flow", r.ask("DELETE", "/management/flow/"+mine, "own", nil), 204)
		expect("create in a deleted flow", r.ask("POST", "/management/signing", key, body), 400)
		if a := r.ask("GET", "/management/flow", key, nil); string(a.body) != "[]" {
			t.Errorf("flows without the deleted one: %s", a.body)
		}
		expect("another flow's process, without the deleted flow", r.ask("DELETE", "/management/signing?ProcessKey="+theirs.Key, key, nil), 404)
		expect("cancel", r.ask("DELETE", "/management/signing?ProcessKey="+p.Key, key, nil), 204)
		expect("cancel by a key for both flows", r.ask("DELETE", whole+"&User=owner@nordurljos.example", both, nil), 200)
	})
}

func (r *rig) templatesOfOneFlow(t *testing.T, key, mine, other string) {
	t.Helper()
	template := func(flow string) map[string]any {
		return map[string]any{"flowKey": flow, "templateType": "Signup", "subject": "Please sign this", "message": "Please sign this, it is long enough to be kept."}
	}
	id := func(a answer) string {
		var got struct{ ID int64 }
		if a.json(t, &got); got.ID == 0 {
			t.Fatalf("template: %d %s", a.status, a.body)
		}
		return fmt.Sprint(got.ID)
	}
	for _, flow := range []string{other, ""} {
		theirs := id(r.ask("POST", "/management/emailtemplate", "own", template(flow)))
		move := template(mine)
		move["id"] = json.Number(theirs)
		for what, a := range map[string]answer{
			"show":   r.ask("GET", "/management/emailtemplate/"+theirs, key, nil),
			"move":   r.ask("PUT", "/management/emailtemplate", key, move),
			"delete": r.ask("DELETE", "/management/emailtemplate?Id="+theirs, key, nil),
		} {
			if a.status != http.StatusNotFound {
				t.Errorf("%s a template of flow %q: %d %s", what, flow, a.status, a.body)
			}
		}
		for _, path := range []string{"", "/preview"} {
			if a := r.ask("POST", "/management/emailtemplate"+path, key, template(flow)); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), "flowKey") {
				t.Errorf("a template for flow %q%s: %d %s", flow, path, a.status, a.body)
			}
		}
	}
	own := id(r.ask("POST", "/management/emailtemplate", key, template(mine)))
	away := template(other)
	away["id"] = json.Number(own)
	if a := r.ask("PUT", "/management/emailtemplate", key, away); a.status != http.StatusBadRequest {
		t.Errorf("its template moved to another flow: %d %s", a.status, a.body)
	}
	var all []struct{ FlowKey string }
	if r.ask("GET", "/management/emailtemplate", key, nil).json(t, &all); len(all) != 1 || all[0].FlowKey != mine {
		t.Errorf("templates: %+v", all)
	}
}

func (r *rig) webhooksOfOneFlow(t *testing.T, key, mine, other string) {
	t.Helper()
	id := func(auth, flow string) string {
		var got struct{ ID int64 }
		a := r.ask("POST", "/management/webhook", auth, map[string]any{"flowKey": flow, "url": r.hooks.URL()})
		if a.json(t, &got); got.ID == 0 {
			t.Fatalf("webhook: %d %s", a.status, a.body)
		}
		return fmt.Sprint(got.ID)
	}
	own, theirs := id(key, mine), id("own", other)
	for what, c := range map[string]struct {
		a      answer
		status int
	}{
		"take another flow's": {r.ask("PUT", "/management/webhook/"+theirs, key, map[string]any{"flowKey": mine, "url": r.hooks.URL()}), 404},
		"delete another's":    {r.ask("DELETE", "/management/webhook/"+theirs, key, nil), 404},
		"list another's":      {r.ask("GET", "/management/webhook/flowkey/"+other, key, nil), 404},
		"move to another":     {r.ask("PUT", "/management/webhook/"+own, key, map[string]any{"flowKey": other, "url": r.hooks.URL()}), 400},
		"its deliveries":      {r.ask("GET", "/management/webhook/"+own+"/deliveries", key, nil), 200},
		"signature key":       {r.ask("POST", "/management/webhook/key", key, nil), 403},
	} {
		if c.a.status != c.status {
			t.Errorf("webhook, %s: %d %s", what, c.a.status, c.a.body)
		}
	}
	if a := r.ask("DELETE", "/management/webhook/"+own, key, nil); a.status != http.StatusNoContent {
		t.Errorf("delete its own webhook: %d %s", a.status, a.body)
	}
}

// TestFlowsOfAKeyAreJudged: bad ones are named by their place, good ones are shown, and none makes a key for more than its own flows.
func TestFlowsOfAKeyAreJudged(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r, _ := newLocal(t, db, seams{})
		flow := string(r.creds.FlowKey)
		second := r.flow("Second")
		keys := func(auth string, flows ...string) answer {
			return r.ask("POST", "/management/apikeys", auth, map[string]any{"name": "k", "permissions": []any{
				map[string]any{"apiResource": "Auth", "verbs": []string{"GET", "POST"}},
				map[string]any{"apiResource": "Signing", "verbs": []string{"GET"}, "flows": flows},
			}})
		}
		for place, flows := range map[string][]string{
			"permissions[1].flows[1]": {flow, "00aa11bb22cc"}, "permissions[1].flows[2]": {flow, second, strings.ToUpper(flow)}, "permissions[1].flows[0]": {""},
		} {
			if a := keys("own", flows...); a.status != http.StatusBadRequest || !strings.Contains(string(a.body), `"`+place+`"`) {
				t.Errorf("%v: %d %s", flows, a.status, a.body)
			}
		}
		var made struct {
			KeyRaw      string
			Permissions []struct{ Flows []string }
		}
		keys("own", strings.ToUpper(flow)).json(t, &made)
		if p := made.Permissions; len(p) != 2 || len(p[0].Flows) != 0 || len(p[1].Flows) != 1 || p[1].Flows[0] != flow {
			t.Fatalf("made: %+v", made)
		}
		var all []struct {
			Permissions []struct{ Flows []string }
		}
		r.ask("GET", "/management/apikeys", "own", nil).json(t, &all)
		if n := len(all) - 1; n < 1 || len(all[n].Permissions) != 2 || all[n].Permissions[1].Flows[0] != flow {
			t.Errorf("shown: %+v", all)
		}
		child := basic(string(r.creds.CompanyKey), made.KeyRaw)
		for want, flows := range map[int][]string{http.StatusOK: {flow}, http.StatusForbidden: {flow, second}} {
			if a := keys(child, flows...); a.status != want {
				t.Errorf("a key for %v by one for %s: %d %s", flows, flow, a.status, a.body)
			}
		}
		if a := keys(child); a.status != http.StatusForbidden {
			t.Errorf("a key for every flow by one for %s: %d %s", flow, a.status, a.body)
		}
	})
}
