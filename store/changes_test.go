package store_test

import (
	"testing"

	"github.com/innsigli/innsigli"
)

func TestADeclineIsKeptOnceAndNotAfterASignature(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 2)
		who := p.Signees[0].Key
		end := innsigli.Change{
			State: innsigli.Declined, EndedBy: p.Signees[0].Email, Key: innsigli.KeyDestroyed,
			Decline: &innsigli.Refusal{Signee: who, Reason: "þó nei"}, Log: []innsigli.LogEntry{{Kind: innsigli.LogDeclined, Signee: who}},
		}
		w.change(t, p.Key, end)
		f := w.facts(t, p.Key)
		you, other := f.Process.Signees[0], f.Process.Signees[1]
		if f.Process.State != innsigli.Declined || !you.DeclinedAt.Equal(start) || you.DeclineReason != "þó nei" || other.Declined() {
			t.Errorf("process %s, signees %+v, %+v", f.Process.State, you, other)
		}
		again := innsigli.Change{Decline: &innsigli.Refusal{Signee: who, Reason: "again"}}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(again)); err == nil {
			t.Error("a second refusal was kept")
		}
		stranger := innsigli.Change{Decline: &innsigli.Refusal{Signee: w.create(t, 1).Signees[0].Key}}
		if _, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(stranger)); err == nil {
			t.Error("the refusal of a signee of another process was kept")
		}
	})
}
