package render

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// child is the server's end of a child process. One request at a time talks to it; kill may come from anywhere.
type child struct {
	cfg  Config
	cmd  *exec.Cmd
	in   *os.File // to the child
	out  *os.File // from the child
	read *bufio.Reader
	gone chan struct{} // closed when the process has ended and its memory is free
	fate atomic.Pointer[fate]

	// Guarded by the lock of the Renderer.
	key, group string // the open document; key is "" without one
	before     string // while a document is being loaded: the group of the one before
	documents  int
	rest       *time.Timer

	jobs int // of the request that has the child
}

// fate is why a child was killed.
type fate struct{ cause error }

// spawn starts a child process with nothing but its two pipes.
func spawn(cfg Config) (*child, error) {
	childIn, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	out, childOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("pipe: %w", err), childIn.Close(), in.Close())
	}
	argv := append(append([]string{}, cfg.Command...), cfg.CacheDir)
	// Not bound to a request: a child outlives it. Its end is Close, idleness, or a limit.
	cmd := exec.CommandContext(context.Background(), argv[0], argv[1:]...) //nolint:gosec // our own binary, from Config
	cmd.Env = []string{}
	cmd.Stdin, cmd.Stdout = childIn, childOut
	cmd.SysProcAttr = childAttributes()
	err = cmd.Start()
	closing := errors.Join(childIn.Close(), childOut.Close())
	if err = errors.Join(err, closing); err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	return &child{cfg: cfg, cmd: cmd, in: in, out: out, read: bufio.NewReader(out), gone: make(chan struct{})}, nil
}

// wait returns when the process has ended. Pending reads and writes on its pipes end by themselves.
func (c *child) wait() {
	err := c.cmd.Wait()
	if c.fate.Load() == nil && err != nil {
		c.cfg.Log.Warn("render child died", slog.String("state", c.cmd.ProcessState.String()))
	}
	_, _ = c.in.Close(), c.out.Close()
}

// kill ends the process at once. The first cause stays; nil is the end of a child that is not needed any more.
func (c *child) kill(cause error) {
	if c.fate.CompareAndSwap(nil, &fate{cause}) && errors.Is(cause, ErrTooHeavy) {
		c.cfg.Log.Warn("render child killed", slog.String("cause", cause.Error()))
	}
	_ = c.cmd.Process.Kill() // the only failure is that it has ended
}

// doomed says whether the child has been killed, though it may not have ended yet.
func (c *child) doomed() bool { return c.fate.Load() != nil }

// broken ends a child with which the talk went wrong, and says why it did.
func (c *child) broken(err error) error {
	c.kill(errLost)
	<-c.gone
	if f := c.fate.Load(); f.cause != nil && !errors.Is(f.cause, errLost) {
		return f.cause
	}
	return fmt.Errorf("%w: %w", errLost, err)
}

// greet waits for the child's greeting; a first start compiles before it.
func (c *child) greet() error {
	defer c.limit(startDeadline)()
	f, err := readFrame(c.read)
	if err != nil {
		return c.broken(err)
	}
	if f.op == opError {
		return refusalError(f.header)
	}
	var g greeting
	if err := json.Unmarshal(f.header, &g); err != nil || f.op != opHello || g.Version != wireVersion {
		return errors.New("greeting of another program")
	}
	return nil
}

// open streams a document to the child. The deadline holds for each step of the child, not for the source.
func (c *child) open(ctx context.Context, src io.ReaderAt, size int64) error {
	if err := c.within(func() error { return writeFrame(c.in, opOpen, query{}, size) }); err != nil {
		return c.broken(err)
	}
	buf := make([]byte, 64<<10)
	defer clear(buf)
	for off := int64(0); off < size; {
		part := buf[:min(int64(len(buf)), size-off)]
		n, err := src.ReadAt(part, off)
		if ctx.Err() != nil {
			return errors.Join(context.Cause(ctx), c.broken(context.Cause(ctx)))
		}
		if n < len(part) {
			// The child waits for the rest, so it cannot be kept. Not its fault, and not to be tried again.
			c.kill(nil)
			return fmt.Errorf("source: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		if err := c.within(func() error { _, err := c.in.Write(part); return err }); err != nil {
			return c.broken(err)
		}
		off += int64(n)
	}
	return c.within(func() error {
		_, err := c.answer(0)
		return err
	})
}

// ask puts one question about the open document.
func (c *child) ask(op byte, q query, limit int64) ([]byte, error) {
	c.jobs++
	var body []byte
	err := c.within(func() error {
		if err := writeFrame(c.in, op, q, 0); err != nil {
			return c.broken(err)
		}
		var err error
		body, err = c.answer(limit)
		return err
	})
	return body, err
}

// answer reads the answer to a question. An error that is not errLost or the child's fate came from a child in order.
func (c *child) answer(limit int64) ([]byte, error) {
	f, err := readFrame(c.read)
	if err != nil {
		return nil, c.broken(err)
	}
	switch f.op {
	case opResult:
		body, err := readBody(c.read, f.size, limit)
		if err != nil {
			return nil, c.broken(err)
		}
		return body, nil
	case opError:
		return nil, refusalError(f.header)
	default:
		return nil, c.broken(errors.New("unknown answer"))
	}
}

// within does something under the limits of one request.
func (c *child) within(do func() error) error {
	defer c.limit(c.cfg.Deadline)()
	return do()
}

// limit kills the child after some time, or when it takes too much memory, unless the returned function is called first.
func (c *child) limit(d time.Duration) (stop func()) {
	done := make(chan struct{})
	var guard sync.WaitGroup
	guard.Go(func() {
		deadline, look := time.NewTimer(d), time.NewTicker(watchEvery)
		defer deadline.Stop()
		defer look.Stop()
		for {
			select {
			case <-done:
				return
			case <-deadline.C:
				c.kill(fmt.Errorf("over %v: %w", d, ErrTooHeavy))
				return
			case <-look.C:
				if n := resident(c.cmd.Process.Pid); n > c.cfg.MaxResident {
					c.kill(fmt.Errorf("%d MB resident: %w", n>>20, ErrTooHeavy))
					return
				}
			}
		}
	})
	return func() {
		close(done)
		guard.Wait() // a kill that comes late must not hit the next request unseen
	}
}
