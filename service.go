package innsigli

import (
	"context"
	"log/slog"
	"time"
)

// Service carries out verbs: it reads, decides, keeps. It holds no state of its own, so several nodes can run on one
// store.
type Service struct {
	Store Store
	Blobs Blobs
	Keys  Keys
	Pages Pages
	// Normaliser writes documents anew at intake.
	Normaliser Normaliser
	Paper      Paper
	Identity   Identity
	Sealer     Sealer
	XML        XMLSealer
	Anchors    Anchors // for Verify alone
	Templater  Templater
	// Unsubscriber signs the links that turn reminders off.
	Unsubscriber UnsubscribeKey
	Prover       LogProver // nil: evidence comes without a proof of the log

	// Now is the clock, in UTC and whole microseconds: what both databases keep.
	Now func() time.Time
	// MachineClock says how right that clock is. Nil: evidence says nothing of it.
	MachineClock func() MachineClock
	// Kick wakes the worker after a commit that ordered jobs. It only saves waiting.
	Kick func()
	// Log is the server's log. It never gets keys, codes, addresses or names.
	Log *slog.Logger

	// ExpireAfter is how long a process stays open: 30 days, the documented life of a process.
	ExpireAfter time.Duration
	// Ways says how codes can go out.
	Ways Ways
	// MailLimit is the largest message the mail server took at its last greeting, in bytes; 0 when it set none.
	MailLimit func() int64
	// MailsAnHour is how many e-mail addresses a company may write to within an hour; 0: [DefaultMailsAnHour].
	MailsAnHour int
	// MailsRefused is told of each request that was refused for that; may be nil.
	MailsRefused func()
	// TextLimits bound SMS and calls.
	TextLimits TextLimits
	// TextsRefused is told of each code that was refused for them; may be nil.
	TextsRefused func()
}

// Clock gives a clock for Service.Now from the wall's.
func Clock(now func() time.Time) func() time.Time {
	return func() time.Time { return now().UTC().Truncate(time.Microsecond) }
}

// decide runs a decision and lets its consequences start at once: the worker is woken, and what this node holds in
// memory of a document whose key went is dropped before the verb answers.
func (s *Service) decide(ctx context.Context, t Target, d Decision) (Facts, Change, error) {
	f, c, err := s.Store.Decide(ctx, t, d)
	if err != nil {
		return f, c, err
	}
	s.After(f.Process.Key, c)
	return f, c, nil
}

// After does on this node what follows a kept change. Nothing here is needed for the change to be true: other nodes,
// and this one after a crash, come to the same by asking the store.
func (s *Service) After(p ProcessKey, c Change) {
	kick := false
	for _, m := range append([]MemberChange{{p, c}}, c.Members...) {
		if m.Key == KeyDestroyed || m.Key == KeyHeld {
			s.Pages.Drop(m.Process)
		}
		kick = kick || len(m.Jobs) > 0
	}
	if kick {
		s.Kick()
	}
}

// Settling wraps a queue so that a change kept with a job's outcome is followed on this node like a verb's.
func (s *Service) Settling(q Queue) Queue { return settling{q, s} }

type settling struct {
	Queue
	s *Service
}

// Settle settles and then does what follows.
func (q settling) Settle(ctx context.Context, j Job, o Outcome, d Decision) (Change, error) {
	c, err := q.Queue.Settle(ctx, j, o, d)
	if err == nil {
		q.s.After(j.Process, c)
	}
	return c, err
}
