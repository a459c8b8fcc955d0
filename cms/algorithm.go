package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes that this package names
	_ "crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// ErrAlgorithm is wrapped by errors about algorithms and keys that are not known here or
// too weak to prove anything (ETSI TS 119 312).
var ErrAlgorithm = errors.New("algorithm is not accepted")

// HashFor returns the hash that goes with a public key: as long as the curve for
// ECDSA, SHA-256 for RSA (ETSI TS 119 312). Other keys are an error.
func HashFor(key crypto.PublicKey) (crypto.Hash, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch bits := k.Curve.Params().BitSize; {
		case bits < 256:
			return 0, fmt.Errorf("%w: curve is too short", ErrAlgorithm)
		case bits <= 256:
			return crypto.SHA256, nil
		case bits <= 384:
			return crypto.SHA384, nil
		default:
			return crypto.SHA512, nil
		}
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return 0, fmt.Errorf("%w: rsa key is too short", ErrAlgorithm)
		}
		return crypto.SHA256, nil
	}
	return 0, fmt.Errorf("%w: key type %T", ErrAlgorithm, key)
}

// digestAlgorithm identifies a hash; parameters are absent (RFC 5754, clause 2).
func digestAlgorithm(h crypto.Hash) pkix.AlgorithmIdentifier {
	var id pkix.AlgorithmIdentifier
	switch h { //nolint:exhaustive // HashFor gives no other
	case crypto.SHA384:
		id.Algorithm = oidSHA384
	case crypto.SHA512:
		id.Algorithm = oidSHA512
	default:
		id.Algorithm = oidSHA256
	}
	return id
}

// hashOf is the inverse of digestAlgorithm.
func hashOf(id asn1.ObjectIdentifier) (crypto.Hash, error) {
	switch {
	case id.Equal(oidSHA256):
		return crypto.SHA256, nil
	case id.Equal(oidSHA384):
		return crypto.SHA384, nil
	case id.Equal(oidSHA512):
		return crypto.SHA512, nil
	}
	return 0, fmt.Errorf("%w: digest %v", ErrAlgorithm, id)
}

// signatureAlgorithm identifies how a key signs with a hash.
func signatureAlgorithm(key crypto.PublicKey, h crypto.Hash, pss bool) (pkix.AlgorithmIdentifier, error) {
	var id pkix.AlgorithmIdentifier
	switch key.(type) {
	case *ecdsa.PublicKey:
		switch h { //nolint:exhaustive // as above
		case crypto.SHA384:
			id.Algorithm = oidECDSASHA384
		case crypto.SHA512:
			id.Algorithm = oidECDSASHA512
		case crypto.SHA1: // of old signatures, see ParseOld
			id.Algorithm = oidECDSASHA1
		default:
			id.Algorithm = oidECDSASHA256
		}
		return id, nil
	case *rsa.PublicKey:
		if !pss {
			return pkix.AlgorithmIdentifier{Algorithm: oidRSA, Parameters: asn1.NullRawValue}, nil
		}
		return pssAlgorithm(h)
	}
	return id, fmt.Errorf("unsupported key type %T", key)
}

func pssAlgorithm(h crypto.Hash) (pkix.AlgorithmIdentifier, error) {
	hash := digestAlgorithm(h)
	hash.Parameters = asn1.NullRawValue // as RFC 4055, clause 2.1 writes it
	inner, err := encode(hash)
	if err != nil {
		return hash, err
	}
	parms, err := encode(pssParameters{hash, pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: inner}, h.Size()})
	return pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: parms}, err
}

// sum hashes b.
func sum(h crypto.Hash, b []byte) []byte {
	d := h.New()
	d.Write(b)
	return d.Sum(nil)
}

// checkSignature verifies a signature value over message, hashed with h. Keys that HashFor finds too short are
// refused. Ed25519 signs the message itself and goes with SHA-512 only (RFC 8419, clauses 2.3 and 3.1).
func checkSignature(key crypto.PublicKey, id pkix.AlgorithmIdentifier, h crypto.Hash, message, sig []byte) error {
	if k, ok := key.(ed25519.PublicKey); ok {
		if !id.Algorithm.Equal(oidEd25519) || len(id.Parameters.FullBytes) > 0 || h != crypto.SHA512 {
			return errAlgorithm
		}
		if !ed25519.Verify(k, message, sig) {
			return errSignature
		}
		return nil
	}
	return checkDigest(key, id, h, sum(h, message), sig)
}

// checkDigest verifies a signature value over a digest that was made with h.
func checkDigest(key crypto.PublicKey, id pkix.AlgorithmIdentifier, h crypto.Hash, digest, sig []byte) error {
	if _, err := HashFor(key); err != nil {
		return err
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		want, err := signatureAlgorithm(k, h, false)
		if err != nil {
			return err
		}
		if !id.Algorithm.Equal(want.Algorithm) {
			return errAlgorithm
		}
		if !ecdsa.VerifyASN1(k, digest, sig) {
			return errSignature
		}
		return nil
	case *rsa.PublicKey:
		return checkRSA(k, id, h, digest, sig)
	}
	return fmt.Errorf("unsupported key type %T", key)
}

func checkRSA(k *rsa.PublicKey, id pkix.AlgorithmIdentifier, h crypto.Hash, digest, sig []byte) error {
	withHash := map[crypto.Hash]asn1.ObjectIdentifier{
		crypto.SHA1: oidRSASHA1, crypto.SHA256: oidRSASHA256, crypto.SHA384: oidRSASHA384, crypto.SHA512: oidRSASHA512,
	}
	switch {
	case id.Algorithm.Equal(oidRSA), id.Algorithm.Equal(withHash[h]):
		if rsa.VerifyPKCS1v15(k, h, digest, sig) != nil {
			return errSignature
		}
		return nil
	case id.Algorithm.Equal(oidPSS):
		var p pssParameters
		if err := exactly(id.Parameters.FullBytes, &p); err != nil || !p.fits(h) || p.SaltLength < 0 || p.SaltLength > k.Size() {
			return errAlgorithm
		}
		if rsa.VerifyPSS(k, h, digest, sig, &rsa.PSSOptions{SaltLength: p.SaltLength, Hash: h}) != nil {
			return errSignature
		}
		return nil
	}
	return errAlgorithm
}

// fits says whether both hashes of the parameters are h: that of the message and that of the mask.
func (p pssParameters) fits(h crypto.Hash) bool {
	var mask pkix.AlgorithmIdentifier
	if !p.MaskGen.Algorithm.Equal(oidMGF1) || exactly(p.MaskGen.Parameters.FullBytes, &mask) != nil {
		return false
	}
	for _, id := range []pkix.AlgorithmIdentifier{p.Hash, mask} {
		if got, err := hashOf(id.Algorithm); err != nil || got != h {
			return false
		}
	}
	return true
}
