package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"github.com/innsigli/innsigli"
)

// How a webhook is delivered (design/decisions.md 3).
const (
	hookConnect = 5 * time.Second
	hookWhole   = 30 * time.Second
)

// errOurs says that an event could not be made here, whoever it is for.
var errOurs = errors.New("event could not be made")

// hookPauses are the waits before the second and the third attempt; there is no fourth.
var hookPauses = [...]time.Duration{time.Minute, 10 * time.Minute}

// newHookClient makes the client for addresses that companies register. It follows no redirect.
func newHookClient(allow []netip.Prefix) *http.Client {
	return &http.Client{CheckRedirect: noRedirect, Transport: GuardedTransport(allow, hookConnect)}
}

// webhook tells one registered address of one event. Exactly 200 takes it; 406 ends the attempts; anything else is
// tried again twice.
func (n *Notifier) webhook(ctx context.Context, client *http.Client, j innsigli.Job) (innsigli.Decision, error) {
	d, err := n.deliver(ctx, client, j)
	if j.Event.CarriesHeld() {
		d = settled(d)
	}
	return d, err
}

// settled ends the hold of a document with the last event that carries it, however its attempts ended.
func settled(d innsigli.Decision) innsigli.Decision {
	return func(f innsigli.Facts) (c innsigli.Change, err error) {
		if d != nil {
			c, err = d(f)
		}
		if err == nil {
			c.EventSettled(f)
		}
		return c, err
	}
}

func (n *Notifier) deliver(ctx context.Context, client *http.Client, j innsigli.Job) (innsigli.Decision, error) {
	h, err := n.hook(ctx, j)
	if err != nil || h == nil {
		return nil, err
	}
	if h.doc != nil {
		defer n.release(ctx, *h.doc)
	}
	if err := ask(ctx, n.wanted(j)); err != nil {
		return outcome(j, err, nil)
	}
	status, err := n.call(ctx, client, h)
	switch {
	case err == nil && status == http.StatusOK:
		return told(), nil
	case err == nil && status == http.StatusNotAcceptable:
		return hookRefused(j), innsigli.Permanent(errors.New("webhook receiver wants no further attempt"))
	case err == nil:
		err = fmt.Errorf("webhook receiver answered %d", status)
	}
	if errors.Is(err, errOurs) {
		return nil, err // the receiver was not asked, so it has not failed
	}
	if next := j.Attempt - j.Earlier - 1; next >= 0 && next < len(hookPauses) {
		return nil, innsigli.After(hookPauses[next], err)
	}
	return hookRefused(j), innsigli.Permanent(err)
}

func hookRefused(j innsigli.Job) innsigli.Decision {
	return told(innsigli.LogEntry{Kind: innsigli.LogRefused, Detail: string(j.Kind) + " " + j.Event.String()})
}

// hook is an event on its way to one address.
type hook struct {
	*payload
	uid  string
	url  string
	keys [][]byte // for the signatures over the body
}

// hook reads what an event says. It is nil when the process or the registration is not there any more.
func (n *Notifier) hook(ctx context.Context, j innsigli.Job) (*hook, error) {
	id, err := strconv.ParseInt(j.Ref, 10, 64)
	if err != nil {
		return nil, innsigli.Permanent(errors.New("webhook job without a registration"))
	}
	reg, err := n.Store.Webhook(ctx, id)
	if err != nil {
		return nil, unlessGone(err)
	}
	f, err := n.Store.Facts(ctx, innsigli.Target{Process: j.Process})
	if err != nil {
		return nil, unlessGone(err)
	}
	text, keys, err := n.hookKeys(ctx, f.Company.Key, j.At)
	if err != nil {
		return nil, err
	}
	doc, err := n.hookDocument(ctx, j)
	if err != nil {
		return nil, err
	}
	body, err := newPayload(f, j, text, n.Links, doc)
	if err != nil {
		if doc != nil {
			n.release(ctx, *doc)
		}
		return nil, err
	}
	return &hook{payload: body, uid: j.UID, url: reg.URL, keys: keys}, nil
}

// hookDocument opens what an event carries (facts/wire.md 4.4); nil when it carries none, or when the document has been
// erased since: the event is told all the same.
func (n *Notifier) hookDocument(ctx context.Context, j innsigli.Job) (*innsigli.Attachment, error) {
	open := n.Docs.SealedDocument
	switch {
	case j.Event.CarriesHeld():
		open = n.Docs.HeldDocument
	case j.Event != innsigli.EventAllSigned:
		return nil, nil //nolint:nilnil // no document, and that is no error
	}
	a, err := open(ctx, j.Process)
	if err != nil {
		return nil, unlessGone(err)
	}
	return &a, nil
}

// unlessGone passes on every error but that the thing is not there any more.
func unlessGone(err error) error {
	if k := innsigli.KindOf(err); k == innsigli.NotFound || k == innsigli.Gone {
		return nil
	}
	return err
}

// hookKeys gives the company's keys for an event of a time: as text the one for the documented signature, and decoded
// those for the standard one (see [innsigli.WebhookKeys.At]).
func (n *Notifier) hookKeys(ctx context.Context, c innsigli.CompanyKey, event time.Time) (text string, keys [][]byte, err error) {
	w, err := n.Store.WebhookKeys(ctx, c)
	if err != nil {
		return "", nil, fmt.Errorf("read webhook keys: %w", err)
	}
	documented, standard := w.At(event, n.Now())
	plain, err := n.Keys.Unwrap(documented, innsigli.AboutWebhookKey(c))
	if err != nil {
		return "", nil, fmt.Errorf("unwrap webhook key: %w", err)
	}
	for _, k := range standard {
		key, err := n.hookKey(c, k)
		if err != nil {
			return "", nil, err
		}
		keys = append(keys, key)
	}
	return string(plain), keys, nil
}

func (n *Notifier) hookKey(c innsigli.CompanyKey, k innsigli.WrappedKey) ([]byte, error) {
	plain, err := n.Keys.Unwrap(k, innsigli.AboutWebhookKey(c))
	if err != nil {
		return nil, fmt.Errorf("unwrap webhook key: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(string(plain))
	if err != nil {
		return nil, errors.New("webhook key is not base64") // the cause would show a part of it
	}
	return key, nil
}

// call sends the event. The body is written twice: once for its signature and its length, and once onto the wire.
func (n *Notifier) call(ctx context.Context, client *http.Client, h *hook) (status int, err error) {
	if u, err := url.Parse(h.url); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return 0, errors.New("webhook address is not http or https")
	}
	now := n.Now()
	signatures := newStandardSignatures(h.keys, h.uid, now)
	size, err := h.WriteTo(signatures)
	if err != nil {
		return 0, fmt.Errorf("sign webhook: %w: %w", errOurs, err)
	}
	ctx, cancel := context.WithTimeout(ctx, hookWhole)
	defer cancel()
	body, finished := stream(h.payload)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, body)
	if err != nil {
		return 0, errors.New("webhook request")
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Innsigli")
	req.Header.Set("Webhook-Id", h.uid)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("Webhook-Signature", signatures.String())
	resp, err := client.Do(req)
	_ = body.Close() // ends the writer below if the receiver answered early
	<-finished
	if err != nil {
		return 0, fmt.Errorf("call webhook: %w", bare(err))
	}
	drain(resp)
	return resp.StatusCode, nil
}

// stream gives a body that is written while it is read. finished is closed when the document is not touched any more.
func stream(p *payload) (body io.ReadCloser, finished <-chan struct{}) {
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := p.WriteTo(w)
		_ = w.CloseWithError(err) // never returns an error
	}()
	return r, done
}
