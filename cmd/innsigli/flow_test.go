package main

import (
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

type flow struct {
	Key, FlowKey, Name string
	Active             bool
}

// TestFlowManagement lives through a company's flows as a client does.
func TestFlowManagement(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		var made, got flow
		a := r.ask("POST", "/api/management/Flow/", "own", map[string]any{"Name": "Leiga", "productType": "Default", "extra": []int{1}})
		if a.json(t, &made); a.status != 200 || made.Name != "Leiga" || !made.Active || made.Key == "" || made.Key != made.FlowKey {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
		body := r.bodyOf(innsiglitest.PDF(t, 1, "flow"), byMail("Anna", "anna@example.com"))
		body["flowKey"] = made.Key
		a = r.ask("POST", "/management/signing", "own", body)
		var p process
		if a.json(t, &p); a.status != 200 {
			t.Fatalf("in the new flow: %d %s", a.status, a.body)
		}
		a = r.ask("PUT", "/management/flow", "own", map[string]any{"flowKey": made.Key, "name": "Sala", "active": false})
		if a.json(t, &got); a.status != 200 || got.Name != "Sala" || got.Active {
			t.Errorf("change: %d %s", a.status, a.body)
		}
		a = r.ask("POST", "/management/signing", "own", body)
		if _, fields := a.errorCode(); a.status != 400 || len(fields) != 1 || fields[0] != "flowKey" {
			t.Errorf("in a closed flow: %d %s", a.status, a.body)
		}
		a = r.ask("GET", "/management/flow/"+made.Key, "own", nil)
		if a.json(t, &got); a.status != 200 || got.Name != "Sala" {
			t.Errorf("show: %d %s", a.status, a.body)
		}
		r.hook()
		var types struct{ EmailTemplateTypes, WebhookTypes []string }
		a = r.ask("GET", "/flow/"+string(r.creds.FlowKey)+"/registered/deliveries", "own", nil)
		if a.json(t, &types); a.status != 200 || len(types.WebhookTypes) < 4 || types.EmailTemplateTypes == nil {
			t.Errorf("deliveries: %d %s", a.status, a.body)
		}
		flowDeleted(t, r, made, p)
		a = r.ask("PUT", "/management/flow", "own", map[string]any{"name": "no key"})
		if _, fields := a.errorCode(); a.status != 400 || len(fields) != 1 || fields[0] != "flowKey" {
			t.Errorf("a change without a key: %d %s", a.status, a.body)
		}
	})
}

// flowDeleted deletes a flow: it is gone, and what runs in it runs on.
func flowDeleted(t *testing.T, r *rig, made flow, p process) {
	t.Helper()
	if a := r.ask("DELETE", "/management/flow/"+made.Key, "own", nil); a.status != 204 {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	if got := r.shown(p); got == "Canceled" || got == "" {
		t.Errorf("what runs in a deleted flow: %q", got)
	}
	for method, path := range map[string]string{"GET": "/management/flow/" + made.Key, "DELETE": "/management/flow/" + made.Key} {
		if a := r.ask(method, path, "own", nil); a.status != 404 {
			t.Errorf("%s of a deleted flow: %d %s", method, a.status, a.body)
		}
	}
}
