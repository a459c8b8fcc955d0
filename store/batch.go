package store

import (
	"context"
	"fmt"
)

// row is a row being read, of either database.
type row interface{ Scan(dest ...any) error }

// stmt is one statement of a batch.
type stmt struct {
	what string // a short noun phrase for errors
	sql  string
	args []any
	read func(row) error // for each row; nil: the statement returns none
	once bool            // exactly one row must be affected, else something is wrong that a decision cannot see
}

// batch is a run of statements that do not need each other's results. PostgreSQL gets it in one round trip, which is
// what a verb's time consists of there.
type batch []stmt

// exec adds a statement that may affect any number of rows.
func (b *batch) exec(what, text string, args ...any) {
	*b = append(*b, stmt{what: what, sql: text, args: args})
}

// must adds a statement that has to affect exactly one row.
func (b *batch) must(what, text string, args ...any) {
	*b = append(*b, stmt{what: what, sql: text, args: args, once: true})
}

// query adds a statement whose rows are read.
func (b *batch) query(what, text string, read func(row) error, args ...any) {
	*b = append(*b, stmt{what: what, sql: text, args: args, read: read})
}

// into reads a row into dest.
func into(dest ...any) func(row) error { return func(r row) error { return r.Scan(dest...) } }

// runner runs batches in a transaction.
type runner interface {
	run(ctx context.Context, b batch) error
}

// one runs a single query.
func one(ctx context.Context, r runner, what, text string, read func(row) error, args ...any) error {
	return r.run(ctx, batch{{what: what, sql: text, args: args, read: read}})
}

func errAffected(n int64) error {
	return fmt.Errorf("affected %d rows instead of one", n)
}
