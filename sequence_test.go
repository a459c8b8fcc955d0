package innsigli

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	testSequence SequenceKey       = "pg99999999999999999999999999999999"
	testAnnex    ProcessKey        = "sp22222222222222222222222222222222"
	testKeys     ProcessKey        = "sp33333333333333333333333333333333"
	allOfAnna    SequenceSigneeKey = "gsa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1"
	allOfBjorn   SequenceSigneeKey = "gsb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"
)

// sequenceOf is a sequence of a lease that Anna and Björn sign, an annex that both sign, and a receipt of keys that
// Björn alone signs, in a state; its facts stand before the lease. with changes it.
func sequenceOf(st State, with ...func(*Facts)) Facts {
	f := factsOf(st)
	f.Sequence = Sequence{Key: testSequence, Company: testCompany, User: "starter@acme.example", CreatedAt: f.Process.CreatedAt}
	f.Process.Group = GroupKey(testSequence)
	for _, k := range []ProcessKey{testProcess, testAnnex, testKeys} {
		m := Member{Process: f.Process, Flow: f.Flow}
		m.Process.Key, m.Process.FileName = k, strings.ReplaceAll(string(k[2:4]), "1", "a")+".pdf"
		tail := SigneeKey(k[2:10])
		a, b := anna(), bjorn()
		a.Key, a.Process, a.Person = "sia1a1"+tail, k, allOfAnna
		b.Key, b.Process, b.Person = "sib2b2"+tail, k, allOfBjorn
		if m.Process.Signees = []Signee{a, b}; k == testKeys {
			m.Process.Signees = []Signee{b}
		}
		f.Members = append(f.Members, m)
	}
	for _, w := range with {
		w(&f)
	}
	return f.Of(testProcess)
}

// signedIn signs what a person has to sign in the process.
func signedIn(k ProcessKey, who SequenceSigneeKey) func(*Facts) {
	return func(f *Facts) {
		for i := range f.Members {
			for n, s := range f.Members[i].Process.Signees {
				if s.Process == k && s.Person == who {
					f.Members[i].Process.Signees[n] = signed(s)
				}
			}
		}
	}
}

func allInOrder(f *Facts) { f.Sequence.InOrder = true }

func hooksIn(types ...EventType) func(*Facts) {
	return func(f *Facts) {
		for i := range f.Members {
			f.Members[i].Webhooks = withHooks(Facts{}, types...).Webhooks
		}
	}
}

// codeFor gives the facts an open challenge for one signee, or with a person for all of theirs.
func codeFor(f Facts, k SigneeKey, who SequenceSigneeKey) Facts {
	s, _ := f.Signee(k)
	f = f.Of(s.Process)
	f.Challenge = openChallenge(k)
	f.Challenge.Process, f.Challenge.Person = s.Process, who
	return f
}

func TestGoldenSequence(t *testing.T) {
	first := sequenceOf(Started).Process.Signees[0].Key
	signs := func(f Facts) Change {
		t.Helper()
		var c Change
		var err error
		if f.Challenge.Person != "" {
			c, err = decideSignAll(f, testToken, Act{})
		} else {
			c, err = decideSign(f, testToken, Act{})
		}
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	annaDone := []func(*Facts){signedIn(testProcess, allOfAnna), signedIn(testAnnex, allOfAnna)}
	sealing := func(f Facts) Change {
		c, err := decideCompleted(f, Document{Blob: "sealed", Size: 9}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, c := range map[string]Change{
		"sequence_create":                decideCreated(sequenceOf(Created, hooksIn(EventAny)), testUser),
		"sequence_create_in_order":       decideCreated(sequenceOf(Created, allInOrder), testUser),
		"sequence_cancel":                ending(sequenceOf(Started, append(annaDone, signedIn(testAnnex, allOfBjorn), hooksIn(EventCanceled))...), Canceled, testUser),
		"sequence_expire":                ending(sequenceOf(Created), Expired, ""),
		"sequence_sign_one":              signs(codeFor(sequenceOf(Started, hooksIn(EventSignedDocument)), first, "")),
		"sequence_sign_all_next":         signs(codeFor(sequenceOf(Started, allInOrder, hooksIn(EventSignedDocument)), first, allOfAnna)),
		"sequence_sign_all_last":         signs(codeFor(sequenceOf(Started, annaDone...), "sib2b2"+"11111111", allOfBjorn)),
		"sequence_complete_one_of_three": sealing(sequenceOf(Sealing)),
		"sequence_complete_last": sealing(sequenceOf(Sealing, func(f *Facts) {
			f.Members[1].Process.State, f.Members[2].Process.State = Completed, Completed
		}, hooksIn(EventAllSigned))),
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, c) })
	}
}

func TestAPersonIsTheSameBySsnElseMailElsePhone(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b Signee
		want bool
	}{
		"same ssn, other mail":              {Signee{Ssn: "0101701239", Email: "a@x.is"}, Signee{Ssn: "010170-1239", Email: "b@x.is"}, true},
		"other ssn, same mail":              {Signee{Ssn: "0101701239", Email: "a@x.is"}, Signee{Ssn: "0202702239", Email: "a@x.is"}, false},
		"one without ssn, same mail":        {Signee{Ssn: "0101701239", Email: "a@x.is"}, Signee{Email: "A@x.is"}, true},
		"other mail, same phone":            {Signee{Email: "a@x.is", Phone: "+3541"}, Signee{Email: "b@x.is", Phone: "+3541"}, false},
		"mail on one side only, same phone": {Signee{Email: "a@x.is", Phone: "+3541"}, Signee{Phone: "+3541"}, true},
		"nothing in common":                 {Signee{Email: "a@x.is"}, Signee{Phone: "+3541"}, false},
	} {
		all := []Process{{Signees: []Signee{tc.a}}, {Signees: []Signee{tc.b}}}
		nameTogether(all)
		a, b := all[0].Signees[0].Person, all[1].Signees[0].Person
		if !a.Valid() || !b.Valid() || (a == b) != tc.want {
			t.Errorf("%s: %s and %s, want same: %v", name, a, b, tc.want)
		}
	}
}

func TestNobodySignsOutOfTurn(t *testing.T) {
	alone := factsOf(Started, anna(), bjorn(), cilia())
	alone.Process.InOrder = true
	half := alone
	half.Process.Signees = []Signee{signed(anna()), bjorn(), cilia()}
	whole := sequenceOf(Started, allInOrder)
	annaHalf := sequenceOf(Started, allInOrder, signedIn(testProcess, allOfAnna))
	annaDone := sequenceOf(Started, allInOrder, signedIn(testProcess, allOfAnna), signedIn(testAnnex, allOfAnna))
	inLease := sequenceOf(Started, func(f *Facts) { f.Members[0].Process.InOrder = true })
	for name, tc := range map[string]struct {
		f    Facts
		who  SigneeKey
		want bool
	}{
		"first of three":                       {alone, keyAnna, true},
		"second of three":                      {alone, keyBjorn, false},
		"second after the first":               {half, keyBjorn, true},
		"third after the first":                {half, keyCilia, false},
		"without an order":                     {factsOf(Started, anna(), bjorn()), keyBjorn, true},
		"first person of a sequence, annex":    {whole, "sia1a122222222", true},
		"second person of a sequence":          {whole, "sib2b211111111", false},
		"second person, own document":          {whole, "sib2b233333333", false},
		"second person, first signed the one":  {annaHalf, "sib2b211111111", false},
		"second person, first signed all":      {annaDone, "sib2b233333333", true},
		"order of one document in a sequence":  {inLease, "sib2b211111111", false},
		"its other documents are without":      {inLease, "sib2b222222222", true},
		"nobody who is in the process at all":  {alone, keyDora, false},
		"the first has signed: still the turn": {half, keyAnna, true},
	} {
		if got := tc.f.Turn(tc.who); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
		s, ok := tc.f.Signee(tc.who)
		if !ok || s.Signed() {
			continue
		}
		f := codeFor(tc.f, tc.who, "")
		_, byCode := decideCode(f, CodeRequest{Process: s.Process, Signee: tc.who}, testToken)
		_, bySign := decideSign(f, testToken, Act{})
		for verb, err := range map[string]error{"code": byCode, "sign": bySign} {
			if refused := err != nil && strings.Contains(err.Error(), "turn"); refused == tc.want {
				t.Errorf("%s: %s answers %v", name, verb, err)
			}
		}
	}
	for verb, err := range map[string]error{
		"code": second(decideSequenceCode(whole, SequenceCodeRequest{Signee: allOfBjorn}, testToken)),
		"sign": second(decideSignAll(codeFor(whole, "sib2b211111111", allOfBjorn), testToken, Act{})),
	} {
		if err == nil || !strings.Contains(err.Error(), "turn") {
			t.Errorf("all at once out of turn: %s answers %v", verb, err)
		}
	}
}

func TestNextIsInvitedInTheCommitOfTheSignatureBefore(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna(), bjorn(), cilia())
	f.Process.InOrder = true
	c, err := decideSign(f, testToken, Act{})
	if err != nil {
		t.Fatal(err)
	}
	if j := jobsOf(c, JobMailInvite); len(j) != 1 || j[0].Signee != keyBjorn {
		t.Errorf("invites %+v", j)
	}
	created := decideCreated(f, testUser)
	if j := jobsOf(created, JobMailInvite); len(j) != 1 || j[0].Signee != keyAnna {
		t.Errorf("creation invites %+v", j)
	}
}

func TestSignAllSignsOnlyWhatMayBeSigned(t *testing.T) {
	f := sequenceOf(Started, func(f *Facts) { f.Members[0].Process.InOrder = true })
	c, err := decideSignAll(codeFor(f, "sib2b211111111", allOfBjorn), testToken, Act{})
	if err != nil {
		t.Fatal(err)
	}
	var got []SigneeKey
	for _, s := range c.signatures() {
		got = append(got, s.Signee)
	}
	if want := []SigneeKey{"sib2b222222222", "sib2b233333333"}; !slices.Equal(got, want) {
		t.Errorf("signed %v, want %v", got, want)
	}
}

func TestOnlyTheStarterCancelsBySequenceKey(t *testing.T) {
	f := sequenceOf(Started)
	s, _, _ := service(t, &fakeStore{decide: func(_ context.Context, t Target, d Decision) (Facts, Change, error) {
		if t.Sequence != testSequence || t.Company != testCompany {
			return Facts{}, Change{}, errNoProcess
		}
		c, err := d(f)
		return f, c, err
	}})
	for user, want := range map[string]Kind{"": Invalid, "nobody": Invalid, "other@acme.example": Forbidden} {
		_, err := s.CancelSequence(t.Context(), testCaller(), CancelSequenceRequest{Sequence: testSequence, User: user})
		if KindOf(err) != want {
			t.Errorf("%q: %v", user, err)
		}
	}
	if _, err := s.CancelSequence(t.Context(), testCaller(), CancelSequenceRequest{User: testUser}); KindOf(err) != Invalid {
		t.Errorf("without a key: %v", err)
	}
	c, err := decideCancelSequence(f, "Starter@acme.example")
	if err != nil || c.State != Canceled || len(c.Members) != 2 {
		t.Errorf("starter: %v\n%s", err, c)
	}
	for _, m := range c.Members {
		if m.State != Canceled || m.Key != KeyDestroyed {
			t.Errorf("member: %s", m.Change)
		}
	}
}

func TestASequenceExpiresAsOne(t *testing.T) {
	f := sequenceOf(Started, signedIn(testKeys, allOfBjorn), func(f *Facts) {
		for i := range f.Members {
			f.Members[i].Process.ExpiresAt = testNow.Add(-time.Second)
		}
	})
	c, err := decideExpire(f.Of(testAnnex))
	if err != nil || c.State != Expired || len(c.Members) != 2 {
		t.Fatalf("%v\n%s", err, c)
	}
	held := 0
	for _, m := range append([]MemberChange{{testAnnex, c}}, c.Members...) {
		if m.State != Expired {
			t.Errorf("%s: %s", m.Process, m.Change)
		}
		if m.Key == KeyHeld {
			held++
		}
	}
	if held != 1 {
		t.Errorf("%d copies are held, want that of the document that somebody signed", held)
	}
}

func TestWrongTriesCountForThePersonAtAllDocuments(t *testing.T) {
	f := sequenceOf(Started, func(f *Facts) {
		for i := range f.Members[:2] {
			f.Members[i].Process.Signees[0].WrongTries = MaxWrongTries / 2
		}
	})
	for who, k := range map[string]SigneeKey{"Anna": f.Process.Signees[0].Key, "Björn": f.Process.Signees[1].Key} {
		_, err := decideCode(f, CodeRequest{Signee: k}, testToken)
		if locked := refusalCode(err) == "OtpLocked"; locked != (who == "Anna") {
			t.Errorf("%s, one document: %v", who, err)
		}
	}
	if _, err := decideSequenceCode(f, SequenceCodeRequest{Signee: allOfAnna}, testToken); refusalCode(err) != "OtpLocked" {
		t.Errorf("all documents: %v", err)
	}
}
