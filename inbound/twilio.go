package inbound

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what Twilio signs with; HMAC-SHA1 has not been broken
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// twilio is POST /inbound/twilio/{message}: the status callback of one SMS, authenticated by X-Twilio-Signature.
func (h *Handler) twilio(w http.ResponseWriter, r *http.Request) error {
	if h.TwilioToken == "" {
		return refused("This server does not send by Twilio.")
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxForm))
	if err != nil {
		return err
	}
	form, err := url.ParseQuery(string(b))
	if err != nil {
		return &innsigli.Error{Kind: innsigli.Invalid, Code: "Form", Text: "The body is no form."}
	}
	id := chi.URLParam(r, "message")
	given, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || !hmac.Equal(given, twilioSignature(h.TwilioToken, h.PublicURL+TwilioPath+id, form)) {
		return refused("X-Twilio-Signature is not right for this address and form.")
	}
	one := innsigli.Receipt{Message: id, By: innsigli.BySms, Code: form.Get("ErrorCode")}
	switch form.Get("MessageStatus") {
	case "delivered", "read":
		one.Event, one.Code = innsigli.ReceiptDelivered, ""
	case "undelivered", "failed":
		one.Event = innsigli.ReceiptBounced
	default: // on its way
		return h.answer(w, r, nil)
	}
	return h.answer(w, r, []innsigli.Receipt{one})
}

// twilioSignature is HMAC-SHA1, under the account's token, of the whole address as Twilio called it and of every
// parameter's name and value behind each other, by name (twilio.com/docs/usage/security, "Validating signatures").
func twilioSignature(token, address string, form url.Values) []byte {
	mac := hmac.New(sha1.New, []byte(token))
	_, _ = io.WriteString(mac, address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Compact(slices.Sorted(slices.Values(form[name])))
		for _, v := range values {
			_, _ = io.WriteString(mac, name+v)
		}
	}
	return mac.Sum(nil)
}
