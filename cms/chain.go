package cms

import (
	"bytes"
	"crypto/x509"
	"slices"
)

const (
	// maxPath is how many certificates a chain may have.
	maxPath = 10
	// maxTries is how many signatures are verified in search of one chain.
	maxTries = 200
)

// SelfSigned says whether a certificate was signed with its own key, as roots are.
func SelfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// Path builds the chain of cert out of pool, cert first, up to one of the anchors or else to a self-signed certificate.
// If there is none it returns the longest piece there is and false: the issuer of its last certificate is what is
// missing. Each signature in the chain was verified, and that each issuer is an authority; nothing is said of times,
// revocation or name constraints. Certificates of the same name are told apart by their signatures.
func Path(cert *x509.Certificate, pool, anchors []*x509.Certificate) ([]*x509.Certificate, bool) {
	s := &search{pool: slices.Concat(anchors, pool), anchors: anchors, tries: maxTries}
	done := s.extend([]*x509.Certificate{cert})
	return s.best, done
}

type search struct {
	pool, anchors []*x509.Certificate
	best          []*x509.Certificate
	tries         int
}

// extend looks for the rest of a chain, depth first.
func (s *search) extend(chain []*x509.Certificate) bool {
	last := chain[len(chain)-1]
	if slices.ContainsFunc(s.anchors, last.Equal) || SelfSigned(last) {
		s.best = chain
		return true
	}
	if len(chain) > len(s.best) {
		s.best = chain
	}
	if len(chain) == maxPath {
		return false
	}
	for _, c := range s.pool {
		if !mayIssue(c, last) || slices.ContainsFunc(chain, c.Equal) {
			continue
		}
		if s.tries--; s.tries < 0 {
			return false
		}
		if last.CheckSignatureFrom(c) == nil && s.extend(append(slices.Clone(chain), c)) {
			return true
		}
	}
	return false
}

// mayIssue compares names and key identifiers, which costs nothing.
func mayIssue(c, child *x509.Certificate) bool {
	if !bytes.Equal(c.RawSubject, child.RawIssuer) {
		return false
	}
	return len(child.AuthorityKeyId) == 0 || len(c.SubjectKeyId) == 0 || bytes.Equal(child.AuthorityKeyId, c.SubjectKeyId)
}
