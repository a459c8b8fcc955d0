package cms

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // names certificates in RFC 6960, nothing else
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

const (
	// MaxOCSP is the largest OCSP answer that is read, in bytes.
	MaxOCSP = 256 << 10
	// maxResponders is how many certificates one may hold, maxAnswers about how many it may speak.
	maxResponders = 16
	maxAnswers    = 1024
)

var (
	oidOCSPBasic = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNoCheck   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}

	// ErrUnknownStatus is for a responder that says it does not know the certificate.
	ErrUnknownStatus = errors.New("ocsp: status of the certificate is unknown")

	errNoAnswer = errors.New("ocsp: not about this certificate")
)

// Responder is who signed an OCSP answer.
type Responder struct {
	// Certificate is the issuer's own, or one that the issuer delegated the answering to.
	Certificate *x509.Certificate
	// Delegated is false for the issuer itself, whose own status is looked up anyway.
	Delegated bool
	// NoCheck says that the issuer wants nobody to ask for the delegate's own status (id-pkix-ocsp-nocheck, RFC 6960,
	// clause 4.2.2.2.1).
	NoCheck bool
}

// NewOCSPRequest asks about one certificate, without a nonce: answers may come from a cache (RFC 5019, clause 2.1.1).
// The issuer is named by SHA-1, which is what every responder knows.
func NewOCSPRequest(cert, issuer *x509.Certificate) ([]byte, error) {
	der, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return nil, fmt.Errorf("ocsp request: %w", err)
	}
	return der, nil
}

// CheckOCSP finds out what an OCSP answer (RFC 6960, clause 4.2.1) says about cert, which issuer issued. It verifies that
// the answer is about this certificate of this issuer, and that it was signed by the issuer or by someone with
// id-kp-OCSPSigning whom the issuer certified directly (clause 4.2.2.2) and whose certificate was valid when the answer
// was produced. A responder that does not know is [ErrUnknownStatus]. That a certificate is revoked is no error, and
// whether the answer is fresh is another question: [Revocation.Current].
//
// golang.org/x/crypto/ocsp is not used for this: it looks at the serial number only, not at whose it is, and at one
// embedded certificate.
func CheckOCSP(der []byte, cert, issuer *x509.Certificate) (*Revocation, error) {
	if len(der) > MaxOCSP {
		return nil, errors.New("ocsp: answer is too large")
	}
	if err := wellFormed(der); err != nil {
		return nil, fmt.Errorf("ocsp: %w", err)
	}
	basic, err := parseOCSP(der)
	if err != nil {
		return nil, fmt.Errorf("ocsp: %w", err)
	}
	responder, err := basic.responder(issuer)
	if err != nil {
		return nil, err
	}
	for _, a := range basic.answers {
		if !a.isAbout(cert, issuer) {
			continue
		}
		if a.unknown {
			return nil, ErrUnknownStatus
		}
		out := a.status
		out.Responder = responder
		return &out, nil
	}
	return nil, errNoAnswer
}

// basicOCSP is a BasicOCSPResponse; not one field of it is to be trusted before responder found its signer.
type basicOCSP struct {
	tbs       []byte
	name, key []byte // of the responder, one of the two
	produced  time.Time
	answers   []ocspAnswer
	algorithm pkix.AlgorithmIdentifier
	signature []byte
	certs     []*x509.Certificate
}

// ocspAnswer is a SingleResponse.
type ocspAnswer struct {
	hash                crypto.Hash
	issuerName, keyHash []byte
	serial              *big.Int
	status              Revocation
	unknown             bool
}

func parseOCSP(der []byte) (*basicOCSP, error) {
	r, err := whole(der, tagSequence)
	if err != nil {
		return nil, err
	}
	status, err := r.enumerated()
	if err != nil {
		return nil, err
	}
	if status != 0 {
		return nil, fmt.Errorf("responder answers with error %d", status)
	}
	in, err := r.inside(explicit0)
	if err != nil {
		return nil, err
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	if in, err = whole(in, tagSequence); err != nil {
		return nil, err
	}
	var kind asn1.ObjectIdentifier
	if err := take(&in, &kind); err != nil || !kind.Equal(oidOCSPBasic) {
		return nil, errors.New("answer is not a basic one")
	}
	octets, err := in.want(tagOctetString)
	if err != nil {
		return nil, err
	}
	if err := in.end(); err != nil {
		return nil, err
	}
	if err := wellFormed(octets.body); err != nil {
		return nil, err
	}
	return parseBasic(octets.body)
}

func parseBasic(der []byte) (*basicOCSP, error) {
	r, err := whole(der, tagSequence)
	if err != nil {
		return nil, err
	}
	tbs, err := r.want(tagSequence)
	if err != nil {
		return nil, err
	}
	b := &basicOCSP{tbs: tbs.full}
	if err := take(&r, &b.algorithm); err != nil {
		return nil, err
	}
	if b.signature, err = r.bits(); err != nil {
		return nil, err
	}
	if r.is(explicit0) {
		in, err := r.inside(explicit0)
		if err != nil {
			return nil, err
		}
		if in, err = whole(in, tagSequence); err != nil {
			return nil, err
		}
		if b.certs, err = parseCertificates(in); err != nil {
			return nil, err
		}
		if len(b.certs) > maxResponders {
			return nil, errors.New("too many certificates")
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return b, b.data(tbs.body)
}

// data reads ResponseData.
func (b *basicOCSP) data(r reader) error {
	if r.is(explicit0) { // version, v1 is the only one
		if _, err := r.next(); err != nil {
			return err
		}
	}
	id, err := r.next()
	if err != nil {
		return err
	}
	switch in := reader(id.body); id.tag {
	case explicit0 | 1:
		b.name = id.body
	case explicit0 | 2:
		v, err := in.want(tagOctetString)
		if err != nil {
			return err
		}
		b.key = v.body
	default:
		return errors.New("responder has no name")
	}
	if b.produced, err = r.moment(); err != nil {
		return err
	}
	list, err := r.inside(tagSequence)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		if len(b.answers) >= maxAnswers {
			return errors.New("too many answers")
		}
		a, err := list.answer()
		if err != nil {
			return err
		}
		b.answers = append(b.answers, a)
	}
	return r.tail(explicit0 | 1)
}

// tail reads the Extensions at the end of a sequence, if there are any: a critical one is an error.
func (r *reader) tail(tag byte) error {
	if !r.is(tag) {
		return r.end()
	}
	in, err := r.inside(tag)
	if err != nil {
		return err
	}
	if in, err = whole(in, tagSequence); err != nil {
		return err
	}
	if _, err := in.extensions(nil); err != nil {
		return err
	}
	return r.end()
}

// answer reads a SingleResponse.
func (r *reader) answer() (ocspAnswer, error) {
	in, err := r.inside(tagSequence)
	if err != nil {
		return ocspAnswer{}, err
	}
	var a ocspAnswer
	if err := a.certID(&in); err != nil {
		return a, err
	}
	if err := a.certStatus(&in); err != nil {
		return a, err
	}
	if a.status.ThisUpdate, err = in.moment(); err != nil {
		return a, err
	}
	if in.is(explicit0) {
		next, err := in.inside(explicit0)
		if err != nil {
			return a, err
		}
		if a.status.NextUpdate, err = next.moment(); err != nil {
			return a, err
		}
		if err := next.end(); err != nil {
			return a, err
		}
	}
	return a, in.tail(explicit0 | 1)
}

func (a *ocspAnswer) certID(r *reader) error {
	in, err := r.inside(tagSequence)
	if err != nil {
		return err
	}
	var id pkix.AlgorithmIdentifier
	if err := take(&in, &id); err != nil {
		return err
	}
	// Any other hash than these makes the answer one about nothing that is known here.
	if a.hash, err = hashOf(id.Algorithm); err != nil && id.Algorithm.Equal(oidSHA1) {
		a.hash = crypto.SHA1
	}
	for _, to := range []*[]byte{&a.issuerName, &a.keyHash} {
		v, err := in.want(tagOctetString)
		if err != nil {
			return err
		}
		*to = v.body
	}
	if a.serial, err = in.integer(); err != nil {
		return err
	}
	return in.end()
}

func (a *ocspAnswer) certStatus(r *reader) error {
	v, err := r.next()
	if err != nil {
		return err
	}
	in := reader(v.body)
	switch v.tag {
	case context0: // good
	case context0 | 2:
		a.unknown = true
	case explicit0 | 1:
		a.status.Revoked = true
		if a.status.RevokedAt, err = in.moment(); err != nil {
			return err
		}
		if in.is(explicit0) {
			reason, err := in.inside(explicit0)
			if err != nil {
				return err
			}
			if a.status.Reason, err = reason.enumerated(); err != nil {
				return err
			}
		}
	default:
		return errors.New("malformed status")
	}
	return in.end()
}

// isAbout compares the CertID with a certificate.
func (a *ocspAnswer) isAbout(cert, issuer *x509.Certificate) bool {
	if a.hash == 0 || a.serial.Cmp(cert.SerialNumber) != 0 {
		return false
	}
	key, err := publicKeyBits(issuer)
	if err != nil {
		return false
	}
	return bytes.Equal(sum(a.hash, cert.RawIssuer), a.issuerName) && bytes.Equal(sum(a.hash, key), a.keyHash)
}

func publicKeyBits(c *x509.Certificate) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if err := unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, err
	}
	return info.Key.RightAlign(), nil
}

// responder finds who signed.
func (b *basicOCSP) responder(issuer *x509.Certificate) (*Responder, error) {
	if b.isNamed(issuer) && checkSigned(issuer.PublicKey, b.algorithm, b.tbs, b.signature) == nil {
		return &Responder{Certificate: issuer}, nil
	}
	err := errors.New("ocsp: the responder's certificate is missing")
	for _, c := range b.certs {
		if !b.isNamed(c) {
			continue
		}
		if err = b.delegated(c, issuer); err == nil {
			return &Responder{Certificate: c, Delegated: true, NoCheck: hasNoCheck(c)}, nil
		}
	}
	return nil, err
}

func (b *basicOCSP) isNamed(c *x509.Certificate) bool {
	if b.name != nil {
		return bytes.Equal(b.name, c.RawSubject)
	}
	key, err := publicKeyBits(c)
	if err != nil {
		return false
	}
	id := sha1.Sum(key) //nolint:gosec // RFC 6960, clause 4.2.1
	return bytes.Equal(id[:], b.key)
}

// delegated checks a responder that is not the issuer (RFC 6960, clause 4.2.2.2).
func (b *basicOCSP) delegated(c, issuer *x509.Certificate) error {
	switch {
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("ocsp: responder is not authorised")
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject) || c.CheckSignatureFrom(issuer) != nil:
		return errors.New("ocsp: responder is another issuer's")
	case b.produced.Before(c.NotBefore) || b.produced.After(c.NotAfter):
		return errors.New("ocsp: responder's certificate was not valid")
	}
	if err := checkSigned(c.PublicKey, b.algorithm, b.tbs, b.signature); err != nil {
		return fmt.Errorf("ocsp: %w", err)
	}
	return nil
}

func hasNoCheck(c *x509.Certificate) bool {
	return slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidNoCheck) })
}
