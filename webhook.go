package innsigli

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// Limits on registrations.
const (
	MaxWebhooks   = 50   // of a flow: every event is a delivery to each
	MaxWebhookURL = 2000 // bytes, what proxies and servers take
)

// WebhookRequest registers an address for events of a flow.
type WebhookRequest struct {
	Flow FlowKey
	URL  string
	Type string // a name or number of the public API's enum; empty for every documented type
}

// RegisterWebhook keeps a registration. Whether the address may be reached is judged when it is dialed, since a name
// can point elsewhere tomorrow.
func (s *Service) RegisterWebhook(ctx context.Context, c Caller, r WebhookRequest) (Webhook, error) {
	var bad fieldErrors
	// The flow is a member of the request and not the address of a thing, so it is refused like one, as by create.
	if _, err := s.flow(ctx, c, r.Flow, &bad); err != nil {
		return Webhook{}, err
	}
	w := checkWebhook(&bad, r)
	if err := bad.err(); err != nil {
		return Webhook{}, err
	}
	return s.Store.AddWebhook(ctx, c.Company.Key, w)
}

// ChangeWebhook puts another registration in the place of one; without a flow it stays with its own. What waits goes to
// the new address. NotFound when the company has no such registration.
func (s *Service) ChangeWebhook(ctx context.Context, c Caller, id int64, r WebhookRequest) (Webhook, error) {
	was, err := s.ownWebhook(ctx, c, id)
	if err != nil {
		return Webhook{}, err
	}
	var bad fieldErrors
	if r.Flow == "" {
		r.Flow = was.Flow
	} else if _, err := s.flow(ctx, c, r.Flow, &bad); err != nil {
		return Webhook{}, err
	}
	w := checkWebhook(&bad, r)
	w.ID = id
	if err := bad.err(); err != nil {
		return Webhook{}, err
	}
	return w, s.Store.ChangeWebhook(ctx, c.Company.Key, w)
}

// DeleteWebhook ends a registration. What waits for it is not sent any more.
func (s *Service) DeleteWebhook(ctx context.Context, c Caller, id int64) error {
	if c.Flows.Limited() {
		if _, err := s.ownWebhook(ctx, c, id); err != nil {
			return err
		}
	}
	return s.Store.DeleteWebhook(ctx, c.Company.Key, id)
}

// Webhooks lists the registrations of a flow, oldest first. With a type it lists those for that type alone.
func (s *Service) Webhooks(ctx context.Context, c Caller, k FlowKey, kind string) ([]Webhook, error) {
	flows, err := s.Flows(ctx, c)
	if err != nil {
		return nil, err
	}
	if !hasFlow(flows, k) {
		return nil, refuse(NotFound, "NotFound", "There is no such flow.")
	}
	all, err := s.Store.Webhooks(ctx, k)
	if err != nil || strings.TrimSpace(kind) == "" {
		return all, err
	}
	e, _, ok := ParseEventType(strings.TrimSpace(kind))
	if !ok {
		return nil, InvalidField("Type", "Enum", "Type is not a known event type.")
	}
	var out []Webhook
	for _, w := range all {
		if w.Type == e {
			out = append(out, w)
		}
	}
	return out, nil
}

var errNoThing = refuse(NotFound, "NotFound", "There is no such thing.")

func hasFlow(flows []Flow, k FlowKey) bool {
	for _, f := range flows {
		if f.Key == k {
			return true
		}
	}
	return false
}

// ownWebhook reads a registration of the company: NotFound for another's.
func (s *Service) ownWebhook(ctx context.Context, c Caller, id int64) (Webhook, error) {
	w, err := s.Store.Webhook(ctx, id)
	if err != nil {
		return Webhook{}, err
	}
	flows, err := s.Flows(ctx, c)
	if err != nil {
		return Webhook{}, err
	}
	if !hasFlow(flows, w.Flow) {
		return Webhook{}, errNoThing
	}
	return w, nil
}

func checkWebhook(bad *fieldErrors, r WebhookRequest) Webhook {
	u, err := url.Parse(r.URL)
	switch {
	case len(r.URL) > MaxWebhookURL:
		bad.add("url", "Uri", fmt.Sprintf("url is longer than %d bytes.", MaxWebhookURL))
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || hasControl(r.URL):
		bad.add("url", "Uri", "url must be an absolute http or https address.")
	case u.User != nil:
		bad.add("url", "Uri", "url must not carry credentials.")
	}
	w := Webhook{Flow: r.Flow, URL: r.URL}
	if kind := strings.TrimSpace(r.Type); kind != "" {
		var built, ok bool
		switch w.Type, built, ok = ParseEventType(kind); {
		case !ok:
			bad.add("type", "Enum", "type is not a known event type.")
		case !built:
			bad.add("type", "NotSupported", "This server does not send events of this type.")
		}
	}
	return w
}

// RoomForWebhook refuses a registration for a flow that has as many as it may have.
func RoomForWebhook(have int) error {
	if have < MaxWebhooks {
		return nil
	}
	return InvalidField("flowKey", "Limit", fmt.Sprintf("A flow has at most %d webhooks; delete one first.", MaxWebhooks))
}
