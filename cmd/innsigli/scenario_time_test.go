package main

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// Lives that need the clock: codes that grow old, limits an hour, the end of a process by time.

// TestScenariosOverTime moves the server's clock.
func TestScenariosOverTime(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		var c clock
		r, s := newLocal(t, db, seams{now: c.now})
		r.hook()
		for _, x := range []struct {
			name string
			test func(*testing.T, *rig, *server, *clock)
		}{
			{"wrong, unknown and late codes", codesThatFail},
			{"five tries a code", fiveTries},
			{"a new code voids the old", newCodeVoidsOld},
			{"five codes an hour", fiveCodes},
			{"twenty wrong tries lock", lockedAfterTwenty},
			{"the same answer to the same code", sameAnswerAgain},
			{"expired by itself", expiredByItself},
			{"expired after a signature", expiredAfterSignature},
			{"a completed link closes", completedLinkCloses},
			{"files of what is over", filesAfterTheEnd},
		} {
			t.Run(x.name, func(t *testing.T) { x.test(t, r.with(t), s, &c) })
		}
	})
}

// refusedCode demands one of the numbered refusals, in both shapes that clients read.
func refusedCode(t *testing.T, a answer, number string) {
	t.Helper()
	var got otpAnswer
	a.json(t, &got)
	want := map[string]string{"1120": "Incorrect OTP code", "1121": "Token expired", "1122": "Token not found"}[number]
	if a.status != http.StatusBadRequest || got.ErrorCode != number || got.Message != want ||
		got.ResponseStatus.ErrorCode != number || got.ResponseStatus.Message != want {
		t.Errorf("got %d %s, want 400 %s %q", a.status, a.body, number, want)
	}
}

func codesThatFail(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "codes"), byMail("Ann", "ann@codes.example"))
	token := r.tokenFor(p, 0)
	right := codeFor(s, token)
	refusedCode(t, r.otp(token, wrongOf(right)), "1120")
	refusedCode(t, r.otp(token, "x"), "1120")
	refusedCode(t, r.otp(strings.Repeat("0", 32), right), "1122")
	refusedCode(t, r.otp("no-token", right), "1122")
	for query, field := range map[string]string{"?OTP=" + right: "Token", "?Token=" + token: "OTP"} {
		a := r.ask("GET", "/signing/simple/otp"+query, "", nil)
		if _, fields := a.errorCode(); a.status != http.StatusBadRequest || !slices.Equal(fields, []string{field}) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	r.settled()
	c.add(innsigli.CodeLifetime)
	refusedCode(t, r.otp(token, right), "1121")
	if got := r.statuses(p.Key); count(got, "SigneeSigned") != 0 {
		t.Errorf("log: %q", got)
	}
	r.cancel(p.Key)
}

func fiveTries(t *testing.T, r *rig, s *server, _ *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "tries"), byMail("Ann", "ann@tries.example"))
	token := r.tokenFor(p, 0)
	for range innsigli.MaxCodeTries {
		refusedCode(t, r.otp(token, wrongOf(codeFor(s, token))), "1120")
	}
	refusedCode(t, r.otp(token, codeFor(s, token)), "1121")
	// The fifth try is still one.
	token = r.tokenFor(p, 0)
	for range innsigli.MaxCodeTries - 1 {
		refusedCode(t, r.otp(token, wrongOf(codeFor(s, token))), "1120")
	}
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Errorf("right at the fifth try: %d %s", a.status, a.body)
	}
}

func newCodeVoidsOld(t *testing.T, r *rig, s *server, _ *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "void"), byMail("Ann", "ann@void.example"), byMail("Bo", "bo@void.example"))
	bo := r.tokenFor(p, 1)
	old := r.tokenFor(p, 0)
	fresh := r.tokenFor(p, 0)
	refusedCode(t, r.otp(old, codeFor(s, old)), "1121")
	refusedCode(t, r.otp(fresh, codeFor(s, old)), "1120")
	for _, token := range []string{fresh, bo} { // another signee's code is not touched
		if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
			t.Errorf("sign: %d %s", a.status, a.body)
		}
	}
}

func fiveCodes(t *testing.T, r *rig, _ *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "many"), byMail("Ann", "ann@many.example"))
	for range innsigli.MaxCodesAnHour {
		r.tokenFor(p, 0)
	}
	r.settled()
	m := r.moment()
	a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil)
	code, _ := a.errorCode()
	wait, err := strconv.Atoi(a.header.Get("Retry-After"))
	if a.status != http.StatusTooManyRequests || code != "TooManyCodes" || err != nil || wait < 1 || wait > 3600 {
		t.Errorf("sixth code: %d %s, Retry-After %q", a.status, a.body, a.header.Get("Retry-After"))
	}
	r.went(m)
	c.add(time.Duration(wait) * time.Second)
	r.tokenFor(p, 0)
	r.cancel(p.Key)
}

func lockedAfterTwenty(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "locked"), byMail("Ann", "ann@locked.example"), byMail("Bo", "bo@locked.example"))
	for range innsigli.MaxWrongTries / innsigli.MaxCodeTries {
		token := r.tokenFor(p, 0)
		for range innsigli.MaxCodeTries {
			refusedCode(t, r.otp(token, wrongOf(codeFor(s, token))), "1120")
		}
	}
	r.settled()
	c.add(2 * time.Hour) // an hour later there would be new codes; the lock stays
	a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil)
	if code, _ := a.errorCode(); a.status != http.StatusTooManyRequests || code != "OtpLocked" {
		t.Errorf("after 20 wrong tries: %d %s", a.status, a.body)
	}
	if page := string(r.visit("POST", "/s/"+p.Key+"/"+p.Signees[0].Key+"/code", "", url.Values{}).body); !strings.Contains(page, "The sender can open the signing again") {
		t.Errorf("the page of somebody who is locked out: %s", page)
	}
	reopened(t, r, s, p)
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Errorf("cancel of a locked process: %d", st)
	}
}

// reopened lets Ann, who is locked out, sign after all, as the page tells her.
func reopened(t *testing.T, r *rig, s *server, p process) {
	t.Helper()
	path := "/management/signing/" + p.Key + "/signee/" + p.Signees[0].Key + "/reopen"
	if a := r.ask("POST", path, "", nil); a.status != http.StatusUnauthorized {
		t.Errorf("without credentials: %d", a.status)
	}
	refusal(t, "a user that is none", r.ask("POST", path+"?User=boss", "own", nil), http.StatusBadRequest, "Email", "User")
	refusal(t, "another's process", r.ask("POST", path, r.company("Locked hf."), nil), http.StatusNotFound, "NotFound")
	for range 2 {
		if a := r.ask("POST", path+"?User=boss@nordurljos.example", "own", nil); a.status != http.StatusNoContent || len(a.body) > 0 {
			t.Errorf("reopen: %d %s", a.status, a.body)
		}
	}
	if n := count(r.statuses(p.Key), "SigneeReopened"); n != 1 {
		t.Errorf("%d lines in the log", n)
	}
	token := r.tokenFor(p, 0)
	refusedCode(t, r.otp(token, wrongOf(codeFor(s, token))), "1120")
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	refusal(t, "whoever has signed", r.ask("POST", path, "own", nil), http.StatusBadRequest, "AlreadySigned")
}

func sameAnswerAgain(t *testing.T, r *rig, s *server, _ *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "again"), byMail("Ann", "ann@again.example"), byMail("Bo", "bo@again.example"))
	token := r.tokenFor(p, 0)
	first := r.otp(token, codeFor(s, token))
	second := r.otp(token, codeFor(s, token))
	if first.status != http.StatusOK || second.status != http.StatusOK || !bytes.Equal(first.body, second.body) {
		t.Errorf("got %d %s, then %d %s", first.status, first.body, second.status, second.body)
	}
	if n := count(r.statuses(p.Key), "SigneeSigned"); n != 1 {
		t.Errorf("signed %d times", n)
	}
	// One who has signed needs no further code.
	a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil)
	if code, _ := a.errorCode(); a.status != http.StatusBadRequest || code != "AlreadySigned" {
		t.Errorf("a code for one who has signed: %d %s", a.status, a.body)
	}
	r.cancel(p.Key)
}

func expiredByItself(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "expired"), byMail("Ann", "ann@expired.example"),
		in("Is", byMail("Bo", "bo@expired.example")), who{"name": "Phone", "phoneNumber": "+3545550002"})
	token := r.tokenFor(p, 0)
	r.settled()
	m := r.moment()
	c.add(30*24*time.Hour - time.Minute)
	if st := r.shown(p); st != "Started" {
		t.Fatalf("a minute before its time: %s", st)
	}
	c.add(time.Minute)
	s.worker.Kick()
	// Nobody asks for the process: the activity log alone shows that it is over.
	for end := time.Now().Add(patience); count(r.statuses(p.Key), "Expired") == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never expires: %q", r.statuses(p.Key))
		}
	}
	r.settledCopy(p.Key)
	r.went(m, "webhook 6 + document", "mail ann@expired.example: expired", "mail bo@expired.example: expired, is", "sms +3545550002: expired")
	if st := r.shown(p); st != "Expired" {
		t.Errorf("shown as %s", st)
	}
	for name, x := range map[string]struct {
		a      answer
		status int
		code   string
	}{
		"cancel":   {r.ask("DELETE", "/management/signing?ProcessKey="+p.Key, "own", nil), 400, "ProcessNotActive"},
		"sign":     {r.otp(token, codeFor(s, token)), 400, "ProcessNotActive"},
		"code":     {r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil), 400, "ProcessNotActive"},
		"document": {r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "", nil), 410, "ProcessExpired"},
		"whole":    {r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil), 410, "ProcessExpired"},
	} {
		if code, _ := x.a.errorCode(); x.a.status != x.status || code != x.code {
			t.Errorf("%s: %d %s, want %d %s", name, x.a.status, x.a.body, x.status, x.code)
		}
	}
}

func expiredAfterSignature(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "late"), byMail("Ann", "ann@late.example"), byMail("Bo", "bo@late.example"))
	token, bo := r.tokenFor(p, 0), r.tokenFor(p, 1)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	m := r.moment()
	c.add(30 * 24 * time.Hour)
	// The verb that meets the end writes it: a code that would have been right comes too late.
	if a := r.otp(bo, codeFor(s, bo)); a.status != http.StatusBadRequest {
		t.Errorf("sign after the end: %d %s", a.status, a.body)
	}
	r.settledCopy(p.Key)
	r.went(m, "webhook 6 + document", "mail ann@late.example: expired", "mail bo@late.example: expired", "mail owner@nordurljos.example: owner's copy of expiry + samningur.pdf")
	if e := evidenceIn(t, r.lastTo("owner@nordurljos.example").Files[0].Bytes); e.Outcome != "expired" {
		t.Errorf("evidence: %+v", e)
	}
}

func completedLinkCloses(t *testing.T, r *rig, s *server, c *clock) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "closes"), byMail("Ann", "ann@closes.example"))
	token := r.tokenFor(p, 0)
	if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	link := "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf"
	c.add(innsigli.CompletedLink - time.Minute)
	if a := r.ask("GET", link, "", nil); a.status != http.StatusOK {
		t.Errorf("a minute before: %d %s", a.status, a.body)
	}
	c.add(time.Minute)
	if a := r.ask("GET", link, "", nil); a.status != http.StatusForbidden {
		t.Errorf("after 30 days: %d %.100s", a.status, a.body)
	}
	if a := r.ask("GET", link, "own", nil); a.status != http.StatusOK {
		t.Errorf("after 30 days with Basic: %d %.100s", a.status, a.body)
	}
}
