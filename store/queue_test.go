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

// jobs orders jobs for a process.
func (w *world) order(tb testing.TB, p innsigli.ProcessKey, jobs ...innsigli.Job) {
	tb.Helper()
	w.change(tb, p, innsigli.Change{Jobs: jobs})
}

func TestJobComesBackAsItWasOrdered(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.clock.add(time.Minute)
		want := innsigli.Job{
			Kind: innsigli.JobMailInvite, Signee: p.Signees[0].Key, Ref: "ref", Event: innsigli.EventCreated, Address: "a@example.com",
			Language: innsigli.LangIs, Lane: "lane", Uniq: "u1",
		}
		w.order(t, p.Key, want, want) // the second has the same Uniq
		got := w.claim(t, "n1", 10)
		if len(got) != 1 {
			t.Fatalf("claimed %d jobs", len(got))
		}
		want.ID, want.UID, want.Process, want.Attempt, want.Target = got[0].ID, got[0].UID, p.Key, 1, "example.com"
		want.Due, want.At = w.clock.now(), w.clock.now()
		if d := cmp.Diff(want, got[0]); d != "" {
			t.Error(d)
		}
		if len(want.UID) != 32 {
			t.Errorf("UID is %q", want.UID)
		}
		w.settle(t, got[0], done)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite, Uniq: "u1"}) // free again
		if n := len(w.claim(t, "n1", 10)); n != 1 {
			t.Errorf("claimed %d jobs", n)
		}
	})
}

func TestJobsAreClaimedOldestFirstAndNotBeforeTheyAreDue(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key,
			innsigli.Job{Kind: innsigli.JobMailCanceled, Due: start.Add(2 * time.Second)},
			innsigli.Job{Kind: innsigli.JobMailInvite, Due: start.Add(time.Second)},
			innsigli.Job{Kind: innsigli.JobPurge, Due: start.Add(3 * time.Second)},
		)
		if got := w.claim(t, "n1", 10); len(got) != 0 {
			t.Errorf("claimed %v too early", kindsOf(got))
		}
		w.clock.add(time.Minute)
		want := []innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobMailCanceled, innsigli.JobPurge}
		if d := cmp.Diff(want, kindsOf(w.claim(t, "n1", 10))); d != "" {
			t.Error(d)
		}
	})
}

func TestRetryWaitsAndDeadLetterKeepsItsAddress(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite, Address: "a@example.com"})
		j := w.claim(t, "n1", 1)[0]
		w.settle(t, j, innsigli.Outcome{State: innsigli.JobReady, Retry: start.Add(time.Minute), Why: "greylisted"})
		if got := w.claim(t, "n1", 1); len(got) != 0 {
			t.Errorf("claimed %v", got)
		}
		w.clock.add(time.Minute)
		j = w.claim(t, "n1", 1)[0]
		if j.Attempt != 2 || j.Address != "a@example.com" {
			t.Errorf("job is %+v", j)
		}
		w.settle(t, j, innsigli.Outcome{State: innsigli.JobDead, Why: "no such mailbox"})
		b, err := w.Backlog(t.Context())
		if err != nil || b.Dead[innsigli.JobMailInvite] != 1 || b.Running != 0 || b.Ready[innsigli.JobExpire] != 1 {
			t.Errorf("backlog is %+v %v", b, err)
		}
		if got := w.strings(t, `select address from job where state = 'dead'`); !cmp.Equal(got, []string{"a@example.com"}) {
			t.Errorf("addresses of dead letters are %q", got)
		}
	})
}

func TestFinishedJobsForgetTheirAddress(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailCanceled, Address: "a@example.com", Lane: "l1"},
			innsigli.Job{Kind: innsigli.JobMailInvite, Address: "b@example.com", Lane: "l2"})
		jobs := w.claim(t, "n1", 1)
		w.settle(t, jobs[0], done)
		w.change(t, p.Key, innsigli.Change{Drop: []innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobMailCanceled}})
		if got := w.strings(t, `select address || lane from job where address || lane <> ''`); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
	})
}

func TestLeaseBringsTheJobOfADeadWorkerToAnother(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobSeal})
		first := w.claim(t, "killed", 1)[0]
		w.clock.add(9 * time.Second)
		if got := w.claim(t, "n2", 1); len(got) != 0 {
			t.Errorf("claimed %v while the lease lasts", got)
		}
		if err := w.Renew(t.Context(), first, 10*time.Second); err != nil {
			t.Fatal(err)
		}
		w.clock.add(9 * time.Second)
		if got := w.claim(t, "n2", 1); len(got) != 0 {
			t.Errorf("claimed %v while the renewed lease lasts", got)
		}
		w.clock.add(time.Second)
		second := w.claim(t, "n2", 1)
		if len(second) != 1 || second[0].Attempt != 2 || second[0].UID != first.UID {
			t.Fatalf("claimed %+v", second)
		}
		// The first was only slow. Nothing of what it wants is kept.
		_, err := w.Settle(t.Context(), first, done, always(innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogCompleted}}}))
		if !errors.Is(err, innsigli.ErrLost) {
			t.Errorf("error is %v", err)
		}
		if err := w.Renew(t.Context(), first, time.Second); !errors.Is(err, innsigli.ErrLost) {
			t.Errorf("error is %v", err)
		}
		if ok, err := w.Wanted(t.Context(), first); ok || err != nil {
			t.Errorf("the lost job is still wanted, %v", err)
		}
		if ok, err := w.Wanted(t.Context(), second[0]); !ok || err != nil {
			t.Errorf("the job is not wanted, %v", err)
		}
		if d := cmp.Diff([]innsigli.LogKind{innsigli.LogCreated}, w.kinds(t, p.Key)); d != "" {
			t.Error(d)
		}
	})
}

func TestSettleKeepsOutcomeAndChangeInOneCommit(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite, Signee: p.Signees[0].Key})
		j := w.claim(t, "n1", 1)[0]
		refuse := errors.New("refused")
		_, err := w.Settle(t.Context(), j, done, func(innsigli.Facts) (innsigli.Change, error) { return innsigli.Change{}, refuse })
		if err != refuse { //nolint:errorlint // as it is, not wrapped
			t.Errorf("error is %v", err)
		}
		if ok, err := w.Wanted(t.Context(), j); !ok || err != nil {
			t.Errorf("a refused settlement was kept, %v", err)
		}
		c, err := w.Settle(t.Context(), j, done, func(f innsigli.Facts) (innsigli.Change, error) {
			if f.Process.Key != p.Key || len(f.Process.Signees) != 1 {
				t.Errorf("facts are %+v", f)
			}
			return innsigli.Change{State: innsigli.Started, Invited: []innsigli.SigneeKey{p.Signees[0].Key}, Jobs: []innsigli.Job{{Kind: innsigli.JobPurge}}}, nil
		})
		if err != nil || c.State != innsigli.Started {
			t.Errorf("kept %v %v", c, err)
		}
		f := w.facts(t, p.Key)
		if f.Process.State != innsigli.Started || f.Process.Signees[0].InvitedAt.IsZero() {
			t.Errorf("process is %+v", f.Process)
		}
		if d := cmp.Diff([]innsigli.JobKind{innsigli.JobPurge}, kindsOf(w.claim(t, "n1", 5))); d != "" {
			t.Error(d)
		}
	})
}

func TestDroppedJobsDoNotRunAnyMore(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite}, innsigli.Job{Kind: innsigli.JobSmsInvite}, innsigli.Job{Kind: innsigli.JobMailCode})
		held := w.claim(t, "n1", 2)
		w.change(t, p.Key, innsigli.Change{Drop: []innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobSmsInvite, innsigli.JobMailCode, innsigli.JobExpire}})
		for _, j := range held {
			if ok, err := w.Wanted(t.Context(), j); ok || err != nil {
				t.Errorf("%s is still wanted, %v", j.Kind, err)
			}
		}
		w.settle(t, held[0], done) // it had been handed over before
		w.settle(t, held[1], innsigli.Outcome{State: innsigli.JobReady, Retry: start})
		w.clock.add(40 * 24 * time.Hour)
		if got := w.claim(t, "n1", 9); len(got) != 0 {
			t.Errorf("claimed %v", kindsOf(got))
		}
		got := w.strings(t, `select kind || ' ' || state from job order by id`)
		want := []string{"expire dropped", "mail.invitation done", "sms.invitation dropped", "mail.code dropped"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestDroppedJobOfADeadWorkerEndsWithItsLease(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite, Address: "a@example.com"})
		w.claim(t, "killed", 1)
		w.change(t, p.Key, innsigli.Change{Drop: []innsigli.JobKind{innsigli.JobMailInvite}})
		w.clock.add(time.Minute)
		if got := w.claim(t, "n2", 9); len(got) != 0 {
			t.Errorf("claimed %v", kindsOf(got))
		}
		if got := w.strings(t, `select state || address from job where kind = 'mail.invitation'`); !cmp.Equal(got, []string{"dropped"}) {
			t.Errorf("job is %q", got)
		}
	})
}

func TestLaneHoldsBackWhatMustNotOvertake(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		// A mail and a webhook lane, with two each.
		w.order(t, p.Key,
			innsigli.Job{Kind: innsigli.JobMailInvite, Lane: "m"}, innsigli.Job{Kind: innsigli.JobMailCanceled, Lane: "m"},
			innsigli.Job{Kind: innsigli.JobWebhook, Lane: "h", Event: innsigli.EventCreated}, innsigli.Job{Kind: innsigli.JobWebhook, Lane: "h", Event: innsigli.EventCanceled},
		)
		first := w.claim(t, "n1", 10)
		if d := cmp.Diff([]innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobWebhook}, kindsOf(first)); d != "" {
			t.Fatal(d)
		}
		if got := w.claim(t, "n2", 10); len(got) != 0 {
			t.Errorf("claimed %v while the earlier run", kindsOf(got))
		}
		for _, j := range first {
			w.settle(t, j, innsigli.Outcome{State: innsigli.JobReady, Retry: start.Add(time.Minute)})
		}
		// The later mail does not wait for a retry, the later event does.
		second := w.claim(t, "n2", 10)
		if d := cmp.Diff([]innsigli.JobKind{innsigli.JobMailCanceled}, kindsOf(second)); d != "" {
			t.Error(d)
		}
		w.clock.add(time.Minute)
		if err := w.Renew(t.Context(), second[0], time.Minute); err != nil {
			t.Fatal(err)
		}
		third := w.claim(t, "n1", 10)
		if len(third) != 1 || third[0].Event != innsigli.EventCreated {
			t.Errorf("claimed %+v", third)
		}
	})
}

func TestHangingWebhooksLeavePlacesForMails(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		var jobs []innsigli.Job
		for i := range 20 {
			jobs = append(jobs, innsigli.Job{Kind: innsigli.JobWebhook, Lane: fmt.Sprint("h", i), Target: fmt.Sprint("t", i)})
		}
		w.order(t, p.Key, jobs...)
		if n := len(w.claim(t, "n1", 8)); n != 4 {
			t.Errorf("%d of 8 places were given to webhooks", n)
		}
		if n := len(w.claim(t, "n1", 4)); n != 0 {
			t.Errorf("%d of the other 4 too", n)
		}
		w.clock.add(time.Second)
		for range 20 {
			w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobMailInvite})
		}
		if got := kindsOf(w.claim(t, "n1", 4)); !cmp.Equal(got, []innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobMailInvite}) {
			t.Errorf("claimed %v", got)
		}
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobSeal})
		if got := kindsOf(w.claim(t, "n1", 2)); !cmp.Equal(got, []innsigli.JobKind{innsigli.JobSeal}) {
			t.Errorf("claimed %v", got)
		}
	})
}

func TestReleaseGivesBackOnlyTheNodesOwn(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobSeal}, innsigli.Job{Kind: innsigli.JobPurge})
		w.claim(t, "n1", 1)
		w.claim(t, "n2", 1)
		if err := w.Release(t.Context(), "n1"); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]innsigli.JobKind{innsigli.JobSeal}, kindsOf(w.claim(t, "n3", 9))); d != "" {
			t.Error(d)
		}
		if err := w.ReleaseAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(w.claim(t, "n3", 9)); n != 2 {
			t.Errorf("claimed %d jobs", n)
		}
	})
}

func TestEveryJobIsClaimedOnce(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		const n = 300
		p := w.create(t, 1)
		var jobs []innsigli.Job
		for i := range n {
			jobs = append(jobs, innsigli.Job{Kind: innsigli.JobMailInvite, Ref: fmt.Sprint(i), Lane: fmt.Sprint("l", i%40)})
		}
		w.order(t, p.Key, jobs...)
		var mu sync.Mutex
		seen := map[string]int{}
		inLane := map[string]int{}
		var wg sync.WaitGroup
		for worker := range 6 {
			wg.Go(func() {
				node := fmt.Sprint("n", worker)
				for {
					got, err := w.Claim(context.Background(), node, 7, time.Minute)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, j := range got {
						seen[j.Ref]++
						if inLane[j.Lane]++; inLane[j.Lane] > 1 {
							t.Errorf("two jobs of lane %s at once", j.Lane)
						}
					}
					left := len(seen) < n
					mu.Unlock()
					for _, j := range got {
						mu.Lock()
						inLane[j.Lane]--
						mu.Unlock()
						if _, err := w.Settle(context.Background(), j, done, nil); err != nil {
							t.Error(err)
							return
						}
					}
					if t.Failed() {
						return
					}
					if !left && len(got) == 0 {
						return
					}
				}
			})
		}
		wg.Wait()
		for ref, times := range seen {
			if times != 1 {
				t.Errorf("job %s was claimed %d times", ref, times)
			}
		}
	})
}

func TestSweepTakesWhatNobodyNeeds(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.process(1)
		n.Idempotency = "once"
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		p := n.Process
		w.change(t, p.Key, innsigli.Change{Challenge: &innsigli.Challenge{
			Token: innsigli.NewToken(), Signee: p.Signees[0].Key, Via: "sms", SentAt: start, ExpiresAt: start.Add(innsigli.CodeLifetime),
		}})
		w.order(t, p.Key, innsigli.Job{Kind: innsigli.JobSeal}, innsigli.Job{Kind: innsigli.JobMailInvite})
		w.settle(t, w.claim(t, "n1", 1)[0], done)
		w.settle(t, w.claim(t, "n1", 1)[0], innsigli.Outcome{State: innsigli.JobDead})
		for _, step := range []struct {
			wait time.Duration
			want int
		}{
			{0, 0},
			{25 * time.Hour, 3}, // the code, the Idempotency-Key, and the count of addresses written to
			{6 * 24 * time.Hour, 1},
			{time.Hour, 0},
		} {
			w.clock.add(step.wait)
			if got, err := w.Sweep(t.Context()); got != step.want || err != nil {
				t.Errorf("after %s %d rows went, want %d, %v", step.wait, got, step.want, err)
			}
		}
		if b, err := w.Backlog(t.Context()); err != nil || b.Dead[innsigli.JobMailInvite] != 1 {
			t.Errorf("the dead letter went: %+v %v", b, err)
		}
	})
}
