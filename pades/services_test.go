package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
)

// node is a certificate with its key.
type node struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// authority is a small public-key infrastructure with its services, all within
// the process: root, issuing authority, seal, time-stamping unit, responder.
type authority struct {
	tb                               testing.TB
	root, issuing, seal, tsa, status *node
	now                              time.Time
	serial                           int64

	// calls counts what was asked of the services; the call numbered failAt, and
	// all behind it if it stays down, fail.
	calls, failAt int
	down          bool
	asked         []time.Time // what Collect was asked with
	lists         bool        // answer with revocation lists, not OCSP
	leaveOut      string      // the subject nobody says anything about
	revoked       time.Time   // since when the seal is; zero: never

	made   map[*node][]byte // lists, as of madeAt
	madeAt time.Time
}

var (
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidNoCheck     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	errDown        = errors.New("service is down")
)

func newAuthority(tb testing.TB, seal crypto.Signer) *authority {
	tb.Helper()
	a := &authority{tb: tb, now: signingTime}
	ca := func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	}
	a.root = a.issue(nil, nil, "Test Root", func(c *x509.Certificate) { ca(c); c.NotAfter = signingTime.AddDate(30, 0, 0) })
	a.issuing = a.issue(nil, a.root, "Test Issuing CA", ca)
	a.seal = a.person(seal, "Prófun innsigli ehf.")
	a.tsa = a.issue(nil, a.issuing, "Test Time-Stamping Unit", func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: a.der([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})}}
	})
	a.status = a.issue(nil, a.issuing, "Test OCSP Responder", func(c *x509.Certificate) {
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		c.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}}
	})
	return a
}

// person is who signs: three years long.
func (a *authority) person(key crypto.Signer, name string) *node {
	return a.issue(key, a.issuing, name, func(c *x509.Certificate) {
		c.NotAfter = signingTime.AddDate(3, 0, 0)
		c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
		// See newHouse for why pdfsig wants these.
		c.ExtKeyUsage, c.EmailAddresses = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}, []string{"seal@example.is"}
		c.PolicyIdentifiers = []asn1.ObjectIdentifier{{2, 5, 29, 32, 0}}
	})
}

func (a *authority) der(v any) []byte {
	b, err := asn1.Marshal(v)
	if err != nil {
		a.tb.Fatal(err)
	}
	return b
}

func (a *authority) issue(key crypto.Signer, by *node, name string, change func(*x509.Certificate)) *node {
	if key == nil {
		key = ecKey(a.tb, p256)
	}
	a.serial++
	id := sha1.Sum(a.der(a.serial))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name, Organization: []string{"Prófun"}, Country: []string{"IS"}},
		NotBefore: signingTime.Add(-time.Hour), NotAfter: signingTime.AddDate(8, 0, 0), BasicConstraintsValid: true, SubjectKeyId: id[:],
	}
	if by != nil {
		// pyHanko looks at no OCSP answer of a certificate that names no responder.
		c.OCSPServer, c.IssuingCertificateURL = []string{"http://127.0.0.1:9/ocsp"}, []string{"http://127.0.0.1:9/ca"}
		c.CRLDistributionPoints = []string{"http://127.0.0.1:9/crl"}
	}
	change(c)
	from := node{c, key}
	if by != nil {
		from = *by
	}
	der, err := x509.CreateCertificate(rand.Reader, c, from.cert, key.Public(), from.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		a.tb.Fatal(err)
	}
	return &node{c, key}
}

func (a *authority) signer(n *node) pades.Signer {
	return pades.Signer{Key: n.key, Chain: []*x509.Certificate{n.cert, a.issuing.cert, a.root.cert}}
}

// house is the seal with its chain, for the judges.
func (a *authority) house() house {
	return house{
		a.signer(a.seal),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.cert.Raw}),
	}
}

func (a *authority) services() cms.Services { return cms.Services{Timestamps: a, Revocations: a} }

// call counts a call and tells whether it fails.
func (a *authority) call() error {
	a.calls++
	if a.failAt > 0 && (a.calls == a.failAt || a.down && a.calls > a.failAt) {
		return fmt.Errorf("call %d: %w", a.calls, errDown)
	}
	return nil
}

// Timestamp is a second later each time.
func (a *authority) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*cms.Token, error) {
	if err := a.call(); err != nil {
		return nil, err
	}
	a.now, a.serial = a.now.Add(time.Second), a.serial+1
	der, err := cms.NewToken(ctx, &cms.TimestampRequest{Hash: h, Digest: digest, Certs: true},
		cms.Stamp{Time: a.now, Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, Serial: big.NewInt(a.serial)},
		a.tsa.key, []*x509.Certificate{a.tsa.cert, a.issuing.cert}, cms.Options{})
	if err != nil {
		return nil, err
	}
	return cms.ParseToken(der)
}

// Collect answers for all certificates at once, now.
func (a *authority) Collect(_ context.Context, certs []*x509.Certificate, after time.Time) (cms.Material, error) {
	a.asked = append(a.asked, after)
	var m cms.Material
	if err := a.call(); err != nil {
		return m, err
	}
	m.AddCert(certs...)
	m.AddCert(a.issuing.cert, a.root.cert, a.status.cert)
	for _, c := range m.Certs {
		if c.Equal(a.root.cert) || c.Equal(a.status.cert) || c.Subject.CommonName == a.leaveOut {
			continue
		}
		by := a.issuing
		if bytes.Equal(c.RawIssuer, a.root.cert.RawSubject) {
			by = a.root
		}
		switch {
		case !bytes.Equal(c.RawIssuer, by.cert.RawSubject):
			return m, errors.New("certificate of another authority")
		case a.lists || by == a.root:
			m.AddCRL(a.list(by))
		default:
			m.AddOCSP(a.good(c))
		}
	}
	return m, nil
}

func (a *authority) list(by *node) []byte {
	if l := a.made[by]; l != nil && a.madeAt.Equal(a.now) {
		return l
	}
	l, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(a.now.Unix()), ThisUpdate: a.now, NextUpdate: a.now.AddDate(0, 0, 7),
	}, by.cert, by.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	if !a.madeAt.Equal(a.now) {
		a.made, a.madeAt = map[*node][]byte{}, a.now
	}
	a.made[by] = l
	return l
}

func (a *authority) good(c *x509.Certificate) []byte {
	answer := ocsp.Response{
		Status: ocsp.Good, SerialNumber: c.SerialNumber, ThisUpdate: a.now, NextUpdate: a.now.AddDate(0, 0, 7), Certificate: a.status.cert,
	}
	if c.Equal(a.seal.cert) && !a.revoked.IsZero() {
		answer.Status, answer.RevokedAt, answer.RevocationReason = ocsp.Revoked, a.revoked, ocsp.KeyCompromise
	}
	der, err := ocsp.CreateResponse(a.issuing.cert, a.status.cert, answer, a.status.key)
	if err != nil {
		a.tb.Fatal(err)
	}
	return der
}

// raised seals at a level and wants to get there.
func raised(tb testing.TB, in []byte, s pades.Seal, a *authority, want cms.Level) []byte {
	tb.Helper()
	r, got, err := pades.SignTo(tb.Context(), open(tb, in), s, a.house().signer, a.services(), want)
	if err != nil || got != want {
		tb.Fatalf("%v: %v, %v", want, got, err)
	}
	return bytesOf(tb, r)
}

// revisionsOf counts the revisions that were appended.
func revisionsOf(b []byte) int { return bytes.Count(b, []byte("%%EOF")) }
