package store

import (
	"context"
	"fmt"
	"time"

	"github.com/innsigli/innsigli"
)

// qSettle is fenced by the attempt: whoever lost the lease to another settles nothing. Addresses and lanes of finished
// jobs are blanked; a dead letter keeps its address so that it can be sent again.
const qSettle = `update job set
	state = case when $1 <> 'done' and dropped = 1 then 'dropped' else $1 end,
	address = case when $1 = 'done' or dropped = 1 then '' else address end,
	lane = case when $1 in ('done', 'dead') or dropped = 1 then '' else lane end,
	due = case when $1 = 'ready' then $2 else due end,
	why = $3, node = '', ended_at = case when $1 = 'ready' and dropped = 0 then ended_at else $4 end
	where id = $5 and attempt = $6 and state = 'running' returning state`

const (
	qRenew   = `update job set lease = $1 where id = $2 and attempt = $3 and state = 'running' returning id`
	qWanted  = `select count(*) from job where id = $1 and attempt = $2 and state = 'running' and dropped = 0`
	qRelease = `update job set state = case when dropped = 1 then 'dropped' else 'ready' end,
		address = case when dropped = 1 then '' else address end, lane = case when dropped = 1 then '' else lane end,
		ended_at = case when dropped = 1 then $1 else ended_at end, node = '' where state = 'running'`
)

// Settle writes the outcome of a job and the change of decide in one commit.
func (d *DB) Settle(ctx context.Context, j innsigli.Job, o innsigli.Outcome, decide innsigli.Decision) (innsigli.Change, error) {
	switch o.State {
	case innsigli.JobDone, innsigli.JobDead, innsigli.JobReady:
	case innsigli.JobRunning, innsigli.JobDropped:
		return innsigli.Change{}, fmt.Errorf("settle: %q is no outcome", o.State)
	}
	var c innsigli.Change
	err := d.write(ctx, "settle", func(ctx context.Context, r runner) error {
		var err error
		c, err = d.settle(ctx, r, j, o, decide)
		return err
	})
	if err != nil {
		return innsigli.Change{}, err
	}
	d.kept(c)
	return c, nil
}

// settle locks the group first, as every verb does, so that verbs and workers wait for each other in one order.
func (d *DB) settle(ctx context.Context, r runner, j innsigli.Job, o innsigli.Outcome, decide innsigli.Decision) (innsigli.Change, error) {
	var b batch
	var g found
	var group locked
	t := innsigli.Target{Process: j.Process}
	if decide != nil {
		group.lock(&b, t)
	}
	keepPace(&b, j, o, d.now())
	held := false
	b.query("settle job", qSettle, func(r row) error {
		var state string
		held = true
		return r.Scan(&state)
	}, string(o.State), micros(o.Retry), o.Why, micros(d.now()), j.ID, int64(j.Attempt))
	if decide != nil {
		g.read(&b, t, d.now())
	}
	if err := r.run(ctx, b); err != nil {
		return innsigli.Change{}, err
	}
	if !held {
		return innsigli.Change{}, innsigli.ErrLost
	}
	if decide == nil {
		return innsigli.Change{}, nil
	}
	if !group.ok {
		return innsigli.Change{}, errNoProcess()
	}
	f := g.facts(t)
	return d.judge(ctx, r, &f, decide)
}

// Renew prolongs the lease of a running job; ErrLost when another worker has it.
func (d *DB) Renew(ctx context.Context, j innsigli.Job, lease time.Duration) error {
	return d.write(ctx, "renew", func(ctx context.Context, r runner) error {
		var id int64
		err := one(ctx, r, "renew", qRenew, into(&id), micros(d.now().Add(lease)), j.ID, int64(j.Attempt))
		if err == nil && id == 0 {
			return innsigli.ErrLost
		}
		return err
	})
}

// Wanted says whether the job is still this worker's and has not been dropped.
func (d *DB) Wanted(ctx context.Context, j innsigli.Job) (bool, error) {
	var n int64
	err := d.get(ctx, "wanted", qWanted, into(&n), j.ID, int64(j.Attempt))
	return n == 1, err
}

// Release gives back what the node holds.
func (d *DB) Release(ctx context.Context, node string) error {
	return d.write(ctx, "release", func(ctx context.Context, r runner) error {
		var b batch
		b.exec("release", qRelease+` and node = $2`, micros(d.now()), node)
		return r.run(ctx, b)
	})
}

// ReleaseAll gives back every running job, whoever holds it. It is for a server that starts and knows that it is alone,
// as on SQLite, where a lock file says so: then nothing has to wait for the leases of the process that died.
func (d *DB) ReleaseAll(ctx context.Context) error {
	return d.write(ctx, "release all", func(ctx context.Context, r runner) error {
		var b batch
		b.exec("release", qRelease, micros(d.now()))
		return r.run(ctx, b)
	})
}
