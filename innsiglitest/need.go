package innsiglitest

import (
	"os"
	"os/exec"
	"testing"
)

// NeedProgram skips a test when a program is missing, loudly and naming its Debian package; in CI nothing is skipped.
func NeedProgram(tb testing.TB, program, pkg string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is missing; install the package %s", program, pkg)
	}
	tb.Skipf("SKIPPED: %s is missing; install the package %s (make setup)", program, pkg)
}
