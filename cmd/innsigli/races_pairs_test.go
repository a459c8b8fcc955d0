package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestRacesSigning lets a right code meet what takes the signature from the same person: one of the two is refused, and
// state and log tell of the other alone.
func TestRacesSigning(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		var c clock
		r, s := newLocal(t, db, seams{now: c.now})
		pdf := innsiglitest.PDF(t, 1, "race")
		for _, x := range []struct {
			name, line, shown string
			do                func(p process, to string) answer
		}{
			{"reassign", "SigneeReassigned", "Started", func(p process, to string) answer {
				return r.reassign(p, 0, map[string]any{"name": "New", "email": to})
			}},
			{"another address", "SigneeUpdated", "Started", func(p process, to string) answer {
				return r.ask("PUT", signeePath(p, 0), "own", map[string]any{"email": to})
			}},
			{"decline", "Declined", "Canceled", func(p process, _ string) answer { return r.decline(p, 0, "") }},
			{"expiry", "Expired", "Expired", func(p process, _ string) answer {
				c.add(time.Minute)
				r.shown(p)
				return answer{}
			}},
		} {
			type round struct {
				p             process
				to            string
				signed, other answer
			}
			var all []round
			for i := range rounds(t) / 4 { // there are four of them
				one := round{p: r.createPassable(pdf, byMail("Ann", fmt.Sprintf("ann%d@%s.example", i, x.line))), to: fmt.Sprintf("new%d@%s.example", i, x.line)}
				if x.name == "expiry" {
					r.settled()                          // else the jump takes leases away
					c.add(30*24*time.Hour - time.Minute) // still open, for a moment
				}
				token := r.tokenFor(one.p, 0)
				code := codeFor(s, token)
				delay := time.Duration(i%5-2) * time.Millisecond
				atOnce(
					func() { time.Sleep(delay); one.signed = r.otp(token, code) },
					func() { time.Sleep(-delay); one.other = x.do(one.p, one.to) },
				)
				all = append(all, one)
			}
			r.settled()
			won := map[string]int{}
			for i, one := range all {
				log := r.statuses(one.p.Key)
				other := count(log, x.line)
				switch signed := one.signed.status == http.StatusOK; {
				case signed == (other == 1), other > 1, !signed && one.signed.status != http.StatusBadRequest, count(log, "SigneeSigned")+other != 1,
					x.name != "expiry" && (one.other.status < 300) == signed, one.other.status >= 500:
					t.Fatalf("%s, round %d: signature %d %s, the other %d %s, log %q", x.name, i, one.signed.status, one.signed.body, one.other.status, one.other.body, log)
				case signed:
					won["signature"]++
					r.mustBeCompleted(t, one.p, one.p.Signees[0].Email)
					if told := r.subjects(one.to); len(told) > 0 {
						t.Fatalf("%s, round %d: the new address was told %q", x.name, i, told)
					}
				default:
					won[x.name]++
					f, err := s.db.Facts(t.Context(), innsigli.Target{Process: innsigli.ProcessKey(one.p.Key)})
					if st := f.Process.State.Shown(); err != nil || st != x.shown {
						t.Fatalf("%s, round %d: shown as %s, %v", x.name, i, st, err)
					}
				}
			}
			t.Logf("%s, won by: %v", x.name, won)
		}
	})
}

// TestRacesCancelWithinASequence cancels its members at once: each is canceled once, and people are told once.
func TestRacesCancelWithinASequence(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		all := map[string]sequence{}
		for i := range rounds(t) {
			ann := fmt.Sprintf("ann%d@example.com", i)
			q := r.createSequence(nil, part{"a", []who{byMail("Ann", ann)}}, part{"b", []who{byMail("Ann", ann)}})
			var got [2]int
			atOnce(
				func() { got[0] = r.cancel(q.SigningProcesses[0].Key) },
				func() { got[1] = r.cancel(q.SigningProcesses[1].Key) },
			)
			if got != [2]int{http.StatusNoContent, http.StatusNoContent} {
				t.Fatalf("round %d: %v, want 204 for both", i, got)
			}
			all[ann] = q
		}
		r.settled()
		for ann, q := range all {
			for _, p := range q.SigningProcesses {
				r.mustBeCanceled(t, p.process, ann)
			}
		}
	})
}

// TestRacesCancelAgainstReading reads document, page and text on and on while it is canceled: nothing that is asked for
// after the 204 is given.
func TestRacesCancelAgainstReading(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		pdf := innsiglitest.PDF(t, 1, "race")
		before := 0
		for i := range rounds(t) / 4 { // each asks many times
			p := r.create(pdf, byMail("Ann", fmt.Sprintf("ann%d@example.com", i)))
			link := "/s/" + p.Key + "/" + p.Signees[0].Key
			var over atomic.Bool
			read := func(path, auth string, given *int) func() {
				return func() {
					for {
						late := over.Load()
						a, err := r.try("GET", path, auth, nil)
						if err != nil && !late {
							continue // broken off in the middle
						}
						if a.status == http.StatusOK {
							*given++
						}
						if late && a.status != http.StatusGone || a.status != http.StatusOK && a.status != http.StatusGone {
							t.Errorf("round %d: %s after the 204 %v: %d", i, path, late, a.status)
						}
						if late {
							return
						}
					}
				}
			}
			given := make([]int, 4)
			atOnce(
				func() {
					defer over.Store(true)
					time.Sleep(time.Duration(i%8) * 2 * time.Millisecond)
					if st := r.cancel(p.Key); st != http.StatusNoContent {
						t.Errorf("round %d: cancel %d", i, st)
					}
				},
				read("/pdf/sp/"+p.Key+".pdf", "own", &given[0]),
				read("/pdf/"+p.Key+"/"+p.Signees[0].Key+".pdf", "", &given[1]),
				read(link+"/page/1.png?w=480", "", &given[2]),
				read(link+"/text/1", "", &given[3]),
			)
			if slices.Max(given) > 0 {
				before++
			}
		}
		t.Logf("something was read before the cancel in %d rounds", before)
	})
}

// TestRacesCancelAgainstCreateAgain lets a client whose first answer was lost ask once more while somebody cancels: it
// gets the same answer, and nothing begins anew.
func TestRacesCancelAgainstCreateAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		r, _ := newLocal(t, db, seams{})
		pdf := innsiglitest.PDF(t, 1, "race")
		all := map[string]process{}
		for i := range rounds(t) {
			ann := fmt.Sprintf("ann%d@example.com", i)
			body := r.bodyOf(pdf, byMail("Ann", ann))
			send := func() answer { return r.createWith(body, http.Header{"Idempotency-Key": {ann}}) }
			var p process
			first := send()
			first.json(t, &p)
			var canceled int
			var again answer
			delay := time.Duration(i%5) * time.Millisecond
			atOnce(
				func() { time.Sleep(delay); canceled = r.cancel(p.Key) },
				func() { again = send() },
			)
			if canceled != http.StatusNoContent || again.status != http.StatusOK || !bytes.Equal(again.body, first.body) {
				t.Fatalf("round %d: cancel %d, create again %d %s, first %s", i, canceled, again.status, again.body, first.body)
			}
			all[ann] = p
		}
		r.settled()
		for ann, p := range all {
			r.mustBeCanceled(t, p, ann)
		}
		if n := r.blobCount(); n != 0 {
			t.Errorf("%d documents were left", n)
		}
	})
}
