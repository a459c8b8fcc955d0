package pki_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/innsigli/innsigli/pki"
)

// outside fails what should not have left the process.
type outside struct{}

var errOutside = errors.New("left the process")

func (outside) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOutside }

// local is a client that reaches the local addresses of the material and nothing else.
func local(tb testing.TB, m pki.Material, at time.Time) (*http.Client, *pki.Authority) {
	tb.Helper()
	a := authority(tb, m)
	s := &pki.Server{Authority: func() *pki.Authority { return a }, Now: func() time.Time { return at }}
	return &http.Client{Transport: s.Transport(outside{})}, a
}

func fetch(tb testing.TB, c *http.Client, method, address, kind string, body []byte) (int, []byte) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	resp, err := c.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // in memory
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, b
}

const ocspRequest = "application/ocsp-request"

func TestEveryAddressInACertificateAnswers(t *testing.T) {
	c, a := local(t, newMaterial(t), now)
	for name, cert := range a.Names() {
		for _, address := range cert.IssuingCertificateURL {
			if status, der := fetch(t, c, http.MethodGet, address, "", nil); status != http.StatusOK {
				t.Errorf("%s: issuer: %d", name, status)
			} else if issuer, err := x509.ParseCertificate(der); err != nil || cert.CheckSignatureFrom(issuer) != nil {
				t.Errorf("%s: issuer: %v", name, err)
			}
		}
		for _, address := range cert.CRLDistributionPoints {
			_, der := fetch(t, c, http.MethodGet, address, "", nil)
			crl, err := x509.ParseRevocationList(der)
			if err != nil || len(crl.RevokedCertificateEntries) != 0 || !crl.NextUpdate.After(now) || crl.ThisUpdate.After(now) || now.Sub(crl.ThisUpdate) > time.Second {
				t.Errorf("%s: list of %v until %v: %v", name, crl.ThisUpdate, crl.NextUpdate, err)
			}
		}
	}
}

// TestResponder asks as clients do, by POST and by GET, with both hashes in use.
func TestResponder(t *testing.T) {
	m := newMaterial(t)
	later, _ := renew(t, m, now, "https://other.example.is")
	c, a := local(t, later, now)
	names := a.Names()
	issuing := names["issuing authority"]
	foreign := authority(t, newMaterial(t))
	for name, q := range map[string]struct {
		cert, issuer *x509.Certificate
		status       int
		refused      ocsp.ResponseStatus
	}{
		"seal":         {names["seal"], issuing, ocsp.Good, 0},
		"time stamps":  {names["time-stamping authority"], issuing, ocsp.Good, 0},
		"a past seal":  {authority(t, m).Seal().Chain[0], issuing, ocsp.Good, 0},
		"unknown":      {&x509.Certificate{SerialNumber: big.NewInt(4711)}, issuing, ocsp.Unknown, 0},
		"of the root":  {issuing, names["root"], 0, ocsp.Unauthorized},
		"of strangers": {foreign.Seal().Chain[0], foreign.Seal().Chain[1], 0, ocsp.Unauthorized},
	} {
		for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
			request, err := ocsp.CreateRequest(q.cert, q.issuer, &ocsp.RequestOptions{Hash: h})
			if err != nil {
				t.Fatal(err)
			}
			_, posted := fetch(t, c, http.MethodPost, "https://other.example.is/pki/ocsp", ocspRequest, request)
			// The old address still belongs to us: certificates in use name it.
			_, got := fetch(t, c, http.MethodGet, public+"/pki/ocsp/"+url.QueryEscape(base64.StdEncoding.EncodeToString(request)), "", nil)
			for way, der := range map[string][]byte{"POST": posted, "GET": got} {
				resp, err := ocsp.ParseResponse(der, issuing)
				refusal, ok := errors.AsType[ocsp.ResponseError](err)
				switch {
				case q.refused != 0:
					if !ok || refusal.Status != q.refused {
						t.Errorf("%s by %s: got %v", name, way, err)
					}
				case err != nil:
					t.Errorf("%s by %s, %v: %v", name, way, h, err)
				case resp.Status != q.status || resp.SerialNumber.Cmp(q.cert.SerialNumber) != 0 || resp.ThisUpdate.After(now) || !resp.NextUpdate.After(now):
					t.Errorf("%s by %s: status %d, from %v until %v", name, way, resp.Status, resp.ThisUpdate, resp.NextUpdate)
				}
			}
		}
	}
}

func TestResponderForgetsWhatHasEnded(t *testing.T) {
	m := newMaterial(t)
	a := authority(t, m)
	seal := a.Seal()
	request, err := ocsp.CreateRequest(seal.Chain[0], seal.Chain[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	at := seal.Chain[0].NotAfter
	for _, d := range []time.Duration{0, time.Second} {
		der, err := a.OCSP(request, at.Add(d)) // the responder ends with the seal
		if err != nil {
			t.Fatal(err)
		}
		resp, err := ocsp.ParseResponse(der, seal.Chain[1])
		if ok := err == nil && resp.Status == ocsp.Good; ok != (d == 0) {
			t.Errorf("%v after the end: %v", d, err)
		}
	}
}

func TestRequestsAreLimited(t *testing.T) {
	c, _ := local(t, newMaterial(t), now)
	for name, q := range map[string]struct {
		method, path, kind string
		size, status       int
	}{
		"the largest":       {http.MethodPost, "/pki/ocsp", ocspRequest, 8 << 10, http.StatusOK}, // malformed, by OCSP's own words
		"one byte more":     {http.MethodPost, "/pki/ocsp", ocspRequest, 8<<10 + 1, http.StatusRequestEntityTooLarge},
		"nothing":           {http.MethodPost, "/pki/ocsp", ocspRequest, 0, http.StatusOK},
		"another type":      {http.MethodPost, "/pki/ocsp", "text/plain", 10, http.StatusUnsupportedMediaType},
		"no base64":         {http.MethodGet, "/pki/ocsp/$$$", "", 0, http.StatusBadRequest},
		"base64 of nothing": {http.MethodGet, "/pki/ocsp/", "", 0, http.StatusOK},
	} {
		status, body := fetch(t, c, q.method, public+q.path, q.kind, make([]byte, q.size))
		if status != q.status {
			t.Errorf("%s: %d, want %d", name, status, q.status)
		}
		if status == http.StatusOK && !bytes.Equal(body, ocsp.MalformedRequestErrorResponse) {
			t.Errorf("%s: %x", name, body)
		}
	}
}

func TestOtherAddressesLeaveTheProcess(t *testing.T) {
	c, _ := local(t, newMaterial(t), now)
	for _, address := range []string{
		"https://sign.example.is.evil.example/pki/root.crl", "http://sign.example.is/pki/root.crl", "https://sign.example.is/pki/other",
		"https://sign.example.is/management/signing", "https://other.example/pki/ocsp",
	} {
		if resp, err := c.Get(address); !errors.Is(err, errOutside) { //nolint:bodyclose // there is none
			t.Errorf("%s: %v, %v", address, resp, err)
		}
	}
}

// TestOpenSSLTakesListsAndAnswers has the revocation data judged by a stranger.
func TestOpenSSLTakesListsAndAnswers(t *testing.T) {
	m := newMaterial(t)
	c, a := local(t, m, now)
	dir := t.TempDir()
	write := func(name string, b []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	at := fmt.Sprint(now.Unix())
	root, issuing := write("root.pem", m.RootCert), write("issuing.pem", m.IssuingCert)
	var lists []byte
	for _, path := range []string{"/pki/root.crl", "/pki/issuing.crl"} {
		_, der := fetch(t, c, http.MethodGet, public+path, "", nil)
		lists = append(lists, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
	}
	crls := write("all.crl", lists)
	for _, leaf := range []struct {
		name, purpose string
		cert          []byte
	}{{"seal", "any", m.SealCert}, {"stamp", "timestampsign", m.StampCert}, {"responder", "ocsphelper", m.ResponderCert}} {
		file := write(leaf.name+".pem", leaf.cert)
		openssl(t, "verify", "-x509_strict", "-attime", at, "-crl_check_all", "-CRLfile", crls, "-purpose", leaf.purpose, "-CAfile", root, "-untrusted", issuing, file)
	}
	request := filepath.Join(dir, "request")
	openssl(t, "ocsp", "-sha256", "-issuer", issuing, "-cert", filepath.Join(dir, "seal.pem"), "-cert", filepath.Join(dir, "stamp.pem"), "-serial", "4711", "-nonce", "-reqout", request)
	raw, err := os.ReadFile(request)
	if err != nil {
		t.Fatal(err)
	}
	_, der := fetch(t, c, http.MethodPost, a.Seal().Chain[0].OCSPServer[0], ocspRequest, raw)
	answer := write("answer", der)
	// With the request at hand it compares the nonces.
	out := openssl(t, "ocsp", "-reqin", request, "-no_nonce", "-sha256", "-issuer", issuing, "-cert", filepath.Join(dir, "seal.pem"), "-cert", filepath.Join(dir, "stamp.pem"), "-serial", "4711", "-respin", answer, "-CAfile", root, "-attime", at, "-validity_period", "999999999")
	for _, want := range []string{"Response verify OK", "seal.pem: good", "stamp.pem: good", "4711: unknown"} {
		if !strings.Contains(out, want) {
			t.Errorf("openssl does not say %q: %s", want, out)
		}
	}
	if strings.Contains(strings.ToLower(out), "nonce") {
		t.Errorf("openssl on the nonce: %s", out)
	}
}

// TestNoncesAreRepeatedUpToTheirLimit (RFC 9654 2.1), and as many certificates are answered as the limit says.
func TestNoncesAreRepeatedUpToTheirLimit(t *testing.T) {
	a := authority(t, newMaterial(t))
	seal := a.Seal()
	plain, err := ocsp.CreateRequest(seal.Chain[0], seal.Chain[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	var request struct {
		TBS struct{ List []asn1.RawValue }
	}
	if _, err := asn1.Unmarshal(plain, &request); err != nil {
		t.Fatal(err)
	}
	type query struct {
		List       []asn1.RawValue
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	for _, c := range []struct {
		nonce, certs int
		ok           bool
	}{{0, 1, false}, {1, 1, true}, {16, 1, true}, {128, 1, true}, {129, 1, false}, {32, 0, false}, {32, 32, true}, {32, 33, false}} {
		value, err := asn1.Marshal(bytes.Repeat([]byte{7}, c.nonce))
		if err != nil {
			t.Fatal(err)
		}
		list := make([]asn1.RawValue, c.certs)
		for i := range list {
			list[i] = request.TBS.List[0]
		}
		der, err := asn1.Marshal(struct{ TBS query }{query{list, []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, Value: value}}}})
		if err != nil {
			t.Fatal(err)
		}
		answer, err := a.OCSP(der, now)
		if err != nil {
			t.Fatal(err)
		}
		malformed := bytes.Equal(answer, ocsp.MalformedRequestErrorResponse)
		if malformed == c.ok || c.ok && !bytes.Contains(answer, value) {
			t.Errorf("nonce of %d bytes, %d certificates: malformed %v", c.nonce, c.certs, malformed)
		}
		if n := bytes.Count(answer, seal.Chain[0].SerialNumber.Bytes()); c.ok && n < c.certs {
			t.Errorf("%d of %d certificates answered", n, c.certs)
		}
	}
}

func FuzzOCSPRequest(f *testing.F) {
	a := authority(f, newMaterial(f))
	seal := a.Seal()
	request, err := ocsp.CreateRequest(seal.Chain[0], seal.Chain[1], nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(request)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, request []byte) {
		der, err := a.OCSP(request, now)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := ocsp.ParseResponse(der, seal.Chain[1]); err == nil && resp.Status == ocsp.Revoked {
			t.Error("something was revoked")
		}
	})
}
