package notify_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestANameThatRebindsLeadsNowhere: a registration's name is resolved anew for every attempt, and each address is judged
// when it is dialed. The receiver's address is allowed, as a public one would be; what the name turns to is not.
func TestANameThatRebindsLeadsNowhere(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.Options.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	u, err := url.Parse(w.receiver.URL())
	if err != nil {
		t.Fatal(err)
	}
	good := netip.MustParseAddr("127.0.0.1")
	// A service of the operator's own at the same port of another address.
	inner, touched := innerService(t, "127.0.0.2:"+u.Port())
	for name, tc := range map[string]struct {
		later []netip.Addr // what the name says from the second time on
		taken bool         // and whether a second event still comes to the receiver
	}{
		"to another of ours":         {[]netip.Addr{inner}, false},
		"to the cloud's metadata":    {[]netip.Addr{netip.MustParseAddr("169.254.169.254")}, false},
		"to a mapped address":        {[]netip.Addr{netip.AddrFrom16(inner.As16())}, false},
		"to a mapped metadata":       {[]netip.Addr{netip.MustParseAddr("::ffff:169.254.169.254")}, false},
		"to the unspecified":         {[]netip.Addr{netip.MustParseAddr("0.0.0.0")}, false},
		"to a local IPv6":            {[]netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fe80::1")}, false},
		"to NAT64 of ours":           {[]netip.Addr{netip.MustParseAddr("64:ff9b::7f00:2")}, false},
		"to nothing":                 {nil, false},
		"to ours, with a good one":   {[]netip.Addr{inner, good}, true},
		"nowhere: it stays as it is": {[]netip.Addr{good}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dns := innsiglitest.NewDNS(t, func(host string, nth int) []netip.Addr {
				switch {
				case host != "hooks.example.com":
					return nil
				case nth == 1:
					return []netip.Addr{good}
				}
				return tc.later
			})
			w.hook.URL = "http://" + net.JoinHostPort("hooks.example.com", u.Port()) + "/hook"
			before := len(w.receiver.Requests())
			if _, _, err := w.run(t, hookJob(innsigli.EventCreated)); err != nil {
				t.Fatalf("first event: %v", err)
			}
			_, _, err := w.run(t, hookJob(innsigli.EventCreated))
			if (err == nil) != tc.taken {
				t.Errorf("second event: %v", err)
			}
			came := 1
			if tc.taken {
				came = 2
			}
			if n := len(w.receiver.Requests()) - before; n != came || dns.Asked("hooks.example.com") != 2 {
				t.Errorf("%d events came, the name was resolved %d times", n, dns.Asked("hooks.example.com"))
			}
			if touched.Load() {
				t.Error("the inner service was reached")
			}
		})
	}
}

// innerService listens where no event may come.
func innerService(t *testing.T, address string) (netip.Addr, *atomic.Bool) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Skip("no second loopback address on this system: ", err)
	}
	touched := new(atomic.Bool)
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ConnState = func(net.Conn, http.ConnState) { touched.Store(true) }
	_ = srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	t.Cleanup(srv.Close)
	return netip.MustParseAddrPort(l.Addr().String()).Addr(), touched
}
