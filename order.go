package innsigli

import (
	"slices"
	"strings"
)

// Turn says whether the signee may sign now: with signInOrder only when everyone before has signed, in the process and
// over the whole sequence, where the first person signs all documents before the second is asked (facts/wire.md 1.3).
func (f Facts) Turn(k SigneeKey) bool { return f.turns()[k] }

// turns is Turn for everyone in the group, in one pass: a sequence may have thousands of signees.
func (f Facts) turns() map[SigneeKey]bool {
	out := map[SigneeKey]bool{}
	for _, m := range f.All() {
		open := true
		for _, s := range m.Process.Signees {
			out[s.Key] = open
			open = open && (s.Signed() || !m.Process.InOrder)
		}
	}
	if !f.Sequence.InOrder {
		return out
	}
	open := true
	for _, p := range f.Persons() {
		for _, s := range p.Signees {
			out[s.Key] = out[s.Key] && open
		}
		open = open && p.Signed()
	}
	return out
}

// errNotYourTurn refuses whoever comes before those who sign first.
func errNotYourTurn() *Error {
	return refuse(Invalid, "NotYourTurn", "It is not this person's turn yet: others sign first.")
}

// has says whether it is the turn of one of the signees, and that one has not signed.
func has(turns map[SigneeKey]bool, signees []Signee) bool {
	return slices.ContainsFunc(signees, func(s Signee) bool { return !s.Signed() && turns[s.Key] })
}

// ordered is a job of one process of the group.
type ordered struct {
	process ProcessKey
	job     Job
}

// place puts jobs where they belong.
func (c *Change) place(f Facts, all []ordered) {
	for _, o := range all {
		one := c.Of(f, o.process)
		one.Jobs = append(one.Jobs, o.job)
	}
}

// invitations are those that have to go out as the facts stand: everyone's whose turn it is, but for those whose turn it
// was before already. before is nil for a new group. A verb that changes who is next (a signature, a signee who is
// removed) orders them in its own commit.
func invitations(f Facts, before *Facts) []ordered {
	var out []ordered
	now, was := f.turns(), map[SigneeKey]bool{}
	if before != nil {
		was = before.turns()
	}
	for _, who := range f.inviteTogether() {
		asked := slices.ContainsFunc(who, func(s Signee) bool { return was[s.Key] })
		if asked || !has(now, who) {
			continue
		}
		// A person with two addresses gets the one mail for all documents at both.
		seen := map[string]bool{}
		for _, s := range who {
			if to := s.DeliveryAddress(); to != "" && !seen[to] {
				seen[to] = true
				out = append(out, invitation(f, s))
			}
		}
	}
	return out
}

// inviteTogether groups the signees by who is invited with one message: a person of a sequence, else each alone.
func (f Facts) inviteTogether() [][]Signee {
	var out [][]Signee
	if f.Sequence.Key == "" {
		for _, s := range f.Process.Signees {
			out = append(out, []Signee{s})
		}
	}
	for _, p := range f.Persons() {
		out = append(out, p.Signees)
	}
	return out
}

// DeliveryAddress is where the signee's invitation goes; empty when nobody is to send one.
func (s Signee) DeliveryAddress() string {
	switch s.Delivery {
	case DeliverEmail:
		return strings.ToLower(s.Email)
	case DeliverSms:
		return s.Phone
	case DeliverNone:
	}
	return ""
}

// invitation is the one to a signee who has a delivery.
func invitation(f Facts, s Signee) ordered {
	j := Job{Kind: JobMailInvite, Address: s.Email, Signee: s.Key, Language: s.Lang(f.Company), Lane: lane(f.Process.Group, s), Uniq: "invite:" + string(s.Key)}
	if s.Delivery == DeliverSms {
		j.Kind, j.Address = JobSmsInvite, s.Phone
	}
	return ordered{s.Process, j}
}

// InvitationSent is what follows when an invitation has been handed over: the person counts as invited to everything
// that the invitation asks for, and the first one starts the process or the whole sequence (design/decisions.md 2).
// way is "Email" or "Sms".
func InvitationSent(j Job, way string) Decision {
	return func(f Facts) (Change, error) {
		you, ok := f.Signee(j.Signee)
		gone, removed := f.removed(j.Signee)
		if !ok && removed && gone.Email != "" { // it was handed over while the signee was taken off
			c := Change{Log: []LogEntry{{Kind: LogSignupSent, Signee: j.Signee, Detail: way, Mail: j.Address, Message: j.UID}}}
			if f.Process.State.Active() {
				c.Jobs = removalMail(f, gone)
			}
			return c, nil
		}
		return f.Each(func(m Facts) Change {
			var c Change
			for _, s := range m.Process.Signees {
				if s.Key == j.Signee || s.Person != "" && s.Person == you.Person {
					c.Invited = append(c.Invited, s.Key)
					c.Log = append(c.Log, LogEntry{Kind: LogSignupSent, Signee: s.Key, Detail: way, Mail: j.Address, Message: j.UID})
				}
			}
			if m.Process.Key == f.Process.Key {
				c.Jobs = f.reminding(f.same(you), f.Now, f.Now)
			}
			if m.Process.State == Created {
				c.State = Started
				c.Log = append(c.Log, LogEntry{Kind: LogStarted, Actor: m.Process.User})
			}
			return c
		}), nil
	}
}
