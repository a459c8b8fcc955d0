package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// crlDays is how long a revocation list may be used; it is made anew for every answer.
const crlDays = 7

// ocspLife is how long an answer of the responder may be used.
const ocspLife = 24 * time.Hour

// Authority is the local trust at work. It is not changed after it was loaded, so it may be used by many at once.
type Authority struct{ h *holding }

// Seal is what signs documents.
func (a *Authority) Seal() Seal { return a.seal(roleSeal) }

// Stamp is what signs time stamps.
func (a *Authority) Stamp() Seal { return a.seal(roleStamp) }

func (a *Authority) seal(r role) Seal {
	p := a.h.pairs
	return Seal{Key: p[r].key, Chain: []*x509.Certificate{p[r].cert, p[roleIssuing].cert, p[roleRoot].cert}}
}

// RootPEM is the root's certificate for whoever wants to trust it.
func (a *Authority) RootPEM() []byte { return certPEM(a.h.pairs[roleRoot].cert) }

// Names are the certificates that are in use, by what they are for.
func (a *Authority) Names() map[string]*x509.Certificate {
	out := make(map[string]*x509.Certificate, roles)
	for r, p := range a.h.pairs {
		out[role(r).String()] = p.cert
	}
	return out
}

// crl makes the list of what an authority has revoked, in DER (RFC 5280 5). Nothing was ever revoked: a seal whose key is
// lost is replaced together with its authorities. The list is of now, so that it proves what was stamped before it.
func (a *Authority) crl(now time.Time, r role) ([]byte, error) {
	p := a.h.pairs[r]
	now = now.UTC().Truncate(time.Second)
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(now.UnixMilli()), ThisUpdate: now, NextUpdate: now.AddDate(0, 0, crlDays),
	}, p.cert, p.key)
	if err != nil {
		return nil, fmt.Errorf("revocation list of the %s: %w", r, err)
	}
	return der, nil
}

// OCSP answers a request of RFC 6960 about one certificate of the issuing authority, in DER: good for those it issued
// and that have not ended, unknown for every other number, unauthorized for other authorities' certificates (RFC 5019
// 2.2.3). Of several certificates in one request the first is answered. A nonce is not repeated, as RFC 6960 4.4.1
// allows; the answer is of now anyway.
func (a *Authority) OCSP(request []byte, now time.Time) ([]byte, error) {
	req, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MalformedRequestErrorResponse, nil //nolint:nilerr // that is the answer
	}
	issuing, responder := a.h.pairs[roleIssuing], a.h.pairs[roleResponder]
	if mine, err := isIssuer(req, issuing); err != nil || !mine {
		return ocsp.UnauthorizedErrorResponse, err
	}
	now = now.UTC().Truncate(time.Second)
	if now.After(responder.cert.NotAfter) {
		return ocsp.InternalErrorErrorResponse, nil // an expired certificate never signs
	}
	status := ocsp.Unknown
	if a.issued(req.SerialNumber, now) {
		status = ocsp.Good
	}
	der, err := ocsp.CreateResponse(issuing.cert, responder.cert, ocsp.Response{
		Status: status, SerialNumber: req.SerialNumber, IssuerHash: req.HashAlgorithm, Certificate: responder.cert,
		ThisUpdate: now, NextUpdate: now.Add(ocspLife), ProducedAt: now,
	}, responder.key)
	if err != nil {
		return nil, fmt.Errorf("answer of the responder: %w", err)
	}
	return der, nil
}

// isIssuer says whether the request names the authority by its name and key.
func isIssuer(req *ocsp.Request, p *pair) (bool, error) {
	if !req.HashAlgorithm.Available() {
		return false, nil
	}
	bits, err := keyBits(&p.key.PublicKey)
	if err != nil {
		return false, err
	}
	return string(req.IssuerNameHash) == string(sum(req.HashAlgorithm, p.cert.RawSubject)) &&
		string(req.IssuerKeyHash) == string(sum(req.HashAlgorithm, bits)), nil
}

func sum(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// issued says whether the issuing authority made the certificate of that number, and it has not ended.
func (a *Authority) issued(number *big.Int, now time.Time) bool {
	known := a.h.past
	for _, r := range []role{roleSeal, roleStamp, roleResponder} {
		known = append(slices.Clip(known), a.h.pairs[r].cert)
	}
	for _, c := range known {
		if c.SerialNumber.Cmp(number) == 0 {
			return !now.After(c.NotAfter)
		}
	}
	return false
}
