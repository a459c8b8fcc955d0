package innsigli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The rows are those of design/decisions.md 1. Row 1, 5 and 10 are tested where they live: api, and sequences to come.

func cancelRequest() CancelRequest { return CancelRequest{Process: testProcess, User: testUser} }

func TestCancelRow2_CanceledAgainDoesNothing(t *testing.T) {
	f := withHooks(factsOf(Canceled, signed(anna()), bjorn()), EventAny)
	c, err := decideCancel(f, "someone@else.example")
	if err != nil || !c.Empty() {
		t.Errorf("decision: %v, change:\n%s", err, c)
	}
	st := holding(&f)
	s, pages, kicks := service(t, st)
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); err != nil {
		t.Errorf("second cancel: %v", err)
	}
	if len(pages.dropped) != 0 || *kicks != 0 {
		t.Errorf("second cancel dropped %v and kicked %d times", pages.dropped, *kicks)
	}
}

// TestCancelRow2_CanceledAndOverdueStillAnswersYes: the time runs out on a process that was canceled long ago.
func TestCancelRow2_CanceledAndOverdueStillAnswersYes(t *testing.T) {
	f := factsOf(Canceled, anna())
	f.Process.ExpiresAt = testNow.Add(-time.Hour)
	s, _, _ := service(t, holding(&f))
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); err != nil {
		t.Error(err)
	}
}

func TestCancelRow2_TenAtOnceMakeOneChange(t *testing.T) {
	f := withHooks(factsOf(Started, anna(), bjorn()), EventCanceled)
	st := holding(&f)
	inner := st.decide
	var mu sync.Mutex
	var kept []Change
	st.decide = func(ctx context.Context, at Target, d Decision) (Facts, Change, error) {
		mu.Lock()
		defer mu.Unlock()
		f, c, err := inner(ctx, at, d)
		if !c.Empty() {
			kept = append(kept, c)
		}
		return f, c, err
	}
	s, _, _ := service(t, st)
	s.Kick = func() {}
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { errs[i] = s.Cancel(context.Background(), testCaller(), cancelRequest()) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if len(kept) != 1 {
		t.Fatalf("%d changes, want one", len(kept))
	}
	if c := kept[0]; countLog(c, LogCanceled) != 1 || len(jobsOf(c, JobMailCanceled)) != 2 || len(jobsOf(c, JobWebhook)) != 1 {
		t.Errorf("change:\n%s", c)
	}
}

func TestCancelRow3_ParametersAreCheckedBeforeAnythingIsLookedUp(t *testing.T) {
	for name, tc := range map[string]struct {
		req    CancelRequest
		fields []string
	}{
		"no key":                  {CancelRequest{}, []string{"ProcessKey"}},
		"blank key":               {CancelRequest{Process: " \t "}, []string{"ProcessKey"}},
		"user is a name":          {CancelRequest{Process: testProcess, User: "boss"}, []string{"User"}},
		"user is blank":           {CancelRequest{Process: testProcess, User: " "}, []string{"User"}},
		"user with line break":    {CancelRequest{Process: testProcess, User: "a@b.is\r\nBcc: x@y.is"}, []string{"User"}},
		"user with NUL":           {CancelRequest{Process: testProcess, User: "a\x00@b.is"}, []string{"User"}},
		"user with escape":        {CancelRequest{Process: testProcess, User: "a\x1b[31m@b.is"}, []string{"User"}},
		"user too long":           {CancelRequest{Process: testProcess, User: strings.Repeat("a", MaxAddress) + "@b.is"}, []string{"User"}},
		"both":                    {CancelRequest{User: "boss"}, []string{"ProcessKey", "User"}},
		"malformed key, bad user": {CancelRequest{Process: "nonsense", User: "boss"}, []string{"User"}},
	} {
		t.Run(name, func(t *testing.T) {
			st := &fakeStore{} // every call would panic
			s, _, _ := service(t, st)
			err := s.Cancel(t.Context(), testCaller(), tc.req)
			wantInvalid(t, err, tc.fields...)
			if len(st.calls) != 0 {
				t.Errorf("store was asked: %v", st.calls)
			}
		})
	}
}

func TestCancelRow3_ProcessThatIsOverSaysWhichState(t *testing.T) {
	words := map[State]string{Sealing: "everyone has signed", Completed: "completed", Expired: "expired", Declined: "canceled"}
	for _, st := range everyState() {
		t.Run(st.String(), func(t *testing.T) {
			c, err := decideCancel(factsOf(st, signed(anna()), bjorn()), testUser)
			word, over := words[st]
			if !over {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != NotActive || e.Code != "ProcessNotActive" || !strings.Contains(e.Text, word) || e.Cause != nil {
				t.Errorf("got %#v, want ProcessNotActive that says %q", err, word)
			}
			if ok && (len(e.Fields) != 1 || e.Fields[0].Field != "ProcessKey") {
				t.Errorf("fields %v", e.Fields)
			}
			if !c.Empty() {
				t.Errorf("a refusal with a change:\n%s", c)
			}
		})
	}
}

func TestCancelRow3_OverdueProcessExpiresAndAnswersAsExpired(t *testing.T) {
	f := factsOf(Started, anna(), bjorn())
	f.Process.ExpiresAt = testNow
	st := holding(&f)
	s, pages, kicks := service(t, st)
	err := s.Cancel(t.Context(), testCaller(), cancelRequest())
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != NotActive || !strings.Contains(e.Text, "expired") {
		t.Errorf("got %v, want ProcessNotActive: expired", err)
	}
	if f.Process.State != Expired || f.Process.EndedBy != "" {
		t.Errorf("process is %s by %q, want Expired by the server", f.Process.State, f.Process.EndedBy)
	}
	if len(pages.dropped) != 1 || *kicks != 1 {
		t.Errorf("dropped %v, kicked %d", pages.dropped, *kicks)
	}
}

func TestCancelRow4_MalformedForeignAndUnknownKeysTakeOneLookupAndSayTheSame(t *testing.T) {
	answers := map[string]string{}
	for name, tc := range map[string]struct {
		key    ProcessKey
		caller CompanyKey
	}{
		"unknown":       {"sp22222222222222222222222222222222", testCompany},
		"malformed":     {"../../etc/passwd", testCompany},
		"no prefix":     {"11111111111111111111111111111111", testCompany},
		"wrong prefix":  {"si11111111111111111111111111111111", testCompany},
		"not hex":       {"sp1111111111111111111111111111111g", testCompany},
		"prefix only":   {"sp", testCompany},
		"with NUL":      {"sp1111\x00", testCompany},
		"invalid UTF-8": {"sp\xff\xfe", testCompany},
		"very long":     {ProcessKey("sp" + strings.Repeat("1", 10_000)), testCompany},
		"foreign":       {testProcess, "beef00000002"},
	} {
		t.Run(name, func(t *testing.T) {
			f := factsOf(Started, anna())
			st := holding(&f)
			s, _, _ := service(t, st)
			err := s.Cancel(t.Context(), Caller{Company: Company{Key: tc.caller}, KeyName: testKeyName}, CancelRequest{Process: tc.key})
			if KindOf(err) != NotFound {
				t.Fatalf("got %v, want NotFound", err)
			}
			answers[err.Error()] = name
			if len(st.calls) != 1 || st.calls[0] != "Decide" {
				t.Errorf("calls %v, want one Decide", st.calls)
			}
			if at := st.at[0]; at.Company != tc.caller || !at.Process.Valid() && at.Process != "sp" {
				t.Errorf("looked for %+v", at)
			}
			if f.Process.State != Started {
				t.Errorf("the process became %s", f.Process.State)
			}
		})
	}
	if len(answers) != 1 {
		t.Errorf("different answers: %v", answers)
	}
}

// lossy is a store whose commits are sent and never answered; kept says whether they were kept.
func lossy(f *Facts, kept bool) *fakeStore {
	st := holding(f)
	inner := st.decide
	st.decide = func(ctx context.Context, at Target, d Decision) (Facts, Change, error) {
		if kept {
			if _, _, err := inner(ctx, at, d); err != nil {
				return Facts{}, Change{}, err
			}
		}
		return Facts{}, Change{}, fmt.Errorf("commit: %w", ErrUnclear)
	}
	return st
}

func TestCancelRow6_UnclearCommitThatWasKeptAnswersYes(t *testing.T) {
	f := factsOf(Started, anna())
	st := lossy(&f, true)
	s, pages, kicks := service(t, st)
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); err != nil {
		t.Fatalf("got %v", err)
	}
	if got := strings.Join(st.calls, " "); got != "Decide Facts" {
		t.Errorf("calls %q", got)
	}
	if st.at[1] != st.at[0] {
		t.Errorf("read again with %+v, judged with %+v: the company must be asked for both times", st.at[1], st.at[0])
	}
	if len(pages.dropped) != 1 || pages.dropped[0] != testProcess || *kicks != 1 {
		t.Errorf("dropped %v, kicked %d: what follows a cancel follows this one too", pages.dropped, *kicks)
	}
}

func TestCancelRow6_UnclearCommitThatWasNotKeptStaysUnclear(t *testing.T) {
	f := factsOf(Started, anna())
	s, pages, kicks := service(t, lossy(&f, false))
	err := s.Cancel(t.Context(), testCaller(), cancelRequest())
	if !errors.Is(err, ErrUnclear) || KindOf(err) != 0 {
		t.Errorf("got %v of kind %v, want an internal failure that wraps ErrUnclear", err, KindOf(err))
	}
	if len(pages.dropped) != 0 || *kicks != 0 {
		t.Errorf("dropped %v, kicked %d", pages.dropped, *kicks)
	}
}

func TestCancelRow6_UnclearAndUnreadableIsAnInternalFailure(t *testing.T) {
	for name, readErr := range map[string]error{
		"connection lost":     errors.New("connection refused"),
		"a refusal's kind":    refuse(NotFound, "NotFound", "none"),
		"an away dependency":  refuse(Unavailable, "Unavailable", "later"),
		"unclear once more":   ErrUnclear,
		"wrapped not found":   fmt.Errorf("facts: %w", refuse(NotFound, "NotFound", "none")),
		"the client has gone": context.Canceled,
	} {
		t.Run(name, func(t *testing.T) {
			f := factsOf(Started, anna())
			st := lossy(&f, true)
			st.facts = func(context.Context, Target) (Facts, error) { return Facts{}, readErr }
			s, _, _ := service(t, st)
			err := s.Cancel(t.Context(), testCaller(), cancelRequest())
			if !errors.Is(err, ErrUnclear) {
				t.Errorf("got %v, want one that wraps ErrUnclear", err)
			}
			if k := KindOf(err); k != 0 {
				t.Errorf("kind %s would be answered as a refusal: nobody knows the truth", k)
			}
		})
	}
}

func TestCancelRow6_FailureChangesNothingAndStartsNothing(t *testing.T) {
	down := errors.New("disk full")
	f := factsOf(Started, anna())
	st := holding(&f)
	st.decide = func(context.Context, Target, Decision) (Facts, Change, error) { return Facts{}, Change{}, down }
	s, pages, kicks := service(t, st)
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); !errors.Is(err, down) || KindOf(err) != 0 {
		t.Errorf("got %v", err)
	}
	if len(st.calls) != 1 || len(pages.dropped) != 0 || *kicks != 0 {
		t.Errorf("calls %v, dropped %v, kicked %d", st.calls, pages.dropped, *kicks)
	}
	st.decide = holding(&f).decide
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); err != nil || f.Process.State != Canceled {
		t.Errorf("the same call later: %v, process %s", err, f.Process.State)
	}
}

func TestCancelRow7_KeyGoesInTheSameChangeAndPagesBeforeTheAnswer(t *testing.T) {
	f := factsOf(Started, anna(), bjorn())
	st := holding(&f)
	s, pages, _ := service(t, st)
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); err != nil {
		t.Fatal(err)
	}
	if len(pages.dropped) != 1 || pages.dropped[0] != testProcess {
		t.Errorf("pages dropped: %v", pages.dropped)
	}
	for _, st := range []State{Created, Started} {
		for _, who := range [][]Signee{{anna()}, {signed(anna()), bjorn()}, nil} {
			c, err := decideCancel(factsOf(st, who...), testUser)
			if err != nil || c.Key != KeyDestroyed && c.Key != KeyHeld || c.State != Canceled {
				t.Errorf("%s with %d signees: %v, key %s, state %s", st, len(who), err, c.Key, c.State)
			}
			if c.Forget {
				t.Errorf("%s: the rows of the bytes go before the bytes", st)
			}
		}
	}
	c, _ := decideCancel(factsOf(Started, anna()), testUser)
	if p := jobsOf(c, JobPurge); len(p) != 1 || p[0].Uniq == "" {
		t.Errorf("purge jobs %+v, want one with a uniqueness key", p)
	}
}

func TestCancelRow8_EveryoneIsToldOnceInTheirLanguageWhateverTheirDelivery(t *testing.T) {
	nobodyInvited, late := anna(), bjorn()
	nobodyInvited.Delivery = DeliverNone
	late.InvitedAt = time.Time{}
	c, err := decideCancel(factsOf(Started, nobodyInvited, late, signed(cilia()), dora()), testUser)
	if err != nil {
		t.Fatal(err)
	}
	mails, texts := jobsOf(c, JobMailCanceled), jobsOf(c, JobSmsCanceled)
	if len(mails) != 2 || mails[0].Address != "anna@example.com" || mails[0].Language != LangIs || mails[1].Address != "bjorn@example.com" ||
		mails[1].Language != LangEn {
		t.Errorf("mails %+v", mails)
	}
	if len(texts) != 1 || texts[0].Address != "+3545550003" || texts[0].Language != LangDa {
		t.Errorf("texts %+v", texts)
	}
	if countLog(c, LogNotReachable) != 1 {
		t.Errorf("log %+v, want one line for who cannot be reached", c.Log)
	}
	keepsSecrets(t, c)
}

func TestCancelRow8_WhatIsQueuedIsDroppedAndTheFarewellWaitsInTheSameLane(t *testing.T) {
	f := factsOf(Created, anna(), cilia())
	c, err := decideCancel(f, testUser)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []JobKind{JobMailInvite, JobSmsInvite, JobMailCode, JobSmsCode, JobExpire} {
		if !slices.Contains(c.Drop, k) {
			t.Errorf("%s is not dropped", k)
		}
	}
	for _, k := range c.Drop {
		if len(jobsOf(c, k)) != 0 {
			t.Errorf("%s is dropped and ordered in one change", k)
		}
	}
	code, err := decideCode(f, CodeRequest{Process: testProcess, Signee: keyCilia}, testToken)
	if err != nil {
		t.Fatal(err)
	}
	before := map[string]string{
		"anna@example.com": decideCreated(f, testUser).Jobs[0].Lane,
		"+3545550003":      code.Jobs[0].Lane,
	}
	for _, j := range c.Jobs {
		if lane, ok := before[j.Address]; ok && (j.Lane == "" || j.Lane != lane) {
			t.Errorf("%s to %s is in lane %q, what came before in %q: it could overtake", j.Kind, j.Address, j.Lane, lane)
		}
	}
}

func TestCancelRow9_CopyToTheOwnerWhenAnyoneHasSigned(t *testing.T) {
	for name, tc := range map[string]struct {
		user  string
		owner string
	}{
		"the process's user": {testUser, testUser},
		"else the company":   {"", officeMail},
	} {
		t.Run(name, func(t *testing.T) {
			s := signed(anna())
			s.User = "stored.only@acme.example"
			f := factsOf(Started, s, bjorn())
			f.Process.User = tc.user
			c, err := decideCancel(f, testKeyName)
			if err != nil {
				t.Fatal(err)
			}
			if c.Key != KeyHeld || len(jobsOf(c, JobPurge)) != 0 {
				t.Errorf("key %s, purge %v: the bytes are needed for the copy", c.Key, jobsOf(c, JobPurge))
			}
			if m := jobsOf(c, JobMailOwnerCopy); len(m) != 1 || m[0].Address != tc.owner || m[0].Uniq == "" {
				t.Errorf("copies %+v, want one to %s", m, tc.owner)
			}
			if h := jobsOf(c, JobHoldExpire); len(h) != 1 || !h[0].Due.Equal(testNow.AddDate(0, 0, 30)) {
				t.Errorf("end of the hold %+v, want in 30 days", h)
			}
			if slices.Contains(c.Drop, JobMailOwnerCopy) {
				t.Error("the copy is dropped by the change that orders it")
			}
		})
	}
}

func TestCancelRow11_NoVerbDoesAnythingToACanceledProcess(t *testing.T) {
	for _, st := range []State{Canceled, Expired, Declined} {
		f := factsOf(st, anna(), bjorn())
		f.Process.ExpiresAt = testNow.Add(-time.Hour)
		f.Challenge = openChallenge(keyAnna)
		for verb, err := range map[string]error{
			"sign":         second(decideSign(f, testToken, Act{})),
			"ask for code": second(decideCode(f, CodeRequest{Process: testProcess, Signee: keyAnna}, testToken)),
		} {
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != NotActive || e.Code != "ProcessNotActive" {
				t.Errorf("%s, %s: got %v, want ProcessNotActive", st, verb, err)
			}
		}
		for verb, d := range map[string]Decision{
			"expire":   decideExpire,
			"complete": func(f Facts) (Change, error) { return decideCompleted(f, Document{Blob: "sealed"}, nil) },
			"see":      func(f Facts) (Change, error) { return decideSaw(f, keyAnna, Client{}) },
		} {
			if c, err := d(f); err != nil || !c.Empty() {
				t.Errorf("%s, %s: %v, change:\n%s", st, verb, err, c)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestCancelRow12_ActorIsTheUserElseTheKeysName(t *testing.T) {
	for name, tc := range map[string]struct{ user, actor string }{
		"user":    {"someone@acme.example", "someone@acme.example"},
		"no user": {"", testKeyName},
	} {
		t.Run(name, func(t *testing.T) {
			f := factsOf(Started, anna())
			st := holding(&f)
			inner := st.decide
			var kept Change
			st.decide = func(ctx context.Context, at Target, d Decision) (Facts, Change, error) {
				f, c, err := inner(ctx, at, d)
				kept = c
				return f, c, err
			}
			s, _, _ := service(t, st)
			if err := s.Cancel(t.Context(), testCaller(), CancelRequest{Process: testProcess, User: tc.user}); err != nil {
				t.Fatal(err)
			}
			if len(kept.Log) != 1 {
				t.Fatalf("log %+v", kept.Log)
			}
			line := kept.Log[0]
			line.Process = testProcess // the store fills it in
			if line.Kind != LogCanceled || line.CreatedBy() != tc.actor || kept.EndedBy != tc.actor {
				t.Errorf("line %+v, ended by %q; want %q", line, kept.EndedBy, tc.actor)
			}
			if want := "Signing canceled. ProcessKey: " + string(testProcess) + "."; line.Description() != want {
				t.Errorf("got %q, want %q", line.Description(), want)
			}
		})
	}
}

// TestCancelGoesOnWithoutTheClient: once authenticated, a cancel ignores that the client has gone.
func TestCancelGoesOnWithoutTheClient(t *testing.T) {
	f := factsOf(Started, anna())
	st := holding(&f)
	inner := st.decide
	st.decide = func(ctx context.Context, at Target, d Decision) (Facts, Change, error) {
		if err := ctx.Err(); err != nil {
			return Facts{}, Change{}, err
		}
		return inner(ctx, at, d)
	}
	s, _, _ := service(t, st)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := s.Cancel(gone, testCaller(), cancelRequest()); err != nil || f.Process.State != Canceled {
		t.Errorf("got %v, process %s", err, f.Process.State)
	}
}

func TestGoldenCancel(t *testing.T) {
	twin := bjorn()
	twin.Key, twin.Email = keyCilia, "Anna@Example.COM"
	noUser := factsOf(Started, signed(anna()), bjorn())
	noUser.Process.User, noUser.Company.DefaultLanguage = "", LangIs
	for name, f := range map[string]Facts{
		"cancel_nobody_signed":      withHooks(factsOf(Started, anna(), bjorn()), EventAny, EventCanceled, EventAllSigned, EventCreated),
		"cancel_before_invitation":  factsOf(Created, anna()),
		"cancel_half_signed":        withHooks(factsOf(Started, signed(anna()), bjorn()), EventAny),
		"cancel_half_signed_office": noUser,
		"cancel_by_phone_only":      factsOf(Started, cilia()),
		"cancel_nobody_reachable":   factsOf(Started, dora()),
		"cancel_one_person_twice":   factsOf(Started, anna(), twin),
		"cancel_again":              factsOf(Canceled, anna()),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideCancel(f, testUser)
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
		})
	}
}

// TestCancelRow6_UnclearExpiryAnswersAsExpired: what the lost commit wrote, or another verb did, is told as it is.
func TestCancelRow6_UnclearExpiryAnswersAsExpired(t *testing.T) {
	f := overdue(factsOf(Started, anna()))
	s, _, _ := service(t, lossy(&f, true))
	if err := s.Cancel(t.Context(), testCaller(), cancelRequest()); KindOf(err) != NotActive || f.Process.State != Expired {
		t.Errorf("got %v, process %s", err, f.Process.State)
	}
}
