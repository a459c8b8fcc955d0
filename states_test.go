package innsigli

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// transitions is the drawing, whole: what is not here is forbidden.
var transitions = map[State][]State{
	Created: {Started, Sealing, Canceled, Expired, Declined},
	Started: {Sealing, Canceled, Expired, Declined},
	Sealing: {Completed},
}

func TestMayIsExactlyTheDrawing(t *testing.T) {
	allowed := map[[2]State]bool{}
	for from, tos := range transitions {
		for _, to := range tos {
			allowed[[2]State{from, to}] = true
		}
	}
	for _, from := range append(everyState(), 0, -1, Declined+1) {
		for _, to := range append(everyState(), 0, -1, Declined+1) {
			if got, want := from.May(to), allowed[[2]State{from, to}]; got != want {
				t.Errorf("%s → %s: got %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestNothingLeadsOutOfAnEnd(t *testing.T) {
	for _, end := range []State{Completed, Canceled, Expired, Declined} {
		for _, to := range everyState() {
			if end.May(to) {
				t.Errorf("%s → %s", end, to)
			}
		}
	}
}

func TestStatesAreActiveEndedOrNeither(t *testing.T) {
	active := map[State]bool{Created: true, Started: true}
	ended := map[State]bool{Canceled: true, Expired: true, Declined: true}
	for _, st := range append(everyState(), 0) {
		if st.Active() != active[st] || st.Ended() != ended[st] {
			t.Errorf("%s: active %v, ended %v", st, st.Active(), st.Ended())
		}
	}
}

func TestStateNamesGoThereAndBackAndTheWireKnowsFewer(t *testing.T) {
	shown := map[State]string{
		Created: "Created", Started: "Started", Sealing: "Started", Completed: "Completed", Canceled: "Canceled",
		Expired: "Expired", Declined: "Canceled",
	}
	for _, st := range everyState() {
		if ParseState(st.String()) != st {
			t.Errorf("%d is written %q and read as %d", st, st, ParseState(st.String()))
		}
		if st.Shown() != shown[st] {
			t.Errorf("%s is shown as %q, want %q", st, st.Shown(), shown[st])
		}
	}
	for _, name := range []string{"", "created", "State(?)", "Deleted"} {
		if got := ParseState(name); got != 0 {
			t.Errorf("%q is read as %s", name, got)
		}
	}
	for _, st := range []State{0, -1, Declined + 1} {
		if st.String() != "State(?)" {
			t.Errorf("%d is called %q", st, st)
		}
	}
}

// arrow is a transition of the drawing in docs/states.md, row one of its table.
var (
	arrow = regexp.MustCompile(`(?m)^ *(\w+) --> (\w+)(?: *:.*)?$`)
	row   = regexp.MustCompile("(?m)^\\| `(\\w+)` → `(\\w+)` \\|")
)

// TestDocsDrawExactlyWhatMayHappen keeps docs/states.md true: drawing and table each list every transition and no other.
func TestDocsDrawExactlyWhatMayHappen(t *testing.T) {
	doc, err := os.ReadFile("docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, from := range everyState() {
		for _, to := range everyState() {
			if from.May(to) {
				want[from.String()+" → "+to.String()] = 1
			}
		}
	}
	for name, re := range map[string]*regexp.Regexp{"drawing": arrow, "table": row} {
		got := map[string]int{}
		for _, m := range re.FindAllSubmatch(doc, -1) {
			if ParseState(string(m[1])) != 0 || ParseState(string(m[2])) != 0 {
				got[string(m[1])+" → "+string(m[2])]++
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("the %s differs from State.May (-May +docs):\n%s", name, d)
		}
	}
}

// TestDocsDrawTheJobStates keeps the second drawing true to the enum of queue.go.
func TestDocsDrawTheJobStates(t *testing.T) {
	doc, err := os.ReadFile("docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range []JobState{JobReady, JobRunning, JobDone, JobDead, JobDropped} {
		known[string(s)] = false
	}
	for _, m := range arrow.FindAllSubmatch(doc, -1) {
		for _, name := range []string{string(m[1]), string(m[2])} {
			if _, ok := known[name]; ok {
				known[name] = true
			} else if ParseState(name) == 0 {
				t.Errorf("%q is no state", name)
			}
		}
	}
	for name, drawn := range known {
		if !drawn {
			t.Errorf("job state %q is not drawn", name)
		}
	}
}
