package main

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestAPIKeys lives through a company's keys as a client does.
func TestAPIKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		a := r.ask("POST", "/api/Management/ApiKeys", "own", map[string]any{
			"Name": "reader", "Permissions": []any{map[string]any{"ApiResource": "signing", "verbs": []string{"get"}, "flows": []string{}}}, "extra": 1,
		})
		var made struct {
			ID     int64
			KeyRaw string
		}
		a.json(t, &made)
		if a.status != 200 || made.KeyRaw == "" {
			t.Fatalf("create: %d %s", a.status, a.body)
		}
		reader := "Basic " + base64.StdEncoding.EncodeToString([]byte(string(r.creds.CompanyKey)+":"+made.KeyRaw))
		p := r.create(innsiglitest.PDF(t, 1, "keys"), byMail("Anna", "anna@example.com"))
		for _, c := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/signing/activity?StartDate=2020-01-01&EndDate=2100-01-01", 200},
			{"GET", "/signing/" + p.Key + "/signee/" + p.Signees[0].Key, 200},
			{"GET", "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf", 403},
			{"GET", "/pdf/sp/" + p.Key + ".pdf", 403},
			{"POST", "/management/signing", 403},
			{"DELETE", "/management/signing?ProcessKey=" + p.Key, 403},
			{"GET", "/management/flow", 403},
			{"POST", "/management/webhook", 403},
			{"GET", "/management/apikeys", 403},
			{"POST", "/management/apikeys", 403},
			{"DELETE", "/management/apikeys/1", 403},
		} {
			a := r.ask(c.method, c.path, reader, nil)
			if code, _ := a.errorCode(); a.status != c.status || c.status == 403 && code != "PermissionDenied" {
				t.Errorf("reader, %s %s: %d %s", c.method, c.path, a.status, a.body)
			}
		}
		own := fmt.Sprintf("/management/apikeys/%d", made.ID)
		if a := r.ask("PUT", own, "own", map[string]any{"name": "reader of flows", "permissions": []any{map[string]any{"apiResource": "Flow", "verbs": []string{"GET"}}}}); a.status != 200 {
			t.Errorf("change: %d %s", a.status, a.body)
		}
		if a := r.ask("GET", "/management/flow", reader, nil); a.status != 200 {
			t.Errorf("after the change: %d %s", a.status, a.body)
		}
		a = r.ask("DELETE", "/management/apikeys/1", "own", nil)
		if code, _ := a.errorCode(); a.status != 400 || code != "LastKey" {
			t.Errorf("the last key that may do everything: %d %s", a.status, a.body)
		}
		if a := r.ask("DELETE", own, "own", nil); a.status != 204 || len(a.body) != 0 {
			t.Errorf("delete: %d %s", a.status, a.body)
		}
		if a := r.ask("GET", "/management/flow", reader, nil); a.status != 401 {
			t.Errorf("with a deleted key: %d %s", a.status, a.body)
		}
		for _, path := range []string{own, "/management/apikeys/none"} {
			if a := r.ask("DELETE", path, "own", nil); a.status != 404 {
				t.Errorf("DELETE %s: %d %s", path, a.status, a.body)
			}
		}
		var left []struct {
			Name   string
			KeyRaw string
		}
		r.ask("GET", "/management/apikeys", "own", nil).json(t, &left)
		if len(left) != 1 || left[0].KeyRaw != "" {
			t.Errorf("keys: %+v", left)
		}
	})
}
