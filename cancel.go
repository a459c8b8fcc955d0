package innsigli

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// CancelRequest ends a running process (facts/cancel-signing-process.txt).
type CancelRequest struct {
	Process ProcessKey
	// User is the e-mail address of whoever cancels, for the log. Optional: the name of the API key stands in for it.
	User string
}

func (r *CancelRequest) check() error {
	var bad fieldErrors
	if strings.TrimSpace(string(r.Process)) == "" {
		bad.add("ProcessKey", "NotEmpty", "ProcessKey is required.")
	}
	if r.User != "" {
		checkEmail(&bad, "User", r.User)
	}
	return bad.err()
}

// Cancel ends a process, and with it the whole sequence that it is part of: from its commit on the document cannot be read by anyone, and everything that has to be told
// is ordered in the same commit. Cancelling a canceled process does nothing and is no error. Errors: Invalid (the
// parameters), NotFound (unknown, malformed, or another company's), NotActive (all have signed, completed, expired).
// Any other error means that nothing has changed, except one that wraps [ErrUnclear]: then nobody knows, and the same
// call tells the truth later.
func (s *Service) Cancel(ctx context.Context, caller Caller, r CancelRequest) error {
	if err := r.check(); err != nil {
		return err
	}
	// The client may have gone; what it asked for is done all the same.
	ctx = context.WithoutCancel(ctx)
	t := caller.process(r.Process)
	actor := r.User
	if actor == "" {
		actor = caller.KeyName
	}
	_, c, err := s.decide(ctx, t, s.unlessDue(func(f Facts) (Change, error) { return decideCancel(f, actor) }))
	switch {
	case errors.Is(err, ErrUnclear):
		return s.canceledAfterAll(ctx, t, err)
	case err != nil:
		return err
	case c.State == Expired:
		return notActive(Expired, "ProcessKey")
	}
	return nil
}

// canceledAfterAll reads again, on a new connection, when the answer to a commit never came.
func (s *Service) canceledAfterAll(ctx context.Context, t Target, unclear error) error {
	f, err := s.Store.Facts(ctx, t)
	if err != nil {
		// Its kind must not show: a NotFound here would be answered as 404, and nobody knows that.
		return fmt.Errorf("read again (%s): %w", err.Error(), unclear)
	}
	switch st := f.Process.State; {
	case st.Active(): // the commit may still be under way
		return fmt.Errorf("cancel left the process %s: %w", st, unclear)
	case st != Canceled: // something else won, and nothing leads back
		return notActive(st, "ProcessKey")
	}
	s.After(f.Process.Key, f.Each(func(Facts) Change { return Change{Key: KeyDestroyed, Jobs: []Job{{}}} }))
	return nil
}

// decideCancel judges a cancel. actor is written into the log.
func decideCancel(f Facts, actor string) (Change, error) {
	switch st := f.Process.State; st {
	case Canceled:
		return Change{}, nil
	case Sealing, Completed, Expired, Declined:
		return Change{}, notActive(st, "ProcessKey")
	case Created, Started:
	}
	return ending(f, Canceled, actor), nil
}

// farewell says which jobs tell people how a process ended.
var farewell = map[State]struct {
	log       LogKind
	mail, sms JobKind
	event     EventType
}{
	Canceled: {LogCanceled, JobMailCanceled, JobSmsCanceled, EventCanceled},
	Expired:  {LogExpired, JobMailExpired, JobSmsExpired, EventExpired},
	Declined: {LogDeclined, JobMailCanceled, JobSmsCanceled, EventCanceled},
}

// ending is what every end before completion has in common, for a process or for all processes of a sequence: the
// state, its line in the log, one message a person, the owner's copy of each document that somebody has signed, and the
// end of the key.
func ending(f Facts, st State, actor string) Change { return endingTold(f, st, actor, f.Signees()) }

// endingTold is ending for those of the signees who are told of it.
func endingTold(f Facts, st State, actor string, told []Signee) Change {
	all := persons(told, f.Company)
	return f.Each(func(m Facts) Change { return endingOf(m, st, actor, all) })
}

// endingOf is the part of one process. A person of several documents is told with the first.
func endingOf(f Facts, st State, actor string, all []person) Change {
	p := f.Process
	tell := farewell[st]
	c := Change{
		State: st, EndedBy: actor,
		Log: []LogEntry{{Kind: tell.log, Actor: actor}},
		// What is queued and not yet in a worker's hands must not go out any more.
		Drop: whileActive(),
	}
	for _, who := range all {
		if who.signee.Process != p.Key {
			continue
		}
		j := Job{Signee: who.signee.Key, Language: who.language, Lane: lane(p.Group, who.signee)}
		switch {
		case who.email != "":
			j.Kind, j.Address = tell.mail, who.email
		case who.phone != "":
			j.Kind, j.Address = tell.sms, who.phone
		default:
			c.Log = append(c.Log, LogEntry{Kind: LogNotReachable, Signee: who.signee.Key})
			continue
		}
		c.Jobs = append(c.Jobs, j)
	}
	var hooks []Job
	if tell.event != 0 {
		hooks = webhookJobs(f, tell.event)
	}
	if p.AnySigned() {
		c.Jobs = append(c.Jobs, Job{
			Kind: JobMailOwnerCopy, Address: f.Owner(), Language: companyLanguage(f.Company), Uniq: "copy:" + string(p.Key),
		})
	}
	if p.AnySigned() || tell.event.CarriesHeld() && len(hooks) > 0 {
		c.Key = KeyHeld
		c.Jobs = append(c.Jobs, Job{Kind: JobHoldExpire, Due: f.Now.Add(HoldLifetime), Uniq: "hold:" + string(p.Key)})
	} else {
		c.Key = KeyDestroyed
		c.Jobs = append(c.Jobs, purgeJob(p.Key))
	}
	c.Jobs = append(c.Jobs, hooks...)
	return c
}

// whileActive are the jobs that nobody wants any more once nobody can sign.
func whileActive() []JobKind {
	return []JobKind{JobMailInvite, JobSmsInvite, JobMailCode, JobSmsCode, JobCallCode, JobExpire, JobRemind, JobMailRemind, JobSmsRemind}
}

func companyLanguage(c Company) Language {
	if c.DefaultLanguage == LangNotSet {
		return LangEn
	}
	return c.DefaultLanguage
}
