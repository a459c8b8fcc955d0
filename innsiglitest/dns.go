package innsiglitest

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS answers for every name, with no time to live. While the test lasts the program's resolver asks it and nobody else,
// so such a test must not be parallel to one that resolves names.
type DNS struct {
	mu    sync.Mutex
	conn  net.PacketConn
	asked map[string]int
	tell  func(name string, nth int) []netip.Addr
}

// NewDNS starts it. tell gives the addresses of a name without the final dot, when it is asked for the nth time, from 1.
func NewDNS(tb testing.TB, tell func(name string, nth int) []netip.Addr) *DNS {
	tb.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(tb.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	d := &DNS{conn: conn, asked: map[string]int{}, tell: tell}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.serve()
	}()
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	tb.Cleanup(func() {
		net.DefaultResolver = before
		_ = conn.Close()
		<-ended
	})
	return d
}

// Asked says how often somebody resolved the name.
func (d *DNS) Asked(name string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[name]
}

func (d *DNS) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := d.conn.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		var m dnsmessage.Message
		if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) != 1 {
			continue
		}
		m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true, RecursionAvailable: true}
		m.Additionals, m.Answers = nil, d.answers(m.Questions[0])
		if out, err := m.Pack(); err == nil {
			_, _ = d.conn.WriteTo(out, from) // who does not hear it asks again
		}
	}
}

// answers counts a resolution by its question for IPv4; the one for IPv6 goes along with it and may come first.
func (d *DNS) answers(q dnsmessage.Question) []dnsmessage.Resource {
	name := q.Name.String()
	name = name[:len(name)-1]
	d.mu.Lock()
	defer d.mu.Unlock()
	key := name
	if q.Type == dnsmessage.TypeAAAA {
		key += " AAAA"
	}
	d.asked[key]++
	var all []dnsmessage.Resource
	for _, a := range d.tell(name, d.asked[key]) {
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			all = append(all, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			all = append(all, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	return all
}
