package store_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// linesEach is how many lines of the log each process has in the filled databases.
const linesEach = 10

// BenchmarkGrowth fills SQLite with 10,000 processes and with ten times as many, ten lines each and a reminder to come, and
// measures what a cancel, a page of the activity log and a sweep of reminders cost in both. The metric "x-smaller" is the larger by the smaller: it is to stay under
// 1.3. INNSIGLI_PROCESSES sets the size of the larger, for `make bench-large`.
func BenchmarkGrowth(b *testing.B) {
	large := 100_000
	if s := os.Getenv("INNSIGLI_PROCESSES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		large = n
	}
	small, big := filled(b, 10_000), filled(b, large)
	for _, x := range []struct {
		name string
		do   func(*testing.B, *world)
	}{{"reminders", benchReminders}, {"cancel", benchOneCancel}, {"activity", benchOnePage}} { // a cancel leaves mails behind
		b.Run(x.name, func(b *testing.B) {
			var took [2]time.Duration
			for range b.N {
				for i, w := range []*world{small, big} { // in turn: disks change their mood by the second
					begun := innsiglitest.Now()
					x.do(b, w)
					took[i] += innsiglitest.Now().Sub(begun)
				}
			}
			b.ReportMetric(took[0].Seconds()*1000/float64(b.N), "ms-smaller")
			b.ReportMetric(took[1].Seconds()*1000/float64(b.N), "ms-larger")
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "x-smaller")
		})
	}
}

// filled makes a database with n running processes, copied by SQL from one that was created as always.
func filled(b *testing.B, n int) *world {
	b.Helper()
	w := newWorld(b, innsiglitest.SQLite)
	p := w.create(b, 1)
	numbers := fmt.Sprintf(`with recursive n (i) as (select 1 union all select i + 1 from n where i < %d)`, n)
	for _, s := range []string{
		numbers + ` insert into grp (key, version) select 'sp' || printf('%032x', i), 1 from n`,
		numbers + ` insert into process (key, grp, company, flow, state, file_name, display_name, location, owner, meta, search, created_at, expires_at, ended_at, ended_by)
			select 'sp' || printf('%032x', i), 'sp' || printf('%032x', i), company, flow, state, file_name, display_name, location, owner, meta, search, created_at, expires_at, 0, ''
			from n, process where key = '` + string(p.Key) + `'`,
		numbers + ` insert into log (at, company, process, flow, signee, kind, detail)
			select p.created_at + n.i, p.company, 'sp' || printf('%032x', 1 + (n.i - 1) / ` + fmt.Sprint(linesEach) + `), p.flow, '', 'Viewed', '' from (` +
			fmt.Sprintf(`with recursive m (i) as (select 1 union all select i + 1 from m where i < %d) select i from m`, n*linesEach) + `) n, process p where p.key = '` + string(p.Key) + `'`,
		numbers + ` insert into job (uid, kind, class, grp, process, signee, ref, event, address, language, lane, target, due, at)
			select printf('%032x', i), 'remind', 'work', 'sp' || printf('%032x', i), 'sp' || printf('%032x', i), 'si', '1', 0, '', 0, '', '', ` +
			fmt.Sprint(start.Add(24*time.Hour).UnixMicro()) + ` + i, 0 from n`,
	} {
		if err := w.Exec(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
	return w
}

// benchOneCancel creates a process and cancels it.
func benchOneCancel(b *testing.B, w *world) {
	b.Helper()
	p := w.create(b, 3)
	if _, _, err := w.Decide(b.Context(), innsigli.Target{Process: p.Key, Company: w.company.Key}, cancelLike); err != nil {
		b.Fatal(err)
	}
}

// benchReminders lets ten reminders become due among all those that wait, and does what a sweep does: claim, order the
// message and the next reminder, settle.
func benchReminders(b *testing.B, w *world) {
	b.Helper()
	const due = 10
	p := w.create(b, due)
	var c innsigli.Change
	for _, s := range p.Signees {
		c.Jobs = append(c.Jobs, innsigli.Job{Kind: innsigli.JobRemind, Signee: s.Key, Ref: "1"})
	}
	w.change(b, p.Key, c)
	for left := due; left > 0; {
		for _, j := range w.claim(b, "n1", due) {
			if j.Kind != innsigli.JobRemind || j.Process != p.Key {
				b.Fatalf("claimed %s of %s", j.Kind, j.Process)
			}
			next := innsigli.Job{Kind: innsigli.JobRemind, Signee: j.Signee, Ref: "1", Due: start.Add(48 * time.Hour)}
			mail := innsigli.Job{Kind: innsigli.JobMailRemind, Signee: j.Signee, Address: "a@example.com", Due: start.Add(48 * time.Hour)}
			if _, err := w.Settle(b.Context(), j, done, always(innsigli.Change{Jobs: []innsigli.Job{mail, next}})); err != nil {
				b.Fatal(err)
			}
			left--
		}
	}
}

// benchOnePage reads a page of fifty processes from the middle of the log on.
func benchOnePage(b *testing.B, w *world) {
	b.Helper()
	acts, err := w.Activity(b.Context(), w.company.Key, innsigli.ActivityQuery{From: start.Add(50 * time.Millisecond), To: start.Add(time.Hour), Take: 50, Skip: 20})
	if err != nil || len(acts) != 50 {
		b.Fatal(len(acts), err)
	}
}
