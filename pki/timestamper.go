package pki

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/innsigli/innsigli/cms"
)

const (
	// nonceBits is how long the nonce of a request is.
	nonceBits = 128
	// stampTolerance is how far the time in a token may be from our own clock when nothing else is asked for.
	stampTolerance = 5 * time.Minute
	// breakAfter is how many failures in a row make an authority be left alone, for breakFor.
	breakAfter = 3
	breakFor   = time.Minute
)

// TSA is a time-stamping authority.
type TSA struct {
	// URL is where it answers (RFC 3161, clause 3.4). A user name and password in it are sent as HTTP Basic.
	URL string
	// Policy is asked for and wanted in the token; nil takes any.
	Policy asn1.ObjectIdentifier
	// Anchors, if there are any, are what the chain in the token must lead to. Without them whoever answers at the URL
	// is believed, and what the certificate is worth shows when its revocation is looked up.
	Anchors []*x509.Certificate
}

// TimestamperOptions are for [NewTimestamper].
type TimestamperOptions struct {
	ClientOptions
	// TSAs are tried in this order.
	TSAs []TSA
	// Tolerance is how far the time in a token may be from our own clock, 0 for 5 minutes.
	Tolerance time.Duration
}

// Timestamper gets time-stamps over HTTP. It is safe for concurrent use.
type Timestamper struct {
	client    client
	tolerance time.Duration
	sources   []*source
}

// source is an authority and how it has been doing.
type source struct {
	TSA
	host string
	breaker
}

// NewTimestamper checks the addresses and makes a Timestamper. Nothing is asked for yet.
func NewTimestamper(o TimestamperOptions) (*Timestamper, error) {
	if len(o.TSAs) == 0 {
		return nil, errors.New("no time-stamping authority")
	}
	t := &Timestamper{client: newClient(o.ClientOptions), tolerance: o.Tolerance}
	if t.tolerance <= 0 {
		t.tolerance = stampTolerance
	}
	for i, a := range o.TSAs {
		u, err := url.Parse(a.URL)
		if err != nil || checkURL(u) != nil {
			return nil, fmt.Errorf("address of time-stamping authority %d is not an http one", i+1)
		}
		t.sources = append(t.sources, &source{TSA: a, host: u.Hostname()})
	}
	return t, nil
}

// Timestamp gets a token over a digest made with h (RFC 3161), of the first authority that gives one which holds: it is
// about the digest, repeats our nonce, has the policy that was asked for and a time near our own, and its certificate is
// for time-stamping alone, named in what is signed, and valid now. An authority that failed three times in a row is
// passed over for a minute; then one request tries it again. The error says of each authority why not.
func (t *Timestamper) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*cms.Token, error) {
	var failures []error
	for _, s := range t.sources {
		if !s.allow(t.client.now()) {
			failures = append(failures, fmt.Errorf("%s: left alone after failures", s.host))
			continue
		}
		token, err := t.ask(ctx, s, h, digest)
		if ctx.Err() != nil {
			s.release()
			return nil, fmt.Errorf("time-stamp: %w", ctx.Err()) // not the authority's fault
		}
		s.settle(t.client.now(), err == nil)
		if err == nil {
			return token, nil
		}
		failures = append(failures, err)
	}
	return nil, fmt.Errorf("time-stamp: %w", errors.Join(failures...))
}

func (t *Timestamper) ask(ctx context.Context, s *source, h crypto.Hash, digest []byte) (*cms.Token, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), nonceBits))
	if err != nil {
		return nil, fmt.Errorf("nonce: %w", err)
	}
	q := &cms.TimestampRequest{Hash: h, Digest: digest, Policy: s.Policy, Nonce: nonce, Certs: true}
	body, err := q.Marshal()
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	sent := t.client.now()
	answer, _, err := t.client.do(ctx, exchange{
		method: http.MethodPost, address: s.URL, contentType: "application/timestamp-query", body: body, limit: cms.MaxSize,
	})
	if err != nil {
		return nil, err
	}
	token, err := t.read(answer, q, sent, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.host, err)
	}
	return token, nil
}

// read takes a token out of an answer and checks it against the request, and against our clock before and after.
func (t *Timestamper) read(answer []byte, q *cms.TimestampRequest, sent time.Time, s *source) (*cms.Token, error) {
	raw, err := cms.ParseTimestampResponse(answer)
	if err != nil {
		return nil, err
	}
	token, err := cms.ParseToken(raw)
	if err != nil {
		return nil, err
	}
	if err := token.Answers(q); err != nil {
		return nil, err
	}
	now := t.client.now()
	if token.Time.Before(sent.Add(-t.tolerance)) || token.Time.After(now.Add(t.tolerance)) {
		return nil, fmt.Errorf("time %s is too far from our clock", token.Time.Format(time.RFC3339))
	}
	if now.After(token.Signer.NotAfter) {
		return nil, errors.New("certificate has expired")
	}
	if len(s.Anchors) > 0 {
		chain, _ := cms.Path(token.Signer, token.Certs, s.Anchors)
		if !slices.ContainsFunc(s.Anchors, chain[len(chain)-1].Equal) {
			return nil, errors.New("certificate does not lead to an anchor")
		}
	}
	return token, nil
}

// breaker leaves a failing service alone for a while. The zero value lets everything through.
type breaker struct {
	mu       sync.Mutex
	failures int
	until    time.Time // closed to requests before
	isTrying bool
}

// allow says whether to ask now. After a pause it lets a single request through, until that is settled.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakAfter {
		return true
	}
	if b.isTrying || now.Before(b.until) {
		return false
	}
	b.isTrying = true
	return true
}

// settle tells how a request went.
func (b *breaker) settle(now time.Time, isGood bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.isTrying = false
	if isGood {
		b.failures = 0
		return
	}
	if b.failures++; b.failures >= breakAfter {
		b.until = now.Add(breakFor)
	}
}

// release tells that a request came to no end.
func (b *breaker) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.isTrying = false
}
