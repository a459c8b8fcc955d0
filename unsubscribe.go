package innsigli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
)

// UnsubscribeKey signs the links by which people turn reminders off. Such a link must open nothing else: mail servers and
// whoever stands between read it in a header, so the signee's key is not in it.
type UnsubscribeKey []byte

// Tag is the part of a link that proves that it came from here: 32 hex digits of HMAC-SHA256 over the two keys.
func (k UnsubscribeKey) Tag(p ProcessKey, s SigneeKey) string {
	mac := hmac.New(sha256.New, k)
	_, _ = mac.Write([]byte(string(p) + "\x00" + string(s)))
	return hexOf(mac.Sum(nil)[:16])
}

// whose finds the signee of the process that a tag is of.
func (k UnsubscribeKey) whose(p Process, tag string) (Signee, bool) {
	for _, s := range p.Signees {
		if hmac.Equal([]byte(k.Tag(p.Key, s.Key)), []byte(tag)) {
			return s, true
		}
	}
	return Signee{}, false
}

// Subscription is what the link that turns reminders off is about. The view's You is whose link it is; Off says that
// there are no automatic reminders to come, by choice.
func (s *Service) Subscription(ctx context.Context, p ProcessKey, tag string) (v View, off bool, err error) {
	if !p.Valid() {
		return View{}, false, errNoSignee
	}
	f, err := s.facts(ctx, Target{Process: p})
	if err != nil {
		return View{}, false, errNoSigneeIf(err)
	}
	you, ok := s.Unsubscriber.whose(f.Process, tag)
	if !ok {
		return View{}, false, errNoSignee
	}
	return View{Facts: f, You: you}, unreminded(f.same(you)), nil
}

func errNoSigneeIf(err error) error {
	if KindOf(err) == NotFound {
		return errNoSignee
	}
	return err
}

// Unsubscribe turns the automatic reminders of a person off, in the process or the whole sequence, for whoever holds the
// link. Once more, or after the end, it does nothing and is no error.
func (s *Service) Unsubscribe(ctx context.Context, p ProcessKey, tag string, from Client) error {
	if !p.Valid() {
		return errNoSignee
	}
	_, _, err := s.decide(context.WithoutCancel(ctx), Target{Process: p}, func(f Facts) (Change, error) {
		you, ok := s.Unsubscriber.whose(f.Process, tag)
		if !ok {
			return Change{}, errNoSignee
		}
		return remindersOff(f, f.same(you), you.actor(), from), nil
	})
	return errNoSigneeIf(err)
}

// StopRemindersRequest turns off the automatic reminders of a process, or of one signee.
type StopRemindersRequest struct {
	Process ProcessKey
	Signee  SigneeKey // empty: of all
	User    string    // as in [RemindRequest]
}

// StopReminders turns automatic reminders off, in a sequence those of all its documents: the rule does not bring them back.
// Once more it does nothing. Errors: Invalid (the user), NotFound, NotActive.
func (s *Service) StopReminders(ctx context.Context, caller Caller, r StopRemindersRequest) error {
	if r.User != "" {
		var bad fieldErrors
		if checkEmail(&bad, "User", r.User); len(bad) > 0 {
			return bad.err()
		}
	} else {
		r.User = caller.KeyName
	}
	_, c, err := s.decide(ctx, caller.process(r.Process), s.unlessDue(func(f Facts) (Change, error) { return decideStopReminders(f, r) }))
	if err == nil && c.State == Expired {
		err = notActive(Expired, "ProcessKey")
	}
	return err
}

func decideStopReminders(f Facts, r StopRemindersRequest) (Change, error) {
	who := f.Signees()
	if r.Signee != "" {
		you, ok := f.Process.Signee(r.Signee)
		if !ok {
			return Change{}, errNoSignee
		}
		who = f.same(you)
	}
	if !f.Process.State.Active() {
		return Change{}, notActive(f.Process.State, "ProcessKey")
	}
	return remindersOff(f, who, r.User, Client{}), nil
}

// remindersOff turns off what is not off yet, for those who have not signed.
func remindersOff(f Facts, who []Signee, actor string, from Client) Change {
	var c Change
	if !f.Process.State.Active() {
		return c
	}
	for _, s := range who {
		if s.Signed() || !s.RemindersOff.IsZero() {
			continue
		}
		one := c.Of(f, s.Process)
		one.Quiet = append(one.Quiet, Quiet{Signee: s.Key, Off: true})
		one.Log = append(one.Log, LogEntry{Kind: LogRemindersOff, Signee: s.Key, Actor: actor, Client: from})
	}
	return c
}
