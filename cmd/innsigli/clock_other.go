//go:build !linux

package main

import "github.com/innsigli/innsigli"

// machineClock does not know: this operating system has no call for it.
func machineClock() innsigli.MachineClock { return innsigli.MachineClock{State: innsigli.ClockUnknown} }
