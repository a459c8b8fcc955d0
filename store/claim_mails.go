package store

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/innsigli/innsigli"
)

// MailPace bounds the mails to the people of one domain, on all nodes together. Nodes that claim in the same instant do
// not see each other, so the bound can be passed by one claim of each.
type MailPace struct {
	AtOnce  int // 0: DefaultMailsAtOnce
	AMinute int // 0: no bound
}

// DefaultMailsAtOnce leaves half of what a node sends at once to others, when a mail server waits long for one domain.
const DefaultMailsAtOnce = 6

func (p MailPace) atOnce() int {
	if p.AtOnce > 0 {
		return p.AtOnce
	}
	return DefaultMailsAtOnce
}

// domainRest is how long a domain that asked for less is left alone at first; qSlower makes it longer each time.
const domainRest = time.Minute

// scanWindow is how many due messages, and how many domains behind them, one claim looks at.
const scanWindow = 200

const paceOf = `, coalesce(p.until, 0), coalesce(p.strikes, 0), coalesce(p.next, 0)`

const (
	qMailsRunning = `select target, count(*) from job where state = 'running' and lease > $1 and class = 'message' and target <> '' group by target`
	// qMailsFront looks at the messages that have waited longest.
	qMailsFront = `select j.id, j.target, case when ` + dueTurn + ` then 1 else 0 end` + paceOf + `
		from (select id, target, grp, lane, due from job where state = 'ready' and class = 'message' and due <= $1 order by due, id limit $2) j
		left join mail_pace p on p.domain = j.target order by j.due, j.id`
	// qMailsBehind goes from domain to domain through the index and takes the oldest of each, so that what waits for a
	// slow one in front is not read.
	qMailsBehind = `with recursive t (target, n) as (
			select min(j.target), 1 from job j where j.state = 'ready' and j.class = 'message' and j.target >= $2
			union all
			select (select min(j.target) from job j where j.state = 'ready' and j.class = 'message' and j.target > t.target), t.n + 1
				from t where t.target is not null and t.n < $3)
		select coalesce((select j.id from job j where j.state = 'ready' and j.class = 'message' and j.target = t.target and j.due <= $1
			and ` + dueTurn + ` order by j.due, j.id limit 1), 0), t.target, 1` + paceOf + `
		from t left join mail_pace p on p.domain = t.target where t.target is not null order by t.target`
	qPaced = `insert into mail_pace (domain, next) values ($1, $2) on conflict (domain) do update
		set next = case when mail_pace.next > $3 then mail_pace.next else $3 end + $4`
	// qSlower counts once for all messages that were on their way at the same time. The rest doubles each time, up to a
	// quarter of an hour.
	qSlower = `insert into mail_pace (domain, until, strikes) values ($1, cast($2 as bigint) + $3, 1) on conflict (domain) do update
		set strikes = mail_pace.strikes + 1,
			until = cast($2 as bigint) + $3 * case mail_pace.strikes when 0 then 1 when 1 then 2 when 2 then 4 when 3 then 8 else 15 end
		where mail_pace.until <= $2`
	qFaster = `update mail_pace set until = 0, strikes = 0 where domain = $1 and strikes > 0`
)

// rooms is what the domains may still get.
type rooms struct {
	pace    MailPace
	now     int64
	running map[string]int
	free    map[string]int
}

// take says whether one more mail may go to a domain, and counts it.
func (r *rooms) take(domain string, until, strikes, next int64) bool {
	if domain == "" { // SMS and calls
		return true
	}
	n, known := r.free[domain]
	if !known {
		n = r.room(domain, until, strikes, next)
	}
	r.free[domain] = n - 1
	return n > 0
}

func (r *rooms) room(domain string, until, strikes, next int64) int {
	switch {
	case until > r.now:
		return 0
	case strikes > 0:
		return 1 - r.running[domain]
	}
	n := r.pace.atOnce() - r.running[domain]
	if i := r.pace.interval(); i > 0 {
		n = min(n, r.pace.atOnce()-int((max(0, next-r.now)+i-1)/i))
	}
	return n
}

// interval is the time between two mails to one domain in microseconds, 0 for no bound.
func (p MailPace) interval() int64 {
	if p.AMinute <= 0 {
		return 0
	}
	return time.Minute.Microseconds() / int64(p.AMinute)
}

// cursor is the domain with which the next look behind begins.
type cursor struct {
	mu sync.Mutex
	at string
}

func (c *cursor) get() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *cursor) set(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = s
}

// dueMails finds at most so many messages that can be claimed, by their id with their domain: the oldest, as far as
// their domains have room. Only when these do not fill the places it looks at other domains too.
func (d *DB) dueMails(ctx context.Context, now int64, most int) (dueMails, error) {
	due := dueMails{domains: map[int64]string{}}
	if most <= 0 {
		return due, nil
	}
	err := d.read(ctx, "due messages", func(ctx context.Context, r runner) error {
		due = dueMails{domains: map[int64]string{}}
		rooms := rooms{pace: d.pace, now: now, running: map[string]int{}, free: map[string]int{}}
		seen := 0
		last := ""
		look := func(r row) error {
			var id, turn, until, strikes, next int64
			var domain string
			if err := r.Scan(&id, &domain, &turn, &until, &strikes, &next); err != nil {
				return err
			}
			seen++
			last = domain
			if _, twice := due.domains[id]; id != 0 && turn == 1 && !twice && len(due.ids) < most && rooms.take(domain, until, strikes, next) {
				due.ids = append(due.ids, id)
				due.domains[id] = domain
			}
			return nil
		}
		var b batch
		b.query("running mails", qMailsRunning, func(r row) error {
			var domain string
			var n int64
			err := r.Scan(&domain, &n)
			rooms.running[domain] = int(n)
			return err
		}, now)
		b.query("messages in front", qMailsFront, look, now, int64(scanWindow))
		if err := r.run(ctx, b); err != nil || seen < scanWindow || len(due.ids) == most {
			return err
		}
		seen = 0
		if err := one(ctx, r, "messages behind", qMailsBehind, look, now, d.behind.get(), int64(scanWindow)); err != nil {
			return err
		}
		if seen < scanWindow {
			last = ""
		}
		d.behind.set(last)
		return nil
	})
	return due, err
}

// dueMails are messages that can be claimed.
type dueMails struct {
	ids     []int64
	domains map[int64]string
}

// claim takes them, unless they were taken, dropped or overtaken since.
func (m dueMails) claim(ctx context.Context, d *DB, r runner, node string, n int, lease time.Duration) ([]innsigli.Job, error) {
	ids := m.ids[:min(n, len(m.ids))]
	if len(ids) == 0 {
		return nil, nil
	}
	var jobs []innsigli.Job
	now := d.now()
	args := []any{micros(now), micros(now.Add(lease)), node}
	for _, id := range ids {
		args = append(args, id)
	}
	var b batch
	b.query("claim messages", `update job set state = 'running', attempt = attempt + 1, lease = $2, node = $3
		where id in (select j.id from job j where j.id in (`+list(4, len(ids))+`) and j.state = 'ready' and j.due <= $1 and `+dueTurn+d.dialect.skip+claimed,
		func(r row) error {
			j, err := scanJob(r)
			jobs = append(jobs, j)
			return err
		}, args...)
	if i := d.pace.interval(); i > 0 {
		count := map[string]int64{}
		for _, id := range ids {
			count[m.domains[id]]++
		}
		delete(count, "")
		for domain, n := range count {
			b.exec("pace", qPaced, domain, micros(now)+n*i, micros(now), n*i)
		}
	}
	err := r.run(ctx, b)
	return jobs, err
}

// keepPace notes what the outcome of a mail says about its domain.
func keepPace(b *batch, j innsigli.Job, o innsigli.Outcome, now time.Time) {
	switch {
	case j.Target == "" || classOf(j.Kind) != classMessage:
	case o.Slow:
		b.exec("slower", qSlower, j.Target, micros(now), domainRest.Microseconds())
	case o.State == innsigli.JobDone:
		b.exec("faster", qFaster, j.Target)
	}
}

// domainOf is the target of a mail; empty for what is none.
func domainOf(j *innsigli.Job) string {
	if kind, _, _ := strings.Cut(string(j.Kind), "."); kind != "mail" {
		return ""
	}
	_, domain, _ := strings.Cut(j.Address, "@")
	return strings.ToLower(domain)
}
