package innsigli

import "context"

// SequenceView is a sequence as one asker may see it.
type SequenceView struct {
	Facts
	// You is the person whose link it is; its zero value when a company looks at the whole sequence.
	You SequenceSignee
	// Trusted is set when the company itself asks with its credentials: everything may be shown.
	Trusted bool
	// Admitted is set when the asker has proved who they are, where the sequence asks for it.
	Admitted bool
}

// errNoSequence is the same whichever key is wrong: a sequence key alone tells nothing.
var errNoSequence = refuse(NotFound, "NotFound", "There is no such sequence or signee.")

// Documents are the processes of the sequence that the asker may see: all for the company, else those that the person
// signs, each as the view of one of that person's signees.
func (v SequenceView) Documents() []View {
	var out []View
	for _, m := range v.All() {
		if v.Trusted {
			out = append(out, View{Facts: m, Trusted: true})
			continue
		}
		for _, s := range v.You.Signees {
			if s.Process == m.Process.Key {
				out = append(out, View{Facts: m, You: s, Admitted: v.Admitted})
				break
			}
		}
	}
	return out
}

// MaySign says whether the person has something to sign now.
func (v SequenceView) MaySign() bool {
	return v.Process.State.Active() && has(v.turns(), v.You.Signees)
}

// LookSequence shows a sequence to whoever holds a person's link; the rest is as for [Service.Look].
func (s *Service) LookSequence(ctx context.Context, q SequenceKey, k SequenceSigneeKey, caller *Caller) (SequenceView, error) {
	if !q.Valid() || !k.Valid() {
		return SequenceView{}, errNoSequence
	}
	f, err := s.facts(ctx, Target{Sequence: q})
	if KindOf(err) == NotFound {
		return SequenceView{}, errNoSequence
	}
	if err != nil {
		return SequenceView{}, err
	}
	you, ok := f.Person(k)
	if !ok && f.personRemoved(k) {
		return SequenceView{}, f.errOfPerson(k)
	}
	if !ok {
		return SequenceView{}, errNoSequence
	}
	v := SequenceView{Facts: f, You: you, Trusted: f.its(caller) != nil}
	v.Admitted = s.admits(ctx, you.about())
	return v, nil
}

// SequenceOf shows a company one of its sequences whole, by its key alone. Errors: NotFound.
func (s *Service) SequenceOf(ctx context.Context, c Caller, q SequenceKey) (SequenceView, error) {
	f, err := s.facts(ctx, c.sequence(q))
	if KindOf(err) == NotFound {
		err = errNoSequence
	}
	return SequenceView{Facts: f, Trusted: true}, err
}
