package pades_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"runtime"
	"sync"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
)

// stampHouse is a time-stamping authority without places to ask for revocation.
func stampHouse(tb testing.TB) house {
	tb.Helper()
	return issueHouse(tb, ecKey(tb, elliptic.P256()), func(c *x509.Certificate) {
		c.Subject.CommonName = "Test TSA"
		c.ExtraExtensions = criticalStamping(tb)
	})
}

// stampedSeal seals a document with a signature time-stamp.
func stampedSeal(tb testing.TB, doc []byte, s pades.Seal, h, tsa house) []byte {
	tb.Helper()
	p, err := pades.Prepare(tb.Context(), open(tb, doc), s)
	if err != nil {
		tb.Fatal(err)
	}
	sig, err := cms.Sign(tb.Context(), h.signer.Key, p.Digest(), h.signer.Chain, cms.Options{Hash: crypto.SHA256})
	if err != nil {
		tb.Fatal(err)
	}
	value, err := cms.SignatureValue(sig)
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.Sum256(value)
	if sig, err = cms.AddTimestamp(sig, token(tb, tsa, sum[:])); err != nil {
		tb.Fatal(err)
	}
	r, err := p.Finish(sig)
	if err != nil {
		tb.Fatal(err)
	}
	return bytesOf(tb, r)
}

func token(tb testing.TB, tsa house, digest []byte) []byte {
	tb.Helper()
	der, err := cms.NewToken(tb.Context(), &cms.TimestampRequest{Hash: crypto.SHA256, Digest: digest, Certs: true},
		cms.Stamp{Time: signingTime, Policy: asn1.ObjectIdentifier{1, 2, 3}, Serial: big.NewInt(7)}, tsa.signer.Key, tsa.signer.Chain[:1], cms.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// TestNoFlippedByteIsOverlooked flips bits of every byte of a sealed file. What the
// signature covers must then fail. A bit of the hole must either spoil the signature or
// change nothing: letters of hexadecimal digits have two cases, and certificates of others
// are of no weight.
func TestNoFlippedByteIsOverlooked(t *testing.T) {
	h, tsa := offlineHouse(t), stampHouse(t)
	in := handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", pages, page)
	out := stampedSeal(t, in, pades.Seal{Time: signingTime, Certify: 2, Reserve: 3000}, h, tsa)
	o := trusting(h)
	o.Own = append(o.Own, tsa.signer.Chain[1])
	want := verified(t, out, o).Signatures[0]
	if want.Indication != pades.TotalPassed || want.Level != "PAdES-BASELINE-T" || want.Time == nil {
		t.Fatalf("%+v", want)
	}
	from := bytes.Index(out, []byte("/Contents <")) + len("/Contents ")
	to := from + 2*3000 + 2
	step := 1
	if raceDetector {
		step = 17 // all of them take a minute then; `make test` does it once more without
	}
	same := func(r *pades.Report) bool {
		s := &r.Signatures[0]
		return len(r.Signatures) == 1 && s.Signer.SHA256 == want.Signer.SHA256 && s.Time != nil && s.Time.Equal(*want.Time) && s.Level == want.Level
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			b := bytes.Clone(out)
			for i := w * step; i < len(b); i += workers * step {
				for _, bit := range []byte{0x01, 0x20} {
					b[i] ^= bit
					r, err := pades.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), o)
					b[i] ^= bit
					if err != nil || !r.Passed() {
						continue
					}
					if hole := i >= from && i < to; !hole || !same(r) {
						t.Errorf("byte %d (%q) with bit %#x flipped passes, in the hole: %v: %+v", i, out[i], bit, hole, r.Signatures[0])
					}
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d bytes", (len(out)+step-1)/step, len(out))
}
