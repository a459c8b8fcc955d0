package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/innsiglitest/handmade"
	"github.com/innsigli/innsigli/pades"
)

// sized is a one-page document with an unused stream that fills it up.
func sized(n int) []byte {
	body := bytes.Repeat([]byte("0123456789abcde\n"), n/16+1)[:n]
	return handmade.PDF("<< /Type /Catalog /Pages 2 0 R >>", pages, page, handmade.Stream("", string(body)))
}

// BenchmarkSeal opens a document, seals it and streams the result, in turn with
// the floor: SHA-256 over the same bytes in memory and one operation of the same
// key. "bare" is an invisible seal, "full" has a mark, a page and a file, "LTA" is
// a bare seal at B-LTA with services that are asked over loopback HTTP.
func BenchmarkSeal(b *testing.B) {
	rsa, err := rsaKey()
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range []struct {
		name string
		key  crypto.Signer
	}{{"P-256", ecKey(b, elliptic.P256())}, {"RSA-3072", rsa}} {
		h := newHouse(b, k.key)
		full := fullSeal(b)
		for _, n := range []int{100_000, 1_000_000, 50_000_000} {
			in := sized(n)
			bench := func(name string, work func(*pades.Document) (*pades.Revision, error)) {
				b.Run(fmt.Sprintf("%s/%dkB/%s", k.name, n/1000, name), func(b *testing.B) { race(b, in, k.key, work) })
			}
			bench("bare", func(d *pades.Document) (*pades.Revision, error) {
				return pades.Sign(b.Context(), d, pades.Seal{Time: signingTime}, h.signer)
			})
			bench("full", func(d *pades.Document) (*pades.Revision, error) { return pades.Sign(b.Context(), d, full, h.signer) })
			over := newLoopback(b, k.key)
			bench("LTA", func(d *pades.Document) (*pades.Revision, error) {
				r, _, err := pades.SignTo(b.Context(), d, pades.Seal{Time: signingTime}, over.house().signer,
					cms.Services{Timestamps: over, Revocations: over}, cms.BLTA)
				return r, err
			})
		}
	}
}

// race measures the work and its floor in turn and prints the best of each: what
// else the machine does then disturbs neither.
func race(b *testing.B, in []byte, key crypto.Signer, work func(*pades.Document) (*pades.Revision, error)) {
	b.Helper()
	b.ReportAllocs()
	var took, floor []time.Duration
	for b.Loop() {
		start := innsiglitest.Now()
		sum := sha256.Sum256(in)
		if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
		middle := innsiglitest.Now()
		doc, err := pades.Open(bytes.NewReader(in), int64(len(in)))
		if err != nil {
			b.Fatal(err)
		}
		r, err := work(doc)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
		floor, took = append(floor, middle.Sub(start)), append(took, innsiglitest.Now().Sub(middle))
	}
	ms := func(all []time.Duration) float64 { return slices.Min(all).Seconds() * 1000 }
	b.ReportMetric(0, "ns/op") // would be of both
	b.ReportMetric(ms(took), "ms")
	b.ReportMetric(ms(floor), "floor-ms")
	b.ReportMetric(ms(took)/ms(floor), "x-floor")
}

// loopback asks an authority over HTTP, a request for each thing, as the real
// clients do.
type loopback struct {
	*authority
	url    string
	client *http.Client
	lock   sync.Mutex
}

func newLoopback(b *testing.B, key crypto.Signer) *loopback {
	b.Helper()
	l := &loopback{authority: newAuthority(b, key)}
	mux := http.NewServeMux()
	answer := func(pattern string, answered func([]byte) ([]byte, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			asked, err := io.ReadAll(r.Body)
			if err != nil {
				b.Error(err)
			}
			l.lock.Lock()
			defer l.lock.Unlock()
			out, err := answered(asked)
			if err != nil {
				b.Error(err)
			}
			if _, err := w.Write(out); err != nil {
				b.Error(err)
			}
		})
	}
	answer("/tsa", func(asked []byte) ([]byte, error) {
		q, err := cms.ParseTimestampRequest(asked)
		if err != nil {
			return nil, err
		}
		t, err := l.authority.Timestamp(b.Context(), q.Hash, q.Digest)
		if err != nil {
			return nil, err
		}
		return cms.GrantTimestamp(t.Raw)
	})
	answer("/ocsp", func(serial []byte) ([]byte, error) {
		return l.good(&x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial)}), nil
	})
	answer("/crl", func([]byte) ([]byte, error) { return l.list(l.root), nil })
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)
	l.url, l.client = server.URL, server.Client()
	return l
}

func (l *loopback) ask(path string, body []byte) ([]byte, error) {
	resp, err := l.client.Post(l.url+path, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	return io.ReadAll(resp.Body)
}

func (l *loopback) Timestamp(_ context.Context, h crypto.Hash, digest []byte) (*cms.Token, error) {
	q := cms.TimestampRequest{Hash: h, Digest: digest, Certs: true}
	asked, err := q.Marshal()
	if err != nil {
		return nil, err
	}
	answer, err := l.ask("/tsa", asked)
	if err != nil {
		return nil, err
	}
	token, err := cms.ParseTimestampResponse(answer)
	if err != nil {
		return nil, err
	}
	return cms.ParseToken(token)
}

func (l *loopback) Collect(_ context.Context, certs []*x509.Certificate, _ time.Time) (cms.Material, error) {
	var m cms.Material
	m.AddCert(certs...)
	m.AddCert(l.status.cert)
	for _, c := range certs {
		switch {
		case c.Equal(l.root.cert):
		case strings.Contains(c.Subject.CommonName, "Issuing"):
			der, err := l.ask("/crl", nil)
			if err != nil {
				return m, err
			}
			m.AddCRL(der)
		default:
			der, err := l.ask("/ocsp", c.SerialNumber.Bytes())
			if err != nil {
				return m, err
			}
			m.AddOCSP(der)
		}
	}
	return m, nil
}
