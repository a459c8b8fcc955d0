package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// crlDays is how long a revocation list may be used; it is made anew for every answer.
const crlDays = 7

// Authority is the local trust at work. It is not changed after it was loaded, so it may be used by many at once.
type Authority struct{ h *holding }

// Seal is what signs documents.
func (a *Authority) Seal() Seal { return a.seal(roleSeal) }

// Public is the address that the certificates in use name.
func (a *Authority) Public() string { return a.bases()[0] }

// Stamp is what signs time stamps.
func (a *Authority) Stamp() Seal { return a.seal(roleStamp) }

func (a *Authority) seal(r role) Seal {
	p := a.h.pairs
	return Seal{Key: p[r].key, Chain: []*x509.Certificate{p[r].cert, p[roleIssuing].cert, p[roleRoot].cert}}
}

// RootPEM is the root's certificate for whoever wants to trust it.
func (a *Authority) RootPEM() []byte { return certPEM(a.h.pairs[roleRoot].cert) }

// Names are the certificates that are in use, by what they are for.
func (a *Authority) Names() map[string]*x509.Certificate {
	out := make(map[string]*x509.Certificate, roles)
	for r, p := range a.h.pairs {
		out[role(r).String()] = p.cert
	}
	return out
}

// crl makes the list of what an authority has revoked, in DER (RFC 5280 5). Nothing was ever revoked: a seal whose key is
// lost is replaced together with its authorities. The list is of now, so that it proves what was stamped before it.
func (a *Authority) crl(now time.Time, r role) ([]byte, error) {
	p := a.h.pairs[r]
	now = now.UTC().Truncate(time.Second)
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(now.UnixMilli()), ThisUpdate: now, NextUpdate: now.AddDate(0, 0, crlDays),
	}, p.cert, p.key)
	if err != nil {
		return nil, fmt.Errorf("revocation list of the %s: %w", r, err)
	}
	return der, nil
}

func sum(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// issued says whether the issuing authority made the certificate of that number, and it has not ended.
func (a *Authority) issued(number *big.Int, now time.Time) bool {
	known := a.h.past
	for _, r := range []role{roleSeal, roleStamp, roleResponder} {
		known = append(slices.Clip(known), a.h.pairs[r].cert)
	}
	for _, c := range known {
		if c.SerialNumber.Cmp(number) == 0 {
			return !now.After(c.NotAfter)
		}
	}
	return false
}
