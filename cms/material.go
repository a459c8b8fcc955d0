package cms

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// Material is what proves certificates to someone who cannot ask any more: complete chains, and what their issuers said
// about revocation. All is DER, without duplicates: use the Add methods.
type Material struct {
	Certs []*x509.Certificate
	OCSPs [][]byte // OCSPResponse (RFC 6960), as received
	CRLs  [][]byte // CertificateList (RFC 5280)
}

// AddCert adds certificates that are not there yet.
func (m *Material) AddCert(certs ...*x509.Certificate) {
	for _, c := range certs {
		if !slices.ContainsFunc(m.Certs, c.Equal) {
			m.Certs = append(m.Certs, c)
		}
	}
}

// AddOCSP adds an OCSP answer that is not there yet.
func (m *Material) AddOCSP(der []byte) { m.OCSPs = addOnce(m.OCSPs, der) }

// AddCRL adds a revocation list that is not there yet.
func (m *Material) AddCRL(der []byte) { m.CRLs = addOnce(m.CRLs, der) }

// Add adds all that other holds.
func (m *Material) Add(other Material) {
	m.AddCert(other.Certs...)
	for _, der := range other.OCSPs {
		m.AddOCSP(der)
	}
	for _, der := range other.CRLs {
		m.AddCRL(der)
	}
}

func addOnce(to [][]byte, der []byte) [][]byte {
	if slices.ContainsFunc(to, func(b []byte) bool { return bytes.Equal(b, der) }) {
		return to
	}
	return append(to, der)
}
