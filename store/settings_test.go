package store_test

import (
	"testing"

	"github.com/innsigli/innsigli"
)

func TestAnOriginIsFoundWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		_, err := w.ChangeCompany(t.Context(), w.company.Key, func(c innsigli.Company) (innsigli.Company, error) {
			c.Origins = "https://a.is https://portal.b.is:8443"
			return c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for origin, want := range map[string]bool{
			"https://a.is": true, "https://portal.b.is:8443": true, "https://portal.b.is": false, "https://a": false, "portal.b.is:8443": false, "": false,
		} {
			if got, err := w.Embeds(t.Context(), origin); got != want || err != nil {
				t.Errorf("%q: %v, %v", origin, got, err)
			}
		}
	})
}
