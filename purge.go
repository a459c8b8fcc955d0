package innsigli

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func purgeJob(p ProcessKey) Job { return Job{Kind: JobPurge, Uniq: "purge:" + string(p)} }

// PurgeJob deletes the bytes of a process whose key is gone. They were unreadable before; this gives back the space.
func (s *Service) PurgeJob(ctx context.Context, j Job) (Decision, error) {
	if _, err := s.Store.HeldKey(ctx, j.Process); err == nil {
		return nil, After(time.Minute, errors.New("owner's copy has not been taken yet"))
	} else if KindOf(err) != NotFound {
		return nil, err
	}
	if _, err := s.Store.Key(ctx, j.Process); err == nil {
		return nil, errors.New("key still exists: these bytes can be read and are not to be deleted")
	} else if KindOf(err) != NotFound {
		return nil, err
	}
	blobs, err := s.Store.Blobs(ctx, j.Process)
	if err != nil {
		return nil, err
	}
	for _, b := range blobs {
		if err := s.Blobs.Delete(ctx, b); err != nil {
			return nil, fmt.Errorf("delete blob: %w", err)
		}
	}
	return decidePurged, nil
}

func decidePurged(f Facts) (Change, error) {
	if st := f.Process.State; !st.Ended() && st != Completed { // completed: when the company keeps it no longer
		return Change{}, nil
	}
	return Change{Forget: true, Log: []LogEntry{{Kind: LogDocumentDeleted}}}, nil
}

// HoldExpireJob destroys a copy that nobody would take.
func (s *Service) HoldExpireJob(_ context.Context, j Job) (Decision, error) {
	s.Log.Warn("time to take an owner's copy is over: destroyed if it is still held", "job", j.ID)
	return decideHoldExpired, nil
}

func decideHoldExpired(f Facts) (Change, error) {
	if !f.Held {
		return Change{}, nil
	}
	c := Change{
		Key:  HoldDestroyed,
		Drop: []JobKind{JobMailOwnerCopy},
		Jobs: []Job{purgeJob(f.Process.Key)},
	}
	if f.copyDue() {
		c.Log = []LogEntry{{Kind: LogOwnerCopyLost}}
	}
	return c, nil
}
