package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// clock is the time of a test: the wall's, moved by what the test adds.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) add(d time.Duration) { c.ahead.Add(int64(d)) }

// newLocal is a rig whose server runs in the test's own process, so that its clock can be moved and its calls can fail.
// Everything outside of the server is as real as in newRig.
func newLocal(t *testing.T, db string, seam seams, tweak ...func(*settings)) (*rig, *server) {
	t.Helper()
	exe, _ := program(t)
	r := &rig{
		tb: t, exe: exe, data: newData(t),
		smtp: innsiglitest.NewSMTP(t, innsiglitest.SMTPOptions{}), sms: innsiglitest.NewGateway(t), hooks: innsiglitest.NewReceiver(t),
	}
	if db == "postgres" {
		r.db = innsiglitest.PostgresURL(t)
	}
	srv := httptest.NewUnstartedServer(nil)
	r.url = "http://" + srv.Listener.Addr().String()
	judge.keeps(t, r.url)
	set := settings{
		base: base{Data: r.data, Database: r.db}, Listen: srv.Listener.Addr().String(), SMTP: r.smtp.URL(), SMS: r.sms.URL(),
		ExpireAfter: 30 * 24 * time.Hour, WebhookAllow: "127.0.0.0/8", PKIAllow: "127.0.0.0/8", MailFrom: "sign@innsigli.example",
	}
	for _, f := range tweak {
		f(&set)
	}
	p, err := set.check()
	if err != nil {
		t.Fatal(err)
	}
	p.seam = seam
	p.seam.renderer = []string{exe, "render-child"}
	var h swapped
	srv.Config = newHTTPServer(&h, slog.New(slog.DiscardHandler))
	s, stop := boot(t, r, p, &h)
	srv.Start()
	r.reboot = func() *server {
		h.Store(nil)
		stop()
		s, stop = boot(t, r, p, &h)
		return s
	}
	t.Cleanup(func() {
		srv.Close()
		stop()
	})
	r.creds, err = s.svc.CreateCompany(t.Context(), "Norðurljós ehf.", "office@nordurljos.example")
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// boot starts a server over what is there, in the place of the one before; stop ends it in order.
func boot(t *testing.T, r *rig, p plan, h *swapped) (*server, func()) {
	t.Helper()
	s, err := newServer(context.WithoutCancel(t.Context()), p, slog.New(slog.NewTextHandler(lockedWriter{r}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s.worker.Rand = func() float64 { return 0.1 } // short back-offs, so that failures cost no waiting
	if p.seam.queue != nil {                      // and hardly any where everything fails once
		s.worker.Retry, s.worker.Poll = 20*time.Millisecond, 10*time.Millisecond
	}
	handler, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	h.Store(&handler)
	work, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.worker.Run(work) })
	wg.Go(func() { s.keeper.run(work) })
	return s, func() {
		stop()
		wg.Wait()
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
}

// swapped is the handler of the server that runs at present.
type swapped struct{ atomic.Pointer[http.Handler] }

func (h *swapped) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := h.Load()
	if now == nil {
		http.Error(w, "the server is being started again", http.StatusServiceUnavailable)
		return
	}
	(*now).ServeHTTP(w, r)
}

// rounds is how often a race is run: 20 times in `make test`, more in `make races`.
func rounds(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("INNSIGLI_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 20
}

// at runs functions at the same time.
func atOnce(fs ...func()) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for _, f := range fs {
		wg.Go(func() { <-start; f() })
	}
	close(start)
	wg.Wait()
}

// codeFor computes a code as the server does, for tests in its own process.
func codeFor(s *server, token string) string { return s.svc.Identity.Code(innsigli.Token(token)) }

// tokenFor asks for a code in a test in the server's process.
func (r *rig) tokenFor(p process, n int) string {
	r.tb.Helper()
	a := r.ask("POST", "/signing/sign/"+p.Key+"/signee/"+p.Signees[n].Key, "", nil)
	var got struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(a.body, &got); err != nil || got.Token == "" {
		r.tb.Fatalf("request to sign: %d %s", a.status, a.body)
	}
	return got.Token
}

func (r *rig) otp(token, code string) answer {
	r.tb.Helper()
	return r.ask("GET", "/signing/simple/otp?Token="+token+"&OTP="+code, "", nil)
}

// shown is a process's status by the API.
func (r *rig) shown(p process) string {
	r.tb.Helper()
	var got process
	r.ask("GET", "/signing/"+p.Key+"/signee/"+p.Signees[0].Key, "", nil).json(r.tb, &got)
	return got.Status
}

// subjects of the mails to an address.
func (r *rig) subjects(to string) []string {
	var out []string
	for _, m := range r.smtp.Mails() {
		if strings.EqualFold(m.To, to) {
			out = append(out, m.Subject)
		}
	}
	return out
}
