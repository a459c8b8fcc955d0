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
)

// SMTP hands mails over to a mail server (RFC 5321, RFC 6409), one connection a message.
type SMTP struct {
	address  string // host:port
	host     string
	security security
	user     string
	password string
	o        SMTPOptions
	limit    atomic.Int64
}

var _ Transport = (*SMTP)(nil)

// SMTPOptions are what the URL does not say. The zero value is right for production.
type SMTPOptions struct {
	TLS     *tls.Config   // extra roots; nil: those of the system
	Hello   string        // our name in EHLO; default "localhost"
	Connect time.Duration // default 10 s
	Command time.Duration // a command's answer, and the longest pause while the message goes over; default 1 min
	Submit  time.Duration // the answer after the message; default 5 min: the server may be scanning it
}

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

// Probe greets the server and leaves, so that Limit is known and a wrong setting shows at start.
func (t *SMTP) Probe(ctx context.Context) error {
	c, stop, err := t.connect(ctx)
	if err != nil {
		return err
	}
	defer stop()
	t.leave(c)
	return nil
}

// SendMail implements [Transport].
func (t *SMTP) SendMail(ctx context.Context, m *Message, wanted Wanted) error {
	c, stop, err := t.connect(ctx)
	if err != nil {
		return err
	}
	defer stop()
	size := m.Size()
	if limit := t.Limit(); limit > 0 && size > limit {
		t.leave(c)
		return &TooLargeError{Size: size, Limit: limit}
	}
	if err := t.envelope(c, m, size); err != nil {
		t.leave(c)
		return err
	}
	if err := ask(ctx, wanted); err != nil {
		t.leave(c)
		return err
	}
	if err := t.data(c, m, size); err != nil {
		return err // the connection is closed by stop: half a message must not be ended with a dot
	}
	t.leave(c)
	return nil
}

// connect gives a greeted, protected and authenticated connection. stop closes it; so does the end of ctx.
func (t *SMTP) connect(ctx context.Context) (c *smtp.Client, stop func(), err error) {
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
		return nil, nil, fmt.Errorf("smtp connect: %w", err)
	}
	unwatch := context.AfterFunc(ctx, func() { _ = conn.Close() })
	stop = func() {
		unwatch()
		_ = conn.Close() // what had to be said has been said
	}
	c, err = t.greet(conn, cfg)
	if err != nil {
		stop()
		return nil, nil, err
	}
	size, _ := c.MaxMessageSize()
	t.limit.Store(int64(size))
	return c, stop, nil
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
func (t *SMTP) envelope(c *smtp.Client, m *Message, size int64) error {
	o := &smtp.MailOptions{Size: size}
	if !isPlain(m.From.Address + m.To.Address + m.ReplyTo) {
		if ok, _ := c.Extension("SMTPUTF8"); !ok {
			return &RefusedError{Stage: "rcpt", Code: "no SMTPUTF8"}
		}
		o.UTF8 = true
	}
	if err := c.Mail(m.From.Address, o); err != nil {
		if overSize(err) {
			return &TooLargeError{Size: size, Limit: t.Limit()}
		}
		return plainError("mail from", err)
	}
	if err := c.Rcpt(m.To.Address, nil); err != nil {
		return refusal("rcpt", err, size, t.Limit())
	}
	return nil
}

// data sends the message itself. A pause longer than the command's time-out ends the connection.
func (t *SMTP) data(c *smtp.Client, m *Message, size int64) error {
	w, err := c.Data()
	if err != nil {
		return refusal("data", err, size, t.Limit())
	}
	watch := time.AfterFunc(t.o.Command, func() { _ = c.Close() })
	_, err = m.WriteTo(writerFunc(func(p []byte) (int, error) {
		watch.Reset(t.o.Command)
		return w.Write(p)
	}))
	watch.Stop()
	if err != nil {
		return fmt.Errorf("smtp data: %w", err)
	}
	if err := w.Close(); err != nil {
		return refusal("message", err, size, t.Limit())
	}
	return nil
}

// leave says goodbye without waiting long for the answer; the message's fate is settled by then.
func (t *SMTP) leave(c *smtp.Client) {
	c.CommandTimeout = min(t.o.Command, 2*time.Second)
	_ = c.Quit()
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
