package api

import (
	"net/http/httptest"
	"testing"
)

// TestADownloadIsCountedOnce, however many pieces a reader fetches it in.
func TestADownloadIsCountedOnce(t *testing.T) {
	for _, c := range []struct {
		method, part string
		want         bool
	}{
		{"GET", "", true}, {"GET", "bytes=0-1023", true}, {"GET", "bytes=1024-", false}, {"GET", "bytes=-500", false}, {"HEAD", "", false},
	} {
		r := httptest.NewRequest(c.method, "/pdf/sp1/si1.pdf", nil)
		r.Header.Set("Range", c.part)
		if got := wholly(r); got != c.want {
			t.Errorf("%s %q: %v", c.method, c.part, got)
		}
	}
}
