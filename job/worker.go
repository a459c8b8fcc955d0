// Package job works off the outbox: it claims jobs, runs their handlers, keeps their leases alive and settles them.
//
// It is in charge of when a job runs, how often it is tried and when it is given up. It is not in charge of what a job
// does: it knows kinds as names and handlers as functions. What a handler wants to be true afterwards it returns as a
// decision, which is kept in the same commit as the job's outcome; so a worker that dies leaves either both or nothing,
// and another one runs the job again when the lease has run out.
package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/innsigli/innsigli"
)

// Handler does what a job asks for. The decision it returns (nil: none) is kept with the outcome, also when there is an
// error beside it. An error marked by [innsigli.Permanent] ends the job, one marked by [innsigli.After] says when it
// wants to be tried again. ctx ends when the job's lease is lost. A handler may be run more than once for the same
// attempt's effects, so what it does outside of the store has to bear repetition.
type Handler func(ctx context.Context, j innsigli.Job) (innsigli.Decision, error)

// The defaults of a worker.
const (
	DefaultParallel = 8
	DefaultLease    = 10 * time.Second
	DefaultPoll     = time.Second
	DefaultRetry    = time.Second
	DefaultGrace    = 15 * time.Second
)

const (
	cancelTime  = 2 * time.Second // what a handler gets to return after its context has ended
	releaseTime = 3 * time.Second
)

var (
	errStopping = errors.New("worker is stopping")
	errPanic    = errors.New("handler panicked")
)

// Worker works off a queue. Its fields are set before Run and not changed afterwards.
type Worker struct {
	Queue    innsigli.Queue
	Handlers map[innsigli.JobKind]Handler
	Node     string        // names this process to the queue; no two that run have the same
	Parallel int           // jobs at once
	Lease    time.Duration // how long a job stays ours without a sign of life
	Poll     time.Duration // how often the queue is asked when nobody kicks
	Retry    time.Duration // the shortest wait before a job is tried again
	Grace    time.Duration // how long running jobs may take when the worker stops
	Now      func() time.Time
	Log      *slog.Logger
	Rand     func() float64 // in [0,1), for the jitter; the default is random

	once sync.Once
	kick chan struct{}
	done chan struct{} // a job has ended
}

// prepare fills in what was left out.
func (w *Worker) prepare() {
	w.once.Do(func() {
		w.kick, w.done = make(chan struct{}, 1), make(chan struct{}, 1)
	})
}

func (w *Worker) parallel() int        { return orDefault(w.Parallel, DefaultParallel) }
func (w *Worker) lease() time.Duration { return orDefault(w.Lease, DefaultLease) }
func (w *Worker) poll() time.Duration  { return orDefault(w.Poll, DefaultPoll) }
func (w *Worker) retry() time.Duration { return orDefault(w.Retry, DefaultRetry) }
func (w *Worker) grace() time.Duration { return orDefault(w.Grace, DefaultGrace) }

func orDefault[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

func (w *Worker) random() float64 {
	if w.Rand != nil {
		return w.Rand()
	}
	return rand.Float64() //nolint:gosec // spreads retries, guards nothing
}

// Kick wakes the worker at once. It never waits and may be called at any time.
func (w *Worker) Kick() {
	w.prepare()
	signal(w.kick)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run works until ctx ends. Then it claims no more, waits for what runs for at most the grace, ends what still runs by
// its context, and gives back to the queue what is left. The error is that of giving back: then the leases do it.
func (w *Worker) Run(ctx context.Context) error {
	w.prepare()
	base, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(errStopping)
	var running sync.WaitGroup
	places := make(chan struct{}, w.parallel())
	for ctx.Err() == nil {
		free := cap(places) - len(places)
		jobs := w.claim(ctx, free)
		for _, j := range jobs {
			places <- struct{}{}
			running.Go(func() {
				w.work(base, j)
				<-places
				signal(w.done)
			})
		}
		// A claim that could have had more has taken what there was, and looking again at once would find nothing.
		if len(jobs) < free || free == 0 {
			w.wait(ctx)
		}
	}
	return w.stop(&running, cancel)
}

// claim takes as many jobs as there are free places.
func (w *Worker) claim(ctx context.Context, free int) []innsigli.Job {
	if free == 0 {
		return nil
	}
	jobs, err := w.Queue.Claim(ctx, w.Node, free, w.lease())
	if err != nil && ctx.Err() == nil {
		w.Log.Error("jobs could not be claimed", "error", err)
	}
	return jobs
}

func (w *Worker) wait(ctx context.Context) {
	t := time.NewTimer(w.poll())
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-w.kick:
	case <-w.done:
	case <-t.C:
	}
}

func (w *Worker) stop(running *sync.WaitGroup, cancel context.CancelCauseFunc) error {
	ended := make(chan struct{})
	go func() {
		running.Wait()
		close(ended)
	}()
	for _, step := range []struct {
		patience time.Duration
		after    func()
	}{
		{w.grace(), func() { cancel(errStopping) }},
		{cancelTime, func() { w.Log.Warn("jobs did not end in time and are given back") }},
	} {
		t := time.NewTimer(step.patience)
		select {
		case <-ended:
			t.Stop()
			continue
		case <-t.C:
			step.after()
		}
	}
	ctx, done := context.WithTimeout(context.Background(), releaseTime)
	defer done()
	if err := w.Queue.Release(ctx, w.Node); err != nil {
		return fmt.Errorf("give jobs back: %w", err)
	}
	return nil
}

// work runs one job to its settlement.
func (w *Worker) work(base context.Context, j innsigli.Job) {
	log := w.Log.With("job", j.ID, "kind", string(j.Kind), "attempt", j.Attempt)
	l := &lease{w: w, j: j, until: w.Now().Add(w.lease())}
	ctx, cancel := context.WithCancelCause(base)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		l.keep(ctx, cancel)
	}()
	decide, err := w.handle(ctx, j, log)
	cause := context.Cause(ctx)
	cancel(nil)
	<-renewing
	switch {
	case errors.Is(cause, innsigli.ErrLost):
		log.Warn("lease was lost, another worker has the job")
		return
	case err != nil && errors.Is(cause, errStopping):
		return // its error is our stopping; it is given back untouched
	}
	w.settle(context.WithoutCancel(base), l, log, decide, err)
}

// handle runs the handler and turns a panic into an error.
func (w *Worker) handle(ctx context.Context, j innsigli.Job, log *slog.Logger) (d innsigli.Decision, err error) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("handler panicked", "panic", scrub(fmt.Sprint(p)), "stack", string(debug.Stack()))
			d, err = nil, errPanic
		}
	}()
	h, ok := w.Handlers[j.Kind]
	if !ok {
		return nil, innsigli.After(unknownRetry, errors.New("no handler for this kind of job"))
	}
	return h(ctx, j)
}

// settle writes the outcome. While the lease lasts it tries again; afterwards the lease brings the job to another worker.
func (w *Worker) settle(ctx context.Context, l *lease, log *slog.Logger, decide innsigli.Decision, err error) {
	var judged error
	if d := decide; d != nil {
		decide = func(f innsigli.Facts) (innsigli.Change, error) {
			c, err := d(f)
			judged = err
			return c, err
		}
	}
	if err != nil {
		log.Warn("job failed", "error", scrub(err.Error()))
	}
	for try := 1; ; try++ {
		o := w.outcome(l.j, err)
		judged = nil
		_, failed := w.Queue.Settle(ctx, l.j, o, decide)
		switch {
		case failed == nil:
			if o.State == innsigli.JobDead {
				log.Error("job was given up", "why", o.Why)
			}
			return
		case errors.Is(failed, innsigli.ErrLost):
			// After an unclear commit this may be our own settlement; otherwise another worker has the job.
			log.Warn("job was settled elsewhere")
			return
		case judged != nil: // the decision refuses, and will again: the job has failed
			log.Warn("job's decision failed", "error", scrub(judged.Error()))
			decide, err = nil, judged
			continue
		}
		log.Error("job could not be settled", "error", scrub(failed.Error()))
		t := time.NewTimer(w.retry() / 2)
		<-t.C
		if !w.Now().Before(l.until) {
			return
		}
	}
}
