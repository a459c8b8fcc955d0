package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// How soon SQLite's write-ahead log is truncated after a key was deleted: soon enough that "done within 10 s" holds with
// room to spare, late enough that many deletions share one truncation.
const (
	eraseDelay = 2 * time.Second
	eraseRetry = 20 * time.Millisecond
	eraseTime  = 30 * time.Second
)

// eraser truncates SQLite's write-ahead log after a key was deleted. The deletion itself zeroes the bytes in the pages
// (secure_delete); the log still holds the pages as they were until it is truncated.
type eraser struct {
	w   *litePool
	log *slog.Logger

	mu    sync.Mutex
	asked int           // requests so far
	done  int           // requests that a truncation has covered
	next  chan struct{} // closed and replaced when done grows
	wake  chan struct{}
	hurry chan struct{} // somebody waits
	quit  chan struct{}
	ended chan struct{}
}

func newEraser(w *litePool, log *slog.Logger) *eraser {
	e := &eraser{
		w: w, log: log,
		next: make(chan struct{}), wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go e.loop()
	return e
}

// request asks for a truncation of what is in the log now. It does not wait.
func (e *eraser) request() {
	if e == nil {
		return
	}
	e.mu.Lock()
	e.asked++
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *eraser) loop() {
	defer close(e.ended)
	for {
		select {
		case <-e.wake:
			select {
			case <-time.After(eraseDelay):
			case <-e.hurry:
			case <-e.quit:
			}
		case <-e.quit:
			e.sweep()
			return
		}
		e.sweep()
	}
}

// sweep covers every request made before it began.
func (e *eraser) sweep() {
	e.mu.Lock()
	upTo := e.asked
	e.mu.Unlock()
	if upTo == e.covered() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), eraseTime)
	defer cancel()
	if err := e.truncate(ctx); err != nil {
		e.log.Error("write-ahead log could not be truncated", "error", err)
		select {
		case e.wake <- struct{}{}: // again
		default:
		}
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = max(e.done, upTo)
	close(e.next)
	e.next = make(chan struct{})
}

func (e *eraser) covered() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.done
}

// truncate tries until no reader is in the way.
func (e *eraser) truncate(ctx context.Context) error {
	for {
		busy, err := e.checkpoint(ctx)
		if err != nil || !busy {
			return err
		}
		select {
		case <-time.After(eraseRetry):
		case <-ctx.Done():
			return fmt.Errorf("readers are in the way: %w", ctx.Err())
		}
	}
}

// checkpoint runs on the writing connection, so that writers queue for it instead of polling for its lock; it waits for
// readers only briefly, since writers wait behind it.
func (e *eraser) checkpoint(ctx context.Context) (busy bool, err error) {
	err = e.w.with(ctx, func(l *lite) error {
		var b, pages, moved int64
		ctx := context.WithoutCancel(ctx)
		// This pragma takes effect when it is compiled, so it must not be a kept statement.
		if _, err := l.conn.ExecContext(ctx, "pragma busy_timeout = 50"); err != nil {
			return err
		}
		err := l.run(ctx, batch{{what: "checkpoint", sql: "pragma wal_checkpoint(truncate)", read: into(&b, &pages, &moved)}})
		busy = b != 0
		if isRetry(err) {
			busy, err = true, nil
		}
		_, after := l.conn.ExecContext(ctx, "pragma busy_timeout = 10000")
		return errors.Join(err, after)
	})
	return busy, err
}

// flush waits until everything requested so far is done.
func (e *eraser) flush(ctx context.Context) error {
	e.mu.Lock()
	want := e.asked
	e.mu.Unlock()
	for {
		e.mu.Lock()
		done, next := e.done >= want, e.next
		e.mu.Unlock()
		if done {
			return nil
		}
		select {
		case e.hurry <- struct{}{}:
		default:
		}
		select {
		case <-next:
		case <-e.ended:
			return errors.New("store is closed")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *eraser) stop() {
	close(e.quit)
	<-e.ended
}

// Flush waits until nothing of a key deleted so far is left in the database's files. On PostgreSQL there is nothing to
// wait for: its log is its own, and what remains there of a wrapped key is unreadable from the next rotation on.
func (d *DB) Flush(ctx context.Context) error {
	if d.eraser == nil {
		return nil
	}
	return d.eraser.flush(ctx)
}
