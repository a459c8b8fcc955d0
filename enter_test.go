package innsigli

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// lockedFacts are a running process that asks for proof.
func lockedFacts(st State, signees ...Signee) Facts {
	f := factsOf(st, signees...)
	f.Process.RequiresAuth = true
	return f
}

func TestACodeToBeAdmittedWithIsSentToWhomeverItMayBeShown(t *testing.T) {
	locked := anna()
	locked.WrongTries = MaxWrongTries
	busy := anna()
	busy.CodesInHour = MaxCodesAnHour
	inOrder := lockedFacts(Started, anna(), bjorn())
	inOrder.Process.InOrder = true
	completed := lockedFacts(Completed, signed(anna()))
	completed.Process.EndedAt = testNow
	old := lockedFacts(Completed, signed(anna()))
	old.Process.EndedAt = testNow.Add(-CompletedLink)
	for name, tc := range map[string]struct {
		f    Facts
		who  SigneeKey
		code string
	}{
		"asked to sign":         {lockedFacts(Started, anna(), bjorn()), keyAnna, ""},
		"has signed":            {lockedFacts(Started, signed(anna()), bjorn()), keyAnna, ""},
		"completed":             {completed, keyAnna, ""},
		"completed long ago":    {old, keyAnna, "LinkExpired"},
		"not their turn":        {inOrder, keyBjorn, "NotYourTurn"},
		"nobody of the process": {lockedFacts(Started, anna()), keyBjorn, "NotFound"},
		"no proof asked for":    {factsOf(Started, anna()), keyAnna, "AuthenticationNotRequired"},
		"canceled":              {lockedFacts(Canceled, anna()), keyAnna, "ProcessNotActive"},
		"too many wrong codes":  {lockedFacts(Started, locked), keyAnna, "OtpLocked"},
		"too many codes":        {lockedFacts(Started, busy), keyAnna, "TooManyCodes"},
	} {
		c, err := decideEntryCode(tc.f, EntryRequest{Signee: tc.who}, testToken)
		e, _ := errors.AsType[*Error](err)
		switch {
		case tc.code != "" && (e == nil || e.Code != tc.code):
			t.Errorf("%s: %v, want %s", name, err, tc.code)
		case tc.code == "" && (err != nil || c.Challenge == nil || !c.Challenge.Entry || len(c.Jobs) != 1 || len(c.Log) != 1):
			t.Errorf("%s: %v\n%s", name, err, c)
		}
	}
}

// TestACodeOpensOneDoorOnly: the one that admits signs nothing, and the one that signs admits nobody.
func TestACodeOpensOneDoorOnly(t *testing.T) {
	f := lockedFacts(Started, anna(), bjorn())
	f.Challenge = Challenge{Token: testToken, Process: testProcess, Signee: keyAnna, Entry: true, Via: "sms", SentAt: testNow, ExpiresAt: testNow.Add(CodeLifetime)}
	if _, err := decideSign(f, testToken, Act{}); !errors.Is(err, errNoCode) {
		t.Errorf("signs: %v", err)
	}
	if c, err := decideEnter(f, testToken, Client{}); err != nil || c.Enter != testToken || len(c.Log) != 1 || c.Log[0].Kind != LogAuthenticated || len(c.Sign) != 0 {
		t.Errorf("admits: %v\n%s", err, c)
	}
	f.Challenge.Entry = false
	if _, err := decideEnter(f, testToken, Client{}); !errors.Is(err, errNoCode) {
		t.Errorf("admits by the code that signs: %v", err)
	}
	f.Challenge.Entry, f.Challenge.ExpiresAt = true, testNow
	if _, err := decideEnter(f, testToken, Client{}); !errors.Is(err, errLateCode) {
		t.Errorf("late: %v", err)
	}
}

func TestAnAccessTokenIsForOneLinkAndItsAddressesUntilItsTime(t *testing.T) {
	s, _, _ := service(t, nil)
	now := testNow
	s.Now = func() time.Time { return now }
	you := anna()
	good := s.access(you.about(), now.Add(time.Hour))
	moved, renumbered := you, you
	moved.Email, renumbered.Phone = "new@example.com", "+3545559999"
	shouted := you
	shouted.Email = strings.ToUpper(you.Email)
	for name, tc := range map[string]struct {
		token string
		about string
		want  bool
	}{
		"its own":          {good.Token, you.about(), true},
		"letter case":      {good.Token, shouted.about(), true},
		"another's":        {good.Token, bjorn().about(), false},
		"a changed e-mail": {good.Token, moved.about(), false},
		"a changed number": {good.Token, renumbered.about(), false},
		"cut":              {good.Token[1:], you.about(), false},
		"made longer":      {good.Token + "AA", you.about(), false},
		"no token":         {"", you.about(), false},
		"another time":     {"B" + good.Token[1:], you.about(), false},
	} {
		if got := s.admits(WithAccess(t.Context(), "x", tc.token), tc.about); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if now = good.ExpiresAt; s.admits(WithAccess(t.Context(), good.Token), you.about()) {
		t.Error("it admits when its time is over")
	}
}

func maxAccessTime(t *testing.T) {
	t.Helper()
	for after, want := range map[time.Duration]time.Duration{
		0: AccessTime, MinAccessTime: MinAccessTime, MaxAccessTime: MaxAccessTime, MinAccessTime - time.Second: 0, MaxAccessTime + time.Second: 0,
	} {
		if got, err := accessTime(after); got != want || (err == nil) != (want != 0) {
			t.Errorf("%s: %s, %v", after, got, err)
		}
	}
}
