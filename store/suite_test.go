package store_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

// both runs a test on each database.
func both(t *testing.T, test func(w *world), options ...func(*store.Options)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB, ...func(*store.Options)) *store.DB{
		"sqlite": innsiglitest.SQLite, "postgres": innsiglitest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open, options...)
			w.t = t
			test(w)
		})
	}
}

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a database with one company.
type world struct {
	*store.DB
	t       *testing.T
	clock   *clock
	company innsigli.Company
	flow    innsigli.Flow
	keyHash [32]byte
}

var start = time.Date(2026, 11, 23, 8, 0, 0, 123456000, time.UTC)

const keyID = "kek-1"

func newWorld(tb testing.TB, open func(testing.TB, ...func(*store.Options)) *store.DB, options ...func(*store.Options)) *world {
	tb.Helper()
	w := &world{clock: &clock{at: start}}
	w.DB = open(tb, append(options, func(o *store.Options) { o.Now = w.clock.now })...)
	if err := w.SetCurrentKey(tb.Context(), keyID); err != nil {
		tb.Fatal(err)
	}
	w.company, w.flow, w.keyHash = w.addCompany(tb)
	return w
}

func (w *world) addCompany(tb testing.TB) (innsigli.Company, innsigli.Flow, [32]byte) {
	tb.Helper()
	key := innsigli.NewCompanyKey()
	n := innsigli.NewCompany{
		Company: innsigli.Company{Key: key, Name: "Prófun ehf.", Email: "office@example.com", DefaultLanguage: innsigli.LangIs},
		Flow:    innsigli.Flow{Key: innsigli.NewFlowKey(), Company: key, Name: "Default", Active: true, CreatedAt: start},
		KeyName: "API key 1", KeyHash: sha256.Sum256([]byte(key)), WebhookKey: wrapped("hook " + string(key)),
	}
	if err := w.CreateCompany(tb.Context(), n); err != nil {
		tb.Fatal(err)
	}
	return n.Company, n.Flow, n.KeyHash
}

func wrapped(s string) innsigli.WrappedKey {
	h := sha256.Sum256([]byte(s))
	return innsigli.WrappedKey{KeyID: keyID, Bytes: append(h[:], s...)}
}

// process makes a process with n signees that is not kept yet.
func (w *world) process(n int) innsigli.NewProcess {
	key := innsigli.NewProcessKey()
	p := innsigli.Process{
		Key: key, Group: innsigli.GroupKey(key), Company: w.company.Key, Flow: w.flow.Key, State: innsigli.Created,
		FileName: "Samningur.pdf", DisplayName: "Samningur 17", Location: innsigli.BottomLastPage, User: "owner@example.com",
		Meta:      map[string]string{"ref": "A/17"},
		Flatten:   true,
		Document:  innsigli.Document{Blob: "blob-" + string(key), Size: 1234, SHA256: "aa", Pages: 3, Original: "bb", Signed: true, Certification: 2},
		CreatedAt: w.clock.now(), ExpiresAt: w.clock.now().Add(30 * 24 * time.Hour),
	}
	for i := range n {
		p.Signees = append(p.Signees, innsigli.Signee{
			Key: innsigli.NewSigneeKey(), Process: key, Name: fmt.Sprintf("Þóra Ævarsdóttir %d", i), Ssn: "0101302989",
			Phone: "+3545550000", Email: fmt.Sprintf("thora%d@example.com", i), Address: "Gata 1", PostalCode: "101", City: "Reykjavík",
			Reason: "agreed", HideCode: i%2 == 1, Delivery: innsigli.DeliverEmail, Type: innsigli.Simple, Language: innsigli.LangIs,
			CustomSms: "hæ", User: "stored@example.com",
		})
	}
	c := innsigli.Change{
		Log: []innsigli.LogEntry{{Kind: innsigli.LogCreated, Actor: p.User}},
		Jobs: []innsigli.Job{
			{Kind: innsigli.JobExpire, Due: p.ExpiresAt, Uniq: "expire:" + string(key)},
		},
	}
	return innsigli.NewProcess{Process: p, Key: wrapped(string(key)), Change: c, RequestHash: "h"}
}

func (w *world) create(tb testing.TB, signees int) innsigli.Process {
	tb.Helper()
	n := w.process(signees)
	if _, _, err := w.Create(tb.Context(), n); err != nil {
		tb.Fatal(err)
	}
	return n.Process
}

func (w *world) facts(tb testing.TB, p innsigli.ProcessKey) innsigli.Facts {
	tb.Helper()
	f, err := w.Facts(tb.Context(), innsigli.Target{Process: p})
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// change keeps a change of a process.
func (w *world) change(tb testing.TB, p innsigli.ProcessKey, c innsigli.Change) {
	tb.Helper()
	if _, _, err := w.Decide(tb.Context(), innsigli.Target{Process: p}, always(c)); err != nil {
		tb.Fatal(err)
	}
}

func always(c innsigli.Change) innsigli.Decision {
	return func(innsigli.Facts) (innsigli.Change, error) { return c, nil }
}

// kinds lists the log of a process.
func (w *world) kinds(tb testing.TB, p innsigli.ProcessKey) []innsigli.LogKind {
	tb.Helper()
	acts, err := w.Activity(tb.Context(), w.company.Key, innsigli.ActivityQuery{
		From: start.Add(-time.Hour), To: start.Add(10_000 * time.Hour), Process: p,
	})
	if err != nil {
		tb.Fatal(err)
	}
	var all []innsigli.LogKind
	for _, a := range acts {
		for _, l := range a.Lines {
			all = append(all, l.Kind)
		}
	}
	return all
}

func (w *world) claim(tb testing.TB, node string, n int) []innsigli.Job {
	tb.Helper()
	jobs, err := w.Claim(tb.Context(), node, n, 10*time.Second)
	if err != nil {
		tb.Fatal(err)
	}
	return jobs
}

func (w *world) settle(tb testing.TB, j innsigli.Job, o innsigli.Outcome) {
	tb.Helper()
	if _, err := w.Settle(tb.Context(), j, o, nil); err != nil {
		tb.Fatal(err)
	}
}

func kindsOf(jobs []innsigli.Job) []innsigli.JobKind {
	var all []innsigli.JobKind
	for _, j := range jobs {
		all = append(all, j.Kind)
	}
	return all
}

var done = innsigli.Outcome{State: innsigli.JobDone}

func isNotFound(tb testing.TB, err error) {
	tb.Helper()
	if innsigli.KindOf(err) != innsigli.NotFound {
		tb.Errorf("error is %v, want NotFound", err)
	}
}

func TestCompanyAuthenticatesByKeyAndHashTogether(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		c, err := w.Authenticate(t.Context(), w.company.Key, w.keyHash)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(innsigli.Caller{Company: w.company, KeyName: "API key 1", Key: innsigli.APIKey{ID: 1, Company: w.company.Key, Name: "API key 1"}}, c); d != "" {
			t.Error(d)
		}
		other, _, otherHash := w.addCompany(t)
		_, err = w.Authenticate(t.Context(), w.company.Key, otherHash)
		isNotFound(t, err)
		_, err = w.Authenticate(t.Context(), other.Key, w.keyHash)
		isNotFound(t, err)
		flows, err := w.Flows(t.Context(), w.company.Key)
		if d := cmp.Diff([]innsigli.Flow{w.flow}, flows); d != "" || err != nil {
			t.Error(d, err)
		}
	})
}

func TestCreateKeepsEverythingAndFactsReadItBack(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		hook, err := w.AddWebhook(t.Context(), w.company.Key, innsigli.Webhook{Flow: w.flow.Key, URL: "https://x.example/", Type: innsigli.EventCanceled})
		if err != nil {
			t.Fatal(err)
		}
		n := w.process(3)
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		f := w.facts(t, n.Process.Key)
		want := innsigli.Facts{Now: start, Company: w.company, Flow: w.flow, Process: n.Process, Webhooks: []innsigli.Webhook{hook}}
		if d := cmp.Diff(want, f); d != "" {
			t.Error(d)
		}
		key, err := w.Key(t.Context(), n.Process.Key)
		if d := cmp.Diff(n.Key, key); d != "" || err != nil {
			t.Error(d, err)
		}
		blobs, err := w.Blobs(t.Context(), n.Process.Key)
		if d := cmp.Diff([]string{n.Process.Document.Blob}, blobs); d != "" || err != nil {
			t.Error(d, err)
		}
		listed, err := w.Listed(t.Context(), []string{"nowhere", n.Process.Document.Blob})
		if d := cmp.Diff(map[string]bool{n.Process.Document.Blob: true}, listed); d != "" || err != nil {
			t.Error(d, err)
		}
		if d := cmp.Diff([]innsigli.LogKind{innsigli.LogCreated}, w.kinds(t, n.Process.Key)); d != "" {
			t.Error(d)
		}
	})
}

func TestUnknownAndForeignProcessesAreTheSameError(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		other, _, _ := w.addCompany(t)
		var texts []string
		for _, target := range []innsigli.Target{
			{Process: innsigli.NewProcessKey(), Company: w.company.Key},
			{Process: p.Key, Company: other.Key},
		} {
			_, _, err := w.Decide(t.Context(), target, func(innsigli.Facts) (innsigli.Change, error) {
				t.Error("a decision was asked about a process that is not there")
				return innsigli.Change{}, nil
			})
			isNotFound(t, err)
			texts = append(texts, err.Error())
			_, err = w.Facts(t.Context(), target)
			isNotFound(t, err)
		}
		if texts[0] != texts[1] {
			t.Errorf("a foreign process is told from an unknown one: %q", texts)
		}
	})
}

func TestErrorOfDecisionComesBackAsItIsAndKeepsNothing(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		own := errors.New("own")
		_, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
			return innsigli.Change{State: innsigli.Canceled}, own
		})
		if err != own { //nolint:errorlint // as it is, not wrapped
			t.Errorf("error is %v", err)
		}
		if s := w.facts(t, p.Key).Process.State; s != innsigli.Created {
			t.Errorf("state is %s", s)
		}
	})
}

func TestForbiddenStepKeepsNothing(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.change(t, p.Key, innsigli.Change{State: innsigli.Canceled, EndedBy: "x@example.com"})
		_, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(innsigli.Change{
			State: innsigli.Started, Log: []innsigli.LogEntry{{Kind: innsigli.LogStarted}},
		}))
		if err == nil || innsigli.KindOf(err) != 0 {
			t.Errorf("error is %v, want an internal one", err)
		}
		f := w.facts(t, p.Key)
		if f.Process.State != innsigli.Canceled || f.Process.EndedBy != "x@example.com" || !f.Process.EndedAt.Equal(start) {
			t.Errorf("process is %+v", f.Process)
		}
		if slices.Contains(w.kinds(t, p.Key), innsigli.LogStarted) {
			t.Error("a line was kept")
		}
	})
}

func TestSameIdempotencyKeyFindsTheFirstProcess(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		first := w.process(1)
		first.Idempotency, first.RequestHash = "order 17", "h1"
		if _, _, err := w.Create(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		again := w.process(1)
		again.Idempotency, again.RequestHash = "order 17", "h2"
		earlier, hash, err := w.Create(t.Context(), again)
		if err != nil || earlier != first.Process.Key || hash != "h1" {
			t.Errorf("got %q %q %v", earlier, hash, err)
		}
		_, err = w.Facts(t.Context(), innsigli.Target{Process: again.Process.Key})
		isNotFound(t, err)
		w.clock.add(24 * time.Hour)
		if earlier, _, err := w.Create(t.Context(), again); err != nil || earlier != "" {
			t.Errorf("after a day got %q %v", earlier, err)
		}
	})
}

func TestSameIdempotencyKeyAtOnceMakesOneProcess(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var mu sync.Mutex
		var made int
		keys := map[innsigli.ProcessKey]bool{}
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				n := w.process(1)
				n.Idempotency = "same"
				earlier, _, err := w.Create(context.Background(), n)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case earlier == "":
					made++
					keys[n.Process.Key] = true
				default:
					keys[earlier] = true
				}
			})
		}
		wg.Wait()
		if made != 1 || len(keys) != 1 {
			t.Errorf("made %d processes, %d keys were answered", made, len(keys))
		}
	})
}

func TestSigningLeavesItsTraces(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		who := p.Signees[0].Key
		older, token := innsigli.NewToken(), innsigli.NewToken()
		w.change(t, p.Key, innsigli.Change{State: innsigli.Started, Invited: []innsigli.SigneeKey{who}, Seen: who})
		for _, tok := range []innsigli.Token{older, token} {
			w.change(t, p.Key, innsigli.Change{Challenge: &innsigli.Challenge{
				Token: tok, Process: p.Key, Signee: who, Via: "sms", SentAt: w.clock.now(), ExpiresAt: w.clock.now().Add(10 * time.Minute),
			}})
			w.clock.add(time.Second)
		}
		f, err := w.Facts(t.Context(), innsigli.Target{Token: older})
		if err != nil || !f.Challenge.Void || f.Process.Signees[0].CodesInHour != 2 || f.Process.Signees[1].CodesInHour != 0 {
			t.Errorf("facts are %+v %v", f, err)
		}
		ch, counted, err := w.CountTry(t.Context(), token, w.clock.now())
		if err != nil || !counted || ch.Tries != 1 || ch.Signee != who {
			t.Errorf("got %+v %v %v", ch, counted, err)
		}
		reading := innsigli.Reading{LastAt: w.clock.now(), Seconds: 12, Pages: "1-3,7", Downloads: 2}
		w.change(t, p.Key, innsigli.Change{Read: &innsigli.Read{Signee: who, Reading: reading}})
		sig := innsigli.Signature{
			Signee: who, At: w.clock.now(), Token: token, Via: "sms", To: "+3545550000", SHA256: "aa",
			Act: innsigli.Act{
				From:    innsigli.Client{Address: "192.0.2.1", Agent: "Test/1"},
				Consent: innsigli.Consent{Text: "Ég samþykki.", Language: "is"},
			},
		}
		w.change(t, p.Key, innsigli.Change{Sign: []innsigli.Signature{sig}, Log: []innsigli.LogEntry{{Kind: innsigli.LogSigned, Signee: who, Client: sig.From}}})
		f, err = w.Facts(t.Context(), innsigli.Target{Process: p.Key, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		got := f.Process.Signees[0]
		want := p.Signees[0]
		want.InvitedAt, want.FirstSeenAt, want.LastTokenAt = start, start, start.Add(time.Second)
		want.RemindFrom = start
		want.WrongTries, want.CodesInHour, want.Reading = 1, 2, reading
		want.SignedAt, want.SignedBy, want.SignedVia, want.SignedTo = sig.At, token, "sms", sig.To
		want.SignedFrom, want.Consent, want.SignedSHA256 = sig.From, sig.Consent, "aa"
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if !f.Challenge.UsedAt.Equal(w.clock.now()) {
			t.Errorf("challenge is %+v", f.Challenge)
		}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(innsigli.Change{Sign: []innsigli.Signature{sig}})); err == nil {
			t.Error("a signee signed twice")
		}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(innsigli.Change{Read: &innsigli.Read{Signee: who}})); err == nil {
			t.Error("reading was noted after the signature")
		}
		w.change(t, p.Key, innsigli.Change{Erase: true})
		if got := w.facts(t, p.Key).Process.Signees[0].Reading; got != (innsigli.Reading{}) {
			t.Errorf("reading is left after the erasure: %+v", got)
		}
		w.clock.add(time.Hour)
		if n := w.facts(t, p.Key).Process.Signees[0].CodesInHour; n != 0 {
			t.Errorf("%d codes in the hour after", n)
		}
	})
}

func TestTriesAtOnceDoNotOutrunTheLimit(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		who := p.Signees[0].Key
		newCode := func() innsigli.Token {
			token := innsigli.NewToken()
			w.change(t, p.Key, innsigli.Change{Challenge: &innsigli.Challenge{
				Token: token, Signee: who, Via: "sms", SentAt: w.clock.now(), ExpiresAt: w.clock.now().Add(10 * time.Minute),
			}})
			return token
		}
		total := 0
		for range 6 {
			token := newCode()
			var mu sync.Mutex
			var wg sync.WaitGroup
			n := 0
			for range 12 {
				wg.Go(func() {
					_, counted, err := w.CountTry(context.Background(), token, w.clock.now())
					mu.Lock()
					defer mu.Unlock()
					if err != nil {
						t.Error(err)
					}
					if counted {
						n++
					}
				})
			}
			wg.Wait()
			if n > innsigli.MaxCodeTries {
				t.Errorf("%d tries of one code were counted", n)
			}
			total += n
		}
		if total != innsigli.MaxWrongTries {
			t.Errorf("%d tries in all", total)
		}
		_, _, err := w.CountTry(t.Context(), innsigli.NewToken(), w.clock.now())
		isNotFound(t, err)
		_, counted, err := w.CountTry(t.Context(), newCode(), w.clock.now().Add(10*time.Minute))
		if counted || err != nil {
			t.Errorf("a late code was counted, %v", err)
		}
	})
}

// strings reads one text column.
func (w *world) strings(tb testing.TB, text string, args ...any) []string {
	tb.Helper()
	all, err := w.Strings(tb.Context(), text, args...)
	if err != nil {
		tb.Fatal(err)
	}
	return all
}
