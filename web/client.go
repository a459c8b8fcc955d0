package web

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/innsigli/innsigli"
)

// Proxies are the networks whose word on the client's address is taken.
type Proxies []netip.Prefix

// ParseProxies reads networks or single addresses, separated by commas.
func ParseProxies(s string) (Proxies, error) {
	var out Proxies
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if a, err := netip.ParseAddr(part); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (p Proxies) trust(a netip.Addr) bool {
	return slices.ContainsFunc(p, func(n netip.Prefix) bool { return n.Contains(a.Unmap()) })
}

// peer is the address at the other end of the connection.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// Client says who asks: the peer, or, behind trusted proxies, the last address in X-Forwarded-For that is not one of
// them. Everything left of that is the asker's own invention.
func (p Proxies) Client(r *http.Request) innsigli.Client {
	at := peer(r)
	if p.trust(at) {
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for _, h := range slices.Backward(hops) {
			a, err := netip.ParseAddr(strings.TrimSpace(h))
			if err != nil {
				break
			}
			at = a.Unmap()
			if !p.trust(at) {
				break
			}
		}
	}
	c := innsigli.Client{Agent: agent(r.UserAgent())}
	if at.IsValid() {
		c.Address = at.String()
	}
	return c
}

// agent keeps what browsers send and cuts what only an attacker would.
func agent(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 300)]
}

// Loopback says whether a request comes from this machine and for this machine, with no proxy in between: peer and Host
// are loopback and no header says that it was forwarded (design/decisions.md 6).
func Loopback(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return peer(r).IsLoopback() && LoopbackHost(host)
}

// LoopbackHost says whether a host name means this machine.
func LoopbackHost(host string) bool {
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
