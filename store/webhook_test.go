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
