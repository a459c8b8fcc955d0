package notify

import (
	"context"
	"errors"

	"github.com/innsigli/innsigli"
)

// errTooManyTexts has an SMS or a call wait: it is tried again, less and less often, until the hour has room.
var errTooManyTexts = errors.New("limit of SMS and calls within an hour is reached")

// mayText says whether an SMS or a call may be handed over now, and counts it. A farewell always may: who is told that there
// is nothing to sign any more must hear it.
func (n *Notifier) mayText(ctx context.Context, s *scene) error {
	j := s.job
	switch {
	case !isNumber(j.Address):
		return &RefusedError{Stage: "number", Code: "malformed"}
	case !n.Options.Numbers.Reaches(j.Address):
		return &RefusedError{Stage: "number", Code: "not reached by this server"}
	case j.Kind == innsigli.JobSmsCanceled, j.Kind == innsigli.JobSmsExpired:
		return nil
	}
	ok, err := n.Store.TakeText(ctx, n.Options.Texts.Text(s.facts.Company.Key, j.Process, j))
	if err == nil && !ok {
		err = errTooManyTexts
	}
	return err
}
