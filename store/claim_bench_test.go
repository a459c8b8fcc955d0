package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

// BenchmarkClaimOfOneProcess lets 1,000 and 10,000 jobs of one process wait and measures in turn what a claim costs and what each job
// of it costs then. Mails and codes have a lane each, a hundred
// events one together, as many as a large process has. "x-smaller" is a job of
// the larger by one of the smaller.
func BenchmarkClaimOfOneProcess(b *testing.B) {
	for _, database := range []struct {
		name string
		open func(testing.TB, ...func(*store.Options)) *store.DB
	}{{"sqlite", innsiglitest.SQLite}, {"postgres", innsiglitest.Postgres}} {
		for _, kind := range []innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobMailCode, innsigli.JobWebhook} {
			b.Run(fmt.Sprintf("%s/%s", database.name, kind), func(b *testing.B) {
				small, large := waiting(b, database.open, kind, 1000), waiting(b, database.open, kind, 10_000)
				var took [2]time.Duration
				var jobs [2]int
				for b.Loop() {
					for i, w := range []*world{small, large} { // in turn: disks change their mood by the second
						begun := innsiglitest.Now()
						jobs[i] += len(w.claim(b, "n1", 16))
						took[i] += innsiglitest.Now().Sub(begun)
						if err := w.Release(b.Context(), "n1"); err != nil {
							b.Fatal(err)
						}
					}
				}
				each := func(i int) float64 { return took[i].Seconds() * 1000 / float64(jobs[i]) }
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(jobs[1])/float64(b.N), "jobs/claim")
				b.ReportMetric(each(0), "ms-smaller")
				b.ReportMetric(each(1), "ms-larger")
				b.ReportMetric(each(1)/each(0), "x-smaller")
			})
		}
	}
}

// waiting makes a database with one process of which n jobs are due.
func waiting(b *testing.B, open func(testing.TB, ...func(*store.Options)) *store.DB, kind innsigli.JobKind, n int) *world {
	b.Helper()
	w := newWorld(b, open)
	p := w.create(b, 1)
	for done := 0; done < n; done += 500 {
		var c innsigli.Change
		for i := done; i < done+500; i++ {
			j := innsigli.Job{Kind: kind, Ref: "1"}
			if kind == innsigli.JobWebhook {
				j.Lane, j.Target = fmt.Sprintf("hook:%d", i/100), "receiver"
			} else {
				j.Lane, j.Address = fmt.Sprintf("to:%d", i), fmt.Sprintf("p%d@d%d.example", i, i%200)
			}
			c.Jobs = append(c.Jobs, j)
		}
		w.change(b, p.Key, c)
	}
	if w.Dialect() == "postgres" { // as its own daemon does after so many rows
		if err := w.Exec(b.Context(), `analyze`); err != nil {
			b.Fatal(err)
		}
	}
	return w
}
