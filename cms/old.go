package cms

import (
	"crypto"
	_ "crypto/sha1" //nolint:gosec // to judge what others signed with it; it proves nothing any more
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
)

// ParseOld reads what [Parse] reads, and what PDF allowed before PAdES (ISO 32000-1, 12.8.3.3): signatures with SHA-1,
// without signed attributes (RFC 5652, clause 5.3), or with the content inside. Whoever takes one has to look at
// [Signature.Weak] and Content.
func ParseOld(der []byte) (*Signature, error) {
	sd, err := parseSignedData(der)
	if err != nil {
		return nil, err
	}
	if !sd.Encapsulated.Type.Equal(oidData) {
		return nil, errors.New("not a signature of data")
	}
	s, err := parseSignerOf(sd, true)
	if err != nil {
		return nil, err
	}
	if len(sd.Encapsulated.Content.FullBytes) > 0 {
		if err := exactly(sd.Encapsulated.Content.Bytes, &s.Content); err != nil {
			return nil, fmt.Errorf("parse content: %w", err)
		}
	}
	return s, nil
}

// Weak says whether the signature is made with SHA-1, which proves nothing any more (ETSI TS 119 312).
func (s *Signature) Weak() bool { return s.Hash == crypto.SHA1 }

// CheckContent is [Signature.Check] for a signature with the content inside, of which it checks that it is what is wanted.
func (s *Signature) CheckContent(want []byte) error {
	if string(s.Content) != string(want) {
		return ErrDigest
	}
	return s.Check(sum(s.Hash, s.Content))
}

// oidArchival is adbe-revocationInfoArchival (ISO 32000-1, 12.8.3.3.2).
var oidArchival = asn1.ObjectIdentifier{1, 2, 840, 113583, 1, 1, 8}

// archival is RevocationInfoArchival.
type archival struct {
	CRLs  []asn1.RawValue `asn1:"optional,explicit,tag:0"`
	OCSPs []asn1.RawValue `asn1:"optional,explicit,tag:1"`
	Other []asn1.RawValue `asn1:"optional,explicit,tag:2"`
}

// Archived is the revocation data that Acrobat puts among the signed attributes, with the certificates of the signature.
// It is empty when there is none or it cannot be read.
func (s *Signature) Archived() Material {
	var m Material
	var a archival
	raw, err := s.one(oidArchival)
	if err != nil || exactly(raw, &a) != nil {
		return m
	}
	m.AddCert(append([]*x509.Certificate{s.Signer}, s.Certificates...)...)
	for _, v := range a.CRLs {
		m.AddCRL(v.FullBytes)
	}
	for _, v := range a.OCSPs {
		m.AddOCSP(v.FullBytes)
	}
	return m
}
