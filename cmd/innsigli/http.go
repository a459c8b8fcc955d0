package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"golang.org/x/time/rate"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/api"
	"github.com/innsigli/innsigli/inbound"
	"github.com/innsigli/innsigli/page"
	"github.com/innsigli/innsigli/web"
)

// Limits on slow and large requests. A body of 75 MB at 1 Mbit/s takes ten minutes.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 15 * time.Minute
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: bodyTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// handler is everything that the main listener serves.
func (s *server) handler() (http.Handler, error) {
	r, a, err := s.router(s.log)
	if err != nil {
		return nil, err
	}
	if _, err := a.Document(); err != nil {
		return nil, fmt.Errorf("document of the API: %w", err)
	}
	return a.Frame.Wrap(r), nil
}

// router mounts all routes. The document of the API describes every one that is no page for people.
func (s *server) router(log *slog.Logger) (chi.Router, *api.API, error) {
	frame := &web.Frame{Log: log, Now: s.now, Observe: s.metrics.observe}
	version, _ := buildVersion()
	a := &api.API{
		Service: s.svc, Frame: frame, Proxies: s.plan.proxies, Links: links{s.plan.public, s.svc.Unsubscriber}, Version: version, Others: s.described(),
	}
	r := chi.NewRouter()
	r.MethodNotAllowed(a.MethodNotAllowed(r))
	a.Routes(r)
	people, err := s.pages(r, a.NotFound())
	if err != nil {
		return nil, nil, err
	}
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			people.NotFound(w, r)
			return
		}
		a.NotFound()(w, r)
	})
	s.authority(r, frame)
	for _, route := range s.inbound().Routes() {
		r.Method(route.Method, route.Pattern, frame.Handle(route.Handler))
	}
	s.health(r, s.plan.AdminListen == "")
	if s.plan.AdminListen == "" {
		r.Get("/metrics", onlyLoopback(s.metrics.handler(s).ServeHTTP, a.NotFound()))
	}
	return r, a, nil
}

// described is what the main listener serves beside the API and the pages, for the document.
func (s *server) described() []api.Route {
	out := []api.Route{
		api.Beside("GET HEAD /healthz", "GetHealth", "Says that the process runs.", "text/plain", nil),
		api.Failing(http.StatusServiceUnavailable, readiness{}, api.Beside("GET HEAD /readyz", "GetReadiness",
			"Says whether the server can do its work; in detail on the machine itself.", "application/json", readiness{})),
	}
	for _, d := range []struct{ at, id, summary, takes string }{
		{"mail", "ReceiveMailReport", "Takes a report about a mail in: a bounce or a delivery (RFC 3464), a complaint (RFC 5965), or one receipt as JSON. The caller sends the secret of the setting inbound-secret as Bearer token or as the password of Basic.", "message/rfc822"},
		{"sms", "ReceiveSmsReceipt", "Takes the receipt of an SMS in. The secret as for mail.", ""},
		{"ses", "ReceiveSesEvent", "Takes events of Amazon SES in, as Amazon SNS posts them. The secret as for mail.", "text/plain"},
		{"mailgun", "ReceiveMailgunEvent", "Takes webhooks of Mailgun in. They are authenticated by Mailgun's signature.", "*/*"},
		{"twilio/{message}", "ReceiveTwilioStatus", "Takes the status of an SMS in, from Twilio. It is authenticated by X-Twilio-Signature.", "application/x-www-form-urlencoded"},
	} {
		out = append(out, api.Inbound("POST /inbound/"+d.at, d.id, d.summary, d.takes, inbound.Told{}, inbound.Noted{}))
	}
	for i, route := range s.trust.server().Routes() {
		out = append(out, api.Beside(route.Method+" "+route.Pattern, fmt.Sprintf("LocalAuthority%d", i+1),
			"What certificates of the local authority name: certificates, revocation lists, status, time-stamps.", "*/*", nil))
	}
	return out
}

// inbound is what mail servers and gateways tell of messages.
func (s *server) inbound() *inbound.Handler {
	h := &inbound.Handler{
		Receiver: s.svc, Secret: s.plan.InboundSecret, MailgunKey: s.plan.MailgunKey, PublicURL: s.plan.public.String(), Now: s.now, Log: s.log,
	}
	if s.twilio != nil {
		h.TwilioToken = s.twilio.Token()
	}
	return h
}

// How many answers of the local authority that cost a signature strangers get: it needs none of them itself (see
// pki.Server.Transport), and one client must not be able to keep a core busy.
const (
	authorityRate  = 50 // a second
	authorityBurst = 200
)

// authority mounts what the certificates of the local trust name.
func (s *server) authority(r chi.Router, frame *web.Frame) {
	limit := rate.NewLimiter(authorityRate, authorityBurst)
	for _, route := range s.trust.server().Routes() {
		h := web.HandlerFunc(route.Handler)
		if route.Costly {
			h = func(w http.ResponseWriter, r *http.Request) error {
				if !limit.Allow() {
					return errTooManyAsked
				}
				return route.Handler(w, r)
			}
		}
		r.Method(route.Method, route.Pattern, frame.Handle(h))
	}
}

var errTooManyAsked = &innsigli.Error{Kind: innsigli.TooMany, Code: "TooManyRequests", Text: "The server's certificate authority is asked too often. Try again in a moment.", RetryAfter: time.Second}

// onlyLoopback hides a page from everyone who is not on this machine.
func onlyLoopback(h, hidden http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !web.Loopback(r) {
			hidden(w, r)
			return
		}
		h(w, r)
	}
}

// pages mounts the pages for people.
func (s *server) pages(r chi.Router, hidden http.HandlerFunc) (*page.Handler, error) {
	c := page.Config{Service: s.svc, Client: s.plan.proxies.Client, PublicURL: s.plan.public.String(), Dev: s.plan.Dev, Log: s.log, Now: s.now}
	if s.outbox != nil && s.plan.loopback {
		c.Mailbox = s.outbox
	}
	h, err := page.New(c)
	if err != nil {
		return nil, err
	}
	for _, route := range h.Routes() {
		f := route.Handler
		if strings.HasPrefix(route.Pattern, page.OutboxPrefix) {
			f = onlyLoopback(f, hidden)
		}
		r.Method(route.Method, route.Pattern, f)
	}
	return h, nil
}

// adminHandler is what the admin listener serves: metrics, and health in detail for whoever reaches it.
func (s *server) adminHandler() http.Handler {
	r := chi.NewRouter()
	s.health(r, true)
	r.Handle("/metrics", s.metrics.handler(s))
	return r
}

// health mounts what monitors ask, many of which send HEAD.
func (s *server) health(r chi.Router, detail bool) {
	for path, h := range map[string]http.HandlerFunc{"/healthz": alive, "/readyz": s.ready(detail)} {
		r.Get(path, h)
		r.Head(path, h)
	}
}

func alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// readiness is the detail of /readyz.
type readiness struct {
	Ready   bool                     `json:"ready"`
	Dev     bool                     `json:"dev,omitempty"` // test signees sign without a code
	Cause   string                   `json:"cause,omitempty"`
	Waiting map[innsigli.JobKind]int `json:"waiting,omitempty"`
	Running int                      `json:"running"`
	Dead    map[innsigli.JobKind]int `json:"dead,omitempty"`
	Held    int                      `json:"ownerCopiesHeld"`
	Sealing int                      `json:"sealing"`
	Pending int                      `json:"sealsPending"`
	Oldest  *time.Time               `json:"oldestDue,omitempty"`
	Ending  []certificate            `json:"certificates,omitempty"` // those that end soon or have ended
	Clock   *innsigli.MachineClock   `json:"clock,omitempty"`
}

// ready answers whether the server can do its work. The detail is for the operator: on the main listener only a
// loopback peer gets it.
func (s *server) ready(detail bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var out readiness
		b, err := s.db.Backlog(r.Context())
		status := http.StatusOK
		if err != nil {
			out.Cause = "database"
		} else if err = writable(s.plan.Data); err != nil {
			out.Cause = "data folder"
		}
		if err != nil {
			status = http.StatusServiceUnavailable
			s.log.Error("not ready", "cause", err.Error())
		}
		out.Ready = err == nil
		if detail && (s.plan.AdminListen != "" || web.Loopback(r)) {
			out.Waiting, out.Running, out.Dead, out.Held, out.Sealing = b.Ready, b.Running, b.Dead, b.Held, b.Sealing
			out.Pending, out.Ending, out.Dev = b.Pending, s.trust.ending(), s.plan.Dev
			out.Clock = new(s.svc.MachineClock())
			if !b.Oldest.IsZero() {
				out.Oldest = &b.Oldest
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(out)
	}
}

// writable tells whether the folder takes another block: reading goes on for long on a disk that is full or has become
// read-only, and nothing can be signed or canceled.
//
// The file has one name, so that what a crash leaves is gone with the next look, and looks at the same time share it.
func writable(dir string) error {
	name := filepath.Join(dir, "probe")
	err := os.WriteFile(name, make([]byte, os.Getpagesize()), 0o600)
	if gone := os.Remove(name); err == nil && !errors.Is(gone, fs.ErrNotExist) {
		err = gone
	}
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}
