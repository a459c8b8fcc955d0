package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/innsigli/innsigli"
)

// Times of transactions.
const (
	writeTime    = 15 * time.Second // a write, its wait for the database included
	readTime     = 5 * time.Second  // no read lives longer: it would keep SQLite's log from being truncated
	rollbackTime = 5 * time.Second
	writeTries   = 5
)

var (
	errRolledBack = errors.New("the database rolled back")
	errClosed     = errors.New("the connection is closed")
	// errNothing ends a transaction in which nothing is to be kept. Callers of write do not see it.
	errNothing = errors.New("nothing to keep")
)

// committing marks the error of a COMMIT.
type committing struct{ error }

func (c committing) Unwrap() error { return c.error }

// judged carries the error of a decision out of a transaction unchanged.
type judged struct{ error }

func (j judged) Unwrap() error { return j.error }

// write runs fn in a transaction, again when another one was in its way. fn has to be repeatable. A client that has
// gone ends the waiting, but never a transaction in its middle.
func (d *DB) write(ctx context.Context, what string, fn func(context.Context, runner) error) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	for try := 1; ; try++ {
		err := d.writeOnce(ctx, fn)
		if err == nil || errors.Is(err, errNothing) {
			return nil
		}
		if j, ok := errors.AsType[judged](err); ok {
			return j.error
		}
		if _, ok := errors.AsType[committing](err); ok && isUnclear(err) {
			return fmt.Errorf("%s: %w: %w", what, innsigli.ErrUnclear, err)
		}
		if try == writeTries || !isRetry(err) || !pause(ctx, try) {
			return translate(what, err)
		}
	}
}

// pause waits a random while that grows with the tries; false when ctx ended before.
func pause(ctx context.Context, try int) bool {
	most := 5 * time.Millisecond << try
	t := time.NewTimer(rand.N(most)) //nolint:gosec // spreads colliding transactions, guards nothing
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (d *DB) writeOnce(ctx context.Context, fn func(context.Context, runner) error) error {
	if d.lite != nil {
		lasting := context.WithoutCancel(ctx)
		return d.group.write(ctx, func(r runner) error { return fn(lasting, r) })
	}
	return withWire(ctx, d.pg, func(c *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
		defer cancel()
		w := &wire{conn: c, begin: pgWrite}
		return w.transact(ctx, func(r runner) error { return fn(ctx, r) })
	})
}

// read runs fn in a transaction that sees one state of the database and changes nothing.
func (d *DB) read(ctx context.Context, what string, fn func(context.Context, runner) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	var err error
	if d.lite != nil {
		err = d.liteRead.with(ctx, func(l *lite) error {
			return l.transact(ctx, func(r runner) error { return fn(ctx, r) })
		})
	} else {
		err = withWire(ctx, d.pg, func(c *pgx.Conn) error {
			w := &wire{conn: c, begin: pgRead}
			return w.transact(ctx, func(r runner) error { return fn(ctx, r) })
		})
	}
	if j, ok := errors.AsType[judged](err); ok {
		return j.error
	}
	return translate(what, err)
}

// get runs a single query on the newest committed state.
func (d *DB) get(ctx context.Context, what, text string, read func(row) error, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	b := batch{{what: what, sql: text, args: args, read: read}}
	if d.lite != nil {
		return translate(what, d.liteRead.with(ctx, func(l *lite) error { return l.run(ctx, b) }))
	}
	return translate(what, withWire(ctx, d.pg, func(c *pgx.Conn) error {
		return (&wire{conn: c, open: true}).run(ctx, b)
	}))
}

// translate is the border: nobody outside sees an error of database/sql's own, and refusals pass as they are.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*innsigli.Error](err); ok {
		return e
	}
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) {
		return errNotFound()
	}
	return fmt.Errorf("%s: %w", what, err)
}

func errNotFound() error {
	return &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is no such thing."}
}

func errNoProcess() error {
	return &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "There is no such signing process."}
}
