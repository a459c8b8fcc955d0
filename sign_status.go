package innsigli

import "context"

// SignStatus is how the answer to a code stands.
type SignStatus int

// How it stands. Everything but waiting stays as it is.
const (
	SignWaits   SignStatus = iota // the code can be answered
	SignGiven                     // it was, and the signature stands
	SignLate                      // it cannot be answered any more: too late, too many tries, a newer code
	SignStopped                   // the process has ended before
)

// SignStatus tells how the signature stands that a code was asked for by a signee's link. The view is the process as that
// link shows it. Errors: Invalid (no such token for that signee), Unadmitted, NotFound, Gone.
func (s *Service) SignStatus(ctx context.Context, p ProcessKey, k SigneeKey, t Token) (View, SignStatus, error) {
	v, err := s.Look(ctx, p, k, nil)
	switch {
	case err != nil:
		return View{}, 0, err
	case v.Locked():
		return View{}, 0, ErrUnadmitted()
	case !t.Valid():
		return View{}, 0, errNoCode
	}
	f, err := s.Store.Facts(ctx, Target{Process: p, Token: t})
	if err != nil {
		return View{}, 0, err
	}
	st, err := signStatus(f, k, t)
	v.Facts = f
	v.You, _ = f.Process.Signee(k)
	return v, st, err
}

func signStatus(f Facts, k SigneeKey, t Token) (SignStatus, error) {
	you, ok := f.Process.Signee(k)
	ch := f.Challenge
	mine := ch.Signee == k || ch.Person != "" && ch.Person == you.Person
	switch {
	case !ok:
		return 0, errNoSignee
	case ch.Token != t || ch.Entry || !mine:
		return 0, errNoCode
	case f.Process.State.Ended():
		return SignStopped, nil
	case you.SignedBy == t:
		return SignGiven, nil
	case ch.Open(f.Now) && !you.Signed():
		return SignWaits, nil
	}
	return SignLate, nil
}
