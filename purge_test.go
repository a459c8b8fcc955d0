package innsigli

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestGoldenPurge(t *testing.T) {
	purged, err := decidePurged(factsOf(Canceled, anna()))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "purged", purged)
	held := factsOf(Canceled, signed(anna()))
	held.Held = true
	lost, err := decideHoldExpired(held)
	if err != nil {
		t.Fatal(err)
	}
	keepsSecrets(t, lost)
	golden(t, "hold_expired", lost)
}

func TestPurgedForgetsOnlyWhatHasEnded(t *testing.T) {
	for _, st := range everyState() {
		c, err := decidePurged(factsOf(st))
		over := st.Ended() || st == Completed // a completed one's key goes when the company keeps its documents no longer
		if err != nil || c.Forget != over || (countLog(c, LogDocumentDeleted) == 1) != over {
			t.Errorf("%s: %v, %v\n%s", st, err, c.Forget, c)
		}
		if c.Key != KeyStays || c.State != 0 {
			t.Errorf("%s: a purge changes more than bytes:\n%s", st, c)
		}
	}
}

func TestPurgeJobDeletesEveryBlob(t *testing.T) {
	f := factsOf(Canceled, anna())
	st := holding(&f)
	st.blobs = func(ProcessKey) ([]string, error) { return []string{"a", "b"}, nil }
	s, _, _ := service(t, st)
	blobs := &fakeBlobs{}
	s.Blobs = blobs
	d, err := s.PurgeJob(t.Context(), Job{Kind: JobPurge, Process: testProcess})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(blobs.deleted, []string{"a", "b"}) {
		t.Errorf("deleted %v", blobs.deleted)
	}
	if c, err := d(f); err != nil || !c.Forget {
		t.Errorf("decision %v:\n%s", err, c)
	}
}

func TestPurgeJobWaitsForTheOwnersCopy(t *testing.T) {
	f := factsOf(Canceled, signed(anna()))
	f.Held = true
	st := holding(&f)
	s, _, _ := service(t, st)
	blobs := &fakeBlobs{}
	s.Blobs = blobs
	d, err := s.PurgeJob(t.Context(), Job{Kind: JobPurge, Process: testProcess})
	if wait, ok := RetryIn(err); d != nil || !ok || wait != time.Minute || IsPermanent(err) {
		t.Errorf("got %v, want another try in a minute", err)
	}
	if len(blobs.deleted) != 0 {
		t.Errorf("deleted %v under the copy's feet", blobs.deleted)
	}
}

func TestPurgeJobIsTriedAgainAfterAnyFailure(t *testing.T) {
	down := errors.New("bucket is away")
	for name, break1 := range map[string]func(*fakeStore, *fakeBlobs){
		"hold unreadable": func(st *fakeStore, _ *fakeBlobs) {
			st.held = failKey(down)
		},
		"list fails":   func(st *fakeStore, _ *fakeBlobs) { st.blobs = func(ProcessKey) ([]string, error) { return nil, down } },
		"delete fails": func(_ *fakeStore, b *fakeBlobs) { b.fail = down },
	} {
		t.Run(name, func(t *testing.T) {
			f := factsOf(Canceled, anna())
			st, blobs := holding(&f), &fakeBlobs{}
			st.blobs = func(ProcessKey) ([]string, error) { return []string{"a"}, nil }
			break1(st, blobs)
			s, _, _ := service(t, st)
			s.Blobs = blobs
			d, err := s.PurgeJob(t.Context(), Job{Process: testProcess})
			if d != nil || !errors.Is(err, down) || IsPermanent(err) {
				t.Errorf("got %v; nothing may be forgotten", err)
			}
		})
	}
}

func TestHoldExpireJobDestroysOnlyWhatIsStillHeld(t *testing.T) {
	for name, held := range map[string]bool{"held": true, "delivered long ago": false} {
		s, _, _ := service(t, nil)
		d, err := s.HoldExpireJob(t.Context(), Job{Kind: JobHoldExpire, Process: testProcess})
		if err != nil {
			t.Fatal(err)
		}
		f := factsOf(Canceled, signed(anna()))
		f.Held = held
		c, err := d(f)
		if err != nil || c.Empty() == held || held && c.Key != HoldDestroyed {
			t.Errorf("%s: %v\n%s", name, err, c)
		}
		if held && (!slices.Contains(c.Drop, JobMailOwnerCopy) || len(jobsOf(c, JobPurge)) != 1 || countLog(c, LogOwnerCopyLost) != 1) {
			t.Errorf("%s:\n%s", name, c)
		}
	}
}

// TestPurgeJobNeverDeletesWhatCanStillBeRead: whoever ordered it by mistake.
func TestPurgeJobNeverDeletesWhatCanStillBeRead(t *testing.T) {
	for _, st := range []State{Created, Started, Sealing, Completed} {
		f := factsOf(st, anna())
		store, blobs := holding(&f), &fakeBlobs{}
		store.blobs = func(ProcessKey) ([]string, error) { return []string{"a"}, nil }
		s, _, _ := service(t, store)
		s.Blobs = blobs
		if _, err := s.PurgeJob(t.Context(), Job{Process: testProcess}); err == nil || len(blobs.deleted) != 0 {
			t.Errorf("%s: %v, deleted %v", st, err, blobs.deleted)
		}
	}
}
