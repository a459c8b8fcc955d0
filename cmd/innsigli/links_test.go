package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest"
)

// guessedLinks: a link that is wrong in any way answers like one that never was, wherever it is tried, so that half of a
// right one tells nothing. There is no limit on trying: the halves are 128 random bits each, and a limit would lock out the people
// who share an address with whoever tries.
func guessedLinks(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "mine"), byMail("Ann", "ann@guess.example"))
	q := r.create(innsiglitest.PDF(t, 1, "other"), byMail("Bo", "bo@guess.example"))
	s := r.createSequence(nil, part{"a", []who{byMail("Cy", "cy@guess.example")}}, part{"b", []who{byMail("Cy", "cy@guess.example")}})
	si, sp := p.Signees[0].Key, p.Key
	no := strings.Repeat("0", 32)
	type link struct{ first, second string }
	single := []link{{"sp" + no, "si" + no}, {sp, "si" + no}, {"sp" + no, si}, {sp, q.Signees[0].Key}, {q.Key, si}, {sp, si[:10]}, {sp[:10], si}, {sp, si + "0"}}
	several := []link{{"pg" + no, "gs" + no}, {s.Key, "gs" + no}, {"pg" + no, s.person(0)}, {s.Key, s.person(0) + "0"}}
	for _, place := range []struct {
		method, path string
		links        []link
		body         any
	}{
		{"GET", "/s/P/S", single, nil},
		{"GET", "/s/P/S?read", single, nil},
		{"GET", "/s/P/S/page/1.png", single, nil},
		{"GET", "/s/P/S/text/1", single, nil},
		{"GET", "/s/P/S/state", single, nil},
		{"GET", "/s/P/S/enter", single, nil},
		{"GET", "/s/P/S/done", single, nil},
		{"POST", "/s/P/S/code", single, nil},
		{"POST", "/s/P/S/sign", single, nil},
		{"POST", "/s/P/S/decline", single, nil},
		{"POST", "/s/P/S/signature", single, nil},
		{"GET", "/pdf/P/S.pdf", single, nil},
		{"GET", "/signing/P/signee/S", single, nil},
		{"POST", "/signing/sign/P/signee/S", single, nil},
		{"POST", "/signing/P/signee/S/decline", single, nil},
		{"PUT", "/signing/P/signee/S/meta", single, map[string]any{"meta": map[string]string{"a": "b"}}},
		{"POST", "/signing/P/signee/S/reading", single, map[string]any{"pages": []int{1}, "seconds": 1}},
		{"GET", "/s/P/S", several, nil},
		{"POST", "/s/P/S/code", several, nil},
		{"GET", "/signing/sequential/P/signee/S", several, nil},
		{"POST", "/signing/sign/simple/sequence/P/signee/S", several, nil},
	} {
		first := ""
		for _, l := range place.links {
			a := r.ask(place.method, strings.NewReplacer("P", l.first, "S", l.second).Replace(place.path), "", place.body)
			said := strings.NewReplacer(l.first, "P", l.second, "S").Replace(string(a.body))
			if first == "" {
				first = said
			}
			if a.status != http.StatusNotFound || said != first || a.header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s with %s and %s: %d %.300s", place.method, place.path, l.first, l.second, a.status, a.body)
			}
		}
	}
}

// replayedCodes: a code signs once, for whom it was sent, at the newest request, and for what it was asked for.
func replayedCodes(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo = "ann@replay.example", "bo@replay.example"
	p := r.create(innsiglitest.PDF(t, 1, "replay"), byMail("Ann", ann), byMail("Bo", bo), byMail("Cy", "cy@replay.example"))
	otp := func(token, code string) answer {
		return r.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil)
	}
	former, old := r.askCode(p, 0)
	usedCodes.Store(r.url+old, true)
	newest, code := r.askCode(p, 0)
	usedCodes.Store(r.url+code, true)
	numbered(t, "a code that a newer one voids", otp(former, old), "1121")
	numbered(t, "the newest code for the former request", otp(former, code), "1121")
	numbered(t, "another's way to answer", r.ask("GET", "/signing/simple/otp/bulk?Token="+newest+"&OTP="+code, "", nil), "1122")
	for range 3 {
		if a := otp(newest, code); a.status != http.StatusOK {
			t.Errorf("the right code: %d %s", a.status, a.body)
		}
	}
	// At Bo's link Ann's request and code do nothing for Bo.
	link := "/s/" + p.Key + "/" + p.Signees[1].Key
	consent := consentOf(r.visit("GET", link+"/code?token="+newest, "", nil))
	leadsTo(t, r.visit("POST", link+"/sign", "", url.Values{"token": {newest}, "code": {code}, "consent": {consent}}), link)
	numbered(t, "a request that never was", otp(strings.Repeat("0", 32), code), "1122")
	var now struct{ Signees []struct{ Signed bool } }
	r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "own", nil).json(t, &now)
	if n := count(r.statuses(p.Key), "SigneeSigned"); n != 1 || !now.Signees[0].Signed || now.Signees[1].Signed || now.Signees[2].Signed {
		t.Errorf("%d signatures in the log, signed: %+v", n, now.Signees)
	}
	// A tab that was left open is a replay too: after the cancel its form is told so, and costs nothing.
	token, last := r.askCode(p, 1)
	usedCodes.Store(r.url+last, true)
	if st := r.cancel(p.Key); st != http.StatusNoContent {
		t.Fatalf("cancel: %d", st)
	}
	a := r.visit("POST", link+"/sign", "", url.Values{"token": {token}, "code": {last}, "consent": {consent}})
	if a.status != http.StatusGone || !strings.Contains(string(a.body), "You don’t have to sign this any more") {
		t.Errorf("the form of a stale tab: %d %.300s", a.status, a.body)
	}
	r.settledCopy(p.Key)
	refusal(t, "code after the cancel", otp(token, last), http.StatusBadRequest, "ProcessNotActive", "ProcessKey")
}

// consentOf reads from a page that asks for a code which sentence stands above its button.
func consentOf(page answer) string {
	_, rest, _ := strings.Cut(string(page.body), `name="consent" value="`)
	consent, _, _ := strings.Cut(rest, `"`)
	return consent
}
