package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pki"
)

var ownPolicy = asn1.ObjectIdentifier{1, 2, 3, 4}

// tsa is a time-stamping authority of others. Its fault may change the request that it answers, what it states, the
// token it made and the answer it sends.
type tsa struct {
	member  *member
	request func(*cms.TimestampRequest)
	stamp   func(*cms.Stamp)
	token   func([]byte) []byte
	answer  func(http.ResponseWriter, []byte)
	asked   atomic.Int64
	last    atomic.Pointer[cms.TimestampRequest]
}

func (a *tsa) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	body, _ := io.ReadAll(r.Body)
	q, err := cms.ParseTimestampRequest(body)
	if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" || r.Method != http.MethodPost {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	a.last.Store(q)
	if a.request != nil {
		a.request(q)
	}
	st := cms.Stamp{Time: today, Policy: ownPolicy, Serial: big.NewInt(1)}
	if a.stamp != nil {
		a.stamp(&st)
	}
	answer, err := a.make(r.Context(), q, st)
	if err != nil {
		answer, _ = cms.RefuseTimestamp(err)
	}
	if a.answer != nil {
		a.answer(w, answer)
		return
	}
	_, _ = w.Write(answer)
}

func (a *tsa) make(ctx context.Context, q *cms.TimestampRequest, st cms.Stamp) ([]byte, error) {
	token, err := cms.NewToken(ctx, q, st, a.member.key, []*x509.Certificate{a.member.cert}, cms.Options{})
	if err != nil {
		return nil, err
	}
	if a.token != nil {
		token = a.token(token)
	}
	return cms.GrantTimestamp(token)
}

func serve(tb testing.TB, h http.Handler) string {
	tb.Helper()
	s := httptest.NewServer(h)
	tb.Cleanup(s.Close)
	return s.URL
}

// clock is a clock to be set.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock() *clock {
	c := &clock{}
	c.set(today)
	return c
}

func (c *clock) set(t time.Time) { c.at.Store(&t) }
func (c *clock) now() time.Time  { return *c.at.Load() }

func timestamper(tb testing.TB, c *clock, timeout time.Duration, sources ...pki.TSA) *pki.Timestamper {
	tb.Helper()
	t, err := pki.NewTimestamper(pki.TimestamperOptions{ClientOptions: pki.ClientOptions{Now: c.now, Timeout: timeout}, TSAs: sources})
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

var content = sha256.Sum256([]byte("content"))

func TestATimestampIsHad(t *testing.T) {
	root := enrol(t, 0, nil, "Root", isAuthority)
	a := &tsa{member: enrol(t, 1, root, "TSA", isFor(8))}
	source := pki.TSA{URL: serve(t, a), Policy: ownPolicy, Anchors: []*x509.Certificate{root.cert}}
	ts := timestamper(t, newClock(), time.Minute, source)
	token, err := ts.Timestamp(t.Context(), crypto.SHA256, content[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Matches(crypto.SHA256, content[:]); err != nil || !token.Time.Equal(today) || !token.Signer.Equal(a.member.cert) {
		t.Errorf("%v, %+v", err, token)
	}
	q := a.last.Load()
	if q.Nonce == nil || q.Nonce.BitLen() < 64 || !q.Certs || !q.Policy.Equal(ownPolicy) {
		t.Errorf("asked %+v", q)
	}
	if _, err := ts.Timestamp(t.Context(), crypto.SHA256, content[:]); err != nil || a.last.Load().Nonce.Cmp(q.Nonce) == 0 {
		t.Errorf("the nonce came twice: %v", err)
	}
}

// TestNoTimestampIsBetterThanAWrongOne plants every fault that an authority may have. Nothing is returned, the error
// says why, and an authority behind it takes over.
func TestNoTimestampIsBetterThanAWrongOne(t *testing.T) {
	root := enrol(t, 0, nil, "Root", isAuthority)
	good := enrol(t, 1, root, "TSA", isFor(8))
	sameSerial := func(c *x509.Certificate) { c.SerialNumber = good.cert.SerialNumber }
	swap := func(to *member) func([]byte) []byte {
		return func(raw []byte) []byte { return forge(t, raw, good, to) }
	}
	stranger := enrol(t, 2, nil, "Stranger", isAuthority)
	for name, c := range map[string]struct {
		a    *tsa
		want string
	}{
		"wrong nonce": {&tsa{request: func(q *cms.TimestampRequest) { q.Nonce = big.NewInt(5) }}, "another nonce"},
		"no nonce":    {&tsa{request: func(q *cms.TimestampRequest) { q.Nonce = nil }}, "another nonce"},
		"wrong hash":  {&tsa{request: func(q *cms.TimestampRequest) { q.Digest = make([]byte, 32) }}, "something else"},
		"other hash":  {&tsa{request: func(q *cms.TimestampRequest) { q.Hash, q.Digest = crypto.SHA384, make([]byte, 48) }}, "something else"},
		"wrong policy": {&tsa{
			request: func(q *cms.TimestampRequest) { q.Policy = nil },
			stamp:   func(s *cms.Stamp) { s.Policy = asn1.ObjectIdentifier{1, 2, 9} },
		}, "has policy 1.2.9"},
		"refused":      {&tsa{stamp: func(s *cms.Stamp) { s.Policy = asn1.ObjectIdentifier{1, 2, 9} }}, "unacceptedPolicy"},
		"no cert":      {&tsa{request: func(q *cms.TimestampRequest) { q.Certs = false }}, "malformed set"},
		"wrong EKU":    {&tsa{token: swap(enrol(t, 1, root, "TSA", isFor(1), sameSerial))}, "not for time-stamping alone"},
		"expired":      {&tsa{token: swap(enrol(t, 1, root, "TSA", isFor(8), sameSerial, func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Hour) }))}, "not valid at that time"},
		"expired just": {&tsa{member: enrol(t, 1, root, "TSA", isFor(8), func(c *x509.Certificate) { c.NotAfter = today.Add(-time.Minute) }), stamp: func(s *cms.Stamp) { s.Time = today.Add(-2 * time.Minute) }}, "has expired"},
		"other signer": {&tsa{token: func(raw []byte) []byte {
			return bytes.ReplaceAll(raw, good.cert.Raw, enrol(t, 1, root, "TSB", isFor(8), sameSerial).cert.Raw)
		}}, "signing certificate is another one"},
		"no anchor":  {&tsa{member: enrol(t, 1, stranger, "TSA", isFor(8))}, "does not lead to an anchor"},
		"early":      {&tsa{stamp: func(s *cms.Stamp) { s.Time = today.Add(-10 * time.Minute) }}, "too far from our clock"},
		"late":       {&tsa{stamp: func(s *cms.Stamp) { s.Time = today.Add(10 * time.Minute) }}, "too far from our clock"},
		"broken":     {&tsa{token: func(raw []byte) []byte { raw[len(raw)-1] ^= 1; return raw }}, "does not match"},
		"status 500": {&tsa{answer: func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusInternalServerError) }}, "HTTP status 500"},
		"not DER":    {&tsa{answer: func(w http.ResponseWriter, _ []byte) { _, _ = w.Write([]byte("<html>")) }}, "DER"},
		"empty":      {&tsa{answer: func(http.ResponseWriter, []byte) {}}, "value is missing"},
		"trailing":   {&tsa{answer: func(w http.ResponseWriter, b []byte) { _, _ = w.Write(append(b, 5, 0)) }}, "surplus"},
		"half":       {&tsa{answer: func(w http.ResponseWriter, b []byte) { _, _ = w.Write(b[:len(b)/2]) }}, "DER"},
		"huge":       {&tsa{answer: func(w http.ResponseWriter, _ []byte) { _, _ = w.Write(make([]byte, cms.MaxSize+1)) }}, "larger than"},
		"slow":       {&tsa{answer: func(http.ResponseWriter, []byte) { time.Sleep(time.Second) }}, "deadline"},
		"cut":        {&tsa{answer: func(http.ResponseWriter, []byte) { panic(http.ErrAbortHandler) }}, "EOF"},
		"sent around": {&tsa{answer: func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}}, "too many redirects"},
		"sent to ftp": {&tsa{answer: func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Location", "ftp://x/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}}, "neither http nor https"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.a.member == nil {
				c.a.member = good
			}
			timeout := time.Minute
			if name == "slow" {
				timeout = 100 * time.Millisecond
			}
			first := pki.TSA{URL: serve(t, c.a), Policy: ownPolicy, Anchors: []*x509.Certificate{root.cert}}
			token, err := timestamper(t, newClock(), timeout, first).Timestamp(t.Context(), crypto.SHA256, content[:])
			if token != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("a token: %v, %v", token != nil, err)
			}
			second := pki.TSA{URL: serve(t, &tsa{member: good})}
			token, err = timestamper(t, newClock(), max(timeout, time.Second), first, second).Timestamp(t.Context(), crypto.SHA256, content[:])
			if err != nil || token.Matches(crypto.SHA256, content[:]) != nil {
				t.Errorf("the second did not take over: %v", err)
			}
		})
	}
}

func TestTheBreakerOpensAndCloses(t *testing.T) {
	member := enrol(t, 1, nil, "TSA", isFor(8))
	var isDown atomic.Bool
	isDown.Store(true)
	first := &tsa{member: member, answer: func(w http.ResponseWriter, b []byte) {
		if isDown.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(b)
	}}
	second := &tsa{member: member}
	c := newClock()
	ts := timestamper(t, c, time.Minute, pki.TSA{URL: serve(t, first)}, pki.TSA{URL: serve(t, second)})
	ask := func(wantFirst, wantSecond int64) {
		t.Helper()
		if _, err := ts.Timestamp(t.Context(), crypto.SHA256, content[:]); err != nil {
			t.Fatal(err)
		}
		if a, b := first.asked.Load(), second.asked.Load(); a != wantFirst || b != wantSecond {
			t.Errorf("asked %d and %d times, want %d and %d", a, b, wantFirst, wantSecond)
		}
	}
	ask(1, 1)
	ask(2, 2)
	ask(3, 3)
	ask(3, 4) // left alone
	c.set(today.Add(59 * time.Second))
	ask(3, 5)
	c.set(today.Add(time.Minute))
	ask(4, 6) // tried again, in vain
	ask(4, 7)
	isDown.Store(false)
	c.set(today.Add(2 * time.Minute))
	ask(5, 7) // and well again
	ask(6, 7)
}

func TestACanceledAskerIsNobodysFault(t *testing.T) {
	hang := make(chan struct{})
	var isSlow atomic.Bool
	isSlow.Store(true)
	a := &tsa{member: enrol(t, 1, nil, "TSA", isFor(8)), answer: func(w http.ResponseWriter, b []byte) {
		if isSlow.Load() {
			<-hang
		}
		_, _ = w.Write(b)
	}}
	ts := timestamper(t, newClock(), time.Minute, pki.TSA{URL: serve(t, a)})
	t.Cleanup(func() { close(hang) })
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := ts.Timestamp(ctx, crypto.SHA256, content[:]); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	isSlow.Store(false)
	if _, err := ts.Timestamp(t.Context(), crypto.SHA256, content[:]); err != nil {
		t.Error(err)
	}
}

func TestErrorsKeepAddressesToThemselves(t *testing.T) {
	for _, bad := range []string{"", "ldap://x", "http://", ":"} {
		if _, err := pki.NewTimestamper(pki.TimestamperOptions{TSAs: []pki.TSA{{URL: bad}}}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := pki.NewTimestamper(pki.TimestamperOptions{}); err == nil {
		t.Error("no authority at all is taken")
	}
	s := httptest.NewServer(nil)
	s.Close()
	ts := timestamper(t, newClock(), time.Second, pki.TSA{URL: strings.Replace(s.URL, "://", "://user:secret@", 1) + "/?key=secret"})
	_, err := ts.Timestamp(t.Context(), crypto.SHA256, content[:])
	if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("%v", err)
	}
}
