package notify_test

import (
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestLimitsHoldSmsBackButNoFarewell: what is over waits, what this server does not reach is refused, and who is told that
// there is nothing to sign any more is told.
func TestLimitsHoldSmsBackButNoFarewell(t *testing.T) {
	for kind, right := range states {
		if strings.HasPrefix(string(kind), "mail.") {
			continue
		}
		farewell := kind == innsigli.JobSmsCanceled || kind == innsigli.JobSmsExpired
		for _, pumped := range []bool{false, true} {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			w.facts.Process.State, w.facts.Process.EndedAt, w.pumped = right[0], noon, pumped
			w.Options.Texts = innsigli.TextLimits{Key: []byte("key"), OfCompany: 7}
			_, _, err := w.run(t, job(kind, bjorn, address(kind), innsigli.LangEn))
			waits := pumped && !farewell
			if (err != nil) != waits || innsigli.IsPermanent(err) || len(w.gateway.Texts()) == 1 == waits {
				t.Errorf("%s, over %v: %v, %d sent", kind, pumped, err, len(w.gateway.Texts()))
			}
			if farewell != (len(w.texts) == 0) {
				t.Errorf("%s: counted %+v", kind, w.texts)
			}
			for _, x := range w.texts {
				if x.UID != uid || x.Company != w.facts.Company.Key || x.Process != processKey || x.Limit != 7 || len(x.Number) != 32 || strings.Contains(x.Number, "666") {
					t.Errorf("%s: counted %+v", kind, x)
				}
			}
		}
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.facts.Process.State, w.facts.Process.EndedAt = right[0], noon
		w.Options.Numbers = innsigli.Numbers{Allow: []string{"+47"}}
		if _, _, err := w.run(t, job(kind, bjorn, address(kind), innsigli.LangEn)); !innsigli.IsPermanent(err) || len(w.gateway.Texts()) > 0 {
			t.Errorf("%s: to a country that is not allowed: %v", kind, err)
		}
	}
}
