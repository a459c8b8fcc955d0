package xades

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// signature is an enveloped signature in the making.
type signature struct {
	doc    *Document
	signer Signer
	method method

	root       *node // ds:Signature, the last child of the document's root
	info       *node // ds:SignedInfo
	value      *node // ds:SignatureValue
	keyInfo    *node
	signed     *node // xades:SignedProperties
	qualifying *node
	unsigned   *node // xades:UnsignedSignatureProperties; nil before there is one

	octets []byte // the document's, as signed
}

// sign puts a signature of level B-B into the document, behind all else in the root (EN 319 132-1, clause 6.3). The
// document is then the signature's: it must not be used for another one.
func sign(ctx context.Context, doc *Document, signer Signer, at time.Time) (*signature, error) {
	m, err := signer.method()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var random [16]byte
	_, _ = rand.Read(random[:])
	id := "xades-" + hex.EncodeToString(random[:]) // nobody in the document has it
	s := &signature{doc: doc, signer: signer, method: m, octets: doc.canonical(nil)}
	s.properties(id, at)
	s.signedInfo(id)
	value, err := signer.sign(m, s.info.canonical())
	if err != nil {
		return nil, err
	}
	s.assemble(id, value)
	return s, nil
}

// properties makes the signed properties.
func (s *signature) properties(id string, at time.Time) {
	cert := s.signer.Chain[0]
	s.signed = xa.with("SignedProperties",
		xa.with("SignedSignatureProperties",
			xa.text("SigningTime", at.UTC().Format("2006-01-02T15:04:05Z")),
			xa.with("SigningCertificateV2", xa.with("Cert",
				xa.with("CertDigest", digested(s.method.hash, cert.Raw)...),
				xa.base64("IssuerSerialV2", issuerSerial(cert))))),
		xa.with("SignedDataObjectProperties",
			xa.with("DataObjectFormat", xa.text("MimeType", "text/xml")).set("ObjectReference", "#"+id+"-document")),
	).set("Id", id+"-properties")
	// They are hashed before they are in the document: what they use is declared by whom it will be there too.
}

// issuerSerial is RFC 5035's IssuerSerial in DER (EN 319 132-1, clause 5.2.2).
func issuerSerial(cert *x509.Certificate) []byte {
	b, err := asn1.Marshal(struct {
		Names  []asn1.RawValue
		Serial *big.Int
	}{[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: cert.RawIssuer}}, cert.SerialNumber})
	if err != nil {
		return nil // of parts that were DER before, this does not happen
	}
	return b
}

// signedInfo makes what the key signs: the document without the signature, and the signed properties.
func (s *signature) signedInfo(id string) {
	s.info = ds.with("SignedInfo",
		ds.algorithm("CanonicalizationMethod", exclusiveURI),
		ds.algorithm("SignatureMethod", s.method.uri),
		s.reference(s.octets, envelopedURI, exclusiveURI).set("Id", id+"-document").set("URI", ""),
		s.reference(s.signed.canonical(), exclusiveURI).set("Type", propertyURI).set("URI", "#"+id+"-properties"))
}

func (s *signature) reference(octets []byte, transforms ...string) *node {
	all := ds.with("Transforms")
	for _, uri := range transforms {
		all.add(ds.algorithm("Transform", uri))
	}
	return ds.with("Reference", append([]*node{all}, digested(s.method.hash, octets)...)...)
}

// assemble puts the signature together and into the document.
func (s *signature) assemble(id string, value []byte) {
	data := ds.with("X509Data")
	for _, c := range s.signer.Chain {
		data.add(ds.base64("X509Certificate", c.Raw))
	}
	s.keyInfo = ds.with("KeyInfo", data)
	s.value = ds.base64("SignatureValue", value).set("Id", id+"-value")
	s.qualifying = xa.with("QualifyingProperties", s.signed).declares(xa).set("Target", "#"+id)
	s.root = ds.with("Signature", s.info, s.value, s.keyInfo, ds.with("Object", s.qualifying)).declares(ds).set("Id", id)
	s.doc.root.add(s.root)
}

// property adds an unsigned property.
func (s *signature) property(n *node) {
	if s.unsigned == nil {
		s.unsigned = xa.with("UnsignedSignatureProperties")
		s.qualifying.add(xa.with("UnsignedProperties", s.unsigned))
	}
	s.unsigned.add(n)
}

// written writes the document and reads it back: what a reader of it sees must be what was signed, to the last byte.
func (s *signature) written() ([]byte, error) {
	out := s.doc.write()
	again, err := parse(out, 2*MaxNodes, true)
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	last := len(again.root.children) - 1
	if last < 0 {
		return nil, errReadBack
	}
	sig := again.root.children[last]
	if !bytes.Equal(again.canonical(sig), s.octets) || !bytes.Equal(sig.canonical(), s.root.canonical()) {
		return nil, errReadBack
	}
	return out, nil
}

var errReadBack = errors.New("read back: not what was signed")
