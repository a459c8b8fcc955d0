// Package pki is the local trust: what an installation without a certificate of its own makes at its first start, so
// that documents can be sealed from the first minute on.
//
// It is in charge of the keys and certificates of one installation: a root, an issuing authority below it, and the
// certificate that seals. It is not in charge of keeping them (the caller stores [Material.Marshal] as an encrypted
// secret), nor of making signatures (package cms). Anyone who verifies a local seal must trust the root by hand; that
// is what tells it from a bought certificate.
//
// There are no addresses for revocation lists, OCSP or issuer certificates in what is made here (RFC 5280 4.2.1.13
// and 4.2.2.1): nothing would answer there yet. They come with the level LTA; until then a seal is made anew with
// them by making new material.
package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How long certificates are valid. A seal is replaced long before the authority that issued it, and a document is
// verified against the root long after both. The seal's three years are what trust services sell.
const (
	rootYears    = 20
	issuingYears = 10
	sealYears    = 3

	// skew is how far the clock of whoever verifies may be behind ours.
	skew = 5 * time.Minute

	// maxName leaves room for the suffix in a common name (RFC 5280 appendix A.1, ub-common-name 64).
	maxName = 56
)

// ErrMaterial is returned, wrapped, for material that is incomplete or does not belong together.
var ErrMaterial = errors.New("bad certificate material")

// Material is the whole local trust, keys included, as it is stored. All fields are PEM: one certificate, or one
// unencrypted PKCS #8 key.
type Material struct {
	RootCert, RootKey       []byte
	IssuingCert, IssuingKey []byte
	SealCert, SealKey       []byte
}

// Seal is what signs documents.
type Seal struct {
	// Key belongs to the first certificate of the chain: ECDSA on P-256.
	Key crypto.Signer

	// Chain is the seal's certificate, the issuing authority's and the root's, in that order.
	Chain []*x509.Certificate
}

// NotAfter is the time from which on the seal makes no valid signature, the earliest of its chain.
func (s Seal) NotAfter() time.Time {
	earliest := s.Chain[0].NotAfter
	for _, c := range s.Chain[1:] {
		if c.NotAfter.Before(earliest) {
			earliest = c.NotAfter
		}
	}
	return earliest
}

// New makes keys and certificates for an installation. name is that of the company or the installation, and stands as
// organization in every certificate; it is 1 to 56 printable characters. The certificates are valid from five minutes
// before now.
//
// public is where the server is reached: the seal's certificate says there that its revocation list is at
// public + [CRLPath].
func New(now time.Time, name, public string) (Material, error) {
	if err := checkName(name); err != nil {
		return Material{}, err
	}
	root, err := authority(now, name, "Innsigli local root", rootYears, 1, nil)
	if err != nil {
		return Material{}, fmt.Errorf("root: %w", err)
	}
	issuing, err := authority(now, name, "Innsigli local issuing", issuingYears, 0, root)
	if err != nil {
		return Material{}, fmt.Errorf("issuing authority: %w", err)
	}
	seal, err := sealing(now, name, public, issuing)
	if err != nil {
		return Material{}, fmt.Errorf("seal: %w", err)
	}
	return newMaterial(root, issuing, seal)
}

// RenewSeal makes a new key and certificate for sealing under the same authorities, and leaves those as they are. The
// certificate ends with the issuing authority at the latest.
func (m Material) RenewSeal(now time.Time, name, public string) (Material, error) {
	if err := checkName(name); err != nil {
		return Material{}, err
	}
	root, issuing, _, err := m.parse()
	if err != nil {
		return Material{}, err
	}
	if !now.Before(issuing.cert.NotAfter) {
		return Material{}, fmt.Errorf("%w: the issuing authority ended on %s", ErrMaterial, issuing.cert.NotAfter.Format(time.DateOnly))
	}
	seal, err := sealing(now, name, public, issuing)
	if err != nil {
		return Material{}, fmt.Errorf("seal: %w", err)
	}
	return newMaterial(root, issuing, seal)
}

// Load checks that material is complete and belongs together, and returns the seal and the root's certificate as PEM,
// for whoever wants to trust it. That a certificate has ended is no error: see [Seal.NotAfter].
func Load(m Material) (Seal, []byte, error) {
	root, issuing, seal, err := m.parse()
	if err != nil {
		return Seal{}, nil, err
	}
	return Seal{Key: seal.key, Chain: []*x509.Certificate{seal.cert, issuing.cert, root.cert}}, bytes.Clone(m.RootCert), nil
}

// CRLPath is where the server offers the issuing authority's revocation list.
const CRLPath = "/pki/issuing.crl"

// crlDays is how long a revocation list may be used; it is made anew for every answer.
const crlDays = 7

// CRL makes the issuing authority's list of revoked certificates, in DER (RFC 5280 5). Nothing was ever revoked: a seal
// whose key is lost is replaced together with its authorities.
func (m Material) CRL(now time.Time) ([]byte, error) {
	_, issuing, _, err := m.parse()
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(now.Unix()), ThisUpdate: now.Add(-skew), NextUpdate: now.AddDate(0, 0, crlDays),
	}, issuing.cert, issuing.key)
	if err != nil {
		return nil, fmt.Errorf("revocation list: %w", err)
	}
	return der, nil
}

// checkName keeps out what would make a certificate that programs refuse or show wrongly.
func checkName(name string) error {
	switch {
	case name == "" || utf8.RuneCountInString(name) > maxName:
		return fmt.Errorf("certificate name of %d characters: want 1 to %d", utf8.RuneCountInString(name), maxName)
	case !utf8.ValidString(name):
		return errors.New("certificate name: not UTF-8")
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return errors.New("certificate name: a character that cannot be printed")
		}
	}
	return nil
}

// pair is a certificate and its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// authority makes an authority below parent, or a root. below is how many authorities may follow it (RFC 5280
// 4.2.1.9, pathLenConstraint).
func authority(now time.Time, name, common string, years, below int, parent *pair) (*pair, error) {
	return issue(now, years, parent, &x509.Certificate{
		Subject:        pkix.Name{CommonName: common, Organization: []string{name}},
		IsCA:           true,
		MaxPathLen:     below,
		MaxPathLenZero: below == 0,
		KeyUsage:       x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	})
}

// sealing makes the certificate that signs documents. Content commitment (nonRepudiation) is what ETSI EN 319 412-2
// 4.3.2 asks for; digitalSignature is there because some verifiers want it. The extended key usage is the one that
// every verifier of documents takes; that of RFC 9336 makes those that look for S/MIME refuse the certificate. pdfsig
// 22.12 calls a certificate faulty when it has looked in vain for one of these extensions.
func sealing(now time.Time, name, public string, issuing *pair) (*pair, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return nil, errors.New("public URL is none")
	}
	return issue(now, sealYears, issuing, &x509.Certificate{
		Subject:               pkix.Name{CommonName: name + " seal", Organization: []string{name}},
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
		URIs:                  []*url.URL{u},
		PolicyIdentifiers:     []asn1.ObjectIdentifier{{2, 5, 29, 32, 0}}, // anyPolicy, RFC 5280 4.2.1.4
		CRLDistributionPoints: []string{strings.TrimRight(public, "/") + CRLPath},
	})
}

// issue makes a key and signs a certificate for it, by parent or, without one, by itself.
func issue(now time.Time, years int, parent *pair, template *x509.Certificate) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	if template.SubjectKeyId, err = keyID(&key.PublicKey); err != nil {
		return nil, err
	}
	now = now.UTC().Truncate(time.Second) // certificates keep no more
	template.SerialNumber = serial()
	template.NotBefore, template.NotAfter = now.Add(-skew), now.AddDate(years, 0, 0)
	template.BasicConstraintsValid = true
	signer := &pair{cert: template, key: key}
	if parent != nil {
		signer = parent
		template.AuthorityKeyId = parent.cert.SubjectKeyId
		if template.NotAfter.After(parent.cert.NotAfter) {
			template.NotAfter = parent.cert.NotAfter
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer.cert, &key.PublicKey, signer.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return &pair{cert: cert, key: key}, nil
}

// serial is 128 random bits, as a positive number (RFC 5280 4.1.2.2 allows 20 octets).
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return new(big.Int).SetBytes(b[:])
}

// keyID names a public key by the leftmost 160 bits of the SHA-256 of its bit string (RFC 7093 section 2, method 1).
func keyID(pub *ecdsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	sum := sha256.Sum256(info.Key.Bytes)
	return sum[:20], nil
}
