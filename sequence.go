package innsigli

import (
	"slices"
	"strings"
	"time"
)

// Limits on what one sequence may bring. A document is spilled to the disk before the next is read, so they bound the
// disk that one request takes and the rows that every verb on the sequence reads.
const (
	MaxSequence      = 25        // documents
	MaxSequenceBytes = 150 << 20 // all documents together
	MaxSequenceBody  = 210 << 20 // 150 MB in base64 and the rest
)

// Sequence is several processes that one person signs with one link: they are created, signed, sealed and ended
// together. The zero value stands for a process alone.
type Sequence struct {
	Key          SequenceKey
	Company      CompanyKey
	User         string // e-mail of who started it; only this person may cancel it by the sequence's key
	RequiresAuth bool
	InOrder      bool // the first person signs all documents before the second is invited
	CreatedAt    time.Time
}

// Member is one process of a sequence as a decision knows it.
type Member struct {
	Process  Process
	Flow     Flow
	Webhooks []Webhook // of the process's flow
	Held     bool      // see [Facts], as for Copied and Hooks
	Copied   bool
	Hooks    int
}

// SequenceSignee is one person of a sequence, and the signees of its processes who are that person.
type SequenceSignee struct {
	Key     SequenceSigneeKey
	Signees []Signee // in the order of the processes; never empty
}

// Of gives the facts as they are for another process of the group. A process that is not in it gives f unchanged.
func (f Facts) Of(k ProcessKey) Facts {
	for _, m := range f.Members {
		if m.Process.Key == k {
			f.Process, f.Flow, f.Webhooks, f.Held, f.Copied, f.Hooks = m.Process, m.Flow, m.Webhooks, m.Held, m.Copied, m.Hooks
		}
	}
	return f
}

// All gives the facts of every process of the group, in its order: of a process alone only its own.
func (f Facts) All() []Facts {
	if len(f.Members) == 0 {
		return []Facts{f}
	}
	out := make([]Facts, 0, len(f.Members))
	for _, m := range f.Members {
		out = append(out, f.Of(m.Process.Key))
	}
	return out
}

// Each asks what becomes of every process of the group and puts the answers together: that for the process of the facts
// is the change itself, the others are its members.
func (f Facts) Each(decide func(Facts) Change) Change {
	c := decide(f)
	for _, m := range f.Members {
		if m.Process.Key == f.Process.Key {
			continue
		}
		if one := decide(f.Of(m.Process.Key)); !one.Empty() {
			c.Members = append(c.Members, MemberChange{m.Process.Key, one})
		}
	}
	return c
}

// Of gives the part of the change that is about a process of the group, to be added to at once.
func (c *Change) Of(f Facts, p ProcessKey) *Change {
	if p == f.Process.Key {
		return c
	}
	for i := range c.Members {
		if c.Members[i].Process == p {
			return &c.Members[i].Change
		}
	}
	c.Members = append(c.Members, MemberChange{Process: p})
	return &c.Members[len(c.Members)-1].Change
}

// Signees lists everyone who must sign something in the group, by process.
func (f Facts) Signees() []Signee {
	var out []Signee
	for _, m := range f.All() {
		out = append(out, m.Process.Signees...)
	}
	return out
}

// Signee finds a signee of the group.
func (f Facts) Signee(k SigneeKey) (Signee, bool) {
	for _, s := range f.Signees() {
		if s.Key == k {
			return s, true
		}
	}
	return Signee{}, false
}

// Owner is the address that speaks for the sender: the sequence's user, else the process's, else the company.
func (f Facts) Owner() string {
	if f.Sequence.User != "" {
		return f.Sequence.User
	}
	return f.Process.Owner(f.Company)
}

// AllSigned says whether everyone has signed everything in the group.
func (f Facts) AllSigned() bool {
	return !slices.ContainsFunc(f.Signees(), func(s Signee) bool { return !s.Signed() })
}

// Persons lists the people of a sequence in the order in which its processes name them; nobody for a process alone.
func (f Facts) Persons() []SequenceSignee {
	var out []SequenceSignee
	at := map[SequenceSigneeKey]int{}
	for _, s := range f.Signees() {
		if s.Person == "" {
			continue
		}
		i, ok := at[s.Person]
		if !ok {
			out = append(out, SequenceSignee{Key: s.Person})
			i = len(out) - 1
			at[s.Person] = i
		}
		out[i].Signees = append(out[i].Signees, s)
	}
	return out
}

// Person finds a person of the sequence.
func (f Facts) Person(k SequenceSigneeKey) (SequenceSignee, bool) {
	for _, p := range f.Persons() {
		if p.Key == k {
			return p, true
		}
	}
	return SequenceSignee{}, false
}

// SequenceState is where the sequence stands as a whole. Its members are active or ended together; they are sealed one
// by one, and it is completed when the last of them is.
func (f Facts) SequenceState() State {
	st := f.Process.State
	for _, m := range f.Members {
		if m.Process.State != Completed {
			st = m.Process.State
		}
		if st == Started || st == Sealing {
			break
		}
	}
	return st
}

// Signed says whether the person has signed everything.
func (p SequenceSignee) Signed() bool {
	return !slices.ContainsFunc(p.Signees, func(s Signee) bool { return !s.Signed() })
}

// First is the signee that stands for the person where one is needed: whose codes and tries are counted.
func (p SequenceSignee) First() Signee { return p.Signees[0] }

// Reach is how codes get to the person, who may be known better in one process than in another.
func (p SequenceSignee) Reach() (phone, email string) {
	for _, s := range p.Signees {
		if phone == "" {
			phone = s.Phone
		}
		if email == "" {
			email = s.Email
		}
	}
	return phone, email
}

// nameTogether gives the signees of a new sequence their person: the same for those who are the same one.
func nameTogether(processes []Process) {
	var known [][]*Signee
	for i := range processes {
		for k := range processes[i].Signees {
			s := &processes[i].Signees[k]
			at := slices.IndexFunc(known, func(who []*Signee) bool { return samePerson(who, s) })
			if at < 0 {
				s.Person = NewSequenceSigneeKey()
				known = append(known, []*Signee{s})
				continue
			}
			s.Person = known[at][0].Person
			known[at] = append(known[at], s)
		}
	}
}

// samePerson matches by ssn, else e-mail, else phone (design/decisions.md 3): the first of them that both sides have
// decides, so that two people with different ssn who share a mailbox stay two.
func samePerson(known []*Signee, s *Signee) bool {
	for _, what := range []func(*Signee) string{
		func(s *Signee) string { return strings.ReplaceAll(s.Ssn, "-", "") },
		func(s *Signee) string { return strings.ToLower(s.Email) },
		func(s *Signee) string { return s.Phone },
	} {
		mine, both := what(s), false
		for _, k := range known {
			theirs := what(k)
			if mine == "" || theirs == "" {
				continue
			}
			if both = true; mine == theirs {
				return true
			}
		}
		if both {
			return false
		}
	}
	return false
}
