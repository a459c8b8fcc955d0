package pades

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// breach is a rule that does not hold, empty if none is.
type breach struct{ rule, detail string }

// trust builds chains and asks for their revocation.
type trust struct {
	roots   *x509.CertPool
	own     []*x509.Certificate
	provers map[*cms.Material]*prover
}

func newTrust(o *VerifyOptions) *trust {
	t := &trust{roots: x509.NewCertPool(), own: o.Own, provers: map[*cms.Material]*prover{}}
	if o.Roots != nil {
		t.roots = o.Roots.Clone()
	}
	for _, c := range o.Own {
		t.roots.AddCert(c)
	}
	return t
}

// isOwn tells whether a chain ends at an anchor of ours.
func (t *trust) isOwn(chain []*x509.Certificate) bool {
	return len(chain) > 0 && slices.ContainsFunc(t.own, chain[len(chain)-1].Equal)
}

// chain finds a chain of cert to an anchor in which all were valid at a time (EN 319 102-1,
// 5.2.6; RFC 5280, 6.1).
func (t *trust) chain(cert *x509.Certificate, extra []*x509.Certificate, at time.Time, use x509.ExtKeyUsage) ([]*x509.Certificate, breach) {
	chains, err := t.chains(cert, extra, at, use)
	if err == nil {
		return chains[0], breach{}
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		// The validity is looked at first, but whom nobody knows is not known. Asked once: a certificate that ends before it
		// begins is never valid, and asking for ever would end the program.
		if inside := within(cert, at); !inside.Equal(at) {
			if _, err := t.chains(cert, extra, inside, use); isUnknown(err) {
				return nil, breach{"chain", displayName(cert)}
			}
		}
		detail := displayName(invalid.Cert) + ": " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339) + " – " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
		return nil, breach{"out-of-bounds", detail}
	}
	if isUnknown(err) {
		return nil, breach{"chain", displayName(cert)}
	}
	return nil, breach{"chain-general", err.Error()}
}

func isUnknown(err error) bool {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return unknown
}

func (t *trust) chains(cert *x509.Certificate, extra []*x509.Certificate, at time.Time, use x509.ExtKeyUsage) ([][]*x509.Certificate, error) {
	between := x509.NewCertPool()
	for _, c := range extra {
		between.AddCert(c)
	}
	return cert.Verify(x509.VerifyOptions{
		Roots: t.roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{use},
	})
}

// within is the time at which a certificate was valid that is next to another time.
func within(c *x509.Certificate, at time.Time) time.Time {
	switch {
	case at.Before(c.NotBefore):
		return c.NotBefore
	case at.After(c.NotAfter):
		return c.NotAfter
	}
	return at
}

// prover answers from a store of validation data, each question once.
type prover struct {
	m     *cms.Material
	known map[[32]byte][]*cms.Revocation
}

func (t *trust) prover(m *cms.Material) *prover {
	p := t.provers[m]
	if p == nil {
		p = &prover{m, map[[32]byte][]*cms.Revocation{}}
		t.provers[m] = p
	}
	return p
}

// about lists what the store says of a certificate.
func (p *prover) about(cert, issuer *x509.Certificate) []*cms.Revocation {
	key := sha256.Sum256(slices.Concat(cert.Raw, issuer.Raw))
	if r, ok := p.known[key]; ok {
		return r
	}
	var out []*cms.Revocation
	for _, der := range p.m.OCSPs {
		if r, err := cms.CheckOCSP(der, cert, issuer); err == nil {
			out = append(out, r)
		}
	}
	for _, der := range p.m.CRLs {
		if r, err := cms.CheckCRL(der, cert, issuer); err == nil {
			out = append(out, r)
		}
	}
	p.known[key] = out
	return out
}

// moment is when a chain is asked about: made is the time that statements must reach to, proven the time until which a
// revocation counts, now is when it is asked. What is asked about was certainly made after the last, which is zero when
// nothing proves that.
type moment struct{ made, proven, now, after time.Time }

// revocation asks about every certificate of a chain but the anchor (EN 319 102-1, 5.2.5).
// Warnings are about certificates of which nobody can be asked.
func (p *prover) revocation(chain []*x509.Certificate, at moment) (problem breach, warning breach) {
	for i := 0; i+1 < len(chain); i++ {
		c := chain[i]
		if revocationFree(c) {
			continue
		}
		good := false
		for _, r := range p.about(c, chain[i+1]) {
			if r.Revoked && !r.RevokedAt.After(at.proven) {
				if i == 0 && !r.RevokedAt.After(at.after) {
					return breach{"revoked-before", displayName(c) + ", " + r.RevokedAt.UTC().Format(time.RFC3339)}, warning
				}
				return breach{"revoked", displayName(c) + ", " + r.RevokedAt.UTC().Format(time.RFC3339)}, warning
			}
			good = good || reaches(r, at) && p.responderHolds(r, chain[i+1], at)
		}
		switch {
		case good:
		case len(c.OCSPServer)+len(c.CRLDistributionPoints) > 0:
			if problem.rule == "" {
				problem = breach{"revocation-unknown", displayName(c)}
			}
		default:
			warning = breach{"revocation-none", displayName(c)}
		}
	}
	return problem, warning
}

// complete tells whether the store itself proves every certificate of a chain that has to
// be proven: what level LT asks for (EN 319 142-1, 6.3).
func (p *prover) complete(chain []*x509.Certificate, at moment) bool {
	for i := 0; i+1 < len(chain); i++ {
		if revocationFree(chain[i]) {
			continue
		}
		if !slices.ContainsFunc(p.about(chain[i], chain[i+1]), func(r *cms.Revocation) bool {
			return reaches(r, at) && (!r.Revoked || r.RevokedAt.After(at.proven)) && p.responderHolds(r, chain[i+1], at)
		}) {
			return false
		}
	}
	return true
}

// reaches tells whether a statement says something of the time asked for.
func reaches(r *cms.Revocation, at moment) bool {
	if r.ThisUpdate.After(at.made) {
		return !r.ThisUpdate.After(at.now.Add(clockSkew))
	}
	return r.Current(at.made) == nil
}

// responderHolds tells whether the responder of an OCSP answer was itself good, one level
// deep: most are exempt from the question.
func (p *prover) responderHolds(r *cms.Revocation, issuer *x509.Certificate, at moment) bool {
	if r.Responder == nil || !r.Responder.Delegated || r.Responder.NoCheck {
		return true
	}
	c := r.Responder.Certificate
	if len(c.OCSPServer)+len(c.CRLDistributionPoints) == 0 {
		return true
	}
	return slices.ContainsFunc(p.about(c, issuer), func(r *cms.Revocation) bool {
		return reaches(r, at) && (!r.Revoked || r.RevokedAt.After(at.proven)) && (r.Responder == nil || !r.Responder.Certificate.Equal(c))
	})
}

// clockSkew is how far another clock may be ahead of ours.
const clockSkew = 5 * time.Minute
