package innsiglitest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Receiver is a webhook receiver on loopback that keeps what it is told.
type Receiver struct {
	*script
	srv  *httptest.Server
	tray tray[Request]
	hash bool
}

// Request is what a [Receiver] or a [Gateway] was sent.
type Request struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte // nil for a receiver that only hashes
	Size   int64
	SHA256 string // hex, of the body
	Answer int    // the status that was answered
}

// NewReceiver starts a receiver that answers 200 and ends with the test.
func NewReceiver(tb testing.TB) *Receiver {
	tb.Helper()
	r := &Receiver{script: newScript(http.StatusOK)}
	r.srv = httptest.NewServer(http.HandlerFunc(r.serve))
	tb.Cleanup(r.close)
	return r
}

// HashOnly has bodies hashed and not kept: for measuring memory.
func (r *Receiver) HashOnly() { r.hash = true }

// URL is where events are to be sent.
func (r *Receiver) URL() string { return r.srv.URL + "/hook" }

// Requests are what came so far.
func (r *Receiver) Requests() []Request { return r.tray.list() }

// Wait gives the requests when there are at least n of them.
func (r *Receiver) Wait(tb testing.TB, n int) []Request {
	tb.Helper()
	return r.tray.wait(tb, n)
}

func (r *Receiver) close() {
	r.stop()
	r.srv.Close()
}

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	rec, ok := r.take(w, req, r.hash)
	if ok {
		r.tray.add(rec)
	}
}

// script is what a fake server over HTTP answers, one status after the other, then the usual one for ever.
type script struct {
	mu     sync.Mutex
	next   []int
	usual  int
	target string
	gone   chan struct{}
}

func newScript(usual int) *script { return &script{usual: usual, gone: make(chan struct{})} }

// Hang in a script leaves the request without an answer until the client goes or the test ends.
const Hang = -1

// Answer sets what the next requests are answered. 3xx answers point to the address of [script.RedirectTo].
func (s *script) Answer(codes ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = append(s.next, codes...)
}

// RedirectTo sets the Location of 3xx answers.
func (s *script) RedirectTo(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = url
}

func (s *script) stop() { close(s.gone) }

func (s *script) pop() (code int, target string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.next) == 0 {
		return s.usual, s.target
	}
	code, s.next = s.next[0], s.next[1:]
	return code, s.target
}

// take reads a request and answers it. ok is false when the client broke off.
func (s *script) take(w http.ResponseWriter, req *http.Request, hashOnly bool) (rec Request, ok bool) {
	rec = Request{Method: req.Method, Path: req.URL.Path, Header: req.Header.Clone()}
	h := sha256.New()
	if hashOnly {
		n, err := io.Copy(h, req.Body)
		if err != nil {
			return rec, false
		}
		rec.Size = n
	} else {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return rec, false
		}
		_, _ = h.Write(b)
		rec.Body, rec.Size = b, int64(len(b))
	}
	rec.SHA256 = hex.EncodeToString(h.Sum(nil))
	code, target := s.pop()
	rec.Answer = code
	if code == Hang {
		select {
		case <-req.Context().Done():
		case <-s.gone:
		}
		return rec, true
	}
	if code >= 300 && code < 400 {
		w.Header().Set("Location", target)
	}
	w.WriteHeader(code)
	return rec, true
}

// waitAtMost is how long a test waits for something that ought to come.
const waitAtMost = 2 * time.Minute

// tray keeps things in the order in which they came and lets tests wait for them.
type tray[T any] struct {
	mu    sync.Mutex
	all   []T
	grown chan struct{}
}

func (y *tray[T]) add(v T) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.all = append(y.all, v)
	if y.grown != nil {
		close(y.grown)
		y.grown = nil
	}
}

func (y *tray[T]) list() []T {
	y.mu.Lock()
	defer y.mu.Unlock()
	return append([]T(nil), y.all...)
}

func (y *tray[T]) wait(tb testing.TB, n int) []T {
	tb.Helper()
	late := time.After(waitAtMost)
	for {
		y.mu.Lock()
		have := append([]T(nil), y.all...)
		if y.grown == nil {
			y.grown = make(chan struct{})
		}
		grown := y.grown
		y.mu.Unlock()
		if len(have) >= n {
			return have
		}
		select {
		case <-grown:
		case <-late:
			tb.Fatalf("waited for %d, got %d: %+v", n, len(have), have)
		}
	}
}
