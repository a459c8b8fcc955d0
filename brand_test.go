package innsigli

import "testing"

// TestWhatAFlowHasOfItsOwnComesFirst, each for itself.
func TestWhatAFlowHasOfItsOwnComesFirst(t *testing.T) {
	company := Company{Name: "Norðurljós ehf.", Colour: "#1d4e89", Logo: "aa"}
	for want, own := range map[Brand]Brand{
		{"Norðurljós ehf.", "#1d4e89", "aa"}: {},
		{"Suðurljós", "#1d4e89", "aa"}:       {Name: "Suðurljós"},
		{"Norðurljós ehf.", "#0a7d55", "bb"}: {Colour: "#0a7d55", Logo: "bb"},
	} {
		f := Facts{Company: company, Flow: Flow{Brand: own}}
		if got := f.Brand(); got != want {
			t.Errorf("%+v: %+v", own, got)
		}
		if e := evidenceOf(f, outcomeCanceled, testNow, nil); e.Process.Company != company.Name || (e.Process.ShownAs == "") != (own.Name == "") {
			t.Errorf("evidence of %q, shown as %q", e.Process.Company, e.Process.ShownAs)
		}
	}
}
