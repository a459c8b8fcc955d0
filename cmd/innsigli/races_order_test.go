package main

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestRacesCancelAgainstTheNextInOrder lets the signature that invites the next person meet a cancel. The next is told of
// the cancel whatever wins, and of nothing afterwards.
func TestRacesCancelAgainstTheNextInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		pdf := innsiglitest.PDF(t, 1, "race")
		won := map[string]int{}
		for i := range rounds(t) {
			ann, bo := fmt.Sprintf("ann%d@example.com", i), fmt.Sprintf("bo%d@example.com", i)
			body := r.bodyOf(pdf, byMail("Ann", ann), byMail("Bo", bo))
			body["signInOrder"] = true
			a := r.ask("POST", "/management/signing", "own", body)
			var p process
			if a.json(t, &p); a.status != http.StatusOK {
				t.Fatalf("create: %d %s", a.status, a.body)
			}
			token := r.tokenFor(p, 0)
			code := codeFor(s, token)
			var canceled int
			var signed answer
			delay := time.Duration(i%8) * 8 * time.Millisecond
			atOnce(
				func() { time.Sleep(delay); canceled = r.cancel(p.Key) },
				func() { signed = r.otp(token, code) },
			)
			if canceled != http.StatusNoContent || signed.status != http.StatusOK && signed.status != http.StatusBadRequest {
				t.Fatalf("round %d: cancel %d and signature %d %s", i, canceled, signed.status, signed.body)
			}
			r.settled()
			r.mustBeCanceled(t, p, ann)
			r.mustBeCanceled(t, p, bo)
			log := r.statuses(p.Key)
			if signs := count(log, "SigneeSigned"); (signs == 1) != (signed.status == http.StatusOK) || count(log, "OwnerCopySent") != signs {
				t.Fatalf("round %d: signature answered %d, log %q", i, signed.status, log)
			}
			invited := countFunc(r.subjects(bo), func(subject string) bool { return mailKind(subject) == "invitation" })
			if invited > 1 || invited == 1 && signed.status != http.StatusOK {
				t.Fatalf("round %d: Bo was invited %d times, signature %d", i, invited, signed.status)
			}
			won[fmt.Sprintf("signed %v, next invited %v", signed.status == http.StatusOK, invited == 1)]++
		}
		t.Logf("outcomes: %v", won)
	})
}

// TestRacesCancelAgainstTheEndOfASequence lets the code that signs the last documents of a sequence meet the cancel of
// one of them: all are canceled, or all are completed.
func TestRacesCancelAgainstTheEndOfASequence(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		won := map[string]int{}
		for i := range rounds(t) {
			ann := fmt.Sprintf("ann%d@example.com", i)
			q := r.createSequence(nil, part{"a", []who{byMail("Ann", ann)}}, part{"b", []who{byMail("Ann", ann)}})
			var got struct{ Token string }
			r.askCodeForAll(q, q.person(0)).json(t, &got)
			code := codeFor(s, got.Token)
			var canceled int
			var signed answer
			delay := time.Duration(i%6) * time.Millisecond
			atOnce(
				func() { time.Sleep(delay); canceled = r.cancel(q.SigningProcesses[i%2].Key) },
				func() {
					signed = r.ask("GET", "/signing/simple/otp/bulk?Token="+got.Token+"&OTP="+code, "", nil)
				},
			)
			r.settled()
			for _, p := range q.SigningProcesses {
				switch {
				case canceled == http.StatusNoContent && signed.status == http.StatusBadRequest:
					r.mustBeCanceled(t, p.process, ann)
				case canceled == http.StatusBadRequest && signed.status == http.StatusOK:
					r.mustBeCompleted(t, p.process, ann)
				default:
					t.Fatalf("round %d: cancel %d and signature %d %s", i, canceled, signed.status, signed.body)
				}
			}
			won[fmt.Sprintf("canceled %v", canceled == http.StatusNoContent)]++
		}
		t.Logf("outcomes: %v", won)
	})
}

// TestRacesCancelAgainstSealing cancels at all moments after the last signature: it comes too late at each.
func TestRacesCancelAgainstSealing(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		pdf := innsiglitest.PDF(t, 1, "race")
		during := 0
		for i := range rounds(t) {
			ann := fmt.Sprintf("ann%d@example.com", i)
			p := r.create(pdf, byMail("Ann", ann))
			token := r.tokenFor(p, 0)
			code := codeFor(s, token)
			signs := make(chan answer, 1)
			go func() { signs <- r.otp(token, code) }() // its answer waits for the seal
			for end := time.Now().Add(patience); count(r.statuses(p.Key), "SigneeSigned") == 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			for range 2 {
				st := r.shown(p)
				if got := r.cancel(p.Key); got != http.StatusBadRequest {
					t.Fatalf("round %d: cancel after the last signature answered %d", i, got)
				}
				if st == "Started" {
					during++
				}
			}
			if a := <-signs; a.status != http.StatusOK {
				t.Fatalf("round %d: signature %d %s", i, a.status, a.body)
			}
			r.settled()
			r.mustBeCompleted(t, p, ann)
		}
		t.Logf("%d cancels came while it was being sealed", during)
		if during == 0 {
			t.Error("no cancel came while anything was being sealed")
		}
	})
}

// TestRacesCancelAgainstEntering lets a right code to read with meet a cancel: whoever was let in was first, and what they
// were given opens nothing afterwards.
func TestRacesCancelAgainstEntering(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, s := newLocal(t, db, seams{})
		body := r.bodyOf(innsiglitest.PDF(t, 1, "race"))
		body["requiresAuth"] = true
		won := map[string]int{}
		for i := range rounds(t) {
			ann := fmt.Sprintf("ann%d@example.com", i)
			body["createSignees"] = []who{byMail("Ann", ann)}
			var p process
			r.ask("POST", "/management/signing", "own", body).json(t, &p)
			token := r.ask("POST", "/signing/"+p.Key, "", map[string]string{"email": ann}).header.Get("X-Challenge-Token")
			code := codeFor(s, token)
			var canceled int
			var entered answer
			delay := time.Duration(i%8) * 4 * time.Millisecond
			atOnce(
				func() { time.Sleep(delay); canceled = r.cancel(p.Key) },
				func() {
					entered = r.ask("POST", "/signing/"+p.Key, "", map[string]string{"token": token, "otp": code})
				},
			)
			in := entered.status == http.StatusOK
			if refused, _ := entered.errorCode(); canceled != http.StatusNoContent || !in && (entered.status != http.StatusBadRequest || refused != "ProcessNotActive") {
				t.Fatalf("round %d: cancel %d and entering %d %s", i, canceled, entered.status, entered.body)
			}
			won[fmt.Sprintf("entered %v", in)]++
			r.settled()
			r.mustBeCanceled(t, p, ann)
			log := r.statuses(p.Key)
			if at := slices.Index(log, "Authenticated"); (at >= 0) != in || at > slices.Index(log, "Canceled") {
				t.Fatalf("round %d: entering answered %d, log %q", i, entered.status, log)
			}
			pdf := "/pdf/" + p.Key + "/" + p.Signees[0].Key + ".pdf"
			if a := r.admitted("GET", pdf, entered.header.Get("X-Access-Token"), ""); a.status != http.StatusGone {
				t.Fatalf("round %d: the document answers %d", i, a.status)
			}
		}
		t.Logf("outcomes: %v", won)
	})
}
