package cms_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/innsigli/innsigli/cms"
)

var policy = asn1.ObjectIdentifier{1, 2, 3, 4, 5}

func stamp() cms.Stamp {
	return cms.Stamp{Time: now.Add(123456 * time.Microsecond), Accuracy: 1500 * time.Millisecond, Policy: policy, Serial: big.NewInt(77)}
}

func request(content string) *cms.TimestampRequest {
	return &cms.TimestampRequest{Hash: crypto.SHA256, Digest: digestFor(crypto.SHA256, content), Nonce: new(big.Int).Lsh(big.NewInt(5), 62), Certs: true}
}

func token(tb testing.TB, q *cms.TimestampRequest, st cms.Stamp, from *node, o cms.Options, above ...*x509.Certificate) []byte {
	tb.Helper()
	out, err := cms.NewToken(tb.Context(), q, st, from.key, append([]*x509.Certificate{from.cert}, above...), o)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func TestATokenStatesWhatWasStamped(t *testing.T) {
	root := issue(t, nil, "Root", asAuthority)
	for _, p := range people(t) {
		t.Run(p.name, func(t *testing.T) {
			tsa := issueFor(t, p.key, root, "TSA", asStamper(t))
			q := request("content")
			raw := token(t, q, stamp(), tsa, cms.Options{PSS: p.pss}, root.cert)
			tok, err := cms.ParseToken(append(bytes.Clone(raw), 0, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(tok.Raw, raw) || !tok.Time.Equal(stamp().Time) || tok.Accuracy != 1500*time.Millisecond ||
				tok.Nonce.Cmp(q.Nonce) != 0 || !tok.Policy.Equal(policy) || tok.Serial.Int64() != 77 || !tok.Signer.Equal(tsa.cert) || len(tok.Certs) != 2 {
				t.Errorf("token is %+v", tok)
			}
			if err := tok.Answers(q); err != nil {
				t.Error(err)
			}
			if err := tok.Matches(crypto.SHA256, digestFor(crypto.SHA256, "other")); err == nil {
				t.Error("matches another content")
			}
			if err := tok.Matches(crypto.SHA384, q.Digest); err == nil {
				t.Error("matches another hash")
			}
		})
	}
}

// TestAnyFlippedBitOfATokenIsNoticed: as with signatures, the token has one certificate only.
func TestAnyFlippedBitOfATokenIsNoticed(t *testing.T) {
	tsa := issue(t, nil, "TSA", asStamper(t))
	raw := token(t, request("content"), stamp(), tsa, cms.Options{})
	for i := range raw {
		for bit := range 8 {
			b := bytes.Clone(raw)
			b[i] ^= 1 << bit
			tok, err := cms.ParseToken(b)
			// The version of the SignedData and the ECDSA-irrelevant NULLs are signed by no one: what such a token says
			// must be the same then.
			if err == nil && (!tok.Time.Equal(stamp().Time) || !tok.Signer.Equal(tsa.cert) || tok.Answers(request("content")) != nil) {
				t.Errorf("byte %d, bit %d flipped and still valid", i, bit)
			}
		}
	}
}

func TestTokensOfUnfitCertificatesAreRefused(t *testing.T) {
	root := issue(t, nil, "Root", asAuthority)
	for name, change := range map[string]func(*x509.Certificate){
		"no purpose": nil,
		"purpose not critical": func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, usage(t, false, purposeStamp))
		},
		"two purposes": func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, usage(t, true, purposeStamp, purposeServer))
		},
		"another purpose": func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, usage(t, true, purposeServer))
		},
		"unknown purpose besides": func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, usage(t, true, purposeStamp, 99))
		},
		"expired": func(c *x509.Certificate) { asStamper(t)(c); c.NotAfter = now.Add(-time.Second) },
		"not yet": func(c *x509.Certificate) { asStamper(t)(c); c.NotBefore = now.Add(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			tsa := issue(t, root, "TSA", change)
			if _, err := cms.NewToken(t.Context(), request("x"), stamp(), tsa.key, []*x509.Certificate{tsa.cert}, cms.Options{}); err == nil {
				t.Error("a token was made")
			}
			// Without certificates nobody looks; the certificate is put in by hand.
			q := request("x")
			q.Certs = false
			bare, err := cms.NewToken(t.Context(), q, stamp(), tsa.key, []*x509.Certificate{tsa.cert}, cms.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := cms.ParseToken(bare); err == nil || !strings.Contains(err.Error(), "malformed set") {
				t.Errorf("a token without certificates: %v", err)
			}
		})
	}
}

func TestATokenIsAddedToASignature(t *testing.T) {
	tsa := issue(t, nil, "TSA", asStamper(t))
	for _, p := range people(t) {
		digest := digestFor(p.hash, "content")
		sig, err := cms.Sign(t.Context(), p.key, digest, p.chain, cms.Options{PSS: p.pss})
		if err != nil {
			t.Fatal(err)
		}
		value, err := cms.SignatureValue(append(bytes.Clone(sig), 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		raw := token(t, request(string(value)), stamp(), tsa, cms.Options{})
		stamped, err := cms.AddTimestamp(append(bytes.Clone(sig), 0, 0), raw)
		if err != nil {
			t.Fatal(err)
		}
		s, err := cms.Verify(stamped, digest)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(s.Token, raw) || !bytes.Equal(s.Value, value) || len(s.Certificates) != len(p.chain) {
			t.Errorf("%s: token of %d bytes, value %x", p.name, len(s.Token), s.Value)
		}
		if again, err := cms.SignatureValue(stamped); err != nil || !bytes.Equal(again, value) {
			t.Errorf("%s: the value changed: %v", p.name, err)
		}
		if _, err := cms.AddTimestamp(stamped, raw); err == nil {
			t.Errorf("%s: stamped twice", p.name)
		}
		if _, err := cms.AddTimestamp(sig, token(t, request("other"), stamp(), tsa, cms.Options{})); err == nil {
			t.Errorf("%s: a token about something else was added", p.name)
		}
		if n := cms.Size(p.chain, len(raw)); len(stamped) > n {
			t.Errorf("%s: %d bytes, estimated %d", p.name, len(stamped), n)
		}
	}
}

func TestRequestsComeBackAsTheyWent(t *testing.T) {
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		for _, q := range []cms.TimestampRequest{{}, {Certs: true}, {Nonce: big.NewInt(9), Policy: policy, Certs: true}} {
			q.Hash, q.Digest = h, digestFor(h, "x")
			der, err := q.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			got, err := cms.ParseTimestampRequest(der)
			if err != nil {
				t.Fatal(err)
			}
			if got.Hash != h || !bytes.Equal(got.Digest, q.Digest) || got.Certs != q.Certs || !got.Policy.Equal(q.Policy) ||
				(got.Nonce == nil) != (q.Nonce == nil) || got.Nonce != nil && got.Nonce.Cmp(q.Nonce) != 0 {
				t.Errorf("%+v came back as %+v", q, *got)
			}
			if _, err := cms.ParseTimestampRequest(append(der, 0)); err == nil {
				t.Error("data behind a request was taken")
			}
			if _, err := cms.ParseTimestampRequest(der[:len(der)-1]); err == nil {
				t.Error("half a request was taken")
			}
		}
	}
	if _, err := (&cms.TimestampRequest{Hash: crypto.SHA1, Digest: make([]byte, 20)}).Marshal(); err == nil {
		t.Error("SHA-1 was asked for")
	}
	if _, err := cms.ParseTimestampRequest(make([]byte, cms.MaxTimestampRequest+1)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a request too large: %v", err)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	tsa := issue(t, nil, "TSA", asStamper(t))
	q := request("x")
	q.Policy = asn1.ObjectIdentifier{1, 2, 9}
	_, unaccepted := cms.NewToken(t.Context(), q, stamp(), tsa.key, []*x509.Certificate{tsa.cert}, cms.Options{})
	_, garbage := cms.ParseTimestampRequest([]byte("garbage"))
	for _, c := range []struct {
		cause error
		want  string
	}{
		{unaccepted, "time-stamp refused, status 2, unacceptedPolicy: another policy"},
		{garbage, "time-stamp refused, status 2, badDataFormat: not DER"},
		{&cms.TimestampError{Failure: cms.NoFailure}, "time-stamp refused, status 2, no reason"},
		{&cms.TimestampError{Failure: cms.BadAlg, Text: "a\x00b\n" + strings.Repeat("é", 300)}, "time-stamp refused, status 2, badAlg: ab" + strings.Repeat("é", 198)},
		{exec.ErrNotFound, "time-stamp refused, status 2, systemFailure"},
	} {
		der, err := cms.RefuseTimestamp(c.cause)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cms.ParseTimestampResponse(der); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestOpenSSLTakesOurTokens has a stranger judge requests, answers and tokens.
func TestOpenSSLTakesOurTokens(t *testing.T) {
	need(t, "openssl", "openssl")
	root := issue(t, nil, "Root", asAuthority)
	for _, p := range people(t) {
		t.Run(p.name, func(t *testing.T) {
			tsa := issueFor(t, p.key, root, "TSA", asStamper(t))
			q := request("content")
			der, err := q.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			raw := token(t, q, stamp(), tsa, cms.Options{PSS: p.pss})
			answer, err := cms.GrantTimestamp(raw)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := cms.ParseTimestampResponse(answer); err != nil || !bytes.Equal(got, raw) {
				t.Fatalf("the token in the answer: %v", err)
			}
			args := []string{"ts", "-verify", "-queryfile", file(t, "q", der), "-in", file(t, "a", answer)}
			if p.pss { // openssl ts knows no PSS
				args = []string{"cms", "-verify", "-inform", "DER", "-in", file(t, "t", raw), "-out", os.DevNull, "-purpose", "timestampsign"}
			}
			args = append(args, "-CAfile", file(t, "ca", pemOf(root.cert)), "-attime", strconv.FormatInt(now.Unix(), 10))
			out, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput()
			if err != nil || !strings.Contains(strings.ToLower(string(out)), "verification: ok") && !strings.Contains(string(out), "successful") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestWeTakeOpenSSLsTokens is the other way round: ESSCertID with SHA-1 and v2, several hashes, with a chain.
func TestWeTakeOpenSSLsTokens(t *testing.T) {
	need(t, "openssl", "openssl")
	root := issue(t, nil, "Root", asAuthority)
	tsa := issue(t, root, "TSA", func(c *x509.Certificate) {
		asStamper(t)(c)
		c.NotAfter = time.Now().AddDate(1, 0, 0)   //nolint:forbidigo // openssl has no other clock
		c.NotBefore = time.Now().AddDate(-1, 0, 0) //nolint:forbidigo // as above
	})
	key, err := x509.MarshalPKCS8PrivateKey(tsa.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, ess := range []string{"sha1", "sha256", "sha384"} {
		config := "[tsa]\ndefault_tsa=t\n[t]\nserial=" + file(t, "serial", []byte("0A")) + "\ndigests=sha256,sha384,sha512\naccuracy=secs:1,millisecs:500,microsecs:100\n" +
			"default_policy=1.2.3.4.5\nordering=yes\ntsa_name=yes\ness_cert_id_alg=" + ess + "\nclock_precision_digits=3\nsigner_digest=sha256\n"
		q := &cms.TimestampRequest{Hash: crypto.SHA512, Digest: digestFor(crypto.SHA512, "x"), Certs: true}
		if q.Nonce, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64)); err != nil {
			t.Fatal(err)
		}
		der, err := q.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "openssl", "ts", "-reply", "-queryfile", file(t, "q", der), "-config", file(t, "conf", []byte(config)),
			"-signer", file(t, "signer", pemOf(tsa.cert)), "-inkey", file(t, "key", pemKey(key)), "-chain", file(t, "chain", pemOf(root.cert)))
		var stderr strings.Builder
		cmd.Stderr = &stderr
		answer, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", ess, err, stderr.String())
		}
		raw, err := cms.ParseTimestampResponse(answer)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := cms.ParseToken(raw)
		if err != nil {
			t.Fatalf("%s: %v", ess, err)
		}
		if err := tok.Answers(q); err != nil || tok.Accuracy != 1500100*time.Microsecond || len(tok.Certs) != 2 || time.Since(tok.Time).Abs() > time.Minute {
			t.Errorf("%s: %v, %+v", ess, err, tok)
		}
	}
}
