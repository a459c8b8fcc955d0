package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/innsigli/innsigli"
)

// SMTP hands mails over to a mail server (RFC 5321, RFC 6409), one message at a time over each of a few connections that
// are kept.
type SMTP struct {
	address  string // host:port
	host     string
	security security
	user     string
	password string
	o        SMTPOptions
	limit    atomic.Int64
	pool     *pool
}

var _ Transport = (*SMTP)(nil)

// SMTPOptions are what the URL does not say. The zero value is right for production.
type SMTPOptions struct {
	TLS     *tls.Config   // extra roots; nil: those of the system
	Hello   string        // our name in EHLO; default "localhost"
	Connect time.Duration // default 10 s
	Command time.Duration // a command's answer, and the longest pause while the message goes over; default 1 min
	Submit  time.Duration // the answer after the message; default 5 min: the server may be scanning it
	// Connections is how many there are at once; default [DefaultConnections].
	Connections int
	// Idle is how long a connection waits for the next message; default 30 s. RFC 5321 4.5.3.2.7 has servers wait 5 min,
	// but what stands in between forgets connections sooner.
	Idle time.Duration
	DKIM *DKIM // signs every message; nil: nobody does
	// Receipts asks for a report of what was delivered too, where the server can do that.
	Receipts bool
}

// DefaultConnections is how many connections to the mail server there are at once.
const DefaultConnections = 16

// security is how the connection is protected.
type security int

const (
	startTLS security = iota // the default: refused when the server does not offer it
	implicitTLS
	noTLS
)

// NewSMTP reads an address of --smtp: smtp://[user:pass@]host:port[?tls=starttls|tls|none] or smtps://…. Without ?tls=
// STARTTLS is required, except to a loopback address. No connection is made yet.
func NewSMTP(rawURL string, o SMTPOptions) (*SMTP, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("smtp: not a URL") // the cause repeats the URL, and with it a password
	}
	if u.Hostname() == "" {
		return nil, errors.New("smtp: no host in the URL")
	}
	t := &SMTP{host: u.Hostname(), user: u.User.Username(), o: o.withDefaults()}
	t.password, _ = u.User.Password()
	port := "587"
	switch u.Scheme {
	case "smtp":
		if isLoopback(t.host) {
			t.security = noTLS
		}
	case "smtps":
		t.security, port = implicitTLS, "465"
	default:
		return nil, fmt.Errorf("smtp: scheme %q is not smtp or smtps", u.Scheme)
	}
	switch mode := u.Query().Get("tls"); mode {
	case "":
	case "starttls":
		t.security = startTLS
	case "tls":
		t.security = implicitTLS
	case "none":
		t.security = noTLS
	default:
		return nil, fmt.Errorf("smtp: tls=%q is none of starttls, tls, none", mode)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	t.address = net.JoinHostPort(t.host, port)
	t.pool = newPool(t.o.Connections, t.o.Idle)
	return t, nil
}

func (o SMTPOptions) withDefaults() SMTPOptions {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Connect, 10*time.Second)
	set(&o.Command, time.Minute)
	set(&o.Submit, 5*time.Minute)
	set(&o.Idle, 30*time.Second)
	if o.Connections < 1 {
		o.Connections = DefaultConnections
	}
	if o.Hello == "" {
		o.Hello = "localhost"
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		cfg = o.TLS.Clone()
	}
	o.TLS = cfg
	return o
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Limit implements [Transport]: the SIZE of the last EHLO (RFC 1870).
func (t *SMTP) Limit() int64 { return t.limit.Load() }

// Probe greets the server, so that Limit is known and a wrong setting shows at start.
func (t *SMTP) Probe(ctx context.Context) error {
	leave, err := t.pool.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	s, err := t.connect(ctx)
	if err != nil {
		return err
	}
	t.pool.put(s)
	return nil
}

// Close ends the connections that are kept.
func (t *SMTP) Close() { t.pool.close() }

// SendMail implements [Transport]. When a connection that was kept turns out to have died before the message's last dot
// was sent, a new one is tried at once. After the dot nobody knows whether the message was taken: that is for the next
// attempt, whose Message-ID is the same.
func (t *SMTP) SendMail(ctx context.Context, m *Message, wanted Wanted) error {
	if t.o.DKIM != nil {
		fields, err := t.o.DKIM.sign(m)
		if err != nil {
			return err
		}
		signed := *m
		signed.signatures, m = fields, &signed
	}
	leave, err := t.pool.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if s := t.pool.take(ctx); s != nil {
		err := t.transact(ctx, s, m, wanted)
		t.pool.put(s)
		if !s.lost || ctx.Err() != nil {
			return err
		}
	}
	s, err := t.connect(ctx)
	if err != nil {
		return err
	}
	defer t.pool.put(s)
	return t.transact(ctx, s, m, wanted)
}

// transact carries out one mail transaction (RFC 5321 3.3).
func (t *SMTP) transact(ctx context.Context, s *session, m *Message, wanted Wanted) error {
	size := m.Size()
	if limit := t.Limit(); limit > 0 && size > limit {
		return &TooLargeError{Size: size, Limit: limit}
	}
	if err := t.envelope(s, m, size); err != nil {
		return err
	}
	if err := ask(ctx, wanted); err != nil {
		return err
	}
	return t.data(s, m, size)
}

// connect gives a new connection. The end of ctx closes it.
func (t *SMTP) connect(ctx context.Context) (*session, error) {
	dial := (&net.Dialer{Timeout: t.o.Connect}).DialContext
	cfg := t.o.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = t.host
	}
	if t.security == implicitTLS {
		dial = (&tls.Dialer{NetDialer: &net.Dialer{Timeout: t.o.Connect}, Config: cfg}).DialContext
	}
	conn, err := dial(ctx, "tcp", t.address)
	if err != nil {
		return nil, fmt.Errorf("smtp connect: %w", err)
	}
	s := &session{conn: conn}
	s.watch(ctx)
	if s.c, err = t.greet(conn, cfg); err != nil {
		s.unwatch()
		_ = conn.Close()
		return nil, err
	}
	size, _ := s.c.MaxMessageSize()
	t.limit.Store(int64(size))
	return s, nil
}

func (t *SMTP) greet(conn net.Conn, cfg *tls.Config) (*smtp.Client, error) {
	var c *smtp.Client
	if t.security == startTLS {
		// The library's first EHLO has no time-out of its own but the default; the dialer's watch ends it.
		watch := time.AfterFunc(t.o.Command, func() { _ = conn.Close() })
		var err error
		c, err = smtp.NewClientStartTLS(conn, cfg)
		watch.Stop()
		if err != nil {
			return nil, plainError("starttls", err)
		}
	} else {
		c = smtp.NewClient(conn)
	}
	c.CommandTimeout, c.SubmissionTimeout = t.o.Command, t.o.Submit
	if err := c.Hello(t.o.Hello); err != nil {
		return nil, plainError("ehlo", err)
	}
	if t.user == "" {
		return c, nil
	}
	var auth sasl.Client
	switch {
	case c.SupportsAuth(sasl.Plain):
		auth = sasl.NewPlainClient("", t.user, t.password)
	case c.SupportsAuth(sasl.Login):
		auth = &login{user: t.user, password: t.password}
	default:
		return nil, errors.New("smtp auth: server offers neither PLAIN nor LOGIN")
	}
	if err := c.Auth(auth); err != nil {
		return nil, plainError("auth", err)
	}
	return c, nil
}

// envelope sends MAIL and RCPT. A refusal of MAIL is about us, so only a size in it is final.
func (t *SMTP) envelope(s *session, m *Message, size int64) error {
	o := &smtp.MailOptions{Size: size}
	if !isPlain(m.From.Address + m.sender() + m.To.Address + m.ReplyTo) {
		if ok, _ := s.c.Extension("SMTPUTF8"); !ok {
			return &RefusedError{Stage: "rcpt", Code: "no SMTPUTF8"}
		}
		o.UTF8 = true
	}
	rcpt := t.reports(s.c, m, o)
	if err := s.said(s.c.Mail(m.sender(), o)); err != nil {
		if overSize(err) {
			return &TooLargeError{Size: size, Limit: t.Limit()}
		}
		return plainError("mail from", err)
	}
	s.open = true
	if err := s.said(s.c.Rcpt(m.To.Address, rcpt)); err != nil {
		return refusal("rcpt", err, size, t.Limit())
	}
	return nil
}

// reports asks for reports that name our id and bring headers back, not the document (RFC 3461); of what was delivered only
// when somebody reads them.
func (t *SMTP) reports(c *smtp.Client, m *Message, o *smtp.MailOptions) *smtp.RcptOptions {
	if ok, _ := c.Extension("DSN"); !ok {
		return nil
	}
	o.Return, o.EnvelopeID = smtp.DSNReturnHeaders, m.UID
	r := &smtp.RcptOptions{Notify: []smtp.DSNNotify{smtp.DSNNotifyFailure, smtp.DSNNotifyDelayed}}
	if t.o.Receipts {
		r.Notify = append(r.Notify, smtp.DSNNotifySuccess)
	}
	return r
}

// data sends the message itself. A pause longer than the command's time-out ends the connection. When the message ends
// early the connection is closed: half a message must not be ended with a dot.
func (t *SMTP) data(s *session, m *Message, size int64) error {
	w, err := s.c.Data()
	if s.said(err) != nil {
		return refusal("data", err, size, t.Limit())
	}
	watch := time.AfterFunc(t.o.Command, func() { _ = s.c.Close() })
	_, err = m.WriteTo(writerFunc(func(p []byte) (int, error) {
		watch.Reset(t.o.Command)
		n, err := w.Write(p)
		return n, s.said(err)
	}))
	watch.Stop()
	if err != nil {
		s.over = true
		return fmt.Errorf("smtp data: %w", err)
	}
	if err := w.Close(); err != nil {
		if e, ok := errors.AsType[*smtp.SMTPError](err); !ok || e.Code == 421 {
			s.over = true
		}
		return refusal("message", err, size, t.Limit())
	}
	s.open = false
	return nil
}

// plainError keeps of a server's answer the code alone; its text may repeat addresses. It is no refusal for good.
func plainError(stage string, err error) error {
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return fmt.Errorf("smtp %s: answered %s", stage, smtpCode(e))
	}
	return fmt.Errorf("smtp %s: %w", stage, err)
}

// refusal judges a negative answer about a recipient or a message (RFC 5321 4.2.1: 5yz is for good).
func refusal(stage string, err error, size, limit int64) error {
	e, ok := errors.AsType[*smtp.SMTPError](err)
	switch {
	case ok && (e.Code == 421 || e.Code < 500 && e.EnhancedCode[0] == 4 && e.EnhancedCode[1] == 7):
		// RFC 3463 3.8: x.7.x is policy, which with 4 is how receivers say "not so fast" (4.7.28 and its like).
		return innsigli.Slowed(plainError(stage, err))
	case !ok || e.Code < 500 || e.Code == 530: // 530: the server wants a login first, which is our setting
		return plainError(stage, err)
	case overSize(err):
		return &TooLargeError{Size: size, Limit: limit}
	}
	return &RefusedError{Stage: "smtp " + stage, Code: smtpCode(e)}
}

// overSize says whether an answer is about the message's size: 552 in RFC 1870, unless its enhanced code says that the
// mailbox is full (RFC 3463: 5.2.2), and the codes 5.3.4 and 5.2.3 with any number.
func overSize(err error) bool {
	e, ok := errors.AsType[*smtp.SMTPError](err)
	if !ok || e.Code < 500 {
		return false
	}
	switch e.EnhancedCode {
	case smtp.EnhancedCode{5, 3, 4}, smtp.EnhancedCode{5, 2, 3}:
		return true
	case smtp.EnhancedCode{5, 2, 2}:
		return false
	}
	return e.Code == 552
}

func smtpCode(e *smtp.SMTPError) string {
	s := fmt.Sprint(e.Code)
	if x := e.EnhancedCode; x[0] > 0 {
		s += " " + strings.Trim(fmt.Sprintf("%d.%d.%d", x[0], x[1], x[2]), ".")
	}
	return s
}

// login is the LOGIN mechanism (draft-murchison-sasl-login): the name for the first question, the password for the
// second, whatever their wording; servers differ in it. The library's own client sends the name unasked, which not
// every server takes.
type login struct {
	user, password string
	asked          int
}

// Start implements [sasl.Client].
func (l *login) Start() (mech string, first []byte, err error) { return sasl.Login, nil, nil }

// Next implements [sasl.Client].
func (l *login) Next([]byte) ([]byte, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte(l.user), nil
	case 2:
		return []byte(l.password), nil
	}
	return nil, errors.New("server asks a third time")
}

// writerFunc makes a writer of a function.
type writerFunc func([]byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
