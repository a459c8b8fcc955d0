package innsigli

import (
	"context"
	"net/url"
	"strings"
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
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(r.URL) > 2000 || hasControl(r.URL) {
		bad.add("url", "Uri", "url must be an absolute http or https address.")
	} else if u.User != nil {
		bad.add("url", "Uri", "url must not carry credentials.")
	}
	e := EventAny
	if strings.TrimSpace(r.Type) != "" {
		var built, ok bool
		switch e, built, ok = ParseEventType(strings.TrimSpace(r.Type)); {
		case !ok:
			bad.add("type", "Enum", "type is not a known event type.")
		case !built:
			bad.add("type", "NotSupported", "This server does not send events of this type yet.")
		}
	}
	if err := bad.err(); err != nil {
		return Webhook{}, err
	}
	return s.Store.AddWebhook(ctx, c.Company.Key, Webhook{Flow: r.Flow, URL: r.URL, Type: e})
}
