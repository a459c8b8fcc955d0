package store

import (
	"context"
	"slices"

	"github.com/innsigli/innsigli"
)

// Strings runs a query of one text column, for tests that look at rows.
func (d *DB) Strings(ctx context.Context, text string, args ...any) ([]string, error) {
	var all []string
	err := d.get(ctx, "strings", text, func(r row) error {
		var s string
		err := r.Scan(&s)
		all = append(all, s)
		return err
	}, args...)
	return all, err
}

// Floor updates one row and commits: the least that a durable transaction of this handle can be.
func (d *DB) Floor(ctx context.Context, group string) error {
	var b batch
	b.must("floor", `update grp set version = version + 1 where key = $1`, group)
	if d.lite != nil { // not together with others
		return d.lite.with(ctx, func(l *lite) error {
			return l.transact(context.WithoutCancel(ctx), func(r runner) error { return r.run(ctx, b) })
		})
	}
	return d.write(ctx, "floor", func(ctx context.Context, r runner) error { return r.run(ctx, b) })
}

// Texts lists the statements that were compiled on SQLite so far.
func (d *DB) Texts() []string {
	var all []string
	for _, p := range []*litePool{d.lite, d.liteRead} {
		var held []*lite
		for range cap(p.free) {
			l := <-p.free
			held = append(held, l)
			for t := range l.stmts {
				all = append(all, t)
			}
		}
		for _, l := range held {
			p.free <- l
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Exec runs one statement in a transaction of its own.
func (d *DB) Exec(ctx context.Context, text string, args ...any) error {
	return d.write(ctx, "exec", func(ctx context.Context, r runner) error {
		var b batch
		b.exec("exec", text, args...)
		return r.run(ctx, b)
	})
}

// ExecLosing runs one statement in a transaction whose COMMIT fails: it leaves a row behind that belongs to nothing.
func (d *DB) ExecLosing(ctx context.Context, text string, args ...any) error {
	return d.write(ctx, "losing", func(ctx context.Context, r runner) error {
		var b batch
		b.exec("exec", text, args...)
		b.exec("defer", `pragma defer_foreign_keys = 1`)
		b.exec("orphan", `insert into document (process, role, blob, size, sha256, pages) values ('nobody', 'intake', '', 0, '', 0)`)
		return r.run(ctx, b)
	})
}

// Waiting is how many writes wait for SQLite's transaction.
func (d *DB) Waiting() int {
	d.group.mu.Lock()
	defer d.group.mu.Unlock()
	return len(d.group.waiting)
}

// Plan asks SQLite how it would carry out a statement.
func (d *DB) Plan(ctx context.Context, text string, args ...any) ([]string, error) {
	var all []string
	err := d.get(ctx, "plan", "explain query plan "+text, func(r row) error {
		var id, parent, unused int64
		var s string
		err := r.Scan(&id, &parent, &unused, &s)
		all = append(all, s)
		return err
	}, args...)
	return all, err
}

// ActivityPlan asks PostgreSQL how it would take a step of the walk over a company's log, were reading whole tables dear.
func (d *DB) ActivityPlan(ctx context.Context, c innsigli.CompanyKey, q innsigli.ActivityQuery) (string, []string, error) {
	w := newWalk(c, q)
	var all []string
	err := d.write(ctx, "plan", func(ctx context.Context, r runner) error {
		all = nil
		var b batch
		b.exec("no whole tables", "set local enable_seqscan = off")
		b.query("plan", "explain "+w.text, func(r row) error {
			var s string
			err := r.Scan(&s)
			all = append(all, s)
			return err
		}, w.from(walkLeast)...)
		return r.run(ctx, b)
	})
	return w.text, all, err
}

// Dialect names the database.
func (d *DB) Dialect() string { return d.dialect.name }
