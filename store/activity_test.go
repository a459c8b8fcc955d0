package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

func TestActivityFilters(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		first := w.create(t, 2)
		w.clock.add(time.Hour)
		n := w.process(1)
		n.Process.FileName, n.Process.User = `100%_done\x.pdf`, "other@example.com"
		n.Change.Log[0].Actor = n.Process.User
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		second := n.Process
		w.clock.add(time.Hour)
		w.change(t, first.Key, innsigli.Change{State: innsigli.Canceled, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled, Actor: "Boss@example.com"}}})
		// Of another company: never seen.
		_, otherFlow, _ := w.addCompany(t)
		all := innsigli.ActivityQuery{From: start, To: start.Add(24 * time.Hour)}
		for name, c := range map[string]struct {
			change func(*innsigli.ActivityQuery)
			want   []innsigli.ProcessKey
		}{
			"all, first line first":        {func(*innsigli.ActivityQuery) {}, []innsigli.ProcessKey{first.Key, second.Key}},
			"from is inside":               {func(q *innsigli.ActivityQuery) { q.From, q.To = start.Add(time.Hour), start.Add(2*time.Hour) }, []innsigli.ProcessKey{second.Key}},
			"to is outside":                {func(q *innsigli.ActivityQuery) { q.To = start.Add(time.Hour) }, []innsigli.ProcessKey{first.Key}},
			"take":                         {func(q *innsigli.ActivityQuery) { q.Take = 1 }, []innsigli.ProcessKey{first.Key}},
			"skip":                         {func(q *innsigli.ActivityQuery) { q.Skip = 1 }, []innsigli.ProcessKey{second.Key}},
			"user in any letter case":      {func(q *innsigli.ActivityQuery) { q.User = "boss@EXAMPLE.com" }, []innsigli.ProcessKey{first.Key}},
			"process":                      {func(q *innsigli.ActivityQuery) { q.Process = second.Key }, []innsigli.ProcessKey{second.Key}},
			"flow":                         {func(q *innsigli.ActivityQuery) { q.Flow = w.flow.Key }, []innsigli.ProcessKey{first.Key, second.Key}},
			"foreign flow":                 {func(q *innsigli.ActivityQuery) { q.Flow = otherFlow.Key }, nil},
			"text of signee":               {func(q *innsigli.ActivityQuery) { q.Query = "ÆVARSDÓTTIR 1" }, []innsigli.ProcessKey{first.Key}},
			"text of file name":            {func(q *innsigli.ActivityQuery) { q.Query = "samningur.PDF" }, []innsigli.ProcessKey{first.Key}},
			"wildcards are characters":     {func(q *innsigli.ActivityQuery) { q.Query = "100%_D" }, []innsigli.ProcessKey{second.Key}},
			"backslash is a character":     {func(q *innsigli.ActivityQuery) { q.Query = `done\X` }, []innsigli.ProcessKey{second.Key}},
			"underscore matches no letter": {func(q *innsigli.ActivityQuery) { q.Query = "s_mningur" }, nil},
			"everything at once": {func(q *innsigli.ActivityQuery) {
				q.User, q.Process, q.Flow, q.Query, q.Take = "Boss@example.com", first.Key, w.flow.Key, "gata", 5
			}, []innsigli.ProcessKey{first.Key}},
		} {
			q := all
			c.change(&q)
			acts, err := w.Activity(t.Context(), w.company.Key, q)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var got []innsigli.ProcessKey
			for _, a := range acts {
				got = append(got, a.Process.Key)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
		foreign := all
		foreign.Process = first.Key
		if acts, err := w.Activity(t.Context(), "0123456789ab", foreign); len(acts) != 0 || err != nil {
			t.Errorf("another company sees %v %v", acts, err)
		}
		acts, err := w.Activity(t.Context(), w.company.Key, all)
		if err != nil {
			t.Fatal(err)
		}
		var lines []innsigli.LogEntry
		for _, l := range acts[0].Lines {
			l.ID = 0
			lines = append(lines, l)
		}
		want := []innsigli.LogEntry{
			{At: start, Process: first.Key, Flow: w.flow.Key, Kind: innsigli.LogCreated, Actor: "owner@example.com"},
			{At: start.Add(2 * time.Hour), Process: first.Key, Flow: w.flow.Key, Kind: innsigli.LogCanceled, Actor: "Boss@example.com"},
		}
		if d := cmp.Diff(want, lines); d != "" {
			t.Error(d)
		}
		if len(acts[0].Process.Signees) != 2 || acts[0].Process.State != innsigli.Canceled {
			t.Errorf("process is %+v", acts[0].Process)
		}
	})
}

// TestActivityPagesDoNotShift turns pages while lines are added: to processes of earlier pages, of later ones, and of new
// ones. Every process is seen once, and the new ones at the end.
func TestActivityPagesDoNotShift(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		var want []innsigli.ProcessKey
		more := func() {
			want = append(want, w.create(t, 1).Key)
			w.clock.add(time.Millisecond)
		}
		for range 150 { // more lines than the first step of the walk reads
			more()
		}
		for _, user := range []string{"", "OWNER@example.com"} {
			var got []innsigli.ProcessKey
			for skip := 0; ; skip += 40 {
				acts, err := w.Activity(t.Context(), w.company.Key, innsigli.ActivityQuery{
					From: start, To: start.Add(time.Hour), Take: 40, Skip: skip, User: user,
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(acts) == 0 {
					break
				}
				for _, a := range acts {
					got = append(got, a.Process.Key)
				}
				if skip < 120 {
					more()
				}
				for _, p := range []innsigli.ProcessKey{want[0], want[60], want[len(want)-1]} {
					w.change(t, p, innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogViewed, Actor: "owner@example.com"}}})
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("user %q: %s", user, d)
			}
		}
	})
}

// TestActivityOfASequenceNamesItsPeople looks at one member: its people come with their signees in all members.
func TestActivityOfASequenceNamesItsPeople(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		n := w.sequence(3)
		if _, _, err := w.Create(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		acts, err := w.Activity(t.Context(), w.company.Key, innsigli.ActivityQuery{From: start, To: start.Add(time.Hour), Process: n.Others[0].Process.Key})
		if err != nil || len(acts) != 1 {
			t.Fatal(acts, err)
		}
		if d := cmp.Diff(n.Sequence, acts[0].Sequence); d != "" {
			t.Error(d)
		}
		var want, got []string
		for _, p := range []innsigli.Process{n.Process, n.Others[0].Process, n.Others[1].Process} {
			for _, s := range p.Signees {
				want = append(want, string(s.Person)+string(s.Key)+string(p.Key))
			}
		}
		for _, who := range acts[0].Persons {
			for _, s := range who.Signees {
				got = append(got, string(who.Key)+string(s.Key)+string(s.Process))
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" || len(got) == 0 {
			t.Error(d)
		}
	})
}
