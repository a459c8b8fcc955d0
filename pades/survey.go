package pades

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// survey is what a document holds of signatures, time-stamps and proofs. It reads
// and does not judge: whether the bytes signed are those of the document is
// [Verify]'s business.
type survey struct {
	signatures []signed // oldest first
	stamps     []signed // document time-stamps, oldest first
	proofs     pdf.Proofs
	level      cms.Level // of the newest signature
	missing    error     // what keeps it from B-LT
}

// signed is a signature or a document time-stamp.
type signed struct {
	from, to int64          // what it does not cover: where /Contents stands
	cms      *cms.Signature // nil of a document time-stamp
	token    *cms.Token     // nil if there is none
}

var errNoSignature = errors.New("document has no signature that can be raised")

// surveyOf reads a document. Signatures of kinds that this package does not make
// and cannot read are left out.
func surveyOf(doc *Document) (*survey, error) {
	s := &survey{}
	fields := doc.SignatureFields()
	for i := range fields {
		dict, err := doc.Signature(&fields[i])
		if err != nil {
			return nil, fmt.Errorf("read signature: %w", err)
		}
		if err := s.add(doc, dict); err != nil {
			return nil, err
		}
	}
	if len(s.signatures) == 0 {
		return nil, errNoSignature
	}
	byPlace := func(a, b signed) int { return cmp.Compare(a.from, b.from) }
	slices.SortFunc(s.signatures, byPlace)
	slices.SortFunc(s.stamps, byPlace)
	var err error
	if s.proofs, err = doc.Proofs(); err != nil {
		return nil, fmt.Errorf("security store: %w", err)
	}
	s.judge()
	return s, nil
}

func (s *survey) add(doc *Document, dict *pdf.Dict) error {
	contents, ok := dict.Get("Contents").(pdf.String)
	if !ok {
		return nil
	}
	place, err := doc.Array(dict.Get("ByteRange"))
	if err != nil {
		return fmt.Errorf("read signature: %w", err)
	}
	var x signed
	if x.from, x.to, ok = hole(place); !ok {
		return nil
	}
	if dict.Get("SubFilter") == pdf.Name("ETSI.RFC3161") {
		if x.token, err = cms.ParseToken([]byte(contents)); err == nil {
			s.stamps = append(s.stamps, x)
		}
		return nil
	}
	if x.cms, err = cms.Parse([]byte(contents)); err != nil {
		return nil //nolint:nilerr // of another kind, or damaged: not ours to raise
	}
	x.token = x.stamp()
	s.signatures = append(s.signatures, x)
	return nil
}

// hole is what a /ByteRange leaves out.
func hole(r pdf.Array) (from, to int64, ok bool) {
	if len(r) != 4 {
		return 0, 0, false
	}
	a, isInt := r[1].(int)
	b, isInt2 := r[2].(int)
	return int64(a), int64(b), isInt && isInt2 && a > 0 && a < b
}

// stamp is the signature time-stamp, nil if there is none or it is about
// something else.
func (x *signed) stamp() *cms.Token {
	if x.cms.Token == nil {
		return nil
	}
	t, err := cms.ParseToken(x.cms.Token)
	if err != nil {
		return nil
	}
	h := t.Hash.New()
	h.Write(x.cms.Value)
	if t.Matches(t.Hash, h.Sum(nil)) != nil {
		return nil
	}
	return t
}

// judge finds the level of the newest signature.
func (s *survey) judge() {
	newest := &s.signatures[len(s.signatures)-1]
	later := slices.DeleteFunc(slices.Clone(s.stamps), func(x signed) bool { return x.from < newest.to })
	proof := newest.token
	if proof == nil && len(later) > 0 {
		proof = later[0].token
	}
	if s.level = cms.BB; proof == nil {
		s.missing = errors.New("no time-stamp")
		return
	}
	s.level = cms.BT
	needed := []*x509.Certificate{newest.cms.Signer, proof.Signer}
	if s.missing = s.proves(needed, proof.Time, end); s.missing != nil {
		return
	}
	s.level = cms.BLT
	for _, x := range later {
		if x.token != proof && s.proves(needed, proof.Time, x.from) == nil {
			s.level = cms.BLTA
		}
	}
}

// end stands for the end of the document: no proof lies behind it.
const end = int64(1) << 62

// pool is all certificates known where the proofs before an offset count.
func (s *survey) pool(before int64) []*x509.Certificate {
	pool := s.certs(s.signatures)
	for _, p := range s.proofs.Certs {
		if p.Offset >= before {
			continue
		}
		if c, err := x509.ParseCertificate(p.DER); err == nil {
			pool = append(pool, c)
		}
	}
	return pool
}

// proves checks that the store says, before an offset, that the certificates and
// all above them were not revoked at a time.
func (s *survey) proves(certs []*x509.Certificate, at time.Time, before int64) error {
	pool := s.pool(before)
	for _, leaf := range certs {
		for c, depth := leaf, 0; !selfSigned(c); depth++ {
			issuer := issuerOf(c, pool)
			if issuer == nil && c != leaf || depth > maxChain {
				break // an anchor that another authority issued
			}
			if issuer == nil {
				return fmt.Errorf("the issuer of certificate %x is missing", c.SerialNumber)
			}
			if !revocationFree(c) && !s.answers(c, issuer, at, before) {
				return fmt.Errorf("nothing about certificate %x", c.SerialNumber)
			}
			c = issuer
		}
	}
	return nil
}

// maxChain is the longest chain of certificates that is followed.
const maxChain = 16

func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(c) == nil
}

func issuerOf(c *x509.Certificate, pool []*x509.Certificate) *x509.Certificate {
	i := slices.IndexFunc(pool, func(p *x509.Certificate) bool {
		return bytes.Equal(p.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(p) == nil
	})
	if i < 0 {
		return nil
	}
	return pool[i]
}

// revocationFree certificates have no revocation data by their issuer's promise:
// short-term ones (EN 319 412-1, clause 5.2) and noRevAvail (RFC 9608).
func revocationFree(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidShortTerm) || e.Id.Equal(oidNoRevocation) {
			return true
		}
	}
	return false
}

var (
	oidShortTerm    = asn1.ObjectIdentifier{0, 4, 0, 194121, 2, 1}
	oidNoRevocation = asn1.ObjectIdentifier{2, 5, 29, 56}
)

// answers tells whether proofs before an offset say that a certificate was good
// at a time, and who says so is itself not left open. Whether they are fresh
// enough is for [Verify] to judge, and for the collector to see to.
func (s *survey) answers(c, issuer *x509.Certificate, at time.Time, before int64) bool {
	for _, p := range s.proofs.OCSPs {
		if p.Offset >= before {
			continue
		}
		r, err := cms.CheckOCSP(p.DER, c, issuer)
		if err == nil && good(r, at) && (!r.Responder.Delegated || r.Responder.NoCheck ||
			s.listed(r.Responder.Certificate, issuer, at, before)) {
			return true
		}
	}
	return s.listed(c, issuer, at, before)
}

// listed tells whether a revocation list before an offset says that a certificate
// was good at a time.
func (s *survey) listed(c, issuer *x509.Certificate, at time.Time, before int64) bool {
	for _, p := range s.proofs.CRLs {
		if p.Offset >= before {
			continue
		}
		if r, err := cms.CheckCRL(p.DER, c, issuer); err == nil && good(r, at) {
			return true
		}
	}
	return false
}

func good(r *cms.Revocation, at time.Time) bool { return !r.Revoked || r.RevokedAt.After(at) }

// certs are the certificates that given signatures and all time-stamps bring.
func (s *survey) certs(of []signed) []*x509.Certificate {
	var m cms.Material
	for _, x := range of {
		m.AddCert(x.cms.Signer)
		m.AddCert(x.cms.Certificates...)
		if x.token != nil {
			m.AddCert(x.token.Certs...)
		}
	}
	for _, x := range s.stamps {
		m.AddCert(x.token.Certs...)
	}
	return m.Certs
}

// stamped is the time of the newest time-stamp.
func (s *survey) stamped() time.Time {
	var at time.Time
	for _, x := range slices.Concat(s.signatures, s.stamps) {
		if x.token != nil && x.token.Time.After(at) {
			at = x.token.Time
		}
	}
	return at
}
