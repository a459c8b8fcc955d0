package cms_test

import (
	"bytes"
	"crypto"
	"math/big"
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

// FuzzToken reads anything as a time-stamp token. What is read has a signature that holds, so that only the seeds and
// what differs from them without meaning get through: they must stay what they are.
func FuzzToken(f *testing.F) {
	tsa := issue(f, nil, "TSA", asStamper(f))
	f.Add(token(f, request("x"), stamp(), tsa, cms.Options{}))
	f.Add([]byte{0x30, 0x80, 0x06, 0x09})
	f.Fuzz(func(t *testing.T, b []byte) {
		tok, err := cms.ParseToken(b)
		if err != nil {
			return
		}
		again, err := cms.ParseToken(tok.Raw)
		if err != nil || !again.Time.Equal(tok.Time) || len(tok.Imprint) != tok.Hash.Size() || tok.Signer == nil {
			t.Fatalf("%+v, then %+v: %v", tok, again, err)
		}
	})
}

// FuzzTimestampRequest: what is read can be written, and is the same when it is read again.
func FuzzTimestampRequest(f *testing.F) {
	for _, q := range []cms.TimestampRequest{{}, {Certs: true}, {Nonce: big.NewInt(9), Policy: policy, Certs: true}} {
		q.Hash, q.Digest = crypto.SHA256, digestFor(crypto.SHA256, "x")
		der, err := q.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := cms.ParseTimestampRequest(b)
		if err != nil {
			if _, err := cms.RefuseTimestamp(err); err != nil {
				t.Fatal(err)
			}
			return
		}
		der, err := q.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := cms.ParseTimestampRequest(der)
		if err != nil || !bytes.Equal(again.Digest, q.Digest) || !again.Policy.Equal(q.Policy) || (again.Nonce == nil) != (q.Nonce == nil) {
			t.Fatalf("%+v, then %+v: %v", q, again, err)
		}
	})
}

// FuzzTimestampResponse: an answer is a refusal or a token, never both and never neither.
func FuzzTimestampResponse(f *testing.F) {
	refusal, err := cms.RefuseTimestamp(&cms.TimestampError{Failure: cms.BadAlg, Text: "no"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(refusal)
	grant, err := cms.GrantTimestamp([]byte{0x30, 0x03, 0x02, 0x01, 0x01})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(grant)
	f.Add([]byte("0\n0\x03\x02\x01\x000\x00A\x010")) // a token, and something after it
	f.Fuzz(func(t *testing.T, b []byte) {
		der, err := cms.ParseTimestampResponse(b)
		if (err == nil) != (len(der) > 0) {
			t.Fatalf("%x, %v", der, err)
		}
	})
}
