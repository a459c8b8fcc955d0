package main

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestACodeComesOnTheWayThatWasAskedFor plays the choice against a server with a voice gateway: letter case, what there is no
// way for, the limit that all ways share, evidence and log, and a call that a cancel overtakes.
func TestACodeComesOnTheWayThatWasAskedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		calls := innsiglitest.NewGateway(t)
		r, _ := newLocal(t, db, seams{}, func(s *settings) { s.Voice = calls.URL() })
		ann := byMail("Ann", "ann@call.example")
		ann["phoneNumber"] = "+3545559876"
		p := r.create(innsiglitest.PDF(t, 1, "calls"), in("Is", ann), who{"name": "Bo", "email": "bo@call.example"}, who{"name": "Cy", "phoneNumber": "+3545550001"})
		ask := func(n int, by string) answer {
			return r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[n].Key+"?OTPTYPE="+by, "", nil)
		}
		refusal(t, "no phone", ask(1, "call"), http.StatusBadRequest, "NotReachable", "OtpType")
		refusal(t, "no mail", ask(2, "email"), http.StatusBadRequest, "NotReachable", "OtpType")
		refusal(t, "no mail to who has a phone", ask(0, "EMAIL"), http.StatusBadRequest, "NotReachable", "OtpType")
		if a := ask(1, "email"); a.status != http.StatusOK {
			t.Fatalf("email: %d %s", a.status, a.body)
		}
		for _, by := range []string{"Sms", "CALL", "call", "sms"} {
			if a := ask(0, by); a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", by, a.status, a.body)
			}
			r.settled() // else a newer code may void it before it has gone
		}
		var started struct{ Token string }
		ask(0, "Call").json(t, &started)
		refusal(t, "too many, on another way", ask(0, "sms"), http.StatusTooManyRequests, "TooManyCodes")
		got := calls.Wait(t, 3)[2]
		code := strings.ReplaceAll(spoken.FindString(got.Text), ", ", "")
		if got.To != "+3545559876" || got.Language != "is" || len(code) != 6 {
			t.Fatalf("call: %+v, code %q", got, code)
		}
		if a := r.ask("GET", "/signing/simple/otp?token="+started.Token+"&otp="+code, "", nil); a.status != http.StatusOK {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
		log := r.activity(p.Key)
		for way, want := range map[string]int{"Sms": 2, "Email": 1, "Call": 3} {
			n := 0
			for _, l := range log {
				if l.Status == "OtpSent" && strings.HasSuffix(l.Description, "Delivery method : "+way+" ") {
					n++
				}
			}
			if n != want {
				t.Errorf("%d codes by %s in the log, want %d", n, way, want)
			}
		}
		r.settled()
		calls.Answer(slices.Repeat([]int{http.StatusInternalServerError}, 100)...) // until the cancel, however late that comes
		if a := ask(2, "call"); a.status != http.StatusOK {
			t.Fatalf("call: %d %s", a.status, a.body)
		}
		calls.Wait(t, 4)
		if st := r.cancel(p.Key); st != http.StatusNoContent {
			t.Fatalf("cancel: %d", st)
		}
		r.settledCopy(p.Key)
		if n := len(calls.Texts()); n != 3 {
			t.Errorf("%d calls were made, want the 3 from before the cancel", n)
		}
		e := evidenceIn(t, r.lastTo("owner@nordurljos.example").Files[0].Bytes).Signees[0]
		if e.CodeVia != "call" || e.CodeTo != "+3545559876" || len(e.Codes) != 5 {
			t.Errorf("evidence: %+v", e)
		}
	})
}

// spoken is a code as it is read out.
var spoken = regexp.MustCompile(`\d(, \d){5}`)
