package render

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// checkout gives a child for a document: one that has it open, else an empty one, else a new one, else the one that has
// been idle longest. It waits until one is free. The caller releases it.
func (r *Renderer) checkout(ctx context.Context, src Source) (*child, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		<-r.slots
		return nil, context.Cause(ctx)
	}
	if c := r.pick(src); c != nil {
		return c, nil
	}
	r.total++
	return r.startFor(ctx)
}

// pick takes an idle child off the list, nil when a new one should be started. The caller holds the lock.
func (r *Renderer) pick(src Source) *child {
	r.idle = slices.DeleteFunc(r.idle, (*child).doomed) // killed, but not off the books yet
	best := slices.IndexFunc(r.idle, func(c *child) bool { return c.key == src.Key && c.group == src.Group })
	if best < 0 {
		best = slices.IndexFunc(r.idle, func(c *child) bool { return c.key == "" })
	}
	if best < 0 && r.total >= r.cfg.MaxChildren && len(r.idle) > 0 {
		best = 0
	}
	if best < 0 {
		return nil
	}
	c := r.idle[best]
	r.idle = slices.Delete(r.idle, best, best+1)
	c.rest.Stop()
	return c
}

// startFor starts a child and waits for it. A caller that leaves early does not end the start: it may be the one that
// compiles. The caller holds the lock, which is given back meanwhile.
func (r *Renderer) startFor(ctx context.Context) (*child, error) {
	type started struct {
		c   *child
		err error
	}
	ready := make(chan started)
	r.wg.Go(func() {
		c, err := r.start()
		select {
		case ready <- started{c, err}:
		case <-ctx.Done():
			if err != nil {
				<-r.slots
				return
			}
			r.release(c)
		}
	})
	r.mu.Unlock()
	defer r.mu.Lock()
	select {
	case s := <-ready:
		if s.err != nil {
			<-r.slots
		}
		return s.c, s.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// start starts a child that total already counts, and waits until it is ready.
func (r *Renderer) start() (*child, error) {
	select {
	case r.gate <- struct{}{}:
	case <-r.closing:
		r.uncount()
		return nil, ErrClosed
	}
	defer func() { <-r.gate }()
	c, err := spawn(r.cfg)
	if err != nil {
		r.uncount()
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	r.mu.Lock()
	r.children[c] = struct{}{}
	if r.closed {
		c.kill(ErrClosed)
	}
	r.wg.Go(func() { r.bid(c) })
	r.mu.Unlock()
	if err := c.greet(); err != nil {
		c.kill(err)
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	return c, nil
}

func (r *Renderer) uncount() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total--
}

// bid waits for the end of a child and takes it off the books.
func (r *Renderer) bid(c *child) {
	c.wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total--
	delete(r.children, c)
	r.idle = slices.DeleteFunc(r.idle, func(other *child) bool { return other == c })
	close(c.gone)
}

// release gives a child back.
func (r *Renderer) release(c *child) {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { <-r.slots }()
	select {
	case <-c.gone:
		return
	default:
	}
	if c.doomed() {
		return
	}
	if r.closed || c.documents >= r.cfg.Recycle || c.jobs >= maxJobs {
		c.kill(nil)
		return
	}
	r.idle = append(r.idle, c)
	c.rest = time.AfterFunc(r.cfg.IdleAfter, func() { r.retire(c) })
}

// retire ends a child that is still idle.
func (r *Renderer) retire(c *child) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(r.idle, c); i >= 0 {
		r.idle = slices.Delete(r.idle, i, i+1)
		c.kill(nil)
	}
}

// holds says whether a child has the document open.
func (r *Renderer) holds(c *child, src Source) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return c.key == src.Key && c.group == src.Group
}

// unload notes that a child has closed its document. Its group stays noted, so that Drop still ends it.
func (r *Renderer) unload(c *child) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.key = ""
}

// load gives a child another document. Until it has answered it belongs to both groups, so that Drop finds it.
func (r *Renderer) load(ctx context.Context, c *child, src Source) error {
	bytes, closer, err := src.Open(ctx)
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	if closer != nil {
		defer closer.Close() //nolint:errcheck // only read
	}
	r.mu.Lock()
	if ctx.Err() != nil {
		r.mu.Unlock()
		return context.Cause(ctx)
	}
	c.before, c.group, c.key = c.group, src.Group, ""
	c.documents++
	r.mu.Unlock()
	if err := c.open(ctx, bytes, src.Size); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.before, c.key = "", src.Key
	return nil
}
