package inbound

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/innsigli/innsigli"
)

// How much of a report is looked at. What says something stands at its beginning; behind it may come the whole message.
const (
	maxReport = 256 << 10
	maxParts  = 20
	maxDepth  = 4   // reports that are forwarded as an attachment lie deeper
	maxGroups = 100 // recipients of one report
)

// errNoMail says that bytes do not begin with the header of a mail.
var errNoMail = errors.New("not a mail with a header (RFC 5322)")

// ParseReport reads a mail as a report about a message of ours: a delivery status notification (RFC 3464) or a complaint
// (RFC 5965), also when it is forwarded as an attachment. A mail that is none, an answer of somebody on holiday say, has
// no receipts and is no error; nor is a report that names no message, or whose end is cut off.
func ParseReport(b []byte) ([]innsigli.Receipt, error) {
	b = b[:min(len(b), maxReport)]
	if bytes.HasPrefix(b, []byte("From ")) { // programs that deliver to a pipe put the envelope's sender there
		_, b, _ = bytes.Cut(b, []byte("\n"))
	}
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		return nil, errNoMail
	}
	var r report
	r.addressed(m.Header)
	r.entity(textproto.MIMEHeader(m.Header), m.Body, maxDepth)
	return r.receipts(), nil
}

// report is what was found in the parts of a mail.
type report struct {
	events   []innsigli.Receipt // without ids
	envelope string             // the ENVID that we gave (RFC 3461)
	returned string             // Message-ID of the mail that is returned
	to       string             // id in the address that the report was sent to
}

// receipts puts ids and events together. Our own ENVID is the best witness, then the message itself, then the address.
func (r *report) receipts() []innsigli.Receipt {
	id := r.envelope
	for _, other := range []string{r.returned, r.to} {
		if id == "" {
			id = other
		}
	}
	if id == "" {
		return nil
	}
	for i := range r.events {
		r.events[i].Message, r.events[i].By = id, innsigli.ByMail
	}
	return r.events
}

// messageID finds the id of a message of ours in a Message-ID, an ENVID or an address to which bounces go. Hex in capital
// letters is what some programs make of the left half.
var messageID = regexp.MustCompile(`(?i)(?:^|[^0-9a-z])([0-9a-f]{32})(?:$|[^0-9a-z])`)

func idIn(s string) string {
	if m := messageID.FindStringSubmatch(s); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// addressed looks for an id in the addresses that a report was sent to (see the setting mail-return).
func (r *report) addressed(h mail.Header) {
	for _, name := range []string{"X-Original-To", "Delivered-To", "Envelope-To", "To"} {
		if id := idIn(h.Get(name)); id != "" && r.to == "" {
			r.to = id
		}
	}
}

// entity looks at one part and at those in it.
func (r *report) entity(h textproto.MIMEHeader, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || depth == 0 {
		return
	}
	if strings.HasPrefix(kind, "multipart/") {
		r.parts(body, params["boundary"], depth)
		return
	}
	body = decoded(h.Get("Content-Transfer-Encoding"), body)
	switch kind {
	case "message/delivery-status", "message/global-delivery-status":
		r.status(body)
	case "message/feedback-report":
		r.complaint(body)
	case "message/rfc822", "message/global", "message/rfc822-headers", "text/rfc822-headers", "message/global-headers":
		r.message(body, depth)
	}
}

func (r *report) parts(body io.Reader, boundary string, depth int) {
	if boundary == "" {
		return
	}
	all := multipart.NewReader(body, boundary)
	for range maxParts {
		p, err := all.NextRawPart()
		if err != nil {
			return // the end, or cut off: what came before counts
		}
		r.entity(p.Header, p, depth-1)
	}
}

func decoded(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	}
	return body
}

// message is the mail that a report returns, or a report that somebody forwards.
func (r *report) message(body io.Reader, depth int) {
	lines := textproto.NewReader(bufio.NewReader(body))
	h, err := lines.ReadMIMEHeader()
	if len(h) == 0 && err != nil {
		return
	}
	if kind, _, _ := mime.ParseMediaType(h.Get("Content-Type")); kind == "multipart/report" && len(r.events) == 0 {
		r.addressed(mail.Header(h))
		r.entity(h, lines.R, depth-1)
		return
	}
	if r.returned == "" {
		r.returned = idIn(h.Get("Message-Id"))
	}
}

// groups gives the groups of fields of a report, one after the other.
func groups(body io.Reader, each func(textproto.MIMEHeader)) {
	lines := textproto.NewReader(bufio.NewReader(body))
	for range maxGroups {
		h, err := lines.ReadMIMEHeader()
		if len(h) > 0 {
			each(h)
		}
		if err != nil {
			return
		}
	}
}

// enhanced is a status code of RFC 3463, and what may stand behind it.
var enhanced = regexp.MustCompile(`^\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b`)

// status reads the groups of RFC 3464: what holds for the message, then each recipient. A mail of ours has one, who may
// stand for several at the other side. "failed" is the last word whatever the class of its code is, since the other side
// has given up; "relayed" and "expanded" say nothing of the mailbox.
func (r *report) status(body io.Reader) {
	groups(body, func(h textproto.MIMEHeader) {
		if id := idIn(h.Get("Original-Envelope-Id")); id != "" && r.envelope == "" {
			r.envelope = id
		}
		e := innsigli.Receipt{}
		if m := enhanced.FindStringSubmatch(h.Get("Status")); m != nil {
			e.Code = m[1]
		}
		action, _, _ := strings.Cut(h.Get("Action"), "(") // a comment may follow
		switch strings.ToLower(strings.TrimSpace(action)) {
		case "failed":
			e.Event = innsigli.ReceiptBounced
		case "delayed":
			e.Event = innsigli.ReceiptDelayed
		case "delivered":
			e.Event, e.Code = innsigli.ReceiptDelivered, ""
		default:
			return
		}
		r.events = append(r.events, e)
	})
}

// complaint reads RFC 5965: every type but "not-spam", which takes a complaint back, says that the mail is not wanted.
func (r *report) complaint(body io.Reader) {
	groups(body, func(h textproto.MIMEHeader) {
		kind := strings.ToLower(strings.TrimSpace(h.Get("Feedback-Type")))
		if kind == "" || kind == "not-spam" || len(r.events) > 0 {
			return
		}
		if id := idIn(h.Get("Original-Envelope-Id")); id != "" {
			r.envelope = id
		}
		r.events = append(r.events, innsigli.Receipt{Event: innsigli.ReceiptComplained, Code: kind})
	})
}
