package inbound

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

const (
	id    = "0123456789abcdef0123456789abcdef"
	other = "ffffffffffffffffffffffffffffffff"
)

// dsn is a bounce as Postfix writes it (RFC 3464), with the fields of its second and third part.
func dsn(status, returned string) string {
	return crlf(`From: MAILER-DAEMON@mx.example.is (Mail Delivery System)
To: bounces@sign.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="B/mx"

This is a MIME-encapsulated message.

--B/mx
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered. 99999999999999999999999999999999

--B/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

` + status + `
--B/mx
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

` + returned + `
--B/mx--
`)
}

func before(s, mark string) string {
	s, _, _ = strings.Cut(s, mark)
	return s
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const perMessage = `Reporting-MTA: dns; mx.example.is
X-Postfix-Sender: rfc822; bounces@sign.example
Arrival-Date: Mon, 23 Nov 2026 08:00:00 +0000 (UTC)
`

const failed = `
Final-Recipient: rfc822; anna@example.is
Original-Recipient: rfc822;anna@example.is
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.is>: Recipient address
    rejected: User unknown
`

const ours = `Message-ID: <` + id + `@sign.example>
From: Acme <noreply@sign.example>
To: anna@example.is
Subject: hello
`

// arf is a complaint (RFC 5965).
func arf(kind string) string {
	return crlf(`From: <abuse@mail.example.net>
To: <abuse@sign.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: ` + kind + `
User-Agent: SomeGenerator/1.0
Version: 1

--part
Content-Type: message/rfc822
Content-Disposition: inline

` + ours + `
Hello.
--part--
`)
}

func TestReportsAreRead(t *testing.T) {
	one := func(event innsigli.ReceiptEvent, code string) []innsigli.Receipt {
		return []innsigli.Receipt{{Message: id, By: innsigli.ByMail, Event: event, Code: code}}
	}
	bounce := dsn(perMessage+failed, ours)
	encoded := strings.Replace(bounce, "Content-Type: message/delivery-status\r\n\r\n"+crlf(perMessage+failed),
		"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n"+base64.StdEncoding.EncodeToString([]byte(perMessage+failed))+"\r\n", 1)
	forwarded := crlf("From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: text/plain\n\nFwd\n--out\nContent-Type: message/rfc822\n\n") +
		bounce + crlf("\n--out--\n")
	auto := crlf("From: anna@example.is\nTo: bounces+" + id + "@sign.example\nSubject: Out of office\nAuto-Submitted: auto-replied\nContent-Type: text/plain\n\nBack on Monday. <" + id + "@sign.example>\n")
	for name, tc := range map[string]struct {
		mail string
		want []innsigli.Receipt
	}{
		"bounce":                   {bounce, one(innsigli.ReceiptBounced, "5.1.1")},
		"line ends of a pipe":      {"From MAILER-DAEMON Mon Nov 23 08:00:00 2026\n" + strings.ReplaceAll(bounce, "\r\n", "\n"), one(innsigli.ReceiptBounced, "5.1.1")},
		"encoded":                  {encoded, one(innsigli.ReceiptBounced, "5.1.1")},
		"forwarded as attachment":  {forwarded, one(innsigli.ReceiptBounced, "5.1.1")},
		"given up after days":      {dsn(perMessage+strings.ReplaceAll(failed, "5.1.1", "4.4.7"), ours), one(innsigli.ReceiptBounced, "4.4.7")},
		"delayed":                  {dsn(perMessage+strings.NewReplacer("failed", "delayed", "5.1.1", "4.4.1").Replace(failed), ours), one(innsigli.ReceiptDelayed, "4.4.1")},
		"delivered":                {dsn(perMessage+strings.NewReplacer("failed", "delivered (to mailbox)", "5.1.1", "2.0.0").Replace(failed), ours), one(innsigli.ReceiptDelivered, "")},
		"relayed":                  {dsn(perMessage+strings.Replace(failed, "failed", "relayed", 1), ours), nil},
		"our envelope id wins":     {dsn("Original-Envelope-Id: "+id+"\n"+perMessage+failed, strings.ReplaceAll(ours, id, other)), one(innsigli.ReceiptBounced, "5.1.1")},
		"no headers returned":      {strings.Replace(dsn("Original-Envelope-Id: "+strings.ToUpper(id)+"\n"+perMessage+failed, ""), "text/rfc822-headers", "text/x-nothing", 1), one(innsigli.ReceiptBounced, "5.1.1")},
		"id in the address":        {strings.Replace(dsn(perMessage+failed, "From: x@y.example\n"), "To: bounces@", "To: bounces+"+id+"@", 1), one(innsigli.ReceiptBounced, "5.1.1")},
		"address alone":            {dsn(perMessage+failed, "From: noreply@sign.example\nTo: anna@example.is\n"), nil},
		"no action":                {dsn(perMessage+strings.Replace(failed, "Action: failed\n", "", 1), ours), nil},
		"no status":                {dsn(perMessage+strings.Replace(failed, "Status: 5.1.1\n", "", 1), ours), one(innsigli.ReceiptBounced, "")},
		"status with a text":       {dsn(perMessage+strings.Replace(failed, "Status: 5.1.1\n", "Status: 5.7.26 (policy)\n", 1), ours), one(innsigli.ReceiptBounced, "5.7.26")},
		"abuse":                    {arf("abuse"), one(innsigli.ReceiptComplained, "abuse")},
		"not spam after all":       {arf("not-spam"), nil},
		"out of office":            {auto, nil},
		"a mail of ours, as it is": {crlf(ours) + "\r\nhello", nil},
		"cut off in the headers":   {before(bounce, "Subject: hello"), one(innsigli.ReceiptBounced, "5.1.1")},
		"cut off in the status":    {before(bounce, "Diagnostic-Code"), nil},
	} {
		got, err := ParseReport([]byte(tc.mail))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if _, err := ParseReport([]byte("\x00\x01")); err == nil {
		t.Error("bytes that are no mail are taken")
	}
}

// TestHostileReportsEndSoon: parts in parts, parts without end, one endless line, recipients without number.
func TestHostileReportsEndSoon(t *testing.T) {
	nested := ""
	for range 200 {
		nested += crlf("Content-Type: multipart/mixed; boundary=b\n\n--b\n")
	}
	for name, mail := range map[string]string{
		"nested":     nested,
		"parts":      crlf("Content-Type: multipart/report; boundary=b\n\n") + strings.Repeat(crlf("--b\nContent-Type: message/delivery-status\n\nAction: failed\n\n"), 5000),
		"line":       crlf("Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: ") + strings.Repeat("x", 2*maxReport),
		"recipients": dsn(perMessage+strings.Repeat(failed, 5000), ours),
	} {
		got, err := ParseReport([]byte(mail))
		if err != nil || len(got) > maxParts*maxGroups {
			t.Errorf("%s: %d receipts, %v", name, len(got), err)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add(dsn(perMessage+failed, ours))
	f.Add(arf("abuse"))
	f.Add("From x\n\n")
	f.Fuzz(func(t *testing.T, mail string) {
		got, err := ParseReport([]byte(mail))
		if err != nil && len(got) > 0 {
			t.Error("an error and receipts")
		}
		for _, r := range got {
			if len(r.Message) != 32 || !strings.Contains(strings.ToLower(mail), r.Message) && !strings.Contains(mail, "base64") && !strings.Contains(mail, "=") {
				t.Errorf("%q is not in the mail", r.Message)
			}
		}
	})
}
