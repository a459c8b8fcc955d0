package inbound

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// notice is what Amazon SNS posts (docs.aws.amazon.com/sns, "HTTP/HTTPS notification JSON format").
type notice struct {
	Type         string `json:"Type"`
	Message      string `json:"Message"`
	SubscribeURL string `json:"SubscribeURL"`
}

// sesEvent is what is read of a notification of Amazon SES (docs.aws.amazon.com/ses, "Contents of event data that Amazon
// SES publishes to Amazon SNS"), by either of its two names.
type sesEvent struct {
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Mail             struct {
		// SES puts its own Message-ID in place of ours, and tells ours among the headers.
		Headers []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"headers"`
		Common struct {
			ID string `json:"messageId"`
		} `json:"commonHeaders"`
	} `json:"mail"`
	Bounce struct {
		Type       string `json:"bounceType"`
		Recipients []struct {
			Status string `json:"status"`
		} `json:"bouncedRecipients"`
	} `json:"bounce"`
}

// subscribe is where a subscription is confirmed: nowhere but at SNS.
var subscribe = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)

// ses is POST /inbound/ses: Amazon SNS, with the secret as the password of its endpoint's address. A subscription is
// confirmed by whoever runs the server: its address is written to the log, and no address that a request names is called.
func (h *Handler) ses(w http.ResponseWriter, r *http.Request) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxJSON))
	if err != nil {
		return err
	}
	var n notice
	if err := web.ReadJSON(bytes.NewReader(b), &n); err != nil {
		return err
	}
	switch n.Type {
	case "SubscriptionConfirmation":
		if u, err := url.Parse(n.SubscribeURL); err == nil && u.Scheme == "https" && subscribe.MatchString(u.Host) {
			h.Log.InfoContext(r.Context(), "Amazon SNS asks to confirm a subscription: open this address once", "address", u.String())
		}
	case "Notification":
		var e sesEvent
		if err := web.ReadJSON(strings.NewReader(n.Message), &e); err != nil {
			return innsigli.InvalidField("Message", "Json", "Message must be JSON of Amazon SES.")
		}
		return h.answer(w, r, e.receipts())
	}
	return h.answer(w, r, nil)
}

// receipts is what the event says. A bounce that is not permanent counts as a delay: SES calls so also what an
// autoresponder answers.
func (e *sesEvent) receipts() []innsigli.Receipt {
	r := innsigli.Receipt{Message: idIn(e.Mail.Common.ID), By: innsigli.ByMail}
	for _, h := range e.Mail.Headers {
		if id := idIn(h.Value); id != "" && strings.EqualFold(h.Name, "Message-ID") {
			r.Message = id
		}
	}
	kind := e.NotificationType
	if kind == "" {
		kind = e.EventType
	}
	switch kind {
	case "Delivery":
		r.Event = innsigli.ReceiptDelivered
	case "DeliveryDelay":
		r.Event = innsigli.ReceiptDelayed
	case "Complaint":
		r.Event = innsigli.ReceiptComplained
	case "Bounce":
		if r.Event = innsigli.ReceiptDelayed; e.Bounce.Type == "Permanent" {
			r.Event = innsigli.ReceiptBounced
		}
		if len(e.Bounce.Recipients) > 0 {
			r.Code = e.Bounce.Recipients[0].Status
		}
	default:
		return nil
	}
	return []innsigli.Receipt{r}
}
