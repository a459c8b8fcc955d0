package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/pki"
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
		{"dkim", strings.Join(p.DKIM, ",")},
		{"dkim-domain", p.DKIMDomain},
		{"mail-from", p.mailFrom},
		{"mail-return", p.MailReturn},
		{"inbound-secret", secretly(p.InboundSecret)},
		{"mailgun-key", secretly(p.MailgunKey)},
		{"sms", noPassword(p.SMS)},
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
	_, err = fmt.Fprintf(con.out, `
# limits
# document          %d bytes (413)
# sealed document   %d bytes, also to be verified (413)
# request body      %d bytes (413)
# XML document      %d bytes (413)
# signees           %d a process (400)
# meta              %d bytes (400)
# file name         %d bytes (400)
# names, addresses  %d characters (400)
# reason            %d characters (400)
# attachments       %d files a process, %d bytes each (413), %d bytes together (400)
# signature image   %d bytes, %d pixels a side (400)
# logo              %d bytes (413), %d pixels a side, %d in all (400)
# code              valid %s, %d tries, %d codes an hour and signee, %d wrong tries in all (400, 429)
# reminders         %d an hour and person by the API (429), rules of %d days and every %d (400)
# passing on        a signature %d times (400)
# webhooks          %d a flow, addresses of %d bytes (400)
# templates         %d a company, messages of %d bytes, subjects of %d characters, button texts of %d (400); a filled SMS of %d
# seal              waits %s for time stamps and revocation data, its messages %s for what is raised
# /pki              %d signed answers a second, %d at once (429); requests of %d bytes (413)
# owner's copy      waits %s for its delivery
# completed link    open %s
`, innsigli.MaxDocumentBytes, innsigli.MaxSealedBytes, innsigli.MaxBodyBytes, innsigli.MaxXMLBytes, innsigli.MaxSignees, innsigli.MaxMetaBytes, innsigli.MaxFileName,
		innsigli.MaxNameRunes, innsigli.MaxReasonRunes, innsigli.MaxAttachments,
		innsigli.MaxAttachmentBytes, innsigli.MaxAttachmentsBytes, innsigli.MaxDrawingBytes, innsigli.MaxDrawingSide, innsigli.MaxLogoBytes, innsigli.MaxLogoSide, innsigli.MaxLogoPixels, innsigli.CodeLifetime, innsigli.MaxCodeTries, innsigli.MaxCodesAnHour,
		innsigli.MaxWrongTries, innsigli.MaxRemindersAnHour, innsigli.MaxReminderFirst, innsigli.MaxReminderEvery, innsigli.MaxReassigns, innsigli.MaxWebhooks, innsigli.MaxWebhookURL, innsigli.MaxTemplates, innsigli.MaxTemplateBytes, innsigli.MaxSubjectRunes, innsigli.MaxLinkTextRunes, innsigli.MaxSmsRunes, innsigli.SealPatience, innsigli.RaiseWait, authorityRate, authorityBurst, pki.MaxRequest, innsigli.HoldLifetime, innsigli.CompletedLink)
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
