// Package keyring holds the key-encryption keys: the few keys that stand outside the database, in a file or in the
// environment, and wrap every secret that stands inside it.
//
// It is in charge of the text that the keys are written in, of wrapping and unwrapping, and of exchanging one key for
// the next. It is not in charge of which rows are wrapped by which key, nor of rewrapping them: rotation is a script
// of its caller, Add, rewrap every row, see that none is left, Retire.
//
// The text is one key a line (or separated by commas, for the environment), the first is the current one, and a
// second is there only while a rotation runs. Empty lines and lines that begin with # are ignored:
//
//	innsigli-key-1 <id> <base64 of 32 bytes>
//
// Why outside: a deleted row may live on in a write-ahead log, a free page or a backup. What is left there is wrapped,
// and with the key that wrapped it destroyed it can never be read again.
//
// No key material is ever part of an error, a log line or a printed value.
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
)

var (
	// ErrUnknownKey is returned, wrapped, for something wrapped by a key that is not in the ring: it was retired, or
	// the ring is not the one that belongs to the database.
	ErrUnknownKey = errors.New("unknown key-encryption key")

	// ErrUnwrap is returned, wrapped, when the key is there but does not open what it should: changed bytes, or
	// bytes that were wrapped for another purpose.
	ErrUnwrap = errors.New("wrapped bytes do not open")

	// ErrMalformed is returned, wrapped, for a text that is no keyring. The error says which line and what is wrong
	// with it, and nothing of what stands there.
	ErrMalformed = errors.New("malformed keyring")

	// ErrRotating is returned, wrapped, by Add while two keys are in the ring: finish that rotation first.
	ErrRotating = errors.New("a rotation is under way")

	// ErrReadOnly is returned, wrapped, by Add and Retire of a ring from the environment: only whoever sets the
	// variable can exchange the key.
	ErrReadOnly = errors.New("the keyring is read-only")
)

// Ring is a set of one or two keys and the place they come from. All methods may be called at once.
type Ring struct {
	from source

	reload sync.Mutex // around read and exchange together: an older text must not follow a newer one

	mu      sync.RWMutex
	keys    []key // the current one first; never empty
	state   state // of the source when it was read
	warning string
}

// key is an id and a ready cipher. The 32 bytes themselves are not kept.
type key struct {
	id   string
	aead cipher.AEAD
}

// Load reads the ring named by spec: a file name, or env:NAME for an environment variable with the same text.
// Errors wrap [ErrMalformed] or, for a missing file, [io/fs.ErrNotExist].
func Load(spec string) (*Ring, error) {
	from, err := parseSpec(spec)
	if err != nil {
		return nil, err
	}
	r := &Ring{from: from}
	if err := r.Reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Current is the id of the key that Wrap uses.
func (r *Ring) Current() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[0].id
}

// IDs lists the ids of all keys, the current one first.
func (r *Ring) IDs() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return ids
}

// Warning says what is wrong with the place of the keys although they can be used, such as a file that others may
// read; empty when all is well. The caller logs it at start.
func (r *Ring) Warning() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.warning
}

// Wrap encrypts plain with the current key and returns the key's id, to be stored beside it. aad says what is
// wrapped, for example the table and the row's key; the same must be given to Unwrap, so that a wrapped secret that
// was moved to another row does not open. The caller clears plain when it is done with it.
//
// A file that has changed since it was read is read again first: once Add has returned in one process, every other
// process wraps with the new key. A Wrap that was already on its way may still come with the old one, therefore a
// rotation looks once more, in the transaction that ends it, that no row names the old key.
func (r *Ring) Wrap(plain []byte, aad string) (keyID string, wrapped []byte) {
	r.refresh()
	r.mu.RLock()
	defer r.mu.RUnlock()
	k := r.keys[0]
	return k.id, k.aead.Seal(nil, nil, plain, bind(k.id, aad)) //nolint:gosec // no nonce is right: this cipher draws its own
}

// Unwrap decrypts what Wrap made. A key that is not in the ring is looked for once more in the file, because another
// process may have rotated. Errors wrap [ErrUnknownKey] or [ErrUnwrap]. The caller clears the result.
func (r *Ring) Unwrap(keyID string, wrapped []byte, aad string) ([]byte, error) {
	k, ok := r.find(keyID)
	if !ok {
		if err := r.Reload(); err != nil {
			return nil, fmt.Errorf("unwrap with key %q: %w: %w", keyID, ErrUnknownKey, err)
		}
		if k, ok = r.find(keyID); !ok {
			return nil, fmt.Errorf("unwrap with key %q: %w", keyID, ErrUnknownKey)
		}
	}
	plain, err := k.aead.Open(nil, nil, wrapped, bind(keyID, aad))
	if err != nil {
		return nil, fmt.Errorf("unwrap with key %q: %w", keyID, ErrUnwrap)
	}
	return plain, nil
}

func (r *Ring) find(id string) (key, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	i := slices.IndexFunc(r.keys, func(k key) bool { return k.id == id })
	if i < 0 {
		return key{}, false
	}
	return r.keys[i], true
}

// Reload reads the keys again. After an error the ring is what it was before.
func (r *Ring) Reload() error {
	r.reload.Lock()
	defer r.reload.Unlock()
	entries, st, err := readEntries(r.from)
	if err != nil {
		return err
	}
	defer wipe(entries)
	keys := make([]key, len(entries))
	for i := range entries {
		if keys[i], err = newKey(&entries[i]); err != nil {
			return fmt.Errorf("keyring %s: %w", r.from, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys, r.state, r.warning = keys, st, st.warning(r.from)
	return nil
}

// readEntries reads and parses a source. A file that was exchanged while it was being read, its old content
// overwritten, is read again.
func readEntries(from source) ([]entry, state, error) {
	const attempts = 3
	for n := 1; ; n++ {
		text, st, err := from.read()
		if err != nil {
			return nil, st, err
		}
		entries, err := parse(text)
		clear(text)
		if err == nil {
			return entries, st, nil
		}
		if n == attempts || !from.changed(st) {
			return nil, st, fmt.Errorf("keyring %s: %w", from, err)
		}
	}
}

// refresh reloads a source that looks changed. A file that cannot be read just now is no reason to stop: the keys in
// memory are good, and Unwrap reports what it cannot find.
func (r *Ring) refresh() {
	r.mu.RLock()
	st := r.state
	r.mu.RUnlock()
	if r.from.changed(st) {
		_ = r.Reload() // see above
	}
}

// newKey prepares AES-256-GCM with random nonces. With 96 random bits a key may wrap 2^32 times (NIST SP 800-38D
// 8.3); a weekly rotation stays far below.
func newKey(e *entry) (key, error) {
	block, err := aes.NewCipher(e.secret[:])
	if err != nil {
		return key{}, fmt.Errorf("key %q: %w", e.id, err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, fmt.Errorf("key %q: %w", e.id, err)
	}
	return key{id: e.id, aead: aead}, nil
}

// bind makes the additional data: format, key id and purpose. Neither format nor id can hold a line feed.
func bind(id, aad string) []byte { return []byte(magic + " " + id + "\n" + aad) }

// String names the place and the ids, and no key.
func (r *Ring) String() string { return fmt.Sprintf("keyring %s %q", r.from, r.IDs()) }

// Format prints String for every verb.
func (r *Ring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue logs String.
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }
