package blob

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"filippo.io/age"
)

// A sealed blob is an age file (age-encryption.org/v1) with exactly one recipient stanza, ours:
//
//	-> innsigli-data-key 1
//	base64( nonce(12) | AES-256-GCM(data key, nonce, file key(16), aad) )
//
// aad is the stanza's type, its version and the id of the blob. The id is in it so that a blob put in the place of
// another one of the same process does not open: a signed copy never passes for the document that was shown.
// age's own payload follows: ChaCha20-Poly1305 in chunks of 64 KiB, the last one marked, so that truncation shows.
const (
	stanzaType    = "innsigli-data-key"
	stanzaVersion = "1"
	fileKeySize   = 16 // age-encryption.org/v1, "file key"
)

// errStanza is a header that is not one of ours; it ends as [ErrDamaged].
var errStanza = errors.New("unknown recipient stanza")

// dataKey is age's recipient and identity over a data key. It keeps the key schedule and not the key.
type dataKey struct {
	aead cipher.AEAD
	aad  []byte
}

// newDataKey binds a data key to the blob it seals or opens.
func newDataKey(key Key, id ID) (*dataKey, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	// A random nonce is right here: each data key seals a few file keys, far from the 2^32 of SP 800-38D 8.3.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	return &dataKey{aead: aead, aad: []byte(stanzaType + " " + stanzaVersion + " " + string(id))}, nil
}

// Wrap implements [age.Recipient].
func (d *dataKey) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	return []*age.Stanza{{
		Type: stanzaType,
		Args: []string{stanzaVersion},
		Body: d.aead.Seal(nil, nil, fileKey, d.aad), //nolint:gosec // no nonce is right: this cipher draws its own
	}}, nil
}

// Unwrap implements [age.Identity]. A stanza that the key does not open is [ErrWrongKey].
func (d *dataKey) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 {
		return nil, fmt.Errorf("%d recipient stanzas: %w", len(stanzas), errStanza)
	}
	s := stanzas[0]
	if s.Type != stanzaType || len(s.Args) != 1 || s.Args[0] != stanzaVersion ||
		len(s.Body) != fileKeySize+d.aead.Overhead() {
		return nil, errStanza
	}
	fileKey, err := d.aead.Open(nil, nil, s.Body, d.aad)
	if err != nil {
		return nil, ErrWrongKey
	}
	return fileKey, nil
}
