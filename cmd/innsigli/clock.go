package main

import (
	"context"

	"github.com/innsigli/innsigli"
)

// watchClock warns when the machine's clock is not synchronised: each signature has its time from it. It says so once, and
// when that is over.
func (s *server) watchClock(context.Context) error {
	now := s.svc.MachineClock().State
	switch {
	case now == s.clockWas:
	case now == innsigli.ClockUnsynchronized:
		s.log.Warn("the machine's clock is not synchronised, and signatures have their times from it: see to its NTP service")
	case s.clockWas == innsigli.ClockUnsynchronized:
		s.log.Info("the machine's clock", "state", now)
	}
	s.clockWas = now
	return nil
}
