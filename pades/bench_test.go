package pades_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"testing"

	"github.com/innsigli/innsigli/pades"
)

// sized is a one-page document with an unused stream that fills it up.
func sized(n int) []byte {
	body := bytes.Repeat([]byte("0123456789abcde\n"), n/16)
	return plain("<< /Type /Catalog /Pages 2 0 R >>", pages, page, fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(body), body))
}

// BenchmarkSeal compares sealing with its floor: hashing the document once and
// one operation of the key.
func BenchmarkSeal(b *testing.B) {
	rsa, err := rsaKey()
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range []struct {
		name string
		key  crypto.Signer
	}{{"EC", ecKey(b, elliptic.P256())}, {"RSA-3072", rsa}} {
		h := newHouse(b, k.key)
		for _, n := range []int{100_000, 50_000_000} {
			in := sized(n)
			b.Run(fmt.Sprintf("%s/%dkB/floor", k.name, n/1000), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					sum := sha256.Sum256(in)
					if _, err := k.key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
						b.Fatal(err)
					}
				}
			})
			for name, s := range map[string]pades.Seal{"bare": {Time: signingTime}, "full": fullSeal(b)} {
				b.Run(fmt.Sprintf("%s/%dkB/%s", k.name, n/1000, name), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						doc, err := pades.Open(bytes.NewReader(in), int64(len(in)))
						if err != nil {
							b.Fatal(err)
						}
						r, err := pades.Sign(b.Context(), doc, s, h.signer)
						if err != nil {
							b.Fatal(err)
						}
						if _, err := r.WriteTo(io.Discard); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
