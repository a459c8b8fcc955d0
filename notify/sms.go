package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/innsigli/innsigli"
)

// short gives a text with the names cut to what an SMS has room for.
func (s *scene) short(key string, more ...any) string {
	args := []any{"company", clean(s.company, maxInSms), "document", clean(s.document, maxInSms)}
	return s.words.T(key, append(args, more...)...)
}

// sms is the built-in SMS of a scene: its words, which a template of the company takes the place of, and what ends it
// whatever a template says.
func (n *Notifier) sms(s *scene) (words, tail string) {
	switch s.job.Kind { //nolint:exhaustive // the others are mails
	case innsigli.JobSmsInvite:
		return s.invitationWords(), "\n" + s.link(n.Links)
	case innsigli.JobSmsRemind:
		return s.short("sms.reminder"), n.reminderTail(s)
	case innsigli.JobSmsCode:
		return n.codeWords(s)
	case innsigli.JobSmsExpired:
		return s.short("sms.expired"), ""
	}
	return s.canceledWords(), ""
}

// text hands an SMS over and says what follows from that.
func (n *Notifier) text(ctx context.Context, s *scene, done innsigli.Decision) (innsigli.Decision, error) {
	if err := n.mayText(ctx, s); err != nil {
		return outcome(s.job, err, done)
	}
	words, tail := n.sms(s)
	text := n.ownSms(ctx, s, words) + tail
	err := n.Sms.SendSms(ctx, Sms{UID: s.job.UID, To: s.job.Address, Text: gsm(text)}, n.wanted(s.job))
	return outcome(s.job, err, s.sent(done))
}

// isNumber says whether an address can be handed to a gateway. What it is good for is the gateway's to say.
func isNumber(address string) bool { return address != "" && clean(address, maxName) == address }

// Times that talking to the gateway may take.
const (
	gatewayConnect = 5 * time.Second
	gatewayWhole   = 30 * time.Second
)

// maxAnswer is how much of an answer is read; nothing in it is needed, and reading it keeps the connection usable.
const maxAnswer = 64 << 10

// Gateway hands SMS over to an HTTP gateway: POST of JSON {"to","from","text"}; a 2xx answer takes the message.
type Gateway struct {
	what   string
	url    *url.URL
	from   string
	client *http.Client
}

// NewSms makes the sender for an address of --sms: http(s)://[user:pass@]host/path. from is the sender's name or number.
func NewSms(rawURL, from string) (*Gateway, error) {
	return newGateway("sms", rawURL, from)
}

// newGateway reaches a gateway; what it is for stands in errors.
func newGateway(what, rawURL, from string) (*Gateway, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New(what + ": not a URL") // the cause repeats the URL, and with it a password
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%s: scheme %q is not http or https", what, u.Scheme)
	case u.Host == "":
		return nil, errors.New(what + ": no host in the URL")
	}
	return &Gateway{what: what, url: u, from: from, client: gatewayClient()}, nil
}

// gatewayClient is bounded in time and follows no redirect.
func gatewayClient() *http.Client {
	return &http.Client{
		Timeout:       gatewayWhole,
		CheckRedirect: noRedirect,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: gatewayConnect}).DialContext,
			TLSHandshakeTimeout:    gatewayConnect,
			MaxResponseHeaderBytes: maxAnswer,
			IdleConnTimeout:        time.Minute,
		},
	}
}

// noRedirect hands the redirect back as the answer: a message goes where the operator said and nowhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// SendSms implements [SmsSender].
func (g *Gateway) SendSms(ctx context.Context, s Sms, wanted Wanted) error {
	return g.post(ctx, s.UID, struct {
		To   string `json:"to"`
		From string `json:"from"`
		Text string `json:"text"`
	}{s.To, g.from, s.Text}, wanted)
}

// post hands a message over.
func (g *Gateway) post(ctx context.Context, uid string, message any, wanted Wanted) error {
	if err := ask(ctx, wanted); err != nil {
		return err
	}
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New(g.what + ": request")
	}
	req.Header.Set("Content-Type", "application/json")
	// A gateway that knows this header sends one message for two attempts; others pass it over.
	req.Header.Set("Idempotency-Key", uid)
	resp, err := g.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s gateway: %w", g.what, bare(err))
	}
	drain(resp)
	return gatewayAnswer(g.what, resp.StatusCode)
}

// gatewayAnswer judges a status. What says something about us (credentials, pace) and not about the message is worth
// another try.
func gatewayAnswer(what string, code int) error {
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired,
		code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests:
	case code >= 400 && code < 500:
		return &RefusedError{Stage: what + " gateway", Code: strconv.Itoa(code)}
	}
	return fmt.Errorf("%s gateway answered %d", what, code)
}

// bare takes the URL out of a client's error: it may carry a key.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// drain reads a little of the answer and closes it.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer) // the status has said all
	_ = resp.Body.Close()
}

// ask turns the answer of wanted into an error.
func ask(ctx context.Context, wanted Wanted) error {
	ok, err := wanted(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("ask whether wanted: %w", err)
	case !ok:
		return ErrUnwanted
	}
	return nil
}
