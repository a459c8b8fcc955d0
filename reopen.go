package innsigli

import "context"

// ReopenRequest lets a signee who entered too many wrong codes ask for codes again.
type ReopenRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	// User is the e-mail address of whoever reopens, for the log. Optional: the name of the API key stands in for it.
	User string
}

// Reopen lets a signee whom [MaxWrongTries] wrong codes have locked out sign again, with as many tries as at first; in a
// sequence at all documents of that person. The limit of codes within an hour stays, and the evidence goes on naming every
// wrong try. Nothing happens for a signee who is not locked out. Errors: Invalid (User; has signed), NotFound, NotActive,
// Gone (taken off, or passed signing on).
func (s *Service) Reopen(ctx context.Context, caller Caller, r ReopenRequest) error {
	user, err := caller.user(r.User)
	if err != nil {
		return err
	}
	r.User = user
	_, c, err := s.decide(ctx, caller.process(r.Process), s.unlessDue(func(f Facts) (Change, error) { return decideReopen(f, r) }))
	if err == nil && c.State == Expired {
		err = notActive(Expired, "ProcessKey")
	}
	return err
}

// decideReopen judges that a signee may try again.
func decideReopen(f Facts, r ReopenRequest) (Change, error) {
	you, ok := f.Process.Signee(r.Signee)
	switch {
	case !ok && f.Process.wasRemoved(r.Signee):
		return Change{}, f.errOf(r.Signee)
	case !ok:
		return Change{}, errNoSignee
	case !f.Process.State.Active():
		return Change{}, notActive(f.Process.State, "ProcessKey")
	case you.Signed():
		return Change{}, errSigned()
	case f.wrongTries(you) < MaxWrongTries:
		return Change{}, nil
	}
	var c Change
	for _, s := range f.same(you) {
		one := c.Of(f, s.Process)
		one.Reopen = append(one.Reopen, s.Key)
		if !s.Signed() {
			one.Log = append(one.Log, LogEntry{Kind: LogReopened, Signee: s.Key, Actor: r.User})
		}
	}
	return c, nil
}
