package store_test

import (
	"testing"
	"time"

	"github.com/innsigli/innsigli"
)

func TestAddressesThatACompanyWroteToAreCounted(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		count := func(since time.Duration) int {
			all, err := w.Addressed(t.Context(), w.company.Key, w.clock.now().Add(-since))
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, a := range all {
				n += a.N
			}
			return n
		}
		p := w.create(t, 3)
		w.create(t, 2)
		if n := count(time.Hour); n != 5 {
			t.Errorf("%d after two creates, want 5", n)
		}
		w.clock.add(10 * time.Minute)
		who := p.Signees[0]
		moved, named := who, p.Signees[1]
		moved.Email, named.City = "elsewhere@example.com", "Akureyri"
		remind := innsigli.Job{Kind: innsigli.JobMailRemind, Signee: who.Key, Address: who.Email}
		w.change(t, p.Key, innsigli.Change{
			Add:  []innsigli.Signee{{Key: innsigli.NewSigneeKey(), Process: p.Key, Name: "A", Email: "a@example.com"}, {Key: innsigli.NewSigneeKey(), Process: p.Key, Name: "B", Phone: "+3545550001"}},
			Edit: []innsigli.Signee{moved, named},
		})
		w.change(t, p.Key, innsigli.Change{Reminded: []innsigli.SigneeKey{who.Key}, Jobs: []innsigli.Job{remind}})
		if n := count(5 * time.Minute); n != 3 {
			t.Errorf("%d lately, want 3: one who was added, one with another address, one reminder", n)
		}
		// What follows by itself does not count.
		w.change(t, p.Key, innsigli.Change{Jobs: []innsigli.Job{remind, {Kind: innsigli.JobMailCanceled, Address: who.Email}, {Kind: innsigli.JobMailCode, Address: who.Email}}})
		if n := count(time.Hour); n != 8 {
			t.Errorf("%d within the hour, want 8", n)
		}
		if n, err := w.Addressed(t.Context(), innsigli.NewCompanyKey(), start.Add(-time.Hour)); err != nil || len(n) != 0 {
			t.Errorf("another company wrote to %v, %v", n, err)
		}
		w.clock.add(3 * time.Hour)
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(24 * time.Hour); n != 0 {
			t.Errorf("%d are kept for ever", n)
		}
	})
}
