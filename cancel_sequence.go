package innsigli

import (
	"context"
	"errors"
	"strings"
)

// CancelSequenceRequest ends a running sequence by its own key.
type CancelSequenceRequest struct {
	Sequence SequenceKey
	// User is the e-mail address of whoever cancels. Required: only who started the sequence may.
	User string
}

func (r *CancelSequenceRequest) check() error {
	var bad fieldErrors
	if strings.TrimSpace(string(r.Sequence)) == "" {
		bad.add("SequenceKey", "NotEmpty", "SequenceKey is required.")
	}
	if r.User == "" {
		bad.add("User", "NotEmpty", "User is required.")
	} else {
		checkEmail(&bad, "User", r.User)
	}
	return bad.err()
}

// CancelSequence ends all processes of a sequence as [Service.Cancel] ends one, and shows the sequence as it then is.
// Errors beside those of Cancel: Forbidden when the user is not the one who started it.
func (s *Service) CancelSequence(ctx context.Context, caller Caller, r CancelSequenceRequest) (SequenceView, error) {
	if err := r.check(); err != nil {
		return SequenceView{}, err
	}
	ctx = context.WithoutCancel(ctx)
	t := caller.sequence(r.Sequence)
	_, c, err := s.decide(ctx, t, s.unlessDue(func(f Facts) (Change, error) { return decideCancelSequence(f, r.User) }))
	switch {
	case errors.Is(err, ErrUnclear):
		err = s.canceledAfterAll(ctx, t, err)
	case KindOf(err) == NotFound:
		err = errNoSequence
	case c.State == Expired:
		err = notActive(Expired, "SequenceKey")
	}
	if err != nil {
		return SequenceView{}, err
	}
	f, err := s.Store.Facts(ctx, t)
	return SequenceView{Facts: f, Trusted: true}, err
}

// decideCancelSequence judges a cancel by the sequence's key.
func decideCancelSequence(f Facts, user string) (Change, error) {
	if !strings.EqualFold(f.Sequence.User, user) {
		return Change{}, refuse(Forbidden, "NotTheStarter", "Only the user who started the sequence can cancel it.")
	}
	return decideCancel(f, user)
}
