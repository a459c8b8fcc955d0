package keyring

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

const (
	// magic begins every key; its number is the version of the format.
	magic = "innsigli-key-1"

	// keySize is that of AES-256.
	keySize = 32

	// maxKeys: the current key, and the one before it while a rotation runs.
	maxKeys = 2

	// maxText is far more than two keys with comments take. Without it a wrong file would be read whole.
	maxText = 16 << 10

	// maxID keeps ids short, because one stands beside every wrapped secret.
	maxID = 64
)

// entry is one key as it stands in the text.
type entry struct {
	id     string
	secret [keySize]byte
}

// newEntry makes a fresh random key under a fresh random id. The id says nothing about the key.
func newEntry() entry {
	var e entry
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails: crypto/rand ends the program instead
	_, _ = rand.Read(e.secret[:])
	e.id = hex.EncodeToString(id[:])
	return e
}

func wipe(entries []entry) {
	for i := range entries {
		clear(entries[i].secret[:])
	}
}

// parse reads the text of a ring. The caller wipes the result.
func parse(text []byte) ([]entry, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%w: over %d bytes", ErrMalformed, maxText)
	}
	entries := make([]entry, 0, maxKeys)
	n := 0
	for line := range bytes.Lines(text) {
		n++
		if bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			continue
		}
		for part := range bytes.SplitSeq(line, []byte(",")) {
			part = bytes.TrimSpace(part)
			if len(part) == 0 {
				continue
			}
			e, err := parseKey(part)
			if err == nil && len(entries) == maxKeys {
				err = fmt.Errorf("more than %d keys", maxKeys)
			}
			if err == nil && len(entries) == 1 && entries[0].id == e.id {
				err = errors.New("the same id twice")
			}
			if err != nil {
				wipe(entries)
				return nil, fmt.Errorf("%w: line %d: %w", ErrMalformed, n, err)
			}
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("%w: no key in it", ErrMalformed)
	}
	return entries, nil
}

// parseKey reads one key. Its errors never quote, since the wrong text may be a key nevertheless.
func parseKey(b []byte) (entry, error) {
	fields := bytes.Fields(b)
	if len(fields) != 3 || string(fields[0]) != magic {
		return entry{}, fmt.Errorf("want %q, an id and base64 of %d bytes", magic, keySize)
	}
	e := entry{id: string(fields[1])}
	if !validID(e.id) {
		return entry{}, fmt.Errorf("id: want 1 to %d of a-z A-Z 0-9 . _ -", maxID)
	}
	secret := make([]byte, base64.StdEncoding.DecodedLen(len(fields[2])))
	defer clear(secret)
	n, err := base64.StdEncoding.Strict().Decode(secret, fields[2])
	if err != nil || n != keySize {
		return entry{}, fmt.Errorf("key: want base64 of %d bytes", keySize)
	}
	copy(e.secret[:], secret)
	return e, nil
}

func validID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return id != "" && len(id) <= maxID
}

// format writes the text of a ring. The caller clears it.
func format(entries []entry) []byte {
	text := make([]byte, 0, 1<<10) // enough not to leave a copy behind by growing
	text = append(text, "# Key-encryption keys. Without this file no document can be read. Keep it apart from the backups.\n"...)
	for _, e := range entries {
		text = append(text, magic+" "+e.id+" "...)
		text = base64.StdEncoding.AppendEncode(text, e.secret[:])
		text = append(text, '\n')
	}
	return text
}
