package innsigli

import (
	"context"
	"fmt"
	"time"
)

// PersonalDays is how many days the personal data of an ended process is kept when the company has not said.
const PersonalDays = 90

// MaxRetentionDays bounds what a company may say: ten years and the leap days.
const MaxRetentionDays = 3653

// retentionBatch is how many processes one look of the sweep brings.
const retentionBatch = 50

// Retention is what a company keeps, and how many days after the end of a process. Zero is the default: 90 days for
// personal data, for ever for completed documents.
type Retention struct {
	Company       CompanyKey
	PersonalDays  int
	DocumentsDays int
}

// Personal is the time after which personal data goes.
func (r Retention) Personal() time.Duration {
	if r.PersonalDays == 0 {
		return PersonalDays * 24 * time.Hour
	}
	return time.Duration(r.PersonalDays) * 24 * time.Hour
}

// Documents is the time after which completed documents go; 0: never.
func (r Retention) Documents() time.Duration { return time.Duration(r.DocumentsDays) * 24 * time.Hour }

// RetentionStore is what the retention needs of a store.
type RetentionStore interface {
	// Retentions lists what each company has said.
	Retentions(ctx context.Context) ([]Retention, error)
	// PersonalDue lists at most n processes of the company that ended at or before the time, behind the process after, and
	// whose personal data is still there and committed to by the log; DocumentsDue those that were completed then and whose
	// documents are. Both are ordered by their end.
	PersonalDue(ctx context.Context, c CompanyKey, until time.Time, after Ended, n int) ([]Ended, error)
	DocumentsDue(ctx context.Context, c CompanyKey, until time.Time, after Ended, n int) ([]Ended, error)
}

// Ended names a process that has ended and when.
type Ended struct {
	Process ProcessKey
	At      time.Time
}

// RetentionRequest changes what a company keeps. What is nil stays.
type RetentionRequest struct{ PersonalDays, DocumentsDays *int }

// Retention tells what a company keeps.
func (s *Service) Retention(ctx context.Context, c CompanyKey) (Retention, error) {
	return s.Store.Retention(ctx, c)
}

// ChangeRetention changes what a company keeps. A shorter time is also for what ended before: the next sweep erases it,
// for good. Errors: Invalid (days), NotFound.
func (s *Service) ChangeRetention(ctx context.Context, c CompanyKey, r RetentionRequest) (Retention, error) {
	return s.Store.ChangeRetention(ctx, c, func(was Retention) (Retention, error) { return was.with(r) })
}

// with checks a request and gives what is to be kept.
func (r Retention) with(q RetentionRequest) (Retention, error) {
	var bad fieldErrors
	for _, f := range []struct {
		name string
		days *int
		of   *int
	}{{"personalDays", q.PersonalDays, &r.PersonalDays}, {"documentsDays", q.DocumentsDays, &r.DocumentsDays}} {
		if f.days == nil {
			continue
		}
		if *f.of = *f.days; *f.days < 0 || *f.days > MaxRetentionDays {
			bad.add(f.name, "InclusiveBetween", fmt.Sprintf("%s must be between 1 and %d, or 0 for the default.", f.name, MaxRetentionDays))
		}
	}
	return r, bad.err()
}

// Retain erases what companies keep no longer, and says how many processes it changed. It may be run by several nodes at
// once, and goes on another time where it was broken off: every process is a commit of its own.
func (s *Service) Retain(ctx context.Context, from RetentionStore) (int, error) {
	all, err := from.Retentions(ctx)
	if err != nil {
		return 0, err
	}
	total := 0
	for _, r := range all {
		n, err := s.retain(ctx, r.Company, r.Personal(), from.PersonalDue, decideErase)
		total += n
		if err == nil && r.DocumentsDays > 0 {
			n, err = s.retain(ctx, r.Company, r.Documents(), from.DocumentsDue, decideRetire)
			total += n
		}
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

type dueList func(ctx context.Context, c CompanyKey, until time.Time, after Ended, n int) ([]Ended, error)

func (s *Service) retain(ctx context.Context, c CompanyKey, kept time.Duration, list dueList, d Decision) (int, error) {
	total := 0
	var after Ended
	for {
		due, err := list(ctx, c, s.Now().Add(-kept), after, retentionBatch)
		if err != nil {
			return total, err
		}
		for _, e := range due {
			_, change, err := s.decide(ctx, Target{Process: e.Process}, d)
			if err != nil {
				return total, err
			}
			if !change.Empty() {
				total++
			}
			after = e
		}
		if len(due) < retentionBatch {
			return total, nil
		}
	}
}

// decideErase erases the personal data of an ended process. In a sequence it waits for the last of the others: people and
// owner are the same.
func decideErase(f Facts) (Change, error) {
	for _, m := range f.All() {
		if st := m.Process.State; !st.Ended() && st != Completed || m.Held {
			return Change{}, nil
		}
	}
	if !f.Process.ErasedAt.IsZero() {
		return Change{}, nil
	}
	return Change{Erase: true, Log: []LogEntry{{Kind: LogErased}}}, nil
}

// decideRetire destroys the key of a completed document; the bytes follow.
func decideRetire(f Facts) (Change, error) {
	if f.Process.State != Completed {
		return Change{}, nil
	}
	return Change{
		Key: KeyDestroyed, Drop: []JobKind{JobRaise, JobMailCompleted, JobMailOwnerDone, JobMailNotify, JobWebhook},
		Jobs: []Job{purgeJob(f.Process.Key)},
	}, nil
}
