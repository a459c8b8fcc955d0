package pades_test

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	_ "crypto/sha512"

	"github.com/innsigli/innsigli/pades"
)

// TestDocumentsRewrittenByOthersSatisfyStrangers seals what a common program
// makes of a document: linearized, with object streams, with old tables.
func TestDocumentsRewrittenByOthersSatisfyStrangers(t *testing.T) {
	need(t, "qpdf", "qpdf")
	h := newHouse(t, ecKey(t, elliptic.P256()))
	in := file(t, "in.pdf", written(t, 5))
	for name, options := range map[string][]string{
		"linearized":                   {"--linearize"},
		"object streams":               {"--object-streams=generate"},
		"linearized, object streams":   {"--linearize", "--object-streams=generate"},
		"tables":                       {"--object-streams=disable", "--force-version=1.3"},
		"PDF 2.0":                      {"--force-version=2.0"},
		"a page turned, pages reduced": {"--rotate=+90:1", "--pages", ".", "1-3", "--"},
	} {
		t.Run(name, func(t *testing.T) {
			to := file(t, "out.pdf", nil)
			if out, err := exec.CommandContext(t.Context(), "qpdf", append(options, in, to)...).CombinedOutput(); err != nil {
				t.Fatalf("qpdf: %v\n%s", err, out)
			}
			b, err := os.ReadFile(to)
			if err != nil {
				t.Fatal(err)
			}
			out := sealed(t, b, fullSeal(t), h.signer)
			if dir := os.Getenv("INNSIGLI_KEEP"); dir != "" {
				keep(t, filepath.Join(dir, name+".pdf"), out)
			}
			judge(t, out, h)
			if ext := bytes.Contains(out[len(b):], []byte("/ESIC")); ext == (name == "PDF 2.0") {
				t.Errorf("extension declared: %v", ext)
			}
		})
	}
}

func TestASealedDocumentSatisfiesStrangers(t *testing.T) {
	long, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		key  crypto.Signer
		hash crypto.Hash
	}{
		{"P-256", ecKey(t, elliptic.P256()), crypto.SHA256},
		{"P-384", ecKey(t, elliptic.P384()), crypto.SHA384},
		{"RSA-PSS", long, crypto.SHA256},
		{"RSA, PKCS #1", pades.PKCS1{Signer: long}, crypto.SHA256},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t, c.key)
			in := written(t, 3)
			doc := open(t, in)
			r, err := pades.Sign(t.Context(), doc, fullSeal(t), h.signer)
			if err != nil {
				t.Fatal(err)
			}
			out := bytesOf(t, r)
			if !bytes.HasPrefix(out, in) {
				t.Error("the original's bytes changed")
			}
			if sum := sha256.Sum256(out); !bytes.Equal(sum[:], r.SHA256()) {
				t.Error("SHA256 is not that of the file")
			}
			if err := verifies(t, out, c.hash); err != nil {
				t.Error(err)
			}
			judge(t, out, h)
			_, old := c.key.(pades.PKCS1)
			if _, isRSA := c.key.Public().(*rsa.PublicKey); isRSA && bytes.Contains(last(t, out).contents, oidPSS) == old {
				t.Errorf("RSASSA-PSS: %v", old)
			}
		})
	}
}

// oidPSS is id-RSASSA-PSS in DER (RFC 8017, appendix C).
var oidPSS = []byte{6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 10}
