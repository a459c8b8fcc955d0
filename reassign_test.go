package innsigli

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// passing is a request to pass Anna's signature on to Edda.
func passing(alter ...func(*ReassignRequest)) ReassignRequest {
	r := ReassignRequest{
		Process: testProcess, Signee: keyAnna, Name: "Edda", Email: "edda@example.com", Phone: "+3545550005", From: Client{Address: "192.0.2.1"},
	}
	for _, a := range alter {
		a(&r)
	}
	return r
}

// allowing lets everybody pass signing on.
func allowing(f Facts) Facts {
	return f.mapped(func(p Process) Process {
		p.AllowReassign = true
		return p
	})
}

// numbered gives keys that golden files can hold.
func numbered() func(Signee) Signee {
	n := 0
	return func(s Signee) Signee {
		n++
		if s.Key = SigneeKey(fmt.Sprintf("sie5e5e5e5%02d", n)); s.Person != "" {
			s.Person = "gse5e5"
		}
		return s
	}
}

func (s *Service) pass(t *testing.T, f Facts, c *Caller, r ReassignRequest) Change {
	t.Helper()
	got, err := s.decideReassign(f, c, r, numbered())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestGoldenReassign(t *testing.T) {
	s, _, _ := service(t, &fakeStore{})
	caller := testCaller()
	ordered := allowing(factsOf(Started, invited(anna()), bjorn()))
	ordered.Process.InOrder = true
	drawn := anna()
	drawn.Drawing = Document{Blob: "b7", Size: 9}
	unasked := anna()
	unasked.Delivery = DeliverNone
	inSequence := allowing(sequenceOf(Started))
	ofSequence := passing(func(r *ReassignRequest) { r.Signee = inSequence.Process.Signees[0].Key })
	later := passing(func(r *ReassignRequest) { r.Signee, r.User = keyBjorn, testUser })
	for name, c := range map[string]Change{
		"reassign":             s.pass(t, allowing(factsOf(Started, invited(anna()), bjorn())), nil, passing()),
		"reassign_drawn":       s.pass(t, allowing(factsOf(Started, drawn)), nil, passing()),
		"reassign_undelivered": s.pass(t, allowing(factsOf(Started, unasked)), nil, passing()),
		"reassign_company":     s.pass(t, factsOf(Started, invited(anna()), bjorn()), &caller, passing()),
		"reassign_in_order":    s.pass(t, ordered, &caller, later),
		"reassign_sequence":    s.pass(t, inSequence, nil, ofSequence),
	} {
		t.Run(name, func(t *testing.T) {
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestWhoCanPassSigningOn(t *testing.T) {
	s, _, _ := service(t, &fakeStore{})
	caller := testCaller()
	open := func(st State, all ...Signee) Facts { return allowing(factsOf(st, all...)) }
	waiting := open(Started, bjorn(), anna())
	waiting.Process.InOrder = true
	removed, passed := open(Started, bjorn()), open(Started, bjorn())
	removed.Process.Removed = []Signee{anna()}
	gone, edda := anna(), newcomer()
	gone.PassedTo, edda.Key = "sie5e5", "sie5e5"
	passed.Process.Signees = append(passed.Process.Signees, edda)
	passed.Process.Removed = []Signee{gone}
	often := anna()
	often.Passes = MaxReassigns
	half := allowing(sequenceOf(Started))
	half.Members[1].Process.Signees[0].SignedAt = testNow
	mixed := allowing(sequenceOf(Started))
	mixed.Members[1].Process.AllowReassign = false
	ofHalf := func(r *ReassignRequest) { r.Signee = half.Process.Signees[0].Key }
	same := func(email, phone, ssn string) func(*ReassignRequest) {
		return func(r *ReassignRequest) { r.Email, r.Phone, r.Ssn = email, phone, ssn }
	}
	for name, tc := range map[string]struct {
		f    Facts
		as   *Caller
		with func(*ReassignRequest)
		code string
		bad  string
		does bool
	}{
		"who may":                     {f: open(Started, anna(), bjorn()), does: true},
		"before the first invitation": {f: open(Created, anna()), does: true},
		"not allowed":                 {f: factsOf(Started, anna()), code: "ReassignNotAllowed"},
		"the company always":          {f: factsOf(Started, anna()), as: &caller, does: true},
		"not their turn":              {f: waiting, code: "NotYourTurn"},
		"the company, out of turn":    {f: waiting, as: &caller, does: true},
		"has signed":                  {f: open(Started, signed(anna()), bjorn()), code: "AlreadySigned"},
		"nobody of the process":       {f: open(Started, bjorn()), code: "NotFound"},
		"removed":                     {f: removed, code: "SigneeRemoved"},
		"asked again":                 {f: passed},
		"passed to another":           {f: passed, with: same("other@example.com", "+3545550009", ""), code: "SigneeReassigned"},
		"too often":                   {f: open(Started, often), code: "ReassignLimit"},
		"signed one of the sequence":  {f: half, with: ofHalf, code: "AlreadySigned"},
		"one document forbids it":     {f: mixed, with: ofHalf, code: "ReassignNotAllowed"},
		"sealing":                     {f: open(Sealing, anna()), code: "ProcessNotActive"},
		"completed":                   {f: open(Completed, anna()), code: "ProcessNotActive"},
		"canceled":                    {f: open(Canceled, anna()), code: "ProcessNotActive"},
		"expired":                     {f: open(Expired, anna()), code: "ProcessNotActive"},
		"declined":                    {f: open(Declined, anna()), code: "ProcessNotActive"},
		"to nobody":                   {f: open(Started, anna()), with: func(r *ReassignRequest) { r.Name = " " }, code: "NotEmpty", bad: "name"},
		"without an address":          {f: open(Started, anna()), with: same("", "+3545550009", ""), code: "NotEmpty", bad: "email"},
		"to no address":               {f: open(Started, anna()), with: same("nobody", "+3545550009", ""), code: "Email", bad: "email"},
		"without the number of codes": {f: open(Started, anna()), with: same("e@example.com", "", ""), code: "NotEmpty", bad: "phoneNumber"},
		"codes by mail before":        {f: open(Started, bjorn()), with: func(r *ReassignRequest) { r.Signee, r.Phone = keyBjorn, "" }, does: true},
		"to oneself":                  {f: open(Started, anna()), with: same("ANNA@example.com", "+3545550009", ""), code: "SamePerson", bad: "email"},
		"to oneself elsewhere":        {f: open(Started, anna()), with: same("a@example.com", "+3545550009", "010170-1239"), code: "SamePerson", bad: "email"},
		"to another signee":           {f: open(Started, anna(), bjorn()), with: same("Bjorn@example.com", "+3545550009", ""), code: "AlreadySignee", bad: "email"},
		"a mailbox, other persons":    {f: open(Started, anna()), with: same("anna@example.com", "+3545550009", "020270-1239"), does: true},
	} {
		r := passing()
		if tc.with != nil {
			tc.with(&r)
		}
		c, err := s.decideReassign(tc.f, tc.as, r, numbered())
		if refusalCode(err) != tc.code || c.Empty() == tc.does {
			t.Errorf("%s: %v, want %q; empty %v", name, err, tc.code, c.Empty())
		}
		if bad := FieldsOf(err); tc.bad != "" && (len(bad) != 1 || bad[0].Field != tc.bad) {
			t.Errorf("%s: fields %v, want %s", name, bad, tc.bad)
		}
		if may := tc.f.MayReassign(find(tc.f, r.Signee)); tc.as == nil && tc.bad == "" && tc.code != "NotFound" && may != tc.does {
			t.Errorf("%s: the page offers it: %v", name, may)
		}
	}
}

func find(f Facts, k SigneeKey) Signee {
	s, ok := f.Signee(k)
	if !ok {
		s.SignedAt = testNow // there is nobody who could
	}
	return s
}

// reassigns counts how often a signature was passed on.
func reassigns(t *testing.T) {
	t.Helper()
	s, _, _ := service(t, &fakeStore{})
	for n, code := range map[int]string{MaxReassigns - 1: "", MaxReassigns: "ReassignLimit"} {
		you := anna()
		you.Passes = n
		if _, err := s.decideReassign(allowing(factsOf(Started, you)), nil, passing(), numbered()); refusalCode(err) != code {
			t.Errorf("after %d times: %v", n, err)
		}
	}
}

func TestThePlaceInTheOrderStays(t *testing.T) {
	s, _, _ := service(t, &fakeStore{})
	f := allowing(sequenceOf(Started))
	f.Sequence.InOrder = true
	c := s.pass(t, f, nil, passing(func(r *ReassignRequest) { r.Signee = f.Process.Signees[0].Key }))
	after := f
	for _, m := range append([]MemberChange{{f.Process.Key, c}}, c.Members...) {
		for _, r := range m.Reassign {
			was, _ := f.Signee(r.From)
			after = after.replacing(was, r.To)
		}
	}
	people := after.Persons()
	if len(people) != 2 || people[0].Key != "gse5e5" || len(people[0].Signees) != 2 || people[1].Key != allOfBjorn {
		t.Fatalf("people: %+v", people)
	}
	if !after.Turn(people[0].First().Key) || after.Turn(people[1].First().Key) {
		t.Error("the order is another one")
	}
	if by, at := after.PassedBy(people[0].First().Key); by != anna().Name || !at.Equal(testNow) {
		t.Errorf("passed by %q at %s", by, at)
	}
	if err := after.errOfPerson(allOfAnna); err != errReassigned {
		t.Errorf("the former link says %v", err)
	}
}

func TestWhatWasSentToTheFormerPersonOpensNothing(t *testing.T) {
	f := allowing(factsOf(Started, anna(), bjorn()))
	f.Process.RequiresAuth = true
	s, _, _ := service(t, holding(&f))
	was := s.access(anna().about(), testNow.Add(time.Hour))
	ctx := WithAccess(t.Context(), was.Token)
	to, err := s.Reassign(ctx, nil, passing())
	if err != nil || to.Key == keyAnna || to.Passes != 1 || to.Delivery != DeliverEmail || to.Language != LangIs {
		t.Fatalf("%v: %+v", err, to)
	}
	f = f.replacing(anna(), to)
	if _, err := s.Look(ctx, testProcess, keyAnna, nil); refusalCode(err) != "SigneeReassigned" || KindOf(err) != Gone {
		t.Errorf("the former link: %v", err)
	}
	if v, err := s.Look(ctx, testProcess, to.Key, nil); err != nil || !v.Locked() {
		t.Errorf("the former token opens the new link: %v", err)
	}
	if _, err := decideSign(f, "t", Act{}); refusalCode(err) != "1122" {
		t.Errorf("the former code: %v", err)
	}
	if err := s.RemoveSignee(t.Context(), testCaller(), RemoveSigneeRequest{Process: testProcess, Signee: keyAnna}); refusalCode(err) != "SigneeReassigned" {
		t.Errorf("the former signee is removed: %v", err)
	}
	if _, err := s.Reassign(t.Context(), nil, passing(func(r *ReassignRequest) { r.Signee = to.Key })); KindOf(err) != Unadmitted {
		t.Errorf("without proof: %v", err)
	}
}

func TestTheEvidenceSaysWhoPassedSigningOn(t *testing.T) {
	first, second, third := anna(), newcomer(), bjorn()
	first.PassedTo, second.PassedTo = second.Key, third.Key
	first.RemovedAt, second.RemovedAt = testNow.Add(-2*time.Hour), testNow.Add(-time.Hour)
	f := factsOf(Sealing, signed(third), signed(dora()))
	f.Process.Removed = []Signee{second, first}
	lines := []LogEntry{
		{Kind: LogReassigned, Signee: first.Key, At: first.RemovedAt, Actor: "anna@example.com", Client: Client{Address: "192.0.2.7", Agent: "x"}},
		{Kind: LogReassigned, Signee: second.Key, At: second.RemovedAt, Actor: testKeyName},
	}
	e := evidenceOf(f, outcomeCompleted, testNow, lines)
	got := e.Signees[0].Passed
	if len(got) != 2 || got[0].Name != first.Name || got[0].Address != "192.0.2.7" || got[0].By != "anna@example.com" || got[1].Name != second.Name || got[1].By != testKeyName {
		t.Errorf("passed on: %+v", got)
	}
	if len(e.Signees[1].Passed) != 0 {
		t.Errorf("of another: %+v", e.Signees[1].Passed)
	}
	for _, ev := range e.Events {
		if strings.Contains(ev.Detail+ev.Signee, string(third.Key)) {
			t.Error("a link stands in the evidence")
		}
	}
}
