package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

func TestDecline(t *testing.T) {
	scenarios(t, []scenario{
		{"before anybody signed", declinedFirst},
		{"after a signature", declinedHalfSigned},
		{"by the page", declinedByPage},
		{"one document of a sequence", declinedSequence},
		{"refusals", declineRefused},
	})
}

func (r *rig) decline(p process, n int, reason string) answer {
	r.tb.Helper()
	return r.ask("POST", "/signing/"+p.Key+"/signee/"+p.Signees[n].Key+"/decline", "", map[string]string{"REASON": reason})
}

// signeeOf is what the company is shown of a signee.
func (r *rig) signeeOf(p process, n int) (got struct{ DeclinedAt, DeclineReason string }) {
	r.tb.Helper()
	var all struct {
		Signees []struct{ DeclinedAt, DeclineReason string }
	}
	r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[n].Key, "own", nil).json(r.tb, &all)
	return all.Signees[n]
}

func declinedFirst(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, owner = "ann@decline.example", "bo@decline.example", "owner@nordurljos.example"
	p := r.create(innsiglitest.PDF(t, 1, "declined"), byMail("Ann", ann), byMail("Bo", bo))
	r.settled()
	m := r.moment()
	a := r.decline(p, 0, "The price is wrong")
	var got process
	if a.json(t, &got); a.status != http.StatusOK || got.Status != "Canceled" || got.Signees[1].Email != "" {
		t.Fatalf("decline: %d %s", a.status, a.body)
	}
	r.went(m, "mail "+owner+": declined", "mail "+bo+": canceled", "webhook 5")
	if mail := r.lastTo(owner); !strings.Contains(mail.Text, "The price is wrong") || !strings.Contains(mail.Text, "Ann") {
		t.Errorf("the owner is told: %s", mail.Text)
	}
	if mail := r.lastTo(bo); strings.Contains(mail.Text+mail.HTML, "The price is wrong") || strings.Contains(mail.Text, "Norðurljós ehf. canceled") {
		t.Errorf("the others are told: %s", mail.Text)
	}
	m = r.moment()
	if again := r.decline(p, 0, "once more"); again.status != http.StatusOK {
		t.Errorf("the same again: %d %s", again.status, again.body)
	}
	if other := r.decline(p, 1, ""); other.status != http.StatusBadRequest {
		t.Errorf("the other: %d %s", other.status, other.body)
	}
	if st := r.cancel(p.Key); st != http.StatusBadRequest {
		t.Errorf("cancel afterwards: %d", st)
	}
	r.went(m)
	if s := r.signeeOf(p, 0); s.DeclinedAt == "" || s.DeclineReason != "The price is wrong" {
		t.Errorf("the company is shown %+v", s)
	}
	if a := r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[1].Key, "", nil); strings.Contains(string(a.body), "price") {
		t.Errorf("the other is shown the reason: %s", a.body)
	}
	line := r.activity(p.Key)
	i := len(line) - 1
	for ; i >= 0 && line[i].Status != "Declined"; i-- {
	}
	if i < 0 || line[i].CreatedBy != ann || line[i].SigneeKey != p.Signees[0].Key || line[i].Description != "Signing declined. ProcessKey: "+p.Key+"." {
		t.Errorf("log: %+v", line)
	}
	for n := range p.Signees {
		if a := r.ask("GET", "/pdf/"+p.Key+"/"+p.Signees[n].Key+".pdf", "", nil); a.status != http.StatusGone {
			t.Errorf("the document answers %d", a.status)
		}
	}
	r.settledCopy(p.Key)
}

func declinedHalfSigned(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, owner = "ann@half.example", "bo@half.example", "owner@nordurljos.example"
	p := r.create(innsiglitest.PDF(t, 1, "half"), byMail("Ann", ann), byMail("Bo", bo))
	if a := r.sign(p, 0); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	m := r.moment()
	if a := r.decline(p, 0, "too late"); a.status != http.StatusBadRequest {
		t.Fatalf("whoever has signed: %d %s", a.status, a.body)
	}
	if a := r.decline(p, 1, ""); a.status != http.StatusOK {
		t.Fatalf("decline: %d %s", a.status, a.body)
	}
	r.settledCopy(p.Key)
	r.went(m, "mail "+owner+": declined", "mail "+owner+": owner's copy + samningur.pdf", "mail "+ann+": canceled", "webhook 5")
	if log := r.statuses(p.Key); count(log, "OwnerCopySent") != 1 || count(log, "DocumentDeleted") != 1 || count(log, "DeclineSent") != 1 {
		t.Errorf("log %q", log)
	}
}

func declinedByPage(t *testing.T, r *rig) {
	t.Helper()
	p := r.create(innsiglitest.PDF(t, 1, "page"), byMail("Ann", "ann@page.example"))
	link := strings.TrimPrefix(p.Signees[0].URL, r.url)
	form := strings.NewReader(url.Values{"reason": {"Not\r\nmine"}}.Encode())
	resp, err := client.Post(r.url+link+"/decline", "application/x-www-form-urlencoded", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != link {
		t.Fatalf("decline: %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if a := r.ask("GET", link, "", nil); a.status != http.StatusGone || !strings.Contains(string(a.body), "You declined to sign") {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
	if s := r.signeeOf(p, 0); s.DeclineReason != "Not mine" {
		t.Errorf("reason %q", s.DeclineReason)
	}
}

func declinedSequence(t *testing.T, r *rig) {
	t.Helper()
	const ann, bo, owner = "ann@seqdecline.example", "bo@seqdecline.example", "owner@nordurljos.example"
	q := r.createSequence(nil, part{"lease", []who{byMail("Ann", ann), byMail("Bo", bo)}}, part{"annex", []who{byMail("Ann", ann)}})
	if a := r.sign(q.SigningProcesses[0].process, 1); a.status != http.StatusOK {
		t.Fatalf("sign: %d %s", a.status, a.body)
	}
	r.settled()
	m := r.moment()
	if a := r.decline(q.SigningProcesses[1].process, 0, "No annex"); a.status != http.StatusOK {
		t.Fatalf("decline: %d %s", a.status, a.body)
	}
	for _, p := range q.SigningProcesses {
		r.settledCopy(p.Key)
	}
	r.went(m, "mail "+owner+": declined", "mail "+owner+": owner's copy + lease.pdf", "mail "+bo+": canceled", "webhook 5", "webhook 5")
	for _, p := range q.SigningProcesses {
		if log := r.statuses(p.Key); count(log, "Declined") != 1 || r.shown(p.process) != "Canceled" {
			t.Errorf("%s: log %q", p.PdfFileName, log)
		}
	}
	for n, want := range map[int]string{0: "You declined to sign", 1: "You don’t have to sign this any more"} {
		a := r.ask("GET", "/s/"+q.Key+"/"+q.person(n), "", nil)
		if a.status != http.StatusGone || !strings.Contains(string(a.body), want) {
			t.Errorf("link of person %d: %d %s", n, a.status, a.body)
		}
	}
}

func declineRefused(t *testing.T, r *rig) {
	t.Helper()
	body := r.bodyOf(innsiglitest.PDF(t, 1, "refused"), byMail("Ann", "ann@ref.example"), byMail("Bo", "bo@ref.example"))
	body["signInOrder"] = true
	var p process
	r.ask("POST", "/management/signing", "own", body).json(t, &p)
	long := r.decline(p, 0, strings.Repeat("x", 501))
	if code, fields := long.errorCode(); long.status != http.StatusBadRequest || code != "Length" || len(fields) != 1 || fields[0] != "reason" {
		t.Errorf("too long: %d %s", long.status, long.body)
	}
	if a := r.decline(p, 1, ""); a.status != http.StatusBadRequest {
		t.Errorf("out of turn: %d %s", a.status, a.body)
	} else if code, _ := a.errorCode(); code != "NotYourTurn" {
		t.Errorf("out of turn: %s", a.body)
	}
	for _, path := range []string{p.Key + "/signee/si00", "sp00/signee/" + p.Signees[0].Key, "nonsense/signee/x"} {
		if a := r.ask("POST", "/signing/"+path+"/decline", "", nil); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if st := r.shown(p); st == "Canceled" {
		t.Errorf("shown as %s", st)
	}
}

func TestRacesCancelAgainstDecline(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		r.hook()
		pdf := innsiglitest.PDF(t, 1, "race")
		won := map[string]int{}
		for i := range rounds(t) {
			bo := fmt.Sprintf("bo%d@example.com", i)
			p := r.create(pdf, byMail("Ann", fmt.Sprintf("ann%d@example.com", i)), byMail("Bo", bo))
			r.settled()
			m := r.moment()
			var canceled int
			var declined answer
			delay := time.Duration(i%5-2) * time.Millisecond
			atOnce(
				func() { time.Sleep(delay); canceled = r.cancel(p.Key) },
				func() { time.Sleep(-delay); declined = r.decline(p, 0, "") },
			)
			log := r.statuses(p.Key)
			switch {
			case canceled == http.StatusNoContent && declined.status == http.StatusBadRequest:
				won["cancel"]++
				r.went(m, "mail "+p.Signees[0].Email+": canceled", "mail "+bo+": canceled", "webhook 5")
				if count(log, "Canceled") != 1 || count(log, "Declined") != 0 {
					t.Fatalf("round %d: log %q", i, log)
				}
			case canceled == http.StatusBadRequest && declined.status == http.StatusOK:
				won["decline"]++
				r.went(m, "mail owner@nordurljos.example: declined", "mail "+bo+": canceled", "webhook 5")
				if count(log, "Canceled") != 0 || count(log, "Declined") != 1 {
					t.Fatalf("round %d: log %q", i, log)
				}
			default:
				t.Fatalf("round %d: cancel %d and decline %d %s", i, canceled, declined.status, declined.body)
			}
		}
		t.Logf("won by: %v", won)
	})
}

// TestFaultsOfDecline fails each call in turn: all or nothing happens, and a second try succeeds.
func TestFaultsOfDecline(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		for _, after := range []bool{false, true} {
			r, _, f := faultyRig(t, db)
			for n := 1; ; n++ {
				if n > enough {
					t.Fatal("decline never passes")
				}
				ann, bo := fmt.Sprintf("ann%d%v@example.com", n, after), fmt.Sprintf("bo%d%v@example.com", n, after)
				p := r.create(innsiglitest.PDF(t, 1, "fault"), byMail("Ann", ann), byMail("Bo", bo))
				r.settled()
				f.Arm(n, after)
				a := r.decline(p, 0, "no")
				hit := f.Hit() // the verb's own calls: those of what follows fail in TestFaults
				f.Arm(0, false)
				if a.status == http.StatusInternalServerError && !after && r.shown(p) != "Started" {
					t.Fatalf("%s: 500, and yet it is %s", hit, r.shown(p))
				}
				if a = r.decline(p, 0, "no"); a.status != http.StatusOK {
					t.Fatalf("%s: the second try got %d %s", hit, a.status, a.body)
				}
				r.settledCopy(p.Key)
				r.settled()
				if log := r.statuses(p.Key); count(log, "Declined") != 1 || count(log, "DocumentDeleted") != 1 {
					t.Fatalf("%s: log %q", hit, log)
				}
				if ids := r.messageIDs(bo, isCancelSubject); len(ids) != 1 {
					t.Fatalf("%s: %s got %d different cancellations", hit, bo, len(ids))
				}
				if hit == "" {
					break
				}
			}
		}
	})
}
