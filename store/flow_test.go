package store_test

import (
	"testing"

	"github.com/innsigli/innsigli"
)

func TestFlows(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		f := innsigli.Flow{Key: innsigli.NewFlowKey(), Company: w.company.Key, Name: "Leiga", Active: true, CreatedAt: w.clock.now().Add(1)}
		if err := w.AddFlow(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		foreign := f
		foreign.Company = innsigli.NewCompanyKey()
		isNotFound(t, w.ChangeFlow(t.Context(), foreign))
		isNotFound(t, w.RemoveFlow(t.Context(), foreign.Company, f.Key))
		f.Name, f.Active, f.Brand = "Sala", false, innsigli.Brand{Name: "Suðurljós", Colour: "#0a7d55"}
		if err := w.ChangeFlow(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if err := w.RemoveFlow(t.Context(), w.company.Key, w.flow.Key); err != nil {
			t.Fatal(err)
		}
		isNotFound(t, w.RemoveFlow(t.Context(), w.company.Key, w.flow.Key))
		isNotFound(t, w.ChangeFlow(t.Context(), w.flow))
		got, err := w.Flows(t.Context(), w.company.Key)
		if err != nil || len(got) != 1 || got[0].Key != f.Key || got[0].Name != "Sala" || got[0].Active || got[0].Brand != f.Brand {
			t.Errorf("flows: %+v, %v", got, err)
		}
		for i := 1; ; i++ {
			f.Key = innsigli.NewFlowKey()
			err := w.AddFlow(t.Context(), f)
			if full := i >= innsigli.MaxFlows; (innsigli.KindOf(err) == innsigli.Invalid) != full || !full && err != nil {
				t.Fatalf("flow %d: %v", i+1, err)
			}
			if err != nil {
				return
			}
		}
	})
}
