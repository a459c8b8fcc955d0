package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// configCmd prints what is in force.
type configCmd struct{ settings }

// Run prints the settings as lines of a config file, without secrets, and the limits.
func (c configCmd) Run(con console) error {
	p, err := c.check()
	if err != nil {
		return err
	}
	lines := [][2]string{
		{"data", p.Data},
		{"database", noPassword(p.database)},
		{"key", p.keySpec},
		{"listen", p.Listen},
		{"admin-listen", p.AdminListen},
		{"public-url", p.public.String()},
		{"smtp", noPassword(p.SMTP)},
		{"smtp-connections", strconv.Itoa(p.SMTPConnections)},
		{"mails-at-once", strconv.Itoa(p.MailsAtOnce)},
		{"mails-a-minute", strconv.Itoa(p.MailsAMinute)},
		{"mails-an-hour", strconv.Itoa(p.MailsAnHour)},
		{"dkim", strings.Join(p.DKIM, ",")},
		{"dkim-domain", p.DKIMDomain},
		{"mail-from", p.mailFrom},
		{"mail-return", p.MailReturn},
		{"inbound-secret", secretly(p.InboundSecret)},
		{"mailgun-key", secretly(p.MailgunKey)},
		{"sms", noPassword(p.SMS)},
		{"sms-allow", strings.Join(p.SMSAllow, ",")},
		{"sms-hour", strconv.Itoa(p.SMSHour)},
		{"voice", noPassword(p.Voice)},
		{"seal", p.Seal},
		{"seal-pkcs1", strconv.FormatBool(p.SealPKCS1)},
		{"tsa", strings.Join(hiddenAll(p.TSA), ",")},
		{"expire-after", p.ExpireAfter.String()},
		{"webhook-allow", p.WebhookAllow},
		{"pki-allow", p.PKIAllow},
		{"trusted-proxies", p.TrustedProxies},
		{"dev", strconv.FormatBool(p.Dev)},
		{"log-format", p.LogFormat},
	}
	for _, l := range lines {
		if l[1] == "" { // a line of a config file has a value
			l[0] = "# " + l[0]
		}
		if _, err := fmt.Fprintf(con.out, "%-16s %s\n", l[0], l[1]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprint(con.out, "\n# limits\n", limits())
	return err
}

// hidden stands where a secret was.
const hidden = "xxxxx"

// secretly says only whether there is a secret.
func secretly(s string) string {
	if s == "" {
		return ""
	}
	return hidden
}

func hiddenAll(urls []string) []string {
	var out []string
	for _, u := range urls {
		out = append(out, noPassword(u))
	}
	return out
}

// noPassword hides what may be secret in a URL: the password, and every value of the query but those known to be none.
// A text that cannot be parsed is hidden whole, since nobody can say where in it the password is.
func noPassword(s string) string {
	u, err := url.Parse(s)
	switch {
	case s == "" || strings.HasPrefix(s, "sqlite:"):
		return s
	case err != nil || u.Host == "":
		return hidden
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), hidden)
	}
	q := u.Query()
	for name := range q {
		if name != "tls" && name != "sslmode" {
			q[name] = []string{hidden}
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
