package innsigli

import (
	"slices"
	"testing"
)

func TestWaysOfACode(t *testing.T) {
	const phone, mail = "+3545551886", "anna@example.is"
	for name, tc := range map[string]struct {
		ways         Ways
		phone, email string
		want         []Channel
	}{
		"everything":           {Ways{Calls: true}, phone, mail, []Channel{BySms, ByCall}},
		"no calls":             {Ways{}, phone, mail, []Channel{BySms}},
		"phone only":           {Ways{Calls: true}, phone, "", []Channel{BySms, ByCall}},
		"mail only":            {Ways{Calls: true}, "", mail, []Channel{ByMail}},
		"no gateway":           {Ways{NoSms: true}, phone, mail, []Channel{ByMail}},
		"calls alone":          {Ways{NoSms: true, Calls: true}, phone, "", []Channel{ByCall}},
		"a gateway taken away": {Ways{NoSms: true}, phone, "", []Channel{BySms}},
		"no country's number":  {Ways{Calls: true}, "+979123456789", mail, []Channel{ByMail}},
		"nowhere":              {Ways{Calls: true}, "", "", nil},
		"calls before mail":    {Ways{NoSms: true, Calls: true}, phone, mail, []Channel{ByCall}},
	} {
		all := tc.ways.For(tc.phone, tc.email)
		if !slices.Equal(all, tc.want) {
			t.Errorf("%s: %v, want %v", name, all, tc.want)
		}
		for _, asked := range []Channel{"", BySms, ByCall, ByMail} {
			got, to, err := tc.ways.pick(asked, tc.phone, tc.email)
			want, ok := asked, slices.Contains(all, asked)
			if !ok && len(all) > 0 && (asked == "" || asked == BySms) {
				want, ok = all[0], true
			}
			if !ok {
				wantInvalid(t, err, "OtpType")
				continue
			}
			if address := map[Channel]string{BySms: tc.phone, ByCall: tc.phone, ByMail: tc.email}[want]; err != nil || got != want || to != address {
				t.Errorf("%s, %q: %s to %q, %v; want %s to %q", name, asked, got, to, err, want, address)
			}
		}
	}
}

// TestAChosenWayIsOrderedAndLogged: for one document, for all of a person, and to be admitted.
func TestAChosenWayIsOrderedAndLogged(t *testing.T) {
	ask := Ask{By: ByCall, ways: Ways{Calls: true}}
	locked := factsOf(Started, anna())
	locked.Process.RequiresAuth = true
	one, err := decideCode(factsOf(Started, anna()), CodeRequest{Process: testProcess, Signee: keyAnna, Ask: ask}, testToken)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := decideEntryCode(locked, EntryRequest{Process: testProcess, Signee: keyAnna, Ask: ask}, testToken)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Change{"to sign": one, "to read": entry} {
		if len(c.Jobs) != 1 || c.Jobs[0].Kind != JobCallCode || c.Jobs[0].Address != anna().Phone || c.Challenge.Via != ByCall || c.Log[0].Detail != "Call" {
			t.Errorf("%s: %s", name, c)
		}
		keepsSecrets(t, c)
	}
}
