package render

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Way is how a document is written anew.
type Way byte

// The ways of Normalise, each going further than the one before.
const (
	// Rewrite keeps what the catalog reaches and writes it as plain objects behind one cross-reference table.
	Rewrite Way = iota
	// Flatten draws form fields and annotations into their pages first.
	Flatten
	// Rebuild flattens, and then moves the pages into an empty document: nothing else of the old one is left. It is for
	// documents whose structure stays broken when it is kept.
	Rebuild
)

// maxPart is the largest piece in which a child gives a document back.
const maxPart = 256 << 10

// Normalise has PDFium write a document anew, without the encryption of restrictions, and streams the result into w. It
// takes PDFium's word for what a damaged document means. spent is the time that the child worked; it ends with ErrTooHeavy
// when that passes Config.Deadline.
//
// Errors: ErrPassword, ErrUnreadable, ErrTooHeavy, ErrClosed, those of the source, of w and of ctx. After an error w may
// have got a part, which is worth nothing.
func (r *Renderer) Normalise(ctx context.Context, src Source, way Way, w io.Writer) (spent time.Duration, err error) {
	switch {
	case src.Size <= 0:
		return 0, fmt.Errorf("empty document: %w", ErrUnreadable)
	case src.Size > MaxDocument:
		return 0, fmt.Errorf("%d bytes: %w", src.Size, ErrTooHeavy)
	}
	ctx, end, err := r.depart(ctx, src.Group)
	if err != nil {
		return 0, err
	}
	defer end()
	out := &counting{w: w}
	for range 3 {
		spent, err = r.rewrite(ctx, src, way, out)
		// A child that was killed for another document's sake, or died by itself, says nothing about this one: once more,
		// unless w has got something already.
		again := errors.Is(err, errTaken) || errors.Is(err, errLost)
		if !again || out.n > 0 {
			break
		}
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, ErrStart):
	case errors.Is(err, errLost):
		err = fmt.Errorf("render child died: %w", ErrTooHeavy)
	}
	return spent, err
}

// depart enters work that nobody else can wait for among the flights, so that Close and Drop end it.
func (r *Renderer) depart(ctx context.Context, group string) (context.Context, func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.refused(group); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	f := &flight{group: group, cancel: cancel, done: make(chan struct{})}
	r.running[f] = struct{}{}
	r.wg.Add(1)
	return ctx, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		cancel(nil)
		delete(r.running, f)
		close(f.done)
		r.wg.Done()
	}, nil
}

func (r *Renderer) rewrite(ctx context.Context, src Source, way Way, w io.Writer) (time.Duration, error) {
	c, err := r.checkout(ctx, src)
	if err != nil {
		return 0, err
	}
	defer r.release(c)
	start := time.Now() //nolint:forbidigo // only how long something took counts
	if !r.holds(c, src) {
		if err := r.load(ctx, c, src); err != nil {
			return time.Since(start), err
		}
	}
	defer r.unload(c) // the child closes it: what was flattened is another document
	// Reading the source is not the child's time; it cannot be told apart here, so at most half is charged.
	return c.rewrite(ctx, way, min(time.Since(start), c.cfg.Deadline/2), w)
}

// rewrite asks for the open document written anew. The deadline holds for the child's time, not for that of w.
func (c *child) rewrite(ctx context.Context, way Way, spent time.Duration, w io.Writer) (time.Duration, error) {
	c.jobs++
	buf := make([]byte, maxPart)
	defer clear(buf)
	err := c.within(func() error {
		if err := writeFrame(c.in, opRewrite, query{Way: way}, 0); err != nil {
			return c.broken(err)
		}
		return nil
	})
	for done := false; err == nil && !done; {
		if ctx.Err() != nil {
			return spent, errors.Join(context.Cause(ctx), c.broken(context.Cause(ctx)))
		}
		var n int
		start := time.Now() //nolint:forbidigo // only how long something took counts
		n, done, err = c.part(max(c.cfg.Deadline-spent, time.Millisecond), buf)
		spent += time.Since(start)
		if err != nil || done {
			break
		}
		if _, err := w.Write(buf[:n]); err != nil {
			c.kill(nil) // it stands in the middle of an answer, through no fault of its own
			return spent, fmt.Errorf("normalised document: %w", err)
		}
	}
	return spent, err
}

// part reads the next piece of a document into buf; done says that there is none.
func (c *child) part(within time.Duration, buf []byte) (n int, done bool, err error) {
	defer c.limit(within)()
	f, err := readFrame(c.read)
	switch {
	case err != nil:
		return 0, false, c.broken(err)
	case f.op == opError:
		return 0, false, refusalError(f.header)
	case f.op == opResult && f.size == 0:
		return 0, true, nil
	case f.op != opPart || f.size > int64(len(buf)):
		return 0, false, c.broken(errors.New("unknown answer"))
	}
	n, err = io.ReadFull(c.read, buf[:f.size])
	if err != nil {
		return 0, false, c.broken(err)
	}
	return n, false, nil
}

// counting counts what it lets through.
type counting struct {
	w io.Writer
	n int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err //nolint:wrapcheck // a writer between two of the same
}
