package innsigli

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func declineRequest(k SigneeKey) DeclineRequest {
	return DeclineRequest{Process: testProcess, Signee: k, Reason: "The rent is wrong", From: Client{Address: "192.0.2.1", Agent: "Firefox"}}
}

func TestGoldenDecline(t *testing.T) {
	inSequence := sequenceOf(Started, signedIn(testAnnex, allOfBjorn), hooksIn(EventCanceled))
	for name, f := range map[string]Facts{
		"decline_nobody_signed": withHooks(factsOf(Started, anna(), bjorn(), cilia(), dora()), EventAny, EventCanceled),
		"decline_half_signed":   factsOf(Started, anna(), signed(bjorn())),
		"decline_alone":         factsOf(Created, anna()),
		"decline_sequence":      inSequence,
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideDecline(f, declineRequest(f.Process.Signees[0].Key))
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestWhoMayDecline(t *testing.T) {
	refused := func(s Signee) Signee { s.DeclinedAt = testNow.Add(-time.Minute); return s }
	inOrder := factsOf(Started, bjorn(), anna())
	inOrder.Process.InOrder = true
	for name, tc := range map[string]struct {
		f    Facts
		kind Kind // zero: nothing is refused
		code string
		does bool
	}{
		"created":                   {factsOf(Created, anna(), bjorn()), 0, "", true},
		"started":                   {factsOf(Started, anna(), bjorn()), 0, "", true},
		"signed already":            {factsOf(Started, signed(anna()), bjorn()), Invalid, "AlreadySigned", false},
		"others come first":         {inOrder, Invalid, "NotYourTurn", false},
		"nobody of the process":     {factsOf(Started, bjorn()), NotFound, "NotFound", false},
		"everyone has signed":       {factsOf(Sealing, signed(anna())), NotActive, "ProcessNotActive", false},
		"completed":                 {factsOf(Completed, signed(anna())), NotActive, "ProcessNotActive", false},
		"canceled":                  {factsOf(Canceled, anna()), NotActive, "ProcessNotActive", false},
		"expired":                   {factsOf(Expired, anna()), NotActive, "ProcessNotActive", false},
		"declined by somebody else": {factsOf(Declined, anna(), refused(bjorn())), NotActive, "ProcessNotActive", false},
		"declined by the same":      {factsOf(Declined, refused(anna()), bjorn()), 0, "", false},
	} {
		c, err := decideDecline(tc.f, declineRequest(keyAnna))
		if KindOf(err) != tc.kind || err != nil && refusalCode(err) != tc.code {
			t.Errorf("%s: got %v, want %s", name, err, tc.code)
		}
		if c.Empty() == tc.does {
			t.Errorf("%s: empty %v\n%s", name, c.Empty(), c)
		}
	}
}

// refusalCode is the stable word of a refusal.
func refusalCode(err error) string {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return ""
	}
	return e.Code
}

func TestDeclineTellsEverybodyButWhoDeclined(t *testing.T) {
	c, err := decideDecline(factsOf(Started, anna(), bjorn()), declineRequest(keyAnna))
	if err != nil {
		t.Fatal(err)
	}
	told := jobsOf(c, JobMailCanceled)
	if len(told) != 1 || told[0].Signee != keyBjorn {
		t.Errorf("told: %+v", told)
	}
	owner := jobsOf(c, JobMailDeclined)
	if len(owner) != 1 || owner[0].Address != testUser || owner[0].Ref != "" {
		t.Errorf("owner: %+v", owner)
	}
	if c.EndedBy != anna().Email || c.Log[0].Signee != keyAnna || c.Log[0].Client.Address != "192.0.2.1" {
		t.Errorf("by %q, line %+v", c.EndedBy, c.Log[0])
	}
	for _, e := range c.Log {
		if strings.Contains(e.Detail+e.Description(), "rent") {
			t.Errorf("the reason stands in the log: %+v", e)
		}
	}
}

func TestReasonOfADeclineHasALimit(t *testing.T) {
	for _, tc := range []struct {
		reason string
		ok     bool
	}{
		{"", true},
		{strings.Repeat("þ", MaxReasonRunes), true},
		{strings.Repeat("þ", MaxReasonRunes+1), false},
		{"two\r\nlines", true},
		{"bell\a", false},
		{"not \xff UTF-8", false},
	} {
		f := factsOf(Started, anna())
		s, _, _ := service(t, holding(&f))
		r := declineRequest(keyAnna)
		r.Reason = tc.reason
		_, err := s.Decline(t.Context(), r)
		if tc.ok {
			if err != nil || f.Process.State != Declined {
				t.Errorf("%.20q: %v, %s", tc.reason, err, f.Process.State)
			}
			continue
		}
		wantInvalid(t, err, "reason")
		if f.Process.State != Started {
			t.Errorf("%.20q: %s", tc.reason, f.Process.State)
		}
	}
}

func TestDeclineOfAnOverdueProcessExpiresIt(t *testing.T) {
	f := overdue(factsOf(Started, anna()))
	s, pages, _ := service(t, holding(&f))
	_, err := s.Decline(t.Context(), declineRequest(keyAnna))
	if KindOf(err) != NotActive || f.Process.State != Expired || len(pages.dropped) != 1 {
		t.Errorf("%v, %s, dropped %v", err, f.Process.State, pages.dropped)
	}
}

func TestDeclineDropsThePagesAndShowsTheEnd(t *testing.T) {
	f := factsOf(Started, anna(), bjorn())
	s, pages, kicks := service(t, holding(&f))
	v, err := s.Decline(t.Context(), declineRequest(keyAnna))
	if err != nil || v.Process.State != Declined || v.You.Key != keyAnna || v.Readable() {
		t.Errorf("%v, %s for %s, readable %v", err, v.Process.State, v.You.Key, v.Readable())
	}
	if len(pages.dropped) != 1 || *kicks != 1 {
		t.Errorf("dropped %v, kicked %d", pages.dropped, *kicks)
	}
	for _, k := range []DeclineRequest{{Process: "nonsense", Signee: keyAnna}, {Process: testProcess, Signee: "x"}} {
		if _, err := s.Decline(t.Context(), k); err != errNoSignee { //nolint:errorlint // the very same words
			t.Errorf("%+v: %v", k, err)
		}
	}
}
