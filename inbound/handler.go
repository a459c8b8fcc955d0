package inbound

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// Limits on what is sent here, in bytes.
const (
	MaxMail = 100 << 20 // a report may bring the whole message back; only its beginning is kept
	MaxJSON = 1 << 20
	MaxForm = 64 << 10
)

// Receiver notes receipts; [innsigli.Service] does.
type Receiver interface {
	Receive(ctx context.Context, r innsigli.Receipt) (known bool, err error)
}

// Handler serves the routes. Without Secret they refuse everything, but for those with a signature of their own.
type Handler struct {
	Receiver Receiver
	// Secret is what callers send: as Authorization: Bearer, or as the password of Basic.
	Secret string
	// MailgunKey is the key of Mailgun's signatures ("HTTP webhook signing key"); empty: they are not taken.
	MailgunKey string
	// TwilioToken is the account's auth token, by which Twilio signs; empty: they are not taken.
	TwilioToken string
	// PublicURL is the address that this server is reached at, without a slash at its end: Twilio signs it too.
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Route is one route of the package.
type Route struct {
	Method, Pattern string // of go-chi, in lower case
	Handler         web.HandlerFunc
}

// TwilioPath is where Twilio reports on a message; its id follows.
const TwilioPath = "/inbound/twilio/"

// Routes lists what is to be mounted.
func (h *Handler) Routes() []Route {
	return []Route{
		{http.MethodPost, "/inbound/mail", h.secret(h.mail)},
		{http.MethodPost, "/inbound/sms", h.secret(h.sms)},
		{http.MethodPost, "/inbound/ses", h.secret(h.ses)},
		{http.MethodPost, "/inbound/mailgun", h.mailgun},
		{http.MethodPost, TwilioPath + "{message}", h.twilio},
	}
}

// Noted is the answer: how many receipts were read, and how many of them were about messages of this server. It tells
// whoever sets a provider up whether they arrive.
type Noted struct {
	Receipts int `json:"receipts"`
	Known    int `json:"known"`
}

// Told is a receipt in the JSON of our own.
type Told struct {
	// MessageID is the Message-ID of a mail, or the Idempotency-Key that an SMS came with.
	MessageID string `json:"messageId"`
	// Event is delivered, delayed, bounced or complained; of an SMS the first three.
	Event string `json:"event"`
	// Code is why, if it is known.
	Code string `json:"code"`
}

func refused(text string) error {
	return &innsigli.Error{Kind: innsigli.Unauthenticated, Code: "Unauthorized", Text: text}
}

// secret lets a request through that carries the secret. Both are hashed first, so that the comparison takes the same
// time whatever they are and however long. The body is not touched before.
func (h *Handler) secret(next web.HandlerFunc) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			_, given, _ = r.BasicAuth()
		}
		a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(h.Secret))
		switch {
		case h.Secret == "":
			return refused("This server has no secret for receipts: set inbound-secret.")
		case subtle.ConstantTimeCompare(a[:], b[:]) != 1:
			return refused("Send Authorization: Bearer with the secret of the setting inbound-secret, or Basic with it as the password.")
		}
		return next(w, r)
	}
}

// answer notes receipts and says how many were known. When the store fails the request fails, so that the sender tries
// again: to note the same twice does nothing.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, all []innsigli.Receipt) error {
	out := Noted{Receipts: len(all)}
	for _, one := range all {
		known, err := h.Receiver.Receive(r.Context(), one)
		if err != nil {
			return err
		}
		if known {
			out.Known++
		}
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

// mail is POST /inbound/mail: a report as a mail, or our own JSON.
func (h *Handler) mail(w http.ResponseWriter, r *http.Request) error {
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind {
	case "application/json":
		return h.told(w, r, innsigli.ByMail)
	case "message/rfc822", "message/global", "application/octet-stream", "":
	default:
		return &innsigli.Error{Kind: innsigli.Invalid, Code: "ContentType", Text: "Content-Type must be message/rfc822 or application/json."}
	}
	body := http.MaxBytesReader(w, r.Body, MaxMail)
	b, err := io.ReadAll(io.LimitReader(body, maxReport))
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	if err != nil {
		return err
	}
	all, err := ParseReport(b)
	if err != nil {
		return &innsigli.Error{Kind: innsigli.Invalid, Code: "Mail", Text: "The body is " + err.Error() + "."}
	}
	return h.answer(w, r, all)
}

// sms is POST /inbound/sms: our own JSON.
func (h *Handler) sms(w http.ResponseWriter, r *http.Request) error {
	return h.told(w, r, innsigli.BySms)
}

// told reads our own JSON.
func (h *Handler) told(w http.ResponseWriter, r *http.Request, by innsigli.Channel) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxJSON))
	if err != nil {
		return err
	}
	all, err := parseTold(b, by)
	if err != nil {
		return err
	}
	return h.answer(w, r, all)
}
