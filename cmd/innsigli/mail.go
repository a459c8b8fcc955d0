package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/notify"
)

// mailSettings are how mails go out.
type mailSettings struct {
	SMTPConnections int      `name:"smtp-connections" help:"Connections to the mail server at once." default:"16" placeholder:"N"`
	MailsAtOnce     int      `name:"mails-at-once" help:"Mails on their way to one domain at once, from all nodes." default:"6" placeholder:"N"`
	MailsAMinute    int      `name:"mails-a-minute" help:"Mails to one domain a minute, from all nodes; default: no bound, since mail servers have their own." placeholder:"N"`
	MailsAnHour     int      `name:"mails-an-hour" help:"E-mail addresses that a company may write to within an hour." default:"10000" placeholder:"N"`
	DKIM            []string `name:"dkim" sep:"," help:"Keys that mails are signed with, RSA and Ed25519 as PEM; 'innsigli dkim' prints what has to stand in the DNS." placeholder:"SELECTOR:FILE"`
	DKIMDomain      string   `name:"dkim-domain" help:"Domain that signs mails: that of --mail-from, which is the default, or one above it." placeholder:"DOMAIN"`
}

// maxSMTPConnections is how many connections to the mail server make any sense: a node sends no more messages at once.
const maxSMTPConnections = notify.DefaultConnections

// maxMailsAMinute is a mail every millisecond, which is no bound any more.
const maxMailsAMinute = 60_000

// check takes zero for what was not given, as [notify.SMTPOptions] does. The signer is nil when there are no keys.
func (s mailSettings) check(from string) (*notify.DKIM, error) {
	if !innsigli.ValidEmail(from) {
		return nil, wrongUsage("--mail-from: %q is no e-mail address", from)
	}
	if s.SMTPConnections < 0 || s.SMTPConnections > maxSMTPConnections {
		return nil, wrongUsage("--smtp-connections: between 1 and %d", maxSMTPConnections)
	}
	if s.MailsAtOnce < 0 {
		return nil, wrongUsage("--mails-at-once: at least 1")
	}
	if s.MailsAMinute < 0 || s.MailsAMinute > maxMailsAMinute {
		return nil, wrongUsage("--mails-a-minute: at most %d", maxMailsAMinute)
	}
	if s.MailsAnHour < 0 {
		return nil, wrongUsage("--mails-an-hour: at least 1")
	}
	_, domain, _ := strings.Cut(from, "@")
	if d := s.DKIMDomain; d != "" {
		// DMARC asks that what signs belongs to what people see as the sender (RFC 7489 3.1.1).
		if !strings.HasSuffix("."+strings.ToLower(domain), "."+strings.ToLower(d)) {
			return nil, wrongUsage("--dkim-domain: mails come from %s, which is not in %s", domain, d)
		}
		domain = d
	}
	if len(s.DKIM) == 0 {
		return nil, nil //nolint:nilnil // nobody signs
	}
	var keys []notify.DKIMKey
	for _, d := range s.DKIM {
		selector, file, _ := strings.Cut(d, ":")
		text, err := os.ReadFile(file) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, wrongUsage("--dkim: SELECTOR:FILE: %w", err)
		}
		k, err := notify.ReadDKIMKey(text)
		if err != nil {
			return nil, wrongUsage("--dkim: %s: %w", file, err)
		}
		keys = append(keys, notify.DKIMKey{Selector: selector, Key: k})
	}
	signer, err := notify.NewDKIM(domain, keys...)
	if err != nil {
		return nil, wrongUsage("--dkim: %w", err)
	}
	return signer, nil
}

// dkimCmd prints the records of the DNS that receivers look the keys up in.
type dkimCmd struct{ settings }

// txtChunk is the longest string of a TXT record (RFC 1035 3.3); receivers put several together.
const txtChunk = 255

// Run prints a line of a zone file for each key.
func (c dkimCmd) Run(_ context.Context, con console) error {
	p, err := c.check()
	if err != nil {
		return err
	}
	if p.dkim == nil {
		return wrongUsage("--dkim: no key is given")
	}
	all, err := p.dkim.Records()
	if err != nil {
		return err
	}
	for _, r := range all {
		var text strings.Builder
		for s := r.Text; s != ""; {
			n := min(len(s), txtChunk)
			fmt.Fprintf(&text, " %q", s[:n])
			s = s[n:]
		}
		if _, err := fmt.Fprintf(con.out, "%s. IN TXT%s\n", r.Name, text.String()); err != nil {
			return err
		}
	}
	return nil
}
