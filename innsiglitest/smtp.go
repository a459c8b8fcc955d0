package innsiglitest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// SMTPOptions say what kind of mail server an [SMTP] is. The zero value is a plain one without login or limits.
type SMTPOptions struct {
	StartTLS       bool // offers STARTTLS with a certificate of its own
	TLS            bool // speaks TLS from the first byte
	User, Password string
	Mechanism      string // the login that is offered: "PLAIN" (default) or "LOGIN"
	Size           int64  // SIZE; 0 announces none
	DSN            bool   // offers reports of delivery (RFC 3461)
	HashOnly       bool   // attachments are hashed and not kept: for measuring memory
}

// SMTP is a mail server on loopback that keeps what it is sent.
type SMTP struct {
	o     SMTPOptions
	addr  string
	roots *x509.CertPool
	tray  tray[Mail]

	mu      sync.Mutex
	rcpt    map[string]*smtp.SMTPError
	nth     map[int]*smtp.SMTPError
	hang    map[string]chan struct{}
	reached chan string
	count   int
	only    bool
	down    bool
	cut     string
	open    map[*smtp.Conn]bool
	peers   map[string]bool
}

// Mail is a message as the server took it.
type Mail struct {
	From, To  string // of the envelope
	Header    mail.Header
	Subject   string
	MessageID string
	Text      string
	HTML      string
	Files     []MailFile
	Inline    []MailFile // pictures that the HTML shows, named by their Content-ID
	Raw       []byte     // all of it; nil with HashOnly
	TLS       bool       // the connection was encrypted
	User      string     // who was logged in
	Reports   string     // what reports of delivery were asked for: ENVID, RET, NOTIFY
}

// MailFile is an attachment.
type MailFile struct {
	Name, Type string
	Size       int64
	SHA256     string // hex
	Bytes      []byte // nil with HashOnly
}

// NewSMTP starts a mail server that ends with the test.
func NewSMTP(tb testing.TB, o SMTPOptions) *SMTP {
	tb.Helper()
	s := &SMTP{
		o: o, rcpt: map[string]*smtp.SMTPError{}, nth: map[int]*smtp.SMTPError{}, hang: map[string]chan struct{}{},
		reached: make(chan string, 100), open: map[*smtp.Conn]bool{}, peers: map[string]bool{},
	}
	srv := smtp.NewServer(smtp.BackendFunc(s.session))
	srv.Domain = "mail.test"
	srv.MaxMessageBytes = o.Size
	srv.AllowInsecureAuth = true
	srv.EnableSMTPUTF8 = true
	srv.EnableDSN = o.DSN
	srv.ErrorLog = log.New(io.Discard, "", 0)
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.addr = l.Addr().String()
	if o.StartTLS || o.TLS {
		cert := newCertificate(tb)
		s.roots = x509.NewCertPool()
		s.roots.AddCert(cert.Leaf)
		cfg := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		if o.TLS {
			l = tls.NewListener(l, cfg)
		} else {
			srv.TLSConfig = cfg
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(l) // ends with Close
	}()
	tb.Cleanup(func() {
		s.release()
		_ = srv.Close()
		_ = l.Close() // a server that is closed before it began to serve does not know its listener yet
		<-done
	})
	return s
}

// URL is the server's address as --smtp takes it, with its login.
func (s *SMTP) URL() string {
	u := url.URL{Scheme: "smtp", Host: s.addr}
	if s.o.User != "" {
		u.User = url.UserPassword(s.o.User, s.o.Password)
	}
	switch {
	case s.o.TLS:
		u.Scheme = "smtps"
	case s.o.StartTLS:
		u.RawQuery = "tls=starttls"
	}
	return u.String()
}

// ClientTLS trusts the server's certificate.
func (s *SMTP) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// Refuse has RCPT for an address answered with a code: 550, 451.
func (s *SMTP) Refuse(address string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpt[strings.ToLower(address)] = answer(code, address)
}

// FailNth has the n-th message from now (1 is the next one) answered with a code after its last dot.
func (s *SMTP) FailNth(n, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nth[s.count+n] = answer(code, "")
}

// Hang has RCPT for an address wait; the returned function lets it go on. Reached tells when somebody waits.
func (s *SMTP) Hang(address string) (release func()) {
	ch := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	address = strings.ToLower(address)
	s.hang[address] = ch
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.hang[address] == ch {
			delete(s.hang, address)
			close(ch)
		}
	}
}

// Reached gives the addresses at which somebody began to wait after [SMTP.Hang].
func (s *SMTP) Reached() <-chan string { return s.reached }

// Cut has a connection broken off once: at the next MAIL or RCPT ("mail", "rcpt"), in the middle of the next message
// ("data"), or after the last dot of it, when it has been taken and before that is said ("dot").
func (s *SMTP) Cut(stage string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = stage
}

// HangUp breaks off every connection.
func (s *SMTP) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		_ = c.Conn().Close()
	}
}

// Connections says how many have greeted so far, and how many of them are open.
func (s *SMTP) Connections() (greeted, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.peers), len(s.open)
}

// cuts breaks the connection off when that is wanted at this stage.
func (c *smtpSession) cuts(stage string) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.cut != stage {
		return false
	}
	c.s.cut = ""
	_ = c.conn.Conn().Close()
	return true
}

// Down has every connection turned away with 421 until it is called with false, those that are open at their next mail.
func (s *SMTP) Down(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = yes
}

// Mails are the messages so far, in the order in which they were taken.
func (s *SMTP) Mails() []Mail { return s.tray.list() }

// CountOnly has messages from now on counted, and neither read nor kept: for measuring.
func (s *SMTP) CountOnly() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.only = true
}

// Count is how many messages came so far, refused ones included.
func (s *SMTP) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Wait gives the messages when there are at least n of them.
func (s *SMTP) Wait(tb testing.TB, n int) []Mail {
	tb.Helper()
	return s.tray.wait(tb, n)
}

func (s *SMTP) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a, ch := range s.hang {
		delete(s.hang, a)
		close(ch)
	}
}

// answer repeats the address, as real servers do: what the sender logs must not.
func answer(code int, address string) *smtp.SMTPError {
	return &smtp.SMTPError{
		Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "no thanks for <" + address + ">",
	}
}

var errNotNow = &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "not now"}

func (s *SMTP) session(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errNotNow
	}
	s.peers[c.Conn().RemoteAddr().String()] = true // a connection greets a second time after STARTTLS
	s.open[c] = true
	return &smtpSession{s: s, conn: c}, nil
}

// smtpSession is one connection.
type smtpSession struct {
	s       *SMTP
	conn    *smtp.Conn
	user    string
	from    string
	to      string
	reports string
}

var _ smtp.AuthSession = (*smtpSession)(nil)

func (c *smtpSession) AuthMechanisms() []string {
	switch {
	case c.s.o.User == "":
		return nil
	case c.s.o.Mechanism != "":
		return []string{c.s.o.Mechanism}
	}
	return []string{sasl.Plain}
}

func (c *smtpSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != c.s.o.User || password != c.s.o.Password {
			return smtp.ErrAuthFailed
		}
		c.user = user
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// loginServer is the LOGIN mechanism, which the library knows as a client only.
type loginServer struct {
	step  int
	user  string
	check func(user, password string) error
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

func (c *smtpSession) Reset() { c.from, c.to = "", "" }

func (c *smtpSession) Logout() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	delete(c.s.open, c.conn)
	return nil
}

func (c *smtpSession) Mail(from string, o *smtp.MailOptions) error {
	if c.s.o.User != "" && c.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "login first"}
	}
	c.s.mu.Lock()
	down := c.s.down
	c.s.mu.Unlock()
	if down || c.cuts("mail") {
		return errNotNow
	}
	c.from, c.reports = from, ""
	if o.EnvelopeID != "" {
		c.reports = o.EnvelopeID + " " + string(o.Return)
	}
	return nil
}

func (c *smtpSession) Rcpt(to string, o *smtp.RcptOptions) error {
	c.s.mu.Lock()
	refusal, wait := c.s.rcpt[strings.ToLower(to)], c.s.hang[strings.ToLower(to)]
	c.s.mu.Unlock()
	if wait != nil {
		c.s.reached <- to
		<-wait
	}
	if refusal != nil {
		return refusal
	}
	if c.cuts("rcpt") {
		return errNotNow
	}
	c.to = to
	for _, n := range o.Notify {
		c.reports += " " + string(n)
	}
	return nil
}

func (c *smtpSession) Data(r io.Reader) error {
	if c.cuts("data") {
		return errNotNow
	}
	c.s.mu.Lock()
	only := c.s.only
	c.s.mu.Unlock()
	if only {
		_, err := io.Copy(io.Discard, r)
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.count++
		return err
	}
	var raw bytes.Buffer
	if !c.s.o.HashOnly {
		r = io.TeeReader(r, &raw)
	}
	m, err := readMail(r, c.s.o.HashOnly)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	m.Raw = raw.Bytes()
	m.From, m.To, m.User, m.Reports = c.from, c.to, c.user, c.reports
	_, m.TLS = c.conn.TLSConnectionState()
	c.s.mu.Lock()
	c.s.count++
	refusal := c.s.nth[c.s.count]
	c.s.mu.Unlock()
	if refusal != nil {
		return refusal
	}
	c.s.tray.add(m)
	c.cuts("dot")
	return nil
}

// readMail reads a message by the standard library alone, so that it judges what the product wrote.
func readMail(r io.Reader, hashOnly bool) (Mail, error) {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, err
	}
	m := Mail{Header: msg.Header, MessageID: msg.Header.Get("Message-ID")}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, err
	}
	return m, m.readPart(msg.Header.Get, msg.Body, hashOnly)
}

func (m *Mail) readPart(header func(string) string, body io.Reader, hashOnly bool) error {
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		for mr := multipart.NewReader(body, params["boundary"]); ; {
			p, err := mr.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := m.readPart(p.Header.Get, p, hashOnly); err != nil {
				return err
			}
		}
	}
	switch strings.ToLower(header("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	if d, p, err := mime.ParseMediaType(header("Content-Disposition")); err == nil && d == "attachment" {
		f, err := readPartFile(p["filename"], kind, body, hashOnly)
		m.Files = append(m.Files, f)
		return err
	}
	if id := strings.Trim(header("Content-ID"), "<>"); id != "" {
		f, err := readPartFile(id, kind, body, hashOnly)
		m.Inline = append(m.Inline, f)
		return err
	}
	b, err := io.ReadAll(body)
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	switch kind {
	case "text/plain":
		m.Text = text
	case "text/html":
		m.HTML = text
	default:
		return fmt.Errorf("part of type %s", kind)
	}
	return err
}

func readPartFile(name, kind string, body io.Reader, hashOnly bool) (MailFile, error) {
	f := MailFile{Name: name, Type: kind}
	h := sha256.New()
	var keep strings.Builder
	w := io.Writer(h)
	if !hashOnly {
		w = io.MultiWriter(h, &keep)
	}
	var err error
	f.Size, err = io.Copy(w, body)
	f.SHA256 = hex.EncodeToString(h.Sum(nil))
	if !hashOnly {
		f.Bytes = []byte(keep.String())
	}
	return f, err
}

// newCertificate makes a certificate for loopback that vouches for itself.
func newCertificate(tb testing.TB) tls.Certificate {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}
