package main

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/innsigli/innsigli/notify"
)

// trustConnect is how long a connection to a trust service may take to come about.
const trustConnect = 5 * time.Second

// reach connects to trust services. Where the operator's time-stamping authorities are is the operator's word; where they
// send us on to, and what a certificate names, is a stranger's, so it has to be public or in a network of --pki-allow.
type reach struct {
	named           map[string]bool // scheme, host and port
	direct, guarded http.RoundTripper
}

// newReach reaches the named addresses, and of all others those that a stranger may name.
func newReach(allow []netip.Prefix, named ...string) *reach {
	r := &reach{named: map[string]bool{}, direct: http.DefaultTransport, guarded: notify.GuardedTransport(allow, trustConnect)}
	for _, address := range named {
		if req, err := http.NewRequest(http.MethodGet, address, nil); err == nil { //nolint:noctx // only its address is looked at
			r.named[origin(req)] = true
		}
	}
	return r
}

// RoundTrip implements [http.RoundTripper].
func (t *reach) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.named[origin(r)] {
		return t.direct.RoundTrip(r)
	}
	return t.guarded.RoundTrip(r)
}

func origin(r *http.Request) string { return r.URL.Scheme + "://" + r.URL.Host }
