package innsigli

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
)

// AddSigneeRequest adds a signee to a running process.
type AddSigneeRequest struct {
	Process ProcessKey
	// User is the e-mail address of whoever adds, for the log. Optional: the name of the API key stands in for it.
	User   string
	Signee NewSignee
	// Idempotency is the client's Idempotency-Key, empty when it sent none; Hash is of the request.
	Idempotency, Hash string
}

func (r *AddSigneeRequest) once() Once {
	if r.Idempotency == "" {
		return Once{}
	}
	h := sha256.Sum256([]byte(r.Idempotency))
	return Once{Key: hexOf(h[:]), Request: r.Hash}
}

// AddSignee adds a signee behind all others, who is invited as the ones before were: at once, or with signInOrder when
// those before have signed. In a sequence the signee is whichever person matches. The same request with the same
// Idempotency-Key gives the signee whom the first one added, whatever has become of the process. Errors: Invalid (the signee;
// more than MaxSignees; another request with this key), NotFound, NotActive.
func (s *Service) AddSignee(ctx context.Context, caller Caller, r AddSigneeRequest) (Signee, error) {
	var bad fieldErrors
	s.checkNewSignee(&bad, "", &r.Signee)
	if r.User != "" {
		checkEmail(&bad, "user", r.User)
	}
	checkIdempotency(&bad, r.Idempotency)
	if err := bad.err(); err != nil {
		return Signee{}, err
	}
	if err := s.mayWrite(ctx, caller.Company.Key, addressedBy([]NewSignee{r.Signee})); err != nil {
		return Signee{}, err
	}
	if r.User == "" {
		r.User = caller.KeyName
	}
	added := newSignee(r.Process, r.Signee)
	added.Added = r.once()
	f, c, err := s.decide(ctx, caller.process(r.Process), s.unlessDue(func(f Facts) (Change, error) {
		return decideAddSignee(f, added, r.User)
	}))
	if err != nil {
		return Signee{}, err
	}
	if len(c.Add) > 0 {
		return c.Add[0], nil
	}
	if earlier, ok := f.Process.addedWith(added.Added); ok {
		return earlier, nil
	}
	return Signee{}, notActive(Expired, "ProcessKey")
}

// addedWith finds the signee whom a request with an Idempotency-Key has added, also one who was taken off again.
func (p *Process) addedWith(o Once) (Signee, bool) {
	all := slices.Concat(p.Signees, p.Removed)
	i := slices.IndexFunc(all, func(s Signee) bool { return o.Key != "" && s.Added.Key == o.Key })
	if i < 0 {
		return Signee{}, false
	}
	return all[i], true
}

// decideAddSignee judges a new signee.
func decideAddSignee(f Facts, added Signee, actor string) (Change, error) {
	p := f.Process
	if earlier, ok := p.addedWith(added.Added); ok {
		if earlier.Added != added.Added {
			return Change{}, errKeyReused()
		}
		return Change{}, nil // a client whose first answer was lost
	}
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
	if after.Turn(added.Key) && added.DeliveryAddress() != "" {
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
