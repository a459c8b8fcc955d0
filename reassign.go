package innsigli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// MaxReassigns is how often one signature can be passed on: colleagues may send it on, but not round and round, and not
// to strangers without end.
const MaxReassigns = 5

// ReassignRequest passes signing on: somebody else signs in the place of a signee.
type ReassignRequest struct {
	Process ProcessKey
	Signee  SigneeKey

	Name, Ssn, Phone, Email string
	Language                Language // zero: that of the signee

	// User is the e-mail address of whoever does it for the company, for the log. Optional: the name of the API key stands
	// in for it. A signee is named by the own address.
	User string
	From Client
}

// Reassignment is a signee who takes the place of another.
type Reassignment struct {
	From SigneeKey
	To   Signee
}

// errReassigned is said to whoever holds the link of a signee who passed signing on.
var errReassigned = refuse(Gone, "SigneeReassigned", "Somebody else signs in the place of this person.")

// Reassign puts somebody else in the place of a signee, who is invited by mail. It is for whoever holds the link when every
// document that it is about allows it, and for the company (caller) always. What the former person was sent is void: link,
// codes, access tokens, reminders, a drawn signature. In a sequence all documents of the person are passed on, and only while
// none of them is signed, so that the order stays as it was. The answer is the new signee of the process; it is the same
// to a client that asks again. Errors: Invalid (the new signee; signed; not their turn; passed on [MaxReassigns] times),
// Forbidden (not allowed by the process), Unadmitted, NotFound, NotActive, Gone (passed on to somebody else before).
func (s *Service) Reassign(ctx context.Context, caller *Caller, r ReassignRequest) (Signee, error) {
	t, missing := Target{Process: r.Process}, errNoSignee
	if caller != nil {
		t = caller.process(r.Process)
	}
	if caller == nil && !r.Process.Valid() || !r.Signee.Valid() {
		return Signee{}, missing
	}
	person := NewSequenceSigneeKey()
	// The person may close the page; what was asked for is done all the same.
	f, c, err := s.decide(context.WithoutCancel(ctx), t, s.admitted(ctx, r.Signee, caller, func(f Facts) (Change, error) {
		return s.decideReassign(f, caller, r, func(sg Signee) Signee {
			if sg.Key = NewSigneeKey(); sg.Person != "" {
				sg.Person = person
			}
			return sg
		})
	}))
	switch {
	case KindOf(err) == NotFound:
		return Signee{}, missing
	case err != nil:
		return Signee{}, err
	case c.State == Expired:
		return Signee{}, notActive(Expired, "ProcessKey")
	}
	s.forgetDrawings(ctx, f.undrawn(c))
	if len(c.Reassign) > 0 {
		return c.Reassign[0].To, nil
	}
	gone, _ := f.removed(r.Signee)
	to, _ := f.Process.Signee(gone.PassedTo)
	return to, nil
}

// decideReassign judges that somebody else signs. fresh gives the new signee keys of their own.
func (s *Service) decideReassign(f Facts, caller *Caller, r ReassignRequest, fresh func(Signee) Signee) (Change, error) {
	p := f.Process
	you, ok := p.Signee(r.Signee)
	gone, _ := f.removed(r.Signee)
	who := f.same(you)
	switch {
	case !ok && gone.PassedTo != "":
		if to, still := p.Signee(gone.PassedTo); still && strings.EqualFold(to.Email, strings.TrimSpace(r.Email)) {
			return Change{}, nil // a client whose first answer was lost
		}
		return Change{}, errReassigned
	case !ok && gone.Key != "":
		return Change{}, errRemoved
	case !ok:
		return Change{}, errNoSignee
	case !p.State.Active():
		return Change{}, notActive(p.State, "ProcessKey")
	case slices.ContainsFunc(who, Signee.Signed):
		return Change{}, errSigned()
	}
	if caller == nil {
		if err := f.mayReassign(who); err != nil {
			return Change{}, err
		}
	}
	if you.Passes >= MaxReassigns {
		return Change{}, refuse(Invalid, "ReassignLimit", fmt.Sprintf("A signature can be passed on %d times at most.", MaxReassigns))
	}
	to, err := s.checkReassign(f, caller, you, r)
	if err != nil {
		return Change{}, err
	}
	return reassigning(f, caller, who, to, r, fresh), nil
}

// mayReassign says why whoever holds the link cannot pass signing on.
func (f Facts) mayReassign(who []Signee) error {
	switch {
	case slices.ContainsFunc(who, func(s Signee) bool { return !f.Of(s.Process).Process.AllowReassign }):
		return refuse(Forbidden, "ReassignNotAllowed", "The sender does not allow that signing is passed on.")
	case !has(f.turns(), who):
		return errNotYourTurn()
	}
	return nil
}

// MayReassign says whether whoever holds the link can pass signing on now.
func (f Facts) MayReassign(you Signee) bool {
	who := f.same(you)
	return f.Process.State.Active() && you.Passes < MaxReassigns && !slices.ContainsFunc(who, Signee.Signed) && f.mayReassign(who) == nil
}

// checkReassign finds what is wrong with the new signee, and fills in what stays as the sender set it.
func (s *Service) checkReassign(f Facts, caller *Caller, you Signee, r ReassignRequest) (Signee, error) {
	n := NewSignee{
		Name: strings.TrimSpace(r.Name), Ssn: strings.TrimSpace(r.Ssn), Phone: strings.TrimSpace(r.Phone), Email: strings.TrimSpace(r.Email),
		Reason: you.Reason, HideCode: you.HideCode, CustomSms: you.CustomSms, User: you.User, Type: you.Type, Language: r.Language, Delivery: DeliverEmail,
	}
	if n.Language == LangNotSet {
		n.Language = you.Language
	}
	if caller != nil { // which may have its own way to send links
		n.Delivery = you.Delivery
	}
	var bad fieldErrors
	if n.Name == "" {
		bad.add("name", "NotEmpty", "name is required.")
	}
	if n.Email == "" && caller == nil {
		bad.add("email", "NotEmpty", "email is required.")
	} else {
		s.checkNewSignee(&bad, "", &n)
	}
	if caller == nil && n.Phone == "" && s.needsNumber(f, you) {
		bad.add("phoneNumber", "NotEmpty", "phoneNumber is required, since codes go to a number.")
	}
	if caller != nil && r.User != "" {
		checkEmail(&bad, "user", r.User)
	}
	to := newSignee(you.Process, n)
	if len(bad) == 0 {
		f.checkOther(&bad, you, to)
	}
	to.Person, to.Passes = you.Person, you.Passes+1
	return to, bad.err()
}

// needsNumber says whether somebody to whom a signee passes signing on has to have a phone number: when codes usually go to
// one. Code and link in one mailbox would be less than the sender asked for.
func (s *Service) needsNumber(f Facts, you Signee) bool {
	phone, email := you.Phone, you.Email
	if p, ok := f.Person(you.Person); ok {
		phone, email = p.Reach()
	}
	ways := s.Ways.For(phone, email)
	return len(ways) > 0 && ways[0] != ByMail
}

// checkOther refuses to pass signing on to oneself, or to somebody who signs in the group anyway: one person would sign
// for two.
func (f Facts) checkOther(bad *fieldErrors, you, to Signee) {
	for _, other := range f.Signees() {
		if !samePerson([]*Signee{&other}, &to) {
			continue
		}
		if other.Key == you.Key || you.Person != "" && other.Person == you.Person {
			bad.add("email", "SamePerson", "Signing cannot be passed on to the same person.")
		} else {
			bad.add("email", "AlreadySignee", "This person signs already.")
		}
		return
	}
}

// reassigning is what follows when to takes the place of a person, in each document of theirs.
func reassigning(f Facts, caller *Caller, who []Signee, to Signee, r ReassignRequest, fresh func(Signee) Signee) Change {
	var c Change
	after := f
	var came []Signee
	for _, s := range who {
		next := to
		// What the sender set for a document stays with it.
		next.Process, next.Reason, next.HideCode, next.CustomSms, next.User, next.Type = s.Process, s.Reason, s.HideCode, s.CustomSms, s.User, s.Type
		next = fresh(next)
		came = append(came, next)
		after = after.replacing(s, next)
		actor := s.actor()
		if caller != nil {
			if actor = r.User; actor == "" {
				actor = caller.KeyName
			}
		}
		one := c.Of(f, s.Process)
		one.Reassign = append(one.Reassign, Reassignment{s.Key, next})
		one.Hush = append(one.Hush, Hush{Signee: s.Key})
		if s.Drawing.Blob != "" {
			one.Draw = append(one.Draw, Drawing{Signee: s.Key})
		}
		one.Log = append(
			one.Log,
			LogEntry{Kind: LogReassigned, Signee: s.Key, Detail: next.Key.Reference(), Actor: actor, Client: r.From},
			LogEntry{Kind: LogSigneeAdded, Signee: next.Key, Actor: actor},
		)
	}
	for _, s := range came {
		if after.Turn(s.Key) && s.DeliveryAddress() != "" {
			c.place(f, []ordered{invitation(after, s)})
			break // one mail for all documents of the person
		}
	}
	c.Jobs = append(c.Jobs, reassignMail(f, after, caller, r.Signee)...)
	return c
}

// reassignMail tells the owner of what a signee did, and a signee of what the company did.
func reassignMail(f, after Facts, caller *Caller, k SigneeKey) []Job {
	you, _ := f.Process.Signee(k)
	gone, _ := after.removed(k)
	if caller == nil {
		return []Job{{
			Kind: JobMailPassed, Signee: gone.PassedTo, Address: f.Owner(), Language: companyLanguage(f.Company), Uniq: "reassigned:" + string(k),
		}}
	}
	if you.InvitedAt.IsZero() {
		return nil
	}
	return removalMail(after, you)
}

// replacing is the facts after to took the place of a signee. It changes nothing of f.
func (f Facts) replacing(was, to Signee) Facts {
	was.PassedTo, was.RemovedAt = to.Key, f.Now
	return f.mapped(func(p Process) Process {
		if p.Key != was.Process {
			return p
		}
		p.Signees = slices.Clone(p.Signees)
		for i := range p.Signees {
			if p.Signees[i].Key == was.Key {
				p.Signees[i] = to
			}
		}
		p.Removed = append(slices.Clone(p.Removed), was)
		return p
	})
}

// undrawn finds the drawings that a change takes away.
func (f Facts) undrawn(c Change) []Drawing {
	var out []Drawing
	for _, m := range append([]MemberChange{{f.Process.Key, c}}, c.Members...) {
		for _, d := range m.Draw {
			s, _ := f.Signee(d.Signee)
			out = append(out, Drawing{d.Signee, s.Drawing})
		}
	}
	return out
}

// passedBy finds the signee whose place somebody took; nobody when that was theirs from the beginning.
func (p *Process) passedBy(k SigneeKey) (Signee, bool) {
	i := slices.IndexFunc(p.Removed, func(s Signee) bool { return s.PassedTo == k && k != "" })
	if i < 0 {
		return Signee{}, false
	}
	return p.Removed[i], true
}

// PassedBy is who passed signing on to a signee, by name or else address, and when; "" when nobody did.
func (f Facts) PassedBy(k SigneeKey) (who string, at time.Time) {
	for _, m := range f.All() {
		if s, ok := m.Process.passedBy(k); ok {
			return s.DisplayName(), s.RemovedAt
		}
	}
	return "", time.Time{}
}

// errOf is said to whoever holds the link of a signee who takes no part any more.
func (f Facts) errOf(k SigneeKey) *Error {
	if s, _ := f.removed(k); s.PassedTo != "" {
		return errReassigned
	}
	return errRemoved
}

// errOfPerson is the same for a person's link to a sequence.
func (f Facts) errOfPerson(k SequenceSigneeKey) *Error {
	for _, m := range f.All() {
		for _, s := range m.Process.Removed {
			if s.Person == k && s.PassedTo != "" {
				return errReassigned
			}
		}
	}
	return errRemoved
}
