package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// sequence is a created sequence as the API shows it.
type sequence struct {
	Key         string `json:"key"`
	Status      string `json:"status"`
	User        string `json:"user"`
	SignInOrder bool   `json:"signInOrder"`
	Signees     []struct {
		Key         string `json:"key"`
		URL         string `json:"url"`
		SigningKeys []struct{ SigneeKey, ProcessKey string }
	} `json:"signees"`
	SigningProcesses []struct {
		process
		SequenceKey string `json:"sequenceKey"`
		PdfFileName string `json:"pdfFileName"`
	} `json:"signingProcesses"`
}

// part is one document of a sequence to create.
type part struct {
	name   string
	people []who
}

// sequenceOf is the request for a sequence.
func (r *rig) sequenceOf(parts ...part) map[string]any {
	r.tb.Helper()
	var all []map[string]any
	for _, p := range parts {
		one := r.bodyOf(innsiglitest.PDF(r.tb, 1, p.name), p.people...)
		one["pdfFileName"] = p.name + ".pdf"
		delete(one, "user")
		all = append(all, one)
	}
	return map[string]any{"createSigningProcesses": all, "user": "owner@nordurljos.example"}
}

// createSequence creates a sequence; more are members of the request.
func (r *rig) createSequence(more map[string]any, parts ...part) sequence {
	r.tb.Helper()
	body := r.sequenceOf(parts...)
	maps.Copy(body, more)
	a := r.ask("POST", "/management/signing/sequential", "own", body)
	if a.status != http.StatusOK {
		r.tb.Fatalf("create sequence: %d %s", a.status, a.body)
	}
	var q sequence
	a.json(r.tb, &q)
	return q
}

// person finds the sequence's link of whoever is the n-th signee of its first document.
func (q sequence) person(n int) string {
	for _, s := range q.Signees {
		for _, k := range s.SigningKeys {
			if k.SigneeKey == q.SigningProcesses[0].Signees[n].Key {
				return s.Key
			}
		}
	}
	return ""
}

// askCodeForAll asks for a code for all documents of a person.
func (r *rig) askCodeForAll(q sequence, person string) answer {
	r.tb.Helper()
	return r.ask("POST", "/signing/sign/simple/sequence/"+q.Key+"/signee/"+person, "", map[string]string{"OtpType": "sms"})
}

// signWhole lets a person, reached at an address, sign everything with one code.
func (r *rig) signWhole(q sequence, person, address string) answer {
	r.tb.Helper()
	a := r.askCodeForAll(q, person)
	var got struct{ Token, SequenceKey, SequenceSigneeKey string }
	if a.json(r.tb, &got); a.status != http.StatusOK || got.SequenceKey != q.Key || got.SequenceSigneeKey != person {
		r.tb.Fatalf("request to sign all: %d %s", a.status, a.body)
	}
	m := r.mailTo(address, func(m innsiglitest.Mail) bool { return codeOf(m) != "" && !r.used(codeOf(m)) })
	usedCodes.Store(r.url+codeOf(m), true)
	return r.ask("GET", "/signing/simple/otp/bulk?Token="+got.Token+"&OTP="+codeOf(m), "", nil)
}

func TestSequences(t *testing.T) {
	scenarios(t, []scenario{
		{"one link, one code, one mail with all documents", sequenceSigned},
		{"in order over the whole sequence", sequenceInOrder},
		{"single members by their own keys", sequenceOneByOne},
		{"in order within one process", processInOrder},
		{"bad requests name the member", sequenceRefusals},
		{"an Idempotency-Key gives the same sequence", sequenceTwice},
	})
}

func sequenceSigned(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, owner = "ann@all.example", "bo@all.example", "owner@nordurljos.example"
	m := r.moment()
	q := r.createSequence(nil, part{"lease", []who{byMail("Ann", ann), byMail("Bo", bo)}}, part{"annex", []who{byMail("Ann", "ANN@all.example")}})
	r.went(m, "mail "+ann+": invitation", "mail "+bo+": invitation", "webhook 11", "webhook 11")
	if q.Status != "Created" || !strings.HasPrefix(q.Key, "pg") || len(q.Signees) != 2 || len(q.SigningProcesses) != 2 || len(q.Signees[0].SigningKeys) != 2 {
		t.Fatalf("created %+v", q)
	}
	sequenceNamed(t, r, q, ann)
	sequenceShown(t, r, q, owner)

	m = r.moment()
	if a := r.signWhole(q, q.person(0), ann); a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`"message":"ok"`)) {
		t.Fatalf("sign all: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": code", "webhook 1", "webhook 1")
	if st := r.shown(q.SigningProcesses[1].process); st != "Started" {
		t.Errorf("the annex, which all have signed, is %s", st)
	}
	m = r.moment()
	if a := r.signWhole(q, q.person(1), bo); a.status != http.StatusOK {
		t.Fatalf("sign all: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+bo+": code", "webhook 2 + document", "webhook 2 + document",
		"mail "+ann+": completed + lease.pdf + annex.pdf", "mail "+bo+": completed + lease.pdf", "mail "+owner+": completed + lease.pdf + annex.pdf")
	for _, p := range q.SigningProcesses {
		pdf := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil)
		judgeSeal(t, r, pdf.body)
		if log := r.statuses(p.Key); count(log, "Completed") != 1 || count(log, "SignupSent") != len(p.Signees) {
			t.Errorf("log %q", log)
		}
	}
	var own sequence
	r.ask("GET", "/signing/sequential/"+q.Key+"/signee/"+q.person(1), "", nil).json(t, &own)
	if own.Status != "Completed" {
		t.Errorf("shown as %s", own.Status)
	}
	refusal(t, "cancel of a completed sequence", r.ask("DELETE", "/management/signing/sequential?SequenceKey="+q.Key+"&User="+owner, "own", nil), 400, "ProcessNotActive", "ProcessKey")
	if st := r.cancel(q.SigningProcesses[1].Key); st != http.StatusBadRequest {
		t.Errorf("cancel of a completed member: %d", st)
	}
}

// sequenceNamed: the log and the one link of the invitation name the sequence.
func sequenceNamed(t *testing.T, r *rig, q sequence, ann string) {
	t.Helper()
	for _, p := range q.SigningProcesses {
		if p.SequenceKey != q.Key {
			t.Errorf("process of the sequence %q, want %q", p.SequenceKey, q.Key)
		}
	}
	var log []struct {
		ActivityLog     []struct{ SequenceKey string }
		SequenceSignees []struct {
			SequenceKey, SigneeKey, URL string
			SigningKeys                 []struct{ SigneeKey, ProcessKey string }
		}
	}
	r.ask("GET", "/signing/activity/"+q.SigningProcesses[1].Key+"?StartDate=2020-01-01&EndDate=2100-01-01", "own", nil).json(t, &log)
	if len(log) != 1 || len(log[0].SequenceSignees) != 2 || log[0].ActivityLog[0].SequenceKey != q.Key || log[0].SequenceSignees[0].SequenceKey != q.Key ||
		log[0].SequenceSignees[0].SigneeKey != q.Signees[0].Key || log[0].SequenceSignees[0].URL != q.Signees[0].URL || len(log[0].SequenceSignees[0].SigningKeys) != 2 {
		t.Errorf("the log does not name the people of the sequence: %+v", log)
	}
	mail := r.lastTo(ann)
	if !strings.Contains(mail.Text, q.Signees[0].URL) || strings.Contains(mail.Text, q.SigningProcesses[0].Key) || !strings.Contains(mail.Text, "lease.pdf") || !strings.Contains(mail.Text, "annex.pdf") {
		t.Errorf("the invitation is not the one link to both documents: %s", mail.Text)
	}
}

// sequenceShown: each signee sees their own part, the company all.
func sequenceShown(t *testing.T, r *rig, q sequence, owner string) {
	t.Helper()
	var own sequence
	r.ask("GET", "/signing/sequential/"+q.Key+"/signee/"+q.person(1), "", nil).json(t, &own)
	if own.Status != "Started" || own.User != "" || len(own.Signees) != 1 || len(own.SigningProcesses) != 1 || own.SigningProcesses[0].Signees[0].Key != "" {
		t.Errorf("Bo sees more than is his: %+v", own)
	}
	var whole sequence
	byLink := r.ask("GET", "/api/Signing/Sequential/"+q.Key+"/Signee/"+q.person(1), "own", nil)
	byLink.json(t, &whole)
	if len(whole.Signees) != 2 || len(whole.SigningProcesses) != 2 || whole.User != owner {
		t.Errorf("the company sees %+v", whole)
	}
	if byKey := r.ask("GET", "/management/signing/sequential?sequencekey="+q.Key, "own", nil); !bytes.Equal(byKey.body, byLink.body) {
		t.Errorf("by the sequence's key: %d %s", byKey.status, byKey.body)
	}
	for what, key := range map[string]string{"unknown": "pg" + strings.Repeat("0", 32), "malformed": "pg", "a process": q.SigningProcesses[0].Key} {
		refusal(t, what, r.ask("GET", "/management/signing/sequential?SequenceKey="+key, "own", nil), http.StatusNotFound, "NotFound")
	}
	refusal(t, "none", r.ask("GET", "/management/signing/sequential", "own", nil), http.StatusBadRequest, "NotEmpty", "SequenceKey")
	refusal(t, "another's", r.ask("GET", "/management/signing/sequential?SequenceKey="+q.Key, r.company("Foreign hf."), nil), http.StatusNotFound, "NotFound")
}

func sequenceInOrder(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@order.example", "bo@order.example"
	m := r.moment()
	q := r.createSequence(map[string]any{"signInOrder": true},
		part{"first", []who{byMail("Ann", ann), byMail("Bo", bo)}}, part{"second", []who{byMail("Bo", bo), byMail("Ann", ann)}})
	r.went(m, "mail "+ann+": invitation", "webhook 11", "webhook 11")
	if !q.SignInOrder {
		t.Error("signInOrder is not echoed")
	}
	turn := func(when string) {
		t.Helper()
		for name, a := range map[string]answer{
			"all":          r.askCodeForAll(q, q.person(1)),
			"one":          r.ask("POST", "/signing/sign/"+q.SigningProcesses[0].Key+"/signee/"+q.SigningProcesses[0].Signees[1].Key, "", nil),
			"first of two": r.ask("POST", "/signing/sign/"+q.SigningProcesses[1].Key+"/signee/"+q.SigningProcesses[1].Signees[0].Key, "", nil),
		} {
			if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "NotYourTurn" {
				t.Errorf("%s, %s: %d %s", when, name, a.status, a.body)
			}
		}
	}
	turn("at first")
	p := q.SigningProcesses[0].process
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	turn("after one of two documents")
	r.settled()
	m = r.moment()
	if a := r.signWhole(q, q.person(0), ann); a.status != http.StatusOK {
		t.Fatalf("sign the rest: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": code", "mail "+bo+": invitation", "webhook 1")
	if a := r.signWhole(q, q.person(1), bo); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	if st := r.shown(p); st != "Completed" {
		t.Errorf("shown as %s", st)
	}
}

func sequenceOneByOne(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@single.example"
	q := r.createSequence(nil, part{"a", []who{byMail("Ann", ann)}}, part{"b", []who{byMail("Ann", ann)}})
	r.settled()
	m := r.moment()
	first := r.sign(q.SigningProcesses[0].process, 0)
	var got otpAnswer
	if first.json(t, &got); first.status != http.StatusOK || got.File != nil {
		t.Errorf("first: %d %.200s", first.status, first.body)
	}
	r.went(m, "mail "+ann+": code", "webhook 1")
	// A code for one document is none for all, and the other way round.
	var all struct{ Token string }
	r.askCodeForAll(q, q.person(0)).json(t, &all)
	mail := r.mailTo(ann, func(m innsiglitest.Mail) bool { return codeOf(m) != "" && !r.used(codeOf(m)) })
	usedCodes.Store(r.url+codeOf(mail), true)
	refusedCode(t, r.otp(all.Token, codeOf(mail)), "1122")
	m = r.moment()
	last := r.sign(q.SigningProcesses[1].process, 0)
	if last.json(t, &got); last.status != http.StatusOK || got.File == nil {
		t.Errorf("last: %d %.200s", last.status, last.body)
	}
	r.went(m, "mail "+ann+": code", "webhook 2 + document", "webhook 2 + document",
		"mail "+ann+": completed + a.pdf + b.pdf", "mail owner@nordurljos.example: completed + a.pdf + b.pdf")
}

func processInOrder(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@alone.example", "bo@alone.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "in order"), byMail("Ann", ann), byMail("Bo", bo))
	body["signInOrder"] = true
	m := r.moment()
	var p process
	a := r.ask("POST", "/management/signing", "own", body)
	if a.json(t, &p); a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`"signInOrder":true`)) {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": invitation", "webhook 11")
	a = r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[1].Key, "", nil)
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "NotYourTurn" {
		t.Errorf("out of turn: %d %s", a.status, a.body)
	}
	second, link := p.Signees[1].Key, "/s/"+p.Key+"/"+p.Signees[1].Key
	places := []string{"/pdf/" + p.Key + "/" + second + ".pdf", link + "/page/1.png", link + "/text/1"}
	for _, at := range places {
		if a := r.ask("GET", at, "", nil); a.status != http.StatusForbidden {
			t.Errorf("%s is given to whose turn has not come: %d", at, a.status)
		}
	}
	for _, at := range []string{link, link + "?read"} {
		if a := r.ask("GET", at, "", nil); a.status != http.StatusOK || bytes.Contains(a.body, []byte("/page/1.png")) {
			t.Errorf("%s out of turn: %d", at, a.status)
		}
	}
	m = r.moment()
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Errorf("first: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": code", "mail "+bo+": invitation", "webhook 1")
	for _, at := range places {
		if a := r.ask("GET", at, "", nil); a.status != http.StatusOK {
			t.Errorf("%s in turn: %d", at, a.status)
		}
	}
	if a := r.sign(p, 1); a.status != http.StatusOK {
		t.Errorf("in turn: %d %s", a.status, a.body)
	}
}

func sequenceRefusals(t *testing.T, r *rig) {
	t.Helper()
	ask := func(change func(body, second map[string]any)) answer {
		body := r.sequenceOf(part{"a", []who{byMail("Ann", "ann@bad.example")}}, part{"b", []who{byMail("Ann", "ann@bad.example")}})
		all, _ := body["createSigningProcesses"].([]map[string]any)
		change(body, all[1])
		return r.ask("POST", "/management/signing/sequential", "own", body)
	}
	refusal(t, "no user", ask(func(b, _ map[string]any) { delete(b, "user") }), 400, "NotEmpty", "user")
	refusal(t, "no processes", ask(func(b, _ map[string]any) { b["createSigningProcesses"] = []any{} }), 400, "NotEmpty", "createSigningProcesses")
	refusal(t, "an address", ask(func(_, p map[string]any) { p["createSignees"] = []who{byMail("Ann", "ann")} }), 400, "Email", "createSigningProcesses[1].createSignees[0].email")
	refusal(t, "no document", ask(func(_, p map[string]any) { delete(p, "pdfDocument") }), 400, "NotEmpty", "createSigningProcesses[1].pdfDocument")
	for name, doc := range map[string][]byte{"short": []byte("no PDF"), "long": bytes.Repeat([]byte("no PDF"), 20_000)} {
		a := ask(func(_, p map[string]any) { p["pdfDocument"] = base64.StdEncoding.EncodeToString(doc) })
		if _, fields := a.errorCode(); a.status != 400 || !slices.Equal(fields, []string{"createSigningProcesses[1].pdfDocument"}) {
			t.Errorf("%s that is no PDF: %d %s", name, a.status, a.body)
		}
	}
	var many []part
	for i := range 26 {
		many = append(many, part{fmt.Sprintf("p%d", i), []who{byMail("Ann", "ann@bad.example")}})
	}
	refusal(t, "26 documents", r.ask("POST", "/management/signing/sequential", "own", r.sequenceOf(many...)), 400, "Length", "createSigningProcesses")
	if n := r.mailsTo("ann@bad.example"); n != 0 {
		t.Errorf("%d mails came of refused requests", n)
	}
}

func sequenceTwice(t *testing.T, r *rig) {
	t.Helper()
	body := r.sequenceOf(part{"a", []who{byMail("Ann", "ann@twice.example")}}, part{"b", []who{byMail("Ann", "ann@twice.example")}})
	send := func() answer {
		return r.postWith("/management/signing/sequential", body, http.Header{"Idempotency-Key": {"twice"}})
	}
	one := send()
	r.settled()
	two := send()
	if diff := cmp.Diff(string(one.body), string(two.body)); diff != "" || one.status != http.StatusOK {
		t.Errorf("%d: %s", one.status, diff)
	}
	body["signInOrder"] = true
	refusal(t, "another request", send(), 400, "IdempotencyKeyReused", "Idempotency-Key")
	r.settled()
	if n := r.mailsTo("ann@twice.example"); n != 1 {
		t.Errorf("%d invitations", n)
	}
}

func cancelRow10(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, owner = "row10-ann@example.com", "row10-bo@example.com", "owner@nordurljos.example"
	begin := func() sequence {
		q := r.createSequence(nil, part{"lease", []who{byMail("Ann", ann), byMail("Bo", bo)}},
			part{"annex", []who{byMail("Ann", ann)}}, part{"keys", []who{byMail("Bo", bo)}})
		if a := r.signWhole(q, q.person(0), ann); a.status != http.StatusOK { // the annex is signed by all its people
			t.Fatalf("sign all: %d %s", a.status, a.body)
		}
		r.settled()
		return q
	}
	hooked := len(r.hooks.Requests()) > 0 // row 2 registers the receiver
	want := []string{"mail " + ann + ": canceled", "mail " + bo + ": canceled", "mail " + owner + ": owner's copy + lease.pdf", "mail " + owner + ": owner's copy + annex.pdf"}
	if hooked {
		want = append(want, "webhook 5", "webhook 5", "webhook 5")
	}
	over := func(q sequence, by string) {
		t.Helper()
		for _, p := range q.SigningProcesses {
			if log := r.statuses(p.Key); count(log, "Canceled") != 1 {
				t.Errorf("%s: log %q", p.PdfFileName, log)
			}
			if a := r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil); a.status != http.StatusGone {
				t.Errorf("%s answers %d after the cancel", p.PdfFileName, a.status)
			}
			for _, l := range r.activity(p.Key) {
				if l.Status == "Canceled" && l.CreatedBy != by {
					t.Errorf("canceled by %s, want %s", l.CreatedBy, by)
				}
			}
			r.settledCopy(p.Key)
		}
		if text := r.lastTo(ann).Text; !strings.Contains(text, "lease.pdf") || !strings.Contains(text, "annex.pdf") || strings.Contains(text, "keys.pdf") {
			t.Errorf("Ann is not told about her two documents: %s", text)
		}
	}

	q := begin()
	m := r.moment()
	if st := r.cancel(q.SigningProcesses[1].Key); st != http.StatusNoContent {
		t.Fatalf("cancel of a member: %d", st)
	}
	r.went(m, want...)
	over(q, "boss@nordurljos.example")
	m = r.moment()
	for _, p := range q.SigningProcesses {
		if st := r.cancel(p.Key); st != http.StatusNoContent {
			t.Errorf("again: %d", st)
		}
	}
	r.went(m)

	q = begin()
	m = r.moment()
	path := "/management/signing/sequential?SequenceKey=" + strings.ToUpper(q.Key)
	refusal(t, "without a user", r.ask("DELETE", path, "own", nil), 400, "NotEmpty", "User")
	refusal(t, "without a key", r.ask("DELETE", "/management/signing/sequential?User="+owner, "own", nil), 400, "NotEmpty", "SequenceKey")
	if a := r.ask("DELETE", path+"&User=boss@nordurljos.example", "own", nil); a.status != http.StatusForbidden {
		t.Errorf("not the starter: %d %s", a.status, a.body)
	}
	if a := r.ask("DELETE", path+"&User="+owner, r.company("Stranger hf."), nil); a.status != http.StatusNotFound {
		t.Errorf("another company: %d %s", a.status, a.body)
	}
	r.went(m)
	for range 2 {
		a := r.ask("DELETE", path+"&User="+owner, "own", nil)
		var got sequence
		if a.json(t, &got); a.status != http.StatusOK || got.Status != "Canceled" || got.Key != q.Key || len(got.SigningProcesses) != 3 {
			t.Errorf("cancel of the sequence: %d %s", a.status, a.body)
		}
	}
	r.went(m, want...)
	over(q, owner)
}
