package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
)

// TestOnlyWhatIsWholeInTheFlows: a process, or a sequence, of which a part is outside the flows of a target is not there, for who
// reads, who changes and who asks for activity.
func TestOnlyWhatIsWholeInTheFlows(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		second := innsigli.Flow{Key: innsigli.NewFlowKey(), Company: w.company.Key, Name: "Second", Active: true, CreatedAt: start}
		if err := w.AddFlow(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		alone := w.create(t, 1)
		w.clock.add(time.Minute)
		mixed := w.sequence(2)
		mixed.Others[0].Process.Flow = second.Key
		if _, _, err := w.Create(t.Context(), mixed); err != nil {
			t.Fatal(err)
		}
		all := []innsigli.ProcessKey{alone.Key, mixed.Process.Key, mixed.Others[0].Process.Key}
		for name, c := range map[string]struct {
			in   innsigli.FlowSet
			want []innsigli.ProcessKey
		}{
			"every flow":      {"", all},
			"both flows":      {innsigli.FlowsOf(second.Key, w.flow.Key), all},
			"the first":       {innsigli.FlowsOf(w.flow.Key), all[:1]},
			"the second":      {innsigli.FlowsOf(second.Key), nil},
			"another":         {innsigli.FlowsOf(innsigli.NewFlowKey()), nil},
			"none":            {innsigli.FlowsOf(), nil},
			"part of its key": {innsigli.FlowsOf(w.flow.Key[1:]), nil},
		} {
			var read, changed, listed []innsigli.ProcessKey
			for _, k := range all {
				target := innsigli.Target{Process: k, Company: w.company.Key, Flows: c.in}
				if f, err := w.Facts(t.Context(), target); err == nil {
					read = append(read, f.Process.Key)
				} else {
					isNotFound(t, err)
				}
				f, _, err := w.Decide(t.Context(), target, always(innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogReminderAsked}}}))
				if err == nil {
					changed = append(changed, f.Process.Key)
				} else {
					isNotFound(t, err)
				}
			}
			_, err := w.Facts(t.Context(), innsigli.Target{Sequence: mixed.Sequence.Key, Company: w.company.Key, Flows: c.in})
			if (err == nil) != (len(c.want) == len(all)) {
				t.Errorf("%s, the sequence: %v", name, err)
			}
			for _, q := range []innsigli.ActivityQuery{{Within: c.in}, {Within: c.in, Process: all[0]}, {Within: c.in, Process: all[1]}, {Within: c.in, Process: all[2]}} {
				q.From, q.To = start, start.Add(time.Hour)
				acts, err := w.Activity(t.Context(), w.company.Key, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, a := range acts {
					if q.Process == "" {
						listed = append(listed, a.Process.Key)
					} else if a.Process.Key != q.Process || !slices.Contains(c.want, q.Process) {
						t.Errorf("%s: activity of %s", name, a.Process.Key)
					}
				}
			}
			for what, got := range map[string][]innsigli.ProcessKey{"read": read, "changed": changed} {
				if d := cmp.Diff(c.want, got); d != "" {
					t.Errorf("%s, %s: %s", name, what, d)
				}
			}
			slices.Sort(listed)
			if d := cmp.Diff(slices.Sorted(slices.Values(c.want)), listed); d != "" && len(c.want)+len(listed) > 0 {
				t.Errorf("%s, activity: %s", name, d)
			}
		}
		// Pages count what is shown alone.
		page, err := w.Activity(t.Context(), w.company.Key, innsigli.ActivityQuery{From: start, To: start.Add(time.Hour), Within: innsigli.FlowsOf(w.flow.Key), Skip: 1, Take: 1})
		if err != nil || len(page) != 0 {
			t.Errorf("the second page: %d, %v", len(page), err)
		}
	})
}

// TestFlowsOfAKeyAreKept: also those of a flow that is deleted, and none stays none. What is for flows has its verbs where a
// version of the server that knows no flows does not look.
func TestFlowsOfAKeyAreKept(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		want := []innsigli.Permission{
			{Resource: "Flow", Verbs: []string{"GET"}},
			{Resource: "Signing", Verbs: []string{"GET", "POST"}, Flows: []innsigli.FlowKey{w.flow.Key}},
			{Resource: "WebHook", Verbs: []string{"GET"}, Flows: []innsigli.FlowKey{}},
		}
		hash := innsigli.HashAPIKey("api-limited")
		k := innsigli.APIKey{ID: 7, Company: w.company.Key, Name: "limited", Permissions: want, CreatedAt: start}
		if err := w.AddAPIKey(t.Context(), k, hash); err != nil {
			t.Fatal(err)
		}
		if err := w.RemoveFlow(t.Context(), w.company.Key, w.flow.Key); err != nil {
			t.Fatal(err)
		}
		caller, err := w.Authenticate(t.Context(), w.company.Key, hash)
		if d := cmp.Diff(want, caller.Key.Permissions); d != "" || err != nil {
			t.Error(err, d)
		}
		kept := w.strings(t, `select permissions from api_key where company = $1 and id = 7`, string(w.company.Key))
		if d := cmp.Diff([]string{`[{"resource":"Flow","verbs":["GET"]},` +
			`{"resource":"Signing","verbs":null,"flows":["` + string(w.flow.Key) + `"],"flowVerbs":["GET","POST"]},` +
			`{"resource":"WebHook","verbs":null,"flows":[],"flowVerbs":["GET"]}]`}, kept); d != "" {
			t.Error(d)
		}
	})
}
