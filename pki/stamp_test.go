package pki_test

import (
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
)

const stampQuery = "application/timestamp-query"

func stampRequest(tb testing.TB) (cms.TimestampRequest, []byte) {
	tb.Helper()
	digest := sha256.Sum256([]byte("a document"))
	q := cms.TimestampRequest{Hash: crypto.SHA256, Digest: digest[:], Nonce: big.NewInt(4711), Certs: true}
	der, err := q.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return q, der
}

func TestTimeStamp(t *testing.T) {
	m := newMaterial(t)
	c, a := local(t, m, now)
	q, request := stampRequest(t)
	serials := map[string]bool{}
	for range 3 {
		status, der := fetch(t, c, http.MethodPost, public+"/pki/tsa", stampQuery, request)
		raw, err := cms.ParseTimestampResponse(der)
		if err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		token, err := cms.ParseToken(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Answers(&q); err != nil {
			t.Error(err)
		}
		if !token.Time.Equal(now.Truncate(time.Second)) || token.Accuracy != time.Second || !token.Signer.Equal(a.Stamp().Chain[0]) || serials[token.Serial.String()] {
			t.Errorf("time %v ± %v by %v, serial %v", token.Time, token.Accuracy, token.Signer.Subject, token.Serial)
		}
		serials[token.Serial.String()] = true
	}
}

func TestTimeStampIsRefused(t *testing.T) {
	m := newMaterial(t)
	_, good := stampRequest(t)
	end := authority(t, m).Stamp().NotAfter()
	for name, q := range map[string]struct {
		request []byte
		at      time.Time
		failure cms.TimestampFailure
	}{
		"nonsense":                  {[]byte("x"), now, cms.BadDataFormat},
		"nothing":                   {nil, now, cms.BadDataFormat},
		"the certificate has ended": {good, end, cms.SystemFailure},
	} {
		c, _ := local(t, m, q.at)
		status, der := fetch(t, c, http.MethodPost, public+"/pki/tsa", stampQuery, q.request)
		_, err := cms.ParseTimestampResponse(der)
		if refusal, ok := errors.AsType[*cms.TimestampError](err); status != http.StatusOK || !ok || refusal.Failure != q.failure {
			t.Errorf("%s: %d, %v", name, status, err)
		}
	}
	c, _ := local(t, m, end.Add(-time.Second))
	_, der := fetch(t, c, http.MethodPost, public+"/pki/tsa", stampQuery, good)
	if _, err := cms.ParseTimestampResponse(der); err != nil {
		t.Errorf("in its last second: %v", err)
	}
	if status, _ := fetch(t, c, http.MethodPost, public+"/pki/tsa", stampQuery, make([]byte, 8<<10+1)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %d", status)
	}
}

// TestOpenSSLTakesTheTimeStamp has openssl make the request and judge the answer.
func TestOpenSSLTakesTheTimeStamp(t *testing.T) {
	m := newMaterial(t)
	c, _ := local(t, m, now)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, b := range map[string][]byte{"root.pem": m.RootCert, "issuing.pem": m.IssuingCert, "document": []byte("a document")} {
		if err := os.WriteFile(file(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl(t, "ts", "-query", "-data", file("document"), "-sha256", "-cert", "-out", file("query"))
	query, err := os.ReadFile(file("query"))
	if err != nil {
		t.Fatal(err)
	}
	_, der := fetch(t, c, http.MethodPost, public+"/pki/tsa", stampQuery, query)
	if err := os.WriteFile(file("reply"), der, 0o600); err != nil {
		t.Fatal(err)
	}
	out := openssl(t, "ts", "-verify", "-queryfile", file("query"), "-in", file("reply"), "-CAfile", file("root.pem"), "-untrusted", file("issuing.pem"), "-attime", fmt.Sprint(now.Unix()))
	if !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl: %s", out)
	}
}

func BenchmarkTimestamp(b *testing.B) {
	a := authority(b, newMaterial(b))
	_, request := stampRequest(b)
	for b.Loop() {
		if _, err := a.Timestamp(b.Context(), request, now); err != nil {
			b.Fatal(err)
		}
	}
}
