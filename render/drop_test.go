package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestDropEndsARunningRender(t *testing.T) {
	r := renderer(t, "hanging-child", func(c *Config) { c.Deadline = time.Minute })
	src := source("a", written(t, "one"))
	errs := make(chan error, 3)
	for i := range 3 { // two wait for one answer, the third for another or for a child
		go func() { _, err := r.Image(t.Context(), src, 1+i/2, 480); errs <- err }()
	}
	for { // until a child holds the document
		r.mu.Lock()
		held := false
		for c := range r.children {
			held = held || c.key == src.Key
		}
		r.mu.Unlock()
		if held {
			break
		}
		time.Sleep(time.Millisecond)
	}
	r.Drop("a")
	for range 3 {
		select {
		case err := <-errs:
			if !errors.Is(err, ErrDropped) {
				t.Errorf("%v, want ErrDropped", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a call lives on after Drop")
		}
	}
}

func TestDropEndsACallThatStillReadsItsSource(t *testing.T) {
	r := renderer(t, "render-child")
	src := source("a", written(t, "one"))
	reading := make(chan struct{})
	src.Open = func(ctx context.Context) (io.ReaderAt, io.Closer, error) {
		return readerAt(func([]byte, int64) (int, error) {
			close(reading)
			<-ctx.Done()
			return 0, ctx.Err()
		}), nil, nil
	}
	errs := make(chan error, 1)
	go func() { _, err := r.Info(t.Context(), src); errs <- err }()
	<-reading
	r.Drop("a")
	if err := <-errs; !errors.Is(err, ErrDropped) {
		t.Errorf("%v, want ErrDropped", err)
	}
}

func TestAfterDropNothingIsKeptAndNothingComesBack(t *testing.T) {
	r := renderer(t, "render-child", func(c *Config) { c.MaxChildren = 2 })
	gone, stays := source("gone", written(t, "one")), source("stays", written(t, "one"))
	for _, src := range []Source{gone, stays} {
		if _, err := r.Image(t.Context(), src, 1, 480); err != nil {
			t.Fatal(err)
		}
	}
	r.mu.Lock()
	var kept []byte
	for el := r.cache.order.Front(); el != nil; el = el.Next() {
		if e := r.cache.at(el); e.ticket.group == "gone" {
			kept = e.body
		}
	}
	pids := map[string]int{}
	for c := range r.children {
		pids[c.group] = c.cmd.Process.Pid
	}
	r.mu.Unlock()
	r.Drop("gone")
	if len(kept) == 0 || len(bytes.Trim(kept, "\x00")) != 0 {
		t.Errorf("the kept image was not wiped (%d bytes)", len(kept))
	}
	if err := processEnded(pids["gone"]); err != nil {
		t.Error(err)
	}
	if _, err := r.Image(t.Context(), gone, 1, 480); !errors.Is(err, ErrDropped) {
		t.Errorf("a dropped group came back: %v", err)
	}
	stays.Open = nil // must still be open in its child
	if _, err := r.Text(t.Context(), stays, 1); err != nil {
		t.Errorf("another group suffers: %v", err)
	}
}

// processEnded looks in /proc where there is one.
func processEnded(pid int) error {
	if resident(os.Getpid()) > 0 && resident(pid) > 0 {
		return fmt.Errorf("process %d lives", pid)
	}
	return nil
}

func TestDropOfADocumentBeingReplacedReachesItsChild(t *testing.T) {
	r := renderer(t, "render-child", func(c *Config) { c.MaxChildren = 1 })
	if _, err := r.Info(t.Context(), source("old", written(t, "one"))); err != nil {
		t.Fatal(err)
	}
	// The next document comes slowly: the child still has the old one when that is dropped.
	pdf := []byte(strings.Repeat(" ", 100_000) + string(written(t, "two")))
	src := source("new", pdf)
	half, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	src.Open = func(context.Context) (io.ReaderAt, io.Closer, error) {
		return readerAt(func(p []byte, off int64) (int, error) {
			if off > 0 {
				once.Do(func() { close(half); <-goOn })
			}
			return bytes.NewReader(pdf).ReadAt(p, off)
		}), nil, nil
	}
	errs := make(chan error, 1)
	go func() { _, err := r.Image(t.Context(), src, 1, 480); errs <- err }()
	<-half
	r.mu.Lock()
	var c *child
	for c = range r.children {
	}
	r.mu.Unlock()
	r.Drop("old")
	if !c.doomed() {
		t.Error("the child with the old document lives")
	}
	close(goOn)
	if err := <-errs; err != nil && !errors.Is(err, ErrUnreadable) {
		t.Errorf("the new document suffers: %v", err)
	}
}

type readerAt func([]byte, int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }

func TestCallerWhoLeavesDoesNotTakeTheOthersAlong(t *testing.T) {
	r := renderer(t, "render-child")
	src := source("a", written(t, "one"))
	reading, goOn := make(chan struct{}, 2), make(chan struct{})
	open := src.Open
	src.Open = func(ctx context.Context) (io.ReaderAt, io.Closer, error) {
		reading <- struct{}{}
		<-goOn
		return open(ctx)
	}
	first, leave := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	go func() { _, err := r.Info(first, src); errs <- err }()
	<-reading
	go func() { _, err := r.Info(t.Context(), src); errs <- err }()
	for joined := 0; joined < 2; {
		r.mu.Lock()
		for f := range r.running {
			joined = len(f.waiters)
		}
		r.mu.Unlock()
	}
	leave()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
	close(goOn)
	if err := <-errs; err != nil {
		t.Errorf("the second caller suffers: %v", err)
	}
}

func TestDropCloseAndCallsAtOnce(t *testing.T) {
	r := renderer(t, "render-child")
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for n := range 4 {
				src := source(fmt.Sprintf("g%d-%d", i%3, n), written(t, "one"))
				_, err := r.Image(t.Context(), src, 1, 480)
				if err != nil && !errors.Is(err, ErrDropped) && !errors.Is(err, ErrClosed) {
					t.Errorf("%d: %v", n, err)
				}
				if i%2 == 0 {
					r.Drop(src.Group)
				}
				if i == 5 && n == 3 {
					r.Close()
				}
			}
		})
	}
	wg.Wait()
}
