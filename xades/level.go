package xades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// SignTo seals a document, which it uses up, and goes as high as the services let it; at is the claimed time of signing.
// It returns the sealed document in UTF-8 and the level reached. If that is below want, the error is a *[cms.Pending] beside
// a document that is whole; with any other error there is no document.
func SignTo(ctx context.Context, doc *Document, signer Signer, at time.Time, services cms.Services, want cms.Level) ([]byte, cms.Level, error) {
	if !want.Known() {
		return nil, 0, fmt.Errorf("level %d is unknown", want)
	}
	s, err := sign(ctx, doc, signer, at)
	if err != nil {
		return nil, 0, err
	}
	level, cause := s.raise(ctx, services, want)
	out, err := s.written()
	switch {
	case err != nil:
		return nil, 0, err
	case cause != nil:
		return out, level, &cms.Pending{Want: want, Reached: level, Cause: cause}
	}
	return out, level, nil
}

// raise goes up as far as it can. A step that fails leaves nothing in the signature.
func (s *signature) raise(ctx context.Context, services cms.Services, want cms.Level) (cms.Level, error) {
	if want == cms.BB {
		return cms.BB, nil
	}
	stamp, err := s.stamp(ctx, services.Timestamps)
	if err != nil || want == cms.BT {
		return max(cms.BB, reached(cms.BT, err)), err
	}
	if err := s.prove(ctx, services.Revocations, stamp); err != nil || want == cms.BLT {
		return max(cms.BT, reached(cms.BLT, err)), err
	}
	err = s.archive(ctx, services.Timestamps)
	return max(cms.BLT, reached(cms.BLTA, err)), err
}

// reached is the level if there was no error.
func reached(l cms.Level, err error) cms.Level {
	if err != nil {
		return 0
	}
	return l
}

// stamp adds a time-stamp over the signature value, the element (EN 319 132-1, clause 5.3). One from outside of the
// signing certificate's validity would prove that the signature is too late.
func (s *signature) stamp(ctx context.Context, by cms.Timestamper) (*cms.Token, error) {
	t, err := timestamp(ctx, by, s.method.hash, s.value.canonical())
	if err != nil {
		return nil, err
	}
	if c := s.signer.Chain[0]; t.Time.After(c.NotAfter) || t.Time.Before(c.NotBefore) {
		return nil, errors.New("time-stamp lies outside of the signing certificate's validity")
	}
	s.property(xa.with("SignatureTimeStamp", encapsulated(t)...))
	return t, nil
}

func encapsulated(t *cms.Token) []*node {
	return []*node{ds.algorithm("CanonicalizationMethod", exclusiveURI), xa.base64("EncapsulatedTimeStamp", t.Raw)}
}

// timestamp asks for a token and trusts nobody that it is one.
func timestamp(ctx context.Context, by cms.Timestamper, h crypto.Hash, over ...[]byte) (*cms.Token, error) {
	if by == nil {
		return nil, errors.New("no time-stamping service")
	}
	digest := sum(h, over...)
	t, err := by.Timestamp(ctx, h, bytes.Clone(digest))
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	if t == nil {
		return nil, errors.New("time-stamp: nothing came")
	}
	if err := t.Matches(h, digest); err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	return t, nil
}

// prove adds certificates and revocation data of the signature and of its time-stamp (EN 319 132-1, clauses 5.4.1 and
// 5.4.2).
func (s *signature) prove(ctx context.Context, from cms.Collector, stamp *cms.Token) error {
	if from == nil {
		return errors.New("no service for revocation data")
	}
	var of cms.Material
	of.AddCert(s.signer.Chain...)
	of.AddCert(stamp.Certs...)
	m, err := from.Collect(ctx, of.Certs, stamp.Time)
	if err != nil {
		return fmt.Errorf("revocation data: %w", err)
	}
	if err := proves(m, stamp.Time, s.signer.Chain[0], stamp.Signer); err != nil {
		return fmt.Errorf("revocation data: %w", err)
	}
	certs := xa.with("CertificateValues")
	for _, c := range m.Certs {
		certs.add(xa.base64("EncapsulatedX509Certificate", c.Raw))
	}
	s.property(certs)
	values := xa.with("RevocationValues")
	for _, v := range []struct {
		list, one string
		ders      [][]byte
	}{{"CRLValues", "EncapsulatedCRLValue", m.CRLs}, {"OCSPValues", "EncapsulatedOCSPValue", m.OCSPs}} {
		if len(v.ders) == 0 {
			continue
		}
		list := xa.with(v.list)
		for _, der := range v.ders {
			list.add(xa.base64(v.one, der))
		}
		values.add(list)
	}
	s.property(values)
	return nil
}

// proves checks that material says of certificates, and of all above them, that they were not revoked at a time:
// whatever a collector says, the file itself must hold it.
func proves(m cms.Material, at time.Time, certs ...*x509.Certificate) error {
	for _, c := range certs {
		path, whole := cms.Path(c, m.Certs, nil)
		if !whole && len(path) < 2 {
			return fmt.Errorf("the issuer of certificate %x is missing", c.SerialNumber)
		}
		for i := range path[:len(path)-1] {
			if !answers(m, path[i], path[i+1], at) {
				return fmt.Errorf("nothing about certificate %x", path[i].SerialNumber)
			}
		}
	}
	return nil
}

func answers(m cms.Material, c, issuer *x509.Certificate, at time.Time) bool {
	good := func(r *cms.Revocation, err error) bool { return err == nil && (!r.Revoked || r.RevokedAt.After(at)) }
	for _, der := range m.OCSPs {
		if good(cms.CheckOCSP(der, c, issuer)) {
			return true
		}
	}
	for _, der := range m.CRLs {
		if good(cms.CheckCRL(der, c, issuer)) {
			return true
		}
	}
	return false
}

// archive adds an archive time-stamp over all that is there: the references' octets in their order, SignedInfo,
// SignatureValue, KeyInfo, and the unsigned properties in theirs (EN 319 132-1, clause 5.5.2.2).
func (s *signature) archive(ctx context.Context, by cms.Timestamper) error {
	over := [][]byte{s.octets, s.signed.canonical(), s.info.canonical(), s.value.canonical(), s.keyInfo.canonical()}
	for _, p := range s.unsigned.children {
		over = append(over, p.canonical())
	}
	t, err := timestamp(ctx, by, s.method.hash, over...)
	if err != nil {
		return err
	}
	s.property(xa1.with("ArchiveTimeStamp", encapsulated(t)...).declares(xa1))
	return nil
}
