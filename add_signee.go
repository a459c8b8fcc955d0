package innsigli

import (
	"context"
	"fmt"
	"slices"
)

// AddSigneeRequest adds a signee to a running process.
type AddSigneeRequest struct {
	Process ProcessKey
	// User is the e-mail address of whoever adds, for the log. Optional: the name of the API key stands in for it.
	User   string
	Signee NewSignee
}

// AddSignee adds a signee behind all others, who is invited as the ones before were: at once, or with signInOrder when
// those before have signed. In a sequence the signee is whichever person matches. Errors: Invalid (the signee; more than
// MaxSignees), NotFound, NotActive.
func (s *Service) AddSignee(ctx context.Context, caller Caller, r AddSigneeRequest) (Signee, error) {
	var bad fieldErrors
	s.checkNewSignee(&bad, "", &r.Signee)
	if r.User != "" {
		checkEmail(&bad, "user", r.User)
	}
	if err := bad.err(); err != nil {
		return Signee{}, err
	}
	if r.User == "" {
		r.User = caller.KeyName
	}
	added := newSignee(r.Process, r.Signee)
	_, c, err := s.decide(ctx, s.ofCompany(caller, r.Process), s.unlessDue(func(f Facts) (Change, error) {
		return decideAddSignee(f, added, r.User)
	}))
	if err != nil {
		return Signee{}, err
	}
	if len(c.Add) == 0 {
		return Signee{}, notActive(Expired, "ProcessKey")
	}
	return c.Add[0], nil
}

// ofCompany names a process of the caller's.
func (s *Service) ofCompany(caller Caller, p ProcessKey) Target {
	if !p.Valid() {
		p = "sp" // no key has this shape: a malformed key costs the same query as an unknown one
	}
	return Target{Process: p, Company: caller.Company.Key}
}

// decideAddSignee judges a new signee.
func decideAddSignee(f Facts, added Signee, actor string) (Change, error) {
	p := f.Process
	if !p.State.Active() {
		return Change{}, notActive(p.State, "ProcessKey")
	}
	if len(p.Signees) >= MaxSignees {
		return Change{}, InvalidField("createSignees", "Length", fmt.Sprintf("At most %d signees can sign one document.", MaxSignees))
	}
	if f.Sequence.Key != "" {
		added.Person = f.personOf(added)
	}
	after := f.adding(added)
	c := Change{Add: []Signee{added}, Log: []LogEntry{{Kind: LogSigneeAdded, Signee: added.Key, Actor: actor}}}
	if after.Turn(added.Key) && deliveryAddress(added) != "" {
		c.place(f, []ordered{invitation(after, added)})
	}
	return c, nil
}

// personOf is who of the sequence a new signee is: one of those who are in it, or somebody new.
func (f Facts) personOf(s Signee) SequenceSigneeKey {
	for _, p := range f.Persons() {
		var known []*Signee
		for i := range p.Signees {
			known = append(known, &p.Signees[i])
		}
		if samePerson(known, &s) {
			return p.Key
		}
	}
	return NewSequenceSigneeKey()
}

// adding is the facts with a signee behind the others of the process. It changes nothing of f.
func (f Facts) adding(s Signee) Facts {
	return f.mapped(func(p Process) Process {
		if p.Key == s.Process {
			p.Signees = append(slices.Clone(p.Signees), s)
		}
		return p
	})
}
