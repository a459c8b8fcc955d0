package notify

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// messagesEach is how many messages one connection carries. Servers set bounds of their own, some at 100, and one that is
// always busy would never learn that the name of the server leads elsewhere by now.
const messagesEach = 100

// session is a greeted, protected and authenticated connection. One message at a time has it.
type session struct {
	c    *smtp.Client
	conn net.Conn
	used int // messages that it was taken for, this one included
	// lost: the connection failed, or the server announced its end, before the last dot of the message. So the server has
	// nothing that it could deliver, and the message may go over another connection at once.
	lost bool
	over bool // it must not carry another message, whatever happened
	open bool // the server has begun a transaction that did not end
	// unwatch ends the watch that closes the connection with the context of whoever has it; false when that came first.
	unwatch func() bool
	expiry  *time.Timer // while nobody has it
}

// said takes an answer before the last dot into account: a negative one leaves the connection as good as before, unless
// it is 421 (RFC 5321 3.8); everything else means that it is gone.
func (s *session) said(err error) error {
	if e, ok := errors.AsType[*smtp.SMTPError](err); err != nil && (!ok || e.Code == 421) {
		s.lost = true
	}
	return err
}

// leave says goodbye without waiting long for the answer; the message's fate is settled by then.
func (s *session) leave() {
	if !s.lost && !s.over {
		s.c.CommandTimeout = min(s.c.CommandTimeout, 2*time.Second)
		_ = s.c.Quit()
	}
	_ = s.conn.Close()
}

// pool holds the connections to the mail server: at most as many as there are places, each kept for a while after a
// message, since greeting, key exchange and login take longer than most messages.
type pool struct {
	places chan struct{}
	idle   time.Duration
	mu     sync.Mutex
	free   []*session // the one used last at the end: it is the one least likely to have been closed by the server
	closed bool
}

func newPool(most int, idle time.Duration) *pool {
	return &pool{places: make(chan struct{}, most), idle: idle}
}

// enter waits for a place and gives the function that leaves it.
func (p *pool) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.places <- struct{}{}:
		return func() { <-p.places }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// take gives a connection that nobody has; nil when there is none.
func (p *pool) take(ctx context.Context) *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.free) > 0 {
		last := len(p.free) - 1
		s := p.free[last]
		p.free = p.free[:last]
		if s.expiry.Stop() {
			s.watch(ctx)
			return s
		}
	}
	return nil
}

// watch closes the connection when ctx ends.
func (s *session) watch(ctx context.Context) {
	s.used++
	s.unwatch = context.AfterFunc(ctx, func() { _ = s.conn.Close() })
}

// put takes a connection back, or ends it when it is of no more use.
func (p *pool) put(s *session) {
	if !s.unwatch() || s.lost || s.over {
		_ = s.conn.Close()
		return
	}
	if s.open {
		s.open = false
		if s.said(s.c.Reset()) != nil {
			s.leave()
			return
		}
	}
	if s.used < messagesEach && p.keep(s) {
		return
	}
	s.leave()
}

// keep lets a connection wait for the next message. False when the pool is closed.
func (p *pool) keep(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.free = append(p.free, s)
	s.expiry = time.AfterFunc(p.idle, func() {
		p.forget(s)
		s.leave()
	})
	return true
}

func (p *pool) forget(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range p.free {
		if f == s {
			p.free = append(p.free[:i], p.free[i+1:]...)
			return
		}
	}
}

// close ends the connections that nobody has; those in use end when they are put back.
func (p *pool) close() {
	p.mu.Lock()
	free := p.free
	p.free, p.closed = nil, true
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, s := range free {
		if s.expiry.Stop() {
			all.Go(s.leave)
		}
	}
	all.Wait()
}
