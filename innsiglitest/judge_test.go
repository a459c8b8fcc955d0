package innsiglitest_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest"
)

// TestJudgesTellGoodFromBad proves the judges before they judge us: on what pyHanko signed, at every level, and on a copy
// with one byte changed.
func TestJudgesTellGoodFromBad(t *testing.T) {
	samples, root := innsiglitest.PyHankoSamples(t, innsiglitest.PDF(t, 2, "sample"))
	names := slices.Sorted(maps.Keys(samples))
	files := keep(t, names, samples)
	dss := innsiglitest.DSS(t, root, time.Time{}, files...)
	pyhanko := innsiglitest.PyHanko(t, root, time.Time{}, files...)
	want := map[string]struct{ format, dss, pyhanko string }{
		"b":        {"PAdES_BASELINE_B", "INDETERMINATE", "INDETERMINATE"}, // nothing proves its certificate
		"t":        {"PAdES_BASELINE_T", "INDETERMINATE", "INDETERMINATE"},
		"lt":       {"PAdES_BASELINE_LT", "TOTAL_PASSED", "INDETERMINATE"}, // pyHanko wants the document's time stamp
		"lta":      {"PAdES_BASELINE_LTA", "TOTAL_PASSED", "PASSED"},
		"approval": {"PAdES_BASELINE_LTA", "TOTAL_PASSED", "PASSED"},
		"tampered": {"PAdES_BASELINE_LTA", "TOTAL_FAILED", "FAILED"},
	}
	for i, name := range names {
		w := want[name]
		for _, s := range dss[i].Signatures {
			if s.Format != w.format || s.Indication != w.dss || len(s.Changes) > 0 {
				t.Errorf("%s: want %s %s: %v", name, w.format, w.dss, dss[i])
			}
		}
		for _, s := range pyhanko[i].Signatures {
			if s.Indication != w.pyhanko {
				t.Errorf("%s: want %s: %v", name, w.pyhanko, pyhanko[i])
			}
		}
		if n := 1 + len(name)/len("approval"); name != "tampered" && (len(dss[i].Signatures) != n || len(pyhanko[i].Signatures) != n) {
			t.Errorf("%s: want %d signatures: %v; %v", name, n, dss[i], pyhanko[i])
		}
	}
}

// TestJudgesAnswerOnEveryFile because one damaged file must not end a list of hundreds.
func TestJudgesAnswerOnEveryFile(t *testing.T) {
	_, root := innsiglitest.PyHankoSamples(t, innsiglitest.PDF(t, 1, "sample"))
	names := []string{"empty", "noise", "unsigned"}
	files := keep(t, names, map[string][]byte{"empty": {}, "noise": []byte("%PDF-1.7 noise"), "unsigned": innsiglitest.PDF(t, 1, "x")})
	for _, all := range [][]innsiglitest.Verdict{innsiglitest.DSS(t, root, time.Time{}, files...), innsiglitest.PyHanko(t, root, time.Time{}, files...)} {
		for i, v := range all {
			if v.File != files[i] || len(v.Signatures) != 0 || (v.Error == "") != (names[i] == "unsigned") {
				t.Errorf("%s: %v", names[i], v)
			}
		}
	}
}

func keep(t *testing.T, names []string, files map[string][]byte) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for _, name := range names {
		path := filepath.Join(dir, name+".pdf")
		if err := os.WriteFile(path, files[name], 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
