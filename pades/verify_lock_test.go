package pades_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
)

// TestALockIsHeld signs in a field that locks others (ISO 32000-2, 12.8.2.4 and table 236), fills in a field afterwards,
// and wants the rule that sees it.
func TestALockIsHeld(t *testing.T) {
	h := offlineHouse(t)
	for _, c := range []struct {
		name, lock string
		change     func(testing.TB, []byte) []byte
		rule       string
		want       pades.Indication
	}{
		{"no lock", "", edit(6, "V", "(999)"), "filled", pades.TotalPassed},
		{"all", "/Action /All", edit(6, "V", "(999)"), "field-mdp", pades.TotalFailed},
		{"this one", "/Action /Include /Fields [(Other) (Amount)]", edit(6, "V", "(999)"), "field-mdp", pades.TotalFailed},
		{"another", "/Action /Include /Fields [(Other)]", edit(6, "V", "(999)"), "filled", pades.TotalPassed},
		{"all but another", "/Action /Exclude /Fields [(Other)]", edit(6, "V", "(999)"), "field-mdp", pades.TotalFailed},
		{"all but this one", "/Action /Exclude /Fields [(Amount)]", edit(6, "V", "(999)"), "filled", pades.TotalPassed},
		{"the parent's name", "/Action /Include /Fields [(Am)]", edit(6, "V", "(999)"), "filled", pades.TotalPassed},
		{"no changes at all", "/Action /Include /Fields [(Other)] /P 1", edit(6, "V", "(999)"), "doc-mdp", pades.TotalFailed},
		{"filling in", "/Action /Include /Fields [(Other)] /P 2", edit(6, "V", "(999)"), "filled", pades.TotalPassed},
		{"filling in, but a note came", "/Action /Include /Fields [(Other)] /P 2", freeText("Text"), "doc-mdp", pades.TotalFailed},
		{"notes too", "/Action /Include /Fields [(Other)] /P 3", freeText("Text"), "annotated-allowed", pades.TotalPassed},
		{"nothing changed", "/Action /All /P 1", tail("\n"), "", pades.TotalPassed},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := slices.Clone(target)
			if c.lock != "" {
				doc[6] = strings.Replace(doc[6], "/T (Buyer)", fmt.Sprintf("/T (Buyer) /Lock << /Type /SigFieldLock %s >>", c.lock), 1)
			}
			in := sealed(t, handmade.PDF(doc...), pades.Seal{Time: signingTime, Field: "Buyer", Reserve: 3000}, h.signer)
			out := c.change(t, in)
			r, err := pades.Verify(t.Context(), bytes.NewReader(out), int64(len(out)), trusting(h))
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Signatures) != 1 {
				t.Fatalf("%d signatures", len(r.Signatures))
			}
			var rules []string
			for _, f := range r.Signatures[0].Findings {
				rules = append(rules, f.Rule)
			}
			if r.Indication != c.want || c.rule != "" && !slices.Contains(rules, c.rule) {
				t.Errorf("%s, wanted %s by %q; found %v", r.Indication, c.want, c.rule, rules)
			}
		})
	}
}
