package store_test

import (
	"context"
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
