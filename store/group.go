package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// groupSize is how many writes share one COMMIT of SQLite at most: enough that the disk is not what they wait for, few
// enough that the first does not wait long for the last.
const groupSize = 32

var errGroup = errors.New("the group's transaction was rolled back")

// grouped is a write that waits for a transaction.
type grouped struct {
	fn   func(runner) error
	done chan error // gets the one answer
}

// panicked carries a panic of a decision from the goroutine that ran it to the one that asked for it.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// group lets writes that come at the same time share a transaction and so the wait for the disk, each in a savepoint of
// its own. Whoever gets the writing connection leads: it runs all that wait. Nobody is answered before the COMMIT, and
// what becomes of it is the answer of all: an unclear one is unclear to each.
type group struct {
	pool *litePool

	mu      sync.Mutex
	waiting []*grouped
}

// write runs fn in a transaction, alone or with others. ctx ends only the waiting for it.
func (g *group) write(ctx context.Context, fn func(runner) error) error {
	err := g.answer(ctx, fn)
	if p, ok := errors.AsType[panicked](err); ok {
		panic(p.value)
	}
	return err
}

func (g *group) answer(ctx context.Context, fn func(runner) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &grouped{fn: fn, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.mu.Unlock()
	for {
		select {
		case err := <-w.done:
			return err
		case l := <-g.pool.free:
			g.lead(ctx, l)
			g.pool.free <- l
		case <-ctx.Done():
			if g.withdraw(w) {
				return ctx.Err()
			}
			return <-w.done // it is being run
		}
	}
}

func (g *group) withdraw(w *grouped) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, w)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	return i >= 0
}

func (g *group) take() []*grouped {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), groupSize)
	some := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	return some
}

// lead runs what waits.
func (g *group) lead(ctx context.Context, l *lite) {
	some := g.take()
	if len(some) == 0 {
		return
	}
	errs := make([]error, len(some))
	if err := l.connect(ctx, g.pool.db); err != nil {
		fill(errs, err)
	} else {
		runGroup(l, some, errs)
	}
	for i, w := range some {
		w.done <- errs[i]
	}
}

// runGroup runs writes in one transaction and notes what became of each. Statements get a context without a Done
// channel: the driver would start a goroutine for each to watch it, and a verb is never broken off in its middle.
func runGroup(l *lite, some []*grouped, errs []error) {
	ctx := context.Background()
	if len(some) == 1 {
		errs[0] = l.transact(ctx, some[0].fn)
		return
	}
	if err := l.exec(ctx, l.begin); err != nil {
		fill(errs, fmt.Errorf("begin: %w", err))
		return
	}
	kept := len(some) // the first that is to be kept
	for i, w := range some {
		whole, err := l.savepoint(ctx, w.fn)
		if errs[i] = err; err == nil {
			kept = min(kept, i)
		}
		if !whole {
			l.rollback(ctx)
			spoil(errs, kept, errGroup)
			return
		}
	}
	if kept == len(some) {
		l.rollback(ctx)
		return
	}
	if err := l.exec(ctx, "commit"); err != nil {
		l.rollback(ctx)
		spoil(errs, kept, committing{err})
	}
}

// spoil gives err to all whose writes are lost, and to all that came after the first of them: they may have judged by
// what is not true now. One that found a process canceled by its neighbour must not say so when that cancel was lost.
func spoil(errs []error, kept int, err error) {
	fill(errs, err)
	for i := kept; i < len(errs); i++ {
		if _, ok := errors.AsType[panicked](errs[i]); !ok {
			errs[i] = err
		}
	}
}

// fill gives err to all that have none of their own.
func fill(errs []error, err error) {
	for i := range errs {
		if errs[i] == nil {
			errs[i] = err
		}
	}
}

// savepoint runs one write of a group. whole is false when the transaction around it is lost too, as after some errors of
// the disk.
func (l *lite) savepoint(ctx context.Context, fn func(runner) error) (whole bool, err error) {
	if err := l.exec(ctx, "savepoint w"); err != nil {
		return false, err
	}
	if err := safely(l, fn); err != nil {
		return l.exec(ctx, "rollback to w") == nil && l.exec(ctx, "release w") == nil, err
	}
	if err := l.exec(ctx, "release w"); err != nil {
		return false, err
	}
	return true, nil
}

// safely turns a panic of a decision into an error, so that it takes neither the others of the group with it nor leaves
// the connection inside a transaction.
func safely(r runner, fn func(runner) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked{p}
		}
	}()
	return fn(r)
}
