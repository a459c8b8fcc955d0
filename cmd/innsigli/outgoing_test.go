package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli/innsiglitest"
)

// What goes out of a server, as its receivers see it.

// moment is how much had gone out of a server at some time.
type moment struct{ mails, texts, hooks int }

func (r *rig) moment() moment {
	return moment{len(r.smtp.Mails()), len(r.sms.Texts()), len(r.hooks.Requests())}
}

// since lists what went out after a moment, once nothing is under way any more: a line each, sorted.
func (r *rig) since(m moment) []string {
	r.tb.Helper()
	r.settled()
	var out []string
	for _, mail := range r.smtp.Mails()[m.mails:] {
		line := "mail " + mail.To + ": " + mailKind(mail.Subject)
		for _, f := range mail.Files {
			line += " + " + f.Name
		}
		out = append(out, line)
	}
	for _, text := range r.sms.Texts()[m.texts:] {
		out = append(out, "sms "+text.To+": "+smsKind(text.Text))
	}
	for _, h := range r.hooks.Requests()[m.hooks:] {
		e := r.event(h)
		line := fmt.Sprintf("webhook %d", e.EventData.EventType)
		if len(e.EventData.SignedDocument) > 0 {
			line += " + document"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// went demands that exactly these went out after a moment.
func (r *rig) went(m moment, want ...string) {
	r.tb.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, r.since(m)); diff != "" {
		r.tb.Errorf("what went out (-want +got):\n%s", diff)
	}
}

// mailKind knows the subjects of the English and the Icelandic catalogue.
func mailKind(subject string) string {
	for _, k := range [][2]string{
		{"Please sign: ", "invitation"},
		{"Til undirritunar: ", "invitation, is"},
		{"Reminder: please sign ", "reminder"},
		{"Áminning um undirritun: ", "reminder, is"},
		{"Your code for reading", "code to read"},
		{"Your code for signing", "code"},
		{"Kóði til undirritunar", "code, is"},
		{"Signed by everyone: ", "completed"},
		{"Undirritað af öllum: ", "completed, is"},
		{"Signing canceled: ", "canceled"},
		{"Hætt við undirritun: ", "canceled, is"},
		{"Declined: ", "declined"},
		{"Passed on: ", "passed on"},
		{"You do not have to sign any more: ", "removed"},
		{"Time to sign is over: ", "expired"},
		{"Frestur til undirritunar liðinn: ", "expired, is"},
		{"Canceled before everyone had signed: ", "owner's copy"},
		{"Expired before everyone had signed: ", "owner's copy of expiry"},
	} {
		if strings.HasPrefix(subject, k[0]) {
			return k[1]
		}
	}
	return "unknown: " + subject
}

func smsKind(text string) string {
	switch {
	case strings.Contains(text, " still waits for you "):
		return "reminder"
	case sixDigits.MatchString(text):
		return "code"
	case strings.Contains(text, " canceled the signing of "):
		return "canceled"
	case strings.Contains(text, " declined, so "):
		return "canceled"
	case strings.Contains(text, "is over"):
		return "expired"
	}
	return "unknown: " + text
}

// event is a webhook's body as a receiver reads it.
type event struct {
	ID        string `json:"Id"`
	EventData struct {
		ProcessKey, CompanyKey, FlowKey, FlowName string
		SignedDocument                            []byte
		SignedDocumentDownloadURL                 string `json:"SignedDocumentDownloadUrl"`
		EventType                                 int
		Meta                                      map[string]string
		AttachmentReferences                      []any
		Signees                                   []struct {
			Name, Email, Key, ProcessKey, CommunicationDeliveryType string
			Signed                                                  bool
			SignedAt                                                *time.Time
		}
	}
	EventSignature struct {
		TimeStamp                   int64
		Guid, Signature, SignedData string //nolint:staticcheck // the wire's names
	}
}

// event reads a webhook and checks both of its signatures as a receiver does (facts: the documented one over the time
// and the guid with the key as text, the Standard Webhooks one over the body with the key decoded).
func (r *rig) event(h innsiglitest.Request) event {
	r.tb.Helper()
	var e event
	if err := json.Unmarshal(h.Body, &e); err != nil {
		r.tb.Fatalf("webhook: %v: %.300s", err, h.Body)
	}
	sign := func(key []byte, data string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(data))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	s := e.EventSignature
	if s.SignedData != strconv.FormatInt(s.TimeStamp, 10)+s.Guid || s.Signature != sign([]byte(r.creds.WebhookKey), s.SignedData) {
		r.tb.Errorf("EventSignature does not verify: %+v", s)
	}
	raw, err := base64.StdEncoding.DecodeString(r.creds.WebhookKey)
	if err != nil || len(raw) != 32 {
		r.tb.Errorf("webhook key: %d bytes, %v", len(raw), err)
	}
	id, at := h.Header.Get("Webhook-Id"), h.Header.Get("Webhook-Timestamp")
	if want := "v1," + sign(raw, id+"."+at+"."+string(h.Body)); h.Header.Get("Webhook-Signature") != want {
		r.tb.Errorf("Webhook-Signature: got %q, want %q", h.Header.Get("Webhook-Signature"), want)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(s.Guid) {
		r.tb.Errorf("EventSignature.Guid %q is no dashed guid", s.Guid)
	}
	if e.EventData.CompanyKey != string(r.creds.CompanyKey) || e.EventData.FlowKey != string(r.creds.FlowKey) || e.EventData.AttachmentReferences == nil {
		r.tb.Errorf("EventData: %+v", e.EventData)
	}
	return e
}

// eventsOf are the events of a process in the order of their arrival.
func (r *rig) eventsOf(p process) []event {
	r.tb.Helper()
	var out []event
	for _, h := range r.hooks.Requests() {
		if e := r.event(h); e.EventData.ProcessKey == p.Key {
			out = append(out, e)
		}
	}
	return out
}
