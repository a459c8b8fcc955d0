package innsiglitest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Golden compares a text with the file that keeps it, or with update writes the file anew. The root has one of its own,
// since its tests cannot import this package.
func Golden(tb testing.TB, file, got string, update bool) {
	tb.Helper()
	if update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // goes into the repository
			tb.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // the same
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(file) //nolint:gosec // named by the test
	if err != nil {
		tb.Fatalf("%v; run with -update", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		tb.Errorf("differs from %s (-want +got; if it is right, run with -update):\n%s", file, d)
	}
}
