package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// perTarget is how many webhooks run at once for one receiver, on all nodes together: enough for a steady stream, and so
// few that one who hangs leaves the others their places. A receiver that as many events wait to be tried at again is in
// trouble, and gets one at a time.
const perTarget = 4

// qDueHooks picks due webhooks by receiver, the oldest of each, as many as it may still be sent at once; those of whom
// nothing runs come first. It hops from receiver to receiver through the index, since a table of 100,000 rows that wait
// for one of them must not be read to find what waits for the next. An event waits while an earlier one of its process to
// the same registration is not over. Beside each stands whether it is a further one of its receiver. SQLite takes a cross
// join in the order in which it is written: otherwise it may read all jobs to find these few.
var qDueHooks = `with recursive t (target) as (
		select min(j.target) from job j where j.state = 'ready' and j.class = 'webhook'
		union all
		select (select min(j.target) from job j where j.state = 'ready' and j.class = 'webhook' and j.target > t.target) from t where t.target is not null),
	free (target, runs, most) as (select t.target,
		(select count(*) from job r where r.state = 'running' and r.lease > $1 and r.class = 'webhook' and r.target = t.target),
		case when exists (select 1 from job f where f.state = 'ready' and f.class = 'webhook' and f.target = t.target and f.due > $1 and f.attempt > f.earlier
			limit 1 offset ` + strconv.Itoa(perTarget-1) + `) then 1 else ` + strconv.Itoa(perTarget) + ` end
		from t where t.target is not null)
	select h.id, c.further from (` + strings.Join(nthOfTarget(), " union all ") + `) c
	cross join job h where h.id = c.id order by c.further, h.due, h.id limit $2`

// nthOfTarget gives a query for the oldest event of each receiver, the second oldest and so on. SQLite takes no column as
// an offset, hence one for each.
func nthOfTarget() []string {
	var all []string
	for n := range perTarget {
		all = append(all, fmt.Sprintf(`select (select j.id from job j where j.state = 'ready' and j.class = 'webhook' and j.target = free.target and j.due <= $1
			and %s order by j.due, j.id limit 1 offset %d) as id, case when free.runs + %[2]d > 0 then 1 else 0 end as further
			from free where free.most - free.runs > %[2]d`, itsTurn, n))
	}
	return all
}

// itsTurn says that no earlier event of the process for the registration runs or waits.
const itsTurn = laneFree + ` and k.id < j.id` + firstOf

// qClaimHook takes one of them, unless it was taken, dropped or overtaken since.
const qClaimHook = `update job set state = 'running', attempt = attempt + 1, lease = $1, node = $2
	where id in (select j.id from job j where j.id = $3 and j.state = 'ready' and j.due <= $4
		and ` + itsTurn

// dueHooks are the ids of webhooks that can be claimed.
type dueHooks []int64

// dueHooks finds at most so many webhooks. Beside running ones, further ones of a receiver are taken while a quarter of the
// places is free, which stays for receivers of whom nothing runs: so a few that hang at once do not take every place
// with what waits for them.
func (d *DB) dueHooks(ctx context.Context, now int64, most, running, places int) (dueHooks, error) {
	if most <= 0 {
		return nil, nil
	}
	var ids dueHooks
	err := d.get(ctx, "due webhooks", qDueHooks, func(r row) error {
		var id, further int64
		err := r.Scan(&id, &further)
		if further == 0 || running+len(ids) < places-places/4 {
			ids = append(ids, id)
		}
		return err
	}, now, int64(most))
	return ids, err
}

// claim takes them.
func (ids dueHooks) claim(ctx context.Context, d *DB, r runner, node string, n int, lease time.Duration) ([]innsigli.Job, error) {
	var jobs []innsigli.Job
	var b batch
	now := d.now()
	for _, id := range ids[:min(n, len(ids))] {
		b.query("claim webhook", qClaimHook+d.dialect.skip+claimed, func(r row) error {
			j, err := scanJob(r)
			jobs = append(jobs, j)
			return err
		}, micros(now.Add(lease)), node, id, micros(now))
	}
	err := r.run(ctx, b)
	return jobs, err
}
