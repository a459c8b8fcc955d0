package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pki"
)

// trust is the services of others: a root, an authority below, a leaf, and what answers about them. Each test turns
// its knobs.
type trust struct {
	root, mid, leaf, responder *member
	url                        string

	mu     sync.Mutex
	asked  []string // OCSP questions as "ocsp POST mid", else paths
	ocsp   func(about string, r *ocsp.Response) *member
	down   map[string]bool // first elements of paths
	list   func(of string, l *x509.RevocationList)
	huge   bool
	noPost bool
	etag   string
}

func newTrust(tb testing.TB) *trust {
	tb.Helper()
	w := &trust{down: map[string]bool{}}
	w.url = serve(tb, w)
	addresses := func(issuer string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.OCSPServer = []string{"ldap://x/", w.url + "/ocsp/" + issuer}
			c.CRLDistributionPoints = []string{"ldap://x/", w.url + "/crl/" + issuer}
			c.IssuingCertificateURL = []string{w.url + "/aia/" + issuer}
		}
	}
	w.root = enrol(tb, 0, nil, "root", isAuthority)
	w.mid = enrol(tb, 1, w.root, "mid", isAuthority, addresses("root"))
	w.leaf = enrol(tb, 2, w.mid, "leaf", addresses("mid"))
	w.responder = enrol(tb, 2, w.mid, "responder", isFor(9), addresses("mid"), func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}})
	})
	return w
}

func (w *trust) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name, _, _ := strings.Cut(rest, "/")
	issuer := map[string]*member{"root": w.root, "mid": w.mid}[name]
	if kind != "ocsp" || w.down[kind] {
		w.asked = append(w.asked, kind+" "+name)
	}
	switch {
	case issuer == nil || w.down[kind]:
		out.WriteHeader(http.StatusServiceUnavailable)
	case kind == "aia":
		_, _ = out.Write(issuer.cert.Raw)
	case kind == "crl":
		w.serveList(out, r, name, issuer)
	default:
		w.serveOCSP(out, r, issuer)
	}
}

func (w *trust) serveOCSP(out http.ResponseWriter, r *http.Request, issuer *member) {
	body, _ := io.ReadAll(r.Body)
	if r.Method == http.MethodGet {
		text, _ := url.QueryUnescape(r.URL.EscapedPath()[strings.LastIndex(r.URL.EscapedPath(), "/")+1:])
		body, _ = base64.StdEncoding.DecodeString(text)
	} else if w.noPost {
		out.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	q, err := ocsp.ParseRequest(body)
	if err != nil {
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	about := ""
	for _, m := range []*member{w.mid, w.leaf, w.responder} {
		if m.cert.SerialNumber.Cmp(q.SerialNumber) == 0 {
			about = m.cert.Subject.CommonName
		}
	}
	w.asked = append(w.asked, "ocsp "+r.Method+" "+about)
	a := ocsp.Response{Status: ocsp.Good, SerialNumber: q.SerialNumber, ThisUpdate: today, NextUpdate: today.Add(time.Hour)}
	who := issuer
	if w.ocsp != nil {
		if m := w.ocsp(about, &a); m != nil {
			who, a.Certificate = m, m.cert
		}
	}
	der, _ := ocsp.CreateResponse(issuer.cert, who.cert, a, who.key)
	_, _ = out.Write(der)
}

func (w *trust) serveList(out http.ResponseWriter, r *http.Request, name string, issuer *member) {
	if w.huge {
		for range cms.MaxCRL>>20 + 1 {
			if _, err := out.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
		return
	}
	if w.etag != "" && r.Header.Get("If-None-Match") == w.etag {
		out.WriteHeader(http.StatusNotModified)
		return
	}
	l := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: today, NextUpdate: today.Add(24 * time.Hour)}
	if w.list != nil {
		w.list(name, l)
	}
	der, _ := x509.CreateRevocationList(rand.Reader, l, issuer.cert, issuer.key)
	out.Header().Set("ETag", w.etag)
	_, _ = out.Write(der)
}

func (w *trust) questions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.asked
	w.asked = nil
	slices.Sort(out)
	return out
}

func (w *trust) collector(c *clock, anchors ...*x509.Certificate) *pki.Collector {
	return pki.NewCollector(pki.CollectorOptions{ClientOptions: pki.ClientOptions{Now: c.now}, Anchors: anchors})
}

func names(m cms.Material) string {
	var out []string
	for _, c := range m.Certs {
		out = append(out, c.Subject.CommonName)
	}
	return strings.Join(out, " ")
}

func TestAChainIsCompletedAndProven(t *testing.T) {
	w := newTrust(t)
	m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if err != nil {
		t.Fatal(err)
	}
	if names(m) != "leaf mid root" || len(m.OCSPs) != 2 || len(m.CRLs) != 0 {
		t.Errorf("%s, %d answers, %d lists", names(m), len(m.OCSPs), len(m.CRLs))
	}
	for i, l := range [][2]*member{{w.leaf, w.mid}, {w.mid, w.root}} {
		if r, err := cms.CheckOCSP(m.OCSPs[i], l[0].cert, l[1].cert); err != nil || r.Revoked || r.Current(today) != nil {
			t.Errorf("answer %d: %+v, %v", i, r, err)
		}
	}
	if got := strings.Join(w.questions(), ", "); got != "aia mid, aia root, ocsp POST leaf, ocsp POST mid" {
		t.Errorf("asked %s", got)
	}
	// With the authority as an anchor nothing is asked about it; other authorities only help.
	m, err = w.collector(newClock(), w.mid.cert).Collect(t.Context(), []*x509.Certificate{w.leaf.cert, enrol(t, 0, &member{w.mid.cert, w.mid.key}, "unneeded", isAuthority).cert}, today)
	if got := strings.Join(w.questions(), ", "); err != nil || names(m) != "leaf mid" || got != "ocsp POST leaf" {
		t.Errorf("%s, asked %s, %v", names(m), got, err)
	}
}

func TestDelegatedRespondersAreProvenToo(t *testing.T) {
	w := newTrust(t)
	// One without nocheck, about whom the issuer itself answers.
	checked := enrol(t, 2, w.mid, "checked", isFor(9), func(c *x509.Certificate) { c.OCSPServer = w.leaf.cert.OCSPServer })
	by := w.responder
	w.ocsp = func(about string, _ *ocsp.Response) *member {
		if about == "leaf" {
			return by
		}
		return nil
	}
	m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if err != nil || names(m) != "leaf mid root responder" || len(m.OCSPs) != 2 {
		t.Errorf("nocheck: %s, %d answers, %v", names(m), len(m.OCSPs), err)
	}
	by = checked
	m, err = w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if err != nil || names(m) != "leaf mid root checked" || len(m.OCSPs) != 3 {
		t.Errorf("checked: %s, %d answers, %v", names(m), len(m.OCSPs), err)
	}
}

// TestFaultsOfRespondersLeadToTheList: whatever is wrong with the answers, the lists are asked, and are the proof.
func TestFaultsOfRespondersLeadToTheList(t *testing.T) {
	w := newTrust(t)
	notDelegated := enrol(t, 2, w.mid, "not delegated")
	stranger := enrol(t, 2, enrol(t, 2, nil, "mid", isAuthority), "responder", isFor(9))
	for name, fault := range map[string]func(string, *ocsp.Response) *member{
		"stale":         func(_ string, r *ocsp.Response) *member { r.NextUpdate = today.Add(-time.Second); return nil },
		"of the future": func(_ string, r *ocsp.Response) *member { r.ThisUpdate = today.Add(time.Hour / 2); return nil },
		"unknown":       func(_ string, r *ocsp.Response) *member { r.Status = ocsp.Unknown; return nil },
		"wrong certID":  func(_ string, r *ocsp.Response) *member { r.SerialNumber = big.NewInt(3); return nil },
		"not delegated": func(string, *ocsp.Response) *member { return notDelegated },
		"of a stranger": func(string, *ocsp.Response) *member { return stranger },
		"down":          nil,
	} {
		w.mu.Lock()
		w.ocsp, w.down["ocsp"] = fault, fault == nil
		w.mu.Unlock()
		m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
		if err != nil || len(m.OCSPs) != 0 || len(m.CRLs) != 2 {
			t.Errorf("%s: %d answers, %d lists, %v", name, len(m.OCSPs), len(m.CRLs), err)
			continue
		}
		if r, err := cms.CheckCRL(m.CRLs[0], w.leaf.cert, w.mid.cert); err != nil || r.Revoked {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		w.mu.Lock()
		w.down["crl"] = true
		w.mu.Unlock()
		m, err = w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
		if err == nil || len(m.Certs)+len(m.OCSPs)+len(m.CRLs) > 0 || !strings.Contains(err.Error(), "status of certificate") {
			t.Errorf("%s, and no list: %s, %v", name, names(m), err)
		}
		w.mu.Lock()
		w.down["crl"] = false
		w.mu.Unlock()
	}
}

func TestAServiceThatTakesNoPostIsAskedByGet(t *testing.T) {
	w := newTrust(t)
	w.noPost = true
	m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if got := strings.Join(w.questions(), ", "); err != nil || len(m.OCSPs) != 2 || !strings.Contains(got, "ocsp GET leaf, ocsp GET mid") {
		t.Errorf("%d answers, %v, asked %s", len(m.OCSPs), err, got)
	}
}

func TestRevokedIsRevoked(t *testing.T) {
	w := newTrust(t)
	var revoked *pki.RevokedError
	w.ocsp = func(about string, r *ocsp.Response) *member {
		if about == "mid" {
			r.Status, r.RevokedAt, r.RevocationReason = ocsp.Revoked, today.Add(-time.Hour), ocsp.CACompromise
			r.NextUpdate = today.Add(-time.Second) // even when it is old
		}
		return nil
	}
	m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if !errors.As(err, &revoked) || revoked.Serial != w.mid.cert.SerialNumber.Text(16) || revoked.Reason != ocsp.CACompromise || names(m) != "" {
		t.Errorf("by OCSP: %s, %v", names(m), err)
	}
	proof := revoked.Proof()
	if len(proof.OCSPs) != 1 {
		t.Fatalf("proof by OCSP: %d answers", len(proof.OCSPs))
	}
	if r, err := cms.CheckOCSP(proof.OCSPs[0], w.mid.cert, w.root.cert); err != nil || !r.Revoked {
		t.Errorf("proof by OCSP: %+v, %v", r, err)
	}
	w.ocsp, w.down["ocsp"] = nil, true
	w.list = func(of string, l *x509.RevocationList) {
		if of == "mid" {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: w.leaf.cert.SerialNumber, RevocationTime: today.Add(-time.Hour), ReasonCode: 1}}
		}
	}
	m, err = w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if revoked = nil; !errors.As(err, &revoked) || revoked.Serial != w.leaf.cert.SerialNumber.Text(16) || names(m) != "" {
		t.Errorf("by list: %s, %v", names(m), err)
	}
	if proof := revoked.Proof(); len(proof.CRLs) != 1 {
		t.Errorf("proof by list: %d lists", len(proof.CRLs))
	} else if r, err := cms.CheckCRL(proof.CRLs[0], w.leaf.cert, w.mid.cert); err != nil || !r.Revoked {
		t.Errorf("proof by list: %+v, %v", r, err)
	}
}

func TestListsThatProveNothingAreNoMaterial(t *testing.T) {
	for name, c := range map[string]struct {
		turn func(*trust)
		want string
	}{
		"stale": {func(w *trust) {
			w.list = func(_ string, l *x509.RevocationList) {
				l.ThisUpdate, l.NextUpdate = today.Add(-time.Hour), today.Add(-time.Second)
			}
		}, "stale"},
		"wrong scope": {func(w *trust) {
			w.list = func(_ string, l *x509.RevocationList) {
				l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 3, 0x85, 1, 0xff}}}
			}
		}, "attribute certificates"},
		"huge": {func(w *trust) { w.huge = true }, "larger than"},
	} {
		w := newTrust(t)
		w.down["ocsp"] = true
		c.turn(w)
		m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
		if err == nil || !strings.Contains(err.Error(), c.want) || names(m) != "" {
			t.Errorf("%s: %s, %v", name, names(m), err)
		}
	}
}

func TestAMissingIssuerIsAnError(t *testing.T) {
	w := newTrust(t)
	w.down["aia"] = true
	m, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, today)
	if err == nil || !strings.Contains(err.Error(), "issuer of certificate "+w.leaf.cert.SerialNumber.Text(16)) || names(m) != "" {
		t.Errorf("down: %s, %v", names(m), err)
	}
	if m, err = w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{w.leaf.cert, w.mid.cert, w.root.cert}, today); err != nil || names(m) != "leaf mid root" {
		t.Errorf("all at hand: %s, %v", names(m), err)
	}
	lost := enrol(t, 2, w.mid, "lost")
	if _, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{lost.cert}, today); err == nil || !strings.Contains(err.Error(), "no address") {
		t.Errorf("no address: %v", err)
	}
	w.down["aia"] = false
	liar := enrol(t, 2, enrol(t, 0, nil, "mid", isAuthority), "liar", func(c *x509.Certificate) { c.IssuingCertificateURL = w.leaf.cert.IssuingCertificateURL })
	if _, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{liar.cert}, today); err == nil || !strings.Contains(err.Error(), "did not issue") {
		t.Errorf("another of the name: %v", err)
	}
	silent := enrol(t, 2, w.mid, "silent")
	if _, err := w.collector(newClock()).Collect(t.Context(), []*x509.Certificate{silent.cert, w.mid.cert, w.root.cert}, today); err == nil || !strings.Contains(err.Error(), "neither a responder nor a list") {
		t.Errorf("no services: %v", err)
	}
}

// TestWhatIsKeptIsUsedAsLongAsItIsNewEnough: an answer serves until it is overdue, unless something made after a time is
// wanted, and even then if nothing newer is to be had.
func TestWhatIsKeptIsUsedAsLongAsItIsNewEnough(t *testing.T) {
	w := newTrust(t)
	c := newClock()
	made := today
	w.ocsp = func(_ string, r *ocsp.Response) *member {
		r.ThisUpdate, r.NextUpdate = made, made.Add(time.Hour)
		return nil
	}
	col := w.collector(c)
	collect := func(after time.Time, isAsking bool, want time.Time) {
		t.Helper()
		m, err := col.Collect(t.Context(), []*x509.Certificate{w.leaf.cert}, after)
		if err != nil {
			t.Fatal(err)
		}
		r, err := cms.CheckOCSP(m.OCSPs[0], w.leaf.cert, w.mid.cert)
		if err != nil || !r.ThisUpdate.Equal(want) {
			t.Errorf("made %v, want %v: %v", r.ThisUpdate, want, err)
		}
		if got := w.questions(); (len(got) > 0) != isAsking {
			t.Errorf("asked %v", got)
		}
	}
	collect(today, true, today)
	c.set(today.Add(10 * time.Minute))
	collect(today, false, today)
	collect(today.Add(time.Minute), true, today) // nothing newer yet
	w.down["ocsp"] = true
	collect(today.Add(time.Minute), true, today) // nor now
	w.down["ocsp"], made = false, today.Add(5*time.Minute)
	collect(today.Add(time.Minute), true, made)
	collect(today.Add(time.Minute), false, made)
	c.set(today.Add(2 * time.Hour))
	made = c.now()
	collect(today, true, made) // what was kept is overdue
}

func TestAListIsNotDownloadedTwice(t *testing.T) {
	w := newTrust(t)
	w.down["ocsp"], w.etag = true, `"1"`
	twin := enrol(t, 2, w.mid, "twin", func(c *x509.Certificate) { c.CRLDistributionPoints = w.leaf.cert.CRLDistributionPoints })
	col := w.collector(newClock())
	certs := []*x509.Certificate{w.leaf.cert, twin.cert, w.mid.cert, w.root.cert}
	m, err := col.Collect(t.Context(), certs, today)
	if got := strings.Join(w.questions(), ", "); err != nil || len(m.CRLs) != 2 || got != "crl mid, crl root, ocsp mid, ocsp root" {
		t.Errorf("%d lists, asked %s, %v", len(m.CRLs), got, err)
	}
	again, err := col.Collect(t.Context(), certs, today.Add(time.Minute)) // the server says that there is nothing newer
	if err != nil || !slices.EqualFunc(again.CRLs, m.CRLs, slices.Equal[[]byte]) {
		t.Errorf("the lists changed: %v", err)
	}
}
