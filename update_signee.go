package innsigli

import (
	"context"
	"maps"
	"strings"
)

// UpdateSigneeRequest changes what is known of a signee of a running process. Members are those of the public API's
// UpdateSignee; nil leaves a member as it is.
type UpdateSigneeRequest struct {
	Process ProcessKey
	Signee  SigneeKey

	Email, Address, PostalCode, City, Reason, User *string
	From                                           Client
}

// changed is what becomes of a signee.
func (r *UpdateSigneeRequest) changed(s Signee) Signee {
	for _, m := range []struct {
		to   *string
		from *string
	}{
		{&s.Email, r.Email},
		{&s.Address, r.Address},
		{&s.PostalCode, r.PostalCode},
		{&s.City, r.City},
		{&s.Reason, r.Reason},
		{&s.User, r.User},
	} {
		if m.from != nil {
			*m.to = strings.TrimSpace(*m.from)
		}
	}
	return s
}

// UpdateSignee changes a signee's e-mail address, postal address, reason or user. Whoever holds the link may change the
// postal address alone (design/decisions.md 3); caller is set when the request carries a company's credentials. A changed
// e-mail address is invited anew and the one before gets nothing any more; of a sequence it changes wherever the person has
// the same address. Errors: Invalid, Forbidden (not without credentials),
// Unadmitted, NotFound, NotActive.
func (s *Service) UpdateSignee(ctx context.Context, caller *Caller, r UpdateSigneeRequest) (Signee, error) {
	if !r.Process.Valid() || !r.Signee.Valid() {
		return Signee{}, errNoSignee
	}
	if caller != nil && r.Email != nil && *r.Email != "" {
		if err := s.mayWrite(ctx, caller.Company.Key, 1); err != nil {
			return Signee{}, err
		}
	}
	f, c, err := s.decide(ctx, Target{Process: r.Process}, s.admitted(ctx, r.Signee, caller, func(f Facts) (Change, error) {
		return s.decideUpdateSignee(f, caller, r)
	}))
	switch {
	case KindOf(err) == NotFound:
		return Signee{}, errNoSignee
	case err != nil:
		return Signee{}, err
	case c.State == Expired:
		return Signee{}, notActive(Expired, "ProcessKey")
	}
	you, _ := f.Process.Signee(r.Signee)
	return r.changed(you), nil
}

// decideUpdateSignee judges a change of a signee.
func (s *Service) decideUpdateSignee(f Facts, caller *Caller, r UpdateSigneeRequest) (Change, error) {
	you, ok := f.Process.Signee(r.Signee)
	switch {
	case !ok:
		return Change{}, errNoSignee
	case !f.Process.State.Active():
		return Change{}, notActive(f.Process.State, "ProcessKey")
	}
	now := r.changed(you)
	if now == you {
		return Change{}, nil
	}
	if you.Signed() {
		return Change{}, errSigned()
	}
	caller = f.its(caller)
	if err := s.checkUpdate(caller, you, now); err != nil {
		return Change{}, err
	}
	return updating(f, you, now, actorOfUpdate(caller, you), r.From), nil
}

func actorOfUpdate(caller *Caller, you Signee) string {
	if caller != nil {
		return caller.KeyName
	}
	return you.actor()
}

// checkUpdate finds what may not become so.
func (s *Service) checkUpdate(caller *Caller, was, now Signee) error {
	var bad fieldErrors
	if caller == nil {
		for _, m := range []struct{ name, was, now string }{
			{"email", was.Email, now.Email},
			{"reason", was.Reason, now.Reason},
			{"user", was.User, now.User},
		} {
			if m.was != m.now {
				bad.add(m.name, "NotTheCompany", m.name+" can be changed with the company's credentials only.")
			}
		}
		if len(bad) > 0 {
			return &Error{Kind: Forbidden, Code: bad[0].Code, Text: bad[0].Text, Fields: bad}
		}
	}
	n := NewSignee{
		Phone: now.Phone, Email: now.Email, Address: now.Address, PostalCode: now.PostalCode, City: now.City, Reason: now.Reason,
		User: now.User, Delivery: now.Delivery, Type: now.Type,
	}
	s.checkNewSignee(&bad, "", &n)
	return bad.err()
}

// updating is what follows from a change of a signee.
func updating(f Facts, was, now Signee, actor string, from Client) Change {
	edits := []Signee{now}
	moved := !strings.EqualFold(was.Email, now.Email)
	if moved {
		for _, s := range f.Signees() {
			if s.Key != was.Key && s.Person != "" && s.Person == was.Person && !s.Signed() && strings.EqualFold(s.Email, was.Email) {
				s.Email = now.Email
				edits = append(edits, s)
			}
		}
	}
	after := f.with(edits)
	var c Change
	for _, s := range edits {
		one := c.Of(f, s.Process)
		one.Edit = append(one.Edit, s)
		one.Log = append(one.Log, LogEntry{Kind: LogSigneeUpdated, Signee: s.Key, Actor: actor, Client: from})
	}
	if !moved {
		return c
	}
	// A code for all documents and the one invitation to them may stand with any of the person's signees.
	for _, s := range after.same(now) {
		one := c.Of(f, s.Process)
		one.Hush = append(one.Hush, Hush{Signee: s.Key, Address: was.Email})
	}
	for _, s := range edits {
		if !s.Signed() && after.Turn(s.Key) && s.Delivery == DeliverEmail {
			o := invitation(after, s)
			o.job.Uniq = "" // the one before may be under way, and must not stand for this one
			c.place(f, []ordered{o})
			break // one mail for all documents of the person
		}
	}
	return c
}

// same lists the signees who are the same person: in a sequence one for each document, else the one alone.
func (f Facts) same(s Signee) []Signee {
	if p, ok := f.Person(s.Person); ok {
		return p.Signees
	}
	return []Signee{s}
}

// with is the facts as they are after edits. It changes nothing of f.
func (f Facts) with(edits []Signee) Facts {
	return f.mapped(func(p Process) Process {
		all := make([]Signee, len(p.Signees))
		for i, s := range p.Signees {
			all[i] = s
			for _, e := range edits {
				if e.Key == s.Key {
					all[i] = e
				}
			}
		}
		p.Signees = all
		return p
	})
}

// mapped is the facts with every process of the group put through a function.
func (f Facts) mapped(to func(Process) Process) Facts {
	members := make([]Member, len(f.Members))
	for i, m := range f.Members {
		m.Process = to(m.Process)
		members[i] = m
	}
	f.Process = to(f.Process)
	if f.Members != nil {
		f.Members = members
	}
	return f
}

// UpdateMetaRequest adds to what the creator noted of a process.
type UpdateMetaRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	Meta    map[string]string
	From    Client
}

// UpdateMeta merges names and values into the process's. Whoever holds the link may add names; to change what stands
// there needs the company's credentials. All together may not exceed MaxMetaBytes. Errors: Invalid, Forbidden, Unadmitted,
// NotFound, NotActive.
func (s *Service) UpdateMeta(ctx context.Context, caller *Caller, r UpdateMetaRequest) (View, error) {
	if !r.Process.Valid() || !r.Signee.Valid() {
		return View{}, errNoSignee
	}
	f, c, err := s.decide(ctx, Target{Process: r.Process}, s.admitted(ctx, r.Signee, caller, func(f Facts) (Change, error) {
		return decideUpdateMeta(f, caller, r)
	}))
	switch {
	case KindOf(err) == NotFound:
		return View{}, errNoSignee
	case err != nil:
		return View{}, err
	case c.State == Expired:
		return View{}, notActive(Expired, "ProcessKey")
	}
	if c.Meta != nil {
		f.Process.Meta = c.Meta
	}
	you, _ := f.Process.Signee(r.Signee)
	return View{Facts: f, You: you, Trusted: f.its(caller) != nil}, nil
}

// decideUpdateMeta judges an addition to the meta of a process.
func decideUpdateMeta(f Facts, caller *Caller, r UpdateMetaRequest) (Change, error) {
	if _, ok := f.Process.Signee(r.Signee); !ok {
		return Change{}, errNoSignee
	}
	if !f.Process.State.Active() {
		return Change{}, notActive(f.Process.State, "ProcessKey")
	}
	merged := maps.Clone(f.Process.Meta)
	if merged == nil {
		merged = map[string]string{}
	}
	var foreign fieldErrors
	for k, v := range r.Meta {
		if had, ok := merged[k]; ok && had != v {
			foreign.add("meta."+k, "NotTheCompany", "meta."+k+" can be changed with the company's credentials only.")
		}
		merged[k] = v
	}
	if caller = f.its(caller); len(foreign) > 0 && caller == nil {
		return Change{}, &Error{Kind: Forbidden, Code: foreign[0].Code, Text: foreign[0].Text, Fields: foreign}
	}
	var bad fieldErrors
	checkMeta(&bad, merged)
	if err := bad.err(); err != nil || maps.Equal(merged, f.Process.Meta) {
		return Change{}, err
	}
	you, _ := f.Process.Signee(r.Signee)
	return Change{Meta: merged, Log: []LogEntry{{Kind: LogMetaUpdated, Signee: you.Key, Actor: actorOfUpdate(caller, you), Client: r.From}}}, nil
}
