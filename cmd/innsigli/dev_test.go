package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestTestSignees holds the numbers of the public API to its error codes (facts/wire.md 5.5, 5.6), over the API and on the
// page, and that the mode is said wherever somebody could take it for a real server.
func TestTestSignees(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{}, func(s *settings) { s.Dev = true })
		if !strings.Contains(r.log(), "DEV MODE") {
			t.Error("the log does not say so")
		}
		var ready readiness
		if r.ask("GET", "/readyz", "", nil).json(t, &ready); !ready.Dev {
			t.Error("/readyz does not say so")
		}
		var people []who
		for _, digit := range "123456789" {
			people = append(people, who{"name": "Test", "phoneNumber": "+1 " + strings.Repeat(string(digit), 10)})
		}
		p := r.create(innsiglitest.PDF(t, 1, "test signees"), people...)
		for i, signee := range p.Signees {
			a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+signee.Key, "", map[string]string{"OtpType": "sms"})
			var started struct{ Token string }
			a.json(t, &started)
			want := []string{"", "", "", "", "", "", "1122 Token not found", "1120 Incorrect OTP code", "1121 Token expired"}[i]
			for range 7 { // no try is counted, so that a client's tests find the same each time
				a = r.ask("GET", "/signing/simple/otp?Token="+started.Token+"&OTP=42", "", nil)
				var got otpAnswer
				a.json(t, &got)
				if said := strings.TrimSpace(got.ErrorCode + " " + strings.TrimPrefix(got.Message, "ok")); said != want || (a.status == http.StatusOK) != (want == "") {
					t.Errorf("%s: %d %q, want %q", people[i]["phoneNumber"], a.status, said, want)
				}
			}
		}
		if page := r.ask("GET", "/s/"+p.Key+"/"+p.Signees[6].Key+"/code", "", nil); !strings.Contains(string(page.body), "This is a test server.") ||
			!strings.Contains(string(page.body), "any six digits") {
			t.Errorf("the page does not say so: %s", page.body)
		}
		ann := who{"name": "Ann", "email": "ann@dev.example", "phoneNumber": "+16666666666"}
		q := r.create(innsiglitest.PDF(t, 1, "sealed"), ann, byMail("Bo", "bo@dev.example"))
		var started struct{ Token string }
		r.ask("POST", "/signing/sign/"+q.Key+"/signee/"+q.Signees[0].Key, "", nil).json(t, &started)
		if code, _ := r.ask("GET", "/signing/simple/otp?Token="+started.Token+"&OTP=no", "", nil).errorCode(); code != "1120" {
			t.Errorf("letters: %q", code)
		}
		r.ask("GET", "/signing/simple/otp?Token="+started.Token+"&OTP=1", "", nil)
		r.sign(q, 1)
		r.settled()
		e := evidenceIn(t, r.ask("GET", "/pdf/sp/"+q.Key+".pdf", "own", nil).body)
		if a, b := e.Signees[0], e.Signees[1]; a.CodeVia != "test" || a.Codes[0].Via != "test" || a.Codes[0].ID != "" || b.CodeVia != "email" {
			t.Errorf("evidence: %+v\n%+v", a, b)
		}
		r.cancel(p.Key)
		r.settledCopy(p.Key)
		if n := len(r.sms.Texts()); n != 0 {
			t.Errorf("%d SMS went to numbers that are nobody's", n)
		}
	})
}

// TestWithoutDevATestNumberIsANumber like any other: its owner gets a code, and nothing else is taken.
func TestWithoutDevATestNumberIsANumber(t *testing.T) {
	r, _ := newLocal(t, "sqlite", seams{})
	p := r.create(innsiglitest.PDF(t, 1, "no dev"), who{"name": "Ann", "phoneNumber": "+11111111111"})
	var started struct{ Token string }
	r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil).json(t, &started)
	r.settled()
	code := sixDigits.FindString(r.sms.Wait(t, 1)[0].Text)
	if got, _ := r.ask("GET", "/signing/simple/otp?Token="+started.Token+"&OTP="+wrongOf(code), "", nil).errorCode(); got != "1120" {
		t.Errorf("any digits: %q", got)
	}
	if a := r.ask("GET", "/signing/simple/otp?Token="+started.Token+"&OTP="+code, "", nil); a.status != http.StatusOK {
		t.Errorf("the code that was sent: %d %s", a.status, a.body)
	}
	page := r.ask("GET", "/s/"+p.Key+"/"+p.Signees[0].Key, "", nil)
	if strings.Contains(string(page.body), "test server") || strings.Contains(string(r.ask("GET", "/readyz", "", nil).body), "dev") {
		t.Error("says that it is a test server")
	}
}
