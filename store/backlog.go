package store

import (
	"context"
	"time"

	"github.com/innsigli/innsigli"
)

// How long finished rows are kept.
const (
	jobsKept       = 7 * 24 * time.Hour
	challengesKept = 24 * time.Hour
	remindersKept  = 2 * time.Hour // they count for one
	addressedKept  = 2 * time.Hour // they count for one
	paceKept       = time.Hour     // what a domain wanted so long ago says nothing any more
)

// Backlog counts what waits and what died.
func (d *DB) Backlog(ctx context.Context) (innsigli.Backlog, error) {
	var out innsigli.Backlog
	err := d.read(ctx, "backlog", func(ctx context.Context, r runner) error {
		out = innsigli.Backlog{Ready: map[innsigli.JobKind]int{}, Dead: map[innsigli.JobKind]int{}}
		var b batch
		b.query("ready", `select kind, count(*) from job where state = 'ready' group by kind`, counts(out.Ready))
		b.query("dead", `select kind, count(*) from job where state = 'dead' group by kind`, counts(out.Dead))
		b.query("running", `select count(*) from job where state = 'running'`, number(&out.Running))
		b.query("held", `select count(*) from key_hold`, number(&out.Held))
		b.query("sealing", `select count(*) from job where state in ('ready', 'running') and kind = $1`, number(&out.Sealing), string(innsigli.JobSeal))
		b.query("pending", `select count(*) from (select process from document where pending = 1
			union select process from attachment where pending = 1) p`, number(&out.Pending))
		b.query("oldest", `select coalesce(min(due), 0) from job where state = 'ready' and due <= $1`, func(r row) error {
			var us int64
			err := r.Scan(&us)
			out.Oldest = timeOf(us)
			return err
		}, micros(d.now()))
		return r.run(ctx, b)
	})
	return out, err
}

func counts(m map[innsigli.JobKind]int) func(row) error {
	return func(r row) error {
		var kind string
		var n int64
		err := r.Scan(&kind, &n)
		m[innsigli.JobKind(kind)] = int(n)
		return err
	}
}

func number(to *int) func(row) error {
	return func(r row) error {
		var n int64
		err := r.Scan(&n)
		*to = int(n)
		return err
	}
}

// Sweep deletes rows that nobody needs any more: finished jobs after 7 days, challenges a day after their end,
// idempotency keys after 24 hours. Dead letters stay. It says how many rows went.
func (d *DB) Sweep(ctx context.Context) (int, error) {
	now := d.now()
	total := 0
	for _, s := range []struct {
		what, text string
		before     time.Time
	}{
		{"jobs", `delete from job where id in (select id from job where state in ('done', 'dropped') and ended_at < $1 limit 1000) returning id`, now.Add(-jobsKept)},
		{"challenges", `delete from challenge where token in (select token from challenge where sent_at < $1 limit 1000) returning 1`, now.Add(-challengesKept - innsigli.CodeLifetime)},
		{"texts", `delete from text_sent where uid in (select uid from text_sent where at < $1 limit 1000) returning 1`, now.Add(-textsKept)},
		{"reminders", `delete from reminder where at < $1 returning 1`, now.Add(-remindersKept)},
		{"former webhook keys", `delete from webhook_old_key where until < $1 returning 1`, now.Add(-innsigli.KeyAfterglow)},
		{"addresses written to", `delete from addressed where minute < $1 returning 1`, now.Add(-addressedKept)},
		{"paces", `delete from mail_pace where until < $1 and next < $1 returning 1`, now.Add(-paceKept)},
		{"idempotency keys", `delete from idempotency where at < $1 returning 1`, now.Add(-idempotencyTime)},
	} {
		for {
			n := 0
			err := d.write(ctx, "sweep", func(ctx context.Context, r runner) error {
				n = 0
				return one(ctx, r, s.what, s.text, func(r row) error {
					var id int64
					n++
					return r.Scan(&id)
				}, micros(s.before))
			})
			total += n
			if err != nil {
				return total, err
			}
			if n == 0 {
				break
			}
		}
	}
	return total, nil
}
