package inbound

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// mailgunAge is how old a signature of Mailgun's may be: it tries for eight hours.
const mailgunAge = 24 * time.Hour

// mailgunEvent is what is read of Mailgun's webhook (documentation.mailgun.com, "Webhooks payload").
type mailgunEvent struct {
	Signature struct {
		Timestamp string `json:"timestamp"`
		Token     string `json:"token"`
		Signature string `json:"signature"`
	} `json:"signature"`
	Data struct {
		Event    string `json:"event"`
		Severity string `json:"severity"`
		Message  struct {
			Headers struct {
				ID string `json:"message-id"`
			} `json:"headers"`
		} `json:"message"`
		Status struct {
			Enhanced string `json:"enhanced-code"`
		} `json:"delivery-status"`
	} `json:"event-data"`
}

// mailgun is POST /inbound/mailgun. It is authenticated by Mailgun's signature over time and token.
func (h *Handler) mailgun(w http.ResponseWriter, r *http.Request) error {
	if h.MailgunKey == "" {
		return refused("This server has no key for Mailgun's signatures: set mailgun-key.")
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxJSON))
	if err != nil {
		return err
	}
	var e mailgunEvent
	if err := web.ReadJSON(bytes.NewReader(b), &e); err != nil {
		return err
	}
	if !e.signed(h.MailgunKey, h.Now()) {
		return refused("The signature is not Mailgun's, or too old.")
	}
	return h.answer(w, r, e.receipts())
}

func (e *mailgunEvent) signed(key string, now time.Time) bool {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, e.Signature.Timestamp+e.Signature.Token)
	given, err := hex.DecodeString(e.Signature.Signature)
	at, errAt := strconv.ParseInt(e.Signature.Timestamp, 10, 64)
	age := now.Sub(time.Unix(at, 0))
	return err == nil && errAt == nil && hmac.Equal(mac.Sum(nil), given) && age < mailgunAge && age > -mailgunAge
}

// receipts is what the event says: at most one thing.
func (e *mailgunEvent) receipts() []innsigli.Receipt {
	r := innsigli.Receipt{Message: idIn(e.Data.Message.Headers.ID), By: innsigli.ByMail, Code: e.Data.Status.Enhanced}
	switch e.Data.Event {
	case "delivered":
		r.Event, r.Code = innsigli.ReceiptDelivered, ""
	case "failed":
		if r.Event = innsigli.ReceiptBounced; e.Data.Severity == "temporary" {
			r.Event = innsigli.ReceiptDelayed
		}
	case "complained":
		r.Event, r.Code = innsigli.ReceiptComplained, ""
	default:
		return nil
	}
	return []innsigli.Receipt{r}
}
