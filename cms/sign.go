package cms

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// Options say how a signature is made; the zero value is the default.
type Options struct {
	// Hash is used for the document and the attributes; 0 is HashFor the key.
	Hash crypto.Hash
	// PSS makes RSA keys sign with RSASSA-PSS instead of PKCS #1 v1.5.
	PSS bool
}

// Prepared is a signature that waits for its value.
type Prepared struct {
	content    encapsulated
	chain      []*x509.Certificate
	hash       crypto.Hash
	pss        bool
	attributes []byte // the body of the SET OF
	tbs        []byte
	bare       bool // no certificates: a time-stamp that was asked for without
}

// Prepare makes the signed attributes for the digest of a document. chain begins
// with the signer's certificate; all of it is embedded. There is no signing-time:
// PAdES keeps the time in the signature dictionary (EN 319 142-1, table 1).
func Prepare(digest []byte, chain []*x509.Certificate, o Options) (*Prepared, error) {
	o, err := o.fill(chain)
	if err != nil {
		return nil, err
	}
	if len(digest) != o.Hash.Size() {
		return nil, fmt.Errorf("digest of %d bytes does not fit %v", len(digest), o.Hash)
	}
	return prepare(encapsulated{Type: oidData}, digest, chain, o)
}

// fill puts the hash that goes with the key where none is asked for.
func (o Options) fill(chain []*x509.Certificate) (Options, error) {
	if len(chain) == 0 {
		return o, errors.New("no signing certificate")
	}
	if o.Hash == 0 {
		h, err := HashFor(chain[0].PublicKey)
		if err != nil {
			return o, err
		}
		o.Hash = h
	}
	if o.Hash != crypto.SHA256 && o.Hash != crypto.SHA384 && o.Hash != crypto.SHA512 {
		return o, fmt.Errorf("unsupported hash %v", o.Hash)
	}
	return o, nil
}

func prepare(content encapsulated, digest []byte, chain []*x509.Certificate, o Options) (*Prepared, error) {
	attrs, err := signedAttributes(content.Type, digest, chain[0])
	if err != nil {
		return nil, err
	}
	set, err := constructed(asn1.ClassUniversal, asn1.TagSet, attrs)
	if err != nil {
		return nil, err
	}
	return &Prepared{content: content, chain: chain, hash: o.Hash, pss: o.PSS, attributes: attrs, tbs: set.FullBytes}, nil
}

func signedAttributes(kind asn1.ObjectIdentifier, digest []byte, cert *x509.Certificate) ([]byte, error) {
	id, err := essID(cert)
	if err != nil {
		return nil, err
	}
	var attrs []attribute
	for _, a := range []struct {
		oid   asn1.ObjectIdentifier
		value any
	}{{oidContentType, kind}, {oidMessageDigest, digest}, {oidSigningCertificate, id}} {
		attr, err := newAttribute(a.oid, a.value)
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, attr)
	}
	return attributeSet(attrs)
}

// essID binds the signing certificate into what is signed (RFC 5035, clause 3).
func essID(cert *x509.Certificate) (signingCertificate, error) {
	name, err := constructed(asn1.ClassContextSpecific, 4, cert.RawIssuer) // GeneralName, directoryName
	if err != nil {
		return signingCertificate{}, err
	}
	return signingCertificate{Certificates: []certificateID{{
		Hash:         sum(crypto.SHA256, cert.Raw),
		IssuerSerial: issuerSerial{[]asn1.RawValue{name}, cert.SerialNumber},
	}}}, nil
}

// ToBeSigned returns the DER SET OF signed attributes, which the key signs.
func (p *Prepared) ToBeSigned() []byte { return p.tbs }

// Digest is the hash of ToBeSigned, for signers that want a digest.
func (p *Prepared) Digest() []byte {
	return sum(p.hash, p.tbs)
}

// SignerOpts are the options for a [crypto.Signer].
func (p *Prepared) SignerOpts() crypto.SignerOpts {
	if _, ok := p.chain[0].PublicKey.(*rsa.PublicKey); ok && p.pss {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: p.hash}
	}
	return p.hash
}

// Assemble makes the SignedData. token is an RFC 3161 time-stamp over the
// signature value, kept as an unsigned attribute; nil leaves it out. A signature
// that does not verify with the signer's certificate is an error: a wrong or
// faulty key must not leave the house.
func (p *Prepared) Assemble(signature, token []byte) ([]byte, error) {
	cert := p.chain[0]
	alg, err := signatureAlgorithm(cert.PublicKey, p.hash, p.pss)
	if err != nil {
		return nil, err
	}
	if err := checkSignature(cert.PublicKey, alg, p.hash, p.tbs, signature); err != nil {
		return nil, fmt.Errorf("check own signature: %w", err)
	}
	signed, err := constructed(asn1.ClassContextSpecific, 0, p.attributes)
	if err != nil {
		return nil, err
	}
	si := signerInfo{
		Version:         1,
		Signer:          issuerAndSerial{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber},
		DigestAlgorithm: digestAlgorithm(p.hash), SignedAttributes: signed,
		SignatureAlgorithm: alg, Signature: signature,
	}
	if token != nil {
		if si.UnsignedAttributes, err = unsignedSet([]attribute{{oidTimeStamp, []asn1.RawValue{{FullBytes: token}}}}); err != nil {
			return nil, err
		}
	}
	return p.wrap(si)
}

func (p *Prepared) wrap(si signerInfo) ([]byte, error) {
	set, err := p.certificates()
	if err != nil {
		return nil, err
	}
	signer, err := encode(si)
	if err != nil {
		return nil, err
	}
	return wrapSignedData(&signedData{
		Version:          p.version(),
		DigestAlgorithms: []pkix.AlgorithmIdentifier{si.DigestAlgorithm},
		Encapsulated:     p.content,
		Certificates:     set,
		SignerInfos:      []asn1.RawValue{signer},
	})
}

func (p *Prepared) certificates() (asn1.RawValue, error) {
	if p.bare {
		return asn1.RawValue{}, nil
	}
	var certs [][]byte
	for _, c := range p.chain {
		certs = append(certs, c.Raw)
	}
	return constructed(asn1.ClassContextSpecific, 0, setOf(certs))
}

// version: RFC 5652, clause 5.1.
func (p *Prepared) version() int {
	if p.content.Type.Equal(oidData) {
		return 1
	}
	return 3
}

func wrapSignedData(sd *signedData) ([]byte, error) {
	inner, err := encode(*sd)
	if err != nil {
		return nil, err
	}
	content, err := constructed(asn1.ClassContextSpecific, 0, inner.FullBytes)
	if err != nil {
		return nil, err
	}
	out, err := encode(contentInfo{oidSignedData, content})
	return out.FullBytes, err
}

// Sign makes a signature over the digest of a document with a key at hand.
func Sign(ctx context.Context, key crypto.Signer, digest []byte, chain []*x509.Certificate, o Options) ([]byte, error) {
	p, err := Prepare(digest, chain, o)
	if err != nil {
		return nil, err
	}
	value, err := p.sign(ctx, key)
	if err != nil {
		return nil, err
	}
	return p.Assemble(value, nil)
}

func (p *Prepared) sign(ctx context.Context, key crypto.Signer) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	value, err := key.Sign(rand.Reader, p.Digest(), p.SignerOpts())
	if err != nil {
		return nil, fmt.Errorf("sign with key: %w", err)
	}
	return value, nil
}

// Size estimates how many bytes a signature with this chain takes at most,
// room for a time-stamp of tokenSize bytes included.
func Size(chain []*x509.Certificate, tokenSize int) int {
	n := 2048 + tokenSize
	for _, c := range chain {
		n += len(c.Raw)
	}
	if len(chain) > 0 {
		n += 2 * len(chain[0].RawIssuer)
	}
	return n
}
