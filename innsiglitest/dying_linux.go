package innsiglitest

import "syscall"

// dying makes a child that the kernel tells of our death.
func dying() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
