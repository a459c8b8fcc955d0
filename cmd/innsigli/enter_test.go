package main

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

func TestProofBeforeReading(t *testing.T) {
	scenarios(t, []scenario{
		{"whoever asks learns nothing of the people", unprovenLearnsNothing},
		{"a document is shown after a code", provenByCode},
		{"or with a token of the company", provenByToken},
		{"on the page, which a cookie opens", provenOnThePage},
		{"all documents of a sequence after one code", provenForAll},
		{"whoever has the link alone can do nothing", unprovenCanNothing},
	})
}

// admitted asks with an access token.
func (r *rig) admitted(method, path, token string, body string) answer {
	r.tb.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.tb.Fatal(err)
	}
	req.Header.Set("X-Access-Token", token)
	return r.do(req)
}

// entryCode is the newest code to read with that went to an address.
func (r *rig) entryCode(to string, after int) string {
	r.tb.Helper()
	code := codeOf(r.mailTo(to, func(m innsiglitest.Mail) bool { return m.Subject == "Your code for reading" && r.mailsTo(to) > after }))
	usedCodes.Store(r.url+code, true)
	return code
}

func numbered(t *testing.T, what string, a answer, code string) {
	t.Helper()
	if got, _ := a.errorCode(); a.status != http.StatusBadRequest || got != code {
		t.Errorf("%s: %d %s, want %s", what, a.status, a.body, code)
	}
}

func provenByCode(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@proof.example", "bo@proof.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "for Ann alone"), byMail("Ann", ann), byMail("Bo", bo))
	body["REQUIRESAUTH"], body["pdfFileName"] = true, "Leyndarmál.pdf"
	m := r.moment()
	var p process
	a := r.ask("POST", "/management/signing", "own", body)
	if a.json(t, &p); a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`"requiresAuth":true`)) {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+ann+": invitation", "mail "+bo+": invitation", "webhook 11")
	if got := r.lastTo(ann); strings.Contains(got.Text+got.HTML+got.Subject, "Leyndarm") {
		t.Errorf("the invitation names the document: %s", got.Text)
	}
	key := p.Signees[0].Key
	link := "/s/" + p.Key + "/" + key
	places := []string{"/signing/" + p.Key + "/signee/" + key, "/pdf/" + p.Key + "/" + key + ".pdf", link + "/page/1.png", link + "/text/1"}
	for _, at := range places {
		for _, token := range []string{"", "nonsense"} {
			if a := r.admitted("GET", at, token, ""); a.status != http.StatusUnauthorized && a.status != http.StatusSeeOther || a.header.Get("WWW-Authenticate") != "" {
				t.Errorf("%s with token %q: %d %s", at, token, a.status, a.body)
			}
		}
	}
	if a := r.ask("GET", places[0], "own", nil); a.status != http.StatusOK {
		t.Errorf("the company itself: %d", a.status)
	}

	sent := r.mailsTo(ann)
	m = r.moment()
	first := r.ask("POST", "/signing/"+p.Key, "", map[string]string{"EMAIL": ann})
	unknown := r.ask("POST", "/Signing/"+p.Key, "", map[string]string{"PhoneNumber": "+3545550199"})
	challenge := first.header.Get("X-Challenge-Token")
	if first.status != http.StatusUnauthorized || unknown.status != http.StatusUnauthorized || !bytes.Equal(first.body, unknown.body) ||
		len(challenge) != len(unknown.header.Get("X-Challenge-Token")) || challenge == "" {
		t.Fatalf("asked for a code: %d %s, %d %s", first.status, first.body, unknown.status, unknown.body)
	}
	code := r.entryCode(ann, sent)
	if got := r.lastTo(ann); strings.Contains(got.Text+got.HTML, "Leyndarm") {
		t.Errorf("the code's mail names the document: %s", got.Text)
	}
	r.went(m, "mail "+ann+": code to read")
	numbered(t, "wrong", r.ask("POST", "/signing/"+p.Key, "", map[string]string{"token": challenge, "otp": wrongOf(code)}), "1120")
	numbered(t, "signs nothing", r.ask("GET", "/signing/simple/otp?Token="+challenge+"&OTP="+code, "", nil), "1122")
	in := r.ask("POST", "/signing/"+p.Key, "", map[string]string{"Token": challenge, "Otp": code})
	token := in.header.Get("X-Access-Token")
	if in.status != http.StatusOK || token == "" || !bytes.Contains(in.body, []byte(key)) {
		t.Fatalf("entered: %d %s", in.status, in.body)
	}
	numbered(t, "used", r.ask("POST", "/signing/"+p.Key, "", map[string]string{"token": challenge, "otp": code}), "1120")
	for _, at := range places {
		if a := r.admitted("GET", at, token, ""); a.status != http.StatusOK {
			t.Errorf("%s with the token: %d %s", at, a.status, a.body)
		}
		if other := strings.ReplaceAll(at, key, p.Signees[1].Key); r.admitted("GET", other, token, "").status == http.StatusOK {
			t.Errorf("%s is open with the token of another", other)
		}
	}
	if n := count(r.statuses(p.Key), "Authenticated"); n != 1 {
		t.Errorf("%d lines tell of it", n)
	}
	r.signAdmitted("/signing/sign/"+p.Key+"/signee/"+key, "/signing/simple/otp", token, ann)
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	if a := r.admitted("GET", places[1], token, ""); a.status != http.StatusGone {
		t.Errorf("after the cancel: %d", a.status)
	}
	refusal(t, "code after the cancel", r.ask("POST", "/signing/"+p.Key, "", map[string]string{"email": ann}), 400, "ProcessNotActive", "ProcessKey")
	r.settledCopy(p.Key)
}

func provenByToken(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@token.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "by token"), byMail("Ann", ann))
	body["requiresAuth"] = true
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	at := "/management/signing/" + p.Key + "/signee/" + p.Signees[0].Key + "/Token"
	var got struct {
		AccessToken, TokenType, ExpiresAt, Scope string
		ExpiresIn                                int
	}
	a := r.ask("POST", at, "own", map[string]int{"ExpiresIn": 600})
	if a.json(t, &got); a.status != http.StatusOK || got.ExpiresIn < 595 || got.ExpiresIn > 600 || got.Scope == "" || got.ExpiresAt == "" {
		t.Fatalf("token: %d %s", a.status, a.body)
	}
	pdf := "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf"
	if a := r.admitted("GET", pdf, got.AccessToken, ""); a.status != http.StatusOK {
		t.Errorf("with the token: %d", a.status)
	}
	a = r.ask("POST", at, "own", nil)
	if a.json(t, &got); a.status != http.StatusOK || got.ExpiresIn < 172795 {
		t.Errorf("left out: %d %s", a.status, a.body)
	}
	for _, n := range []int{-1, 59, 30*24*3600 + 1, 1 << 40} {
		refusal(t, "time", r.ask("POST", at, "own", map[string]int{"expiresIn": n}), 400, "InclusiveBetween", "ExpiresIn")
	}
	if a := r.ask("POST", at, "", nil); a.status != http.StatusUnauthorized {
		t.Errorf("without credentials: %d", a.status)
	}
	if a := r.ask("POST", strings.Replace(at, p.Signees[0].Key, "si00", 1), "own", nil); a.status != http.StatusNotFound {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
	// A changed address voids what was given out for the former.
	if a := r.ask("PUT", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "own", map[string]string{
		"processKey": p.Key, "signeeKey": p.Signees[0].Key, "email": "new@token.example",
	}); a.status != http.StatusOK {
		t.Fatalf("change: %d %s", a.status, a.body)
	}
	if a := r.admitted("GET", pdf, got.AccessToken, ""); a.status != http.StatusUnauthorized {
		t.Errorf("after the address changed: %d", a.status)
	}
}

func provenForAll(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@all.example"
	q := r.createSequence(map[string]any{"requiresAuth": true}, part{"a", []who{byMail("Ann", ann)}}, part{"b", []who{byMail("Ann", ann)}})
	at := "/signing/sequential/" + q.Key + "/signee/" + q.person(0)
	one := q.SigningProcesses[0].process
	pdf := "/pdf/" + one.Key + "/" + one.Signees[0].Key + ".pdf"
	for _, path := range []string{at, pdf} {
		if a := r.ask("GET", path, "", nil); a.status != http.StatusUnauthorized {
			t.Errorf("%s before: %d %s", path, a.status, a.body)
		}
	}
	sent := r.mailsTo(ann)
	a := r.ask("POST", "/signing/sequential/"+q.Key, "", map[string]string{"email": ann})
	in := r.ask("POST", "/signing/sequential/"+q.Key, "", map[string]string{"token": a.header.Get("X-Challenge-Token"), "otp": r.entryCode(ann, sent)})
	token := in.header.Get("X-Access-Token")
	if in.status != http.StatusOK || token == "" || !bytes.Contains(in.body, []byte(q.Key)) {
		t.Fatalf("entered: %d %s", in.status, in.body)
	}
	for _, path := range []string{at, pdf} {
		if a := r.admitted("GET", path, token, ""); a.status != http.StatusOK {
			t.Errorf("%s with the token: %d %s", path, a.status, a.body)
		}
	}
	var got struct{ AccessToken string }
	r.ask("POST", at+"/token", "own", nil).json(t, &got)
	if a := r.admitted("GET", pdf, got.AccessToken, ""); a.status != http.StatusOK {
		t.Errorf("with the company's token: %d", a.status)
	}
	ask := "/signing/sign/simple/sequence/" + q.Key + "/signee/" + q.person(0)
	refusal(t, "code for all without proof", r.ask("POST", ask, "", nil), 401, "AuthenticationRequired")
	r.signAdmitted(ask, "/signing/simple/otp/bulk", token, ann)
}

// signAdmitted signs with an access token, which a code is asked for with.
func (r *rig) signAdmitted(ask, otp, token, address string) {
	r.tb.Helper()
	var got struct{ Token string }
	a := r.admitted("POST", ask, token, `{"OTPTYPE":"sms"}`)
	if a.json(r.tb, &got); a.status != http.StatusOK {
		r.tb.Fatalf("code to sign: %d %s", a.status, a.body)
	}
	code := codeOf(r.mailTo(address, func(m innsiglitest.Mail) bool { return codeOf(m) != "" && !r.used(codeOf(m)) }))
	usedCodes.Store(r.url+code, true)
	if a := r.ask("GET", otp+"?Token="+got.Token+"&OTP="+code, "", nil); a.status != http.StatusOK {
		r.tb.Errorf("sign: %d %s", a.status, a.body)
	}
}

func unprovenCanNothing(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@nothing.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "for nobody yet"), byMail("Ann", ann))
	body["requiresAuth"] = true
	body["attachments"] = []any{map[string]any{"fileName": "terms.txt", "fileContent": "dGVybXM="}}
	p := r.createAttached(t, body)
	var token struct{ AccessToken string }
	at := "/signing/" + p.Key + "/signee/" + p.Signees[0].Key
	r.ask("POST", "/management"+at+"/token", "own", nil).json(t, &token)
	file := r.path(t, p.AttachmentReferences[0].URL)
	// The last of them ends the process.
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", at, `{"City":"Reykjavík"}`, 200},
		{"PUT", at + "/meta", `{"meta":{"a":"b"}}`, 200},
		{"POST", at + "/reading", `{"pages":[1]}`, 204},
		{"GET", file, "", 200},
		{"POST", "/signing/sign/" + p.Key + "/signee/" + p.Signees[0].Key, `{}`, 200},
		{"POST", at + "/decline", `{"reason":"no"}`, 200},
	} {
		refusal(t, c.path+" by the link", r.admitted(c.method, c.path, "nonsense", c.body), 401, "AuthenticationRequired")
		if a := r.admitted(c.method, c.path, token.AccessToken, c.body); a.status != c.status {
			t.Errorf("%s with the token: %d %s", c.path, a.status, a.body)
		}
	}
	if a := r.admitted("GET", file, token.AccessToken, ""); a.status != http.StatusGone {
		t.Errorf("file after the end: %d %s %s", a.status, a.body, file)
	}
}

// unprovenLearnsNothing: an answer is the same for people of the process and others, whatever their standing.
func unprovenLearnsNothing(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@quiet.example", "bo@quiet.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "quiet"), byMail("Ann", ann), byMail("Bo", bo))
	body["requiresAuth"], body["signInOrder"] = true, true
	body["attachments"] = []any{map[string]any{"fileName": "terms.txt", "fileContent": "dGVybXM="}}
	m := r.moment()
	p := r.createAttached(t, body)
	at := "/signing/" + p.Key
	// An address opens its file: it is named when it may be opened.
	for i, want := range []bool{true, false} {
		var token struct{ AccessToken string }
		r.ask("POST", "/management"+at+"/signee/"+p.Signees[i].Key+"/token", "own", nil).json(t, &token)
		a := r.admitted("GET", at+"/signee/"+p.Signees[i].Key, token.AccessToken, "")
		if got := bytes.Contains(a.body, []byte(p.AttachmentReferences[0].ID)); a.status != http.StatusOK || got != want {
			t.Errorf("files of %s: %d %s", p.Signees[i].Name, a.status, a.body)
		}
	}
	var words [2][]byte
	same := func(n int, who string, a answer, status int) {
		if words[n] == nil {
			words[n] = a.body
		}
		if a.status != status || !bytes.Equal(a.body, words[n]) {
			t.Errorf("%s: %d %s, others %s", who, a.status, a.body, words[n])
		}
	}
	var last string
	for _, who := range []string{ann, bo, "cy@quiet.example"} {
		a := r.ask("POST", at, "", map[string]string{"email": who})
		same(0, who, a, http.StatusUnauthorized)
		last = a.header.Get("X-Challenge-Token")
		same(1, who, r.ask("POST", at, "", map[string]string{"token": last, "otp": "000 000"}), http.StatusBadRequest)
	}
	same(1, "no token at all", r.ask("POST", at, "", map[string]string{"token": "x", "otp": "1"}), http.StatusBadRequest)
	r.went(m, "mail "+ann+": invitation", "mail "+ann+": code to read", "webhook 11")
	m = r.moment()
	for range innsigli.MaxCodesAnHour {
		same(0, "too many", r.ask("POST", at, "", map[string]string{"email": ann}), http.StatusUnauthorized)
	}
	var sent []string
	for range innsigli.MaxCodesAnHour - 1 {
		sent = append(sent, "mail "+ann+": code to read")
	}
	r.went(m, sent...)
	m = r.moment()
	var open process
	r.ask("POST", "/management/signing", "own", r.bodyOf(innsiglitest.PDF(t, 1, "open"), byMail("Ann", ann))).json(t, &open)
	for _, who := range []string{ann, "cy@quiet.example"} {
		refusal(t, who+" of an open one", r.ask("POST", "/signing/"+open.Key, "", map[string]string{"email": who}), 400, "AuthenticationNotRequired")
	}
	r.went(m, "mail "+ann+": invitation", "webhook 11")
}

// visit asks as a browser without JavaScript does.
func (r *rig) visit(method, path, cookie string, form url.Values) answer {
	r.tb.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if cookie != "" {
		req.Header.Set("Cookie", cookie)
	}
	return r.do(req)
}

// leadsTo reads the token of the challenge that a page led to.
func leadsTo(t *testing.T, a answer, path string) string {
	t.Helper()
	to, err := url.Parse(a.header.Get("Location"))
	if a.status != http.StatusSeeOther || err != nil || to.Path != path {
		t.Fatalf("%d leads to %s, want %s: %s", a.status, to, path, a.body)
	}
	return to.Query().Get("token")
}

func provenOnThePage(t *testing.T, r *rig) {
	t.Helper()
	const ann = "ann@page.example"
	body := r.bodyOf(innsiglitest.PDF(t, 1, "on the page"), byMail("Ann", ann))
	body["requiresAuth"], body["pdfFileName"] = true, "Leyndarmál.pdf"
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	link := "/s/" + p.Key + "/" + p.Signees[0].Key
	leadsTo(t, r.visit("GET", link, "", nil), link+"/enter")
	for _, form := range []string{"/code", "/decline", "/sign", "/signature"} {
		leadsTo(t, r.visit("POST", link+form, "", url.Values{}), link+"/enter")
	}
	if a := r.visit("GET", link+"/enter", "", nil); a.status != http.StatusOK || bytes.Contains(a.body, []byte("Leyndarm")) {
		t.Errorf("the page before: %d %s", a.status, a.body)
	}
	sent := r.mailsTo(ann)
	token := leadsTo(t, r.visit("POST", link+"/enter", "", nil), link+"/enter")
	code := r.entryCode(ann, sent)
	wrong := r.visit("POST", link+"/enter/code", "", url.Values{"token": {token}, "code": {wrongOf(code)}})
	if leadsTo(t, wrong, link+"/enter"); wrong.header.Get("Set-Cookie") != "" {
		t.Error("a wrong code is given a cookie")
	}
	in := r.visit("POST", link+"/enter/code", "", url.Values{"token": {token}, "code": {code}})
	leadsTo(t, in, link)
	cookie, _, _ := strings.Cut(in.header.Get("Set-Cookie"), ";")
	if !strings.Contains(in.header.Get("Set-Cookie"), "HttpOnly") {
		t.Errorf("cookie: %s", in.header.Get("Set-Cookie"))
	}
	if a := r.visit("GET", link, cookie, nil); a.status != http.StatusOK || !bytes.Contains(a.body, []byte("Leyndarm")) {
		t.Errorf("the page after: %d %s", a.status, a.body)
	}
	if a := r.visit("GET", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", cookie, nil); a.status != http.StatusOK {
		t.Errorf("PDF with the cookie: %d", a.status)
	}
	token = leadsTo(t, r.visit("POST", link+"/signature", cookie, url.Values{"kind": {"type"}, "typed": {"Ann"}}), link+"/code")
	code = codeOf(r.mailTo(ann, func(m innsiglitest.Mail) bool { return codeOf(m) != "" && !r.used(codeOf(m)) }))
	usedCodes.Store(r.url+code, true)
	consent := consentOf(r.visit("GET", link+"/code?token="+token, cookie, nil))
	leadsTo(t, r.visit("POST", link+"/sign", cookie, url.Values{"token": {token}, "code": {code}, "consent": {consent}}), link+"/done")
	r.settled()
	if e := evidenceIn(t, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body); e.Signees[0].Act != "typed" {
		t.Errorf("the evidence says %q", e.Signees[0].Act)
	}
}
