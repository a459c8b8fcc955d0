package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Twilio hands SMS over to the Messages API of Twilio (twilio.com/docs/messaging/api/message-resource).
type Twilio struct {
	address  string
	sid      string
	token    string
	from     url.Values // From, or MessagingServiceSid
	callback string
	client   *http.Client
}

var _ SmsSender = (*Twilio)(nil)

// NewTwilio makes the sender for an address of --sms: twilio://SID:TOKEN@api.twilio.com?from=NUMBER, or ?service=MG… for a
// messaging service. callback is where Twilio is to report on a message, whose id is put behind it. To a loopback host it
// speaks HTTP, for tests.
func NewTwilio(rawURL, callback string) (*Twilio, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("sms: not a URL") // the cause repeats the URL, and with it the token
	}
	token, _ := u.User.Password()
	q := u.Query()
	from := url.Values{}
	if v := q.Get("from"); v != "" {
		// An address is a form too, in which a plus sign that nobody escaped is a blank.
		from.Set("From", strings.Replace(v, " ", "+", 1))
	}
	if v := q.Get("service"); v != "" {
		from.Set("MessagingServiceSid", v)
	}
	switch {
	case u.Scheme != "twilio" || u.Host == "":
		return nil, errors.New("sms: Twilio's address begins with twilio:// and has a host")
	case u.User.Username() == "" || token == "":
		return nil, errors.New("sms: Twilio's address has no account SID or auth token before the host")
	case len(from) != 1:
		return nil, errors.New("sms: Twilio's address has to end with ?from=NUMBER or ?service=MG…")
	}
	scheme := "https"
	if isLoopback(u.Hostname()) {
		scheme = "http"
	}
	return &Twilio{
		address: scheme + "://" + u.Host + "/2010-04-01/Accounts/" + url.PathEscape(u.User.Username()) + "/Messages.json",
		sid:     u.User.Username(), token: token, from: from, callback: callback, client: gatewayClient(),
	}, nil
}

// Token is the secret by which Twilio signs what it reports.
func (t *Twilio) Token() string { return t.token }

// SendSms implements [SmsSender]. Twilio knows no key that would keep it from sending twice: when its answer is lost, the
// next attempt is a second SMS.
func (t *Twilio) SendSms(ctx context.Context, s Sms, wanted Wanted) error {
	if err := ask(ctx, wanted); err != nil {
		return err
	}
	form := url.Values{"To": {s.To}, "Body": {s.Text}, "StatusCallback": {t.callback + s.UID}}
	maps.Copy(form, t.from)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.address, strings.NewReader(form.Encode()))
	if err != nil {
		return errors.New("sms: request")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(t.sid, t.token)
	resp, err := t.client.Do(req)
	if err != nil {
		return fmt.Errorf("sms gateway: %w", bare(err))
	}
	defer drain(resp)
	return twilioAnswer(resp.StatusCode, io.LimitReader(resp.Body, maxAnswer))
}

// twilioOurs are refusals that say something about our account or sender, not about the message: what an operator mends
// lets it go (twilio.com/docs/api/errors).
var twilioOurs = []int{21212, 21603, 21606, 21611, 21659, 21660, 21661, 21701, 21703}

// twilioAnswer judges an answer: by its status, and where that is a refusal by Twilio's own number.
func twilioAnswer(status int, body io.Reader) error {
	err := gatewayAnswer("sms", status)
	refused, ok := errors.AsType[*RefusedError](err)
	if !ok {
		return err
	}
	var e struct {
		Code int `json:"code"`
	}
	if json.NewDecoder(body).Decode(&e) != nil || e.Code == 0 {
		return err
	}
	if status == http.StatusNotFound || e.Code < 21000 || slices.Contains(twilioOurs, e.Code) {
		return fmt.Errorf("sms gateway answered %d, code %d", status, e.Code)
	}
	refused.Code += " " + strconv.Itoa(e.Code)
	return refused
}
