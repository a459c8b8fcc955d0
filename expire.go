package innsigli

import "context"

// Expire ends a process whose time is over. Nothing happens to one that is not active or not due.
func (s *Service) Expire(ctx context.Context, p ProcessKey) error {
	_, _, err := s.decide(context.WithoutCancel(ctx), Target{Process: p}, decideExpire)
	return err
}

// ExpireJob is the job that waits for a process's last moment.
func (s *Service) ExpireJob(_ context.Context, _ Job) (Decision, error) { return decideExpire, nil }

func decideExpire(f Facts) (Change, error) {
	if !f.Process.State.Active() || !due(f) {
		return Change{}, nil
	}
	return ending(f, Expired, ""), nil
}

func due(f Facts) bool { return !f.Now.Before(f.Process.ExpiresAt) }

// unlessDue guards a verb: when the process's time is over, the verb writes the expiry itself and its own decision is
// not asked. The caller sees it by Change.State == Expired.
func (s *Service) unlessDue(d Decision) Decision {
	return func(f Facts) (Change, error) {
		if f.Process.State.Active() && due(f) {
			return decideExpire(f)
		}
		return d(f)
	}
}
