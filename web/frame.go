package web

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// Observer is told of every request when it is over; the metrics. route is the pattern, never the path.
type Observer func(method, route string, status int, took time.Duration)

// Frame is what every request goes through: an id, headers that every answer carries, recovery, one line in the log.
type Frame struct {
	Log     *slog.Logger
	Now     func() time.Time
	Observe Observer
}

type requestKey struct{}

// RequestID names the request in the log and in the text of a failure; empty outside of the frame.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

// Wrap puts the frame around the router.
func (f *Frame) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := f.Now()
		rc := chi.NewRouteContext()
		ctx := context.WithValue(r.Context(), requestKey{}, strings.ToLower(rand.Text()[:12]))
		ctx = context.WithValue(ctx, chi.RouteCtxKey, rc)
		r = r.WithContext(innsigli.WithAccess(ctx, accessTokens(r)...))
		r.Body = body{r.Body}
		rw := &recorder{ResponseWriter: w}
		h := rw.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		defer func() {
			p := recover()
			f.over(rw, r, rc, begin, p)
			if p != nil && errors.Is(asError(p), http.ErrAbortHandler) {
				panic(http.ErrAbortHandler) // net/http's own word for "break the connection off"
			}
		}()
		if encoded := r.Header.Get("Content-Encoding"); encoded != "" && !strings.EqualFold(encoded, "identity") {
			writeEncoded(rw)
			return
		}
		next.ServeHTTP(rw, fold(r))
	})
}

// BrokenBodyError is a body that cannot be read to its end: it is shorter than was said, or its chunks are none, or it
// comes too slowly. That is the client's doing, unlike a disk that does not take it.
type BrokenBodyError struct{ Cause error }

// Error names the cause.
func (e *BrokenBodyError) Error() string { return "read body: " + e.Cause.Error() }

// Unwrap gives what the connection said.
func (e *BrokenBodyError) Unwrap() error { return e.Cause }

// body tells the errors of a connection from all others that happen while a body is read.
type body struct{ io.ReadCloser }

// Read reads from the body of the request.
func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &BrokenBodyError{err}
	}
	return n, err
}

func asError(p any) error {
	err, _ := p.(error)
	return err
}

// over logs and counts a request that is finished, and answers one whose handler panicked.
func (f *Frame) over(rw *recorder, r *http.Request, rc *chi.Context, begin time.Time, p any) {
	route := rc.RoutePattern()
	if route == "" {
		route = "none"
	}
	if p != nil && !errors.Is(asError(p), http.ErrAbortHandler) {
		f.Log.ErrorContext(r.Context(), "handler panicked", "request", RequestID(r.Context()), "route", route, "panic", p)
		if rw.status == 0 {
			WriteError(rw, r, errors.New("panic"))
		}
	}
	took := f.Now().Sub(begin)
	f.Log.DebugContext(r.Context(), "request", "request", RequestID(r.Context()), "method", r.Method, "route", route,
		"status", rw.code(), "ms", took.Milliseconds())
	if f.Observe != nil {
		f.Observe(r.Method, route, rw.code(), took)
	}
}

// Handle makes an http.HandlerFunc of a handler that returns its error. Errors are answered as ErrorResponse.
func (f *Frame) Handle(h HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		route := chi.RouteContext(r.Context()).RoutePattern()
		if rw, ok := w.(*recorder); ok && rw.status != 0 {
			// Too late for an answer: the client must see that what it got is not whole.
			logFailure(f.Log, r, route, http.StatusInternalServerError, err)
			panic(http.ErrAbortHandler)
		}
		status := WriteError(w, r, err)
		logFailure(f.Log, r, route, status, err)
	}
}

// fold lets every route be reached with and without /api, in any letter case, with a slash at its end
// (facts/wire.md C2). Keys are lower-case hex, so folding them too lets a shouted link work.
func fold(r *http.Request) *http.Request {
	p := strings.ToLower(r.URL.Path)
	if len(p) > 1 {
		p = strings.TrimRight(p, "/")
	}
	if p == "/api" || strings.HasPrefix(p, "/api/") {
		p = p[len("/api"):]
	}
	if p == "" {
		p = "/"
	}
	chi.RouteContext(r.Context()).RoutePath = p
	return r
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write notes that an answer has begun.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
