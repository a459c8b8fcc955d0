package main

import (
	"golang.org/x/sys/unix"

	"github.com/innsigli/innsigli"
)

// machineClock asks the kernel, which whoever keeps the clock right tells so, and which says no any more when it has heard
// nothing for about nine hours (adjtimex(2)). A sandbox that forbids the call leaves it unknown.
func machineClock() innsigli.MachineClock {
	var t unix.Timex // no mode is set: nothing is changed, and no right is needed
	if _, err := unix.Adjtimex(&t); err != nil {
		return innsigli.MachineClock{State: innsigli.ClockUnknown}
	}
	if t.Status&unix.STA_UNSYNC != 0 {
		return innsigli.MachineClock{State: innsigli.ClockUnsynchronized}
	}
	return innsigli.MachineClock{
		State: innsigli.ClockSynchronized,
		Error: &innsigli.ClockError{Estimated: int64(t.Esterror), Maximum: int64(t.Maxerror)}, //nolint:unconvert // 32 bits on some machines
	}
}
