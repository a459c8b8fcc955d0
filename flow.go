package innsigli

import (
	"context"
	"strings"
)

// MaxFlows is how many flows a company may have.
const MaxFlows = 200

// FlowRequest makes a flow, or with a Key changes one. Active left out means active, or as it was; the others
// stay when they are nil.
type FlowRequest struct {
	Key    FlowKey
	Name   string
	Active *bool
	Brand  *string // the name that people are told; empty for the company's
	Colour *string // as #rrggbb in any letter case; empty for the company's
}

var errNoFlow = refuse(NotFound, "NotFound", "There is no such flow.")

// AddFlow makes a flow.
func (s *Service) AddFlow(ctx context.Context, c Caller, r FlowRequest) (Flow, error) {
	f := Flow{Key: NewFlowKey(), Company: c.Company.Key, Active: true, CreatedAt: s.Now()}
	if err := f.take(r); err != nil {
		return f, err
	}
	return f, s.Store.AddFlow(ctx, f)
}

// ChangeFlow renames a flow, changes its look, closes or opens it. In a closed flow nothing can be started; what runs goes on.
func (s *Service) ChangeFlow(ctx context.Context, c Caller, r FlowRequest) (Flow, error) {
	if r.Key == "" {
		return Flow{}, InvalidField("flowKey", "NotEmpty", "flowKey is required.")
	}
	f, err := s.Flow(ctx, c, r.Key)
	if err != nil {
		return f, err
	}
	if err := f.take(r); err != nil {
		return f, err
	}
	return f, s.Store.ChangeFlow(ctx, f)
}

// RemoveFlow deletes a flow for whoever wants to start something. What runs in it goes on.
func (s *Service) RemoveFlow(ctx context.Context, c Caller, k FlowKey) error {
	return s.Store.RemoveFlow(ctx, c.Company.Key, k)
}

// Flow shows one flow.
func (s *Service) Flow(ctx context.Context, c Caller, k FlowKey) (Flow, error) {
	flows, err := s.Flows(ctx, c)
	if err != nil {
		return Flow{}, err
	}
	for _, f := range flows {
		if f.Key == k {
			return f, nil
		}
	}
	return Flow{}, errNoFlow
}

// WebhooksOf lists the registrations of one of the caller's flows.
func (s *Service) WebhooksOf(ctx context.Context, c Caller, k FlowKey) ([]Webhook, error) {
	if _, err := s.Flow(ctx, c, k); err != nil {
		return nil, err
	}
	return s.Store.Webhooks(ctx, k)
}

// take checks a request and takes what it says.
func (f *Flow) take(r FlowRequest) error {
	var bad fieldErrors
	f.Name = strings.TrimSpace(r.Name)
	if f.Name == "" {
		bad.add("name", "NotEmpty", "name is required.")
	}
	checkText(&bad, "name", f.Name, MaxNameRunes)
	if r.Active != nil {
		f.Active = *r.Active
	}
	if r.Brand != nil {
		f.Brand.Name = strings.TrimSpace(*r.Brand)
		checkText(&bad, "brandName", f.Brand.Name, MaxNameRunes)
	}
	colourFrom(&bad, r.Colour, &f.Brand.Colour)
	return bad.err()
}
