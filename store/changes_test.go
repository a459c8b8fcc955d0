package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

func TestADeclineIsKeptOnceAndNotAfterASignature(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		who := p.Signees[0].Key
		end := innsigli.Change{
			State: innsigli.Declined, EndedBy: p.Signees[0].Email, Key: innsigli.KeyDestroyed,
			Decline: &innsigli.Refusal{Signee: who, Reason: "þó nei"}, Log: []innsigli.LogEntry{{Kind: innsigli.LogDeclined, Signee: who}},
		}
		w.change(t, p.Key, end)
		f := w.facts(t, p.Key)
		you, other := f.Process.Signees[0], f.Process.Signees[1]
		if f.Process.State != innsigli.Declined || !you.DeclinedAt.Equal(start) || you.DeclineReason != "þó nei" || other.Declined() {
			t.Errorf("process %s, signees %+v, %+v", f.Process.State, you, other)
		}
		again := innsigli.Change{Decline: &innsigli.Refusal{Signee: who, Reason: "again"}}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(again)); err == nil {
			t.Error("a second refusal was kept")
		}
		stranger := innsigli.Change{Decline: &innsigli.Refusal{Signee: w.create(t, 1).Signees[0].Key}}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(stranger)); err == nil {
			t.Error("the refusal of a signee of another process was kept")
		}
	})
}

func TestAnEditIsKeptAndWhatWentToTheOldAddressIsSilenced(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		anna, bjorn := p.Signees[0], p.Signees[1]
		token := innsigli.NewToken()
		w.change(t, p.Key, innsigli.Change{
			Challenge: &innsigli.Challenge{Token: token, Process: p.Key, Signee: anna.Key, Via: "email", SentAt: start, ExpiresAt: start.Add(time.Minute)},
			Jobs: []innsigli.Job{
				{Kind: innsigli.JobMailInvite, Signee: anna.Key, Address: anna.Email},
				{Kind: innsigli.JobMailInvite, Signee: bjorn.Key, Address: bjorn.Email},
				{Kind: innsigli.JobMailCode, Signee: anna.Key, Address: anna.Email},
				{Kind: innsigli.JobMailInvite, Signee: anna.Key, Address: "elsewhere@example.com"},
			},
		})
		running := w.claim(t, "node", 1)[0]
		changed := anna
		changed.Email, changed.City, changed.Reason = "new@example.com", "Akureyri", "another"
		w.change(t, p.Key, innsigli.Change{
			Edit: []innsigli.Signee{changed}, Hush: []innsigli.Hush{{Signee: anna.Key, Address: strings.ToUpper(anna.Email)}},
			Meta: map[string]string{"a": "b"},
		})
		f := w.facts(t, p.Key)
		got := f.Process.Signees[0]
		if got.Email != "new@example.com" || got.City != "Akureyri" || got.Reason != "another" || got.Name != anna.Name || f.Process.Signees[1].Email != bjorn.Email {
			t.Errorf("signees are %+v", f.Process.Signees)
		}
		if d := cmp.Diff(map[string]string{"a": "b"}, f.Process.Meta); d != "" {
			t.Error(d)
		}
		if ok, err := w.Wanted(t.Context(), running); ok || err != nil {
			t.Errorf("what a worker holds is still wanted: %v", err)
		}
		left := map[string]bool{}
		for _, j := range w.claim(t, "node", 9) {
			left[j.Address] = true
		}
		if d := cmp.Diff(map[string]bool{bjorn.Email: true, "elsewhere@example.com": true}, left); d != "" {
			t.Error(d)
		}
		if _, counted, err := w.CountTry(t.Context(), token, start); counted || err != nil {
			t.Errorf("the code to the old address can still be tried: %v", err)
		}
		acts, err := w.Activity(t.Context(), w.company.Key, innsigli.ActivityQuery{From: start.Add(-time.Hour), To: start.Add(time.Hour), Query: "NEW@example"})
		if err != nil || len(acts) != 1 {
			t.Errorf("not found by the new address: %v %v", acts, err)
		}
		signed := innsigli.NewToken()
		w.change(t, p.Key, innsigli.Change{Challenge: &innsigli.Challenge{
			Token: signed, Process: p.Key, Signee: bjorn.Key, Via: "email", SentAt: start, ExpiresAt: start.Add(time.Minute),
		}})
		w.change(t, p.Key, innsigli.Change{Sign: []innsigli.Signature{{Signee: bjorn.Key, At: start, Token: signed}}})
		late := innsigli.Change{Edit: []innsigli.Signee{bjorn}}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(late)); err == nil {
			t.Error("a signee who has signed was changed")
		}
	})
}

func TestSigneesAreAddedBehindAndRemovedOnesTakeNoPart(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		first, second := p.Signees[0], p.Signees[1]
		third := first
		third.Key, third.Email = innsigli.NewSigneeKey(), "third@example.com"
		w.change(t, p.Key, innsigli.Change{Add: []innsigli.Signee{third}})
		w.change(t, p.Key, innsigli.Change{Remove: []innsigli.SigneeKey{first.Key}, Hush: []innsigli.Hush{{Signee: first.Key}}})
		fourth := first
		fourth.Key, fourth.Email = innsigli.NewSigneeKey(), "fourth@example.com"
		w.change(t, p.Key, innsigli.Change{Add: []innsigli.Signee{fourth}})
		f := w.facts(t, p.Key)
		if d := cmp.Diff([]innsigli.Signee{second, third, fourth}, f.Process.Signees); d != "" {
			t.Error(d)
		}
		if r := f.Process.Removed; len(r) != 1 || r[0].Key != first.Key || !r[0].RemovedAt.Equal(start) {
			t.Errorf("removed: %+v", r)
		}
		again := innsigli.Change{Remove: []innsigli.SigneeKey{first.Key}}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(again)); err == nil {
			t.Error("a second removal was kept")
		}
	})
}

func TestWhoeverTakesAPlaceStandsThere(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 3)
		former := p.Signees[1]
		next := former
		next.Key, next.Email, next.Passes = innsigli.NewSigneeKey(), "next@example.com", 1
		pass := innsigli.Change{Reassign: []innsigli.Reassignment{{From: former.Key, To: next}}, Hush: []innsigli.Hush{{Signee: former.Key}}}
		w.change(t, p.Key, pass)
		last := next
		last.Key, last.Email, last.Passes = innsigli.NewSigneeKey(), "last@example.com", 2
		w.change(t, p.Key, innsigli.Change{Reassign: []innsigli.Reassignment{{From: next.Key, To: last}}})
		f := w.facts(t, p.Key)
		if d := cmp.Diff([]innsigli.Signee{p.Signees[0], last, p.Signees[2]}, f.Process.Signees); d != "" {
			t.Error(d)
		}
		if r := f.Process.Removed; len(r) != 2 || r[0].Key != former.Key || r[0].PassedTo != next.Key || r[1].PassedTo != last.Key || !r[0].RemovedAt.Equal(start) {
			t.Errorf("removed: %+v", r)
		}
		next.Key = innsigli.NewSigneeKey()
		pass.Reassign[0].To = next
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(pass)); err == nil {
			t.Error("it was passed on a second time")
		}
		if got := w.facts(t, p.Key); len(got.Process.Signees) != 3 {
			t.Errorf("a failed one left %d signees", len(got.Process.Signees))
		}
	})
}

func TestWrongTriesCountForThePersonAtAllDocuments(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.sequence(2)
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		counted := 0
		members := []innsigli.Process{n.Process, n.Others[0].Process}
		for round := range 2 * innsigli.MaxWrongTries {
			if round == innsigli.MaxWrongTries { // the owner lets the person try again, as often as before
				var c innsigli.Change
				for _, m := range members {
					c.Members = append(c.Members, innsigli.MemberChange{Process: m.Key, Change: innsigli.Change{Reopen: []innsigli.SigneeKey{m.Signees[0].Key}}})
				}
				w.change(t, members[0].Key, c)
				if counted != innsigli.MaxWrongTries {
					t.Errorf("%d tries were counted before, want %d", counted, innsigli.MaxWrongTries)
				}
			}
			p := n.Process
			if round%2 == 1 {
				p = n.Others[0].Process
			}
			token := innsigli.NewToken()
			w.change(t, p.Key, innsigli.Change{Challenge: &innsigli.Challenge{
				Token: token, Process: p.Key, Signee: p.Signees[0].Key, Via: "email", SentAt: start, ExpiresAt: start.Add(time.Minute),
			}})
			for range innsigli.MaxCodeTries {
				_, ok, err := w.CountTry(t.Context(), token, start)
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					counted++
				}
			}
		}
		if n.Process.Signees[0].Person != n.Others[0].Process.Signees[0].Person || counted != 2*innsigli.MaxWrongTries {
			t.Errorf("%d tries were counted at two documents of one person, want %d", counted, 2*innsigli.MaxWrongTries)
		}
		wrong, forgiven := 0, 0
		for _, m := range members {
			you := w.facts(t, m.Key).Process.Signees[0]
			wrong, forgiven = wrong+you.WrongTries, forgiven+you.Forgiven
		}
		if wrong != 2*innsigli.MaxWrongTries || forgiven != innsigli.MaxWrongTries {
			t.Errorf("%d wrong tries, %d of them forgiven", wrong, forgiven)
		}
	})
}
