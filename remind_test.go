package innsigli

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func reminds(every int) func(*Facts) {
	return func(f *Facts) {
		f.Process.Reminders = ReminderRule{1, every}
		for i := range f.Members {
			f.Members[i].Process.Reminders = f.Process.Reminders
		}
	}
}

// invitedAt is the facts after everyone was invited at a time.
func invitedAt(f Facts, at time.Time) Facts {
	return f.mapped(func(p Process) Process {
		all := make([]Signee, len(p.Signees))
		for i, s := range p.Signees {
			s.InvitedAt, s.RemindFrom = at, at
			all[i] = s
		}
		p.Signees = all
		return p
	})
}

func TestReminderRulesAreTwoNumbersOfDays(t *testing.T) {
	for text, want := range map[string]ReminderRule{
		"": {}, "0:0": {}, "1:3": {1, 3}, "5:0": {5, 0}, "0:10": {0, 10}, "30:15": {30, 15}, "05:1": {5, 1},
	} {
		if got, ok := parseReminderRule(text); !ok || got != want {
			t.Errorf("%q: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"1", ":", "1:", ":1", "31:0", "0:16", "-1:0", "+1:0", "1:2:3", " 1:2", "1.5:1", "one:two", "٣:1", "100:1"} {
		if got, ok := parseReminderRule(text); ok {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	for r, want := range map[ReminderRule]string{{}: "", {1, 3}: "1:3", {0, 10}: "0:10"} {
		if r.String() != want {
			t.Errorf("%v is written %q", r, r.String())
		}
	}
}

func TestRemindersKeepTheCompanysHour(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		name           string
		rule           ReminderRule
		zone           string
		hour           int
		invited, after string
		want           string // in UTC
	}{
		{"the first", ReminderRule{1, 3}, "", 9, "2026-11-23 08:50", "2026-11-23 08:50", "2026-11-24 09:00"},
		{"those that follow", ReminderRule{1, 3}, "", 9, "2026-11-23 08:50", "2026-11-24 09:00", "2026-11-27 09:00"},
		{"only recurring", ReminderRule{0, 10}, "", 9, "2026-11-23 08:50", "2026-11-23 08:50", "2026-12-03 09:00"},
		{"one only", ReminderRule{5, 0}, "", 9, "2026-11-23 08:50", "2026-11-28 09:00", ""},
		{"none", ReminderRule{}, "", 9, "2026-11-23 08:50", "2026-11-23 08:50", ""},
		{"missed ones are passed over", ReminderRule{1, 3}, "", 9, "2026-11-23 08:50", "2026-12-09 12:00", "2026-12-12 09:00"},
		{"long afterwards", ReminderRule{1, 1}, "", 9, "2026-01-01 08:50", "2028-01-01 09:00", "2028-01-02 09:00"},
		{"late at night there it is the next day", ReminderRule{1, 0}, "Asia/Tokyo", 9, "2026-11-23 16:00", "2026-11-23 16:00", "2026-11-25 00:00"},
		{"before midnight it is still the day before", ReminderRule{1, 0}, "America/New_York", 9, "2026-11-24 03:00", "2026-11-24 03:00", "2026-11-24 14:00"},
		{"summer time begins", ReminderRule{1, 1}, "Europe/Berlin", 9, "2026-03-27 12:00", "2026-03-28 08:00", "2026-03-29 07:00"},
		{"summer time ends", ReminderRule{1, 1}, "Europe/Berlin", 9, "2026-10-23 12:00", "2026-10-24 07:00", "2026-10-25 08:00"},
		{"an hour that there is not", ReminderRule{1, 0}, "Europe/Berlin", 2, "2026-03-28 12:00", "2026-03-28 12:00", "2026-03-29 01:00"},
		{"an hour that there is twice", ReminderRule{1, 0}, "Europe/Berlin", 2, "2026-10-24 12:00", "2026-10-24 12:00", "2026-10-25 01:00"},
		{"midnight", ReminderRule{1, 0}, "Atlantic/Reykjavik", 0, "2026-11-23 23:59", "2026-11-23 23:59", "2026-11-24 00:00"},
	} {
		got := c.rule.next(at(c.invited), at(c.after), c.hour, Company{TimeZone: c.zone}.Zone())
		if want := c.want; got.IsZero() != (want == "") || want != "" && !got.Equal(at(want)) {
			t.Errorf("%s: %s, want %s", c.name, got, want)
		}
	}
}

// TestAReminderIsNeverTwiceAtOneTimeNorLeftOut walks over the days of many rules and zones one reminder after another.
func TestAReminderIsNeverTwiceAtOneTimeNorLeftOut(t *testing.T) {
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"} {
		z := Company{TimeZone: zone}.Zone()
		for hour := range 24 {
			for every := 1; every <= MaxReminderEvery; every += 7 {
				invited := time.Date(2026, 1, 1, 0, 30, 0, 0, z)
				last := invited
				for n := 1; n*every < 400; n++ {
					next := ReminderRule{1, every}.next(invited, last, hour, z)
					y, m, d := invited.Date()
					if want := time.Date(y, m, d+1+(n-1)*every, hour, 0, 0, 0, z); !next.Equal(want) {
						t.Fatalf("%s at %d every %d: the %dth is %s, want %s", zone, hour, every, n, next, want)
					}
					last = next
				}
			}
		}
	}
}

func TestGoldenReminders(t *testing.T) {
	week := testNow.Add(-7 * 24 * time.Hour)
	with := func(f Facts, by ...func(*Facts)) Facts {
		for _, b := range by {
			b(&f)
		}
		return f
	}
	ofJob := func(f Facts, due time.Time) func() (Change, error) {
		j := Job{Kind: JobRemind, Signee: f.Process.Signees[0].Key, Ref: countedFrom(week), Due: due}
		return func() (Change, error) { return decideReminderDue(f, j), nil }
	}
	later := func(f Facts, by time.Duration) Facts { f.Now = f.Now.Add(by); return f }
	mail := DeliverEmail
	two := invitedAt(with(factsOf(Started, anna(), bjorn()), reminds(3)), week)
	two.Company.ReminderHour = 9
	sequence := invitedAt(sequenceOf(Started, reminds(1)), week)
	off := invitedAt(two, week)
	off.Process.Signees[0].RemindersOff = testNow
	for name, run := range map[string]func() (Change, error){
		"reminder_due":          ofJob(later(two, 2*time.Hour), testNow.Add(time.Hour)),
		"reminder_due_late":     ofJob(two, testNow.Add(-3*24*time.Hour+time.Hour)),
		"reminder_due_later":    ofJob(two, testNow),
		"reminder_due_sequence": ofJob(sequence, testNow),
		"reminder_due_off":      ofJob(off, testNow),
		"reminder_invited": func() (Change, error) {
			return InvitationSent(Job{Signee: keyAnna, Address: anna().Email}, "Email")(two)
		},
		"reminder_sent": func() (Change, error) {
			return ReminderSent(Job{Signee: keyAnna, Address: anna().Email}, "Email")(withHooks(two, EventReminder, EventAny))
		},
		"reminder_sent_sequence": func() (Change, error) {
			return ReminderSent(Job{Signee: sequence.Process.Signees[0].Key, Address: anna().Email}, "Email")(sequence)
		},
		"remind": func() (Change, error) {
			return decideRemind(two, RemindRequest{Signee: keyAnna, User: testUser, Delivery: &mail, Unsubscribe: true})
		},
		"reminder_unsubscribed": func() (Change, error) {
			return remindersOff(sequence, sequence.same(sequence.Process.Signees[0]), anna().Email, Client{Address: "192.0.2.1"}), nil
		},
		"reminder_due_taken_off": func() (Change, error) {
			gone := sequence.Process.Signees[0]
			return decideReminderDue(sequence.without(gone), Job{Kind: JobRemind, Signee: gone.Key, Ref: countedFrom(week), Due: testNow}), nil
		},
		"reminders_stopped": func() (Change, error) { return decideStopReminders(sequence, StopRemindersRequest{User: testUser}) },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := run()
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestNobodyIsRemindedWhoNeedNotBe(t *testing.T) {
	week := testNow.Add(-7 * 24 * time.Hour)
	for _, st := range everyState() {
		f := factsOf(st, anna(), bjorn())
		reminds(1)(&f)
		f = invitedAt(f, week)
		c := decideReminderDue(f, Job{Signee: keyAnna, Ref: countedFrom(week), Due: testNow.Add(-time.Hour)})
		if c.Empty() == st.Active() {
			t.Errorf("%s:\n%s", st, c)
		}
		sms := DeliverSms
		_, err := decideRemind(f, RemindRequest{Signee: keyAnna, Delivery: &sms})
		if want := map[bool]Kind{true: 0, false: NotActive}[st.Active()]; KindOf(err) != want {
			t.Errorf("%s: %v", st, err)
		}
	}
	f := factsOf(Started, anna(), bjorn())
	reminds(1)(&f)
	f = invitedAt(f, week)
	job := Job{Signee: keyAnna, Ref: countedFrom(week), Due: testNow.Add(-time.Hour)}
	for name, change := range map[string]func(f *Facts, j *Job){
		"signed":                 func(f *Facts, _ *Job) { f.Process.Signees[0] = signed(f.Process.Signees[0]) },
		"a newer invitation":     func(f *Facts, _ *Job) { f.Process.Signees[0].RemindFrom = testNow },
		"an address without one": func(f *Facts, _ *Job) { f.Process.Signees[0].RemindFrom = time.Time{} },
		"taken off":              func(f *Facts, _ *Job) { f.Process.Signees = f.Process.Signees[1:] },
		"turned off":             func(f *Facts, _ *Job) { f.Process.Signees[0].RemindersOff = testNow },
		"at the end of its time": func(f *Facts, _ *Job) { f.Process.ExpiresAt = testNow },
		"no rule any more":       func(f *Facts, _ *Job) { f.Process.Reminders = ReminderRule{} },
		"others sign first": func(f *Facts, _ *Job) {
			f.Process.InOrder = true
			f.Process.Signees[0], f.Process.Signees[1] = f.Process.Signees[1], f.Process.Signees[0]
		},
		"another invitation's job": func(_ *Facts, j *Job) { j.Ref = "1" },
	} {
		g, j := invitedAt(f, week), job
		change(&g, &j)
		if c := decideReminderDue(g, j); !c.Empty() {
			t.Errorf("%s:\n%s", name, c)
		}
	}
	// The next one would come after the end.
	f.Process.ExpiresAt = testNow.Add(time.Hour)
	c := decideReminderDue(f, job)
	if len(c.Jobs) != 1 || c.Jobs[0].Kind != JobMailRemind {
		t.Errorf("the last reminder:\n%s", c)
	}
}

func TestRemindRefusals(t *testing.T) {
	none, mail, sms := DeliverNone, DeliverEmail, DeliverSms
	inOrder := factsOf(Started, anna(), bjorn())
	inOrder.Process.InOrder = true
	silent := anna()
	silent.Delivery = DeliverNone
	for name, c := range map[string]struct {
		f    Facts
		who  SigneeKey
		by   Delivery
		code string
	}{
		"signed":           {factsOf(Started, signed(anna()), bjorn()), keyAnna, mail, "AlreadySigned"},
		"not in turn":      {inOrder, keyBjorn, mail, "NotYourTurn"},
		"unknown":          {factsOf(Started, anna()), "si00", mail, "NotFound"},
		"no phone":         {factsOf(Started, bjorn()), keyBjorn, sms, "NotReachable"},
		"no mail":          {factsOf(Started, cilia()), keyCilia, mail, "NotReachable"},
		"none, uninvited":  {factsOf(Started, silent), keyAnna, none, "NotInvited"},
		"none, as invited": {factsOf(Started, anna()), keyAnna, none, ""},
		"mail, uninvited":  {factsOf(Started, silent), keyAnna, mail, ""},
	} {
		_, err := decideRemind(c.f, RemindRequest{Signee: c.who, Delivery: &c.by})
		code := ""
		if e, ok := errors.AsType[*Error](err); ok {
			code = e.Code
		}
		if code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _, _ := service(t, &fakeStore{})
	for field, r := range map[string]RemindRequest{
		"CommunicationDeliveryType": {Process: testProcess, Signee: keyAnna},
		"User":                      {Process: testProcess, Signee: keyAnna, Delivery: &mail, User: "boss"},
	} {
		wantInvalid(t, s.Remind(t.Context(), testCaller(), r), field)
	}
	s.Ways.NoSms = true
	wantInvalid(t, s.Remind(t.Context(), testCaller(), RemindRequest{Process: testProcess, Signee: keyAnna, Delivery: &sms}), "CommunicationDeliveryType")
}

// remindersAnHour counts what a person of a sequence got at all documents together.
func remindersAnHour(t *testing.T) {
	t.Helper()
	mail := DeliverEmail
	f := sequenceOf(Started)
	who := f.Process.Signees[0]
	for n, want := range map[int]Kind{MaxRemindersAnHour - 1: 0, MaxRemindersAnHour: TooMany} {
		g := f.mapped(func(p Process) Process {
			all := make([]Signee, len(p.Signees))
			for i, s := range p.Signees {
				if s.Person == who.Person && s.Key == f.Persons()[0].Signees[len(f.Persons()[0].Signees)-1].Key {
					s.RemindersInHour = n
				}
				all[i] = s
			}
			p.Signees = all
			return p
		})
		if _, err := decideRemind(g, RemindRequest{Signee: who.Key, Delivery: &mail}); KindOf(err) != want {
			t.Errorf("after %d: %v", n, err)
		}
	}
}

func TestALinkThatStopsRemindersOpensNothingElse(t *testing.T) {
	f := factsOf(Started, anna(), bjorn())
	s, _, _ := service(t, holding(&f))
	s.Unsubscriber = UnsubscribeKey("0123456789abcdef")
	tag := s.Unsubscriber.Tag(testProcess, keyAnna)
	if len(tag) != 32 || tag == s.Unsubscriber.Tag(testProcess, keyBjorn) || tag == UnsubscribeKey("other").Tag(testProcess, keyAnna) {
		t.Errorf("tag %q", tag)
	}
	for name, c := range map[string]struct {
		p   ProcessKey
		tag string
	}{
		"another's": {testProcess, s.Unsubscriber.Tag("sp02", keyAnna)},
		"none":      {testProcess, ""},
		"the key":   {testProcess, string(keyAnna)},
		"unknown":   {"sp02", tag},
		"malformed": {"x'", tag},
	} {
		if err := s.Unsubscribe(t.Context(), c.p, c.tag, Client{}); KindOf(err) != NotFound {
			t.Errorf("%s: %v", name, err)
		}
		if _, _, err := s.Subscription(t.Context(), c.p, c.tag); KindOf(err) != NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	v, off, err := s.Subscription(t.Context(), testProcess, tag)
	if err != nil || off || v.You.Key != keyAnna {
		t.Errorf("subscription of %s, off %v, %v", v.You.Key, off, err)
	}
	if err := s.Unsubscribe(t.Context(), testProcess, tag, Client{}); err != nil {
		t.Error(err)
	}
}

func ExampleReminderRule_String() {
	fmt.Println(ReminderRule{First: 1, Every: 3})
	// Output: 1:3
}
