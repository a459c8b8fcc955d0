package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/eid"
	"github.com/innsigli/innsigli/inbound"
	"github.com/innsigli/innsigli/job"
	"github.com/innsigli/innsigli/notify"
	"github.com/innsigli/innsigli/paper"
	"github.com/innsigli/innsigli/render"
)

// stopWithin is how long an orderly stop may take (design/decisions.md 6).
const stopWithin = 20 * time.Second

// parallelJobs is how many jobs a node works on at once: half of them may be webhooks, which wait for other people's
// servers. Of our own work and of mails the store gives it fewer.
const parallelJobs = 128

// smsSender is the sender's name in SMS: at most 11 letters (GSM 03.40 9.1.2.5).
const smsSender = "Innsigli"

type serveCmd struct{ settings }

// Run starts the server and stays until it is told to stop.
func (c serveCmd) Run(ctx context.Context, con console) error {
	p, err := c.check()
	if err != nil {
		return err
	}
	log := newLog(con, p.LogFormat)
	s, err := newServer(ctx, p, log)
	if err != nil {
		return err
	}
	return errors.Join(s.run(ctx, con), s.close())
}

func newLog(con console, format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(con.err, nil))
	}
	return slog.New(slog.NewTextHandler(con.err, nil))
}

// server is an installation at work.
type server struct {
	*installation
	unlock   func() error
	svc      *innsigli.Service
	renderer *render.Renderer
	worker   *job.Worker
	outbox   *notify.Outbox // nil when mails go out for real
	smtp     *notify.SMTP   // nil when they do not
	twilio   *notify.Twilio // nil when SMS go another way
	trust    *trust
	keeper   *logKeeper
	metrics  *metrics
	clockWas innsigli.ClockState // as housekeeping last saw it
}

// newServer wires everything. Nothing runs yet.
func newServer(ctx context.Context, p plan, log *slog.Logger) (s *server, err error) {
	s = &server{metrics: newMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.installation, err = openInstallation(ctx, p, log); err != nil {
		return s, err
	}
	if s.unlock, err = lockFolder(p.Data); err != nil {
		return s, err
	}
	if p.sqlite() {
		// Alone on the folder, so alone on the database: nothing has to wait for the leases of a process that died.
		if err := s.db.ReleaseAll(ctx); err != nil {
			return s, err
		}
	}
	if s.renderer, err = render.New(render.Config{Command: p.seam.renderer, CacheDir: filepath.Join(p.Data, "cache", "pdfium"), Log: log}); err != nil {
		return s, err
	}
	s.svc = s.service()
	s.dev()
	s.svc.Pages, s.svc.Normaliser, s.svc.Paper = pages{s.renderer}, pages{s.renderer}, paper.New()
	otp, err := s.secret(ctx, "otp", random32)
	if err != nil {
		return s, err
	}
	s.svc.Identity = &eid.OTP{Key: otp}
	if s.svc.Unsubscriber, err = s.secret(ctx, "unsubscribe", random32); err != nil {
		return s, err
	}
	if s.trust, err = newTrust(ctx, s.installation); err != nil {
		return s, err
	}
	s.svc.Sealer, s.svc.Anchors, s.svc.XML = s.trust, s.trust, newXMLSealer()
	if s.keeper, err = newLogKeeper(ctx, s.installation); err != nil {
		return s, err
	}
	s.svc.Prover = s.keeper
	return s, s.wireJobs(ctx)
}

// wireJobs makes the worker, with one handler for each kind of job.
func (s *server) wireJobs(ctx context.Context) error {
	mail, sms, err := s.senders(ctx)
	if err != nil {
		return err
	}
	if s.plan.Dev {
		sms = sparing{sms}
	}
	s.svc.Ways.Numbers = innsigli.Numbers{Allow: s.plan.SMSAllow}
	tally, err := s.secret(ctx, "texts", random32)
	if err != nil {
		return err
	}
	s.svc.TextLimits, s.svc.TextsRefused = innsigli.TextLimits{Key: tally, OfCompany: s.plan.SMSHour}, s.metrics.textsRefused.Inc
	calls, err := s.callers()
	if err != nil {
		return err
	}
	s.svc.MailLimit, s.svc.MailsAnHour, s.svc.MailsRefused = mail.Limit, s.plan.MailsAnHour, s.metrics.mailsRefused.Inc
	queue := s.svc.Settling(s.plan.seam.wrapQueue(s.db))
	n := &notify.Notifier{
		Store: s.svc.Store, Queue: queue, Docs: s.svc, Identity: s.svc.Identity, Links: links{s.plan.public, s.svc.Unsubscriber}, Keys: s.svc.Keys,
		Mail: s.plan.seam.wrapMail(mail), Sms: sms, Calls: calls, From: s.plan.mailFrom, Return: s.plan.MailReturn, Domain: mailDomain(s.plan.public.Hostname()),
		Options: notify.Options{Allow: s.plan.webhookAllow, Numbers: s.svc.Ways.Numbers, Texts: s.svc.TextLimits}, Now: s.now, Log: s.log,
	}
	s.svc.Templater = n
	handlers := map[innsigli.JobKind]job.Handler{
		innsigli.JobSeal:       s.svc.SealJob,
		innsigli.JobRaise:      s.svc.RaiseJob,
		innsigli.JobDiscard:    s.svc.DiscardJob,
		innsigli.JobExpire:     s.svc.ExpireJob,
		innsigli.JobRemind:     s.svc.RemindJob,
		innsigli.JobPurge:      s.svc.PurgeJob,
		innsigli.JobHoldExpire: s.svc.HoldExpireJob,
	}
	for kind, h := range n.Handlers() {
		handlers[kind] = h
	}
	s.worker = &job.Worker{
		Queue: queue, Handlers: handlers, Node: s.node, Parallel: parallelJobs, Now: s.now, Log: s.log,
	}
	s.svc.Kick = s.worker.Kick
	return nil
}

// senders gives where messages go: out, or into the built-in outbox.
func (s *server) senders(ctx context.Context) (notify.Transport, notify.SmsSender, error) {
	if s.plan.SMTP == "" || s.plan.SMS == "" {
		identity, err := s.secret(ctx, "outbox", func() ([]byte, error) {
			id, err := notify.NewOutboxIdentity()
			return []byte(id), err
		})
		if err != nil {
			return nil, nil, err
		}
		if s.outbox, err = notify.NewOutbox(filepath.Join(s.plan.Data, "outbox"), string(identity), s.now); err != nil {
			return nil, nil, fmt.Errorf("outbox: %w", err)
		}
	}
	var mail notify.Transport = s.outbox
	if s.plan.SMTP != "" {
		out, err := notify.NewSMTP(s.plan.SMTP, notify.SMTPOptions{
			Hello: mailDomain(s.plan.public.Hostname()), Connections: s.plan.SMTPConnections, DKIM: s.plan.dkim, Receipts: s.plan.InboundSecret != "",
		})
		if err != nil {
			return nil, nil, wrongUsage("--smtp: %w", err)
		}
		mail, s.smtp = out, out
	}
	var sms notify.SmsSender = s.outbox
	if s.svc.Ways.NoSms = s.plan.noSms; s.plan.noSms {
		sms = noSms{}
	} else if strings.HasPrefix(s.plan.SMS, "twilio:") {
		out, err := notify.NewTwilio(s.plan.SMS, s.plan.public.String()+inbound.TwilioPath)
		if err != nil {
			return nil, nil, wrongUsage("--sms: %w", err)
		}
		sms, s.twilio = out, out
	} else if s.plan.SMS != "" {
		out, err := notify.NewSms(s.plan.SMS, smsSender)
		if err != nil {
			return nil, nil, wrongUsage("--sms: %w", err)
		}
		sms = out
	}
	return mail, sms, nil
}

// callers gives where calls go. Without a voice gateway there are none, unless SMS go into the outbox: then it is there to
// try things out.
func (s *server) callers() (notify.CallSender, error) {
	s.svc.Ways.Calls = true
	if s.plan.Voice != "" {
		out, err := notify.NewCalls(s.plan.Voice)
		if err != nil {
			return nil, wrongUsage("--voice: %w", err)
		}
		return out, nil
	}
	if s.plan.SMS == "" && s.plan.loopback {
		return s.outbox, nil
	}
	s.svc.Ways.Calls = false
	return nil, nil //nolint:nilnil // none is no error
}

// run serves until ctx is done, then stops in order: no new requests, no new jobs, what runs may end.
func (s *server) run(ctx context.Context, con console) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.plan.Listen)
	if err != nil {
		return err
	}
	h, err := s.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	main := newHTTPServer(h, s.log)
	servers := []*http.Server{main}
	failed := make(chan error, 2)
	go func() { failed <- main.Serve(listener) }()
	if s.plan.AdminListen != "" {
		adminListener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.plan.AdminListen)
		if err != nil {
			return errors.Join(err, main.Close())
		}
		admin := newHTTPServer(s.adminHandler(), s.log)
		servers = append(servers, admin)
		go func() { failed <- admin.Serve(adminListener) }()
	}
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.worker.Run(work); err != nil {
			s.log.Warn("worker", "cause", err.Error())
		}
	})
	wg.Go(func() { s.keeper.run(work) })
	wg.Go(func() { s.housekeeping(work) })
	wg.Go(func() { s.greetMailServer(work) })
	s.welcome(ctx, con, listener.Addr())

	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	s.log.Info("stopping")
	until, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	stopWork() // at once: the time is for what runs, and a request that does not end must not have new jobs begun
	for _, hs := range servers {
		err = errors.Join(err, s.shut(until, hs))
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-until.Done():
		s.log.Warn("stopped before everything had ended; it is taken up again at the next start")
	}
	return err
}

// shut refuses new requests and lets those that run end until the time is up. To break them off then is how a stop is
// meant to go, and no failure.
func (s *server) shut(until context.Context, hs *http.Server) error {
	err := hs.Shutdown(until)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests did not end in time and are broken off")
		return hs.Close()
	}
	return err
}

// close gives everything back.
func (s *server) close() error {
	var errs []error
	if s.renderer != nil {
		s.renderer.Close()
	}
	if s.smtp != nil {
		s.smtp.Close()
	}
	if s.installation != nil {
		errs = append(errs, s.installation.close())
	}
	if s.unlock != nil {
		errs = append(errs, s.unlock())
	}
	return errors.Join(errs...)
}

// greetMailServer asks the mail server how large a message may be, so that a create can warn before the first mail.
func (s *server) greetMailServer(ctx context.Context) {
	if s.smtp == nil {
		return
	}
	if err := s.smtp.Probe(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("the mail server does not answer; mails wait until it does", "cause", err.Error())
	}
}

// prime compiles PDFium into its cache in the background, so that the first page is not the slow one.
func (s *server) prime(ctx context.Context) {
	if err := s.renderer.Prime(ctx); err != nil && ctx.Err() == nil {
		s.log.Warn("page images: PDFium could not be started", "cause", err.Error())
	}
}

// noSms refuses what only a process from before the gateway was taken away can still order.
type noSms struct{}

// SendSms refuses for good.
func (noSms) SendSms(context.Context, notify.Sms, notify.Wanted) error {
	return &notify.RefusedError{Stage: "sms", Code: "no gateway is configured"}
}
