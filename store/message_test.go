package store_test

import (
	"testing"

	"github.com/innsigli/innsigli"
)

// TestAMessageIsFoundByItsIDAlone: while its job runs, and from the hand-over on in every process that it was about.
func TestAMessageIsFoundByItsIDAlone(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		q := w.sequence(2)
		if _, _, err := w.Create(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		p, other := q.Process.Key, q.Others[0].Process.Key
		who, whoElse := q.Process.Signees[0].Key, q.Others[0].Process.Signees[0].Key
		uid := innsigli.NewID()
		find := func(id string) (innsigli.Facts, error) {
			return w.Facts(t.Context(), innsigli.Target{Message: id})
		}
		w.change(t, p, innsigli.Change{Jobs: []innsigli.Job{{UID: uid, Kind: innsigli.JobMailInvite, Signee: who, Address: "a@example.com"}}})
		if _, err := find(uid); innsigli.KindOf(err) != innsigli.NotFound {
			t.Errorf("before anything runs: %v", err)
		}
		jobs := w.claim(t, "n1", 9)
		f, err := find(uid)
		want := innsigli.Job{UID: uid, Kind: innsigli.JobMailInvite, Process: p, Signee: who, Address: "a@example.com"}
		if err != nil || f.Handing != want || len(f.Message) != 0 || f.Process.Key != p {
			t.Errorf("while it runs: %v %+v %+v", err, f.Handing, f.Message)
		}
		sent := func(k innsigli.SigneeKey) []innsigli.LogEntry {
			return []innsigli.LogEntry{{Kind: innsigli.LogSignupSent, Signee: k, Detail: "Email", Mail: "a@example.com", Message: uid}}
		}
		for _, j := range jobs {
			if j.UID != uid {
				continue
			}
			c := innsigli.Change{Log: sent(who), Members: []innsigli.MemberChange{{Process: other, Change: innsigli.Change{Log: sent(whoElse)}}}}
			if _, err := w.Settle(t.Context(), j, done, always(c)); err != nil {
				t.Fatal(err)
			}
		}
		f, err = find(uid)
		if err != nil || f.Handing.UID != "" || len(f.Message) != 2 || f.Message[0].Process != p || f.Message[1].Process != other ||
			f.Message[1].Signee != whoElse || f.Message[1].Mail != "a@example.com" || f.Process.Key != p {
			t.Errorf("afterwards: %v %+v", err, f.Message)
		}
		for _, id := range []string{"", innsigli.NewID()} {
			if _, err := find(id); innsigli.KindOf(err) != innsigli.NotFound {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}
