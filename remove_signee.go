package innsigli

import (
	"context"
	"slices"
)

// RemoveSigneeRequest takes a signee off a running process.
type RemoveSigneeRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	// User is the e-mail address of whoever removes, for the log. Optional: the name of the API key stands in for it.
	User string
}

// errRemoved is said to whoever holds the link of a signee who was taken off.
var errRemoved = refuse(Gone, "SigneeRemoved", "This person does not have to sign any more.")

// RemoveSignee takes a signee off who has not signed. Codes and invitations of the signee are void, who was invited is
// told, and with signInOrder the next is invited; when everyone else has signed, that was the last and the group is
// sealed. A signee who has been removed already is removed. Errors: Invalid (has signed; is the only one), NotFound,
// NotActive.
func (s *Service) RemoveSignee(ctx context.Context, caller Caller, r RemoveSigneeRequest) error {
	user, err := caller.user(r.User)
	if err != nil {
		return err
	}
	r.User = user
	_, c, err := s.decide(ctx, caller.process(r.Process), s.unlessDue(func(f Facts) (Change, error) { return decideRemoveSignee(f, r) }))
	if err == nil && c.State == Expired {
		err = notActive(Expired, "ProcessKey")
	}
	return err
}

// user is whom the log names for what a company does: the address that was given, else the name of the API key.
func (c Caller) user(given string) (string, error) {
	if given == "" {
		return c.KeyName, nil
	}
	var bad fieldErrors
	checkEmail(&bad, "User", given)
	return given, bad.err()
}

// decideRemoveSignee judges the removal of a signee.
func decideRemoveSignee(f Facts, r RemoveSigneeRequest) (Change, error) {
	p := f.Process
	you, ok := p.Signee(r.Signee)
	switch {
	case !ok && p.wasRemoved(r.Signee):
		if err := f.errOf(r.Signee); err == errReassigned {
			return Change{}, err // somebody else still signs
		}
		return Change{}, nil // a client whose first answer was lost
	case !ok:
		return Change{}, errNoSignee
	case !p.State.Active():
		return Change{}, notActive(p.State, "ProcessKey")
	case you.Signed():
		return Change{}, errSigned()
	case len(p.Signees) == 1:
		return Change{}, refuse(Invalid, "LastSignee", "The only signee cannot be removed. Cancel the process instead.")
	}
	after := f.without(you)
	var c Change
	if after.AllSigned() {
		toSeal(f, &c)
	} else {
		c.place(f, append(invitations(after, &f), reinvitation(f, after, you)...))
	}
	c.Remove = []SigneeKey{you.Key}
	c.Hush = []Hush{{Signee: you.Key}}
	c.Log = append(c.Log, LogEntry{Kind: LogSigneeRemoved, Signee: you.Key, Actor: r.User})
	if !you.InvitedAt.IsZero() {
		c.Jobs = append(c.Jobs, removalMail(after, you)...)
	}
	return c, nil
}

// reinvitation is the one to a person of a sequence who stays in it, when the one that was ordered stands with the signee
// who is taken off and has not been handed over.
func reinvitation(f, after Facts, you Signee) []ordered {
	p, _ := after.Person(you.Person)
	for _, s := range p.Signees {
		if s.InvitedAt.IsZero() && !s.Signed() && f.Turn(s.Key) && s.DeliveryAddress() != "" {
			o := invitation(after, s)
			o.job.Uniq = "" // the one before may be under way, and must not stand for this one
			return []ordered{o}
		}
	}
	return nil
}

// removalMail tells somebody that there is nothing to sign any more; nobody who still has something to sign in the
// sequence, or no e-mail address.
func removalMail(after Facts, you Signee) []Job {
	if _, stays := after.Person(you.Person); stays || you.Email == "" {
		return nil
	}
	return []Job{{
		Kind: JobMailRemoved, Signee: you.Key, Address: you.Email, Language: you.Lang(after.Company), Lane: lane(after.Process.Group, you),
		Uniq: "removed:" + string(you.Key),
	}}
}

// without is the facts after a signee was taken off. It changes nothing of f.
func (f Facts) without(you Signee) Facts {
	return f.mapped(func(p Process) Process {
		p.Signees = slices.DeleteFunc(slices.Clone(p.Signees), func(s Signee) bool { return s.Key == you.Key })
		if p.Key == you.Process {
			p.Removed = append(slices.Clone(p.Removed), you)
		}
		return p
	})
}

// wasRemoved says whether a signee of the process was taken off.
func (p *Process) wasRemoved(k SigneeKey) bool {
	return slices.ContainsFunc(p.Removed, func(s Signee) bool { return s.Key == k })
}

// removed finds a signee who was taken off.
func (f Facts) removed(k SigneeKey) (Signee, bool) {
	for _, m := range f.All() {
		for _, s := range m.Process.Removed {
			if s.Key == k {
				return s, true
			}
		}
	}
	return Signee{}, false
}

// personRemoved says whether a person of the sequence was taken off all documents.
func (f Facts) personRemoved(k SequenceSigneeKey) bool {
	return slices.ContainsFunc(f.All(), func(m Facts) bool {
		return slices.ContainsFunc(m.Process.Removed, func(s Signee) bool { return s.Person == k && k != "" })
	})
}
