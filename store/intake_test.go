package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatIntakeFoundIsKept reads back what the sealing has to know later. Rows of before have no hash of what came: then
// it was kept as it came.
func TestWhatIntakeFoundIsKept(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		for _, original := range []string{"bb", ""} {
			n := w.process(1)
			n.Process.Document.Original = original
			if _, _, err := w.Create(w.t.Context(), n); err != nil {
				w.t.Fatal(err)
			}
			want := n.Process.Document
			if original == "" {
				want.Original = want.SHA256
			}
			p := w.facts(w.t, n.Process.Key).Process
			if d := cmp.Diff(want, p.Document); d != "" || !p.Document.Signed || !p.Flatten {
				w.t.Errorf("flatten %v, %s", p.Flatten, d)
			}
		}
	})
}
