package innsigli

import (
	"testing"
	"time"
)

func TestHowAnAskedSignatureStands(t *testing.T) {
	open := Challenge{Token: testToken, Process: testProcess, Signee: keyAnna, ExpiresAt: testNow.Add(time.Minute)}
	with := func(alter func(*Challenge)) Challenge {
		c := open
		alter(&c)
		return c
	}
	given := signed(anna())
	given.SignedBy = testToken
	for name, c := range map[string]struct {
		f    Facts
		ch   Challenge
		want SignStatus
		code string
	}{
		"open":                {factsOf(Started, anna()), open, SignWaits, ""},
		"signed":              {factsOf(Started, given), with(func(c *Challenge) { c.UsedAt = testNow }), SignGiven, ""},
		"completed":           {factsOf(Completed, given), with(func(c *Challenge) { c.UsedAt = testNow }), SignGiven, ""},
		"signed with another": {factsOf(Started, signed(anna())), open, SignLate, ""},
		"late":                {factsOf(Started, anna()), with(func(c *Challenge) { c.ExpiresAt = testNow }), SignLate, ""},
		"a newer one":         {factsOf(Started, anna()), with(func(c *Challenge) { c.Void = true }), SignLate, ""},
		"too many tries":      {factsOf(Started, anna()), with(func(c *Challenge) { c.Tries = MaxCodeTries + 1 }), SignLate, ""},
		"canceled":            {factsOf(Canceled, anna()), open, SignStopped, ""},
		"a code to read":      {factsOf(Started, anna()), with(func(c *Challenge) { c.Entry = true }), 0, "1122"},
		"of another":          {factsOf(Started, anna(), bjorn()), with(func(c *Challenge) { c.Signee = keyBjorn }), 0, "1122"},
		"unknown":             {factsOf(Started, anna()), Challenge{}, 0, "1122"},
		"no signee":           {factsOf(Started, bjorn()), open, 0, "NotFound"},
	} {
		c.f.Challenge = c.ch
		if got, err := signStatus(c.f, keyAnna, testToken); got != c.want || refusalCode(err) != c.code {
			t.Errorf("%s: %d, %v; want %d, %q", name, got, err, c.want, c.code)
		}
	}
}
