package innsigli

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// openChallenge is a code of the signee that was asked for a minute ago and tried once.
func openChallenge(k SigneeKey) Challenge {
	return Challenge{
		Token: testToken, Process: testProcess, Signee: k, Via: "sms", SentAt: testNow.Add(-time.Minute),
		ExpiresAt: testNow.Add(9 * time.Minute), Tries: 1,
	}
}

func factsToSign(st State, k SigneeKey, signees ...Signee) Facts {
	f := factsOf(st, signees...)
	f.Challenge = openChallenge(k)
	return f
}

func TestGoldenSign(t *testing.T) {
	annaLast := withHooks(factsToSign(Started, keyAnna, anna(), signed(bjorn())), EventAny, EventSignedDocument, EventAllSigned)
	annaFirst := withHooks(factsToSign(Started, keyAnna, anna(), bjorn()), EventAny, EventSignedDocument, EventAllSigned)
	byMail := factsToSign(Created, keyBjorn, bjorn())
	byMail.Challenge.Via = "email"
	for name, tc := range map[string]struct {
		facts Facts
	}{
		"sign_last":                      {annaLast},
		"sign_first":                     {annaFirst},
		"sign_alone_before_invited_mail": {byMail},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideSign(tc.facts, testToken, Act{From: Client{Address: "192.0.2.1", Agent: "Browser"}})
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestSignatureRecordsWhatWasShownAndWhereTheCodeWent(t *testing.T) {
	from := Client{Address: "192.0.2.1", Agent: "Browser"}
	for via, to := range map[Channel]string{BySms: anna().Phone, ByCall: anna().Phone, ByMail: anna().Email} {
		f := factsToSign(Started, keyAnna, anna(), bjorn())
		f.Challenge.Via = via
		c, err := decideSign(f, testToken, Act{From: from})
		if err != nil {
			t.Fatal(err)
		}
		want := Signature{Signee: keyAnna, At: testNow, Token: testToken, Via: via, To: to, Act: Act{From: from}, SHA256: shownSHA256}
		if len(c.Sign) != 1 || c.Sign[0] != want {
			t.Errorf("got %+v, want %+v", c.Sign, want)
		}
		if c.State != 0 || c.Key != KeyStays {
			t.Errorf("the first of two signatures ends something:\n%s", c)
		}
	}
}

func TestSignIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Facts)
		token  Token
		kind   Kind
		code   string
	}{
		"unknown signee":    {func(f *Facts) { f.Challenge.Signee = keyCilia }, testToken, Invalid, "1122"},
		"other token":       {func(*Facts) {}, "7fff", Invalid, "1122"},
		"no challenge":      {func(f *Facts) { f.Challenge = Challenge{} }, testToken, Invalid, "1122"},
		"foreign challenge": {func(f *Facts) { f.Challenge.Process = "sp22" }, testToken, Invalid, "1122"},
		"signed already":    {func(f *Facts) { f.Process.Signees[0] = signed(anna()) }, testToken, Invalid, "AlreadySigned"},
		"void":              {func(f *Facts) { f.Challenge.Void = true }, testToken, Invalid, "1121"},
		"used":              {func(f *Facts) { f.Challenge.UsedAt = testNow }, testToken, Invalid, "1121"},
		"late":              {func(f *Facts) { f.Challenge.ExpiresAt = testNow }, testToken, Invalid, "1121"},
		"sealing":           {func(f *Facts) { f.Process.State = Sealing }, testToken, NotActive, "ProcessNotActive"},
		"completed":         {func(f *Facts) { f.Process.State = Completed }, testToken, NotActive, "ProcessNotActive"},
		"canceled":          {func(f *Facts) { f.Process.State = Canceled }, testToken, NotActive, "ProcessNotActive"},
		"over and late":     {func(f *Facts) { f.Process.State, f.Challenge.Void = Expired, true }, testToken, NotActive, "ProcessNotActive"},
	} {
		t.Run(name, func(t *testing.T) {
			f := factsToSign(Started, keyAnna, anna(), bjorn())
			tc.change(&f)
			c, err := decideSign(f, tc.token, Act{})
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != tc.kind || e.Code != tc.code {
				t.Errorf("got %v, want %s %s", err, tc.kind, tc.code)
			}
			if !c.Empty() {
				t.Errorf("a refusal with a change:\n%s", c)
			}
		})
	}
}

func TestLastSignatureSealsAndDropsWhatAsksForOne(t *testing.T) {
	c, err := decideSign(factsToSign(Started, keyAnna, signed(bjorn()), anna()), testToken, Act{})
	if err != nil {
		t.Fatal(err)
	}
	if c.State != Sealing || c.EndedBy != "" || len(jobsOf(c, JobSeal)) != 1 || jobsOf(c, JobSeal)[0].Uniq == "" {
		t.Errorf("change:\n%s", c)
	}
	for _, k := range []JobKind{JobExpire, JobMailInvite, JobSmsInvite, JobMailCode, JobSmsCode} {
		if !slices.Contains(c.Drop, k) {
			t.Errorf("%s may still run after everyone has signed", k)
		}
	}
}

func TestOneSigneeMoreThanOnceIsStillTheLast(t *testing.T) {
	for name, tc := range map[string]struct {
		signees []Signee
		want    bool
	}{
		"alone":        {[]Signee{anna()}, true},
		"first of two": {[]Signee{anna(), bjorn()}, false},
		"last of two":  {[]Signee{anna(), signed(bjorn())}, true},
		"nobody":       {nil, true},
	} {
		after := factsOf(Started, tc.signees...).signedBy([]Signature{{Signee: keyAnna, At: testNow}})
		if got := after.AllSigned(); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestGoldenCode(t *testing.T) {
	for name, tc := range map[string]struct {
		facts Facts
		who   SigneeKey
	}{
		"code_by_sms":  {factsOf(Started, anna(), bjorn()), keyAnna},
		"code_by_mail": {factsOf(Created, anna(), bjorn()), keyBjorn},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideCode(tc.facts, CodeRequest{Process: testProcess, Signee: tc.who}, testToken)
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

func TestCodeIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Facts)
		who    SigneeKey
		kind   Kind
		code   string
	}{
		"unknown signee":   {func(*Facts) {}, keyDora, NotFound, "NotFound"},
		"unknown and over": {func(f *Facts) { f.Process.State = Canceled }, keyDora, NotFound, "NotFound"},
		"signed":           {func(f *Facts) { f.Process.Signees[0] = signed(anna()) }, keyAnna, Invalid, "AlreadySigned"},
		"sealing":          {func(f *Facts) { f.Process.State = Sealing }, keyAnna, NotActive, "ProcessNotActive"},
		"canceled":         {func(f *Facts) { f.Process.State = Canceled }, keyAnna, NotActive, "ProcessNotActive"},
	} {
		t.Run(name, func(t *testing.T) {
			f := factsOf(Started, anna(), bjorn())
			tc.change(&f)
			c, err := decideCode(f, CodeRequest{Process: testProcess, Signee: tc.who}, testToken)
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != tc.kind || e.Code != tc.code || !c.Empty() {
				t.Errorf("got %v and %q, want %s %s", err, c, tc.kind, tc.code)
			}
		})
	}
}

func TestRequestCodeChecksShapesBeforeTheStore(t *testing.T) {
	s, _, _ := service(t, &fakeStore{})
	for _, r := range []CodeRequest{
		{Process: "nonsense", Signee: keyAnna},
		{Process: testProcess, Signee: "nonsense"},
		{},
	} {
		if _, err := s.RequestCode(t.Context(), r); KindOf(err) != NotFound {
			t.Errorf("%+v: got %v", r, err)
		}
	}
}

func TestRequestCodeOnAnOverdueProcessExpiresIt(t *testing.T) {
	f := factsOf(Started, anna())
	f.Process.ExpiresAt = testNow
	s, _, _ := service(t, holding(&f))
	if _, err := s.RequestCode(t.Context(), CodeRequest{Process: testProcess, Signee: keyAnna}); KindOf(err) != NotActive {
		t.Errorf("got %v", err)
	}
	if f.Process.State != Expired {
		t.Errorf("process is %s", f.Process.State)
	}
}

// signStore is a store with one open challenge, whose try is counted or not.
func signStore(f *Facts, counted bool) *fakeStore {
	st := holding(f)
	st.countTry = func(Token, time.Time) (Challenge, bool, error) { return f.Challenge, counted, nil }
	return st
}

func TestSignCountsTheTryBeforeItCompares(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna(), bjorn())
	st := signStore(&f, true)
	s, _, _ := service(t, st)
	if _, err := s.Sign(t.Context(), testToken, "000000", Act{}); !errors.Is(err, errWrongCode) {
		t.Errorf("got %v, want 1120", err)
	}
	if len(st.calls) != 2 || st.calls[1] != "CountTry" {
		t.Errorf("calls %v, want the facts and one counted try", st.calls)
	}
}

// TestSignWithTheRightCodeButNoTryLeftFails: tries at once cannot outrun the limit.
func TestSignWithTheRightCodeButNoTryLeftFails(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna(), bjorn())
	st := signStore(&f, false)
	s, _, _ := service(t, st)
	if _, err := s.Sign(t.Context(), testToken, "123456", Act{}); !errors.Is(err, errLateCode) {
		t.Errorf("got %v, want 1121", err)
	}
	if f.Process.Signees[0].Signed() {
		t.Error("signed all the same")
	}
}

func TestSignOnAnEndedProcessCostsNoTry(t *testing.T) {
	f := factsToSign(Canceled, keyAnna, anna(), bjorn())
	st := signStore(&f, true)
	s, _, _ := service(t, st)
	if _, err := s.Sign(t.Context(), testToken, "123456", Act{}); KindOf(err) != NotActive {
		t.Errorf("got %v, want NotActive", err)
	}
	for _, call := range st.calls {
		if call == "CountTry" {
			t.Error("a try was counted")
		}
	}
}

func TestSignGivesTheViewAfterTheSignature(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna())
	st := signStore(&f, true)
	s, _, kicks := service(t, st)
	v, err := s.Sign(t.Context(), testToken, "123456", Act{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Process.State != Sealing || !v.You.Signed() || v.Trusted || *kicks != 1 {
		t.Errorf("view in state %s, signed %v, trusted %v, kicked %d", v.Process.State, v.You.Signed(), v.Trusted, *kicks)
	}
}

func TestSignOnUnknownTokens(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna())
	st := signStore(&f, true)
	s, _, _ := service(t, st)
	for _, token := range []Token{"", "nonsense", "7fff", "70000000000000000000000000000002"} {
		if _, err := s.Sign(t.Context(), token, "123456", Act{}); !errors.Is(err, errNoCode) {
			t.Errorf("%q: got %v, want 1122", token, err)
		}
	}
}

// TestSignLosesAgainstACancelInBetween: the code was right, but the cancel committed first.
func TestSignLosesAgainstACancelInBetween(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna())
	st := signStore(&f, true)
	inner := st.countTry
	st.countTry = func(token Token, now time.Time) (Challenge, bool, error) {
		f.Process.State = Canceled
		return inner(token, now)
	}
	s, _, kicks := service(t, st)
	if _, err := s.Sign(t.Context(), testToken, "123456", Act{}); KindOf(err) != NotActive {
		t.Errorf("got %v, want NotActive", err)
	}
	if f.Process.Signees[0].Signed() || f.Process.State != Canceled || *kicks != 0 {
		t.Errorf("process %+v, kicked %d", f.Process, *kicks)
	}
}

func TestSignThatMeetsItsProcesssLastMomentExpiresIt(t *testing.T) {
	f := factsToSign(Started, keyAnna, anna())
	st := signStore(&f, true)
	inner := st.decide
	st.decide = func(ctx context.Context, at Target, d Decision) (Facts, Change, error) {
		f.Process.ExpiresAt = testNow // the moment came after the facts were read
		return inner(ctx, at, d)
	}
	s, _, _ := service(t, st)
	if _, err := s.Sign(t.Context(), testToken, "123456", Act{}); KindOf(err) != NotActive {
		t.Errorf("got %v, want NotActive", err)
	}
	if f.Process.State != Expired || f.Process.Signees[0].Signed() {
		t.Errorf("process is %s, signed %v", f.Process.State, f.Process.Signees[0].Signed())
	}
}
