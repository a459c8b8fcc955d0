package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

func TestReassign(t *testing.T) {
	scenarios(t, []scenario{
		{"a signee passes signing on", passedOn},
		{"in the middle of an order", passedOnInOrder},
		{"all documents of a sequence", passedOnAll},
		{"by the page", passedOnByPage},
		{"by the company", passedOnByCompany},
		{"refusals", reassignRefused},
	})
}

func (r *rig) reassign(p process, n int, body map[string]any) answer {
	r.tb.Helper()
	return r.ask("POST", signeePath(p, n)+"/reassign", "", body)
}

// createPassable starts a process whose signees may pass signing on.
func (r *rig) createPassable(pdf []byte, people ...who) (p process) {
	r.tb.Helper()
	body := r.bodyOf(pdf, people...)
	body["allowReassign"] = true
	a := r.ask("POST", "/management/signing", "own", body)
	if a.json(r.tb, &p); a.status != http.StatusOK || !strings.Contains(string(a.body), `"allowReassign":true`) {
		r.tb.Fatalf("create: %d %s", a.status, a.body)
	}
	return p
}

// now is the process as the company is shown it.
func (r *rig) now(p process) (got process) {
	r.tb.Helper()
	a := r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[len(p.Signees)-1].Key, "own", nil)
	if a.json(r.tb, &got); a.status != http.StatusOK {
		r.tb.Fatalf("process: %d %s", a.status, a.body)
	}
	return got
}

func passedOn(t *testing.T, r *rig) {
	t.Helper()
	const ann, edda, bo, owner = "ann@pass.example", "edda@pass.example", "bo@pass.example", "owner@nordurljos.example"
	p := r.createPassable(innsiglitest.PDF(t, 1, "passed"), byMail("Ann", ann), byMail("Bo", bo))
	token, code := r.askCode(p, 0)
	usedCodes.Store(r.url+code, true)
	if a := r.drawFor(p, 0, strokes(t, 60, 30)); a.status != http.StatusNoContent {
		t.Fatalf("draw: %d %s", a.status, a.body)
	}
	r.settled()
	m := r.moment()
	to := map[string]any{"NAME": "Edda Örn", "Email": edda, "language": "En"}
	if a := r.reassign(p, 0, to); a.status != http.StatusNoContent || len(a.body) != 0 {
		t.Fatalf("reassign: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+edda+": invitation", "mail "+owner+": passed on")
	if mail := r.lastTo(owner); !strings.Contains(mail.Text, "Ann") || !strings.Contains(mail.Text, "Edda Örn, "+edda) {
		t.Errorf("the owner is told: %s", mail.Text)
	}
	if mail := r.lastTo(edda); !strings.Contains(mail.Text, "Passed on by: Ann") {
		t.Errorf("Edda is told: %s", mail.Text)
	}
	m = r.moment()
	if a := r.reassign(p, 0, to); a.status != http.StatusNoContent {
		t.Errorf("the same again: %d %s", a.status, a.body)
	}
	if a := r.reassign(p, 0, map[string]any{"name": "Other", "email": "other@pass.example"}); a.status != http.StatusGone {
		t.Errorf("to another afterwards: %d %s", a.status, a.body)
	}
	r.went(m)
	formerOpensNothing(t, r, p, edda, "/signing/simple/otp?Token="+token+"&OTP="+code)
	got := r.now(p)
	if len(got.Signees) != 2 || got.Signees[0].Email != edda || got.Signees[0].Key == p.Signees[0].Key {
		t.Fatalf("signees: %+v", got.Signees)
	}
	passedAndSigned(t, r, p, got, ann)
}

// formerOpensNothing demands that what the former signee has is void and tells nothing of the new one.
func formerOpensNothing(t *testing.T, r *rig, p process, edda, code string) {
	t.Helper()
	if a := r.ask("GET", code, "", nil); a.status != http.StatusBadRequest {
		t.Errorf("the former code: %d %s", a.status, a.body)
	}
	for _, at := range []string{signeePath(p, 0), "/s/" + p.Key + "/" + p.Signees[0].Key, "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf"} {
		if a := r.ask("GET", at, "", nil); a.status != http.StatusGone || strings.Contains(string(a.body), edda) {
			t.Errorf("%s: %d %s", at, a.status, a.body)
		}
	}
	if a := r.ask("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil); !strings.Contains(string(a.body), "Someone else signs in your place") {
		t.Errorf("the former link: %s", a.body)
	}
}

// passedAndSigned lets everybody sign, and demands the story in log and evidence.
func passedAndSigned(t *testing.T, r *rig, was, got process, ann string) {
	t.Helper()
	p, former := got, was.Signees[0].Key
	for n := range got.Signees {
		if a := r.sign(got, n); a.status != http.StatusOK {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
	}
	r.settled()
	if n := r.mailsTo(ann); n != 2 {
		t.Errorf("Ann got %d mails, want the invitation and the code from before", n)
	}
	log := r.activity(p.Key)
	for _, l := range log {
		if l.Status == "SigneeReassigned" && (l.CreatedBy != ann || l.SigneeKey != former) {
			t.Errorf("log: %+v", l)
		}
	}
	if s := r.statuses(p.Key); count(s, "SigneeReassigned") != 1 || count(s, "ReassignmentSent") != 1 || count(s, "SigneeAdded") != 3 || count(s, "Completed") != 1 {
		t.Errorf("log %q", s)
	}
	e := evidenceIn(t, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body)
	if by := e.Signees[0].Passed; len(e.Signees) != 2 || e.Signees[0].Name != "Edda Örn" || len(by) != 1 || by[0].Name != "Ann" || by[0].By != ann || by[0].Address == "" {
		t.Errorf("evidence: %+v", e.Signees)
	}
}

func passedOnInOrder(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, cleo, edda = "ann@passorder.example", "bo@passorder.example", "cleo@passorder.example", "edda@passorder.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "order"), byMail("Ann", ann), byMail("Bo", bo), byMail("Cleo", cleo))
	body["signInOrder"], body["allowReassign"], body["reminderRule"] = true, true, "1:1"
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	if a := r.reassign(p, 1, map[string]any{"name": "Edda", "email": edda}); a.status != http.StatusBadRequest {
		t.Errorf("out of turn: %d %s", a.status, a.body)
	}
	r.sign(p, 0)
	r.settled()
	m := r.moment()
	if a := r.reassign(p, 1, map[string]any{"name": "Edda", "email": edda}); a.status != http.StatusNoContent {
		t.Fatalf("reassign: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+edda+": invitation", "mail owner@nordurljos.example: passed on")
	p = r.now(p)
	if p.Signees[1].Email != edda || p.Signees[2].Email != cleo {
		t.Fatalf("order: %+v", p.Signees)
	}
	m = r.moment()
	if a := r.ask("POST", "/management"+signeePath(p, 1)+"/remind", "own", map[string]any{"CommunicationDeliveryType": "Email"}); a.status != http.StatusOK {
		t.Errorf("remind: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+edda+": reminder")
	a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[2].Key, "", map[string]string{"OtpType": "sms"})
	refusal(t, "Cleo before Edda", a, http.StatusBadRequest, "NotYourTurn")
}

func passedOnAll(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, edda = "ann@passall.example", "bo@passall.example", "edda@passall.example"
	q := r.createSequence(map[string]any{"allowReassign": true, "signInOrder": true},
		part{"lease", []who{byMail("Ann", ann), byMail("Bo", bo)}}, part{"annex", []who{byMail("Ann", ann)}})
	r.settled()
	m := r.moment()
	if a := r.reassign(q.SigningProcesses[1].process, 0, map[string]any{"name": "Edda", "email": edda}); a.status != http.StatusNoContent {
		t.Fatalf("reassign: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+edda+": invitation", "mail owner@nordurljos.example: passed on")
	for _, at := range []string{"/s/" + q.Key + "/" + q.person(0), "/signing/sequential/" + q.Key + "/signee/" + q.person(0)} {
		if a := r.ask("GET", at, "", nil); a.status != http.StatusGone {
			t.Errorf("%s: %d %s", at, a.status, a.body)
		}
	}
	m = r.moment()
	if st := r.cancel(q.SigningProcesses[0].Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	r.went(m, "mail "+edda+": canceled", "mail "+bo+": canceled", "webhook 5", "webhook 5")
}

func passedOnByPage(t *testing.T, r *rig) {
	t.Helper()
	p := r.createPassable(innsiglitest.PDF(t, 1, "page"), byMail("Ann", "ann@passpage.example"))
	link := strings.TrimPrefix(p.Signees[0].URL, r.url)
	if a := r.ask("GET", link, "", nil); !strings.Contains(string(a.body), link+"/reassign") {
		t.Errorf("the page does not offer it: %d", a.status)
	}
	form := strings.NewReader(url.Values{"name": {"Edda"}, "email": {"edda@passpage.example"}, "language": {"is"}}.Encode())
	resp, err := client.Post(r.url+link+"/reassign", "application/x-www-form-urlencoded", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != link {
		t.Fatalf("reassign: %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if a := r.ask("GET", link, "", nil); a.status != http.StatusGone || !strings.Contains(string(a.body), "Someone else signs in your place") {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
	r.settled()
	if got := r.lastTo("edda@passpage.example").Subject; mailKind(got) != "invitation, is" {
		t.Errorf("Edda is told %q", got)
	}
}

func passedOnByCompany(t *testing.T, r *rig) {
	t.Helper()
	const ann, edda = "ann@passown.example", "edda@passown.example"
	p := r.create(innsiglitest.PDF(t, 1, "own"), byMail("Ann", ann))
	r.settled()
	m := r.moment()
	at := "/management" + signeePath(p, 0) + "/reassign"
	a := r.ask("POST", at, "own", map[string]any{"name": "Edda", "email": edda, "user": "boss@nordurljos.example"})
	var got struct{ Key, URL, Email string }
	if a.json(t, &got); a.status != http.StatusOK || got.Email != edda || !strings.HasSuffix(got.URL, got.Key) {
		t.Fatalf("reassign: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+edda+": invitation", "mail "+ann+": removed")
	if again := r.ask("POST", at, "own", map[string]any{"name": "Edda", "email": edda}); again.status != http.StatusOK || string(again.body) != string(a.body) {
		t.Errorf("the same again: %d %s", again.status, again.body)
	}
	if a := r.ask("POST", at, r.company("Others ehf."), map[string]any{"name": "Thief", "email": "thief@passown.example"}); a.status != http.StatusNotFound {
		t.Errorf("another company: %d %s", a.status, a.body)
	}
	if a := r.ask("POST", at, "", map[string]any{"name": "Thief", "email": "thief@passown.example"}); a.status != http.StatusUnauthorized {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
	if a := r.removeSignee(p, 0); a.status != http.StatusGone {
		t.Errorf("the former one is removed: %d %s", a.status, a.body)
	}
}

func reassignRefused(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@passno.example", "bo@passno.example"
	p := r.create(innsiglitest.PDF(t, 1, "no"), byMail("Ann", ann))
	open := r.createPassable(innsiglitest.PDF(t, 1, "no"), byMail("Ann", ann), byMail("Bo", bo))
	body := r.bodyOf(innsiglitest.PDF(t, 1, "no"), byMail("Ann", ann))
	body["allowReassign"], body["requiresAuth"] = true, true
	var locked process
	r.ask("POST", "/management/signing", "own", body).json(t, &locked)
	r.settled()
	m := r.moment()
	to := map[string]any{"name": "Edda", "email": "edda@passno.example"}
	refusal(t, "not allowed", r.reassign(p, 0, to), http.StatusForbidden, "ReassignNotAllowed")
	refusal(t, "without proof", r.reassign(locked, 0, to), http.StatusUnauthorized, "AuthenticationRequired")
	refusal(t, "nobody", r.reassign(open, 0, map[string]any{}), http.StatusBadRequest, "NotEmpty", "name", "email")
	refusal(t, "oneself", r.reassign(open, 0, map[string]any{"name": "A", "email": ann}), http.StatusBadRequest, "SamePerson", "email")
	refusal(t, "another signee", r.reassign(open, 0, map[string]any{"name": "B", "email": bo}), http.StatusBadRequest, "AlreadySignee", "email")
	refusal(t, "language", r.reassign(open, 0, map[string]any{"name": "B", "email": "c@passno.example", "language": "Klingon"}), http.StatusBadRequest, "Enum", "language")
	open.Signees[0].Key = "si00"
	refusal(t, "stranger", r.reassign(open, 0, to), http.StatusNotFound, "NotFound")
	r.went(m)
}

// TestFaultsOfReassign fails each call of the verb in turn: all or nothing happens, and a second try succeeds.
func TestFaultsOfReassign(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		for _, after := range []bool{false, true} {
			r, _, f := faultyRig(t, db)
			for n := 1; ; n++ {
				if n > enough {
					t.Fatal("reassign never passes")
				}
				edda := fmt.Sprintf("edda%d%v@example.com", n, after)
				p := r.createPassable(innsiglitest.PDF(t, 1, "fault"), byMail("Ann", fmt.Sprintf("ann%d%v@example.com", n, after)))
				r.settled()
				f.Arm(n, after)
				a := r.reassign(p, 0, map[string]any{"name": "Edda", "email": edda})
				hit := f.Hit() // the verb's own calls: those of invitations have a test already
				f.Arm(0, false)
				if a.status != http.StatusNoContent && a.status != http.StatusInternalServerError {
					t.Fatalf("%s: got %d %s", hit, a.status, a.body)
				}
				if a = r.reassign(p, 0, map[string]any{"name": "Edda", "email": edda}); a.status != http.StatusNoContent {
					t.Fatalf("%s: the second try got %d %s", hit, a.status, a.body)
				}
				r.settled()
				if log := r.statuses(p.Key); count(log, "SigneeReassigned") != 1 || count(log, "ReassignmentSent") != 1 || count(log, "SignupSent") != 2 {
					t.Fatalf("%s: log %q", hit, log)
				}
				if ids := r.messageIDs(edda, func(s string) bool { return mailKind(s) == "invitation" }); len(ids) != 1 {
					t.Fatalf("%s: %s got %d different invitations", hit, edda, len(ids))
				}
				if hit == "" {
					break
				}
			}
		}
	})
}
