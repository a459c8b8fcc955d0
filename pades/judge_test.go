package pades_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/hex"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/innsigli/innsigli/cms"
)

var byteRange = regexp.MustCompile(`/ByteRange \[0 (\d+) (\d+) (\d+) *\]`)

// signature is what the last signature of a file covers and holds, found by a
// plain search: none of the engine's code takes part.
type signature struct{ content, contents []byte }

// last finds the one range that reaches the end of the file and leaves out
// exactly one hexadecimal string.
func last(tb testing.TB, b []byte) signature {
	tb.Helper()
	var found []signature
	for _, m := range byteRange.FindAllSubmatch(b, -1) {
		var n [3]int
		for i := range n {
			v, err := strconv.Atoi(string(m[i+1]))
			if err != nil {
				tb.Fatal(err)
			}
			n[i] = v
		}
		if n[0] >= n[1] || n[1]+n[2] != len(b) {
			continue
		}
		gap := b[n[0]:n[1]]
		raw, err := hex.DecodeString(string(bytes.Trim(gap, "<>")))
		if err != nil || len(gap) != 2*len(raw)+2 {
			tb.Fatalf("range %v does not leave out exactly the signature: %v", n, err)
		}
		found = append(found, signature{slices.Concat(b[:n[0]], b[n[1]:]), raw})
	}
	if len(found) != 1 {
		tb.Fatalf("%d signatures cover the whole file", len(found))
	}
	return found[0]
}

// verifies checks a file's last signature with package cms.
func verifies(tb testing.TB, b []byte, h crypto.Hash) error {
	tb.Helper()
	s := last(tb, b)
	d := h.New()
	d.Write(s.content)
	_, err := cms.Verify(s.contents, d.Sum(nil))
	return err
}

// derOf cuts the padding off: the DER's own length says where it ends.
func derOf(tb testing.TB, contents []byte) []byte {
	tb.Helper()
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(contents, &v)
	if err != nil {
		tb.Fatal(err)
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		tb.Fatal("the padding holds something")
	}
	return v.FullBytes
}

// judge asks pdfsig, qpdf and openssl.
func judge(t *testing.T, b []byte, h house) {
	t.Helper()
	need(t, "pdfsig", "poppler-utils")
	need(t, "certutil", "libnss3-tools")
	need(t, "qpdf", "qpdf")
	need(t, "openssl", "openssl")
	s := last(t, b)
	cmd := exec.CommandContext(t.Context(), "../tools/validators/pdf.sh",
		file(t, "sealed.pdf", b), file(t, "root.pem", h.root), file(t, "content", s.content), file(t, "cms.der", derOf(t, s.contents)))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("judges: %v\n%s", err, out)
	}
}
