package store_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

func TestRemindersOfSeveralNodesAreOrderedOnce(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		who := p.Signees[0].Key
		w.change(t, p.Key, innsigli.Change{Jobs: []innsigli.Job{{Kind: innsigli.JobRemind, Signee: who, Ref: "1", Due: start.Add(time.Hour)}}})
		if jobs := w.claim(t, "n0", 9); len(jobs) != 0 {
			t.Fatalf("claimed before its time: %v", kindsOf(jobs))
		}
		order := always(innsigli.Change{Jobs: []innsigli.Job{
			{Kind: innsigli.JobRemind, Signee: who, Ref: "1", Due: start.Add(100 * time.Hour)}, {Kind: innsigli.JobMailRemind, Signee: who, Address: "a@example.com", Ref: "auto"},
		}})
		w.clock.add(60 * time.Hour)
		var mu sync.Mutex
		var wg sync.WaitGroup
		settled := 0
		for _, node := range []string{"n1", "n2", "n3", "n4"} {
			wg.Go(func() {
				jobs, err := w.Claim(t.Context(), node, 1, 10*time.Second)
				if err != nil {
					t.Error(err)
				}
				for _, j := range jobs {
					if j.Kind != innsigli.JobRemind {
						continue
					}
					if _, err := w.Settle(t.Context(), j, done, order); err != nil {
						t.Error(err)
					}
					mu.Lock()
					settled++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if waits := w.strings(t, `select kind from job where process = $1 and state in ('ready', 'running') and kind like '%remind%' order by kind`, string(p.Key)); settled != 1 || len(waits) != 2 {
			t.Errorf("%d settled, %q wait", settled, waits)
		}
	})
}

// TestQuietLeavesWhatTheCompanyAskedFor: who turned reminders off still gets one that was asked for; who has signed gets none.
func TestQuietLeavesWhatTheCompanyAskedFor(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		who, other := p.Signees[0].Key, p.Signees[1].Key
		for _, s := range []innsigli.SigneeKey{who, other} {
			w.change(t, p.Key, innsigli.Change{Invited: []innsigli.SigneeKey{s}, Reminded: []innsigli.SigneeKey{s}, Jobs: []innsigli.Job{
				{Kind: innsigli.JobMailRemind, Signee: s, Ref: "auto"},
				{Kind: innsigli.JobMailRemind, Signee: s, Ref: ""},
				{Kind: innsigli.JobRemind, Signee: s, Due: start.Add(time.Hour)},
				{Kind: innsigli.JobMailInvite, Signee: s},
			}})
		}
		waits := func(s innsigli.SigneeKey) int {
			return len(w.strings(t, `select kind from job where signee = $1 and state = 'ready'`, string(s)))
		}
		w.clock.add(time.Minute)
		w.change(t, p.Key, innsigli.Change{Quiet: []innsigli.Quiet{{Signee: who, Off: true}}})
		if waits(who) != 2 || waits(other) != 4 {
			t.Errorf("turned off: %d and %d wait", waits(who), waits(other))
		}
		f := w.facts(t, p.Key)
		if s := f.Process.Signees[0]; !s.RemindersOff.Equal(w.clock.now()) || !s.RemindFrom.Equal(start) || s.RemindersInHour != 1 {
			t.Errorf("%+v", s)
		}
		if s := f.Process.Signees[1]; !s.RemindersOff.IsZero() {
			t.Errorf("%+v", s)
		}
		w.change(t, p.Key, innsigli.Change{Quiet: []innsigli.Quiet{{Signee: who}}})
		if waits(who) != 1 {
			t.Errorf("signed: %d wait", waits(who))
		}
		// A changed address has its own days, and what is meant for the old one does not go out.
		now := p.Signees[1]
		now.Email = "new@example.com"
		w.change(t, p.Key, innsigli.Change{Edit: []innsigli.Signee{now}, Hush: []innsigli.Hush{{Signee: other}}})
		if s := w.facts(t, p.Key).Process.Signees[1]; !s.RemindFrom.IsZero() || s.InvitedAt.IsZero() || waits(other) != 1 {
			t.Errorf("%+v, %d wait", s, waits(other))
		}
		w.clock.add(time.Hour)
		if s := w.facts(t, p.Key).Process.Signees[0]; s.RemindersInHour != 0 {
			t.Errorf("%d in the hour after", s.RemindersInHour)
		}
		w.clock.add(2 * time.Hour)
		if _, err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := w.strings(t, `select signee from reminder`); len(left) != 0 {
			t.Errorf("%d rows are left", len(left))
		}
	})
}

func TestARuleAndAnHourAreKept(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.process(1)
		n.Process.Reminders = innsigli.ReminderRule{First: 30, Every: 15}
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		_, err := w.ChangeCompany(t.Context(), w.company.Key, func(c innsigli.Company) (innsigli.Company, error) {
			c.TimeZone, c.ReminderHour = "Atlantic/Reykjavik", 23
			return c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		f := w.facts(t, n.Process.Key)
		if f.Process.Reminders != n.Process.Reminders || f.Company.TimeZone != "Atlantic/Reykjavik" || f.Company.ReminderHour != 23 {
			t.Errorf("%+v of %+v", f.Process.Reminders, f.Company)
		}
	})
}

// TestWhatWaitsIsNotReadToFindWhatIsDue asks SQLite again how it claims, now that it knows how much waits.
func TestWhatWaitsIsNotReadToFindWhatIsDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, innsiglitest.SQLite)
	for _, s := range []string{
		`with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000) insert into job (uid, kind, class, grp, process, signee, ref, event, address, language, lane, target, due, at)
			select printf('%032x', i), 'remind', 'work', 'sp' || i, 'sp' || i, 'si', '1', 0, '', 0, '', '', ` + strconv.FormatInt(start.Add(time.Hour).UnixMicro(), 10) + ` + i, 0 from n`,
		`analyze`,
	} {
		if err := w.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	p := w.create(t, 1)
	w.change(t, p.Key, innsigli.Change{Jobs: []innsigli.Job{{Kind: innsigli.JobRemind, Signee: p.Signees[0].Key, Ref: "1"}}})
	if jobs := w.claim(t, "n1", 9); len(jobs) != 1 {
		t.Fatalf("claimed %v", kindsOf(jobs))
	}
	looked := 0
	for _, text := range w.Texts() {
		if verb, _, _ := strings.Cut(strings.TrimSpace(text), " "); verb != "select" && verb != "update" && !strings.HasPrefix(text, "with recursive t") || !strings.Contains(text, "from job") {
			continue
		}
		var args []any
		for strings.Contains(text, fmt.Sprintf("$%d", len(args)+1)) {
			args = append(args, "")
		}
		plan, err := w.Plan(t.Context(), text, args...)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		looked++
		for _, line := range plan {
			if regexp.MustCompile(`SCAN (j|d|k|h|job)\b`).MatchString(line) {
				t.Errorf("%s\nreads a whole table: %s", text, line)
			}
		}
	}
	if looked < 3 {
		t.Errorf("looked at %d statements only", looked)
	}
}
