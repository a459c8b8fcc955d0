package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

// sequence makes a sequence of n processes that is not kept yet. The first signee of each is the same person.
func (w *world) sequence(n int) innsigli.NewProcess {
	q := innsigli.Sequence{
		Key: innsigli.NewSequenceKey(), Company: w.company.Key, User: "starter@example.com", InOrder: true, CreatedAt: w.clock.now(),
	}
	person := innsigli.NewSequenceSigneeKey()
	var all []innsigli.NewProcess
	for range n {
		one := w.process(2)
		one.Process.Group, one.Process.InOrder = innsigli.GroupKey(q.Key), true
		one.Process.Signees[0].Person = person
		one.Process.Signees[1].Person = innsigli.NewSequenceSigneeKey()
		all = append(all, one)
	}
	out := all[0]
	out.Sequence = q
	for _, o := range all[1:] {
		out.Others = append(out.Others, innsigli.NewMember{Process: o.Process, Key: o.Key})
		out.Change.Members = append(out.Change.Members, innsigli.MemberChange{Process: o.Process.Key, Change: o.Change})
	}
	return out
}

// signAll has the person of all documents sign them with one code, and gives it.
func signAll(tb testing.TB, w *world, n innsigli.NewProcess) innsigli.Token {
	tb.Helper()
	token, first := innsigli.NewToken(), n.Process.Signees[0]
	w.change(tb, n.Process.Key, innsigli.Change{Challenge: &innsigli.Challenge{
		Token: token, Process: n.Process.Key, Signee: first.Key, Person: first.Person, Via: "sms", SentAt: w.clock.now(), ExpiresAt: w.clock.now().Add(time.Minute),
	}})
	c := innsigli.Change{Sign: []innsigli.Signature{{Signee: first.Key, Person: first.Person, At: w.clock.now(), Token: token}}}
	for _, o := range n.Others {
		you := o.Process.Signees[0]
		c.Members = append(c.Members, innsigli.MemberChange{Process: o.Process.Key, Change: innsigli.Change{
			Sign: []innsigli.Signature{{Signee: you.Key, Person: you.Person, At: w.clock.now(), Token: token}},
		}})
	}
	w.change(tb, n.Process.Key, c)
	return token
}

func TestASequenceIsKeptAndReadAsAWhole(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.sequence(3)
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		want := innsigli.Facts{Now: start, Company: w.company, Flow: w.flow, Sequence: n.Sequence}
		want.Members = []innsigli.Member{{Process: n.Process, Flow: w.flow}}
		for _, o := range n.Others {
			want.Members = append(want.Members, innsigli.Member{Process: o.Process, Flow: w.flow})
		}
		for i, m := range want.Members {
			want.Process = want.Members[i].Process
			if d := cmp.Diff(want, w.facts(t, m.Process.Key)); d != "" {
				t.Errorf("from member %d: %s", i, d)
			}
			if _, err := w.Key(t.Context(), m.Process.Key); err != nil {
				t.Errorf("key of member %d: %v", i, err)
			}
		}
		want.Process = want.Members[0].Process
		f, err := w.Facts(t.Context(), innsigli.Target{Sequence: n.Sequence.Key, Company: w.company.Key})
		if d := cmp.Diff(want, f); d != "" || err != nil {
			t.Errorf("by the sequence's key: %v %s", err, d)
		}
		other, _, _ := w.addCompany(t)
		for _, target := range []innsigli.Target{
			{Sequence: n.Sequence.Key, Company: other.Key},
			{Sequence: "pg00"},
			{Sequence: innsigli.SequenceKey(w.create(t, 1).Group)},
		} {
			_, err := w.Facts(t.Context(), target)
			isNotFound(t, err)
			_, _, err = w.Decide(t.Context(), target, always(innsigli.Change{State: innsigli.Canceled}))
			isNotFound(t, err)
		}
	})
}

func TestOneChangeEndsEveryMemberOrNone(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.sequence(3)
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		end := innsigli.Change{
			State: innsigli.Canceled, Key: innsigli.KeyDestroyed, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled}},
			Drop: []innsigli.JobKind{innsigli.JobExpire}, Jobs: []innsigli.Job{{Kind: innsigli.JobPurge}},
		}
		all := func(last innsigli.ProcessKey) innsigli.Change {
			c := end
			c.Members = []innsigli.MemberChange{{Process: n.Others[0].Process.Key, Change: end}, {Process: last, Change: end}}
			return c
		}
		stranger := w.create(t, 1)
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: n.Process.Key}, always(all(stranger.Key))); err == nil {
			t.Error("a process that is not in the group was ended")
		}
		for _, p := range []innsigli.ProcessKey{n.Process.Key, n.Others[0].Process.Key, stranger.Key} {
			if st := w.facts(t, p).Process.State; st != innsigli.Created {
				t.Errorf("after the refused change: %s", st)
			}
		}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Sequence: n.Sequence.Key}, always(all(n.Others[1].Process.Key))); err != nil {
			t.Fatal(err)
		}
		for _, m := range w.facts(t, n.Process.Key).Members {
			p := m.Process.Key
			if m.Process.State != innsigli.Canceled {
				t.Errorf("member is %s", m.Process.State)
			}
			_, err := w.Key(t.Context(), p)
			isNotFound(t, err)
			if d := cmp.Diff([]innsigli.LogKind{innsigli.LogCreated, innsigli.LogCanceled}, w.kinds(t, p)); d != "" {
				t.Error(d)
			}
		}
		jobs := w.claim(t, "n1", 20)
		if d := cmp.Diff([]innsigli.JobKind{innsigli.JobPurge, innsigli.JobPurge, innsigli.JobPurge}, kindsOf(jobs)); d != "" {
			t.Error(d)
		}
		for i, j := range jobs {
			if want := w.facts(t, n.Process.Key).Members[i].Process.Key; j.Process != want {
				t.Errorf("job %d is of %s, want %s", i, j.Process, want)
			}
		}
	})
}

func TestOneCodeSignsEveryDocumentOfItsPersonAndNoOther(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.sequence(3)
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		token := signAll(t, w, n)
		for i, m := range w.facts(t, n.Process.Key).Members {
			if s := m.Process.Signees; !s[0].Signed() || s[0].SignedBy != token || s[1].Signed() {
				t.Errorf("member %d: %+v", i, s)
			}
		}
		f, err := w.Facts(t.Context(), innsigli.Target{Token: token})
		if err != nil || f.Challenge.Person != n.Process.Signees[0].Person || f.Challenge.UsedAt.IsZero() {
			t.Errorf("challenge %+v, %v", f.Challenge, err)
		}
		w.clock.add(time.Second)
		for name, s := range map[string]innsigli.Signature{
			"used already":      {Signee: n.Process.Signees[1].Key, Person: n.Process.Signees[0].Person},
			"as one document's": {Signee: n.Process.Signees[1].Key},
			"another person's":  {Signee: n.Process.Signees[1].Key, Person: n.Process.Signees[1].Person},
		} {
			s.Token, s.At = token, w.clock.now()
			if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: n.Process.Key}, always(innsigli.Change{Sign: []innsigli.Signature{s}})); err == nil {
				t.Errorf("%s: signed", name)
			}
		}
	})
}
