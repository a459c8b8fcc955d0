//go:build !linux

package innsiglitest

import "syscall"

// dying makes a child that nobody tells of our death: a PostgreSQL is left behind and has to be ended by hand.
func dying() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
