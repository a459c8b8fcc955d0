package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/innsigli/innsigli"
)

// activityBatch is how many processes one query reads.
const activityBatch = 100

// Activity lists the log of a company by process, newest first by the newest line in the range; the lines of each in the
// order in which they were kept.
func (d *DB) Activity(ctx context.Context, c innsigli.CompanyKey, q innsigli.ActivityQuery) ([]innsigli.Activity, error) {
	take := q.Take
	if take <= 0 || take > innsigli.MaxTake {
		take = innsigli.MaxTake
	}
	text, args := activityKeys(c, q, take)
	var keys []string
	err := d.get(ctx, "activity", text, func(r row) error {
		var k string
		var newest int64
		err := r.Scan(&k, &newest)
		keys = append(keys, k)
		return err
	}, args...)
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

// activityKeys makes the query for the processes. Every filter is a condition on a line, a process or its signees.
func activityKeys(c innsigli.CompanyKey, q innsigli.ActivityQuery, take int) (string, []any) {
	args := []any{string(c), micros(q.From), micros(q.To)}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	var b strings.Builder
	b.WriteString(`select l.process, max(l.at) as newest from log l where l.at >= $2 and l.at < $3`)
	if q.Process != "" {
		// The company is looked up by the process, so that only the index over processes fits.
		b.WriteString(` and l.process = (select p.key from process p where p.company = $1 and p.key = ` + arg(string(q.Process)) + `)`)
	} else {
		b.WriteString(` and l.company = $1`)
	}
	if q.Flow != "" {
		b.WriteString(` and l.flow = ` + arg(string(q.Flow)))
	}
	if q.User != "" {
		b.WriteString(` and exists (select 1 from log_person o where o.log = l.id and lower(o.actor) = lower(` + arg(q.User) + `))`)
	}
	if q.Query != "" {
		like := arg("%" + likeEscaper.Replace(strings.ToLower(q.Query)) + "%")
		b.WriteString(` and exists (select 1 from process p where p.key = l.process and (p.search like ` + like + ` escape '\'
			or exists (select 1 from signee s where s.process = p.key and s.search like ` + like + ` escape '\')))`)
	}
	b.WriteString(` group by l.process order by newest desc, max(l.id) desc limit ` + arg(int64(take)) + ` offset ` + arg(int64(q.Skip)))
	return b.String(), args
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

const (
	qLines = `select l.id, l.at, l.process, l.flow, l.signee, l.kind, l.detail,
		coalesce(o.actor, ''), coalesce(o.address, ''), coalesce(o.agent, ''), coalesce(o.mail, '')
		from log l left join log_person o on o.log = l.id where l.process = $1 and l.at >= $2 and l.at < $3 order by l.id`
)

// activities reads the processes with those keys, in their order.
func (d *DB) activities(ctx context.Context, keys []string, q innsigli.ActivityQuery) ([]innsigli.Activity, error) {
	var out []innsigli.Activity
	err := d.read(ctx, "activity", func(ctx context.Context, r runner) error {
		out = make([]innsigli.Activity, len(keys))
		facts := make([]innsigli.Facts, len(keys))
		var b batch
		for i, k := range keys {
			b.query("process", qProcess, func(r row) error { return scanProcess(r, &facts[i]) }, k, "")
			b.query("signees", qSignees, func(r row) error {
				s, err := scanSignee(r)
				facts[i].Process.Signees = append(facts[i].Process.Signees, s)
				return err
			}, k, "", micros(d.now()))
			b.query("lines", qLines, func(r row) error {
				e, err := scanLine(r)
				out[i].Lines = append(out[i].Lines, e)
				return err
			}, k, micros(q.From), micros(q.To))
		}
		if err := r.run(ctx, b); err != nil {
			return err
		}
		for i := range out {
			out[i].Process = facts[i].Process
		}
		return nil
	})
	return out, err
}

func scanLine(r row) (innsigli.LogEntry, error) {
	var e innsigli.LogEntry
	var at int64
	err := r.Scan(&e.ID, &at, (*string)(&e.Process), (*string)(&e.Flow), (*string)(&e.Signee), (*string)(&e.Kind), &e.Detail,
		&e.Actor, &e.Client.Address, &e.Client.Agent, &e.Mail)
	e.At = timeOf(at)
	return e, err
}
