package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

// roundSize is how many transactions of each sort are measured in turn: disks change their mood by the second.
const roundSize = 160

// BenchmarkCancel compares the transaction of a cancel (three people, one webhook) with the bare durable commit of one
// row by the same handle on the same disk. The metric "x-floor" is how many times longer the cancel takes.
func BenchmarkCancel(b *testing.B) {
	for _, database := range []struct {
		name string
		open func(testing.TB, ...func(*store.Options)) *store.DB
	}{{"sqlite", innsiglitest.SQLite}, {"postgres", innsiglitest.DurablePostgres}} {
		for _, callers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/callers=%d", database.name, callers), func(b *testing.B) { benchCancel(b, database.open, callers) })
		}
	}
}

func benchCancel(b *testing.B, open func(testing.TB, ...func(*store.Options)) *store.DB, callers int) {
	b.Helper()
	w := newWorld(b, open)
	if _, err := w.AddWebhook(b.Context(), w.company.Key, innsigli.Webhook{Flow: w.flow.Key, URL: "https://x.example/", Type: innsigli.EventCanceled}); err != nil {
		b.Fatal(err)
	}
	var floor, cancel time.Duration
	b.ResetTimer()
	for left := b.N; left > 0; left -= roundSize {
		n := min(left, roundSize)
		b.StopTimer()
		all := make([]innsigli.Process, n)
		parallel(b, callers, n, func(ctx context.Context, i int) error {
			p := w.process(3)
			for _, s := range p.Process.Signees {
				p.Change.Jobs = append(p.Change.Jobs, innsigli.Job{Kind: innsigli.JobMailInvite, Signee: s.Key, Address: s.Email, Uniq: "invite:" + string(s.Key)})
			}
			all[i] = p.Process
			_, _, err := w.Create(ctx, p)
			return err
		})
		floor += parallel(b, callers, n, func(ctx context.Context, i int) error { return w.Floor(ctx, string(all[i].Group)) })
		b.StartTimer()
		cancel += parallel(b, callers, n, func(ctx context.Context, i int) error {
			_, _, err := w.Decide(ctx, innsigli.Target{Process: all[i].Key, Company: w.company.Key}, cancelLike)
			return err
		})
	}
	b.ReportMetric(float64(b.N)/cancel.Seconds(), "cancels/s")
	b.ReportMetric(float64(b.N)/floor.Seconds(), "floor/s")
	b.ReportMetric(cancel.Seconds()/floor.Seconds(), "x-floor")
}

// cancelLike is the change of a cancel that nobody has signed before.
func cancelLike(f innsigli.Facts) (innsigli.Change, error) {
	c := innsigli.Change{
		State: innsigli.Canceled, EndedBy: "boss@example.com", Key: innsigli.KeyDestroyed,
		Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled, Actor: "boss@example.com"}},
		Drop: []innsigli.JobKind{
			innsigli.JobMailInvite, innsigli.JobSmsInvite, innsigli.JobMailCode, innsigli.JobSmsCode, innsigli.JobExpire,
		},
	}
	for _, s := range f.Process.Signees {
		c.Jobs = append(c.Jobs, innsigli.Job{Kind: innsigli.JobMailCanceled, Signee: s.Key, Address: s.Email, Lane: "to:" + string(s.Key)})
	}
	for _, h := range f.Webhooks {
		c.Jobs = append(c.Jobs, innsigli.Job{Kind: innsigli.JobWebhook, Ref: fmt.Sprint(h.ID), Event: innsigli.EventCanceled, Lane: "hook:" + string(f.Process.Key)})
	}
	c.Jobs = append(c.Jobs, innsigli.Job{Kind: innsigli.JobPurge, Uniq: "purge:" + string(f.Process.Key)})
	return c, nil
}

// parallel calls do for 0 to n-1 from so many callers and says how long it took.
func parallel(b *testing.B, callers, n int, do func(context.Context, int) error) time.Duration {
	b.Helper()
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	begun := innsiglitest.Now()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range next {
				if err := do(b.Context(), i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return innsiglitest.Now().Sub(begun)
}
