package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

func TestChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		r := newRig(t, db)
		r.hook()
		for _, s := range []struct {
			name string
			test func(*testing.T, *rig)
		}{
			{"a changed address is invited anew", changedAddress},
			{"of a sequence wherever it stands", changedAddressInSequence},
			{"what a signee may change", changedBySignee},
			{"meta is merged", changedMeta},
		} {
			t.Run(s.name, func(t *testing.T) { s.test(t, r.with(t)) })
		}
	})
}

func signeePath(p process, n int) string { return "/signing/" + p.Key + "/signee/" + p.Signees[n].Key }

func changedAddress(t *testing.T, r *rig) {
	t.Helper()
	const old, now = "typo@change.example", "right@change.example"
	p := r.create(innsiglitest.PDF(t, 1, "changed"), byMail("Ann", old))
	token, code := r.askCode(p, 0)
	usedCodes.Store(r.url+code, true)
	m := r.moment()
	a := r.ask("PUT", signeePath(p, 0), "own", map[string]any{"SIGNEEKEY": p.Signees[0].Key, "processKey": p.Key, "email": now, "postalCode": "600"})
	var got struct{ Key, Email, PostalCode, Name string }
	if a.json(t, &got); a.status != http.StatusOK || got.Email != now || got.PostalCode != "600" || got.Name != "Ann" || got.Key != p.Signees[0].Key {
		t.Fatalf("update: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+now+": invitation")
	if a := r.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil); a.status != http.StatusBadRequest {
		t.Errorf("the code to the old address: %d %s", a.status, a.body)
	}
	m = r.moment()
	if a := r.ask("PUT", signeePath(p, 0), "own", map[string]any{"email": now}); a.status != http.StatusOK {
		t.Errorf("the same again: %d %s", a.status, a.body)
	}
	r.went(m)
	p.Signees[0].Email = now
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	if n := r.mailsTo(old); n != 2 {
		t.Errorf("the old address got %d mails, want the invitation and the code from before", n)
	}
	if log := r.statuses(p.Key); count(log, "SigneeUpdated") != 1 || count(log, "SignupSent") != 2 {
		t.Errorf("log %q", log)
	}
	if a := r.ask("PUT", signeePath(p, 0), "own", map[string]any{"city": "late"}); a.status != http.StatusBadRequest {
		t.Errorf("after the end: %d %s", a.status, a.body)
	}
}

func changedAddressInSequence(t *testing.T, r *rig) {
	t.Helper()
	const old, now = "old@seqchange.example", "new@seqchange.example"
	q := r.createSequence(nil, part{"lease", []who{byMail("Ann", old)}}, part{"annex", []who{byMail("Ann", old)}})
	r.settled()
	m := r.moment()
	if a := r.ask("PUT", signeePath(q.SigningProcesses[1].process, 0), "own", map[string]any{"email": now}); a.status != http.StatusOK {
		t.Fatalf("update: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+now+": invitation")
	m = r.moment()
	if st := r.cancel(q.SigningProcesses[0].Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.went(m, "mail "+now+": canceled", "webhook 5", "webhook 5")
}

func changedBySignee(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "own"), byMail("Ann", "ann@ownchange.example"))
	r.settled()
	m := r.moment()
	for _, c := range []struct {
		body   map[string]any
		status int
		field  string
	}{
		{map[string]any{"address": "Gata 1", "city": "Akureyri", "email": "ann@ownchange.example"}, http.StatusOK, ""},
		{map[string]any{"email": "thief@ownchange.example"}, http.StatusForbidden, "email"},
		{map[string]any{"signeeKey": "si00"}, http.StatusBadRequest, "signeeKey"},
		{map[string]any{"processKey": "sp00"}, http.StatusBadRequest, "processKey"},
		{map[string]any{"city": strings.Repeat("x", 201)}, http.StatusBadRequest, "city"},
		{map[string]any{"city": 7}, http.StatusBadRequest, "city"},
	} {
		a := r.ask("PUT", signeePath(p, 0), "", c.body)
		_, fields := a.errorCode()
		if a.status != c.status || c.field != "" && (len(fields) != 1 || fields[0] != c.field) {
			t.Errorf("%v: %d %s", c.body, a.status, a.body)
		}
	}
	r.went(m)
	if a := r.ask("PUT", signeePath(p, 0), "Basic bm9ib2R5Om5vdGhpbmc=", map[string]any{"city": "x"}); a.status != http.StatusUnauthorized {
		t.Errorf("wrong credentials: %d", a.status)
	}
	if a := r.ask("PUT", signeePath(p, 0), r.company("Other ehf."), map[string]any{"email": "x@y.example"}); a.status != http.StatusForbidden {
		t.Errorf("another company: %d", a.status)
	}
}

func changedMeta(t *testing.T, r *rig) {
	t.Helper()
	body := r.bodyOf(innsiglitest.PDF(t, 1, "meta"), byMail("Ann", "ann@meta.example"))
	body["meta"] = map[string]any{"Order": "17"}
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	if a := r.ask("PUT", signeePath(p, 0)+"/meta", "", map[string]any{"META": map[string]any{"Answer": 42}, "skipDocumentUpdate": true}); a.status != http.StatusOK {
		t.Fatalf("meta: %d %s", a.status, a.body)
	}
	if a := r.ask("PUT", signeePath(p, 0)+"/meta", "", map[string]any{"meta": map[string]any{"Order": "18"}}); a.status != http.StatusForbidden {
		t.Errorf("changed without credentials: %d %s", a.status, a.body)
	}
	a := r.ask("PUT", signeePath(p, 0)+"/meta", "own", map[string]any{"meta": map[string]any{"Order": "18"}})
	var got struct{ Meta map[string]string }
	if a.json(t, &got); a.status != http.StatusOK || got.Meta["Order"] != "18" || got.Meta["Answer"] != "42" {
		t.Errorf("meta: %d %s", a.status, a.body)
	}
	for _, bad := range []any{map[string]any{}, map[string]any{"meta": map[string]any{"x": []int{1}}}, map[string]any{"meta": map[string]any{"big": strings.Repeat("x", 64<<10)}}} {
		if a := r.ask("PUT", signeePath(p, 0)+"/meta", "own", bad); a.status != http.StatusBadRequest {
			t.Errorf("%.60v: %d %.200s", bad, a.status, a.body)
		}
	}
}
