package innsigli

import (
	"strings"
	"testing"
	"time"
)

func invited(s Signee) Signee {
	s.InvitedAt = testNow.Add(-time.Hour)
	return s
}

// newcomer is a signee to add, under a key that golden files can hold.
func newcomer() Signee {
	return Signee{Key: "sie5e5", Process: testProcess, Name: "Edda", Email: "edda@example.com", Delivery: DeliverEmail, Type: Simple}
}

func TestGoldenAddAndRemoveSignee(t *testing.T) {
	ordered := func(s ...Signee) Facts {
		f := factsOf(Started, s...)
		f.Process.InOrder = true
		return f
	}
	add := func(f Facts) Change {
		c, err := decideAddSignee(f, newcomer(), testUser)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	remove := func(f Facts, k SigneeKey) Change {
		c, err := decideRemoveSignee(f, RemoveSigneeRequest{Process: testProcess, Signee: k, User: testUser})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	inSequence := sequenceOf(Started)
	for name, c := range map[string]Change{
		"add_signee":              add(factsOf(Started, anna())),
		"add_signee_in_order":     add(ordered(anna())),
		"add_signee_turn":         add(ordered(signed(anna()), bjorn())),
		"remove_signee":           remove(factsOf(Started, invited(anna()), bjorn()), keyAnna),
		"remove_signee_uninvited": remove(factsOf(Created, anna(), bjorn()), keyAnna),
		"remove_signee_in_order":  remove(ordered(invited(anna()), bjorn()), keyAnna),
		"remove_signee_last":      remove(factsOf(Started, signed(anna()), invited(bjorn())), keyBjorn),
		"remove_signee_sequence":  remove(inSequence, inSequence.Process.Signees[0].Key),
	} {
		t.Run(name, func(t *testing.T) {
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestWhoCanBeRemoved(t *testing.T) {
	gone := factsOf(Started, bjorn())
	gone.Process.Removed = []Signee{anna()}
	for name, tc := range map[string]struct {
		f    Facts
		code string
		does bool
	}{
		"one of two":            {factsOf(Started, anna(), bjorn()), "", true},
		"whoever has signed":    {factsOf(Started, signed(anna()), bjorn()), "AlreadySigned", false},
		"the only one":          {factsOf(Started, anna()), "LastSignee", false},
		"nobody of the process": {factsOf(Started, bjorn()), "NotFound", false},
		"removed before":        {gone, "", false},
		"sealing":               {factsOf(Sealing, anna(), bjorn()), "ProcessNotActive", false},
		"completed":             {factsOf(Completed, anna(), bjorn()), "ProcessNotActive", false},
		"canceled":              {factsOf(Canceled, anna(), bjorn()), "ProcessNotActive", false},
		"expired":               {factsOf(Expired, anna(), bjorn()), "ProcessNotActive", false},
		"declined":              {factsOf(Declined, anna(), bjorn()), "ProcessNotActive", false},
	} {
		c, err := decideRemoveSignee(tc.f, RemoveSigneeRequest{Process: testProcess, Signee: keyAnna})
		if refusalCode(err) != tc.code || c.Empty() == tc.does {
			t.Errorf("%s: %v, want %s; empty %v", name, err, tc.code, c.Empty())
		}
	}
}

func TestSigneesCanBeAddedUpToTheLimit(t *testing.T) {
	f := factsOf(Started)
	for range MaxSignees - 1 {
		f.Process.Signees = append(f.Process.Signees, dora())
	}
	if _, err := decideAddSignee(f, newcomer(), testUser); err != nil {
		t.Errorf("the last that fits: %v", err)
	}
	f.Process.Signees = append(f.Process.Signees, dora())
	if _, err := decideAddSignee(f, newcomer(), testUser); refusalCode(err) != "Length" {
		t.Errorf("one more: %v", err)
	}
	for _, st := range []State{Sealing, Completed, Canceled, Expired, Declined} {
		if _, err := decideAddSignee(factsOf(st, anna()), newcomer(), testUser); KindOf(err) != NotActive {
			t.Errorf("%s: %v", st, err)
		}
	}
	q := sequenceOf(Started)
	who := newcomer()
	who.Email = strings.ToUpper(anna().Email)
	c, err := decideAddSignee(q, who, testUser)
	if err != nil || c.Add[0].Person != allOfAnna {
		t.Errorf("a known person: %v, %+v", err, c.Add)
	}
	if c, err = decideAddSignee(q, newcomer(), testUser); err != nil || !c.Add[0].Person.Valid() || c.Add[0].Person == allOfAnna || c.Add[0].Person == allOfBjorn {
		t.Errorf("somebody new: %v, %+v", err, c.Add)
	}
}

func TestAnInvitationThatWasUnderWayIsTakenBack(t *testing.T) {
	f := factsOf(Started, bjorn())
	f.Process.Removed = []Signee{anna()}
	c, err := InvitationSent(Job{Signee: keyAnna, Address: anna().Email}, "Email")(f)
	if err != nil || len(jobsOf(c, JobMailRemoved)) != 1 || len(c.Invited) != 0 {
		t.Errorf("%v:\n%s", err, c)
	}
	f.Process.State = Canceled
	if c, _ = InvitationSent(Job{Signee: keyAnna, Address: anna().Email}, "Email")(f); len(c.Jobs) != 0 {
		t.Errorf("after a cancel:\n%s", c)
	}
}

func TestTheLinkOfARemovedSigneeSaysSo(t *testing.T) {
	f := factsOf(Started, bjorn())
	f.Process.Removed = []Signee{anna()}
	s, _, _ := service(t, holding(&f))
	if _, err := s.Look(t.Context(), testProcess, keyAnna, nil); refusalCode(err) != "SigneeRemoved" || KindOf(err) != Gone {
		t.Errorf("got %v", err)
	}
}
