package job

import (
	"context"
	"errors"
	"time"

	"github.com/innsigli/innsigli"
)

// lease is the time for which a job is ours.
type lease struct {
	w     *Worker
	j     innsigli.Job
	until time.Time // written by keep, read when keep has ended
}

// keep renews the lease every third of it, until ctx ends. When the job is lost, or would be
// by the next try because the queue cannot be reached, it ends ctx with [innsigli.ErrLost]: before another worker begins.
func (l *lease) keep(ctx context.Context, cancel context.CancelCauseFunc) {
	t := time.NewTicker(l.w.lease() / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		begun := l.w.Now()
		err := l.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			l.until = begun.Add(l.w.lease())
		case errors.Is(err, innsigli.ErrLost), !l.w.Now().Add(l.w.lease() / 3).Before(l.until):
			cancel(innsigli.ErrLost)
			return
		default:
			l.w.Log.Warn("lease could not be renewed", "job", l.j.ID, "error", err)
		}
	}
}

// renew asks for as long as it makes sense to: what answers after the lease's end answers too late.
func (l *lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.w.lease()/3)
	defer cancel()
	return l.w.Queue.Renew(ctx, l.j, l.w.lease())
}
