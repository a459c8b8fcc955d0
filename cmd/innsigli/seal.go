package main

import (
	"crypto"
	"errors"
	"os"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/innsigli/innsigli/pki"
)

// maxSealFile is more than a key and a chain ever take.
const maxSealFile = 1 << 20

// loadSeal reads the seal of --seal: a PKCS #12 file with one key, its certificate and those of its issuers. Errors never
// tell of the password.
func loadSeal(file, password string) (*pki.Seal, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, wrongUsage("--seal: %w", err)
	}
	if info.Size() > maxSealFile {
		return nil, wrongUsage("--seal: %s is no PKCS #12 file: it has more than %d bytes", file, maxSealFile)
	}
	der, err := os.ReadFile(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, wrongUsage("--seal: %w", err)
	}
	key, leaf, issuers, err := pkcs12.DecodeChain(der, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, wrongUsage("--seal: the password (INNSIGLI_SEAL_PASSWORD) does not open %s", file)
	}
	if err != nil {
		return nil, wrongUsage("--seal: %s: %w", file, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, wrongUsage("--seal: a key of type %T cannot sign", key)
	}
	s, err := pki.NewSeal(signer, leaf, issuers)
	if err != nil {
		return nil, wrongUsage("--seal: %w", err)
	}
	return s, nil
}
