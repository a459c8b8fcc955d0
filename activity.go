package innsigli

import (
	"context"
	"slices"
	"time"
)

// ActivityQuery filters the activity log of a company. Zero values do not filter.
type ActivityQuery struct {
	From, To   time.Time // From <= line < To; required by the public API
	Take, Skip int       // processes, in the order of their first line in the range; Take defaults to 10,000
	User       string    // actor of a line
	Process    ProcessKey
	Flow       FlowKey
	Within     FlowSet // those alone whose whole group is in the flows
	Query      string  // free text: keys, file names, names and addresses of signees, without letter case
}

// MaxTake is the largest page of the activity log (facts/wire.md 1.5: the documented default).
const MaxTake = 10_000

// Activity is the log of one process: lines in ascending time.
type Activity struct {
	Process Process
	Lines   []LogEntry
	// Sequence is the one that the process is part of, and Persons are its people with the signees that they are in all
	// its processes; both are zero for a process alone.
	Sequence Sequence
	Persons  []SequenceSignee
	// Listed says when its signees came and were changed, whatever lines the query leaves out.
	Listed map[SigneeKey]Listing
}

// Listing is what the log says of a signee of a process.
type Listing struct {
	AddedAt   time.Time
	AddedBy   string    // whoever added the signee to the running process; empty for those who were there from the beginning
	UpdatedAt time.Time // when the signee was changed last or signed; zero before
}

// Activity lists what happened to the caller's processes.
func (s *Service) Activity(ctx context.Context, c Caller, q ActivityQuery) ([]Activity, error) {
	var bad fieldErrors
	for _, f := range []struct{ name, value string }{
		{"User", q.User}, {"FlowKey", string(q.Flow)}, {"Query", q.Query}, {"ProcessKey", string(q.Process)},
	} {
		if !Storable(f.value) {
			bad.add(f.name, "Utf8", f.name+" must be UTF-8 without NUL.")
		}
	}
	if q.From.IsZero() {
		bad.add("StartDate", "NotEmpty", "StartDate is required.")
	}
	if q.To.IsZero() {
		bad.add("EndDate", "NotEmpty", "EndDate is required.")
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		bad.add("StartDate", "LessThan", "StartDate must be earlier than EndDate.")
	}
	if q.Take < 0 || q.Take > MaxTake {
		bad.add("Take", "InclusiveBetween", "Take must be between 0 and 10000.")
	}
	if q.Skip < 0 {
		bad.add("Skip", "GreaterThanOrEqual", "Skip must not be negative.")
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	if q.Take == 0 {
		q.Take = MaxTake
	}
	q.Within = c.Flows
	return s.Store.Activity(ctx, c.Company.Key, q)
}

// Flows lists the caller's flows.
func (s *Service) Flows(ctx context.Context, c Caller) ([]Flow, error) {
	all, err := s.Store.Flows(ctx, c.Company.Key)
	return slices.DeleteFunc(all, func(f Flow) bool { return !c.Flows.Has(f.Key) }), err
}
