package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pki"
)

// trust is what this server signs with: the operator's seal, or that of the local authority, which is made at first start
// and kept up to date by itself. It is innsigli.Sealer.
type trust struct {
	in    *installation
	own   *pki.Seal // from --seal; nil: the local one
	local atomic.Pointer[pki.Authority]

	services  cms.Services
	ourselves cms.Collector // answers for local certificates only

	mu     sync.Mutex
	warned map[string]time.Duration // the least time left that the log has told of, by certificate
}

// secretPKI names the local trust among the secrets.
const secretPKI = "pki"

// warnBefore is how long before its end a certificate is warned about, and again.
var warnBefore = []time.Duration{30 * 24 * time.Hour, 14 * 24 * time.Hour, 7 * 24 * time.Hour}

// newTrust loads the seal of the operator, if there is one, and the local trust, which it makes or completes.
func newTrust(ctx context.Context, in *installation) (*trust, error) {
	t := &trust{in: in, own: in.plan.ownSeal, warned: map[string]time.Duration{}}
	if t.own != nil {
		if bits, short := t.own.ShortKey(); short {
			in.log.Warn("the seal's RSA key is shorter than the 3072 bits that are recommended", "bits", bits)
		}
	}
	if err := t.refresh(ctx); err != nil {
		return t, err
	}
	return t, t.connect()
}

// connect makes the clients of the trust services: the operator's time-stamping authorities in their order, or else the
// local one. What local certificates name is reached in process.
func (t *trust) connect() error {
	ask := func(named ...string) pki.ClientOptions {
		return pki.ClientOptions{Transport: t.server().Transport(newReach(t.in.plan.pkiAllow, named...)), Now: t.in.now}
	}
	var asked []pki.TSA
	for _, address := range t.in.plan.TSA {
		asked = append(asked, pki.TSA{URL: address})
	}
	if len(asked) == 0 {
		asked = []pki.TSA{{URL: t.server().StampURL()}}
	}
	stamps, err := pki.NewTimestamper(pki.TimestamperOptions{ClientOptions: ask(t.in.plan.TSA...), TSAs: asked})
	if err != nil {
		return wrongUsage("--tsa: %w", err)
	}
	t.services = cms.Services{Timestamps: stamps, Revocations: pki.NewCollector(pki.CollectorOptions{ClientOptions: ask()})}
	inside := pki.ClientOptions{Transport: t.server().Transport(nobody{}), Now: t.in.now}
	t.ourselves = pki.NewCollector(pki.CollectorOptions{ClientOptions: inside})
	return nil
}

// nobody is asked about certificates of strangers in documents that anybody may send.
type nobody struct{}

var errNotAsked = errors.New("strangers are not asked")

// RoundTrip implements [http.RoundTripper].
func (nobody) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close() // in memory
	}
	return nil, errNotAsked
}

// OwnRevocations implements innsigli.Anchors.
func (t *trust) OwnRevocations() cms.Collector { return t.ourselves }

// Services implements innsigli.Sealer.
func (t *trust) Services() cms.Services { return t.services }

// refresh loads the local trust, and renews what ends soon. It runs at every start and with the housekeeping, so that of
// several nodes one renews and the others follow.
func (t *trust) refresh(ctx context.Context) error {
	name, public := t.in.plan.public.Hostname(), t.in.plan.public.String()
	renewed := false
	text, err := t.in.secret(ctx, secretPKI, func() ([]byte, error) {
		m, err := pki.New(t.in.now(), name, public)
		return m.Marshal(), err
	})
	if err != nil {
		return err
	}
	public = t.named(ctx, text, public)
	text, err = t.in.renewSecret(ctx, secretPKI, text, func(old []byte) ([]byte, error) {
		m, err := pki.Unmarshal(old)
		if err != nil {
			return nil, err
		}
		m, renewed, err = m.Renew(t.in.now(), name, public)
		if err != nil || !renewed {
			return nil, err
		}
		return m.Marshal(), nil
	})
	if err != nil {
		return fmt.Errorf("local CA: %w", err)
	}
	m, err := pki.Unmarshal(text)
	if err != nil {
		return fmt.Errorf("local CA: %w", err)
	}
	a, err := pki.Load(m)
	if err != nil {
		return fmt.Errorf("local CA: %w", err)
	}
	t.local.Store(a)
	if renewed {
		t.in.log.Info("certificates of the local CA were renewed")
	}
	t.warn()
	return nil
}

// namedPatience is how long the address that certificates name may take to answer.
const namedPatience = 3 * time.Second

// named is the address that certificates shall name: this server's, unless they name another one that answers with our
// root. Then nodes were started with different addresses, and would else issue everything anew, one after the other, at
// each start; the first one's stays as long as it works.
func (t *trust) named(ctx context.Context, text []byte, public string) string {
	m, err := pki.Unmarshal(text)
	if err != nil {
		return public // refresh says it
	}
	a, err := pki.Load(m)
	if err != nil || a.Public() == public || !answersAt(ctx, a) {
		return public
	}
	t.in.log.Warn("the certificates of the local CA name another address than --public-url; they keep it as long as it answers")
	return a.Public()
}

// answersAt says whether the authority's root is served where its certificates say.
func answersAt(ctx context.Context, a *pki.Authority) bool {
	ctx, cancel := context.WithTimeout(ctx, namedPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Public()+pki.RootPEMPath, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close() //nolint:errcheck // a reader
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(pki.MaxRequest)))
	return err == nil && resp.StatusCode == http.StatusOK && bytes.Equal(body, a.RootPEM())
}

// Seal implements innsigli.Sealer. An expired certificate never signs: the job that wants it waits.
func (t *trust) Seal(context.Context) (crypto.Signer, []*x509.Certificate, error) {
	s := t.seal()
	now := t.in.now()
	if end := s.NotAfter(); !now.Before(end) {
		return nil, nil, fmt.Errorf("the seal's certificate expired on %s: nothing is sealed until there is another one (--seal)", end.Format(time.DateOnly))
	}
	if now.Before(s.Chain[0].NotBefore) {
		return nil, nil, errors.New("the seal's certificate is not valid yet: is the clock right?")
	}
	return s.Key, s.Chain, nil
}

// Anchors implements innsigli.Anchors: what the system trusts, who issued the operator's seal, and as our own the local
// root, whether it seals now or did so once.
func (t *trust) Anchors() (roots *x509.CertPool, own []*x509.Certificate) {
	roots, err := x509.SystemCertPool()
	if err != nil { // a container without certificates
		roots = x509.NewCertPool()
	}
	if t.own != nil {
		roots.AddCert(t.own.Chain[len(t.own.Chain)-1])
	}
	local := t.local.Load().Seal().Chain
	return roots, local[len(local)-1:]
}

func (t *trust) seal() pki.Seal {
	if t.own != nil {
		return *t.own
	}
	return t.local.Load().Seal()
}

// server answers what the local certificates name.
func (t *trust) server() *pki.Server { return &pki.Server{Authority: t.local.Load, Now: t.in.now} }

// certificate is one that this server signs with, as metrics and health tell of it.
type certificate struct {
	Name     string    `json:"name"`
	NotAfter time.Time `json:"notAfter"`
	State    string    `json:"state"` // "ends soon", "expired"
}

// certificates lists what the server signs with, by name.
func (t *trust) certificates() []certificate {
	var out []certificate
	for name, c := range t.local.Load().Names() {
		if t.own != nil && name == "seal" {
			continue
		}
		out = append(out, certificate{Name: name, NotAfter: c.NotAfter})
	}
	if t.own != nil {
		out = append(out, certificate{Name: "seal", NotAfter: t.own.NotAfter()})
	}
	slices.SortFunc(out, func(a, b certificate) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// ending lists the certificates that end within the first warning.
func (t *trust) ending() []certificate {
	var out []certificate
	now := t.in.now()
	for _, c := range t.certificates() {
		switch left := c.NotAfter.Sub(now); {
		case left <= 0:
			c.State = "expired"
		case left <= warnBefore[0]:
			c.State = "ends soon"
		default:
			continue
		}
		out = append(out, c)
	}
	return out
}

// warn writes each warning once: 30, 14 and 7 days before a certificate ends, and when it has.
func (t *trust) warn() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.in.now()
	for _, c := range t.certificates() {
		left := c.NotAfter.Sub(now)
		step := stepOf(left)
		if last, told := t.warned[c.Name]; step == 0 || told && step >= last {
			continue
		}
		t.warned[c.Name] = step
		if left <= 0 {
			t.in.log.Error("a certificate has expired and signs nothing any more", "certificate", c.Name, "expired", c.NotAfter.Format(time.DateOnly))
			continue
		}
		t.in.log.Warn("a certificate ends soon", "certificate", c.Name, "ends", c.NotAfter.Format(time.DateOnly), "days", int(left/(24*time.Hour)))
	}
}

// stepOf is the warning that is due with so much time left: 0 for none, the smaller the more urgent, 1 for the last.
func stepOf(left time.Duration) time.Duration {
	if left <= 0 {
		return 1
	}
	var due time.Duration
	for _, before := range warnBefore {
		if left <= before {
			due = before
		}
	}
	return due
}
