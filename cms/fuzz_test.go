package cms_test

import (
	"testing"

	"github.com/innsigli/innsigli/cms"
)

// FuzzParse parses anything. What parses must be judged without a crash, and the
// certificates must be found by the other way too.
func FuzzParse(f *testing.F) {
	digest := make([]byte, 32)
	for _, p := range people(f) {
		sig, err := cms.Sign(f.Context(), p.key, digestFor(p.hash, "seed"), p.chain, cms.Options{PSS: p.pss})
		if err == nil {
			f.Add(sig)
		}
	}
	f.Add([]byte{0x30, 0x80, 0x06, 0x09})
	f.Fuzz(func(t *testing.T, b []byte) {
		certs, certErr := cms.Certificates(b)
		s, err := cms.Parse(b)
		if err != nil {
			return
		}
		if certErr != nil || len(certs) != len(s.Certificates) {
			t.Fatalf("%d certificates, then %d: %v", len(s.Certificates), len(certs), certErr)
		}
		_ = s.Check(digest)
		_ = s.CheckBaseline()
	})
}
