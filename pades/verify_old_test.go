package pades_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/innsigli/innsigli/pades"
)

// oldSignature is a document that openssl signs in one of the ways from before PAdES; args are its own.
func oldSignature(t *testing.T, h house, kind string, args ...string) []byte {
	t.Helper()
	need(t, "openssl", "openssl")
	b := sealed(t, written(t, 1), pades.Seal{Time: signingTime}, h.signer)
	b = bytes.Replace(b, []byte("/ETSI.CAdES.detached"), []byte("/"+kind+strings.Repeat(" ", len("ETSI.CAdES.detached")-len(kind))), 1)
	m := byteRange.FindSubmatch(b)
	from, err := strconv.Atoi(string(m[1]))
	must(t, err)
	to, err := strconv.Atoi(string(m[2]))
	must(t, err)
	content := append(bytes.Clone(b[:from]), b[to:]...)
	if kind == "adbe.pkcs7.sha1" {
		sum := sha1.Sum(content)
		content = sum[:]
	}
	key, err := x509.MarshalPKCS8PrivateKey(h.signer.Key)
	must(t, err)
	out := filepath.Join(t.TempDir(), "cms.der")
	args = append([]string{
		"cms", "-sign", "-binary", "-nosmimecap", "-outform", "DER", "-in", file(t, "content", content), "-out", out,
		"-signer", file(t, "cert", pemOf(h.signer.Chain[0])), "-certfile", file(t, "chain", pemOf(h.signer.Chain[1:]...)),
		"-inkey", file(t, "key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}, args...)
	if said, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl: %v\n%s", err, said)
	}
	der, err := os.ReadFile(out)
	must(t, err)
	hole := b[from+1 : to-1]
	copy(hole, bytes.Repeat([]byte("0"), len(hole)))
	if n := hex.Encode(hole, der); n != 2*len(der) {
		t.Fatal("no room")
	}
	return b
}

// TestOldKindsAreJudged as EU DSS does: what is not SHA-1 is judged like any other, what is proves nothing, but a change
// is seen all the same.
func TestOldKindsAreJudged(t *testing.T) {
	long, err := rsaKey()
	must(t, err)
	const passed, weak = "signature TOTAL-PASSED  PKCS7-B unchanged", "signature INDETERMINATE CRYPTO_CONSTRAINTS_FAILURE PKCS7-B unchanged"
	ec, rsa := signedHere(t, ecKey(t, elliptic.P256())), signedHere(t, long)
	for _, c := range []struct {
		name, kind, want string
		h                house
		args             []string
	}{
		{"detached", "adbe.pkcs7.detached", passed, ec, []string{"-md", "sha256"}},
		{"detached, RSA", "adbe.pkcs7.detached", passed, rsa, []string{"-md", "sha512"}},
		{"detached, no attributes", "adbe.pkcs7.detached", passed, ec, []string{"-md", "sha256", "-noattr"}},
		{"detached, no attributes, RSA", "adbe.pkcs7.detached", passed, rsa, []string{"-md", "sha256", "-noattr"}},
		{"detached, SHA-1", "adbe.pkcs7.detached", weak, ec, []string{"-md", "sha1"}},
		{"detached, SHA-1, RSA", "adbe.pkcs7.detached", weak, rsa, []string{"-md", "sha1"}},
		{"digest inside", "adbe.pkcs7.sha1", weak, rsa, []string{"-md", "sha1", "-nodetach"}},
		{"digest inside, SHA-256 over it", "adbe.pkcs7.sha1", weak, ec, []string{"-md", "sha256", "-nodetach"}},
		{"digest inside, no attributes", "adbe.pkcs7.sha1", weak, rsa, []string{"-md", "sha1", "-nodetach", "-noattr"}},
		{"digest is not inside", "adbe.pkcs7.sha1", "signature TOTAL-FAILED FORMAT_FAILURE  unchanged", ec, []string{"-md", "sha256"}},
		{"document inside", "adbe.pkcs7.detached", "signature TOTAL-FAILED FORMAT_FAILURE  unchanged", ec, []string{"-md", "sha256", "-nodetach"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := oldSignature(t, c.h, c.kind, c.args...)
			o := pades.VerifyOptions{Now: signingTime.AddDate(0, 1, 0), Own: c.h.signer.Chain[1:]}
			r := verified(t, doc, o)
			if got := told(r); len(got) != 1 || got[0] != c.want {
				t.Errorf("%s%s", strings.Join(got, "\n"), explain(r))
			}
			if err := genuine(t, doc); isRefused(err, pades.BogusSignature) != strings.Contains(c.want, "FORMAT") {
				t.Errorf("genuine: %v", err)
			}
			if strings.Contains(c.want, "FORMAT") {
				return
			}
			doc[bytes.Index(doc, []byte("/MediaBox"))+11] ^= 1
			if r = verified(t, doc, o); r.Indication != pades.TotalFailed || r.Signatures[0].Level != "" || genuine(t, doc) == nil {
				t.Errorf("changed: %s%s", r.Indication, explain(r))
			}
		})
	}
}
