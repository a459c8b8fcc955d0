package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// flight is one piece of work under way, and those who wait for it.
type flight struct {
	group   string
	waiters map[chan outcome]struct{}
	cancel  context.CancelCauseFunc
	done    chan struct{} // closed when nothing of the work is left in memory
}

type outcome struct {
	body []byte
	err  error
}

var (
	errLost  = errors.New("render child died")       // for a reason of its own
	errTaken = errors.New("render child was killed") // because of a group that was dropped
)

// do answers a ticket from the cache, from work under way, or by new work.
func (r *Renderer) do(ctx context.Context, src Source, t ticket) ([]byte, error) {
	switch {
	case src.Size <= 0:
		return nil, fmt.Errorf("empty document: %w", ErrUnreadable)
	case src.Size > MaxDocument:
		return nil, fmt.Errorf("%d bytes: %w", src.Size, ErrTooHeavy)
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	r.mu.Lock()
	if err := r.refused(t.group); err != nil {
		r.mu.Unlock()
		return nil, err
	}
	if body, ok := r.cache.get(t); ok {
		r.mu.Unlock()
		return body, nil
	}
	if err := r.heavy.refused(t, time.Now()); err != nil { //nolint:forbidigo // only how long something took counts
		r.mu.Unlock()
		return nil, err
	}
	f := r.flights[t]
	if f == nil {
		f = r.launch(ctx, src, t)
	}
	mine := make(chan outcome, 1)
	f.waiters[mine] = struct{}{}
	r.mu.Unlock()
	return r.await(ctx, f, t, mine)
}

// await waits for a flight. The last who leaves early ends it.
func (r *Renderer) await(ctx context.Context, f *flight, t ticket, mine chan outcome) ([]byte, error) {
	select {
	case o := <-mine:
		r.mu.Lock()
		defer r.mu.Unlock()
		// A Drop between the end of the work and this line has returned already: nothing may come out after it.
		if err := r.refused(t.group); err != nil {
			clear(o.body)
			return nil, err
		}
		return o.body, o.err
	case <-ctx.Done():
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(f.waiters, mine)
		if len(f.waiters) == 0 {
			f.cancel(context.Canceled)
			r.forget(t, f)
		}
		return nil, context.Cause(ctx)
	}
}

// refused says why nothing may be done for a group. The caller holds the lock.
func (r *Renderer) refused(group string) error {
	if r.closed {
		return ErrClosed
	}
	if _, ok := r.dropped[group]; ok {
		return ErrDropped
	}
	return nil
}

// forget keeps later calls from joining a flight. The caller holds the lock.
func (r *Renderer) forget(t ticket, f *flight) {
	if r.flights[t] == f {
		delete(r.flights, t)
	}
}

// launch starts the work for a ticket. It lives as long as someone waits, not only the first. The caller holds the lock.
func (r *Renderer) launch(first context.Context, src Source, t ticket) *flight {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(first))
	f := &flight{group: t.group, waiters: map[chan outcome]struct{}{}, cancel: cancel, done: make(chan struct{})}
	r.flights[t] = f
	r.running[f] = struct{}{}
	r.wg.Go(func() {
		defer cancel(nil)
		body, err := r.perform(ctx, src, t)
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx) // a killed child is how it ended, this is why
		}
		r.land(t, f, outcome{body, err})
	})
	return f
}

// land hands out the outcome of a flight, a copy for each.
func (r *Renderer) land(t ticket, f *flight, o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refused(t.group); err != nil {
		clear(o.body)
		o = outcome{err: err}
	}
	for w := range f.waiters {
		w <- outcome{bytes.Clone(o.body), o.err}
	}
	if errors.Is(o.err, ErrTooHeavy) {
		r.heavy.note(t, time.Now()) //nolint:forbidigo // only how long something took counts
	}
	if o.err == nil {
		r.cache.put(t, o.body)
		clear(o.body)
	}
	r.forget(t, f)
	delete(r.running, f)
	close(f.done)
}

// perform has a child answer. When the child was killed for the document it held before, another is taken; when it died
// by itself, which may be the fault of this document or of the machine, one other is tried.
func (r *Renderer) perform(ctx context.Context, src Source, t ticket) ([]byte, error) {
	for lost := 0; lost < 2; {
		body, err := r.attempt(ctx, src, t)
		switch {
		case ctx.Err() != nil:
			return body, err
		case errors.Is(err, errTaken):
		case errors.Is(err, errLost):
			if lost++; lost == 2 && errors.Is(err, ErrStart) {
				return body, err // the machine's fault, which is not remembered of the document
			}
		default:
			return body, err
		}
	}
	return nil, fmt.Errorf("two render children died: %w", ErrTooHeavy)
}

func (r *Renderer) attempt(ctx context.Context, src Source, t ticket) ([]byte, error) {
	c, err := r.checkout(ctx, src)
	if err != nil {
		return nil, err
	}
	defer r.release(c)
	if !r.holds(c, src) {
		if err := r.load(ctx, c, src); err != nil {
			return nil, err
		}
	}
	limit := int64(maxInfoBody)
	switch t.op {
	case opImage:
		limit = maxImageBody
	case opText:
		limit = maxTextBody
	default:
	}
	body, err := c.ask(t.op, query{Page: t.page, Width: t.width}, limit)
	if err != nil && !errors.Is(err, ErrNoPage) {
		r.unload(c) // the child closed it
	}
	return body, err
}
