package innsigli

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// MaxDeliveries is the largest page of deliveries.
const MaxDeliveries = 500

// HookDelivery is one event on its way to one registration. Rows of what was taken go after seven days; what was given up stays.
type HookDelivery struct {
	ID       string // what receivers know as the event's Id
	Hook     int64
	Company  CompanyKey
	Process  ProcessKey
	Event    EventType
	State    JobState
	Attempts int // in all, also those before it was ordered once more
	At       time.Time
	Next     time.Time // of the next attempt, while it waits
	EndedAt  time.Time
	Why      string // what the last attempt failed of
}

// Status is the delivery's state in the words of the API.
func (d HookDelivery) Status() string {
	switch d.State {
	case JobDone:
		return DeliveryDelivered
	case JobDead:
		return DeliveryFailed
	case JobDropped:
		return "Dropped"
	case JobReady, JobRunning:
	}
	return DeliveryWaiting
}

// The words of the API for how a delivery stands.
const (
	DeliveryWaiting   = "Waiting"
	DeliveryDelivered = "Delivered"
	DeliveryFailed    = "Failed"
)

var deliveryStates = map[string][]JobState{
	DeliveryWaiting: {JobReady, JobRunning}, DeliveryDelivered: {JobDone}, DeliveryFailed: {JobDead},
}

// DeliveryQuery asks for deliveries, newest first.
type DeliveryQuery struct {
	Hook    int64      // zero: of all registrations
	Company CompanyKey // empty: of all
	Within  FlowSet    // of processes whose whole group is in the flows
	Status  string     // a word of the API; empty: all
	Skip    int
	Take    int // 0: as many as there may be

	States []JobState // what Status means, filled in by check
}

func (q *DeliveryQuery) check() error {
	var bad fieldErrors
	if q.Take < 0 || q.Take > MaxDeliveries {
		bad.add("Take", "InclusiveBetween", fmt.Sprintf("Take must be between 0 and %d.", MaxDeliveries))
	}
	if q.Skip < 0 {
		bad.add("Skip", "InclusiveBetween", "Skip must not be negative.")
	}
	if q.Take == 0 {
		q.Take = MaxDeliveries
	}
	q.States = nil
	for word, states := range deliveryStates {
		if q.Status != "" && strings.EqualFold(word, q.Status) {
			q.States = states
		}
	}
	if q.Status != "" && q.States == nil {
		bad.add("Status", "Enum", "Status must be Waiting, Delivered or Failed.")
	}
	return bad.err()
}

// Deliveries lists what was and is to be sent to a registration of the company: NotFound for another's.
func (s *Service) Deliveries(ctx context.Context, c Caller, q DeliveryQuery) ([]HookDelivery, error) {
	if _, err := s.ownWebhook(ctx, c, q.Hook); err != nil {
		return nil, err
	}
	q.Company, q.Within = c.Company.Key, c.Flows
	return s.AllDeliveries(ctx, q)
}

// AllDeliveries is the same for whoever runs the server.
func (s *Service) AllDeliveries(ctx context.Context, q DeliveryQuery) ([]HookDelivery, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	return s.Store.Deliveries(ctx, q)
}

// Replay orders a delivery that was taken or given up once more, with the same Id and event time and three more attempts.
// NotFound when the company has no such delivery, Invalid while it waits anyway.
func (s *Service) Replay(ctx context.Context, c Caller, hook int64, id string) error {
	if _, err := s.ownWebhook(ctx, c, hook); err != nil {
		return err
	}
	return s.replay(ctx, hook, id, c.Flows)
}

// ReplayAny is the same for whoever runs the server; hook may be zero.
func (s *Service) ReplayAny(ctx context.Context, hook int64, id string) error {
	return s.replay(ctx, hook, id, "")
}

func (s *Service) replay(ctx context.Context, hook int64, id string, in FlowSet) error {
	done, found, err := s.Store.Replay(ctx, hook, strings.ReplaceAll(strings.ToLower(id), "-", ""), in)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse(NotFound, "NotFound", "There is no such delivery.")
	case !done:
		return InvalidField("deliveryId", "Waiting", "This delivery waits for its next attempt anyway.")
	}
	s.Kick()
	return nil
}
