package innsiglitest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/innsigli/innsigli"
)

// ErrInjected is what a call fails with that was told to.
var ErrInjected = errors.New("injected failure")

// Faults makes the n-th call of everything it wraps fail, once. The zero value makes none fail and counts.
type Faults struct {
	mu    sync.Mutex
	nth   int
	after bool
	calls int
	hit   string
}

// Arm has the n-th call from now fail: before it does anything, or, when after is set, after it has done its work, with
// an answer that says that the outcome is unclear.
func (f *Faults) Arm(n int, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nth, f.after, f.calls, f.hit = n, after, 0, ""
}

// Hit names the call that failed since Arm; empty when none did.
func (f *Faults) Hit() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hit
}

// step counts a call. It returns an error for the call to fail with at once, or says that it has to fail afterwards.
func (f *Faults) step(name string) (now error, later bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.calls != f.nth {
		return nil, false
	}
	f.hit = name
	if f.after {
		return nil, true
	}
	return fmt.Errorf("%s: %w", name, ErrInjected), false
}

// Step is for wrappers of other packages' interfaces: it fails before anything is done.
func (f *Faults) Step(name string) error {
	err, later := f.step(name)
	if later {
		return fmt.Errorf("%s: %w", name, ErrInjected)
	}
	return err
}

func unclear(name string) error {
	return fmt.Errorf("%s: %w: %w", name, innsigli.ErrUnclear, ErrInjected)
}

// FaultyStore is a store whose calls can fail.
type FaultyStore struct {
	innsigli.Store
	F *Faults
}

// read runs a call that changes nothing.
func read[T any](f *Faults, name string, call func() (T, error)) (T, error) {
	err, later := f.step(name)
	if err != nil || later {
		var none T
		return none, fmt.Errorf("%s: %w", name, ErrInjected)
	}
	return call()
}

// Authenticate may fail.
func (s FaultyStore) Authenticate(ctx context.Context, c innsigli.CompanyKey, h [32]byte) (innsigli.Caller, error) {
	return read(s.F, "Authenticate", func() (innsigli.Caller, error) { return s.Store.Authenticate(ctx, c, h) })
}

// Addressed may fail.
func (s FaultyStore) Addressed(ctx context.Context, c innsigli.CompanyKey, since time.Time) ([]innsigli.Addressed, error) {
	return read(s.F, "Addressed", func() ([]innsigli.Addressed, error) { return s.Store.Addressed(ctx, c, since) })
}

// Retention may fail.
func (s FaultyStore) Retention(ctx context.Context, c innsigli.CompanyKey) (innsigli.Retention, error) {
	return read(s.F, "Retention", func() (innsigli.Retention, error) { return s.Store.Retention(ctx, c) })
}

// Embeds may fail.
func (s FaultyStore) Embeds(ctx context.Context, origin string) (bool, error) {
	return read(s.F, "Embeds", func() (bool, error) { return s.Store.Embeds(ctx, origin) })
}

// Create may fail, before or after.
func (s FaultyStore) Create(ctx context.Context, n innsigli.NewProcess) (innsigli.ProcessKey, string, error) {
	err, later := s.F.step("Create")
	if err != nil {
		return "", "", err
	}
	p, h, err := s.Store.Create(ctx, n)
	if err == nil && later {
		return "", "", unclear("Create")
	}
	return p, h, err
}

// Decide may fail, before or after.
func (s FaultyStore) Decide(ctx context.Context, t innsigli.Target, d innsigli.Decision) (innsigli.Facts, innsigli.Change, error) {
	err, later := s.F.step("Decide")
	if err != nil {
		return innsigli.Facts{}, innsigli.Change{}, err
	}
	f, c, err := s.Store.Decide(ctx, t, d)
	if err == nil && later {
		return innsigli.Facts{}, innsigli.Change{}, unclear("Decide")
	}
	return f, c, err
}

// Facts may fail.
func (s FaultyStore) Facts(ctx context.Context, t innsigli.Target) (innsigli.Facts, error) {
	return read(s.F, "Facts", func() (innsigli.Facts, error) { return s.Store.Facts(ctx, t) })
}

// CountTry may fail, before or after.
func (s FaultyStore) CountTry(ctx context.Context, t innsigli.Token, now time.Time) (innsigli.Challenge, bool, error) {
	err, later := s.F.step("CountTry")
	if err != nil {
		return innsigli.Challenge{}, false, err
	}
	ch, ok, err := s.Store.CountTry(ctx, t, now)
	if err == nil && later {
		return innsigli.Challenge{}, false, unclear("CountTry")
	}
	return ch, ok, err
}

// Key may fail.
func (s FaultyStore) Key(ctx context.Context, p innsigli.ProcessKey) (innsigli.WrappedKey, error) {
	return read(s.F, "Key", func() (innsigli.WrappedKey, error) { return s.Store.Key(ctx, p) })
}

// HeldKey may fail.
func (s FaultyStore) HeldKey(ctx context.Context, p innsigli.ProcessKey) (innsigli.WrappedKey, error) {
	return read(s.F, "HeldKey", func() (innsigli.WrappedKey, error) { return s.Store.HeldKey(ctx, p) })
}

// Blobs may fail.
func (s FaultyStore) Blobs(ctx context.Context, p innsigli.ProcessKey) ([]string, error) {
	return read(s.F, "Blobs", func() ([]string, error) { return s.Store.Blobs(ctx, p) })
}

// Activity may fail.
func (s FaultyStore) Activity(ctx context.Context, c innsigli.CompanyKey, q innsigli.ActivityQuery) ([]innsigli.Activity, error) {
	return read(s.F, "Activity", func() ([]innsigli.Activity, error) { return s.Store.Activity(ctx, c, q) })
}

// Flows may fail.
func (s FaultyStore) Flows(ctx context.Context, c innsigli.CompanyKey) ([]innsigli.Flow, error) {
	return read(s.F, "Flows", func() ([]innsigli.Flow, error) { return s.Store.Flows(ctx, c) })
}

// Webhooks may fail.
func (s FaultyStore) Webhooks(ctx context.Context, f innsigli.FlowKey) ([]innsigli.Webhook, error) {
	return read(s.F, "Webhooks", func() ([]innsigli.Webhook, error) { return s.Store.Webhooks(ctx, f) })
}

// FaultyQueue is an outbox whose calls can fail.
type FaultyQueue struct {
	innsigli.Queue
	F *Faults
}

// Wanted may fail.
func (q FaultyQueue) Wanted(ctx context.Context, j innsigli.Job) (bool, error) {
	return read(q.F, "Wanted", func() (bool, error) { return q.Queue.Wanted(ctx, j) })
}

// Settle may fail, before or after.
func (q FaultyQueue) Settle(ctx context.Context, j innsigli.Job, o innsigli.Outcome, d innsigli.Decision) (innsigli.Change, error) {
	err, later := q.F.step("Settle " + string(j.Kind))
	if err != nil {
		return innsigli.Change{}, err
	}
	c, err := q.Queue.Settle(ctx, j, o, d)
	if err == nil && later {
		return innsigli.Change{}, unclear("Settle")
	}
	return c, err
}

// FaultyBlobs is a blob store whose calls can fail.
type FaultyBlobs struct {
	innsigli.Blobs
	F *Faults
}

// Create may fail, and so may what is done with the writer.
func (b FaultyBlobs) Create(ctx context.Context, key innsigli.DataKey) (innsigli.BlobWriter, error) {
	w, err := read(b.F, "Blobs.Create", func() (innsigli.BlobWriter, error) { return b.Blobs.Create(ctx, key) })
	if err != nil {
		return nil, err
	}
	return faultyWriter{w, b.F}, nil
}

// Open may fail.
func (b FaultyBlobs) Open(ctx context.Context, id string, key innsigli.DataKey) (innsigli.BlobReader, error) {
	return read(b.F, "Blobs.Open", func() (innsigli.BlobReader, error) { return b.Blobs.Open(ctx, id, key) })
}

// Delete may fail.
func (b FaultyBlobs) Delete(ctx context.Context, id string) error {
	if err := b.F.Step("Blobs.Delete"); err != nil {
		return err
	}
	return b.Blobs.Delete(ctx, id)
}

type faultyWriter struct {
	innsigli.BlobWriter
	f *Faults
}

func (w faultyWriter) Write(p []byte) (int, error) {
	if err := w.f.Step("Blobs.Write"); err != nil {
		return 0, err
	}
	return w.BlobWriter.Write(p)
}

func (w faultyWriter) Commit(ctx context.Context) error {
	if err := w.f.Step("Blobs.Commit"); err != nil {
		return err
	}
	return w.BlobWriter.Commit(ctx)
}
