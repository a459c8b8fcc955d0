package innsigli

import (
	"testing"
	"time"
)

// TestDecideErase waits for the end of the process, of all others of its sequence and of the owner's copy, and erases once.
func TestDecideErase(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		states []State
		held   bool
		erased time.Time
		want   bool
	}{
		"canceled":                       {states: []State{Canceled}, want: true},
		"expired":                        {states: []State{Expired}, want: true},
		"completed":                      {states: []State{Completed}, want: true},
		"running":                        {states: []State{Started}},
		"being sealed":                   {states: []State{Sealing}},
		"its owner's copy is due":        {states: []State{Canceled}, held: true},
		"erased before":                  {states: []State{Canceled}, erased: at},
		"sequence":                       {states: []State{Completed, Completed}, want: true},
		"sequence whose other is sealed": {states: []State{Completed, Sealing}},
	} {
		f := Facts{Process: Process{Key: "sp0", State: c.states[0], ErasedAt: c.erased}, Held: c.held}
		if len(c.states) > 1 {
			for i, st := range c.states {
				f.Members = append(f.Members, Member{Process: Process{Key: ProcessKey("sp" + string(rune('0'+i))), State: st}})
			}
		}
		got, err := decideErase(f)
		if err != nil || got.Erase != c.want || got.Empty() == c.want {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	golden(t, "erased", Change{Erase: true, Log: []LogEntry{{Kind: LogErased}}})
}

// TestDecideRetire: only a completed one has a key to destroy, and its bytes follow.
func TestDecideRetire(t *testing.T) {
	t.Parallel()
	for _, st := range []State{Created, Started, Sealing, Canceled, Expired, Declined} {
		if c, err := decideRetire(Facts{Process: Process{State: st}}); err != nil || !c.Empty() {
			t.Errorf("%s: %v %v", st, c, err)
		}
	}
	c, err := decideRetire(Facts{Process: Process{Key: "sp0", State: Completed}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "retired", c)
}

// retentionDays at the limit and one over it.
func retentionDays(t *testing.T) {
	t.Helper()
	for days, ok := range map[int]bool{-1: false, 0: true, 1: true, MaxRetentionDays: true, MaxRetentionDays + 1: false} {
		for _, r := range []RetentionRequest{{PersonalDays: &days}, {DocumentsDays: &days}} {
			if _, err := (Retention{}).with(r); (err == nil) != ok || err != nil && KindOf(err) != Invalid {
				t.Errorf("%+v: %v", r, err)
			}
		}
	}
	if (Retention{}).Personal() != 90*24*time.Hour || (Retention{PersonalDays: 3}).Personal() != 72*time.Hour {
		t.Error("the default is 90 days")
	}
}
