package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

const (
	// MaxSize is the largest SignedData that is read, in bytes.
	MaxSize = 1 << 20
	// MaxCertificates is how many certificates one may hold.
	MaxCertificates = 64
	// maxAttributes is how many signed or unsigned attributes one may hold.
	maxAttributes = 64
)

var (
	errAlgorithm = errors.New("signature algorithm does not fit")
	errSignature = errors.New("signature does not match")

	errOtherCertificate = errors.New("signing certificate is another one")
)

// ErrDigest is the error for a signature that is over something else.
var ErrDigest = errors.New("digest of the document does not match")

// Signature is a parsed SignedData with one signer.
type Signature struct {
	// Certificates are those embedded, in the order found.
	Certificates []*x509.Certificate
	// Signer is the certificate of the signer.
	Signer *x509.Certificate
	// Hash is used for the document and the attributes.
	Hash crypto.Hash
	// Value is the signature value, which a signature time-stamp covers.
	Value []byte
	// Token is the signature time-stamp, nil if there is none.
	Token []byte

	// Content is what was signed, of a signature that is not detached; see [ParseOld].
	Content []byte

	kind     asn1.ObjectIdentifier
	bare     bool // no signed attributes: the signature is over the content itself
	version  int
	info     signerInfo
	tbs      []byte
	signed   []attribute
	unsigned []attribute
}

// Parse reads a detached SignedData with one signer, in DER. Zero bytes behind
// it are allowed: /Contents of a PDF signature is padded with them.
func Parse(der []byte) (*Signature, error) {
	sd, err := parseSignedData(der)
	if err != nil {
		return nil, err
	}
	if !sd.Encapsulated.Type.Equal(oidData) || len(sd.Encapsulated.Content.FullBytes) > 0 {
		return nil, errors.New("not a detached signature")
	}
	return parseSigner(sd)
}

// parseSigner reads the one signer of a SignedData of any content.
func parseSigner(sd *parsed) (*Signature, error) { return parseSignerOf(sd, false) }

// parseSignerOf takes what old programs wrote, too, if old is set.
func parseSignerOf(sd *parsed, old bool) (*Signature, error) {
	if len(sd.SignerInfos) != 1 {
		return nil, fmt.Errorf("%d signers instead of one", len(sd.SignerInfos))
	}
	s := &Signature{kind: sd.Encapsulated.Type, version: sd.Version}
	if err := exactly(sd.SignerInfos[0].FullBytes, &s.info); err != nil {
		return nil, fmt.Errorf("parse signer info: %w", err)
	}
	s.Value = s.info.Signature
	if !slices.ContainsFunc(sd.DigestAlgorithms, func(id pkix.AlgorithmIdentifier) bool {
		return id.Algorithm.Equal(s.info.DigestAlgorithm.Algorithm)
	}) {
		return nil, errors.New("the signer's digest algorithm is not announced")
	}
	var err error
	if s.Hash, err = hashOf(s.info.DigestAlgorithm.Algorithm); err != nil && (!old || !s.info.DigestAlgorithm.Algorithm.Equal(oidSHA1)) {
		return nil, err
	} else if err != nil {
		s.Hash = crypto.SHA1
	}
	s.bare = old && len(s.info.SignedAttributes.FullBytes) == 0
	if !sd.Certificates.IsCompound || !s.bare && !s.info.SignedAttributes.IsCompound {
		return nil, errors.New("malformed set")
	}
	if s.Certificates, err = parseCertificates(sd.Certificates.Bytes); err != nil {
		return nil, err
	}
	if err := s.attributes(); err != nil {
		return nil, err
	}
	for _, c := range s.Certificates {
		if bytes.Equal(c.RawIssuer, s.info.Signer.Issuer.FullBytes) && c.SerialNumber.Cmp(s.info.Signer.Serial) == 0 {
			s.Signer = c
			return s, nil
		}
	}
	return nil, errors.New("the signer's certificate is missing")
}

func parseSignedData(der []byte) (*parsed, error) {
	if len(der) > MaxSize {
		return nil, errors.New("signature is too large")
	}
	var outer asn1.RawValue
	rest, err := asn1.Unmarshal(der, &outer)
	if err != nil {
		return nil, fmt.Errorf("parse content info: %w", err)
	}
	if len(bytes.TrimRight(rest, "\x00")) > 0 {
		return nil, errors.New("data behind the signature")
	}
	if err := wellFormed(outer.FullBytes); err != nil {
		return nil, err
	}
	var ci contentInfo
	if err := exactly(outer.FullBytes, &ci); err != nil {
		return nil, fmt.Errorf("parse content info: %w", err)
	}
	if !ci.Type.Equal(oidSignedData) || ci.Content.Class != asn1.ClassContextSpecific || ci.Content.Tag != 0 || !ci.Content.IsCompound {
		return nil, errors.New("not a signed-data")
	}
	sd := &parsed{size: len(outer.FullBytes)}
	if err := exactly(ci.Content.Bytes, &sd.signedData); err != nil {
		return nil, fmt.Errorf("parse signed data: %w", err)
	}
	return sd, nil
}

// exactly parses a value and sees to it that nothing is left over, inside or
// behind it: encoding/asn1 passes over surplus elements of a SEQUENCE, in which
// something could be hidden.
func exactly[T any](der []byte, to *T) error {
	rest, err := asn1.Unmarshal(der, to)
	if err != nil {
		return fmt.Errorf("asn.1: %w", err)
	}
	again, err := asn1.Marshal(*to)
	if err != nil {
		return fmt.Errorf("asn.1: %w", err)
	}
	if len(rest) > 0 || len(again) != len(der) {
		return errors.New("surplus data")
	}
	return nil
}

// parseCertificates reads one certificate after another; other kinds of
// certificates (RFC 5652, clause 10.2.2) are skipped.
func parseCertificates(b []byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for n := 0; len(b) > 0; n++ {
		if n >= MaxCertificates {
			return nil, errors.New("too many certificates")
		}
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(b, &v)
		if err != nil {
			return nil, fmt.Errorf("parse certificates: %w", err)
		}
		b = rest
		if v.Class != asn1.ClassUniversal || v.Tag != asn1.TagSequence {
			continue
		}
		c, err := x509.ParseCertificate(v.FullBytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificate: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}

// Certificates lists the certificates that a SignedData holds, a time-stamp
// token's as well as a signature's.
func Certificates(der []byte) ([]*x509.Certificate, error) {
	sd, err := parseSignedData(der)
	if err != nil {
		return nil, err
	}
	return parseCertificates(sd.Certificates.Bytes)
}

// attributes parses both sets and rebuilds what was signed: the attributes with
// the tag of a SET instead of [0] (RFC 5652, clause 5.4).
func (s *Signature) attributes() error {
	raw := s.info.SignedAttributes
	set, err := constructed(asn1.ClassUniversal, asn1.TagSet, raw.Bytes)
	if err != nil {
		return err
	}
	s.tbs = set.FullBytes
	if s.signed, err = parseAttributes(raw.Bytes); err != nil {
		return err
	}
	if s.unsigned, err = parseAttributes(s.info.UnsignedAttributes.Bytes); err != nil {
		return err
	}
	for _, a := range s.unsigned {
		if a.Type.Equal(oidTimeStamp) && len(a.Values) == 1 && s.Token == nil {
			s.Token = a.Values[0].FullBytes
		}
	}
	return nil
}

func parseAttributes(b []byte) ([]attribute, error) {
	var out []attribute
	for len(b) > 0 {
		if len(out) >= maxAttributes {
			return nil, errors.New("too many attributes")
		}
		var a attribute
		rest, err := asn1.Unmarshal(b, &a)
		if err != nil {
			return nil, fmt.Errorf("parse attributes: %w", err)
		}
		out, b = append(out, a), rest
	}
	return out, nil
}

// Unsigned lists the types of the unsigned attributes. Nobody vouches for them: what is not
// understood there may be a time-stamp that somebody made unreadable.
func (s *Signature) Unsigned() []asn1.ObjectIdentifier {
	out := make([]asn1.ObjectIdentifier, len(s.unsigned))
	for i, a := range s.unsigned {
		out[i] = a.Type
	}
	return out
}

// one returns the single value of the single attribute of a type.
func (s *Signature) one(oid asn1.ObjectIdentifier) ([]byte, error) {
	var found []byte
	for _, a := range s.signed {
		if !a.Type.Equal(oid) {
			continue
		}
		if found != nil || len(a.Values) != 1 {
			return nil, fmt.Errorf("attribute %v is there twice", oid)
		}
		found = a.Values[0].FullBytes
	}
	if found == nil {
		return nil, fmt.Errorf("attribute %v is missing", oid)
	}
	return found, nil
}

// Check verifies the mathematics: that the signer's key signed the attributes
// and that these hold the digest (RFC 5652, clauses 5.4 and 5.6). It says nothing
// of trust.
func (s *Signature) Check(digest []byte) error {
	if s.bare {
		return checkDigest(s.Signer.PublicKey, s.info.SignatureAlgorithm, s.Hash, digest, s.info.Signature)
	}
	raw, err := s.one(oidMessageDigest)
	if err != nil {
		return err
	}
	var signed []byte
	if rest, err := asn1.Unmarshal(raw, &signed); err != nil || len(rest) > 0 {
		return errors.New("malformed message digest")
	}
	if !bytes.Equal(signed, digest) {
		return ErrDigest
	}
	if raw, err = s.one(oidContentType); err != nil {
		return err
	}
	var kind asn1.ObjectIdentifier
	if rest, err := asn1.Unmarshal(raw, &kind); err != nil || len(rest) > 0 || !kind.Equal(s.kind) {
		return errors.New("content type is not that of the content")
	}
	return checkSignature(s.Signer.PublicKey, s.info.SignatureAlgorithm, s.Hash, s.tbs, s.info.Signature)
}

// namesSigner verifies that signing-certificate-v2 is about the signer's certificate.
func (s *Signature) namesSigner() error {
	raw, err := s.one(oidSigningCertificate)
	if err != nil {
		return err
	}
	var sc signingCertificate
	if err := exactly(raw, &sc); err != nil || len(sc.Certificates) == 0 {
		return errors.New("malformed signing certificate")
	}
	id := sc.Certificates[0]
	h := crypto.SHA256
	if len(id.Algorithm.Algorithm) > 0 {
		if h, err = hashOf(id.Algorithm.Algorithm); err != nil {
			return err
		}
	}
	if !bytes.Equal(sum(h, s.Signer.Raw), id.Hash) {
		return errOtherCertificate
	}
	return nil
}

// CheckVersion verifies that the version numbers go with a detached signature by issuer and
// serial number (RFC 5652, clauses 5.1 and 5.3): both are 1.
func (s *Signature) CheckVersion() error {
	if s.version != 1 || s.info.Version != 1 {
		return errors.New("version is not 1")
	}
	return nil
}

// CheckBaseline verifies the rules of PAdES baseline on the attributes (EN 319
// 142-1, table 1): signing-certificate-v2 names the signer, no signing-time, the
// signed attributes in DER order, versions 1 (RFC 5652, clauses 5.1 and 5.3).
func (s *Signature) CheckBaseline() error {
	if err := s.CheckVersion(); err != nil {
		return err
	}
	if slices.ContainsFunc(s.signed, func(a attribute) bool { return a.Type.Equal(oidSigningTime) }) {
		return errors.New("signing-time is not allowed")
	}
	if err := s.namesSigner(); err != nil {
		return err
	}
	var elements [][]byte
	for _, a := range s.signed {
		e, err := encode(a)
		if err != nil {
			return err
		}
		elements = append(elements, e.FullBytes)
	}
	if !slices.IsSortedFunc(elements, bytes.Compare) {
		return errors.New("signed attributes are not in order")
	}
	return nil
}

// Verify parses a signature over the digest of a document and checks its
// mathematics and the baseline rules, not trust.
func Verify(der, digest []byte) (*Signature, error) {
	s, err := Parse(der)
	if err != nil {
		return nil, err
	}
	if err := s.Check(digest); err != nil {
		return nil, err
	}
	return s, s.CheckBaseline()
}
