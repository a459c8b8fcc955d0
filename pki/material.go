package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// The labels of RFC 7468.
const (
	certLabel = "CERTIFICATE"
	keyLabel  = "PRIVATE KEY"
)

// Material is the whole local trust, keys included, as it is stored. Its fields are PEM: one certificate, or one
// unencrypted PKCS #8 key.
//
// Material of an installation from before there were time stamps ends with the seal: [Material.Renew] makes the rest.
type Material struct { //nolint:recvcheck // parts gives places to write to; what hides the keys has to do so for values too
	RootCert, RootKey           []byte
	IssuingCert, IssuingKey     []byte
	SealCert, SealKey           []byte
	StampCert, StampKey         []byte // the time-stamping authority
	ResponderCert, ResponderKey []byte // the OCSP responder of the issuing authority

	// Past are certificates of the issuing authority that were replaced and have not ended: its responder still knows
	// them. Their keys are gone.
	Past []byte
}

// role names a pair of key and certificate by its place in material.
type role int

const (
	roleRoot role = iota
	roleIssuing
	roleSeal
	roleStamp
	roleResponder
	roles
)

var roleNames = [roles]string{"root", "issuing authority", "seal", "time-stamping authority", "OCSP responder"}

func (r role) String() string { return roleNames[r] }

// issuer is who signs a role's certificate.
func (r role) issuer() role {
	if r <= roleIssuing {
		return roleRoot
	}
	return roleIssuing
}

// parts is the order in which material is stored: certificate and key of each role.
func (m *Material) parts() [roles][2]*[]byte {
	return [roles][2]*[]byte{
		{&m.RootCert, &m.RootKey},
		{&m.IssuingCert, &m.IssuingKey},
		{&m.SealCert, &m.SealKey},
		{&m.StampCert, &m.StampKey},
		{&m.ResponderCert, &m.ResponderKey},
	}
}

// Marshal joins the material into one text, for one secret. It holds unencrypted keys.
func (m Material) Marshal() []byte {
	var out []byte
	for _, p := range m.parts() {
		out = append(append(out, *p[0]...), *p[1]...)
	}
	return append(out, m.Past...)
}

// Unmarshal splits what Marshal made. Errors wrap [ErrMaterial] and quote nothing.
func Unmarshal(text []byte) (Material, error) {
	var m Material
	for i, p := range m.parts() {
		if len(text) == 0 && role(i) > roleSeal {
			break // from before there were more
		}
		for _, part := range p {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				return Material{}, fmt.Errorf("%w: the %s is not whole", ErrMaterial, role(i))
			}
			*part = pem.EncodeToMemory(block)
		}
	}
	if len(text) > 0 {
		m.Past = bytes.Clone(text)
	}
	if _, err := m.parse(); err != nil {
		return Material{}, err
	}
	return m, nil
}

// String hides the keys; so does every other way of printing.
func (Material) String() string { return "pki.Material(hidden)" }

// GoString hides the keys from %#v.
func (m Material) GoString() string { return m.String() }

// MarshalText hides the keys from logs and JSON. What is meant to be stored comes from Marshal.
func (m Material) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// pair is a certificate and its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// holding is material that has been read. A pair that is missing is nil.
type holding struct {
	pairs [roles]*pair
	past  []*x509.Certificate
}

// material writes a holding.
func (h *holding) material() (Material, error) {
	var m Material
	for i, p := range m.parts() {
		der, err := x509.MarshalPKCS8PrivateKey(h.pairs[i].key)
		if err != nil {
			return Material{}, fmt.Errorf("write key: %w", err)
		}
		*p[0] = certPEM(h.pairs[i].cert)
		*p[1] = pem.EncodeToMemory(&pem.Block{Type: keyLabel, Bytes: der})
		clear(der)
	}
	for _, c := range h.past {
		m.Past = append(m.Past, certPEM(c)...)
	}
	return m, nil
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: certLabel, Bytes: c.Raw})
}

// parse reads all pairs that are there and checks that each was signed by the one above. The root, the issuing authority
// and the seal have to be there.
func (m Material) parse() (*holding, error) {
	var h holding
	for i, p := range m.parts() {
		r := role(i)
		if r > roleSeal && len(*p[0])+len(*p[1]) == 0 {
			continue
		}
		var err error
		if h.pairs[r], err = parsePair(r, *p[0], *p[1]); err != nil {
			return nil, err
		}
		if err := h.pairs[r].cert.CheckSignatureFrom(h.pairs[r.issuer()].cert); err != nil {
			return nil, fmt.Errorf("%w: issuer of the %s: %w", ErrMaterial, r, err)
		}
	}
	var err error
	h.past, err = parsePast(m.Past, h.pairs[roleIssuing].cert)
	return &h, err
}

func parsePair(r role, certText, keyText []byte) (*pair, error) {
	certBlock, _ := pem.Decode(certText)
	keyBlock, _ := pem.Decode(keyText)
	if certBlock == nil || certBlock.Type != certLabel || keyBlock == nil || keyBlock.Type != keyLabel {
		return nil, fmt.Errorf("%w: %s: want a %s and a %s", ErrMaterial, r, certLabel, keyLabel)
	}
	defer clear(keyBlock.Bytes)
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate of the %s: %w", ErrMaterial, r, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: key of the %s is not PKCS #8", ErrMaterial, r) // the cause might quote it
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: key of the %s is not on P-256", ErrMaterial, r)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate of the %s do not match", ErrMaterial, r)
	}
	return &pair{cert: cert, key: key}, nil
}

// parsePast reads the certificates that were replaced.
func parsePast(text []byte, issuing *x509.Certificate) ([]*x509.Certificate, error) {
	var past []*x509.Certificate
	for len(bytes.TrimSpace(text)) > 0 {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil || block.Type != certLabel {
			return nil, fmt.Errorf("%w: more than its parts and past certificates", ErrMaterial)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: past certificate: %w", ErrMaterial, err)
		}
		if err := c.CheckSignatureFrom(issuing); err != nil {
			return nil, fmt.Errorf("%w: issuer of a past certificate: %w", ErrMaterial, err)
		}
		past = append(past, c)
	}
	return past, nil
}
