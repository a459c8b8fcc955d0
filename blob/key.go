package blob

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
)

// KeySize is the length of a data key in bytes.
const KeySize = 32

// hidden is what a key shows of itself wherever it is printed.
const hidden = "blob.Key(hidden)"

// Key is the data key of one process: 256 random bits. Whoever has it can read the documents of the process, so it
// is unwrapped for one request and not cached, and no way of printing it shows a bit of it. Only package fmt walking
// an unexported field of another struct could (it cannot call methods there): do not keep a Key in such a field.
type Key [KeySize]byte //nolint:recvcheck // a copy must hide itself too, and only Wipe changes

// NewKey returns a fresh random key.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k[:]) // never fails: crypto/rand ends the program instead
	return k
}

// KeyFrom copies an unwrapped key; the caller clears its own slice.
func KeyFrom(b []byte) (Key, error) {
	var k Key
	if len(b) != KeySize {
		return k, fmt.Errorf("data key of %d bytes: want %d", len(b), KeySize)
	}
	copy(k[:], b)
	return k, nil
}

// Wipe overwrites the key. Copies made before stay as they are.
func (k *Key) Wipe() { clear(k[:]) }

// String hides the key.
func (Key) String() string { return hidden }

// GoString hides the key from %#v.
func (Key) GoString() string { return hidden }

// Format hides the key from every verb, %x and %d included, which would pass String by.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue hides the key from logs.
func (Key) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the key from JSON and other encodings. It is on purpose that the result cannot be read back.
func (Key) MarshalText() ([]byte, error) { return []byte(hidden), nil }
