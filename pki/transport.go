package pki

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Transport reaches the addresses of the local certificates in process, so that sealing depends on no network, no
// resolver and no proxy in front of the server. Every other request goes to next.
func (s *Server) Transport(next http.RoundTripper) http.RoundTripper { return &transport{s, next} }

// StampURL is the address of the local time-stamping authority, reached through [Server.Transport].
func (s *Server) StampURL() string { return s.Authority().bases()[0] + StampPath }

type transport struct {
	s    *Server
	next http.RoundTripper
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	route, ok := t.s.find(r)
	if !ok {
		return t.next.RoundTrip(r)
	}
	if r.Body != nil {
		defer r.Body.Close() //nolint:errcheck // RoundTrip has to close it; a body in memory loses nothing
	} else {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	w := &answer{header: http.Header{}, status: http.StatusOK}
	if err := route.Handler(w, r); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: strconv.Itoa(w.status) + " " + http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// find gives the route of a request to an address below one that local certificates name.
func (s *Server) find(r *http.Request) (Route, bool) {
	whole := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	for _, base := range s.Authority().bases() {
		path, below := strings.CutPrefix(whole, base)
		if !below || !strings.HasPrefix(path, prefix) {
			continue
		}
		for _, route := range s.Routes() {
			start, open := strings.CutSuffix(route.Pattern, "*")
			if route.Method == r.Method && (path == route.Pattern || open && strings.HasPrefix(path, start)) {
				return route, true
			}
		}
	}
	return Route{}, false
}

// bases are the public addresses that certificates in use name, the present one first.
func (a *Authority) bases() []string {
	all := []string{base(a.h.pairs[roleSeal].cert.CRLDistributionPoints)}
	for _, c := range a.h.past {
		if b := base(c.CRLDistributionPoints); b != "" {
			all = append(all, b)
		}
	}
	return all
}

func base(points []string) string {
	if len(points) == 0 {
		return ""
	}
	return strings.TrimSuffix(points[0], CRLPath)
}

// answer is a response that is being made in memory.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
