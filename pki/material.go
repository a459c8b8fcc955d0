package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
)

// The labels of RFC 7468.
const (
	certLabel = "CERTIFICATE"
	keyLabel  = "PRIVATE KEY"
)

// Marshal joins the material into one text, for one secret. It holds unencrypted keys.
func (m Material) Marshal() []byte {
	return slices.Concat(m.RootCert, m.RootKey, m.IssuingCert, m.IssuingKey, m.SealCert, m.SealKey)
}

// Unmarshal splits what Marshal made. Errors wrap [ErrMaterial] and quote nothing.
func Unmarshal(text []byte) (Material, error) {
	var m Material
	for i, part := range []*[]byte{&m.RootCert, &m.RootKey, &m.IssuingCert, &m.IssuingKey, &m.SealCert, &m.SealKey} {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return Material{}, fmt.Errorf("%w: %d parts of 6", ErrMaterial, i)
		}
		*part = pem.EncodeToMemory(block)
	}
	if len(text) > 0 {
		return Material{}, fmt.Errorf("%w: more than 6 parts", ErrMaterial)
	}
	if _, _, _, err := m.parse(); err != nil {
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

func newMaterial(root, issuing, seal *pair) (Material, error) {
	var m Material
	for _, p := range []struct {
		from      *pair
		cert, key *[]byte
	}{
		{root, &m.RootCert, &m.RootKey},
		{issuing, &m.IssuingCert, &m.IssuingKey},
		{seal, &m.SealCert, &m.SealKey},
	} {
		der, err := x509.MarshalPKCS8PrivateKey(p.from.key)
		if err != nil {
			return Material{}, fmt.Errorf("write key: %w", err)
		}
		*p.cert = pem.EncodeToMemory(&pem.Block{Type: certLabel, Bytes: p.from.cert.Raw})
		*p.key = pem.EncodeToMemory(&pem.Block{Type: keyLabel, Bytes: der})
		clear(der)
	}
	return m, nil
}

// parse reads all pairs and checks that each was signed by the one above.
func (m Material) parse() (root, issuing, seal *pair, err error) {
	if root, err = parsePair("root", m.RootCert, m.RootKey); err != nil {
		return nil, nil, nil, err
	}
	if issuing, err = parsePair("issuing authority", m.IssuingCert, m.IssuingKey); err != nil {
		return nil, nil, nil, err
	}
	if seal, err = parsePair("seal", m.SealCert, m.SealKey); err != nil {
		return nil, nil, nil, err
	}
	for _, link := range []struct {
		name        string
		child, from *pair
	}{{"root", root, root}, {"issuing authority", issuing, root}, {"seal", seal, issuing}} {
		if err := link.child.cert.CheckSignatureFrom(link.from.cert); err != nil {
			return nil, nil, nil, fmt.Errorf("%w: issuer of the %s: %w", ErrMaterial, link.name, err)
		}
	}
	return root, issuing, seal, nil
}

func parsePair(name string, certPEM, keyPEM []byte) (*pair, error) {
	certBlock, _ := pem.Decode(certPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certBlock == nil || certBlock.Type != certLabel || keyBlock == nil || keyBlock.Type != keyLabel {
		return nil, fmt.Errorf("%w: %s: want a %s and a %s", ErrMaterial, name, certLabel, keyLabel)
	}
	defer clear(keyBlock.Bytes)
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: certificate of the %s: %w", ErrMaterial, name, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: key of the %s is not PKCS #8", ErrMaterial, name) // the cause might quote it
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: key of the %s is not on P-256", ErrMaterial, name)
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("%w: key and certificate of the %s do not match", ErrMaterial, name)
	}
	return &pair{cert: cert, key: key}, nil
}
