package innsigli

import (
	"context"
	"strings"
)

// DeclineRequest is a signee's refusal to sign.
type DeclineRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	// Reason is told to the owner and to nobody else. Optional; at most MaxReasonRunes characters, line breaks count as
	// blanks.
	Reason string
	From   Client
}

// Refusal is a signee's refusal as it is kept.
type Refusal struct {
	Signee SigneeKey
	Reason string
}

func (r *DeclineRequest) check() error {
	var bad fieldErrors
	r.Reason = oneLine(r.Reason)
	checkText(&bad, "reason", r.Reason, MaxReasonRunes)
	return bad.err()
}

// oneLine makes one line of a text that was written into a field of several.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Decline ends a process, and with it the whole sequence that it is part of, because a signee will not sign. It is the
// end that a cancel is: the document cannot be read by anyone from the commit on. A signee who declined already gets the
// same answer. The view is the process after it. Errors: Invalid (the reason; signed already; not their turn),
// Unadmitted, NotFound, NotActive.
func (s *Service) Decline(ctx context.Context, r DeclineRequest) (View, error) {
	if !r.Process.Valid() || !r.Signee.Valid() {
		return View{}, errNoSignee
	}
	if err := r.check(); err != nil {
		return View{}, err
	}
	// The person may close the page; what was asked for is done all the same.
	ctx = context.WithoutCancel(ctx)
	f, c, err := s.decide(ctx, Target{Process: r.Process}, s.admitted(ctx, r.Signee, nil, func(f Facts) (Change, error) { return decideDecline(f, r) }))
	switch {
	case KindOf(err) == NotFound:
		return View{}, errNoSignee
	case err != nil:
		return View{}, err
	case c.State == Expired:
		return View{}, notActive(Expired, "ProcessKey")
	}
	// It is not read again: the end stands, whatever a second read says.
	for _, m := range append([]MemberChange{{f.Process.Key, c}}, c.Members...) {
		f.setState(m.Process, m.State)
	}
	you, _ := f.Process.Signee(r.Signee)
	return View{Facts: f, You: you}, nil
}

// decideDecline judges a refusal.
func decideDecline(f Facts, r DeclineRequest) (Change, error) {
	p := f.Process
	you, ok := p.Signee(r.Signee)
	switch {
	case !ok:
		return Change{}, errNoSignee
	case p.State == Declined && you.Declined():
		return Change{}, nil // a client whose first answer was lost
	case !p.State.Active():
		return Change{}, notActive(p.State, "ProcessKey")
	case you.Signed():
		return Change{}, errSigned()
	case !f.Turn(you.Key):
		return Change{}, errNotYourTurn()
	}
	var others []Signee
	for _, s := range f.Signees() {
		if s.Key != you.Key && (you.Person == "" || s.Person != you.Person) {
			others = append(others, s)
		}
	}
	c := endingTold(f, Declined, you.actor(), others)
	c.Decline = &Refusal{Signee: you.Key, Reason: r.Reason}
	c.Log[0].Signee, c.Log[0].Client = you.Key, r.From
	c.Jobs = append(c.Jobs, Job{
		Kind: JobMailDeclined, Address: f.Owner(), Language: companyLanguage(f.Company), Uniq: "declined:" + string(p.Key),
	})
	return c, nil
}
