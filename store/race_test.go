package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

var errOver = errors.New("over")

// ends are the changes that race for a process: of each pair only one may be kept.
func ends(p innsigli.Process) map[string]innsigli.Decision {
	active := func(c innsigli.Change) innsigli.Decision {
		return func(f innsigli.Facts) (innsigli.Change, error) {
			if !f.Process.State.Active() {
				return innsigli.Change{}, errOver
			}
			return c, nil
		}
	}
	mails := []innsigli.Job{{Kind: innsigli.JobMailCanceled, Address: "a@example.com"}}
	return map[string]innsigli.Decision{
		"cancel": active(innsigli.Change{
			State: innsigli.Canceled, EndedBy: "boss@example.com", Key: innsigli.KeyDestroyed, Jobs: mails,
			Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled, Actor: "boss@example.com"}}, Drop: []innsigli.JobKind{innsigli.JobExpire},
		}),
		"expire": active(innsigli.Change{
			State: innsigli.Expired, Key: innsigli.KeyHeld, Jobs: mails,
			Log: []innsigli.LogEntry{{Kind: innsigli.LogExpired}}, Drop: []innsigli.JobKind{innsigli.JobExpire},
		}),
		"sign": active(innsigli.Change{
			State: innsigli.Sealing, Jobs: []innsigli.Job{{Kind: innsigli.JobSeal}},
			Log: []innsigli.LogEntry{{Kind: innsigli.LogSigned, Signee: p.Signees[0].Key}}, Drop: []innsigli.JobKind{innsigli.JobExpire},
		}),
	}
}

func TestOfVerbsThatRaceOneWins(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		for range 20 {
			raceOnce(t, w)
		}
	})
}

func raceOnce(t *testing.T, w *world) {
	t.Helper()
	p := w.create(t, 2)
	var mu sync.Mutex
	var won []innsigli.State
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for name, d := range ends(p) {
		for range 5 {
			wg.Go(func() {
				<-begin
				_, c, err := w.Decide(context.Background(), innsigli.Target{Process: p.Key, Company: w.company.Key}, d)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won = append(won, c.State)
				case !errors.Is(err, errOver):
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	close(begin)
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%v have won", won)
	}
	f := w.facts(t, p.Key)
	if f.Process.State != won[0] {
		t.Errorf("state is %s, %s has won", f.Process.State, won[0])
	}
	want := map[innsigli.State]innsigli.LogKind{
		innsigli.Canceled: innsigli.LogCanceled, innsigli.Expired: innsigli.LogExpired, innsigli.Sealing: innsigli.LogSigned,
	}[won[0]]
	if d := cmp.Diff([]innsigli.LogKind{innsigli.LogCreated, want}, w.kinds(t, p.Key)); d != "" {
		t.Error(d)
	}
	if f.Held != (won[0] == innsigli.Expired) {
		t.Errorf("held is %v after %s", f.Held, won[0])
	}
	_, err := w.Key(t.Context(), p.Key)
	if gone := innsigli.KindOf(err) == innsigli.NotFound; gone == (won[0] == innsigli.Sealing) {
		t.Errorf("key after %s: %v", won[0], err)
	}
	jobs := w.strings(t, `select kind || ' ' || state from job where process = $1 order by id`, string(p.Key))
	if len(jobs) != 2 || jobs[0] != "expire dropped" {
		t.Errorf("jobs are %q", jobs)
	}
}

func TestLogIsInTheOrderOfTheCommits(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 0)
		n := 0 // guarded by the lock of the group, which is what is tested
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					_, _, err := w.Decide(context.Background(), innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
						n++
						return innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogViewed, Detail: fmt.Sprintf("%03d", n)}}}, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		got := w.strings(t, `select detail from log where process = $1 and detail <> '' order by id`, string(p.Key))
		if len(got) != 80 || !slices.IsSorted(got) || len(slices.Compact(got)) != 80 {
			t.Errorf("lines are %q", got)
		}
	})
}

// A worker that settles and a verb that ends the process meet on the same rows from both sides.
func TestSettlementsAndVerbsDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var all []innsigli.Process
		for range 30 {
			p := w.create(t, 1)
			w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite, Signee: p.Signees[0].Key})
			all = append(all, p)
		}
		var wg sync.WaitGroup
		for node := range 3 {
			wg.Go(func() {
				for {
					jobs, err := w.Claim(context.Background(), fmt.Sprint("n", node), 8, 1e12)
					if err != nil || len(jobs) == 0 {
						if err != nil {
							t.Error(err)
						}
						return
					}
					for _, j := range jobs {
						_, err := w.Settle(context.Background(), j, done, func(f innsigli.Facts) (innsigli.Change, error) {
							if !f.Process.State.Active() {
								return innsigli.Change{}, nil
							}
							return innsigli.Change{Invited: []innsigli.SigneeKey{j.Signee}, Log: []innsigli.LogEntry{{Kind: innsigli.LogSignupSent}}}, nil
						})
						if err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		for _, p := range all {
			wg.Go(func() {
				c := innsigli.Change{State: innsigli.Canceled, Drop: []innsigli.JobKind{innsigli.JobMailInvite}, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled}}}
				if _, _, err := w.Decide(context.Background(), innsigli.Target{Process: p.Key}, always(c)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, p := range all {
			kinds := w.kinds(t, p.Key)
			if kinds[len(kinds)-1] != innsigli.LogCanceled {
				t.Errorf("after the cancel: %v", kinds)
			}
		}
		if b, err := w.Backlog(t.Context()); err != nil || b.Running != 0 || b.Ready[innsigli.JobMailInvite] != 0 {
			t.Errorf("backlog is %+v %v", b, err)
		}
	})
}
