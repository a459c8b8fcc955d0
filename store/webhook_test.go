package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

func (w *world) hook(tb testing.TB, url string) innsigli.Webhook {
	tb.Helper()
	h, err := w.AddWebhook(tb.Context(), w.company.Key, innsigli.Webhook{Flow: w.flow.Key, URL: url})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// event orders one event of a process for a registration.
func (w *world) event(tb testing.TB, p innsigli.ProcessKey, h innsigli.Webhook, e innsigli.EventType) {
	tb.Helper()
	w.order(tb, p, innsigli.Job{
		Kind: innsigli.JobWebhook, Ref: fmt.Sprint(h.ID), Event: e, Lane: innsigli.HookLane(h.ID, p),
		Target: innsigli.HookTarget(w.company.Key, h.URL),
	})
}

func TestRegistrationsAreChangedAndDeletedByTheirCompanyOnly(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		other, foreign, _ := w.addCompany(t)
		h := w.hook(t, "https://a.example/")
		changed := h
		changed.URL, changed.Type = "https://b.example/", innsigli.EventCanceled
		isNotFound(t, w.ChangeWebhook(t.Context(), other.Key, changed))
		away := changed
		away.Flow = foreign.Key
		isNotFound(t, w.ChangeWebhook(t.Context(), w.company.Key, away))
		isNotFound(t, w.DeleteWebhook(t.Context(), other.Key, h.ID))
		if err := w.ChangeWebhook(t.Context(), w.company.Key, changed); err != nil {
			t.Fatal(err)
		}
		all, err := w.Webhooks(t.Context(), w.flow.Key)
		if d := cmp.Diff([]innsigli.Webhook{changed}, all); d != "" || err != nil {
			t.Error(d, err)
		}
		if err := w.DeleteWebhook(t.Context(), w.company.Key, h.ID); err != nil {
			t.Fatal(err)
		}
		isNotFound(t, w.DeleteWebhook(t.Context(), w.company.Key, h.ID))
		isNotFound(t, w.ChangeWebhook(t.Context(), w.company.Key, changed))
		_, err = w.Webhook(t.Context(), h.ID)
		isNotFound(t, err)
		if all, err := w.Webhooks(t.Context(), w.flow.Key); len(all) != 0 || err != nil {
			t.Error(all, err)
		}
		if f := w.facts(t, w.create(t, 1).Key); len(f.Webhooks) != 0 {
			t.Errorf("facts have %v", f.Webhooks)
		}
		// Events that wait for it must not go to whoever registers next.
		if next := w.hook(t, "https://c.example/"); next.ID == h.ID {
			t.Error("the number of a deleted registration was given again")
		}
		if left := w.strings(t, `select url from webhook where deleted_at > 0`); !cmp.Equal(left, []string{""}) {
			t.Errorf("addresses of deleted registrations: %q", left)
		}
	})
}

func TestRegistrationsAtOnceDoNotOutrunTheLimit(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		for range innsigli.MaxWebhooks - 3 {
			w.hook(t, "https://a.example/")
		}
		var mu sync.Mutex
		kept := 0
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				_, err := w.AddWebhook(context.Background(), w.company.Key, innsigli.Webhook{Flow: w.flow.Key, URL: "https://b.example/"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					kept++
				case innsigli.KindOf(err) != innsigli.Invalid:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if kept != 3 {
			t.Errorf("%d more were kept", kept)
		}
	})
}

// TestHoldIsEndedByTheLastOfItsEvents: the facts of a settlement count what still waits, without the job that is settled.
func TestHoldIsEndedByTheLastOfItsEvents(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		a, b := w.hook(t, "https://a.example/"), w.hook(t, "https://b.example/")
		w.change(t, p.Key, innsigli.Change{State: innsigli.Expired, Key: innsigli.KeyHeld})
		w.event(t, p.Key, a, innsigli.EventExpired)
		w.event(t, p.Key, b, innsigli.EventExpired)
		w.event(t, p.Key, b, innsigli.EventCreated)
		if f := w.facts(t, p.Key); !f.Held || f.Copied || f.Hooks != 2 {
			t.Errorf("held %v, copied %v, %d events", f.Held, f.Copied, f.Hooks)
		}
		jobs := w.claim(t, "n1", 9)
		if len(jobs) != 2 {
			t.Fatalf("claimed %+v", jobs)
		}
		end := func(j innsigli.Job, o innsigli.Outcome) innsigli.KeyMove {
			c, err := w.Settle(t.Context(), j, o, func(f innsigli.Facts) (c innsigli.Change, err error) {
				c.EventSettled(f)
				return c, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return c.Key
		}
		if m := end(jobs[0], innsigli.Outcome{State: innsigli.JobReady, Retry: start.Add(time.Minute)}); m != innsigli.KeyStays {
			t.Errorf("an attempt that failed: key %s", m)
		}
		if m := end(jobs[1], done); m != innsigli.KeyStays {
			t.Errorf("one of two: key %s", m)
		}
		w.clock.add(time.Minute)
		var last innsigli.Job
		for _, j := range w.claim(t, "n1", 9) {
			if j.Event == innsigli.EventExpired {
				last = j
			}
		}
		w.change(t, p.Key, innsigli.Change{Key: innsigli.HoldCopied})
		if f := w.facts(t, p.Key); !f.Held || !f.Copied {
			t.Errorf("held %v, copied %v", f.Held, f.Copied)
		}
		if m := end(last, innsigli.Outcome{State: innsigli.JobDead}); m != innsigli.HoldDestroyed {
			t.Errorf("the last one given up: key %s", m)
		}
		_, err := w.HeldKey(t.Context(), p.Key)
		isNotFound(t, err)
	})
}

// TestAReceiverThatHangsDelaysNobodyElse: however much waits for it, and however old that is.
func TestAReceiverThatHangsDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		slow, fast := w.hook(t, "https://slow.example/"), w.hook(t, "https://fast.example/")
		var keys []innsigli.ProcessKey
		for range 40 {
			p := w.create(t, 1)
			keys = append(keys, p.Key)
			w.event(t, p.Key, slow, innsigli.EventCreated)
		}
		w.clock.add(time.Minute)
		hung := w.claim(t, "n1", 128)
		if len(hung) != 4 {
			t.Fatalf("%d at once for one receiver", len(hung))
		}
		if more := w.claim(t, "n2", 128); len(more) != 0 {
			t.Errorf("another node takes %d more", len(more))
		}
		w.clock.add(time.Second)
		for _, k := range keys {
			w.event(t, k, fast, innsigli.EventCreated)
		}
		for sent := 0; sent < len(keys); {
			jobs := w.claim(t, "n1", 124)
			if len(jobs) == 0 {
				t.Fatalf("only %d of %d were sent", sent, len(keys))
			}
			for _, j := range jobs {
				if j.Ref != fmt.Sprint(fast.ID) || j.Target != innsigli.HookTarget(w.company.Key, fast.URL) {
					t.Fatalf("claimed %+v", j)
				}
				w.settle(t, j, done)
				sent++
			}
			for _, j := range hung {
				if err := w.Renew(t.Context(), j, time.Minute); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.settle(t, hung[0], done)
		if jobs := w.claim(t, "n1", 125); len(jobs) != 1 || jobs[0].Ref != fmt.Sprint(slow.ID) {
			t.Errorf("when one has ended: %+v", jobs)
		}
	})
}

// TestManyReceiversThatHangLeaveOthersAPlace: a node of 128 places has 64 for webhooks, and twenty receivers that hang
// with eight events each are given no more than 48 of them. When they have failed once they get one at a time.
func TestManyReceiversThatHangLeaveOthersAPlace(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		fast := w.hook(t, "https://fast.example/")
		for i := range 20 {
			h := w.hook(t, fmt.Sprintf("https://slow%d.example/", i))
			for range 8 {
				w.event(t, w.create(t, 1).Key, h, innsigli.EventCreated)
			}
		}
		w.clock.add(time.Minute)
		var hung []innsigli.Job
		for {
			jobs := w.claim(t, "n1", 128-len(hung))
			if len(jobs) == 0 {
				break
			}
			hung = append(hung, jobs...)
		}
		of := map[string]int{}
		for _, j := range hung {
			of[j.Target]++
		}
		if len(of) != 20 || len(hung) != 48 {
			t.Fatalf("%d events of %d receivers", len(hung), len(of))
		}
		w.event(t, w.create(t, 1).Key, fast, innsigli.EventCreated)
		if jobs := w.claim(t, "n1", 128-len(hung)); len(jobs) != 1 || jobs[0].Ref != fmt.Sprint(fast.ID) {
			t.Fatalf("beside %d that hang: %+v", len(hung), jobs)
		}
		for _, j := range hung {
			w.settle(t, j, innsigli.Outcome{State: innsigli.JobReady, Retry: w.clock.now().Add(time.Minute), Why: "hung"})
		}
		w.clock.add(time.Second)
		again := map[string]int{}
		for {
			jobs := w.claim(t, "n1", 128)
			if len(jobs) == 0 {
				break
			}
			for _, j := range jobs {
				again[j.Target]++
			}
		}
		troubled := 0
		for target, failed := range of {
			if failed < 4 {
				continue
			}
			if troubled++; again[target] != 1 {
				t.Errorf("%s has failed, and is sent %d at once", target, again[target])
			}
		}
		if troubled == 0 {
			t.Error("nobody was sent four at once")
		}
	})
}

// TestWhatWaitsFollowsAChangedAddress: also for who counts what runs at once.
func TestWhatWaitsFollowsAChangedAddress(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		h := w.hook(t, "https://a.example/")
		w.event(t, w.create(t, 1).Key, h, innsigli.EventCreated)
		h.URL = "https://b.example/"
		if err := w.ChangeWebhook(t.Context(), w.company.Key, h); err != nil {
			t.Fatal(err)
		}
		if jobs := w.claim(t, "n1", 8); len(jobs) != 1 || jobs[0].Target != innsigli.HookTarget(w.company.Key, h.URL) {
			t.Errorf("claimed %+v", jobs)
		}
	})
}

func TestDeadLettersAreListedAndOrderedOnceMore(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		h := w.hook(t, "https://a.example/")
		p := w.create(t, 1)
		w.event(t, p.Key, h, innsigli.EventCreated)
		w.event(t, p.Key, h, innsigli.EventCanceled)
		first := w.claim(t, "n1", 8)
		if len(first) != 1 {
			t.Fatalf("claimed %+v", first)
		}
		w.settle(t, first[0], innsigli.Outcome{State: innsigli.JobDead, Why: "webhook receiver answered 500"})
		list := func(company innsigli.CompanyKey, hook int64, states ...innsigli.JobState) []innsigli.HookDelivery {
			t.Helper()
			all, err := w.Deliveries(t.Context(), innsigli.DeliveryQuery{Company: company, Hook: hook, States: states, Take: 10})
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		other, _, _ := w.addCompany(t)
		for name, n := range map[string][2]int{
			"all": {2, len(list("", h.ID))}, "of the company": {2, len(list(w.company.Key, 0))}, "of another": {0, len(list(other.Key, 0))},
			"of another registration": {0, len(list("", h.ID+1))},
		} {
			if n[0] != n[1] {
				t.Errorf("%s: %d deliveries, want %d", name, n[1], n[0])
			}
		}
		want := innsigli.HookDelivery{
			ID: first[0].UID, Hook: h.ID, Company: w.company.Key, Process: p.Key, Event: innsigli.EventCreated, State: innsigli.JobDead,
			Attempts: 1, At: start, EndedAt: start, Why: "webhook receiver answered 500",
		}
		if d := cmp.Diff([]innsigli.HookDelivery{want}, list(w.company.Key, h.ID, innsigli.JobDead)); d != "" {
			t.Error(d)
		}
		for name, tc := range map[string]struct {
			hook        int64
			id          string
			in          innsigli.FlowSet
			done, found bool
		}{
			"of another registration": {h.ID + 1, want.ID, "", false, false},
			"of another flow":         {h.ID, want.ID, innsigli.FlowsOf("f-"), false, false},
			"of no flow":              {h.ID, want.ID, innsigli.FlowsOf(), false, false},
			"unknown":                 {h.ID, "00", "", false, false},
			"waiting":                 {0, list("", h.ID, innsigli.JobReady, innsigli.JobRunning)[0].ID, "", false, true},
		} {
			if done, found, err := w.Replay(t.Context(), tc.hook, tc.id, tc.in); done != tc.done || found != tc.found || err != nil {
				t.Errorf("%s: %v %v %v", name, done, found, err)
			}
		}
		if done, found, err := w.Replay(t.Context(), h.ID, want.ID, innsigli.FlowsOf(w.flow.Key)); !done || !found || err != nil {
			t.Fatal(done, found, err)
		}
		// It is the same event, at its place before the later one, with attempts of its own.
		again := w.claim(t, "n1", 8)
		if len(again) != 1 || again[0].UID != want.ID || again[0].Attempt != 2 || again[0].Earlier != 1 || again[0].Lane != first[0].Lane || !again[0].At.Equal(start) {
			t.Errorf("claimed %+v", again)
		}
	})
}

func TestFormerWebhookKeyLastsForItsTime(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		c := w.company.Key
		was, err := w.WebhookKeys(t.Context(), c)
		if err != nil || was.Former.KeyID != "" {
			t.Fatal(was, err)
		}
		keys := func() innsigli.WebhookKeys {
			t.Helper()
			k, err := w.WebhookKeys(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		second, third := wrapped("second"), wrapped("third")
		if err := w.RotateWebhookKey(t.Context(), c, second, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(innsigli.WebhookKeys{Current: second, Former: was.Current, Until: start.Add(time.Hour)}, keys()); d != "" {
			t.Error(d)
		}
		if n, err := w.KeyIDs(t.Context()); err != nil || n[""] != 0 {
			t.Errorf("keys by the one that wraps them: %v %v", n, err)
		}
		w.clock.add(time.Hour + innsigli.KeyAfterglow - time.Second)
		if k := keys(); k.Former.KeyID == "" {
			t.Error("the former key is gone before the last attempts of its events")
		}
		w.clock.add(time.Second)
		if k := keys(); k.Former.KeyID != "" {
			t.Errorf("the former key lasts longer: %+v", k)
		}
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.clock.add(time.Second)
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := w.strings(t, `select company from webhook_old_key`); len(left) != 0 {
			t.Errorf("left %q", left)
		}
		if err := w.RotateWebhookKey(t.Context(), c, third, w.clock.now()); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(innsigli.WebhookKeys{Current: third}, keys()); d != "" {
			t.Error(d)
		}
		isNotFound(t, w.RotateWebhookKey(t.Context(), innsigli.NewCompanyKey(), second, start.Add(9*time.Hour)))
		stale := second
		stale.KeyID = "another"
		if err := w.RotateWebhookKey(t.Context(), c, stale, start.Add(9*time.Hour)); !errors.Is(err, innsigli.ErrRewrap) {
			t.Errorf("wrapped under another key: %v", err)
		}
	})
}
