package notify

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"
)

// GuardedTransport reaches addresses that strangers name: public ones, and those in the networks allowed. Every address
// is judged when it is dialed, after its name was resolved, so that no name, redirect or rebinding leads into the
// operator's own networks. There is no proxy, since the guard would then judge the proxy's address.
func GuardedTransport(allow []netip.Prefix, connect time.Duration) *http.Transport {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            (&net.Dialer{Timeout: connect, Control: guard.Safe}).DialContext,
		TLSHandshakeTimeout:    connect,
		MaxResponseHeaderBytes: maxAnswer,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
}
