package pades_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
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

// covered is the signature whose dictionary is given, as it stands in a file.
func covered(tb testing.TB, b, dict []byte) signature {
	tb.Helper()
	m := byteRange.FindSubmatch(dict)
	if m == nil {
		tb.Fatal("no range")
	}
	var n [3]int
	for i := range n {
		v, err := strconv.Atoi(string(m[i+1]))
		if err != nil {
			tb.Fatal(err)
		}
		n[i] = v
	}
	if n[0] >= n[1] || n[1]+n[2] > len(b) {
		tb.Fatalf("range %v of a file of %d bytes", n, len(b))
	}
	raw, err := hex.DecodeString(string(b[n[0]+1 : n[1]-1]))
	if err != nil || b[n[0]] != '<' || b[n[1]-1] != '>' {
		tb.Fatalf("range %v does not leave out exactly the signature: %v", n, err)
	}
	return signature{slices.Concat(b[:n[0]], b[n[1]:n[1]+n[2]]), raw}
}

// signaturesOf lists the signatures of a file that are no time-stamps, oldest first.
func signaturesOf(tb testing.TB, b []byte) []signature {
	tb.Helper()
	return dictionaries(tb, b, "/ETSI.CAdES.detached")
}

// stampsOf lists the document time-stamps of a file, oldest first.
func stampsOf(tb testing.TB, b []byte) []signature {
	tb.Helper()
	return dictionaries(tb, b, "/Type /DocTimeStamp")
}

func dictionaries(tb testing.TB, b []byte, with string) []signature {
	tb.Helper()
	var out []signature
	doc := open(tb, b)
	for _, f := range doc.SignatureFields() {
		dict, err := doc.Signature(&f)
		if err != nil {
			tb.Fatal(err)
		}
		if bytes.Contains(dict.Bytes(), []byte(with)) {
			out = append(out, covered(tb, b, dict.Bytes()))
		}
	}
	slices.SortFunc(out, func(x, y signature) int { return len(x.content) - len(y.content) })
	return out
}

func proofsOf(tb testing.TB, b []byte) pdf.Proofs {
	tb.Helper()
	p, err := open(tb, b).Proofs()
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func pemOf(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// judgeGrown asks pdfsig, qpdf and openssl about a file to which something was
// appended after its last signature.
func judgeGrown(t *testing.T, b []byte, h house) {
	t.Helper()
	judgeAs(t, b, h, signaturesOf(t, b), "grown")
}

// judge asks pdfsig, qpdf and openssl.
func judge(t *testing.T, b []byte, h house) {
	t.Helper()
	last(t, b)
	judgeAs(t, b, h, signaturesOf(t, b), "total")
}

func judgeAs(t *testing.T, b []byte, h house, signatures []signature, how string) {
	t.Helper()
	need(t, "pdfsig", "poppler-utils")
	need(t, "certutil", "libnss3-tools")
	need(t, "qpdf", "qpdf")
	need(t, "openssl", "openssl")
	args := []string{"--" + how, file(t, "sealed.pdf", b), file(t, "root.pem", h.root)}
	for _, s := range signatures {
		args = append(args, file(t, "content", s.content), file(t, "cms.der", derOf(t, s.contents)))
	}
	out, err := exec.CommandContext(t.Context(), "../tools/validators/pdf.sh", args...).CombinedOutput()
	if err != nil {
		t.Errorf("judges: %v\n%s", err, out)
	}
}
