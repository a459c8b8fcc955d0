package main

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

// TestStrangersLeadNowherePrivate: an address that a certificate names, or that an authority redirects to, is dialed only
// when it is public or allowed; the operator's own authority may be anywhere.
func TestStrangersLeadNowherePrivate(t *testing.T) {
	inside := 0
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside++ }))
	defer private.Close()
	tsa := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, private.URL, http.StatusFound)
		}
	}))
	defer tsa.Close()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, c := range []struct {
		name    string
		reach   *reach
		address string
		reached bool
	}{
		{"the operator's authority", newReach(nil, tsa.URL+"/tsa"), tsa.URL, true},
		{"where it redirects to", newReach(nil, tsa.URL+"/tsa"), tsa.URL + "/away", false},
		{"where it redirects to, allowed", newReach(loopback, tsa.URL+"/tsa"), tsa.URL + "/away", true},
		{"what a certificate names", newReach(nil), private.URL, false},
		{"what a certificate names, allowed", newReach(loopback), private.URL, true},
		{"another network is allowed", newReach([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}), private.URL, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := inside
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.address, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := (&http.Client{Transport: c.reach}).Do(r)
			if err == nil {
				_ = answer.Body.Close()
			}
			if (err == nil) != c.reached || !c.reached && inside > before {
				t.Errorf("reached: %v (%v), %d requests inside", err == nil, err, inside-before)
			}
		})
	}
}
