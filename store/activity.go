package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/innsigli/innsigli"
)

const (
	// activityBatch is how many processes one read brings with everything that belongs to them.
	activityBatch = 100
	// One step of the walk over the log reads so many lines: few when little is asked for, never so many that a read
	// lives long.
	walkLeast = 64
	walkMost  = 2000
)

// Activity lists the log of a company by process, in the order of the first line of each that the filters leave; the
// lines of each in the order in which they were kept. A line that comes later only ever adds to the end, so pages do not
// shift while they are turned.
func (d *DB) Activity(ctx context.Context, c innsigli.CompanyKey, q innsigli.ActivityQuery) ([]innsigli.Activity, error) {
	take := q.Take
	if take <= 0 || take > innsigli.MaxTake {
		take = innsigli.MaxTake
	}
	keys, err := d.activityKeys(ctx, c, q, take)
	if err != nil {
		return nil, err
	}
	all := make([]innsigli.Activity, 0, len(keys))
	// A read transaction for each batch and not for all: none lives long.
	for len(keys) > 0 {
		n := min(len(keys), activityBatch)
		some, err := d.activities(ctx, keys[:n], q)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		keys = keys[n:]
	}
	return all, nil
}

// activityKeys walks over the lines from place to place and gives the processes of the page. What a page costs grows with
// the lines before its end, not with those behind it.
func (d *DB) activityKeys(ctx context.Context, c innsigli.CompanyKey, q innsigli.ActivityQuery, take int) ([]string, error) {
	var keys []string
	skip := q.Skip
	w := newWalk(c, q)
	for step := min(walkMost, max(walkLeast, 4*take)); ; step = min(walkMost, 2*step) {
		read := 0
		err := d.get(ctx, "activity", w.text, func(r row) error {
			var key string
			var hit int64
			read++
			if err := r.Scan(&w.at, &w.id, &key, &hit); err != nil {
				return err
			}
			switch {
			case hit == 0 || len(keys) == take:
			case skip > 0:
				skip--
			default:
				keys = append(keys, key)
			}
			return nil
		}, w.from(step)...)
		if err != nil || len(keys) == take || read < step {
			return keys, err
		}
	}
}

// walk reads lines behind a place, and tells of each whether it is the first of its process that the filters leave.
type walk struct {
	text   string
	args   []any
	at, id int64 // the place
}

// The parameters that every walk has; its filters come behind them.
const (
	walkCompany = iota + 1
	walkFrom
	walkTo
	walkAt
	walkID
	walkStep
	walkFilters
)

func newWalk(c innsigli.CompanyKey, q innsigli.ActivityQuery) *walk {
	w := &walk{args: make([]any, walkFilters-1), at: micros(q.From) - 1}
	w.args[walkCompany-1], w.args[walkFrom-1], w.args[walkTo-1] = string(c), micros(q.From), micros(q.To)
	arg := func(v any) string {
		w.args = append(w.args, v)
		return fmt.Sprintf("$%d", len(w.args))
	}
	lines, earlier := `select l.at, l.id, l.process, l.flow from log l where `,
		`select 1 from log e where e.process = step.process and e.at >= $2 and (e.at, e.id) < (step.at, step.id)`
	inRange := ` and l.at < $3 and (l.at, l.id) > ($4, $5) order by l.at, l.id limit $6`
	switch {
	case q.User != "":
		// By the actor's own lines, which are in the order of their numbers.
		user := arg(q.User)
		lines = `select l.at, l.id, l.process, l.flow from log_person o join log l on l.id = o.log
			where o.company = $1 and lower(o.actor) = lower(` + user + `) and o.actor <> '' and o.log > $5 and $4 < 9223372036854775807`
		earlier = `select 1 from log e join log_person o on o.log = e.id where e.process = step.process and e.at >= $2 and e.at < $3
			and e.id < step.id and lower(o.actor) = lower(` + user + `)`
		inRange = ` order by o.log limit $6`
		if q.Process != "" {
			lines += ` and l.process = ` + arg(string(q.Process))
		}
	case q.Process != "":
		// The company is looked up by the process, so that only the index over processes fits.
		lines += `l.process = (select p.key from process p where p.company = $1 and p.key = ` + arg(string(q.Process)) + `)`
	default:
		lines += `l.company = $1`
	}
	hit := `step.at >= $2 and step.at < $3`
	if q.Flow != "" {
		hit += ` and step.flow = ` + arg(string(q.Flow))
	}
	if q.Within.Limited() {
		hit += ` and exists (select 1 from process p where p.key = step.process and ` + within(`p.grp`, arg(string(q.Within))) + `)`
	}
	hit += ` and not exists (` + earlier + `)`
	if q.Query != "" {
		like := arg("%" + likeEscaper.Replace(strings.ToLower(q.Query)) + "%")
		hit += ` and exists (select 1 from process p where p.key = step.process and (p.search like ` + like + ` escape '\'
			or exists (select 1 from signee s where s.process = p.key and s.search like ` + like + ` escape '\')))`
	}
	w.text = `select step.at, step.id, step.process, case when ` + hit + ` then 1 else 0 end from (` + lines + inRange + `) step order by `
	if q.User != "" {
		w.text += `step.id`
	} else {
		w.text += `step.at, step.id`
	}
	return w
}

// from gives the parameters for the next so many lines.
func (w *walk) from(step int) []any {
	w.args[walkAt-1], w.args[walkID-1], w.args[walkStep-1] = w.at, w.id, int64(step)
	return w.args
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

const (
	logColumns = `select l.id, l.at, l.process, l.flow, l.signee, l.kind, l.detail, l.message,
		coalesce(o.actor, ''), coalesce(o.address, ''), coalesce(o.agent, ''), coalesce(o.mail, '')
		from log l left join log_person o on o.log = l.id`
	qLines  = logColumns + ` where l.process = $1 and l.at >= $2 and l.at < $3 order by l.id`
	qListed = `select l.signee, l.kind, l.at, coalesce(o.actor, '') from log l left join log_person o on o.log = l.id
		where l.process = $1 and l.kind in ('SigneeAdded', 'SigneeUpdated', 'SigneeSigned') order by l.id`
	qPersons = `select s.person, s.key, s.process from process p join signee s on s.process = p.key
		where p.grp = $1 and s.person <> '' order by p.position, s.position`
)

// activities reads the processes with those keys, in their order.
func (d *DB) activities(ctx context.Context, keys []string, q innsigli.ActivityQuery) ([]innsigli.Activity, error) {
	var out []innsigli.Activity
	err := d.read(ctx, "activity", func(ctx context.Context, r runner) error {
		out = make([]innsigli.Activity, len(keys))
		facts := make([]innsigli.Facts, len(keys))
		var b, people batch
		for i, k := range keys {
			b.query("process", qProcess, func(r row) error { return scanProcess(r, &facts[i]) }, k, "")
			b.query("signees", qSignees, func(r row) error {
				s, err := scanSignee(r)
				place(&facts[i].Process, s)
				return err
			}, k, "", "", micros(d.now()))
			b.query("lines", qLines, func(r row) error {
				e, err := scanLine(r)
				out[i].Lines = append(out[i].Lines, e)
				return err
			}, k, micros(q.From), micros(q.To))
			out[i].Listed = map[innsigli.SigneeKey]innsigli.Listing{}
			b.query("listed", qListed, func(r row) error { return scanListed(r, out[i].Listed) }, k)
		}
		if err := r.run(ctx, b); err != nil {
			return err
		}
		for i := range out {
			out[i].Process, out[i].Sequence = facts[i].Process, facts[i].Sequence
			if g := facts[i].Sequence.Key; g != "" {
				members := innsigli.Facts{Members: []innsigli.Member{{}}}
				people.query("persons", qPersons, func(r row) error {
					var s innsigli.Signee
					err := r.Scan((*string)(&s.Person), (*string)(&s.Key), (*string)(&s.Process))
					members.Members[0].Process.Signees = append(members.Members[0].Process.Signees, s)
					out[i].Persons = members.Persons()
					return err
				}, string(g))
			}
		}
		if len(people) == 0 {
			return nil
		}
		return r.run(ctx, people)
	})
	return out, err
}

// scanListed takes a line about a signee to what earlier ones say of that signee.
func scanListed(r row, all map[innsigli.SigneeKey]innsigli.Listing) error {
	var k innsigli.SigneeKey
	var kind innsigli.LogKind
	var at int64
	var actor string
	if err := r.Scan((*string)(&k), (*string)(&kind), &at, &actor); err != nil {
		return err
	}
	l := all[k]
	if kind == innsigli.LogSigneeAdded {
		l.AddedAt, l.AddedBy = timeOf(at), actor
	} else {
		l.UpdatedAt = timeOf(at)
	}
	all[k] = l
	return nil
}

func scanLine(r row) (innsigli.LogEntry, error) {
	var e innsigli.LogEntry
	var at int64
	err := r.Scan(&e.ID, &at, (*string)(&e.Process), (*string)(&e.Flow), (*string)(&e.Signee), (*string)(&e.Kind), &e.Detail, &e.Message,
		&e.Actor, &e.Client.Address, &e.Client.Agent, &e.Mail)
	e.At = timeOf(at)
	return e, err
}
