package innsigli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
)

// fakeStore is a store with one process. A method whose func is not set must not be called: the embedded interface is
// nil.
type fakeStore struct {
	Store
	decide   func(ctx context.Context, t Target, d Decision) (Facts, Change, error)
	facts    func(ctx context.Context, t Target) (Facts, error)
	key      func(ctx context.Context, p ProcessKey) (WrappedKey, error)
	held     func(ctx context.Context, p ProcessKey) (WrappedKey, error)
	countTry func(t Token, now time.Time) (Challenge, bool, error)
	flows    []Flow
	hooks    []Webhook
	create   func(n NewProcess) (ProcessKey, string, error)
	blobs    func(p ProcessKey) ([]string, error)
	activity func(q ActivityQuery) ([]Activity, error)

	mu    sync.Mutex
	calls []string
	at    []Target
}

func (*fakeStore) Addressed(context.Context, CompanyKey, time.Time) ([]Addressed, error) {
	return nil, nil
}

func (s *fakeStore) note(call string, t Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls, s.at = append(s.calls, call), append(s.at, t)
}

func (s *fakeStore) Decide(ctx context.Context, t Target, d Decision) (Facts, Change, error) {
	s.note("Decide", t)
	return s.decide(ctx, t, d)
}

func (s *fakeStore) Facts(ctx context.Context, t Target) (Facts, error) {
	s.note("Facts", t)
	return s.facts(ctx, t)
}

func (s *fakeStore) Key(ctx context.Context, p ProcessKey) (WrappedKey, error) {
	s.note("Key", Target{Process: p})
	return s.key(ctx, p)
}

func (s *fakeStore) HeldKey(ctx context.Context, p ProcessKey) (WrappedKey, error) {
	s.note("HeldKey", Target{Process: p})
	return s.held(ctx, p)
}

func (s *fakeStore) CountTry(_ context.Context, t Token, now time.Time) (Challenge, bool, error) {
	s.note("CountTry", Target{Token: t})
	return s.countTry(t, now)
}

func (s *fakeStore) Flows(context.Context, CompanyKey) ([]Flow, error)    { return s.flows, nil }
func (s *fakeStore) Webhooks(context.Context, FlowKey) ([]Webhook, error) { return s.hooks, nil }

func (s *fakeStore) Create(_ context.Context, n NewProcess) (ProcessKey, string, error) {
	s.note("Create", Target{Process: n.Process.Key})
	return s.create(n)
}

func (s *fakeStore) Blobs(_ context.Context, p ProcessKey) ([]string, error) {
	s.note("Blobs", Target{Process: p})
	return s.blobs(p)
}

func (s *fakeStore) Activity(_ context.Context, _ CompanyKey, q ActivityQuery) ([]Activity, error) {
	s.note("Activity", Target{Process: q.Process})
	return s.activity(q)
}

// holding makes a store that judges f as a real one would: the company has to be the process's, and a change is kept in
// f.
func holding(f *Facts) *fakeStore {
	s := &fakeStore{}
	find := func(t Target) error {
		byToken := t.Process == "" && t.Token != "" && t.Token == f.Challenge.Token
		if !byToken && t.Process != f.Process.Key || t.Company != "" && t.Company != f.Process.Company {
			return refuse(NotFound, "NotFound", "none")
		}
		return nil
	}
	s.decide = func(_ context.Context, t Target, d Decision) (Facts, Change, error) {
		if err := find(t); err != nil {
			return Facts{}, Change{}, err
		}
		c, err := d(*f)
		if err != nil {
			return *f, Change{}, err
		}
		judged := *f
		keep(f, c)
		return judged, c, nil
	}
	s.facts = func(_ context.Context, t Target) (Facts, error) { return *f, find(t) }
	gone := refuse(NotFound, "NotFound", "no key")
	s.key = func(context.Context, ProcessKey) (WrappedKey, error) {
		if f.Process.State.Ended() {
			return WrappedKey{}, gone
		}
		return WrappedKey{Bytes: make([]byte, 32)}, nil
	}
	s.held = func(context.Context, ProcessKey) (WrappedKey, error) {
		if !f.Held {
			return WrappedKey{}, gone
		}
		return WrappedKey{Bytes: make([]byte, 32)}, nil
	}
	return s
}

// keep writes into the facts what the tests look at afterwards.
func keep(f *Facts, c Change) {
	if c.State != 0 {
		f.Process.State, f.Process.EndedBy, f.Process.EndedAt = c.State, c.EndedBy, f.Now
	}
	f.Held = f.Held && c.Key != HoldDestroyed || c.Key == KeyHeld
	signees := append([]Signee(nil), f.Process.Signees...)
	for i := range signees {
		if len(c.Sign) > 0 && c.Sign[0].Signee == signees[i].Key {
			signees[i].SignedAt = c.Sign[0].At
		}
	}
	f.Process.Signees = signees
}

// fakePages notes what is dropped and draws one picture.
type fakePages struct {
	mu      sync.Mutex
	dropped []ProcessKey
	image   func() ([]byte, error)
}

func (p *fakePages) Drop(k ProcessKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropped = append(p.dropped, k)
}

func (p *fakePages) Sizes(context.Context, PageSource) ([]PageSize, error) { return nil, nil }

func (p *fakePages) Image(context.Context, PageSource, int, int) ([]byte, error) { return p.image() }

func (p *fakePages) Text(context.Context, PageSource, int) ([]TextSpan, error) { return nil, nil }

// fakeNormaliser writes what it reads, or fails.
type fakeNormaliser struct {
	calls  []Rewriting
	worked time.Duration
	fail   func(call int) error
}

func (n *fakeNormaliser) Normalise(ctx context.Context, src PageSource, how Rewriting, w io.Writer) (time.Duration, error) {
	n.calls = append(n.calls, how)
	if n.fail != nil {
		if err := n.fail(len(n.calls)); err != nil {
			return n.worked, err
		}
	}
	r, err := src.Open(ctx)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(w, io.NewSectionReader(r, 0, r.Size()))
	return n.worked, errors.Join(err, r.Close())
}

// fakeBlob is an open blob of the bytes.
type fakeBlob struct {
	*bytes.Reader
	closed bool
}

func (b *fakeBlob) Close() error { b.closed = true; return nil }

// fakeBlobs notes deletions, and keeps what is written.
type fakeBlobs struct {
	deleted []string
	fail    error
	open    func(id string) (BlobReader, error)
	made    *fakeWriter
	count   int
}

func (b *fakeBlobs) Create(context.Context, DataKey) (BlobWriter, error) {
	b.count++
	b.made = &fakeWriter{id: fmt.Sprintf("new%d", b.count)}
	return b.made, nil
}

func (b *fakeBlobs) Open(_ context.Context, id string, _ DataKey) (BlobReader, error) {
	return b.open(id)
}

func (b *fakeBlobs) Delete(_ context.Context, id string) error {
	if b.fail != nil {
		return b.fail
	}
	b.deleted = append(b.deleted, id)
	return nil
}

type fakeWriter struct {
	bytes.Buffer

	id        string
	n         int64
	committed bool
}

func (w *fakeWriter) Write(p []byte) (int, error)  { w.n += int64(len(p)); return w.Buffer.Write(p) }
func (w *fakeWriter) ID() string                   { return w.id }
func (w *fakeWriter) Size() int64                  { return w.n }
func (w *fakeWriter) SHA256() string               { return shownSHA256 }
func (w *fakeWriter) Commit(context.Context) error { w.committed = true; return nil }
func (w *fakeWriter) Abort()                       {}

// openKeys wraps nothing.
type openKeys struct{}

func (openKeys) Wrap(plain []byte, _ string) (WrappedKey, error) {
	return WrappedKey{Bytes: plain}, nil
}
func (openKeys) Unwrap(w WrappedKey, _ string) ([]byte, error) { return w.Bytes, nil }

// oneCode says the same code for every token.
type oneCode string

func (c oneCode) Code(Token) string { return string(c) }

func (c oneCode) Admission(text string) []byte {
	h := sha256.Sum256([]byte(string(c) + text))
	return h[:]
}

// service is a Service on a store, whose pages and kicks can be looked at.
func service(t *testing.T, st Store) (s *Service, pages *fakePages, kicks *int) {
	t.Helper()
	pages, kicks = &fakePages{}, new(int)
	return &Service{
		Store: st, Pages: pages, Blobs: &fakeBlobs{}, Normaliser: &fakeNormaliser{}, Keys: openKeys{}, Identity: oneCode("123456"),
		Now: func() time.Time { return testNow }, Kick: func() { *kicks++ },
		Log: slog.New(slog.DiscardHandler), ExpireAfter: 30 * 24 * time.Hour,
	}, pages, kicks
}

func testCaller() Caller {
	return Caller{Company: Company{Key: testCompany, Name: "Acme ehf.", Email: officeMail}, KeyName: testKeyName}
}

func TestClockGivesUTCInWholeMicroseconds(t *testing.T) {
	zone := time.FixedZone("somewhere", 5*3600)
	got := Clock(func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678_901_999, zone) })()
	if want := time.Date(2026, 1, 1, 22, 4, 5, 678_901_000, time.UTC); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAfterDropsPagesWhenTheKeyGoesAndKicksWhenThereAreJobs(t *testing.T) {
	for name, tc := range map[string]struct {
		change      Change
		drops, kick int
	}{
		"nothing":             {},
		"key destroyed":       {Change{Key: KeyDestroyed}, 1, 0},
		"key held":            {Change{Key: KeyHeld}, 1, 0},
		"hold destroyed":      {Change{Key: HoldDestroyed}, 0, 0},
		"jobs":                {Change{Jobs: []Job{{Kind: JobSeal}}}, 0, 1},
		"canceled with mails": {Change{Key: KeyDestroyed, Jobs: []Job{{}, {}}}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s, pages, kicks := service(t, nil)
			s.After(testProcess, tc.change)
			if len(pages.dropped) != tc.drops || *kicks != tc.kick {
				t.Errorf("dropped %v, kicked %d; want %d and %d", pages.dropped, *kicks, tc.drops, tc.kick)
			}
		})
	}
}

// settleQueue answers a settlement.
type settleQueue struct {
	Queue
	c   Change
	err error
}

func (q settleQueue) Settle(context.Context, Job, Outcome, Decision) (Change, error) {
	return q.c, q.err
}

func TestSettlingFollowsAKeptChangeAndOnlyThat(t *testing.T) {
	job := Job{Kind: JobExpire, Process: testProcess}
	change := Change{Key: KeyDestroyed, Jobs: []Job{{Kind: JobPurge}}}

	s, pages, kicks := service(t, nil)
	if _, err := s.Settling(settleQueue{c: change}).Settle(t.Context(), job, Outcome{State: JobDone}, nil); err != nil {
		t.Fatal(err)
	}
	if len(pages.dropped) != 1 || *kicks != 1 {
		t.Errorf("kept: dropped %v, kicked %d", pages.dropped, *kicks)
	}

	s, pages, kicks = service(t, nil)
	_, err := s.Settling(settleQueue{c: change, err: ErrLost}).Settle(t.Context(), job, Outcome{State: JobDone}, nil)
	if !errors.Is(err, ErrLost) {
		t.Errorf("error %v, want ErrLost", err)
	}
	if len(pages.dropped) != 0 || *kicks != 0 {
		t.Errorf("lost: dropped %v, kicked %d", pages.dropped, *kicks)
	}
}

// failKey is a reading of keys that fails.
func failKey(err error) func(context.Context, ProcessKey) (WrappedKey, error) {
	return func(context.Context, ProcessKey) (WrappedKey, error) { return WrappedKey{}, err }
}

func blobOf(b []byte) *fakeBlob { return &fakeBlob{Reader: bytes.NewReader(b)} }

// onePage is a PDF of one empty A4 page.
func onePage() []byte { return pagesOf(1) }

// pagesOf is a PDF of n empty A4 pages.
func pagesOf(n int) []byte {
	var kids strings.Builder
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Length 4 >>\nstream\nq Q\n\nendstream"}
	for range n {
		fmt.Fprintf(&kids, " %d 0 R", len(objects)+1)
		objects = append(objects, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 3 0 R >>")
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s ] /Count %d >>", &kids, n)
	return handmade.PDF(objects...)
}
