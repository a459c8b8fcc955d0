package inbound

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// notes keeps receipts; it knows the message id alone.
type notes struct {
	got  []innsigli.Receipt
	fail error
}

func (n *notes) Receive(_ context.Context, r innsigli.Receipt) (bool, error) {
	if n.fail != nil {
		return false, n.fail
	}
	n.got = append(n.got, r)
	return r.Message == id, nil
}

const secret, mailgunKey, twilioToken = "0123456789abcdef-secret", "key-of-mailgun", "12345"

// serve plays one request against all routes.
func serve(n *notes, path string, head map[string]string, body string) (int, Noted) {
	log := slog.New(slog.DiscardHandler)
	now := func() time.Time { return noon }
	h := &Handler{Receiver: n, Secret: secret, MailgunKey: mailgunKey, TwilioToken: twilioToken, PublicURL: "https://sign.example", Now: now, Log: log}
	frame := &web.Frame{Log: log, Now: now}
	r := chi.NewRouter()
	for _, route := range h.Routes() {
		r.Method(route.Method, route.Pattern, frame.Handle(route.Handler))
	}
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	for k, v := range head {
		req.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	frame.Wrap(r).ServeHTTP(w, req)
	var out Noted
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return w.Code, out
}

func bearer(kind string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + secret, "Content-Type": kind}
}

func TestRoutesAskForTheSecret(t *testing.T) {
	basic := func(pass string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("any:"+pass))
	}
	for _, path := range []string{"/inbound/mail", "/inbound/sms", "/inbound/ses"} {
		for auth, want := range map[string]int{
			"": 401, "Bearer": 401, "Bearer x" + secret: 401, "Bearer " + secret[1:]: 401, basic(""): 401, basic("wrong"): 401, "Digest " + secret: 401,
			"Bearer " + secret: 200, basic(secret): 200,
		} {
			head := map[string]string{"Content-Type": "application/json"}
			if auth != "" {
				head["Authorization"] = auth
			}
			n := &notes{}
			if got, _ := serve(n, path, head, `{"messageId":"`+id+`","event":"delivered","Type":"x"}`); got != want {
				t.Errorf("%s with %q: %d, want %d", path, auth, got, want)
			}
			if want == 401 && len(n.got) > 0 {
				t.Errorf("%s with %q: noted", path, auth)
			}
		}
	}
	h := &Handler{Receiver: &notes{}}
	for _, route := range h.Routes() {
		req := httptest.NewRequest(http.MethodPost, route.Pattern, strings.NewReader("{}"))
		req.SetBasicAuth("", "")
		if err := route.Handler(httptest.NewRecorder(), req); innsigli.KindOf(err) != innsigli.Unauthenticated {
			t.Errorf("%s without any secret: %v", route.Pattern, err)
		}
	}
}

func TestEachFormatIsTaken(t *testing.T) {
	mail := func(e innsigli.ReceiptEvent, code string) []innsigli.Receipt {
		return []innsigli.Receipt{{Message: id, By: innsigli.ByMail, Event: e, Code: code}}
	}
	sns := func(message string) string {
		b, _ := json.Marshal(map[string]string{"Type": "Notification", "Message": message, "SignatureVersion": "1"})
		return string(b)
	}
	headers := `"mail":{"messageId":"0100017","headers":[{"name":"From","value":"x"},{"name":"Message-ID","value":"<` + id + `@sign.example>"}],"commonHeaders":{"messageId":"<0100017@email.amazonses.com>"}}`
	for name, tc := range map[string]struct {
		path, kind, body string
		status, known    int
		want             []innsigli.Receipt
	}{
		"a bounce":            {"/inbound/mail", "message/rfc822", dsn(perMessage+failed, ours), 200, 1, mail(innsigli.ReceiptBounced, "5.1.1")},
		"a large bounce":      {"/inbound/mail", "message/rfc822", dsn(perMessage+failed, ours+"\n"+strings.Repeat("x\n", maxReport)), 200, 1, mail(innsigli.ReceiptBounced, "5.1.1")},
		"no type":             {"/inbound/mail", "", dsn(perMessage+failed, ours), 200, 1, mail(innsigli.ReceiptBounced, "5.1.1")},
		"another type":        {"/inbound/mail", "text/html", "x", 400, 0, nil},
		"no mail":             {"/inbound/mail", "message/rfc822", "hello", 400, 0, nil},
		"holiday":             {"/inbound/mail", "message/rfc822", "From: a@b.example\n\nBack on Monday", 200, 0, nil},
		"own JSON":            {"/inbound/mail", "application/json", `{"messageId":"<` + id + `@sign.example>","event":"Bounced","code":"5.1.1"}`, 200, 1, mail(innsigli.ReceiptBounced, "5.1.1")},
		"letter case":         {"/inbound/mail", "application/json", `{"MessageId":"` + id + `","Event":"Delayed"}`, 200, 1, mail(innsigli.ReceiptDelayed, "")},
		"no id":               {"/inbound/mail", "application/json", `{"event":"bounced"}`, 400, 0, nil},
		"no such event":       {"/inbound/mail", "application/json", `{"messageId":"x","event":"opened"}`, 400, 0, nil},
		"no JSON":             {"/inbound/mail", "application/json", `{`, 400, 0, nil},
		"too much JSON":       {"/inbound/sms", "application/json", `{"code":"` + strings.Repeat("x", MaxJSON) + `"}`, 413, 0, nil},
		"SMS":                 {"/inbound/sms", "application/json", `{"messageId":"` + id + `","event":"delivered"}`, 200, 1, []innsigli.Receipt{{Message: id, By: innsigli.BySms, Event: innsigli.ReceiptDelivered}}},
		"SMS complained":      {"/inbound/sms", "application/json", `{"messageId":"` + id + `","event":"complained"}`, 400, 0, nil},
		"SES bounce":          {"/inbound/ses", "text/plain", sns(`{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"a@b.example","status":"5.1.1"}]},` + headers + `}`), 200, 1, mail(innsigli.ReceiptBounced, "5.1.1")},
		"SES transient":       {"/inbound/ses", "text/plain", sns(`{"eventType":"Bounce","bounce":{"bounceType":"Transient","bouncedRecipients":[]},` + headers + `}`), 200, 1, mail(innsigli.ReceiptDelayed, "")},
		"SES delivery":        {"/inbound/ses", "text/plain", sns(`{"eventType":"Delivery",` + headers + `}`), 200, 1, mail(innsigli.ReceiptDelivered, "")},
		"SES complaint":       {"/inbound/ses", "text/plain", sns(`{"notificationType":"Complaint",` + headers + `}`), 200, 1, mail(innsigli.ReceiptComplained, "")},
		"SES opening":         {"/inbound/ses", "text/plain", sns(`{"eventType":"Open",` + headers + `}`), 200, 0, nil},
		"SES without headers": {"/inbound/ses", "text/plain", sns(`{"eventType":"Delivery","mail":{"commonHeaders":{}}}`), 200, 0, []innsigli.Receipt{{By: innsigli.ByMail, Event: innsigli.ReceiptDelivered}}},
		"SNS subscription":    {"/inbound/ses", "text/plain", `{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"}`, 200, 0, nil},
		"SNS nonsense":        {"/inbound/ses", "text/plain", sns("hello"), 400, 0, nil},
	} {
		n := &notes{}
		status, noted := serve(n, tc.path, bearer(tc.kind), tc.body)
		if status != tc.status || noted.Known != tc.known || noted.Receipts != len(tc.want) {
			t.Errorf("%s: %d %+v, want %d with %d known", name, status, noted, tc.status, tc.known)
		}
		if d := cmp.Diff(tc.want, n.got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if status, _ := serve(&notes{fail: errors.New("database is away")}, "/inbound/sms", bearer("application/json"), `{"messageId":"`+id+`","event":"delivered"}`); status != 500 {
		t.Errorf("a failing store answers %d: the sender would not try again", status)
	}
}

func TestMailgunsSignatureIsChecked(t *testing.T) {
	event := func(at time.Time, key, data string) string {
		stamp := strconv.FormatInt(at.Unix(), 10)
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(stamp + "token"))
		return `{"signature":{"timestamp":"` + stamp + `","token":"token","signature":"` + hex.EncodeToString(mac.Sum(nil)) + `"},"event-data":` + data + `}`
	}
	about := func(event string) string {
		return `{"event":"` + event + `","message":{"headers":{"message-id":"` + id + `@sign.example"}},"delivery-status":{"code":550,"enhanced-code":"5.1.1"}}`
	}
	temporary := strings.Replace(about("failed"), `{"event"`, `{"severity":"temporary","event"`, 1)
	for name, tc := range map[string]struct {
		body   string
		status int
		event  innsigli.ReceiptEvent // empty: nothing is noted
	}{
		"delivered":      {event(noon, mailgunKey, about("delivered")), 200, innsigli.ReceiptDelivered},
		"failed":         {event(noon, mailgunKey, about("failed")), 200, innsigli.ReceiptBounced},
		"failed for now": {event(noon.Add(-9*time.Hour), mailgunKey, temporary), 200, innsigli.ReceiptDelayed},
		"complained":     {event(noon, mailgunKey, about("complained")), 200, innsigli.ReceiptComplained},
		"opened":         {event(noon, mailgunKey, about("opened")), 200, ""},
		"other key":      {event(noon, "other", about("failed")), 401, ""},
		"yesterday":      {event(noon.Add(-25*time.Hour), mailgunKey, about("failed")), 401, ""},
		"tomorrow":       {event(noon.Add(25*time.Hour), mailgunKey, about("failed")), 401, ""},
		"no signature":   {`{"event-data":` + about("failed") + `}`, 401, ""},
		"no JSON":        {"x", 400, ""},
	} {
		n := &notes{}
		status, _ := serve(n, "/inbound/mailgun", nil, tc.body)
		var got innsigli.ReceiptEvent
		if len(n.got) == 1 && n.got[0].Message == id {
			got = n.got[0].Event
		}
		if status != tc.status || got != tc.event {
			t.Errorf("%s: %d %q", name, status, got)
		}
	}
}

// TestTwiliosSignatureIsAsDocumented: address, form, token and signature are the ones of twilio.com/docs/usage/security.
func TestTwiliosSignatureIsAsDocumented(t *testing.T) {
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}}
	got := base64.StdEncoding.EncodeToString(twilioSignature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form))
	if want := "RSOYDt4T1cUTdK1PDd93/VVr8B8="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTwiliosStatusIsTaken(t *testing.T) {
	for name, tc := range map[string]struct {
		status, code, sign string
		want               int
		event              innsigli.ReceiptEvent
	}{
		"delivered":     {"delivered", "", twilioToken, 200, innsigli.ReceiptDelivered},
		"undelivered":   {"undelivered", "30003", twilioToken, 200, innsigli.ReceiptBounced},
		"failed":        {"failed", "30008", twilioToken, 200, innsigli.ReceiptBounced},
		"on its way":    {"sent", "", twilioToken, 200, ""},
		"another token": {"delivered", "", "wrong", 401, ""},
		"no signature":  {"delivered", "", "", 401, ""},
	} {
		form := url.Values{"MessageSid": {"SM1"}, "MessageStatus": {tc.status}, "To": {"+3546661234"}}
		if tc.code != "" {
			form.Set("ErrorCode", tc.code)
		}
		head := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		if tc.sign != "" {
			head["X-Twilio-Signature"] = base64.StdEncoding.EncodeToString(twilioSignature(tc.sign, "https://sign.example/inbound/twilio/"+id, form))
		}
		n := &notes{}
		status, _ := serve(n, TwilioPath+id, head, form.Encode())
		var want []innsigli.Receipt
		if tc.event != "" {
			want = []innsigli.Receipt{{Message: id, By: innsigli.BySms, Event: tc.event, Code: tc.code}}
		}
		if d := cmp.Diff(want, n.got); status != tc.want || d != "" {
			t.Errorf("%s: %d (-want +got):\n%s", name, status, d)
		}
		if status, _ := serve(&notes{}, TwilioPath+other, head, form.Encode()); status != 401 {
			t.Errorf("%s: the signature is good for another message too: %d", name, status)
		}
	}
	if status, _ := serve(&notes{}, TwilioPath+id, nil, strings.Repeat("x", MaxForm+1)); status != 413 {
		t.Errorf("a long form: %d", status)
	}
}

func FuzzJSON(f *testing.F) {
	f.Add(`{"messageId":"` + id + `","event":"delivered"}`)
	f.Add(`{"messageId":"x","event":"bounced","code":"5"}`)
	f.Add(`{"Type":"Notification","Message":"{\"eventType\":\"Bounce\"}"}`)
	f.Add(`{"event-data":{"event":"failed"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		if got, err := parseTold([]byte(body), innsigli.ByMail); err != nil && len(got) > 0 {
			t.Error("an error and receipts")
		}
		n := &notes{}
		serve(n, "/inbound/ses", bearer(""), body)
		serve(n, "/inbound/mailgun", nil, body)
		if len(n.got) > 1 {
			t.Errorf("%d receipts", len(n.got))
		}
	})
}
