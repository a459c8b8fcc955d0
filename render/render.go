// Package render shows PDF pages: their sizes, images of them, and their text with its places.
//
// The work is done by PDFium, compiled to WebAssembly, in child processes of the same binary (see ChildMain). A document
// is foreign code in all but name, so a child has an empty environment, no files, hard limits, and holds one document at
// a time; whatever a document does to its child, the server only sees a typed error. The server itself never starts the
// WebAssembly engine: its memory stays its own.
//
// Nothing is written to disk but the compilation cache, which is code. What is kept in memory can be dropped by group
// (see Renderer.Drop), which is how a canceled process stops being visible.
package render

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

var (
	// ErrDropped ends calls for a group that was dropped while they ran or less than a minute before.
	ErrDropped = errors.New("document was dropped")
	// ErrTooHeavy means that a document or page asks for more time or memory than a child is given, or breaks its child.
	ErrTooHeavy = errors.New("document is too heavy to show")
	// ErrUnreadable means that PDFium cannot open the document or the page: damaged, encrypted, no PDF at all.
	ErrUnreadable = errors.New("document is unreadable")
	// ErrPassword means that nobody can open the document without a password; it is an ErrUnreadable too.
	ErrPassword = fmt.Errorf("password needed: %w", ErrUnreadable)
	// ErrNoPage means that the document has no page of that number.
	ErrNoPage = errors.New("no such page")
	// ErrStart means that no child can be started: the fault is the machine's or the installation's.
	ErrStart = errors.New("start of a render child")
	// ErrClosed ends calls on a Renderer that is closed.
	ErrClosed = errors.New("renderer is closed")
)

const (
	// MaxPages is the number of pages a document may have; more is ErrTooHeavy.
	MaxPages = 2000
	// MaxDocument is the size in bytes a document may have; more is ErrTooHeavy.
	MaxDocument = 128 << 20

	startDeadline = 2 * time.Minute * raceSlowdown // a first start compiles PDFium: 3 to 5 s on an idle machine, far more on a busy one
	heavyFor      = 2 * time.Minute                // how long a refusal for weight is remembered
	tombstone     = time.Minute                    // how long a dropped group stays refused: longer than any request that knew it
	cacheBytes    = 32 << 20                       // images and texts kept ready
	maxJobs       = 1000                           // requests answered by one child before it is replaced
	maxImageBody  = 40 << 20                       // the largest PNG: maxPixels of noise, three bytes each, and some
	maxTextBody   = 8 << 20                        // the largest text layer as JSON
	maxInfoBody   = 256 << 10                      // the page sizes of MaxPages pages as JSON
	watchEvery    = 100 * time.Millisecond
)

// widths are the steps that image widths are rounded up to, so that a window dragged wider does not draw every pixel of
// the way, and equal requests meet in the cache.
var widths = []int{240, 480, 800, 1200, 1600, 2400}

// Config says how children run. The zero value of each field but CacheDir means its default.
type Config struct {
	Command     []string      // argv of a child, CacheDir is appended; default this very binary with "render-child"
	CacheDir    string        // folder of the compilation cache, made when missing; must not be writable by others
	MaxChildren int           // children at work at once; default the number of cores
	IdleAfter   time.Duration // an idle child ends after it; default 60 s
	Deadline    time.Duration // wall time of one request, without start and reading of the source; default 5 s
	MaxResident int64         // resident bytes a child may have, watched on Linux only; default 512 MB
	Recycle     int           // documents opened by one child before it is replaced; default 100
	Log         *slog.Logger  // killed children are logged here, without anything of the document; default none
}

// Source is a document to show.
type Source struct {
	Key   string // identity of the bytes: equal keys of a group have equal bytes
	Group string // what Drop works on: the process
	Size  int64  // length in bytes
	// Open gives the bytes; the closer may be nil. Reads must end when ctx is done, because Drop waits for them. Equal
	// calls share one Open, which may outlast the call it came with.
	Open func(ctx context.Context) (io.ReaderAt, io.Closer, error)
}

// Renderer draws documents in children. Its methods may be called concurrently.
type Renderer struct {
	cfg     Config
	slots   chan struct{} // one token for each request that has or waits for a child of its own
	gate    chan struct{} // one start at a time: of two compilations one would be for nothing
	closing chan struct{}
	wg      sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	total    int // children that live or are being started
	children map[*child]struct{}
	idle     []*child // longest idle first
	flights  map[ticket]*flight
	running  map[*flight]struct{} // includes those nobody waits for any more
	dropped  map[string]*time.Timer
	cache    cache
	heavy    heavies
}

// New makes a Renderer; no child is started yet.
func New(cfg Config) (*Renderer, error) {
	if cfg.CacheDir == "" {
		return nil, errors.New("no folder for the compilation cache")
	}
	dir, err := filepath.Abs(cfg.CacheDir)
	if err != nil {
		return nil, fmt.Errorf("compilation cache: %w", err)
	}
	cfg.CacheDir = dir
	if len(cfg.Command) == 0 {
		self, err := selfPath()
		if err != nil {
			return nil, fmt.Errorf("path of this program: %w", err)
		}
		cfg.Command = []string{self, "render-child"}
	}
	cfg.MaxChildren = orDefault(cfg.MaxChildren, runtime.GOMAXPROCS(0))
	cfg.IdleAfter = orDefault(cfg.IdleAfter, time.Minute)
	cfg.Deadline = orDefault(cfg.Deadline, 5*time.Second)
	cfg.MaxResident = orDefault(cfg.MaxResident, 512<<20)
	cfg.Recycle = orDefault(cfg.Recycle, 100)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Renderer{
		cfg:      cfg,
		slots:    make(chan struct{}, cfg.MaxChildren),
		gate:     make(chan struct{}, 1),
		closing:  make(chan struct{}),
		children: map[*child]struct{}{},
		flights:  map[ticket]*flight{},
		running:  map[*flight]struct{}{},
		dropped:  map[string]*time.Timer{},
		cache:    cache{limit: cacheBytes},
	}, nil
}

// orDefault reads a value that is not positive as not set.
func orDefault[T int | int64 | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Prime fills the compilation cache: a child is started, compiles PDFium if need be, and ends. It takes about 5 s on an
// empty cache and 0.1 s otherwise; requests made meanwhile wait for it. The end of ctx ends the wait, not the priming.
func (r *Renderer) Prime(ctx context.Context) error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return ErrClosed
	}
	r.total++
	done := make(chan error, 1)
	r.wg.Go(func() {
		c, err := r.start()
		if err == nil {
			c.kill(nil)
			<-c.gone
		}
		done <- err
	})
	r.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close kills the children, ends running calls with ErrClosed and waits for all of it.
func (r *Renderer) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.closing)
	}
	for f := range r.running {
		f.cancel(ErrClosed)
	}
	for c := range r.children {
		c.kill(ErrClosed)
	}
	for _, t := range r.dropped {
		t.Stop()
	}
	r.cache.drop(func(ticket) bool { return true })
	r.mu.Unlock()
	r.wg.Wait()
}

// Drop forgets a group: its images and texts are wiped, children that hold a document of it are killed, and running
// calls for it end with ErrDropped. When Drop returns all of that has happened, and for a minute new calls for the group
// are refused with ErrDropped too, so that a request which read its permission a moment ago brings nothing back.
// What earlier calls returned is theirs.
func (r *Renderer) Drop(group string) {
	var ends []chan struct{}
	r.mu.Lock()
	if !r.closed {
		r.bury(group)
	}
	r.cache.drop(func(t ticket) bool { return t.group == group })
	r.heavy.drop(group)
	for f := range r.running {
		if f.group == group {
			f.cancel(ErrDropped)
			ends = append(ends, f.done)
		}
	}
	for c := range r.children {
		if c.group == group || c.before == group {
			c.kill(errTaken)
			ends = append(ends, c.gone)
		}
	}
	r.mu.Unlock()
	for _, end := range ends {
		<-end
	}
}

// bury refuses a group for the time of its tombstone. The caller holds the lock.
func (r *Renderer) bury(group string) {
	if old := r.dropped[group]; old != nil {
		old.Stop()
	}
	var mine *time.Timer
	mine = time.AfterFunc(tombstone, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.dropped[group] == mine {
			delete(r.dropped, group)
		}
	})
	r.dropped[group] = mine
}

// step rounds an image width up to the next of widths.
func step(width int) int {
	i, _ := slices.BinarySearch(widths, width)
	return widths[min(i, len(widths)-1)]
}
