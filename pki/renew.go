package pki

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// Renew makes what is missing, and makes anew what ends soon or names another address than public. renewed is false when
// nothing had to be done; then the material comes back as it is.
//
// Authorities keep their names and keys, so that whatever they issued before stays as it was; the others get new keys.
// A certificate never ends after the one that issued it.
func (m Material) Renew(now time.Time, name, public string) (out Material, renewed bool, err error) {
	if err := checkName(name); err != nil {
		return Material{}, false, err
	}
	h := &holding{}
	if len(m.RootCert) > 0 {
		if h, err = m.parse(); err != nil {
			return Material{}, false, err
		}
	}
	for r := range roles {
		again, err := h.renew(now, r, name, public)
		if err != nil {
			return Material{}, false, fmt.Errorf("%s: %w", r, err)
		}
		renewed = renewed || again
	}
	if !renewed {
		return m, false, nil
	}
	h.past = slices.DeleteFunc(h.past, func(c *x509.Certificate) bool { return now.After(c.NotAfter) })
	out, err = h.material()
	return out, true, err
}

// renew brings one role up to date, after its issuer.
func (h *holding) renew(now time.Time, r role, name, public string) (bool, error) {
	public, u, err := checkPublic(public)
	if err != nil {
		return false, err
	}
	template, err := r.template(name, public, u)
	if err != nil {
		return false, err
	}
	old := h.pairs[r]
	if old != nil && !outdated(now, r, old.cert, h.pairs[r.issuer()].cert, template) {
		return false, nil
	}
	key, err := keyFor(r, old)
	if err != nil {
		return false, err
	}
	var parent *pair
	if r != roleRoot {
		parent = h.pairs[r.issuer()]
	}
	if h.pairs[r], err = issue(now, r, key, parent, template); err != nil {
		return false, err
	}
	if old != nil && r > roleIssuing {
		h.past = append(h.past, old.cert)
	}
	return true, nil
}

// keyFor is the key of a certificate to be made: an authority's stays.
func keyFor(r role, old *pair) (*ecdsa.PrivateKey, error) {
	if old != nil && r <= roleIssuing {
		return old.key, nil
	}
	return newKey()
}

// outdated says whether a certificate has to be made anew.
func outdated(now time.Time, r role, cert, issuer, template *x509.Certificate) bool {
	for _, named := range [][2][]string{
		{cert.CRLDistributionPoints, template.CRLDistributionPoints},
		{cert.IssuingCertificateURL, template.IssuingCertificateURL},
		{cert.OCSPServer, template.OCSPServer},
	} {
		if !slices.Equal(named[0], named[1]) {
			return true
		}
	}
	if cert.NotAfter.Sub(now) >= spare[r] {
		return false
	}
	ends := now.AddDate(years[r], 0, 0)
	if r != roleRoot && ends.After(issuer.NotAfter) {
		ends = issuer.NotAfter
	}
	return ends.After(cert.NotAfter.Add(day)) // else it would be made anew for nothing, every time
}
