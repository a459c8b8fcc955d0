package cms

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// MaxCRL is the largest revocation list that is read, in bytes.
const MaxCRL = 50 << 20

var (
	oidCRLDelta        = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidCRLDistribution = asn1.ObjectIdentifier{2, 5, 29, 28}

	// reasonCode is the body of the identifier of the only CRL entry extension that is known here (RFC 5280, clause
	// 5.3.1).
	reasonCode = []byte{0x55, 0x1d, 0x15}
)

// CheckCRL finds out what a revocation list (RFC 5280, clause 5) says about cert, which issuer issued. It verifies the
// issuer's signature, and that the list is a full one whose scope takes in the certificate (clause 6.3.3, b): no delta,
// no indirect list, none for some reasons only, and a distribution point that the certificate names too, if the list
// names one. That a certificate is revoked is no error, and whether the list is fresh is another question:
// [Revocation.Current].
//
// The entries are walked over and not kept: a list of 50 MB has two million of them.
func CheckCRL(der []byte, cert, issuer *x509.Certificate) (*Revocation, error) {
	if len(der) > MaxCRL {
		return nil, errors.New("crl: list is too large")
	}
	out, err := checkCRL(der, cert, issuer)
	if err != nil {
		return nil, fmt.Errorf("crl: %w", err)
	}
	return out, nil
}

func checkCRL(der []byte, cert, issuer *x509.Certificate) (*Revocation, error) {
	r, err := whole(der, tagSequence)
	if err != nil {
		return nil, err
	}
	tbs, err := r.want(tagSequence)
	if err != nil {
		return nil, err
	}
	algorithm, err := r.want(tagSequence)
	if err != nil {
		return nil, err
	}
	signature, err := r.bits()
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return nil, errors.New("issuer may not sign lists")
	}
	var id pkix.AlgorithmIdentifier
	if err := unmarshal(algorithm.full, &id); err != nil {
		return nil, err
	}
	if err := checkSigned(issuer.PublicKey, id, tbs.full, signature); err != nil {
		return nil, err
	}
	return readCRL(tbs.body, algorithm.full, cert, issuer)
}

// readCRL reads a TBSCertList whose signature is right.
func readCRL(r reader, algorithm []byte, cert, issuer *x509.Certificate) (*Revocation, error) {
	if r.is(tagInteger) { // version
		if _, err := r.next(); err != nil {
			return nil, err
		}
	}
	same, err := r.want(tagSequence)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(same.full, algorithm) {
		return nil, errAlgorithm
	}
	name, err := r.want(tagSequence)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(name.full, issuer.RawSubject) || !bytes.Equal(name.full, cert.RawIssuer) {
		return nil, errors.New("list is another issuer's")
	}
	out := &Revocation{}
	if out.ThisUpdate, err = r.moment(); err != nil {
		return nil, err
	}
	if out.NextUpdate, err = r.moment(); err != nil {
		return nil, fmt.Errorf("next update: %w", err) // RFC 5280, clause 5.1.2.5: always there
	}
	if r.is(tagSequence) {
		list, err := r.inside(tagSequence)
		if err != nil {
			return nil, err
		}
		if err := out.find(list, cert.SerialNumber); err != nil {
			return nil, err
		}
	}
	return out, checkScope(r, cert)
}

// find walks over the entries. All are looked at, for one with a critical extension that is not known makes the whole
// list unfit (RFC 5280, clause 5.3).
func (r *Revocation) find(list reader, serial *big.Int) error {
	want, err := encode(serial)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		entry, err := list.inside(tagSequence)
		if err != nil {
			return err
		}
		number, err := entry.want(tagInteger)
		if err != nil {
			return err
		}
		when, err := entry.next()
		if err != nil {
			return err
		}
		reason, err := entryReason(entry)
		if err != nil {
			return err
		}
		if !bytes.Equal(number.full, want.FullBytes) {
			continue
		}
		r.Revoked, r.Reason = true, reason
		if r.RevokedAt, err = parseTime(when, false); err != nil {
			return err
		}
	}
	return nil
}

// entryReason reads the extensions of an entry, which are the rest of it.
func entryReason(r reader) (int, error) {
	if len(r) == 0 {
		return 0, nil
	}
	list, err := whole(r, tagSequence)
	if err != nil {
		return 0, err
	}
	reason := 0
	for len(list) > 0 {
		ext, err := list.inside(tagSequence)
		if err != nil {
			return 0, err
		}
		id, err := ext.want(tagOID)
		if err != nil {
			return 0, err
		}
		isReason := bytes.Equal(id.body, reasonCode)
		if ext.is(tagBoolean) {
			v, err := ext.next()
			if err != nil {
				return 0, err
			}
			if !isReason && !bytes.Equal(v.body, []byte{0}) {
				return 0, errors.New("critical extension of an entry is unknown")
			}
		}
		content, err := ext.want(tagOctetString)
		if err != nil {
			return 0, err
		}
		if isReason {
			in := reader(content.body)
			if reason, err = in.enumerated(); err != nil {
				return 0, err
			}
		}
	}
	return reason, nil
}

// checkScope reads the list's extensions, which are the rest of it.
func checkScope(r reader, cert *x509.Certificate) error {
	if len(r) == 0 {
		return nil
	}
	in, err := whole(r, explicit0)
	if err != nil {
		return err
	}
	if in, err = whole(in, tagSequence); err != nil {
		return err
	}
	exts, err := in.extensions([]asn1.ObjectIdentifier{oidCRLDistribution, oidCRLDelta})
	if err != nil {
		return err
	}
	for _, e := range exts {
		switch {
		case e.Id.Equal(oidCRLDelta):
			return errors.New("list is a delta")
		case e.Id.Equal(oidCRLDistribution):
			if err := checkDistribution(e.Value, cert); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkDistribution reads an IssuingDistributionPoint (RFC 5280, clause 5.2.5). Its fields are in order, each at most
// once, and all but the first are DEFAULT FALSE.
func checkDistribution(der []byte, cert *x509.Certificate) error {
	r, err := whole(der, tagSequence)
	if err != nil {
		return err
	}
	if r.is(explicit0) {
		in, err := r.inside(explicit0)
		if err != nil {
			return err
		}
		if err := checkPoint(in, cert); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		tag     byte
		refused bool
		why     string
	}{
		{context0 | 1, cert.IsCA, "list is about end entities only"},
		{context0 | 2, !cert.IsCA, "list is about authorities only"},
		{context0 | 3, true, "list is about some reasons only"},
		{context0 | 4, true, "list is indirect"},
		{context0 | 5, true, "list is about attribute certificates only"},
	} {
		if !r.is(f.tag) {
			continue
		}
		v, err := r.next()
		if err != nil {
			return err
		}
		if f.refused && !bytes.Equal(v.body, []byte{0}) {
			return errors.New(f.why)
		}
	}
	return r.end()
}

// checkPoint compares the addresses of a fullName with those that the certificate names.
func checkPoint(r reader, cert *x509.Certificate) error {
	names, err := r.inside(explicit0)
	if err != nil {
		return errors.New("list has a distribution point of an unknown kind")
	}
	for len(names) > 0 {
		v, err := names.next()
		if err != nil {
			return err
		}
		// GeneralName, uniformResourceIdentifier
		if v.tag == context0|6 && slices.Contains(cert.CRLDistributionPoints, string(v.body)) {
			return nil
		}
	}
	return errors.New("list is of another distribution point")
}
