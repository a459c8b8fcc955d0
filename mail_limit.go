package innsigli

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// DefaultMailsAnHour is how many e-mail addresses a company may write to within an hour.
const DefaultMailsAnHour = 10_000

// Addressed is how many e-mail addresses a company wrote to within a minute: those of people in new processes, of people
// who were added or got another address, and of those it had reminded.
type Addressed struct {
	Minute time.Time
	N      int
}

// mayWrite refuses what would write to more addresses than a company may. People of a new process count although they are
// not invited by mail, since they are told how it ends. What follows by itself (codes, the end of a process, reminders by
// rule) is neither counted nor refused: a cancel never waits. Requests at the same moment do not see each other, so the
// limit can be passed by a few.
func (s *Service) mayWrite(ctx context.Context, c CompanyKey, n int) error {
	if n == 0 {
		return nil
	}
	limit := s.MailsAnHour
	if limit <= 0 {
		limit = DefaultMailsAnHour
	}
	now := s.Now()
	sent, err := s.Store.Addressed(ctx, c, now.Add(-time.Hour))
	if err != nil {
		return err
	}
	if err := decideMails(sent, now, n, limit); err != nil {
		if s.Log != nil {
			s.Log.LogAttrs(ctx, slog.LevelWarn, "a company wants to write to more addresses than it may within an hour", slog.Int("limit", limit))
		}
		if s.MailsRefused != nil {
			s.MailsRefused()
		}
		return err
	}
	return nil
}

// decideMails judges whether n more addresses may be written to. A request that is larger than the limit itself passes
// when nothing else was sent, so that nobody is locked out for good.
func decideMails(sent []Addressed, now time.Time, n, limit int) error {
	total := 0
	for _, a := range sent {
		total += a.N
	}
	if total == 0 || total+n <= limit {
		return nil
	}
	wait := time.Hour
	for left, i := total, 0; i < len(sent); i++ {
		left -= sent[i].N
		wait = sent[i].Minute.Add(time.Hour).Sub(now)
		if left == 0 || left+n <= limit {
			break
		}
	}
	wait = max(wait, time.Second).Round(time.Second)
	return &Error{
		Kind: TooMany, Code: "TooManyMails", RetryAfter: wait,
		Text: fmt.Sprintf("The company wrote to %d e-mail addresses within an hour and may write to %d. Try again in %s.", total, limit, wait),
	}
}

// addressedBy is how many of the people have an e-mail address.
func addressedBy(people []NewSignee) int {
	n := 0
	for i := range people {
		if people[i].Email != "" {
			n++
		}
	}
	return n
}
