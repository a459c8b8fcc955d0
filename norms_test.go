package innsigli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var columns = regexp.MustCompile(` {2,}`)

// TestNormsAreListedOnceAndWhereTheyAre: each line of docs/norms.txt says one thing of one clause, and names code that is
// there.
func TestNormsAreListedOnceAndWhereTheyAre(t *testing.T) {
	text, err := os.ReadFile("docs/norms.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c := columns.Split(line, -1)
		if len(c) != 5 || !slices.Contains([]string{"done", "partly", "not"}, c[0]) {
			t.Errorf("line %d: want state, norm, clause, where and what, two spaces apart: %q", i+1, line)
			continue
		}
		key := strings.Join(c[1:4], " ")
		if before, twice := seen[key]; twice {
			t.Errorf("line %d: %s is in line %d too", i+1, key, before)
		}
		seen[key] = i + 1
		if c[3] == "-" {
			if c[0] == "done" {
				t.Errorf("line %d: done, but nowhere", i+1)
			}
			continue
		}
		if m, err := os.Stat(c[3]); err != nil || m.IsDir() {
			t.Errorf("line %d: %s: no such file", i+1, c[3])
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d lines", len(seen))
	}
}
