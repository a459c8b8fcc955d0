package main

import (
	"bufio"
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/notify"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pki"
	"github.com/innsigli/innsigli/web"
)

// base are the settings that every command needs to find the installation.
type base struct {
	Data     string `help:"Folder of the installation." default:"./data" placeholder:"DIR"`
	Database string `help:"postgres://… ; default: SQLite in the data folder." placeholder:"URL"`
	Key      string `help:"Key-encryption key: FILE or env:NAME; default: a file in the data folder, made at first start." placeholder:"FILE"`
}

// settings are what the server runs with.
type settings struct {
	base
	mailSettings
	Listen         string        `help:"Address to listen on." default:"127.0.0.1:8080" placeholder:"ADDR"`
	AdminListen    string        `help:"Address for metrics and health in detail; default: the main listener, for loopback peers only." placeholder:"ADDR"`
	PublicURL      string        `name:"public-url" help:"How people reach the server; default: http:// and the listening address." placeholder:"URL"`
	SMTP           string        `name:"smtp" help:"smtp://[user:pass@]host:port[?tls=starttls|tls|none]; default: the built-in outbox." placeholder:"URL"`
	MailFrom       string        `help:"Sender of mails; default: innsigli@ and the public host." placeholder:"ADDRESS"`
	MailReturn     string        `help:"Where mails that cannot be delivered come back to; {id} in it becomes the message's id. Default: the sender." placeholder:"ADDRESS"`
	InboundSecret  string        `hidden:""` // never from the command line: see run
	MailgunKey     string        `hidden:""` // the same
	SMS            string        `name:"sms" help:"http(s)://… gets JSON {to, from, text}; twilio://SID:TOKEN@api.twilio.com?from=NUMBER; default: the built-in outbox." placeholder:"URL"`
	SMSAllow       []string      `name:"sms-allow" sep:"," help:"Beginnings of phone numbers that SMS and calls may go to, as +354,+47; default: every country's." placeholder:"PREFIX"`
	SMSHour        int           `name:"sms-hour" help:"How many SMS and calls a company has within an hour." default:"2000" placeholder:"N"`
	Voice          string        `name:"voice" help:"http(s)://… gets JSON {to, language, text} to read out; default: no calls, or the built-in outbox where it stands in for SMS." placeholder:"URL"`
	Seal           string        `help:"PKCS #12 file of the seal; default: one of the local CA. Its password is INNSIGLI_SEAL_PASSWORD or the config file's seal-password." placeholder:"FILE"`
	SealPKCS1      bool          `name:"seal-pkcs1" help:"Let an RSA seal sign by PKCS #1 v1.5, for readers that know no RSASSA-PSS; validators take that until 2028 only."`
	SealPassword   string        `hidden:""` // never from the command line: see run
	TSA            []string      `name:"tsa" sep:"," help:"Time-stamping authorities, asked in this order; default: the local one." placeholder:"URL"`
	ExpireAfter    time.Duration `help:"How long a process stays open." default:"720h" placeholder:"DURATION"`
	WebhookAllow   string        `help:"Private networks that webhooks may reach, separated by commas." placeholder:"CIDR"`
	PKIAllow       string        `name:"pki-allow" help:"Private networks that the addresses in certificates may lead to, separated by commas." placeholder:"CIDR"`
	TrustedProxies string        `help:"Networks whose X-Forwarded-For is believed, separated by commas." placeholder:"CIDR"`
	Dev            bool          `help:"Let test signees sign without a code. For trying clients out, never for documents that are meant to count."`
	LogFormat      string        `help:"text or json." enum:"text,json" default:"text"`
}

// plan is the settings, checked and worked out: nothing in it can turn out wrong later.
type plan struct {
	settings
	public       *url.URL
	proxies      web.Proxies
	webhookAllow []netip.Prefix
	pkiAllow     []netip.Prefix
	database     string // with its scheme
	keySpec      string
	ownKey       bool // the key file is this server's alone, so it may exchange the key by itself
	mailFrom     string
	dkim         *notify.DKIM // nil: mails are not signed
	ownSeal      *pki.Seal    // of --seal; nil: the local one
	noSms        bool         // no gateway, and no outbox to stand in for it
	loopback     bool         // listener and public address are this machine's only
	seam         seams
}

func (p *plan) sqlite() bool { return strings.HasPrefix(p.database, "sqlite:") }

// seams are where tests put a clock of their own and failures in between. Nil: as it is.
type seams struct {
	now   func() time.Time
	store func(innsigli.Store) innsigli.Store
	queue func(innsigli.Queue) innsigli.Queue
	blobs func(innsigli.Blobs) innsigli.Blobs
	mail  func(notify.Transport) notify.Transport

	machineClock func() innsigli.MachineClock
	renderer     []string // argv of the renderer's children
}

func (p *plan) clock() func() time.Time {
	if p.seam.now != nil {
		return p.seam.now
	}
	return time.Now
}

func wrapped[T any](wrap func(T) T, v T) T {
	if wrap == nil {
		return v
	}
	return wrap(v)
}

func (s seams) wrapStore(v innsigli.Store) innsigli.Store    { return wrapped(s.store, v) }
func (s seams) wrapQueue(v innsigli.Queue) innsigli.Queue    { return wrapped(s.queue, v) }
func (s seams) wrapBlobs(v innsigli.Blobs) innsigli.Blobs    { return wrapped(s.blobs, v) }
func (s seams) wrapMail(v notify.Transport) notify.Transport { return wrapped(s.mail, v) }

// check works the settings out.
func (s settings) check() (plan, error) {
	p := plan{settings: s}
	host, port, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return p, wrongUsage("--listen: %w", err)
	}
	if s.PublicURL == "" {
		name := host
		if name == "" || net.ParseIP(name) != nil && net.ParseIP(name).IsUnspecified() {
			name = "localhost"
		}
		p.PublicURL = "http://" + net.JoinHostPort(name, port)
	}
	if p.public, err = publicURL(p.PublicURL); err != nil {
		return p, err
	}
	if s.AdminListen != "" {
		if _, _, err := net.SplitHostPort(s.AdminListen); err != nil {
			return p, wrongUsage("--admin-listen: %w", err)
		}
	}
	if d, _, _ := strings.Cut(s.Database, ":"); !slices.Contains([]string{"", "sqlite", "postgres", "postgresql"}, d) {
		return p, wrongUsage("--database: neither postgres://… nor sqlite:FILE")
	}
	p.loopback = web.LoopbackHost(host) && web.LoopbackHost(p.public.Hostname())
	if s.SMTP == "" && !p.loopback {
		return p, wrongUsage("--smtp is required when the server can be reached from elsewhere: the built-in outbox is for trying things out on one machine")
	}
	p.noSms = s.SMS == "" && !p.loopback
	if p.proxies, err = web.ParseProxies(s.TrustedProxies); err != nil {
		return p, wrongUsage("--trusted-proxies: %w", err)
	}
	if p.webhookAllow, err = networks("--webhook-allow", s.WebhookAllow); err != nil {
		return p, err
	}
	if p.pkiAllow, err = networks("--pki-allow", s.PKIAllow); err != nil {
		return p, err
	}
	if p.mailFrom = s.MailFrom; p.mailFrom == "" {
		p.mailFrom = "innsigli@" + mailDomain(p.public.Hostname())
	}
	if p.dkim, err = s.mailSettings.check(p.mailFrom); err != nil {
		return p, err
	}
	if err := s.checkMessages(&p); err != nil {
		return p, err
	}
	if s.ExpireAfter < time.Minute {
		return p, wrongUsage("--expire-after: a process has to stay open for a minute at least")
	}
	if err := s.checkTrust(&p); err != nil {
		return p, err
	}
	s.locate(&p)
	return p, nil
}

// checkMessages looks at what messages and receipts of them need.
func (s settings) checkMessages(p *plan) error {
	if back := strings.ReplaceAll(s.MailReturn, "{id}", innsigli.NewID()); s.MailReturn != "" && !innsigli.ValidEmail(back) {
		return wrongUsage("--mail-return: %q is no e-mail address", s.MailReturn)
	}
	if n := len(s.InboundSecret); n > 0 && n < minSecret {
		return wrongUsage("inbound-secret: %d characters are too few, at least %d", n, minSecret)
	}
	for _, a := range s.SMSAllow {
		if len(a) < 2 || len(a) > 16 || a[0] != '+' || strings.Trim(a[1:], "0123456789") != "" {
			return wrongUsage("--sms-allow: %q does not begin with + and digits, as +354", a)
		}
	}
	if p.SMSHour = cmp.Or(s.SMSHour, innsigli.TextsOfCompany); p.SMSHour < 0 {
		return wrongUsage("--sms-hour: a number of SMS")
	}
	return nil
}

// minSecret is the shortest secret that callers may have, in characters.
const minSecret = 16

// networks reads the value of a flag that allows private networks.
func networks(flag, text string) ([]netip.Prefix, error) {
	allow, err := web.ParseProxies(text)
	if err != nil {
		return nil, wrongUsage("%s: %w", flag, err)
	}
	return allow, nil
}

// maxTSA is how many authorities may be named: one, and those to fall back on.
const maxTSA = 5

// checkTrust reads the seal and looks at the addresses of the time-stamping authorities.
func (s settings) checkTrust(p *plan) (err error) {
	if s.Seal != "" {
		if p.ownSeal, err = loadSeal(s.Seal, s.SealPassword); err != nil {
			return err
		}
	}
	if s.SealPKCS1 {
		if p.ownSeal == nil || !p.ownSeal.IsRSA() {
			return wrongUsage("--seal-pkcs1 is for an RSA key of --seal")
		}
		p.ownSeal.Key = pades.PKCS1{Signer: p.ownSeal.Key}
	}
	if len(s.TSA) > maxTSA {
		return wrongUsage("--tsa: at most %d addresses", maxTSA)
	}
	for _, a := range s.TSA {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return wrongUsage("--tsa: an address begins with http:// or https:// and a host")
		}
	}
	return nil
}

// publicURL reads the address that every link begins with.
func publicURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(s, "/"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, wrongUsage("--public-url: %q is no http or https address", s)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, wrongUsage("--public-url: links begin with it, so it has neither user nor query nor fragment")
	}
	return u, nil
}

// locate works out where the database and the key are.
func (b base) locate(p *plan) {
	p.database, p.keySpec = b.Database, b.Key
	if p.database == "" {
		p.database = "sqlite:" + filepath.Join(b.Data, "innsigli.db")
	}
	if p.keySpec == "" {
		p.keySpec, p.ownKey = filepath.Join(b.Data, "key"), true
	}
}

// mailDomain makes a domain of a host: an IP address is none.
func mailDomain(host string) string {
	if net.ParseIP(host) != nil || !strings.Contains(host, ".") {
		return "localhost.localdomain"
	}
	return host
}

// configResolver reads the config file that --config or INNSIGLI_CONFIG names: lines of a flag and its value, with or
// without an equals sign; empty lines and lines that begin with # are skipped. nil when there is no file.
func configResolver(args []string) (kong.Resolver, error) {
	name := os.Getenv("INNSIGLI_CONFIG")
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			name = v
		} else if a == "--config" && i+1 < len(args) {
			name = args[i+1]
		}
	}
	if name == "" {
		return nil, nil //nolint:nilnil // no file, no resolver, no error
	}
	values, err := readConfig(name)
	if err != nil {
		return nil, err
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		// What is in the environment was set for this run and wins over the file, which is for all.
		if slices.ContainsFunc(flag.Envs, func(name string) bool { return os.Getenv(name) != "" }) {
			return nil, nil
		}
		if v, ok := values[flag.Name]; ok {
			return v, nil
		}
		return nil, nil
	}), nil
}

// configNames are the lines a config file may have: the flags of serve.
var configNames = []string{
	"data", "database", "key", "listen", "admin-listen", "public-url", "smtp", "smtp-connections", "mails-at-once", "mails-a-minute", "mails-an-hour", "dkim", "dkim-domain", "mail-from", "mail-return", "inbound-secret", "mailgun-key", "sms", "sms-allow", "sms-hour", "voice", "seal", "seal-pkcs1", "seal-password", "tsa", "expire-after",
	"webhook-allow", "pki-allow", "trusted-proxies", "dev", "log-format",
}

func readConfig(name string) (map[string]string, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	defer f.Close() //nolint:errcheck // a reader
	known := map[string]bool{}
	for _, n := range configNames {
		known[n] = true
	}
	values := map[string]string{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		i := strings.IndexAny(line, " \t=")
		if i < 0 {
			return nil, fmt.Errorf("config file: line %d has no value", n)
		}
		key := strings.TrimLeft(line[:i], "-")
		if !known[key] {
			return nil, fmt.Errorf("config file: line %d: there is no setting %q", n, key)
		}
		values[key] = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line[i:]), "="))
	}
	return values, lines.Err()
}
