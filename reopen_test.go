package innsigli

import "testing"

// lockedOut is the signee after as many wrong codes as there may be.
func lockedOut(s Signee) Signee {
	s.WrongTries = MaxWrongTries
	return s
}

func TestGoldenReopen(t *testing.T) {
	inSequence := sequenceOf(Started, func(f *Facts) {
		f.Members[0].Process.Signees[0] = signed(f.Members[0].Process.Signees[0])
		f.Members[1].Process.Signees[0].WrongTries = MaxWrongTries
	})
	for name, tc := range map[string]struct {
		f Facts
		k SigneeKey
	}{
		"reopen":          {factsOf(Started, lockedOut(anna()), bjorn()), keyAnna},
		"reopen_sequence": {inSequence.Of(testAnnex), inSequence.Members[1].Process.Signees[0].Key},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideReopen(tc.f, ReopenRequest{Process: tc.f.Process.Key, Signee: tc.k, User: testUser})
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestWhoIsLetTryAgain(t *testing.T) {
	gone, passed := factsOf(Started, bjorn()), factsOf(Started, bjorn())
	gone.Process.Removed = []Signee{anna()}
	former := anna()
	former.PassedTo = keyBjorn
	passed.Process.Removed = []Signee{former}
	almost, again, forgiven := anna(), anna(), lockedOut(anna())
	almost.WrongTries = MaxWrongTries - 1
	again.WrongTries, again.Forgiven = 2*MaxWrongTries, MaxWrongTries
	forgiven.Forgiven = 1
	for name, tc := range map[string]struct {
		f    Facts
		code string
		does bool
	}{
		"locked out":              {factsOf(Started, lockedOut(anna())), "", true},
		"before the first mail":   {factsOf(Created, lockedOut(anna())), "", true},
		"locked out once more":    {factsOf(Started, again), "", true},
		"one try left":            {factsOf(Started, almost), "", false},
		"tries that do not count": {factsOf(Started, forgiven), "", false},
		"whoever has signed":      {factsOf(Started, signed(lockedOut(anna())), bjorn()), "AlreadySigned", false},
		"nobody of the process":   {factsOf(Started, bjorn()), "NotFound", false},
		"taken off":               {gone, "SigneeRemoved", false},
		"passed on":               {passed, "SigneeReassigned", false},
		"sealing":                 {factsOf(Sealing, lockedOut(anna())), "ProcessNotActive", false},
		"completed":               {factsOf(Completed, lockedOut(anna())), "ProcessNotActive", false},
		"canceled":                {factsOf(Canceled, lockedOut(anna())), "ProcessNotActive", false},
		"expired":                 {factsOf(Expired, lockedOut(anna())), "ProcessNotActive", false},
		"declined":                {factsOf(Declined, lockedOut(anna())), "ProcessNotActive", false},
	} {
		c, err := decideReopen(tc.f, ReopenRequest{Process: testProcess, Signee: keyAnna})
		if refusalCode(err) != tc.code || c.Empty() == tc.does {
			t.Errorf("%s: %v, want %s; empty %v", name, err, tc.code, c.Empty())
		}
	}
}
