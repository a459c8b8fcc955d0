package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestTheMachinesClockIsToldOf: the evidence says how right it was at the seal, the operator is warned once.
func TestTheMachinesClockIsToldOf(t *testing.T) {
	var clock innsigli.MachineClock
	r, s := newLocal(t, "sqlite", seams{machineClock: func() innsigli.MachineClock { return clock }})
	for i, c := range []struct {
		clock    innsigli.MachineClock
		metrics  string // what must be in them; "": nothing of the clock
		warnings int    // of all so far
	}{
		{innsigli.MachineClock{State: innsigli.ClockUnknown}, "", 0},
		{innsigli.MachineClock{State: innsigli.ClockUnsynchronized}, "innsigli_clock_synchronized 0\n", 1},
		{
			innsigli.MachineClock{State: innsigli.ClockSynchronized, Error: &innsigli.ClockError{Estimated: 12, Maximum: 31_500}},
			"innsigli_clock_error_seconds 0.0315\n", 1,
		},
	} {
		clock = c.clock
		for range 2 {
			if err := s.watchClock(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(r.log(), "is not synchronised"); n != c.warnings {
			t.Errorf("%d: %d warnings, want %d", i, n, c.warnings)
		}
		var ready readiness
		if r.ask("GET", "/readyz", "", nil).json(t, &ready); cmp.Diff(&c.clock, ready.Clock) != "" {
			t.Errorf("%d: readyz says %+v", i, ready.Clock)
		}
		if m := string(r.ask("GET", "/metrics", "", nil).body); !strings.Contains(m, c.metrics) || strings.Contains(m, "innsigli_clock") != (c.metrics != "") {
			t.Errorf("%d: the metrics lack %s", i, c.metrics)
		}
	}
	p := r.create(innsiglitest.PDF(t, 1, "clock"), byMail("Ann", "ann@clock.example"))
	token := r.tokenFor(p, 0)
	r.otp(token, codeFor(s, token))
	r.settled()
	if e := evidenceIn(t, r.ask("GET", "/pdf/sp/"+p.Key+".pdf", "own", nil).body); cmp.Diff(&clock, e.Clock) != "" {
		t.Errorf("the evidence says %+v", e.Clock)
	}
	if !strings.Contains(r.log(), "state=synchronized") {
		t.Error("the log does not say that it is over")
	}
	if c := machineClock(); c.State == "" || (c.Error != nil) != (c.State == innsigli.ClockSynchronized) {
		t.Errorf("this machine: %+v", c)
	}
}
