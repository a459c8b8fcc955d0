package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/url"
	"time"
)

// skew is how far the clock of whoever verifies may be behind ours.
const skew = 5 * time.Minute

// maxName leaves room for the suffix in a common name (RFC 5280 appendix A.1, ub-common-name 64).
const maxName = 56

// The extensions that crypto/x509 has no words for.
var (
	oidExtKeyUsage  = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidNoCheck      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5} // RFC 6960 4.2.2.2.1
	oidAnyPolicy    = asn1.ObjectIdentifier{2, 5, 29, 32, 0}               // RFC 5280 4.2.1.4
)

// years is how long certificates are valid, and spare how much of it is left when they are replaced: so much that what
// is issued or stamped below them always has years to go. The seal's three years are what trust services sell.
var (
	years = [roles]int{roleRoot: 20, roleIssuing: 10, roleSeal: 3, roleStamp: 6, roleResponder: 3}
	spare = [roles]time.Duration{
		roleRoot: 8 * year, roleIssuing: 6 * year, roleSeal: 60 * day, roleStamp: 2 * year, roleResponder: 60 * day,
	}
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// template is a role's certificate without its key, validity and issuer.
func (r role) template(name, public string, u *url.URL) (*x509.Certificate, error) {
	c := &x509.Certificate{Subject: pkix.Name{Organization: []string{name}}}
	if r != roleRoot && r != roleResponder { // nobody revokes a root, and the responder says not to ask (nocheck)
		c.IssuingCertificateURL = []string{public + certPaths[r.issuer()]}
		c.CRLDistributionPoints = []string{public + crlPaths[r.issuer()]}
	}
	switch r {
	case roleRoot:
		authority(c, "Innsigli local root", 1)
	case roleIssuing:
		authority(c, "Innsigli local issuing", 0)
	case roleSeal:
		sealing(c, name, u)
	case roleStamp:
		if err := stamping(c); err != nil {
			return nil, err
		}
	case roleResponder:
		c.Subject.CommonName = "Innsigli local OCSP"
		c.KeyUsage = x509.KeyUsageDigitalSignature
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
		c.ExtraExtensions = []pkix.Extension{{Id: oidNoCheck, Value: asn1.NullBytes}}
	case roles:
	}
	if r == roleSeal || r == roleStamp {
		c.OCSPServer = []string{public + OCSPPath}
	}
	return c, nil
}

// authority makes an authority of a template. below is how many authorities may follow it (RFC 5280 4.2.1.9,
// pathLenConstraint).
func authority(c *x509.Certificate, common string, below int) {
	c.Subject.CommonName = common
	c.IsCA, c.MaxPathLen, c.MaxPathLenZero = true, below, below == 0
	c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
}

// sealing is the certificate that signs documents. Content commitment (nonRepudiation) is what ETSI EN 319 412-2 4.3.2
// asks for; digitalSignature is there because some verifiers want it. The extended key usage is the one that every
// verifier of documents takes; that of RFC 9336 makes those that look for S/MIME refuse the certificate. pdfsig 22.12
// calls a certificate faulty when it has looked in vain for one of these extensions.
func sealing(c *x509.Certificate, name string, u *url.URL) {
	c.Subject.CommonName = name + " seal"
	c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
	c.URIs = []*url.URL{u}
	c.PolicyIdentifiers = []asn1.ObjectIdentifier{oidAnyPolicy}
}

// stamping is the certificate of the time-stamping authority. RFC 3161 2.3: timeStamping is its only extended key usage,
// and critical, which crypto/x509 does not write by itself.
func stamping(c *x509.Certificate) error {
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidTimeStamping})
	if err != nil {
		return fmt.Errorf("write key usage: %w", err)
	}
	c.Subject.CommonName = "Innsigli local time stamps"
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.ExtraExtensions = []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: usage}}
	return nil
}

// issue signs a certificate for a key, by parent or, without one, by itself.
func issue(now time.Time, r role, key *ecdsa.PrivateKey, parent *pair, template *x509.Certificate) (*pair, error) {
	var err error
	if template.SubjectKeyId, err = keyID(&key.PublicKey); err != nil {
		return nil, err
	}
	now = now.UTC().Truncate(time.Second) // certificates keep no more
	template.SerialNumber = serial()
	template.NotBefore, template.NotAfter = now.Add(-skew), now.AddDate(years[r], 0, 0)
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

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	return key, nil
}

// serial is 128 random bits, as a positive number (RFC 5280 4.1.2.2 allows 20 octets).
func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return new(big.Int).SetBytes(b[:])
}

// keyID names a public key by the leftmost 160 bits of the SHA-256 of its bit string (RFC 7093 section 2, method 1).
func keyID(pub *ecdsa.PublicKey) ([]byte, error) {
	bits, err := keyBits(pub)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(bits)
	return sum[:20], nil
}

// keyBits is the bit string of a public key, without its tag and length.
func keyBits(pub *ecdsa.PublicKey) ([]byte, error) {
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
	return info.Key.Bytes, nil
}
