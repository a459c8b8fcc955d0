package store_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// Writes that come together share a commit on SQLite; none may be touched by how another of them ends.
func TestWritesThatComeTogetherEndEachForItself(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var all []innsigli.Process
		for range 60 {
			all = append(all, w.create(t, 1))
		}
		own := errors.New("own")
		errs := make([]error, len(all))
		panics := make([]any, len(all))
		var wg sync.WaitGroup
		for i, p := range all {
			wg.Go(func() {
				defer func() { panics[i] = recover() }()
				_, _, errs[i] = w.Decide(context.Background(), innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
					c := innsigli.Change{State: innsigli.Canceled, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled}}}
					switch i % 5 {
					case 0:
						return c, own
					case 1:
						panic("boom")
					case 2:
						c.Key, c.Sign = innsigli.KeyDestroyed, []innsigli.Signature{{Signee: "nobody"}} // fails after it has written
					case 3:
						return innsigli.Change{}, nil
					}
					return c, nil
				})
			})
		}
		wg.Wait()
		for i, p := range all {
			want := innsigli.Created
			switch i % 5 {
			case 0:
				if errs[i] != own { //nolint:errorlint // as it is
					t.Errorf("error is %v", errs[i])
				}
			case 1:
				if panics[i] != "boom" {
					t.Errorf("panic is %v", panics[i])
				}
			case 2:
				if errs[i] == nil {
					t.Error("a signature of nobody was kept")
				}
			default:
				if errs[i] != nil {
					t.Error(errs[i])
				}
			}
			if i%5 == 4 {
				want = innsigli.Canceled
			}
			if got := w.facts(t, p.Key).Process.State; got != want {
				t.Errorf("case %d is %s", i%5, got)
			}
			if _, err := w.Key(t.Context(), p.Key); err != nil {
				t.Errorf("case %d has lost its key: %v", i%5, err)
			}
		}
	})
}

func TestWaitingForAWriteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		inside, leave := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _, err := w.Decide(context.Background(), innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
				close(inside)
				<-leave
				return innsigli.Change{State: innsigli.Started}, nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-inside
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, _, err := w.Decide(ctx, innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
			t.Error("it was asked")
			return innsigli.Change{}, nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		close(leave)
		wg.Wait()
		w.change(t, p.Key, innsigli.Change{State: innsigli.Canceled})
	})
}

// TestNobodyIsToldOfANeighboursLostChange: a cancel that finds the process canceled answers that it is done. When the
// cancel it found stood in the same COMMIT, and that fails, it must not have said so.
func TestNobodyIsToldOfANeighboursLostChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, innsiglitest.SQLite)
	p := w.create(t, 1)
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // holds the connection until the two below wait together
		_, _, err := w.Decide(context.Background(), innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
			close(inside)
			<-leave
			return innsigli.Change{State: innsigli.Started}, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	var lost, again error
	found := innsigli.State(0)
	wg.Go(func() {
		lost = w.ExecLosing(context.Background(), `update process set state = 'Canceled' where key = $1`, string(p.Key))
	})
	waitFor(t, func() bool { return w.Waiting() == 1 })
	wg.Go(func() {
		_, _, again = w.Decide(context.Background(), innsigli.Target{Process: p.Key}, func(f innsigli.Facts) (innsigli.Change, error) {
			found = f.Process.State
			return innsigli.Change{}, nil
		})
	})
	waitFor(t, func() bool { return w.Waiting() == 2 })
	close(leave)
	wg.Wait()
	if lost == nil {
		t.Fatal("the COMMIT was to fail")
	}
	if found == innsigli.Canceled && again == nil {
		t.Error("it was told of a cancel that was lost")
	}
	if st := w.facts(t, p.Key).Process.State; st != innsigli.Started {
		t.Errorf("the process is %s", st)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for !ok() {
		if t.Context().Err() != nil {
			t.Fatal("never")
		}
		runtime.Gosched()
	}
}
