// Package pki is the local trust: what an installation without a certificate of its own makes at its first start, so
// that documents can be sealed from the first minute on.
//
// It is in charge of the keys and certificates of one installation: a root, an issuing authority below it, and the
// certificate that seals. It is not in charge of keeping them (the caller stores [Material.Marshal] as an encrypted
// secret), nor of making signatures (package cms). Anyone who verifies a local seal must trust the root by hand; that
// is what tells it from a bought certificate.
//
// What is made here names where its revocation lists, its OCSP responder and its issuers' certificates are (RFC 5280
// 4.2.1.13 and 4.2.2.1): under the public address of the server, whose routes [Server] serves. So a seal of the local
// trust reaches the level LTA with nothing from outside.
package pki

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrMaterial is returned, wrapped, for material that is incomplete or does not belong together.
var ErrMaterial = errors.New("bad certificate material")

// New makes keys and certificates for an installation. name is that of the company or the installation, and stands as
// organization in every certificate; it is 1 to 56 printable characters. The certificates are valid from five minutes
// before now.
//
// public is where the server is reached: certificates say that [Server] answers there.
func New(now time.Time, name, public string) (Material, error) {
	m, _, err := Material{}.Renew(now, name, public)
	return m, err
}

// Load checks that material is whole and belongs together. That a certificate has ended is no error: see
// [Seal.NotAfter].
func Load(m Material) (*Authority, error) {
	h, err := m.parse()
	if err != nil {
		return nil, err
	}
	for r, p := range h.pairs {
		if p == nil {
			return nil, fmt.Errorf("%w: there is no %s", ErrMaterial, role(r))
		}
	}
	return &Authority{h}, nil
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

// checkPublic gives the address without the slash at its end.
func checkPublic(public string) (string, *url.URL, error) {
	public = strings.TrimRight(public, "/")
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return "", nil, errors.New("public URL is none")
	}
	return public, u, nil
}
