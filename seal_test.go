package innsigli

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestGoldenComplete(t *testing.T) {
	twin := signed(bjorn())
	twin.Email = "ANNA@example.com"
	sealed := Document{Blob: "sealed", Size: 4321, SHA256: shownSHA256}
	for name, f := range map[string]Facts{
		"complete_two":       withHooks(factsOf(Sealing, signed(anna()), signed(bjorn())), EventAny, EventAllSigned, EventCanceled),
		"complete_by_phone":  factsOf(Sealing, signed(cilia())),
		"complete_one_twice": factsOf(Sealing, signed(anna()), twin),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := decideCompleted(f, sealed, nil)
			if err != nil {
				t.Fatal(err)
			}
			keepsSecrets(t, c)
			golden(t, name, c)
			if c.Sealed == nil || *c.Sealed != sealed {
				t.Errorf("sealed %+v", c.Sealed)
			}
			if c.Key != KeyStays {
				t.Errorf("key %s: a completed document stays readable", c.Key)
			}
		})
	}
}

func TestOnlyASealingProcessIsCompleted(t *testing.T) {
	for _, st := range everyState() {
		c, err := decideCompleted(factsOf(st, signed(anna())), Document{Blob: "sealed"}, nil)
		if err != nil || c.Empty() == (st == Sealing) {
			t.Errorf("%s: %v\n%s", st, err, c)
		}
	}
}

func TestCompletedLineNamesTheLastSigner(t *testing.T) {
	a, b := signed(anna()), signed(bjorn())
	b.SignedAt = a.SignedAt.Add(time.Second)
	for _, signees := range [][]Signee{{a, b}, {b, a}} {
		if got := lastSigner(Process{Signees: signees}); got != keyBjorn {
			t.Errorf("got %s", got)
		}
	}
	if got := lastSigner(Process{}); got != "" {
		t.Errorf("nobody: %q", got)
	}
}

func TestSealJobCompletesWithTheSealedDocument(t *testing.T) {
	f := factsOf(Sealing, signed(anna()), signed(bjorn()))
	s, paper, _, opened := sealing(t, &f)
	d, err := s.SealJob(t.Context(), Job{Kind: JobSeal, Process: testProcess})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d(f)
	if err != nil || c.State != Completed || c.Sealed.Blob != "new1" || c.Sealed.Size <= int64(len(onePage())) {
		t.Errorf("%v, change:\n%s", err, c)
	}
	if !s.Blobs.(*fakeBlobs).made.committed || len(paper.marks) != 2 || paper.evidence.Outcome != outcomeCompleted {
		t.Errorf("committed %v, %d marks, outcome %q", s.Blobs.(*fakeBlobs).made.committed, len(paper.marks), paper.evidence.Outcome)
	}
	if !(*opened)[0].closed {
		t.Error("the intake blob stays open")
	}
	f.Process.State = Completed // another node was faster
	if c, err := d(f); err != nil || !c.Empty() {
		t.Errorf("second settlement: %v\n%s", err, c)
	}
}

func TestSealJobDoesNothingUnlessSealing(t *testing.T) {
	for _, st := range everyState() {
		if st == Sealing {
			continue
		}
		f := factsOf(st, signed(anna()))
		s, paper, store, _ := sealing(t, &f)
		d, err := s.SealJob(t.Context(), Job{Process: testProcess})
		if d != nil || err != nil || len(paper.marks) != 0 || len(store.calls) != 1 {
			t.Errorf("%s: decision %v, %v, calls %v", st, d != nil, err, store.calls)
		}
	}
}

func TestSealJobIsTriedAgainAfterAnyFailure(t *testing.T) {
	down := errors.New("away")
	f := factsOf(Sealing, signed(anna()))
	s, _, st, _ := sealing(t, &f)
	st.key = failKey(down)
	if d, err := s.SealJob(t.Context(), Job{Process: testProcess}); d != nil || !errors.Is(err, down) || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
	s, _, _, _ = sealing(t, &f)
	s.Blobs = &fakeBlobs{open: func(string) (BlobReader, error) { return nil, down }}
	if d, err := s.SealJob(t.Context(), Job{Process: testProcess}); d != nil || !errors.Is(err, down) || IsPermanent(err) {
		t.Errorf("got %v", err)
	}
}

func TestSealedDocumentIsForCompletedProcessesOnly(t *testing.T) {
	for _, st := range everyState() {
		f := factsOf(st, signed(anna()))
		f.Process.Sealed = Document{Blob: testBlobName, Size: 3}
		s, _, _, opened := sealing(t, &f)
		a, err := s.SealedDocument(t.Context(), testProcess)
		if (err == nil) != (st == Completed) {
			t.Errorf("%s: %v", st, err)
		}
		if st == Completed {
			if err := a.Close(); err != nil || !(*opened)[0].closed {
				t.Errorf("close: %v", err)
			}
		} else if KindOf(err) != NotActive || len(*opened) != 0 {
			t.Errorf("%s: %v, opened %d", st, err, len(*opened))
		}
	}
}

func TestSealReasonNeverClaimsThatEveryoneSigned(t *testing.T) {
	if got := sealReason(outcomeCompleted); !strings.HasSuffix(got, "after everyone had signed") {
		t.Errorf("%q", got)
	}
	for _, outcome := range []string{outcomeCanceled, outcomeExpired} {
		got := sealReason(outcome)
		if !strings.Contains(got, outcome) || !strings.Contains(got, "before everyone had signed") {
			t.Errorf("%q", got)
		}
	}
}

// TestEvidenceLeavesOutWhatIsNotKnown: a reader must not take an empty value for a fact.
func TestEvidenceLeavesOutWhatIsNotKnown(t *testing.T) {
	f := factsOf(Canceled, signed(anna()), bjorn())
	lines := []LogEntry{{Kind: LogOtpSent, At: testNow, Signee: keyAnna, Detail: "Sms", Mail: "+3545550001", Actor: "anna@example.com"}}
	e := evidenceOf(f, outcomeCanceled, testNow, lines)
	if e.Version != EvidenceVersion || e.Outcome != outcomeCanceled || e.Document.SHA256 != shownSHA256 || e.Language != LangIs {
		t.Errorf("evidence %+v", e)
	}
	if len(e.Signees) != 2 || !e.Signees[0].Signed || e.Signees[1].Signed || e.Signees[1].SignedAt != nil || e.Signees[1].Shown != "" {
		t.Errorf("signees %+v", e.Signees)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Signees []map[string]any `json:"signees"`
		Events  []map[string]any `json:"events"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"signedAt", "invitedAt", "firstSeenAt", "codeSentBy", "codeSentTo", "ipAddress", "shownSha256", "phone"} {
		if v, ok := out.Signees[1][member]; ok {
			t.Errorf("who has not signed has %s: %v", member, v)
		}
	}
	if len(out.Events) != 1 || len(out.Events[0]) != 4 {
		t.Errorf("an event says more than time, kind, signee and detail: %v", out.Events)
	}
	if strings.Contains(string(raw), string(keyAnna)) {
		t.Error("the evidence holds the key of a link")
	}
}

func TestEvidenceHoldsThePersonalCodeUnlessItIsHidden(t *testing.T) {
	for _, hide := range []bool{false, true} {
		you := signed(anna())
		you.Ssn, you.HideCode = "1203893389", hide
		raw, err := json.Marshal(evidenceOf(factsOf(Sealing, you), outcomeCompleted, testNow, nil))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(raw), `"personalCode":"120389-3389"`) == hide || hide && strings.Contains(string(raw), "3389") {
			t.Errorf("hidden %v: %s", hide, raw)
		}
	}
}

func TestEvidenceTellsMessagesOpeningsAndAnswers(t *testing.T) {
	f := factsOf(Sealing, signed(anna()), bjorn())
	f.Process.Signees[0].SignedBy, f.Process.Signees[0].WrongTries = "to01", 2
	f.Process.Signees[0].Consent = Consent{"I agree.", "en"}
	f.Process.Signees[0].Reading = Reading{testNow, 75, "1-2", 1}
	f.Challenge = Challenge{Token: "to01", SentAt: testNow.Add(-time.Minute), Tries: 3}
	s, paper, st, _ := sealing(t, &f)
	st.activity = func(ActivityQuery) ([]Activity, error) {
		return []Activity{{Lines: []LogEntry{
			{Kind: LogCreated, At: testNow, Actor: testKeyName},
			{Kind: LogSignupSent, At: testNow, Signee: keyAnna, Detail: "Email", Mail: "anna@example.com", Message: "c0ffee"},
			{Kind: LogViewed, At: testNow, Signee: keyAnna, Client: Client{"192.0.2.1", "Firefox"}},
			{Kind: LogDrawn, At: testNow, Signee: keyAnna, Detail: Typed},
			{Kind: LogOtpSent, At: testNow, Signee: keyAnna, Detail: "Sms", Mail: "+3545550100"},
			{Kind: LogSignupSent, At: testNow, Signee: keyBjorn, Detail: "Sms"},
		}}}, nil
	}
	if _, err := s.SealJob(t.Context(), Job{Kind: JobSeal, Process: testProcess}); err != nil {
		t.Fatal(err)
	}
	e := paper.evidence
	a, b := e.Signees[0], e.Signees[1]
	if e.Process.CreatedBy != testKeyName || e.Seal == nil || e.Seal.Subject != "CN=Acme seal" || len(e.Seal.SHA256) != 64 {
		t.Errorf("process %+v, seal %+v", e.Process, e.Seal)
	}
	checkActs(t, a, b)
	if a.CodeTries != 3 || a.Wrong != 2 || a.CodeAt == nil || !a.CodeAt.Equal(testNow.Add(-time.Minute)) {
		t.Errorf("answers %+v", a)
	}
	if len(a.Invitations) != 1 || !cmp.Equal(a.Invitations[0], EvidenceMessage{At: testNow, Via: "email", To: "anna@example.com", ID: "c0ffee"}) ||
		len(a.Codes) != 1 || a.Codes[0].Via != "sms" || len(a.Openings) != 1 || a.Openings[0].Address != "192.0.2.1" {
		t.Errorf("messages and openings %+v", a)
	}
	if len(b.Invitations) != 1 || b.CodeTries != 0 || b.CodeAt != nil || len(b.Openings) != 0 {
		t.Errorf("the other person %+v", b)
	}
}

// checkActs: a agreed and read, b did neither.
func checkActs(t *testing.T, a, b EvidenceSignee) {
	t.Helper()
	if a.Consent == nil || *a.Consent != (EvidenceConsent{"I agree.", "en", "826ff0dab649"}) || b.Consent != nil {
		t.Errorf("consent %+v, %+v", a.Consent, b.Consent)
	}
	if a.Act != "typed" || b.Act != "" {
		t.Errorf("acts %q, %q", a.Act, b.Act)
	}
	if r := a.Reading; r == nil || !r.LastAt.Equal(testNow) || r.Seconds != 75 || r.Pages != "1-2" || r.Downloads != 1 || b.Reading != nil {
		t.Errorf("reading %+v, %+v", a.Reading, b.Reading)
	}
}

// TestTheLastChoiceIsHowSomebodySigned: another's choices, and what was taken back, say nothing.
func TestTheLastChoiceIsHowSomebodySigned(t *testing.T) {
	drawn, typed, back := LogEntry{Kind: LogDrawn, Detail: Drawn}, LogEntry{Kind: LogDrawn, Detail: Typed}, LogEntry{Kind: LogUndrawn}
	for want, orders := range map[string][][]LogEntry{
		"drawn": {{drawn}, {typed, drawn}, {drawn, back, drawn}},
		"typed": {{typed}, {drawn, typed}},
		"plain": {nil, {drawn, back}, {{Kind: LogOtpSent, Detail: "Sms"}}},
	} {
		for _, lines := range orders {
			lines = append([]LogEntry{}, lines...)
			for i := range lines {
				lines[i].Signee = keyAnna
			}
			lines = append(lines, LogEntry{Kind: LogDrawn, Detail: "Other", Signee: keyBjorn})
			e := evidenceOf(factsOf(Canceled, signed(anna()), bjorn()), outcomeCanceled, testNow, lines)
			if e.Signees[0].Act != want || e.Signees[1].Act != "" {
				t.Errorf("%v: %q and %q, want %q", lines, e.Signees[0].Act, e.Signees[1].Act, want)
			}
		}
	}
}

func TestEvidenceIsInTheLanguageThatTheSigneesShare(t *testing.T) {
	with := func(company Language, people ...Language) Language {
		f := Facts{Company: Company{DefaultLanguage: company}}
		for _, l := range people {
			f.Process.Signees = append(f.Process.Signees, Signee{Language: l})
		}
		return evidenceLanguage(f)
	}
	for i, c := range []struct{ got, want Language }{
		{with(LangIs, LangEn, LangEn), LangEn},
		{with(LangIs, LangEn, LangDe), LangIs},
		{with(LangIs, LangNotSet, LangIs), LangIs},
		{with(LangNotSet, LangDe, LangIs), LangDe},
		{with(LangNotSet, LangNotSet), LangEn},
		{with(LangIs), LangIs},
	} {
		if c.got != c.want {
			t.Errorf("case %d: %s, want %s", i, c.got.Tag(), c.want.Tag())
		}
	}
}
