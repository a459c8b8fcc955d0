package job_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/job"
)

// bench runs a worker over a fake queue in a bubble of its own time.
type bench struct {
	*job.Worker
	q    *queue
	t    *testing.T
	stop func() error
}

func inBubble(t *testing.T, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		q := &queue{}
		w := &job.Worker{
			Queue: q, Handlers: map[innsigli.JobKind]job.Handler{}, Node: "n1", Now: innsiglitest.Now, Parallel: 4,
			Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Rand: func() float64 { return 0.5 },
		}
		b := &bench{Worker: w, q: q, t: t, stop: func() error { return nil }}
		test(b)
		_ = b.stop() // a queue that is down says so here too
	})
}

// run starts the worker; handlers are set before.
func (b *bench) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

func fails(err error) job.Handler {
	return func(context.Context, innsigli.Job) (innsigli.Decision, error) { return nil, err }
}

func succeeds(context.Context, innsigli.Job) (innsigli.Decision, error) { return nil, nil }

func logs(kind innsigli.LogKind) innsigli.Decision {
	return func(innsigli.Facts) (innsigli.Change, error) {
		return innsigli.Change{Log: []innsigli.LogEntry{{Kind: kind}}}, nil
	}
}

// TestWhatFillsFewerThanAllPlacesIsNotAskedForTwice: every claim is a query, and on SQLite it may be a writer's turn.
func TestWhatFillsFewerThanAllPlacesIsNotAskedForTwice(t *testing.T) {
	t.Parallel()
	for jobs, want := range map[int]int{0: 1, 1: 1, 3: 1, 4: 1, 5: 1} {
		inBubble(t, func(b *bench) {
			hold := make(chan struct{})
			b.Handlers[innsigli.JobSeal] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
				<-hold
				return nil, nil
			}
			for range jobs {
				b.q.add(innsigli.Job{Kind: innsigli.JobSeal})
			}
			b.run(b.t)
			synctest.Wait()
			b.q.mu.Lock()
			got := b.q.claims
			b.q.mu.Unlock()
			if got != want {
				b.t.Errorf("%d jobs for 4 places: %d claims", jobs, got)
			}
			close(hold)
			synctest.Wait()
			for id := range jobs {
				if r := b.q.get(int64(id + 1)); r.state != innsigli.JobDone {
					b.t.Errorf("of %d jobs number %d is %s", jobs, id+1, r.state)
				}
			}
		})
	}
}

func TestDecisionIsKeptWithTheOutcome(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Handlers[innsigli.JobSeal] = func(_ context.Context, j innsigli.Job) (innsigli.Decision, error) {
			if j.Attempt != 1 {
				t.Errorf("attempt %d", j.Attempt)
			}
			return logs(innsigli.LogCompleted), nil
		}
		b.Handlers[innsigli.JobMailCanceled] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			return logs(innsigli.LogRefused), innsigli.Permanent(errors.New("550 no mailbox a@example.com"))
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobSeal}, innsigli.Job{Kind: innsigli.JobMailCanceled})
		b.run(t)
		synctest.Wait()
		if d := cmp.Diff([]innsigli.JobState{innsigli.JobDone, innsigli.JobDead}, b.q.states()); d != "" {
			t.Error(d)
		}
		if why := b.q.get(2).why; why != "550 no mailbox (address)" {
			t.Errorf("cause is %q", why)
		}
		if len(b.q.kept) != 2 {
			t.Errorf("kept %v", b.q.kept)
		}
	})
}

func TestKickSavesTheWaiting(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		var at time.Time
		b.Handlers[innsigli.JobPurge] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			at = innsiglitest.Now()
			return nil, nil
		}
		b.run(t)
		time.Sleep(300 * time.Millisecond)
		synctest.Wait()
		begun := innsiglitest.Now()
		b.q.add(innsigli.Job{Kind: innsigli.JobPurge})
		b.Kick()
		synctest.Wait()
		if !at.Equal(begun) {
			t.Errorf("ran %s after the kick", at.Sub(begun))
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobPurge})
		time.Sleep(job.DefaultPoll)
		synctest.Wait()
		if b.q.get(2).state != innsigli.JobDone {
			t.Error("a job that nobody kicked for was not found")
		}
	})
}

func TestFailuresAreTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		var at []time.Duration
		begun := innsiglitest.Now()
		b.Handlers[innsigli.JobMailInvite] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			at = append(at, innsiglitest.Now().Sub(begun))
			return nil, errors.New("connection refused")
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobMailInvite})
		b.run(t)
		time.Sleep(time.Hour)
		synctest.Wait()
		for i, least := range []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			if gap := at[i] - at[max(i-1, 0)]; gap < least || gap > 2*least+2*job.DefaultPoll {
				t.Errorf("try %d came after %s", i+1, gap)
			}
		}
		if last := at[len(at)-1] - at[len(at)-2]; last < 7*time.Minute || last > 15*time.Minute {
			t.Errorf("the last wait was %s", last)
		}
	})
}

func TestMessageIsGivenUpAfterThirtyDays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Poll, b.Log = time.Minute, slog.New(slog.DiscardHandler) // thousands of tries
		b.Handlers[innsigli.JobMailInvite] = fails(errors.New("connection refused"))
		b.q.add(innsigli.Job{Kind: innsigli.JobMailInvite})
		b.run(t)
		time.Sleep(29 * 24 * time.Hour)
		synctest.Wait()
		if r := b.q.get(1); r.state == innsigli.JobDead {
			t.Error("given up too early")
		}
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if r := b.q.get(1); r.state != innsigli.JobDead || r.why != "connection refused" {
			t.Errorf("job is %+v", r)
		}
	})
}

func TestSealingIsNeverGivenUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Poll, b.Log = time.Minute, slog.New(slog.DiscardHandler) // thousands of tries
		b.Handlers[innsigli.JobSeal] = fails(innsigli.Permanent(errors.New("timestamp authority says no")))
		b.q.add(innsigli.Job{Kind: innsigli.JobSeal})
		b.run(t)
		time.Sleep(60 * 24 * time.Hour)
		synctest.Wait()
		if r := b.q.get(1); r.state != innsigli.JobReady || r.job.Attempt < 1000 {
			t.Errorf("job is %s after %d tries", r.state, r.job.Attempt)
		}
	})
}

func TestHandlerSaysWhenItWantsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Handlers[innsigli.JobWebhook] = fails(innsigli.After(10*time.Minute, errors.New("503")))
		b.q.add(innsigli.Job{Kind: innsigli.JobWebhook}, innsigli.Job{Kind: "from.the.future"})
		b.run(t)
		synctest.Wait()
		if r := b.q.get(1); !r.due.Equal(innsiglitest.Now().Add(10 * time.Minute)) {
			t.Errorf("due in %s", r.due.Sub(innsiglitest.Now()))
		}
		if r := b.q.get(2); r.state != innsigli.JobReady || r.why == "" {
			t.Errorf("a job of an unknown kind is %s", r.state)
		}
	})
}

func TestPanicIsAnErrorOfThatJobAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Handlers[innsigli.JobSeal] = func(context.Context, innsigli.Job) (innsigli.Decision, error) { panic("boom") }
		b.Handlers[innsigli.JobPurge] = succeeds
		b.q.add(innsigli.Job{Kind: innsigli.JobSeal}, innsigli.Job{Kind: innsigli.JobPurge})
		b.run(t)
		synctest.Wait()
		if d := cmp.Diff([]innsigli.JobState{innsigli.JobReady, innsigli.JobDone}, b.q.states()); d != "" {
			t.Error(d)
		}
	})
}

func TestRefusedDecisionFailsTheJob(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Handlers[innsigli.JobMailInvite] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			return func(innsigli.Facts) (innsigli.Change, error) {
				return innsigli.Change{}, innsigli.Permanent(errors.New("no such signee"))
			}, nil
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobMailInvite})
		b.run(t)
		synctest.Wait()
		if r := b.q.get(1); r.state != innsigli.JobDead || r.why != "no such signee" || len(b.q.kept) != 0 {
			t.Errorf("job is %+v", r)
		}
	})
}

func TestLongJobKeepsItsLease(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Handlers[innsigli.JobSeal] = func(ctx context.Context, _ innsigli.Job) (innsigli.Decision, error) {
			time.Sleep(65 * time.Second)
			return nil, ctx.Err()
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobSeal})
		b.run(t)
		time.Sleep(66 * time.Second)
		synctest.Wait()
		if r := b.q.get(1); r.state != innsigli.JobDone || r.job.Attempt != 1 {
			t.Errorf("job is %s after %d attempts", r.state, r.job.Attempt)
		}
		if b.q.renewed < 12 {
			t.Errorf("renewed %d times", b.q.renewed)
		}
	})
}

func TestLostLeaseEndsTheHandlerAndSettlesNothing(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(q *queue){
		"another worker has it":       func(q *queue) { q.steal(1) },
		"the queue cannot be reached": func(q *queue) { q.setDown(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(b *bench) {
				t := b.t
				ended := make(chan error, 1)
				b.Handlers[innsigli.JobSeal] = func(ctx context.Context, _ innsigli.Job) (innsigli.Decision, error) {
					<-ctx.Done()
					ended <- context.Cause(ctx)
					return nil, nil
				}
				b.q.add(innsigli.Job{Kind: innsigli.JobSeal})
				b.run(t)
				synctest.Wait()
				begun := innsiglitest.Now()
				lose(b.q)
				cause := <-ended
				if !errors.Is(cause, innsigli.ErrLost) || innsiglitest.Now().Sub(begun) > job.DefaultLease {
					t.Errorf("ended by %v after %s", cause, innsiglitest.Now().Sub(begun))
				}
				synctest.Wait()
				if b.q.settles != 0 {
					t.Error("it was settled")
				}
			})
		})
	}
}

func TestSettlementIsTriedWhileTheLeaseLasts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		var runs atomic.Int64
		b.Handlers[innsigli.JobMailInvite] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			b.q.setDown(runs.Add(1) <= 2)
			return nil, nil
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobMailInvite})
		b.run(t)
		time.Sleep(5 * time.Second)
		b.q.setDown(false)
		time.Sleep(time.Second)
		synctest.Wait()
		if r := b.q.get(1); r.state != innsigli.JobDone || runs.Load() != 1 {
			t.Errorf("job is %s after %d runs", r.state, runs.Load())
		}
		// Longer than the lease: then the lease brings it back.
		b.q.add(innsigli.Job{Kind: innsigli.JobMailInvite})
		time.Sleep(15 * time.Second)
		synctest.Wait()
		settles := b.q.settles
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if b.q.settles != settles {
			t.Error("settling goes on after the lease's end")
		}
		b.q.setDown(false)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r := b.q.get(2); r.state != innsigli.JobDone || r.job.Attempt != 2 {
			t.Errorf("job is %s after %d attempts", r.state, r.job.Attempt)
		}
	})
}

func TestNoMoreJobsAtOnceThanPlaces(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		var mu sync.Mutex
		var now, most int
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			now += by
			most = max(most, now)
		}
		b.Handlers[innsigli.JobPurge] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			count(1)
			time.Sleep(time.Second)
			count(-1)
			return nil, nil
		}
		for range 12 {
			b.q.add(innsigli.Job{Kind: innsigli.JobPurge})
		}
		begun := innsiglitest.Now()
		b.run(t)
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if most != 4 {
			t.Errorf("%d at once", most)
		}
		for _, s := range b.q.states() {
			if s != innsigli.JobDone {
				t.Errorf("after %s a job is %s: places were left empty", innsiglitest.Now().Sub(begun), s)
			}
		}
	})
}

func TestStopWaitsForWhatRunsAndGivesBackTheRest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.Handlers[innsigli.JobPurge] = func(context.Context, innsigli.Job) (innsigli.Decision, error) {
			time.Sleep(5 * time.Second)
			return logs(innsigli.LogDocumentDeleted), nil
		}
		b.Handlers[innsigli.JobSeal] = func(ctx context.Context, _ innsigli.Job) (innsigli.Decision, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		b.q.add(innsigli.Job{Kind: innsigli.JobPurge}, innsigli.Job{Kind: innsigli.JobSeal})
		b.run(t)
		synctest.Wait()
		begun := innsiglitest.Now()
		b.q.add(innsigli.Job{Kind: innsigli.JobPurge}) // too late
		if err := b.stop(); err != nil {
			t.Error(err)
		}
		if took := innsiglitest.Now().Sub(begun); took != job.DefaultGrace {
			t.Errorf("stopping took %s", took)
		}
		if d := cmp.Diff([]innsigli.JobState{innsigli.JobDone, innsigli.JobReady, innsigli.JobReady}, b.q.states()); d != "" {
			t.Error(d)
		}
		if r := b.q.get(2); r.job.Attempt != 1 || r.why != "" {
			t.Errorf("the job that was given back is %+v", r)
		}
	})
}

func TestIdleWorkerStopsAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bench) {
		t := b.t
		b.run(t)
		synctest.Wait()
		begun := innsiglitest.Now()
		if err := b.stop(); err != nil || innsiglitest.Now().Sub(begun) != 0 {
			t.Errorf("stopping took %s, %v", innsiglitest.Now().Sub(begun), err)
		}
	})
}
