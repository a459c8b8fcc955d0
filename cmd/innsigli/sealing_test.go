package main

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/pki"
)

func (r *rig) sealBody(pdf []byte, more ...any) map[string]any {
	body := map[string]any{"PdfDocument": base64.StdEncoding.EncodeToString(pdf), "flowkey": r.creds.FlowKey}
	for i := 0; i+1 < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return body
}

// TestSealingAPDF over the wire: the answer is the document itself, and strangers find its level.
func TestSealingAPDF(t *testing.T) {
	r := newRig(t, "sqlite")
	long := innsiglitest.BigPDF(t, 300<<10)
	var files []string
	for _, x := range []struct {
		name, path string
		pdf        []byte
		more       []any
		count      int
	}{
		{"plain", "/management/sealing", innsiglitest.PDF(t, 3, "seal"), nil, 1},
		{"all pages, shouted", "/API/Management/Sealing/", innsiglitest.PDF(t, 3, "seal"), []any{"AddSealOnAllPages", true, "LANGUAGETYPE", "en", "Reason", "Staðfest afrit"}, 3},
		{"language by number", "/api/management/sealing", long, []any{"languageType", int(innsigli.LangEn)}, 1},
	} {
		a := r.ask("POST", x.path, "own", r.sealBody(x.pdf, x.more...))
		h := a.header
		if a.status != http.StatusOK || h.Get("Content-Type") != "application/pdf" || h.Get("x-seal-count") != strconv.Itoa(x.count) ||
			h.Get("x-seal-level") != levelLTA || h.Get("Content-Length") != strconv.Itoa(len(a.body)) || h.Get("Warning") != "" {
			t.Fatalf("%s: %d %v %.300q", x.name, a.status, h, a.body)
		}
		if !bytes.HasPrefix(a.body, x.pdf) {
			t.Errorf("%s: the document's bytes changed", x.name)
		}
		file := filepath.Join(t.TempDir(), strings.ReplaceAll(x.name, " ", "-")+".pdf")
		writeFile(t, file, a.body)
		files = append(files, file)
	}
	certified := r.ask("POST", "/management/sealing", "own", r.sealBody(innsiglitest.PDF(t, 1, "x"))).body
	refusal(t, "sealed again", r.ask("POST", "/management/sealing", "own", r.sealBody(certified)), 400, "NoField", "pdfDocument")
	signed := approved(t, innsiglitest.PDF(t, 1, "x"))
	twice := r.ask("POST", "/management/sealing", "own", r.sealBody(signed, "addSealOnAllPages", true))
	if twice.status != 200 || twice.header.Get("X-Seal-Count") != "1" || !bytes.HasPrefix(twice.body, signed) {
		t.Fatalf("a signed document: %d %v %.300q", twice.status, twice.header, twice.body)
	}
	file := filepath.Join(t.TempDir(), "twice.pdf")
	writeFile(t, file, twice.body)
	root := r.ask("GET", "/pki/root.pem", "", nil).body
	for i, v := range innsiglitest.DSS(t, root, time.Time{}, append(files, file)...) {
		ours := v.Signatures
		if i == len(files) { // the first signature is somebody's whom nobody trusts
			ours = ours[min(1, len(ours)):]
		}
		if len(ours) != 1 || ours[0].Format != "PAdES_BASELINE_LTA" || ours[0].Indication != "TOTAL_PASSED" || len(ours[0].Changes) > 0 {
			t.Errorf("%v", v)
		}
	}
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// approved bears a signature of somebody else's.
func approved(t *testing.T, pdf []byte) []byte {
	t.Helper()
	m, err := pki.New(time.Now().Add(-time.Hour), "Somebody else", "http://else.example")
	if err != nil {
		t.Fatal(err)
	}
	a, err := pki.Load(m)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := pades.Open(bytes.NewReader(pdf), int64(len(pdf)))
	if err != nil {
		t.Fatal(err)
	}
	rev, err := pades.Sign(t.Context(), doc, pades.Seal{Time: time.Now()}, pades.Signer{Key: a.Seal().Key, Chain: a.Seal().Chain})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := rev.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestSealingIsRefusedInWords names every field that is wrong.
func TestSealingIsRefusedInWords(t *testing.T) {
	r := newRig(t, "sqlite")
	pdf := innsiglitest.PDF(t, 1, "refused")
	const path, xmlPath = "/management/sealing", "/management/sealing/xml"
	for _, x := range []struct {
		name, path string
		body       any
		status     int
		code       string
		fields     []string
	}{
		{"nothing", path, "{}", 400, "NotEmpty", []string{"pdfDocument", "flowKey"}},
		{"no JSON", path, "{", 400, "Json", []string{""}},
		{"another flow", path, r.sealBody(pdf, "flowkey", "f00000000000"), 400, "NotFound", []string{"flowKey"}},
		{"a long reason", path, r.sealBody(pdf, "reason", strings.Repeat("x", innsigli.MaxReasonRunes+1)), 400, "Length", []string{"reason"}},
		{"a very long reason", path, r.sealBody(pdf, "reason", strings.Repeat("x", 100<<10)), 400, "Length", []string{"reason"}},
		{"a language", path, r.sealBody(pdf, "languageType", "De"), 400, "Enum", []string{"languageType"}},
		{"no Base64", path, map[string]any{"flowKey": r.creds.FlowKey, "pdfDocument": "?"}, 400, "Malformed", []string{"pdfDocument"}},
		{"no PDF", path, r.sealBody([]byte("hello")), 400, "NotPDF", []string{"pdfDocument"}},
		{"a password", path, r.sealBody(qpdf(t, pdf, "--encrypt", "user", "owner", "256", "--")), 400, "Encrypted", []string{"pdfDocument"}},
		{"no XML", xmlPath, "{}", 400, "NotEmpty", []string{"xmlDocument", "flowKey"}},
		{"a document type", xmlPath, r.xmlBody(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`), 400, "Doctype", []string{"xmlDocument"}},
		{"not well-formed", xmlPath, r.xmlBody(`<a>`), 400, "Malformed", []string{"xmlDocument"}},
		{"too large", xmlPath, map[string]any{
			"flowKey": r.creds.FlowKey, "xmlDocument": base64.StdEncoding.EncodeToString(make([]byte, innsigli.MaxXMLBytes+1)),
		}, 413, "TooLarge", []string{"xmlDocument"}},
	} {
		refusal(t, x.name, r.ask("POST", x.path, "own", x.body), x.status, x.code, x.fields...)
	}
	for _, p := range []string{path, xmlPath} {
		if a := r.ask("POST", p, "", r.sealBody(pdf)); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s without credentials: %d", p, a.status)
		}
		if a := r.ask("GET", p, "own", nil); a.status != http.StatusMethodNotAllowed {
			t.Errorf("GET %s: %d", p, a.status)
		}
	}
	if n := r.blobCount(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

func (r *rig) xmlBody(xml string) map[string]any {
	return map[string]any{"XmlDocument": base64.StdEncoding.EncodeToString([]byte(xml)), "FLOWKEY": r.creds.FlowKey}
}

// TestSealingXML over the wire, short and long.
func TestSealingXML(t *testing.T) {
	innsiglitest.NeedTool(t, "xmlsec1", "xmlsec1")
	r := newRig(t, "sqlite")
	root := r.ask("GET", "/pki/root.pem", "", nil).body
	dir := t.TempDir()
	var files []string
	for name, in := range map[string]string{
		"short": `<?xml version="1.0"?><Reikningur xmlns="urn:x"><Þýðing a="1"/></Reikningur>`,
		"long":  "<a>" + strings.Repeat("<b c='d'>Æ\n</b>", 20<<10) + "</a>",
	} {
		a := r.ask("POST", "/Api/Management/Sealing/XML", "own", r.xmlBody(in))
		var got map[string]string
		a.json(t, &got)
		out, err := base64.StdEncoding.DecodeString(got["xmlDocument"])
		if a.status != 200 || err != nil || len(got) != 1 || a.header.Get("X-Seal-Level") != "XAdES-BASELINE-LTA" {
			t.Fatalf("%s: %d %v %v %.300q", name, a.status, err, a.header, a.body)
		}
		files = append(files, filepath.Join(dir, name+".xml"))
		writeFile(t, files[len(files)-1], out)
		refusal(t, "sealed again", r.ask("POST", "/management/sealing/xml", "own", r.xmlBody(string(out))), 400, "AlreadySigned", "xmlDocument")
	}
	rootFile := filepath.Join(dir, "root.pem")
	writeFile(t, rootFile, root)
	for _, f := range files {
		said, err := exec.CommandContext(t.Context(), "../../tools/validators/xml.sh", f, rootFile).CombinedOutput()
		if err != nil || !bytes.Contains(said, []byte("(ok/all): 2/2")) {
			t.Errorf("xmlsec1: %v %s", err, said)
		}
	}
	for _, v := range innsiglitest.DSS(t, root, time.Time{}, files...) {
		if len(v.Signatures) != 1 || v.Signatures[0].Format != "XAdES_BASELINE_LTA" || v.Signatures[0].Indication != "TOTAL_PASSED" {
			t.Errorf("%v", v)
		}
	}
}

func TestXMLAtTheLimitIsSealedAndOneByteMoreIsNot(t *testing.T) {
	r := newRig(t, "sqlite")
	const words = "Þjónusta í nóvember. "
	text := strings.Repeat(words, (innsigli.MaxXMLBytes-len("<a></a>"))/len(words))
	doc := "<a>" + text + strings.Repeat(" ", innsigli.MaxXMLBytes-len(text)-len("<a></a>")) + "</a>"
	a := r.ask("POST", "/management/sealing/xml", "own", r.xmlBody(doc))
	if a.status != http.StatusOK || a.header.Get("X-Seal-Level") != "XAdES-BASELINE-LTA" {
		t.Fatalf("at the limit: %d %v %.300s", a.status, a.header, a.body)
	}
	var got map[string]string
	a.json(t, &got)
	out, err := base64.StdEncoding.DecodeString(got["xmlDocument"])
	if err != nil || !bytes.Contains(out, []byte(text)) {
		t.Errorf("%d bytes became %d that are others, %v", len(doc), len(out), err)
	}
	refusal(t, "one byte more", r.ask("POST", "/management/sealing/xml", "own", r.xmlBody(doc+" ")), http.StatusRequestEntityTooLarge, "TooLarge", "XmlDocument")
}

// TestSealingXMLWithRSA: by RSASSA-PSS as a PDF, which xmlsec1 1.2 does not know; by PKCS #1 v1.5 when the operator says so.
func TestSealingXMLWithRSA(t *testing.T) {
	innsiglitest.NeedTool(t, "xmlsec1", "xmlsec1")
	dir := t.TempDir()
	key := rsaKey(t, 3072)
	leaf, issuers := own(t, key, 40, x509.KeyUsageDigitalSignature)
	der, err := pkcs12.Modern.Encode(key, leaf, issuers, "geheim")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "seal.p12")
	writeFile(t, file, der)
	roots := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuers[len(issuers)-1].Raw})
	var files []string
	for name, c := range map[string]struct {
		old    bool
		method string
	}{
		"pss":   {false, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"},
		"pkcs1": {true, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
	} {
		r, _ := newLocal(t, "sqlite", seams{}, func(set *settings) { set.Seal, set.SealPassword, set.SealPKCS1 = file, "geheim", c.old })
		var got map[string]string
		a := r.ask("POST", "/management/sealing/xml", "own", r.xmlBody("<a>RSA</a>"))
		a.json(t, &got)
		out, err := base64.StdEncoding.DecodeString(got["xmlDocument"])
		roots = append(roots, r.ask("GET", "/pki/root.pem", "", nil).body...)
		if a.status != 200 || err != nil || a.header.Get("X-Seal-Level") != "XAdES-BASELINE-T; pending" || !bytes.Contains(out, []byte(`<ds:SignatureMethod Algorithm="`+c.method+`"`)) {
			t.Fatalf("%s: %d %v %v\n%s", name, a.status, err, a.header, out)
		}
		files = append(files, filepath.Join(dir, name+".xml"))
		writeFile(t, files[len(files)-1], out)
		if c.old {
			said, _ := exec.CommandContext(t.Context(), "xmlsec1", "--verify", "--insecure", "--id-attr:Id", "http://uri.etsi.org/01903/v1.3.2#:SignedProperties", files[len(files)-1]).CombinedOutput()
			if !bytes.Contains(said, []byte("(ok/all): 2/2")) {
				t.Errorf("xmlsec1: %s", said)
			}
		}
	}
	// This seal's authority says nothing of revocation, so a chain is all that DSS misses: whose arithmetic does not hold
	// is TOTAL_FAILED.
	for _, v := range innsiglitest.DSS(t, roots, time.Time{}, files...) {
		if len(v.Signatures) != 1 || v.Signatures[0].Format != "XAdES_BASELINE_T" || v.Signatures[0].Indication != "INDETERMINATE" || v.Signatures[0].Sub != "CERTIFICATE_CHAIN_GENERAL_FAILURE" {
			t.Errorf("%v", v)
		}
	}
}

// TestSealingSaysWhenATrustServiceIsAway: the level is never silently lower.
func TestSealingSaysWhenATrustServiceIsAway(t *testing.T) {
	c := &clock{}
	service := newTrustService(t, c.now)
	service.mode.Store(down)
	r, _ := newLocal(t, "sqlite", seams{now: c.now}, service.withTSA)
	for path, body := range map[string]any{
		"/management/sealing":     r.sealBody(innsiglitest.PDF(t, 1, "away")),
		"/management/sealing/xml": r.xmlBody("<a/>"),
	} {
		a := r.ask("POST", path, "own", body)
		if a.status != 200 || !strings.HasSuffix(a.header.Get("X-Seal-Level"), "-BASELINE-B; pending") || !strings.Contains(a.header.Get("Warning"), "BASELINE-B only") {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
}
