package web

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/innsigli/innsigli"
)

// maxLimited is how many clients a Limiter tells apart. Those beyond share one allowance.
const maxLimited = 10_000

// Limiter lets each client do something so often. The zero value lets nobody; use [NewLimiter].
type Limiter struct {
	every time.Duration
	burst int
	now   func() time.Time

	mu      sync.Mutex
	clients map[netip.Prefix]*rate.Limiter
}

// NewLimiter allows burst calls at once, and then one every so often, to each client.
func NewLimiter(every time.Duration, burst int, now func() time.Time) *Limiter {
	return &Limiter{every: every, burst: burst, now: now, clients: map[netip.Prefix]*rate.Limiter{}}
}

// Allow takes one call from a client's allowance, or refuses with kind TooMany. Clients are told apart by address; of
// IPv6 by the 64 bits that one household has.
func (l *Limiter) Allow(c innsigli.Client) error {
	if l.of(household(c.Address)).AllowN(l.now(), 1) {
		return nil
	}
	return &innsigli.Error{
		Kind: innsigli.TooMany, Code: "TooManyRequests", Text: "Too many requests. Please try again in a minute.", RetryAfter: l.every,
	}
}

func household(address string) netip.Prefix {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func (l *Limiter) of(client netip.Prefix) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r, ok := l.clients[client]; ok {
		return r
	}
	if len(l.clients) >= maxLimited {
		l.forget()
	}
	if len(l.clients) >= maxLimited {
		client = netip.Prefix{} // which may be there already
		if r, ok := l.clients[client]; ok {
			return r
		}
	}
	r := rate.NewLimiter(rate.Every(l.every), l.burst)
	l.clients[client] = r
	return r
}

// forget drops those whose allowance is whole again: they are as if they had never come.
func (l *Limiter) forget() {
	for c, r := range l.clients {
		if r.TokensAt(l.now()) >= float64(l.burst) {
			delete(l.clients, c)
		}
	}
}
