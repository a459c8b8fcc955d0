package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// class groups kinds of jobs that wait for the same sort of thing. What hangs in one class never holds up another, so
// each is claimed by itself and has its own stretch of the index over due times.
type class string

const (
	classWork    class = "work"    // of our own: seal, expire, purge
	classMessage class = "message" // mail, SMS and calls
	classCode    class = "code"    // those of them that somebody waits for, with a code that ends in minutes
	classWebhook class = "webhook"
)

func classOf(k innsigli.JobKind) class {
	switch prefix, rest, _ := strings.Cut(string(k), "."); prefix {
	case "mail", "sms", "call":
		if rest == "code" {
			return classCode
		}
		return classMessage
	case "webhook":
		return classWebhook
	}
	return classWork
}

// load is what a node holds and what it could have, by class.
type load struct {
	due     map[class]bool
	running map[class]int
	stale   bool // there are leases that have run out
}

// What a node does at once, however many places it has: our own work fills cores and memory, and mail servers count
// connections. What is left are webhooks, which wait for others most of the time.
const (
	mostWork     = 12
	mostMessages = 12
	mostCodes    = 4
)

// room is how many jobs of a class a node with so many places may take: webhooks half of the places, messages and
// webhooks together three quarters, our own work three quarters, codes some beside. So a receiver that hangs leaves mails a place, and
// both leave work one.
func (l *load) room(c class, places int) int {
	spare := places / 4
	switch c {
	case classWork:
		return min(places-spare, mostWork) - l.running[classWork]
	case classCode:
		return min(max(1, places/8), mostCodes) - l.running[classCode]
	case classMessage:
		return min(mostMessages-l.running[classMessage], l.shared(places))
	case classWebhook:
		return min(max(1, places/2)-l.running[classWebhook], l.shared(places))
	}
	return 0
}

// shared is what messages and webhooks may take together.
func (l *load) shared(places int) int {
	return max(1, places-places/4) - l.running[classMessage] - l.running[classWebhook]
}

// qLoad looks whether a claim has anything to do, without taking SQLite's write lock. The order leads PostgreSQL to the index: it would
// read the whole table for a class of which nothing is due.
const qLoad = `select c.class,
	(select count(*) from (select 1 from job d where d.state = 'ready' and d.class = c.class and d.due <= $1 order by d.due, d.id limit 1) x),
	(select count(*) from job r where r.state = 'running' and r.lease > $1 and r.node = $2 and r.class = c.class),
	(select count(*) from (select 1 from job s where s.state = 'running' and s.lease <= $1 limit 1) y)
	from (select 'work' as class union all select 'message' union all select 'webhook' union all select 'code') c`

// qRecover gives back what workers that died have left, and ends what was dropped while they held it.
const qRecover = `update job set state = case when dropped = 1 then 'dropped' else 'ready' end,
	address = case when dropped = 1 then '' else address end, lane = case when dropped = 1 then '' else lane end,
	ended_at = case when dropped = 1 then $1 else ended_at end, node = ''
	where id in (select id from job where state = 'running' and lease <= $1 limit 1000`

// qClaim takes the oldest due jobs. Lanes are within a group. A job waits while another of its lane runs, and while an
// earlier one of its lane is due too.
const qClaim = `update job set state = 'running', attempt = attempt + 1, lease = $2, node = $3
	where id in (select j.id from job j
		where j.state = 'ready' and j.class = $4 and j.due <= $1 and ` + dueTurn + ` order by j.due, j.id limit $5`

// dueTurn says of a job that nothing of its lane runs, nor is an earlier one due.
const dueTurn = laneFree + ` and k.id < j.id and k.due <= $1` + firstOf

// laneFree says that nothing of a job's lane runs, and begins to say what of it may not wait, which ends with firstOf. Each half is one
// look into the index job_lane; with "or" between them all of the lane would be read. The words before the state are the index's own,
// by which SQLite knows it.
const laneFree = `not exists (` + ofLane + ` and k.state = 'running' and k.id <> j.id` + firstOf + ` and not exists (` + ofLane + ` and k.state = 'ready'`

const ofLane = `select 1 from job k where k.grp = j.grp and k.lane = j.lane and k.lane <> '' and k.state in ('ready', 'running')`

// firstOf ends such a look. An offset keeps PostgreSQL from joining: it would compare all that is due before it takes the first few.
const firstOf = ` limit 1 offset 0)`

const claimed = `) returning id, uid, kind, process, signee, ref, event, address, language, lane, target, coalesce(uniq, ''), due, attempt, earlier, at`

// Claim hands at most n due jobs to a worker. n is taken for the node's free places: together with what the node holds
// they are all its places, of which no class of jobs gets every one (see room).
func (d *DB) Claim(ctx context.Context, node string, n int, lease time.Duration) ([]innsigli.Job, error) {
	now := micros(d.now())
	l, err := d.load(ctx, node, now)
	if err != nil || n <= 0 || !l.stale && len(l.due) == 0 {
		return nil, err
	}
	places := n
	for _, k := range l.running {
		places += k
	}
	hooks, err := d.dueHooks(ctx, now, min(n, l.room(classWebhook, places)), l.running[classWebhook], max(1, places/2))
	if err != nil {
		return nil, err
	}
	var mails dueMails
	if l.due[classMessage] {
		if mails, err = d.dueMails(ctx, now, min(n, l.room(classMessage, places))); err != nil {
			return nil, err
		}
	}
	l.due[classWebhook], l.due[classMessage] = len(hooks) > 0, len(mails.ids) > 0
	if !l.stale && !l.due[classWork] && !l.due[classCode] && !l.due[classMessage] && !l.due[classWebhook] {
		return nil, nil // all receivers that are due have as many at once as they may
	}
	var jobs []innsigli.Job
	err = d.write(ctx, "claim", func(ctx context.Context, r runner) error {
		jobs = nil
		if l.stale {
			var b batch
			b.exec("recover jobs", qRecover+d.dialect.skip+`)`, now)
			if err := r.run(ctx, b); err != nil {
				return err
			}
		}
		held := load{running: maps.Clone(l.running)}
		for _, c := range []class{classCode, classWork, classMessage, classWebhook} {
			most := min(n-len(jobs), held.room(c, places))
			if most <= 0 || !l.stale && !l.due[c] {
				continue
			}
			var some []innsigli.Job
			var err error
			switch c {
			case classWebhook:
				some, err = hooks.claim(ctx, d, r, node, most, lease)
			case classMessage:
				some, err = mails.claim(ctx, d, r, node, most, lease)
			case classWork, classCode:
				some, err = d.claimClass(ctx, r, c, node, most, lease)
			}
			if err != nil {
				return err
			}
			jobs = append(jobs, some...)
			held.running[c] += len(some)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(jobs, func(a, b innsigli.Job) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID)) })
	return jobs, nil
}

func (d *DB) claimClass(ctx context.Context, r runner, c class, node string, n int, lease time.Duration) ([]innsigli.Job, error) {
	var jobs []innsigli.Job
	now := d.now()
	err := one(ctx, r, "claim jobs", qClaim+d.dialect.skip+claimed, func(r row) error {
		j, err := scanJob(r)
		jobs = append(jobs, j)
		return err
	}, micros(now), micros(now.Add(lease)), node, string(c), int64(n))
	return jobs, err
}

func (d *DB) load(ctx context.Context, node string, now int64) (load, error) {
	l := load{due: map[class]bool{}, running: map[class]int{}}
	err := d.get(ctx, "due jobs", qLoad, func(r row) error {
		var c string
		var due, running, stale int64
		err := r.Scan(&c, &due, &running, &stale)
		if due > 0 {
			l.due[class(c)] = true
		}
		l.running[class(c)] = int(running)
		l.stale = stale > 0
		return err
	}, now, node)
	return l, err
}

func scanJob(r row) (innsigli.Job, error) {
	var j innsigli.Job
	var event, language, due, attempt, earlier, at int64
	err := r.Scan(&j.ID, &j.UID, (*string)(&j.Kind), (*string)(&j.Process), (*string)(&j.Signee), &j.Ref, &event, &j.Address,
		&language, &j.Lane, &j.Target, &j.Uniq, &due, &attempt, &earlier, &at)
	j.Event, j.Language, j.Attempt, j.Earlier = innsigli.EventType(event), innsigli.Language(language), int(attempt), int(earlier)
	j.Due, j.At = timeOf(due), timeOf(at)
	return j, err
}
