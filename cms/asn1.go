package cms

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"slices"
)

var (
	oidData               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47} // v2, RFC 5035
	oidSigningCertV1      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12} // RFC 2634
	oidTSTInfo            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidTimeStamp          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidSHA256             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512             = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidECDSASHA256        = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidECDSASHA384        = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
	oidECDSASHA512        = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}
	oidRSA                = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSASHA256          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidRSASHA1            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}
	oidECDSASHA1          = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
	oidRSASHA384          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}
	oidRSASHA512          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}
	oidPSS                = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidEd25519            = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidMGF1               = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// contentInfo: RFC 5652, clause 3.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue
}

// signedData: RFC 5652, clause 5.1.
type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated     encapsulated
	Certificates     asn1.RawValue   `asn1:"optional,tag:0"`
	CRLs             asn1.RawValue   `asn1:"optional,tag:1"`
	SignerInfos      []asn1.RawValue `asn1:"set"`
}

// parsed is a signedData and how many bytes its ContentInfo took.
type parsed struct {
	signedData
	size int
}

type encapsulated struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"optional,explicit,tag:0"`
}

// signerInfo: RFC 5652, clause 5.3; the signer is named by issuer and serial.
type signerInfo struct {
	Version            int
	Signer             issuerAndSerial
	DigestAlgorithm    pkix.AlgorithmIdentifier
	SignedAttributes   asn1.RawValue `asn1:"optional,tag:0"`
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	UnsignedAttributes asn1.RawValue `asn1:"optional,tag:1"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

// attribute: RFC 5652, clause 5.3.
type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// signingCertificate is SigningCertificateV2 (RFC 5035, clause 3).
type signingCertificate struct {
	Certificates []certificateID
	Policies     asn1.RawValue `asn1:"optional"`
}

// certificateID is ESSCertIDv2; its algorithm is left out when it is SHA-256.
type certificateID struct {
	Algorithm    pkix.AlgorithmIdentifier `asn1:"optional"`
	Hash         []byte
	IssuerSerial issuerSerial `asn1:"optional"`
}

type issuerSerial struct {
	Issuer []asn1.RawValue
	Serial *big.Int
}

// pssParameters: RFC 4055, clause 3.1.
type pssParameters struct {
	Hash       pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
	MaskGen    pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
	SaltLength int                      `asn1:"explicit,tag:2"`
}

// encode marshals a value of this package as a raw one.
func encode(v any) (asn1.RawValue, error) {
	b, err := asn1.Marshal(v)
	if err != nil {
		return asn1.RawValue{}, fmt.Errorf("encode signature: %w", err)
	}
	return asn1.RawValue{FullBytes: b}, nil
}

// constructed wraps encoded elements.
func constructed(class, tag int, body []byte) (asn1.RawValue, error) {
	return encode(asn1.RawValue{Class: class, Tag: tag, IsCompound: true, Bytes: body})
}

// setOf joins encoded elements in the order DER wants of a SET OF: ascending
// (X.690, clause 11.6). encoding/asn1 sorts too, but not raw values.
func setOf(elements [][]byte) []byte {
	slices.SortFunc(elements, bytes.Compare)
	return bytes.Join(elements, nil)
}

// attributeSet encodes attributes with one value each as the body of a SET OF.
func attributeSet(attrs []attribute) ([]byte, error) {
	var elements [][]byte
	for _, a := range attrs {
		e, err := encode(a)
		if err != nil {
			return nil, err
		}
		elements = append(elements, e.FullBytes)
	}
	return setOf(elements), nil
}

// newAttribute makes an attribute with one value.
func newAttribute(oid asn1.ObjectIdentifier, value any) (attribute, error) {
	v, err := encode(value)
	return attribute{oid, []asn1.RawValue{v}}, err
}
