package cms

import (
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

const (
	// clockSkew is how far the clock of whoever states something about revocation may be ahead of ours.
	clockSkew = 5 * time.Minute
	// openEnded is how long an OCSP answer without nextUpdate may be used: "newer information is available all the
	// time" (RFC 6960, clause 4.2.2.1).
	openEnded = 24 * time.Hour
)

// Revocation is what an OCSP answer or a revocation list, itself found genuine, says about one certificate.
type Revocation struct {
	// Revoked is true whatever the time of it; RevokedAt and Reason (CRLReason, RFC 5280, clause 5.3.1) go with it. A
	// certificate on hold (6) counts as revoked.
	Revoked   bool
	RevokedAt time.Time
	Reason    int
	// ThisUpdate is when this was known to be right; NextUpdate is until when there is nothing newer, zero if an OCSP
	// answer does not say.
	ThisUpdate, NextUpdate time.Time
	// Responder signed the OCSP answer; nil for a list, which the certificate's issuer signed.
	Responder *Responder
}

// Current checks that the statement may be relied on at a time: made before it, allowing for a clock five minutes ahead,
// and not overdue.
func (r *Revocation) Current(at time.Time) error {
	if r.ThisUpdate.After(at.Add(clockSkew)) {
		return fmt.Errorf("revocation status is of the future, %s", r.ThisUpdate.Format(time.RFC3339))
	}
	until := r.NextUpdate
	if until.IsZero() {
		until = r.ThisUpdate.Add(openEnded)
	}
	if at.After(until) {
		return fmt.Errorf("revocation status is stale since %s", until.Format(time.RFC3339))
	}
	return nil
}

// checkSigned verifies a signature of the kind that certificates, lists and OCSP answers bear: the algorithm names the
// hash too. SHA-1 is refused.
func checkSigned(key crypto.PublicKey, id pkix.AlgorithmIdentifier, message, sig []byte) error {
	h, err := signatureHash(id)
	if err != nil {
		return err
	}
	return checkSignature(key, id, h, message, sig)
}

func signatureHash(id pkix.AlgorithmIdentifier) (crypto.Hash, error) {
	for _, k := range []struct {
		oid  asn1.ObjectIdentifier
		hash crypto.Hash
	}{
		{oidECDSASHA256, crypto.SHA256},
		{oidECDSASHA384, crypto.SHA384},
		{oidECDSASHA512, crypto.SHA512},
		{oidRSASHA256, crypto.SHA256},
		{oidRSASHA384, crypto.SHA384},
		{oidRSASHA512, crypto.SHA512},
		{oidEd25519, crypto.SHA512},
	} {
		if id.Algorithm.Equal(k.oid) {
			return k.hash, nil
		}
	}
	var p pssParameters
	if !id.Algorithm.Equal(oidPSS) || exactly(id.Parameters.FullBytes, &p) != nil {
		return 0, fmt.Errorf("unsupported signature algorithm %v", id.Algorithm)
	}
	return hashOf(p.Hash.Algorithm)
}

// bits takes a BIT STRING of whole bytes.
func (r *reader) bits() ([]byte, error) {
	v, err := r.want(tagBitString)
	if err != nil {
		return nil, err
	}
	if len(v.body) == 0 || v.body[0] != 0 {
		return nil, errors.New("malformed bit string")
	}
	return v.body[1:], nil
}

// moment takes the next element as a time.
func (r *reader) moment() (time.Time, error) {
	v, err := r.next()
	if err != nil {
		return time.Time{}, err
	}
	return parseTime(v, false)
}

// enumerated takes an ENUMERATED of one byte.
func (r *reader) enumerated() (int, error) {
	v, err := r.want(tagEnumerated)
	if err != nil {
		return 0, err
	}
	if len(v.body) != 1 {
		return 0, errors.New("malformed enumeration")
	}
	return int(v.body[0]), nil
}
