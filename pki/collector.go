package pki

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/innsigli/innsigli/cms"
)

const (
	// maxCollect is how many certificates one call may be about, those found on the way included.
	maxCollect = 128
	// maxRounds is how many times the responders found may have responders of their own.
	maxRounds = 4
	// maxParallel is how many exchanges a Collector has under way at once.
	maxParallel = 4
	// maxAddresses is how many of a certificate's addresses of one kind are tried.
	maxAddresses = 4
)

// CollectorOptions are for [NewCollector].
type CollectorOptions struct {
	ClientOptions
	// Anchors are trusted without more: chains end at them, and nobody is asked about them. Self-signed certificates end
	// chains too.
	Anchors []*x509.Certificate
}

// Collector gets over HTTP what proves certificates: issuers (RFC 5280, clause 4.2.2.1), OCSP answers (RFC 6960) and
// revocation lists (RFC 5280, clause 5). It keeps what it got as long as that is good, up to 64 MB, and is safe for
// concurrent use.
type Collector struct {
	client  client
	anchors []*x509.Certificate
	cache   cache
	slots   chan struct{}
}

// NewCollector makes a Collector. Nothing is asked for yet.
func NewCollector(o CollectorOptions) *Collector {
	return &Collector{client: newClient(o.ClientOptions), anchors: o.Anchors, slots: make(chan struct{}, maxParallel)}
}

// RevokedError is for a certificate that its issuer revoked.
type RevokedError struct {
	Serial string // hexadecimal
	At     time.Time
	Reason int // CRLReason, RFC 5280, clause 5.3.1

	proof cms.Material
}

// Proof is what says so, for who judges by himself: revoked since when can be long after what is judged.
func (e *RevokedError) Proof() cms.Material { return e.proof }

// Error names the certificate by its serial number.
func (e *RevokedError) Error() string {
	return fmt.Sprintf("certificate %s was revoked on %s, reason %d", e.Serial, e.At.Format(time.RFC3339), e.Reason)
}

// label names a certificate in errors, which may come into logs: not by the name of its holder.
func label(c *x509.Certificate) string { return c.SerialNumber.Text(16) }

// link is a certificate and who issued it.
type link struct{ cert, issuer *x509.Certificate }

// proof is what was found out about a link.
type proof struct {
	status    *cms.Revocation
	ocsp, crl []byte // one of the two
}

// Collect completes the chain of each of certs, up to an anchor or a self-signed certificate, and gets for every
// certificate below those an OCSP answer, or else a revocation list; for the certificates of OCSP responders too, unless
// their issuer wants nobody to ask (id-pkix-ocsp-nocheck). All of it holds and is current by our clock. Of what was made
// before after, something newer is looked for and taken if it is there.
//
// When certs are of end entities and of authorities, the latter only serve to complete the chains of the former: tokens
// come with cross certificates that nobody needs.
//
// A certificate that is revoked is a *[RevokedError], and whatever cannot be had an error that says what. With an error
// there is no material.
func (c *Collector) Collect(ctx context.Context, certs []*x509.Certificate, after time.Time) (cms.Material, error) {
	m := cms.Material{}
	j := &collection{Collector: c, after: after, pool: slices.Clone(certs), seen: map[string]bool{}, lists: map[string]func() (fetched, error){}}
	certs = heads(certs)
	for round := 0; len(certs) > 0; round++ {
		if round > maxRounds {
			return cms.Material{}, errors.New("collect: responders have responders without end")
		}
		links, err := j.chains(ctx, &m, certs)
		if err != nil {
			return cms.Material{}, fmt.Errorf("collect: %w", err)
		}
		proofs, err := j.prove(ctx, links)
		if err != nil {
			return cms.Material{}, fmt.Errorf("collect: %w", err)
		}
		certs = add(&m, proofs)
	}
	return m, nil
}

// heads leaves the end entities, or all if there are none.
func heads(certs []*x509.Certificate) []*x509.Certificate {
	out := slices.DeleteFunc(slices.Clone(certs), func(c *x509.Certificate) bool { return c.IsCA })
	if len(out) == 0 {
		return certs
	}
	return out
}

// add puts proofs into the material and returns the responders that need a proof themselves.
func add(m *cms.Material, proofs []proof) []*x509.Certificate {
	var next []*x509.Certificate
	for _, p := range proofs {
		if p.crl != nil {
			m.AddCRL(p.crl)
			continue
		}
		m.AddOCSP(p.ocsp)
		r := p.status.Responder
		m.AddCert(r.Certificate)
		if r.Delegated && !r.NoCheck {
			next = append(next, r.Certificate)
		}
	}
	return next
}

// collection is one call of Collect.
type collection struct {
	*Collector
	after time.Time
	pool  []*x509.Certificate
	seen  map[string]bool

	mu    sync.Mutex
	lists map[string]func() (fetched, error) // each list is downloaded once
}

// chains completes chains, puts them into the material and returns the links that were not seen before.
func (j *collection) chains(ctx context.Context, m *cms.Material, certs []*x509.Certificate) ([]link, error) {
	var links []link
	for _, c := range certs {
		chain, err := j.chain(ctx, c)
		if err != nil {
			return nil, err
		}
		m.AddCert(chain...)
		for i, below := range chain[:len(chain)-1] {
			if j.seen[string(below.Raw)] {
				continue
			}
			j.seen[string(below.Raw)] = true
			links = append(links, link{below, chain[i+1]})
		}
		if len(j.seen) > maxCollect {
			return nil, errors.New("too many certificates")
		}
	}
	return links, nil
}

// chain completes one chain, asking for the issuer of its last certificate as long as one is missing.
func (j *collection) chain(ctx context.Context, cert *x509.Certificate) ([]*x509.Certificate, error) {
	for length := 0; ; {
		chain, done := cms.Path(cert, j.pool, j.anchors)
		if done {
			return chain, nil
		}
		last := chain[len(chain)-1]
		if len(chain) <= length {
			return nil, fmt.Errorf("issuer of certificate %s: what is offered did not issue it", label(last))
		}
		length = len(chain)
		found, err := j.issuers(ctx, last)
		if err != nil {
			return nil, fmt.Errorf("issuer of certificate %s: %w", label(last), err)
		}
		j.pool = append(j.pool, found...)
	}
}

// prove gets a proof for each link, some at a time, in their order.
func (j *collection) prove(ctx context.Context, links []link) ([]proof, error) {
	proofs, errs := make([]proof, len(links)), make([]error, len(links))
	var wg sync.WaitGroup
	for i, l := range links {
		wg.Go(func() {
			if proofs[i], errs[i] = j.proof(ctx, l); errs[i] != nil {
				errs[i] = fmt.Errorf("status of certificate %s: %w", label(l.cert), errs[i])
			}
		})
	}
	wg.Wait()
	return proofs, errors.Join(errs...)
}

// proof asks the responders first, then the lists. What says that the certificate is revoked ends the search.
func (j *collection) proof(ctx context.Context, l link) (proof, error) {
	var failures []error
	try := func(addresses []string, get func(context.Context, string, link) (proof, error)) (proof, bool) {
		addresses = slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return !isWeb(a) })
		for _, a := range addresses[:min(len(addresses), maxAddresses)] {
			p, err := get(ctx, a, l)
			if err == nil {
				return p, true
			}
			failures = append(failures, err)
		}
		return proof{}, false
	}
	p, ok := try(l.cert.OCSPServer, j.askOCSP)
	if !ok {
		p, ok = try(l.cert.CRLDistributionPoints, j.askCRL)
	}
	switch {
	case !ok && len(failures) == 0:
		return proof{}, errors.New("names neither a responder nor a list")
	case !ok:
		return proof{}, errors.Join(failures...)
	case p.status.Revoked:
		e := &RevokedError{Serial: label(l.cert), At: p.status.RevokedAt, Reason: p.status.Reason}
		e.proof.AddCert(l.cert, l.issuer)
		add(&e.proof, []proof{p})
		return proof{}, e
	}
	return p, nil
}

// askOCSP gets an OCSP answer that holds and is current, out of the cache if that is not from before after.
func (j *collection) askOCSP(ctx context.Context, address string, l link) (proof, error) {
	sum := sha256.Sum256(l.cert.Raw)
	key := "ocsp " + address + " " + string(sum[:])
	judge := func(der []byte) (*cms.Revocation, error) { return j.judge(cms.CheckOCSP(der, l.cert, l.issuer)) }
	old, isOld := j.cache.get(key)
	var known *cms.Revocation
	if isOld {
		known, _ = judge(old.der) // what is no good any more is asked for again
	}
	if known != nil && !known.ThisUpdate.Before(j.after) {
		return proof{status: known, ocsp: old.der}, nil
	}
	der, err := j.fetchOCSP(ctx, address, l)
	if err == nil {
		var fresh *cms.Revocation
		if fresh, err = judge(der); err == nil {
			if !fresh.Revoked {
				j.cache.put(key, fetched{der: der, at: j.client.now()})
			}
			return proof{status: fresh, ocsp: der}, nil
		}
	}
	if known != nil && ctx.Err() == nil && !errors.Is(err, cms.ErrUnknownStatus) {
		return proof{status: known, ocsp: old.der}, nil
	}
	return proof{}, err
}

// judge adds to a check that the statement is current by our clock. One that says revoked need not be.
func (c *Collector) judge(r *cms.Revocation, err error) (*cms.Revocation, error) {
	if err != nil {
		return nil, err //nolint:wrapcheck // says it all
	}
	if err := r.Current(c.client.now()); err != nil && !r.Revoked {
		return nil, err //nolint:wrapcheck // says it all
	}
	return r, nil
}

// askCRL gets a revocation list that holds and is current, as askOCSP does.
func (j *collection) askCRL(ctx context.Context, address string, l link) (proof, error) {
	judge := func(der []byte) (*cms.Revocation, error) { return j.judge(cms.CheckCRL(der, l.cert, l.issuer)) }
	old, isOld := j.cache.get(address)
	var known *cms.Revocation
	if isOld {
		known, _ = judge(old.der)
	}
	if known != nil && !known.ThisUpdate.Before(j.after) {
		return proof{status: known, crl: old.der}, nil
	}
	got, err := j.list(ctx, address)
	if err == nil {
		var fresh *cms.Revocation
		if fresh, err = judge(got.der); err == nil {
			j.cache.put(address, got)
			return proof{status: fresh, crl: got.der}, nil
		}
	}
	if known != nil && ctx.Err() == nil {
		return proof{status: known, crl: old.der}, nil
	}
	return proof{}, err
}

// list downloads a list, once in a collection.
func (j *collection) list(ctx context.Context, address string) (fetched, error) {
	j.mu.Lock()
	get, ok := j.lists[address]
	if !ok {
		get = sync.OnceValues(func() (fetched, error) { return j.fetchCRL(ctx, address) })
		j.lists[address] = get
	}
	j.mu.Unlock()
	return get()
}
