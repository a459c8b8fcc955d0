package cms

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // names certificates in RFC 2634, nothing else
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

var (
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}

	errImprint = errors.New("time-stamp is about something else")
)

// Token is a parsed RFC 3161 time-stamp token. Whoever holds one holds a token whose signature is right: see
// [ParseToken].
type Token struct {
	// Raw is the token itself, a ContentInfo in DER.
	Raw []byte
	// Time is when the authority says the imprint existed, in UTC; Accuracy is how far it may be off, 0 if it does not say.
	Time     time.Time
	Accuracy time.Duration
	// Hash and Imprint are what was stamped.
	Hash    crypto.Hash
	Imprint []byte
	// Nonce repeats that of the request, nil if it had none.
	Nonce  *big.Int
	Policy asn1.ObjectIdentifier
	Serial *big.Int
	// Signer is the certificate of the authority's unit; Certs are all that are embedded, Signer's among them.
	Signer *x509.Certificate
	Certs  []*x509.Certificate
}

// ParseToken reads a time-stamp token in DER and verifies what can be verified without trust: the signature of its one
// signer (RFC 5652, clause 5.6), that the signer is the one that is named in the signed attribute ESSCertIDv2 or
// ESSCertID (RFC 5816, clause 2.2.1), that its certificate is for time-stamping and nothing else (RFC 3161, clause 2.3),
// and was valid at that time. It does not judge the chain. Zero bytes behind the token are allowed, as /Contents of a
// document time-stamp has them; they are not part of Raw.
func ParseToken(der []byte) (*Token, error) {
	t, err := parseToken(der)
	if err != nil {
		return nil, fmt.Errorf("time-stamp token: %w", err)
	}
	return t, nil
}

func parseToken(der []byte) (*Token, error) {
	sd, err := parseSignedData(der)
	if err != nil {
		return nil, err
	}
	var content []byte
	if !sd.Encapsulated.Type.Equal(oidTSTInfo) || unmarshal(sd.Encapsulated.Content.Bytes, &content) != nil {
		return nil, errors.New("not about a time")
	}
	s, err := parseSigner(sd)
	if err != nil {
		return nil, err
	}
	if err := s.Check(sum(s.Hash, content)); err != nil {
		return nil, err
	}
	t := &Token{Raw: bytes.Clone(der[:sd.size]), Signer: s.Signer, Certs: s.Certificates}
	if err := t.info(content); err != nil {
		return nil, err
	}
	if err := s.namesStamper(); err != nil {
		return nil, err
	}
	return t, t.checkSigner()
}

// info reads TSTInfo (RFC 3161, clause 2.4.2). Extensions that are critical are not known here and refused.
func (t *Token) info(der []byte) error {
	r, err := whole(der, tagSequence)
	if err != nil {
		return err
	}
	if v, err := r.integer(); err != nil || v.Cmp(big.NewInt(1)) != 0 {
		return errors.New("version is not 1")
	}
	if err := take(&r, &t.Policy); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if t.Hash, t.Imprint, err = r.imprint(); err != nil {
		return err
	}
	if t.Serial, err = r.integer(); err != nil {
		return fmt.Errorf("serial: %w", err)
	}
	v, err := r.want(tagTime)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	if t.Time, err = parseTime(v, true); err != nil {
		return err
	}
	return t.rest(r)
}

// rest reads the optional fields behind the time.
func (t *Token) rest(r reader) error {
	var err error
	if r.is(tagSequence) {
		if t.Accuracy, err = r.accuracy(); err != nil {
			return err
		}
	}
	if r.is(tagBoolean) { // ordering
		if _, err := r.next(); err != nil {
			return err
		}
	}
	if r.is(tagInteger) {
		if t.Nonce, err = r.integer(); err != nil {
			return fmt.Errorf("nonce: %w", err)
		}
	}
	if r.is(explicit0) { // the authority's name, a hint only
		if _, err := r.next(); err != nil {
			return err
		}
	}
	if r.is(explicit0 | 1) {
		in, err := r.inside(explicit0 | 1)
		if err != nil {
			return err
		}
		if _, err := in.extensions(nil); err != nil {
			return err
		}
	}
	return r.end()
}

// imprint reads a MessageImprint.
func (r *reader) imprint() (crypto.Hash, []byte, error) {
	in, err := r.inside(tagSequence)
	if err != nil {
		return 0, nil, err
	}
	var id pkix.AlgorithmIdentifier
	if err := take(&in, &id); err != nil {
		return 0, nil, err
	}
	h, err := hashOf(id.Algorithm)
	if err != nil {
		return 0, nil, err
	}
	v, err := in.want(tagOctetString)
	if err != nil {
		return 0, nil, err
	}
	if len(v.body) != h.Size() {
		return 0, nil, fmt.Errorf("imprint of %d bytes does not fit %v", len(v.body), h)
	}
	return h, bytes.Clone(v.body), in.end()
}

func (r *reader) accuracy() (time.Duration, error) {
	in, err := r.inside(tagSequence)
	if err != nil {
		return 0, err
	}
	var d time.Duration
	for _, part := range []struct {
		tag  byte
		unit time.Duration
	}{{tagInteger, time.Second}, {context0, time.Millisecond}, {context0 | 1, time.Microsecond}} {
		if !in.is(part.tag) {
			continue
		}
		v, err := in.next()
		if err != nil {
			return 0, err
		}
		if len(v.body) == 0 || len(v.body) > 4 || v.body[0] >= 0x80 {
			return 0, errors.New("accuracy is out of range")
		}
		d += time.Duration(new(big.Int).SetBytes(v.body).Int64()) * part.unit
	}
	return d, in.end()
}

// extensions reads the Extension elements of the body of an Extensions (RFC 5280, clause 4.1). A critical one that is
// not among known is an error.
func (r *reader) extensions(known []asn1.ObjectIdentifier) ([]pkix.Extension, error) {
	var out []pkix.Extension
	for len(*r) > 0 {
		var e pkix.Extension
		if err := take(r, &e); err != nil {
			return nil, fmt.Errorf("extension: %w", err)
		}
		isKnown := slices.ContainsFunc(known, func(id asn1.ObjectIdentifier) bool { return id.Equal(e.Id) })
		if e.Critical && !isKnown {
			return nil, fmt.Errorf("critical extension %v is unknown", e.Id)
		}
		if slices.ContainsFunc(out, func(x pkix.Extension) bool { return x.Id.Equal(e.Id) }) {
			return nil, fmt.Errorf("extension %v is there twice", e.Id)
		}
		out = append(out, e)
	}
	return out, nil
}

// namesStamper verifies that the signed attributes name the signer's certificate: by ESSCertIDv2, or by ESSCertID with
// its SHA-1, as many authorities still do (RFC 3161, clause 2.4.1).
func (s *Signature) namesStamper() error {
	if slices.ContainsFunc(s.signed, func(a attribute) bool { return a.Type.Equal(oidSigningCertificate) }) {
		return s.namesSigner()
	}
	raw, err := s.one(oidSigningCertV1)
	if err != nil {
		return errors.New("names no signing certificate")
	}
	r, err := whole(raw, tagSequence)
	if err != nil {
		return err
	}
	ids, err := r.inside(tagSequence)
	if err != nil {
		return err
	}
	id, err := ids.inside(tagSequence)
	if err != nil {
		return err
	}
	v, err := id.want(tagOctetString)
	if err != nil {
		return err
	}
	if got := sha1.Sum(s.Signer.Raw); !bytes.Equal(got[:], v.body) { //nolint:gosec // RFC 2634, clause 5.4.1
		return errOtherCertificate
	}
	return nil
}

// checkSigner: RFC 3161, clause 2.3: extended key usage critical, with id-kp-timeStamping alone.
func (t *Token) checkSigner() error {
	c := t.Signer
	isCritical := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Critical && e.Id.Equal(oidExtKeyUsage) })
	if !isCritical || len(c.UnknownExtKeyUsage) > 0 || !slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		return errors.New("certificate is not for time-stamping alone")
	}
	if t.Time.Before(c.NotBefore) || t.Time.After(c.NotAfter) {
		return errors.New("certificate was not valid at that time")
	}
	return nil
}

// Matches checks that the token is about a digest made with h.
func (t *Token) Matches(h crypto.Hash, digest []byte) error {
	if t.Hash != h || !bytes.Equal(t.Imprint, digest) {
		return errImprint
	}
	return nil
}

// SignatureValue returns the octets that a signature time-stamp of sig is over (EN 319 122-1, clause 5.3): the value of
// its one signer's signature. sig is a detached SignedData, zero bytes behind it allowed.
func SignatureValue(sig []byte) ([]byte, error) {
	s, err := Parse(sig)
	if err != nil {
		return nil, err
	}
	return s.Value, nil
}

// AddTimestamp puts a time-stamp token over [SignatureValue] into sig, as unsigned attribute id-aa-signatureTimeStampToken
// (EN 319 122-1, clause 5.3). Nothing that is signed changes. A token that is about something else, and a signature that
// has one already, are errors.
func AddTimestamp(sig, token []byte) ([]byte, error) {
	s, err := Parse(sig)
	if err != nil {
		return nil, err
	}
	if s.Token != nil {
		return nil, errors.New("signature has a time-stamp already")
	}
	t, err := ParseToken(token)
	if err != nil {
		return nil, err
	}
	if err := t.Matches(t.Hash, sum(t.Hash, s.Value)); err != nil {
		return nil, err
	}
	attr := attribute{oidTimeStamp, []asn1.RawValue{{FullBytes: t.Raw}}}
	if s.info.UnsignedAttributes, err = unsignedSet(append(s.unsigned, attr)); err != nil {
		return nil, err
	}
	return s.rebuild(sig)
}

func unsignedSet(attrs []attribute) (asn1.RawValue, error) {
	set, err := attributeSet(attrs)
	if err != nil {
		return asn1.RawValue{}, err
	}
	return constructed(asn1.ClassContextSpecific, 1, set)
}

// rebuild encodes the SignedData of sig again, with the signer info as it is in s now. It sees to it that the signature
// still says the same.
func (s *Signature) rebuild(sig []byte) ([]byte, error) {
	sd, err := parseSignedData(sig)
	if err != nil {
		return nil, err
	}
	info, err := encode(s.info)
	if err != nil {
		return nil, err
	}
	sd.SignerInfos = []asn1.RawValue{info}
	out, err := wrapSignedData(&sd.signedData)
	if err != nil {
		return nil, err
	}
	again, err := Parse(out)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again.tbs, s.tbs) || !bytes.Equal(again.Value, s.Value) || !again.Signer.Equal(s.Signer) {
		return nil, errors.New("signature cannot be written again unchanged")
	}
	return out, nil
}
