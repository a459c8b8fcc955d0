package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest"
)

func TestChanges(t *testing.T) {
	scenarios(t, []scenario{
		{"a changed address is invited anew", changedAddress},
		{"of a sequence wherever it stands", changedAddressInSequence},
		{"what a signee may change", changedBySignee},
		{"meta is merged", changedMeta},
		{"a signee is added", addedSignee},
		{"a signee is added to a sequence", addedToSequence},
		{"a signee is added once", addedOnce},
		{"a signee is removed", removedSignee},
		{"the last unsigned one is removed", removedLast},
		{"removed in order", removedInOrder},
	})
}

func signeePath(p process, n int) string { return "/signing/" + p.Key + "/signee/" + p.Signees[n].Key }

func changedAddress(t *testing.T, r *rig) {
	t.Helper()
	const old, now = "typo@change.example", "right@change.example"
	p := r.create(innsiglitest.PDF(t, 1, "changed"), byMail("Ann", old))
	token, code := r.askCode(p, 0)
	usedCodes.Store(r.url+code, true)
	r.settled() // else the change takes back what is counted below
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

func (r *rig) addSignee(key string, body map[string]any) answer {
	r.tb.Helper()
	return r.ask("POST", "/management/signing/"+key+"/signee", "own", body)
}

func (r *rig) removeSignee(p process, n int) answer {
	r.tb.Helper()
	return r.ask("DELETE", "/management"+signeePath(p, n)+"?User=boss@nordurljos.example", "own", nil)
}

// listedOf holds what the log says of two signees, of whom the second was added by an API key, and both have signed.
func listedOf(t *testing.T, r *rig, key string) {
	t.Helper()
	ask := func(filter string) (got []struct{ CreatedAt, CreatedBy, UpdatedAt string }) {
		var all []struct {
			Signees []struct{ CreatedAt, CreatedBy, UpdatedAt string }
		}
		r.ask("GET", "/signing/activity/"+key+"?StartDate=2020-01-01&EndDate=2100-01-01"+filter, "own", nil).json(t, &all)
		if len(all) != 1 || len(all[0].Signees) != 2 {
			t.Fatalf("activity%s: %+v", filter, all)
		}
		return all[0].Signees
	}
	got := ask("")
	ann, bo := got[0], got[1]
	if ann.CreatedBy != "owner@nordurljos.example" || bo.CreatedBy != "API key 1" || bo.CreatedAt <= ann.CreatedAt || ann.UpdatedAt <= bo.CreatedAt || bo.UpdatedAt <= ann.UpdatedAt {
		t.Errorf("signees of the log: %+v", got)
	}
	if diff := cmp.Diff(got, ask("&User=owner@nordurljos.example")); diff != "" {
		t.Errorf("a filter of lines changes what is said of people: %s", diff)
	}
}

func addedSignee(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "added"), byMail("Ann", "ann@add.example"))
	r.settled()
	m := r.moment()
	a := r.addSignee(p.Key, byMail("Bo", "bo@add.example"))
	var bo struct{ Key, URL, Email string }
	if a.json(t, &bo); a.status != http.StatusOK || bo.Email != "bo@add.example" || !strings.HasSuffix(bo.URL, bo.Key) {
		t.Fatalf("add: %d %s", a.status, a.body)
	}
	r.went(m, "mail bo@add.example: invitation")
	for _, bad := range []struct {
		body  map[string]any
		field string
	}{
		{byMail("Bo", "nonsense"), "email"},
		{map[string]any{"name": "Bo", "signatureType": "Simple"}, "email"},
		{map[string]any{"name": "Bo", "email": "x@y.example", "signatureType": "Golden"}, "signatureType"},
	} {
		a := r.addSignee(p.Key, bad.body)
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || len(fields) == 0 || fields[0] != bad.field {
			t.Errorf("%v: %d %s", bad.body, a.status, a.body)
		}
	}
	if a := r.addSignee("sp00", byMail("Bo", "bo@add.example")); a.status != http.StatusNotFound {
		t.Errorf("an unknown process: %d", a.status)
	}
	var whole process
	r.ask("GET", signeePath(p, 0), "own", nil).json(t, &whole)
	for n := range 2 {
		if a := r.sign(whole, n); a.status != http.StatusOK {
			t.Fatalf("sign %d: %d %s", n, a.status, a.body)
		}
	}
	r.settled()
	if log := r.statuses(p.Key); count(log, "SigneeAdded") != 2 || count(log, "Completed") != 1 {
		t.Errorf("log %q", log)
	}
	listedOf(t, r, p.Key)
	if a := r.addSignee(p.Key, byMail("Late", "late@add.example")); a.status != http.StatusBadRequest {
		t.Errorf("after the end: %d %s", a.status, a.body)
	}
}

func addedToSequence(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@seqadd.example"
	q := r.createSequence(nil, part{"lease", []who{byMail("Ann", ann)}}, part{"annex", []who{byMail("Bo", "bo@seqadd.example")}})
	r.settled()
	m := r.moment()
	if a := r.addSignee(q.SigningProcesses[1].Key, byMail("Ann", ann)); a.status != http.StatusOK {
		t.Fatalf("add: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": invitation")
	if mail := r.lastTo(ann); !strings.Contains(mail.Text, "lease.pdf") || !strings.Contains(mail.Text, "annex.pdf") || !strings.Contains(mail.Text, q.person(0)) {
		t.Errorf("the invitation is not to both documents: %s", mail.Text)
	}
}

func addedOnce(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "added once"), byMail("Ann", "ann@once.example"))
	r.settled()
	m := r.moment()
	add := func(email string) answer {
		return r.postWith("/management/signing/"+p.Key+"/signee", byMail("Bo", email), http.Header{"Idempotency-Key": {"order 17"}})
	}
	var first, again, after struct{ Key string }
	add("bo@once.example").json(t, &first)
	add("bo@once.example").json(t, &again)
	refusal(t, "another request", add("cy@once.example"), 400, "IdempotencyKeyReused", "Idempotency-Key")
	r.went(m, "mail bo@once.example: invitation")
	p.Signees = append(p.Signees, p.Signees[0])
	p.Signees[1].Key = first.Key
	if a := r.removeSignee(p, 1); a.status != http.StatusNoContent {
		t.Fatalf("remove: %d %s", a.status, a.body)
	}
	add("bo@once.example").json(t, &after)
	if first.Key == "" || again != first || after != first {
		t.Errorf("added %+v, then %+v and %+v", first, again, after)
	}
	if log := r.statuses(p.Key); count(log, "SigneeAdded") != 2 {
		t.Errorf("log %q", log)
	}
}

func removedSignee(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@remove.example", "bo@remove.example"
	p := r.create(innsiglitest.PDF(t, 1, "removed"), byMail("Ann", ann), byMail("Bo", bo))
	token, code := r.askCode(p, 1)
	usedCodes.Store(r.url+code, true)
	r.settled()
	m := r.moment()
	for range 2 { // the second is of a client whose first answer was lost
		if a := r.removeSignee(p, 1); a.status != http.StatusNoContent || len(a.body) != 0 {
			t.Fatalf("remove: %d %s", a.status, a.body)
		}
	}
	r.went(m, "mail "+bo+": removed")
	if a := r.ask("GET", strings.TrimPrefix(p.Signees[1].URL, r.url), "", nil); a.status != http.StatusGone || !strings.Contains(string(a.body), "taken you off") {
		t.Errorf("the link: %d %s", a.status, a.body)
	}
	for _, path := range []string{signeePath(p, 1), "/pdf/" + p.Key + "/" + p.Signees[1].Key + ".pdf"} {
		if a := r.ask("GET", path, "", nil); a.status != http.StatusGone {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if a := r.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil); a.status != http.StatusBadRequest {
		t.Errorf("the code: %d %s", a.status, a.body)
	}
	if a := r.removeSignee(p, 0); a.status != http.StatusBadRequest {
		t.Errorf("the only one: %d %s", a.status, a.body)
	}
	m = r.moment()
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.went(m, "mail "+ann+": canceled", "webhook 5")
}

func removedLast(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@last.example", "bo@last.example"
	p := r.create(innsiglitest.PDF(t, 1, "last"), byMail("Ann", ann), byMail("Bo", bo))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	m := r.moment()
	if a := r.removeSignee(p, 0); a.status != http.StatusBadRequest {
		t.Errorf("whoever has signed: %d %s", a.status, a.body)
	}
	if a := r.removeSignee(p, 1); a.status != http.StatusNoContent {
		t.Fatalf("remove: %d %s", a.status, a.body)
	}
	r.settled()
	if st := r.shown(p); st != "Completed" {
		t.Fatalf("shown as %s: %q", st, r.statuses(p.Key))
	}
	r.went(m, "mail "+bo+": removed", "mail "+ann+": completed + samningur.pdf", "mail owner@nordurljos.example: completed + samningur.pdf", "webhook 2 + document")
}

func removedInOrder(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@ordered.example", "bo@ordered.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "ordered"), byMail("Ann", ann), byMail("Bo", bo))
	body["signInOrder"] = true
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	r.settled()
	m := r.moment()
	if a := r.removeSignee(p, 0); a.status != http.StatusNoContent {
		t.Fatalf("remove: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": removed", "mail "+bo+": invitation")
}

func TestRacesCancelAgainstChanges(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		pdf := innsiglitest.PDF(t, 1, "race")
		for name, change := range map[string]struct {
			ask  func(p process, who string) answer
			line string
		}{
			"change": {func(p process, who string) answer {
				return r.ask("PUT", signeePath(p, 1), "own", map[string]any{"email": "new" + who})
			}, "SigneeUpdated"},
			"add": {func(p process, who string) answer { return r.addSignee(p.Key, byMail("New", "new"+who)) }, "SigneeAdded"},
			"reassign": {func(p process, who string) answer {
				return r.reassign(p, 1, map[string]any{"name": "New", "email": "new" + who})
			}, "SigneeReassigned"},
			"remove": {func(p process, _ string) answer { return r.removeSignee(p, 1) }, "SigneeRemoved"},
		} {
			won := map[string]int{}
			for i := range rounds(t) {
				who := fmt.Sprintf("%s%d@example.com", name, i)
				p := r.createPassable(pdf, byMail("Ann", "ann"+who), byMail("Bo", "bo"+who))
				if i%2 == 0 {
					r.settled() // else the invitation is still on its way
				}
				var canceled int
				var changed answer
				delay := time.Duration(i%5) * time.Millisecond
				atOnce(
					func() { time.Sleep(delay); canceled = r.cancel(p.Key) },
					func() { changed = change.ask(p, who) },
				)
				r.settled()
				before := 0
				if change.line == "SigneeAdded" {
					before = 2
				}
				log := r.statuses(p.Key)
				kept := count(log, change.line) - before
				switch ok := changed.status < 300; {
				case canceled != http.StatusNoContent, ok != (kept == 1), !ok && changed.status != http.StatusBadRequest:
					t.Fatalf("%s, round %d: cancel %d, change %d %s, log %q", name, i, canceled, changed.status, changed.body, log)
				case ok:
					won[name]++
				default:
					won["cancel"]++
				}
				r.mustBeCanceled(t, p, "ann"+who)
				told := append(r.subjects("new"+who), "")
				if n := countFunc(told, isCancelSubject); name != "remove" && (n == 1) != (changed.status < 300) {
					t.Fatalf("%s, round %d: the new address was told %q", name, i, told)
				}
				if len(told) > 1 && !isCancelSubject(told[len(told)-2]) {
					t.Fatalf("%s, round %d: something came after the cancel: %q", name, i, told)
				}
			}
			t.Logf("%s, won by: %v", name, won)
		}
	})
}
