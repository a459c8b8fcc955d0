package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestTheMailServerIsAwayForAnHour and one address bounces: who is told when, what is tried how often, and what ends.
func TestTheMailServerIsAwayForAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		t.Parallel()
		var c clock
		r, s := newLocal(t, db, seams{now: c.now})
		r.hook()
		r.smtp.Refuse("bo@gone.example", 550)
		pdf := innsiglitest.PDF(t, 1, "during an outage")

		r.smtp.Down(true)
		p := r.create(pdf, byMail("Ann", "ann@example.com"), byMail("Bo", "bo@gone.example"))
		r.hooks.Wait(t, 1) // a program hears of it while people cannot
		const steps = 5
		for range steps {
			c.add(15 * time.Minute)
			if b := s.idle(t, r); b.Waiting[innsigli.JobMailInvite] != 2 || len(b.Dead) > 0 {
				t.Errorf("during the outage: %+v", b)
			}
		}
		if n := r.failures(innsigli.JobMailInvite); n < 2*steps || n > 6*steps {
			t.Errorf("two mails failed %d times in %d quarters of an hour", n, steps)
		}
		if got := r.statuses(p.Key); count(got, "SignupSent") != 0 {
			t.Errorf("log of who was told nothing: %q", got)
		}

		r.smtp.Down(false)
		c.add(15 * time.Minute)
		s.idle(t, r)
		r.told(t, "ann@example.com", "owner@nordurljos.example")
		if got := r.statuses(p.Key); count(got, "SignupSent") != 1 || count(got, "DeliveryRefused") != 1 || count(got, "UndeliveredSent") != 1 {
			t.Errorf("log after the outage: %q", got)
		}

		// In the next one the process is canceled.
		r.smtp.Down(true)
		if status := r.cancel(p.Key); status != http.StatusNoContent {
			t.Errorf("cancel: %d", status)
		}
		c.add(time.Hour)
		s.idle(t, r)
		r.told(t, "ann@example.com", "owner@nordurljos.example")
		r.smtp.Down(false)
		c.add(15 * time.Minute)
		b := s.idle(t, r)
		r.told(t, "ann@example.com", "ann@example.com", "owner@nordurljos.example")
		if b.Dead[innsigli.JobMailInvite] != 1 || b.Dead[innsigli.JobMailCanceled] != 1 || b.Waiting[innsigli.JobMailCanceled] != 0 {
			t.Errorf("at the end: %+v", b)
		}
		if got := r.statuses(p.Key); count(got, "DeliveryRefused") != 2 || count(got, "Canceled") != 1 {
			t.Errorf("log at the end: %q", got)
		}

		// What was refused for good is not tried again.
		failed := r.failures("mail")
		c.add(24 * time.Hour)
		s.idle(t, r)
		r.told(t, "ann@example.com", "ann@example.com", "owner@nordurljos.example")
		if n := r.failures("mail"); n != failed {
			t.Errorf("tried %d times more", n-failed)
		}
		for _, to := range []string{"ann@example.com", "bo@gone.example"} {
			if strings.Contains(r.log(), to) {
				t.Errorf("the server's log names %s", to)
			}
		}
	})
}

// idle lets the worker do what is due, and gives what is left.
func (s *server) idle(t *testing.T, r *rig) readiness {
	t.Helper()
	for range 600 {
		s.worker.Kick()
		time.Sleep(50 * time.Millisecond)
		var b readiness
		r.ask("GET", "/readyz", "", nil).json(t, &b)
		if b.Oldest == nil && b.Running == 0 {
			return b
		}
	}
	t.Fatalf("what is due is not done: %s", r.log())
	return readiness{}
}

// failures counts the failed attempts at jobs of a kind, or of all whose kind begins so.
func (r *rig) failures(kind innsigli.JobKind) int {
	n := 0
	for l := range strings.SplitSeq(r.log(), "\n") {
		if strings.Contains(l, "job failed") && strings.Contains(l, fmt.Sprint("kind=", kind)) {
			n++
		}
	}
	return n
}

// told demands that mails went to these people and to nobody else.
func (r *rig) told(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, m := range r.smtp.Mails() {
		got = append(got, m.To)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("mails went to %q, want %q", got, want)
	}
}
