package innsigli

import (
	"testing"
	"time"
)

func overdue(f Facts) Facts {
	f.Process.ExpiresAt = f.Now
	return f
}

func TestGoldenExpire(t *testing.T) {
	for name, f := range map[string]Facts{
		"expire_nobody_signed": withHooks(overdue(factsOf(Started, anna(), bjorn(), cilia(), dora())), EventAny, EventCanceled),
		"expire_half_signed":   overdue(factsOf(Started, signed(anna()), bjorn())),
		"expire_never_invited": overdue(factsOf(Created, anna())),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideExpire(f)
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestExpireOnlyEndsWhatIsActiveAndDue(t *testing.T) {
	for _, st := range everyState() {
		for name, tc := range map[string]struct {
			at  time.Time
			due bool
		}{
			"a microsecond before": {testNow.Add(time.Microsecond), false},
			"at the moment":        {testNow, true},
			"long after":           {testNow.AddDate(-1, 0, 0), true},
		} {
			f := factsOf(st, anna())
			f.Process.ExpiresAt = tc.at
			c, err := decideExpire(f)
			if err != nil {
				t.Fatal(err)
			}
			if want := tc.due && st.Active(); c.Empty() == want {
				t.Errorf("%s, %s: empty %v\n%s", st, name, c.Empty(), c)
			}
		}
	}
}

func TestExpireIsDoneByTheServer(t *testing.T) {
	c, err := decideExpire(overdue(factsOf(Started, anna())))
	if err != nil {
		t.Fatal(err)
	}
	if c.State != Expired || c.EndedBy != "" || c.Log[0].CreatedBy() != SystemActor {
		t.Errorf("change:\n%s", c)
	}
}

func TestExpireJobAndVerbJudgeAlike(t *testing.T) {
	f := overdue(factsOf(Started, anna()))
	st := holding(&f)
	s, pages, kicks := service(t, st)
	d, err := s.ExpireJob(t.Context(), Job{Kind: JobExpire, Process: testProcess})
	if err != nil {
		t.Fatal(err)
	}
	byJob, err := d(f)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := decideExpire(f)
	if byJob.String() != want.String() {
		t.Errorf("the job decides\n%s\nthe verb\n%s", byJob, want)
	}
	if err := s.Expire(t.Context(), testProcess); err != nil {
		t.Fatal(err)
	}
	if f.Process.State != Expired || len(pages.dropped) != 1 || *kicks != 1 {
		t.Errorf("state %s, dropped %v, kicked %d", f.Process.State, pages.dropped, *kicks)
	}
}

func TestUnlessDueAsksTheVerbOnlyInTime(t *testing.T) {
	s, _, _ := service(t, nil)
	for _, st := range everyState() {
		asked := false
		d := s.unlessDue(func(Facts) (Change, error) {
			asked = true
			return Change{Seen: keyAnna}, nil
		})
		c, err := d(overdue(factsOf(st, anna())))
		if err != nil {
			t.Fatal(err)
		}
		if asked == st.Active() || (c.State == Expired) != st.Active() {
			t.Errorf("overdue %s: verb asked %v, state %s", st, asked, c.State)
		}
	}
	if c, err := s.unlessDue(func(Facts) (Change, error) { return Change{Seen: keyAnna}, nil })(factsOf(Started)); err != nil || c.Seen != keyAnna {
		t.Errorf("in time: %v, %v", c, err)
	}
}
