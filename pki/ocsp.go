package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"
)

// ocspLife is how long an answer of the responder may be used.
const ocspLife = 24 * time.Hour

// maxNonce is the longest nonce of a request, in bytes; a longer one, or an empty one, is malformed (RFC 9654 2.1).
const maxNonce = 128

// maxOCSPCerts is how many certificates one request may be about.
const maxOCSPCerts = 32

var (
	oidNonce           = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidBasicOCSP       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

var ocspHashes = map[string]crypto.Hash{ //nolint:gochecknoglobals // a table
	"1.3.14.3.2.26": crypto.SHA1, "2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// What RFC 6960 4.1.1 and 4.2.1 write, as far as it is used here.
type (
	ocspQuery struct {
		TBS       ocspTBSQuery
		Signature asn1.RawValue `asn1:"optional"`
	}
	ocspTBSQuery struct {
		Version    int           `asn1:"explicit,tag:0,default:0,optional"`
		Requestor  asn1.RawValue `asn1:"explicit,tag:1,optional"`
		List       []ocspOne
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	ocspOne struct {
		Cert       ocspCertID
		Extensions []pkix.Extension `asn1:"explicit,tag:0,optional"`
	}
	ocspCertID struct {
		Hash              pkix.AlgorithmIdentifier
		NameHash, KeyHash []byte
		Serial            *big.Int
	}
	ocspSingle struct {
		Cert       ocspCertID
		Good       asn1.Flag `asn1:"tag:0,optional"`
		Unknown    asn1.Flag `asn1:"tag:2,optional"`
		ThisUpdate time.Time `asn1:"generalized"`
		NextUpdate time.Time `asn1:"generalized,explicit,tag:0,optional"`
	}
	ocspData struct {
		Raw        asn1.RawContent
		Responder  asn1.RawValue
		ProducedAt time.Time `asn1:"generalized"`
		Responses  []ocspSingle
		Extensions []pkix.Extension `asn1:"explicit,tag:1,optional"`
	}
	ocspBasic struct {
		Data      ocspData
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
		Certs     []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	ocspBytes struct {
		Type asn1.ObjectIdentifier
		Body []byte
	}
	ocspAnswer struct {
		Status asn1.Enumerated
		Bytes  ocspBytes `asn1:"explicit,tag:0"`
	}
)

// OCSP answers a request of RFC 6960 about certificates of the issuing authority, in DER: good for those it issued and
// that have not ended, unknown for every other number. Every certificate of a request is answered, and its nonce is
// repeated (RFC 9654 2.1). When all are of other authorities the answer is unauthorized (RFC 5019 2.2.3); beside one of
// ours they are unknown.
func (a *Authority) OCSP(request []byte, now time.Time) ([]byte, error) {
	q, nonce, err := parseOCSPQuery(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse, nil //nolint:nilerr // that is the answer
	}
	responder := a.h.pairs[roleResponder]
	now = now.UTC().Truncate(time.Second)
	if now.After(responder.cert.NotAfter) {
		return ocsp.InternalErrorErrorResponse, nil // an expired certificate never signs
	}
	bits, err := keyBits(&a.h.pairs[roleIssuing].key.PublicKey)
	if err != nil {
		return nil, err
	}
	data := ocspData{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: responder.cert.RawSubject}, // byName
		ProducedAt: now, Extensions: nonce,
	}
	mine := false
	for _, one := range q.TBS.List {
		ours := a.isOurs(one.Cert, bits)
		mine = mine || ours
		good := ours && a.issued(one.Cert.Serial, now)
		data.Responses = append(data.Responses, ocspSingle{
			Cert: one.Cert, Good: asn1.Flag(good), Unknown: asn1.Flag(!good), ThisUpdate: now, NextUpdate: now.Add(ocspLife),
		})
	}
	if !mine {
		return ocsp.UnauthorizedErrorResponse, nil
	}
	return signOCSP(data, responder)
}

// isOurs says whether a certificate's id names the issuing authority by its name and key.
func (a *Authority) isOurs(id ocspCertID, bits []byte) bool {
	h, ok := ocspHashes[id.Hash.Algorithm.String()]
	return ok && h.Available() && string(id.NameHash) == string(sum(h, a.h.pairs[roleIssuing].cert.RawSubject)) &&
		string(id.KeyHash) == string(sum(h, bits))
}

// parseOCSPQuery reads a request and takes out its nonce, ready to be repeated.
func parseOCSPQuery(der []byte) (q ocspQuery, nonce []pkix.Extension, err error) {
	if rest, err := asn1.Unmarshal(der, &q); err != nil || len(rest) > 0 {
		return q, nil, errors.New("no OCSP request")
	}
	if n := len(q.TBS.List); n == 0 || n > maxOCSPCerts {
		return q, nil, errors.New("OCSP request about nothing, or too much")
	}
	for _, x := range q.TBS.Extensions {
		if !x.Id.Equal(oidNonce) {
			continue
		}
		var value []byte
		rest, err := asn1.Unmarshal(x.Value, &value)
		if err != nil || len(rest) > 0 || len(value) == 0 || len(value) > maxNonce || nonce != nil {
			return q, nil, errors.New("nonce of the OCSP request")
		}
		nonce = []pkix.Extension{{Id: oidNonce, Value: x.Value}}
	}
	return q, nonce, nil
}

func signOCSP(data ocspData, responder *pair) ([]byte, error) {
	tbs, err := asn1.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("answer of the responder: %w", err)
	}
	digest := sha256.Sum256(tbs)
	signature, err := ecdsa.SignASN1(rand.Reader, responder.key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign answer of the responder: %w", err)
	}
	data.Raw = tbs
	body, err := asn1.Marshal(ocspBasic{
		Data: data, Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSAWithSHA256},
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
		Certs:     []asn1.RawValue{{FullBytes: responder.cert.Raw}},
	})
	if err != nil {
		return nil, fmt.Errorf("answer of the responder: %w", err)
	}
	der, err := asn1.Marshal(ocspAnswer{Bytes: ocspBytes{oidBasicOCSP, body}})
	if err != nil {
		return nil, fmt.Errorf("answer of the responder: %w", err)
	}
	return der, nil
}
