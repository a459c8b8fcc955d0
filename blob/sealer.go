package blob

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
)

// Sealed says what was sealed: everything a row about the document needs, and nothing that opens it.
type Sealed struct {
	// ID names the ciphertext in the store.
	ID ID

	// Size is the number of plaintext bytes.
	Size int64

	// SHA256 is the hash of the plaintext: the hash that is shown to the people who sign.
	SHA256 [sha256.Size]byte
}

// Sealer encrypts one document into a store while it is written, and counts and hashes what it gets. It holds one
// chunk of 64 KiB. It is used by one goroutine.
type Sealer struct {
	to   Writer
	enc  io.WriteCloser
	hash hash.Hash
	size int64
}

// NewSealer starts a document under a fresh id. The caller must end it with Commit or Abort.
func NewSealer(ctx context.Context, store Store, key Key) (*Sealer, error) {
	to, err := store.Create(ctx)
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	recipient, err := newDataKey(key, to.ID())
	if err != nil {
		to.Abort()
		return nil, err
	}
	enc, err := age.Encrypt(to, recipient)
	if err != nil {
		to.Abort()
		return nil, fmt.Errorf("blob header: %w", err)
	}
	return &Sealer{to: to, enc: enc, hash: sha256.New()}, nil
}

// ID is the name under which the document can be opened after Commit.
func (s *Sealer) ID() ID { return s.to.ID() }

// Write encrypts p. After an error the document can only be aborted.
func (s *Sealer) Write(p []byte) (int, error) {
	n, err := s.enc.Write(p)
	_, _ = s.hash.Write(p[:n]) // a hash never fails
	s.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("write blob: %w", err)
	}
	return n, nil
}

// Commit ends the document and makes it durable. After an error nothing of it is visible.
func (s *Sealer) Commit(ctx context.Context) (Sealed, error) {
	if err := s.enc.Close(); err != nil {
		s.to.Abort()
		return Sealed{}, fmt.Errorf("end blob: %w", err)
	}
	if err := s.to.Commit(ctx); err != nil {
		return Sealed{}, fmt.Errorf("commit blob: %w", err)
	}
	done := Sealed{ID: s.to.ID(), Size: s.size}
	s.hash.Sum(done.SHA256[:0])
	return done, nil
}

// Abort throws the document away. After Commit it does nothing, so that it can be deferred.
func (s *Sealer) Abort() { s.to.Abort() }

// Seal encrypts all of r into the store and makes it durable. The error of r is returned wrapped, and leaves nothing
// behind.
func Seal(ctx context.Context, store Store, key Key, r io.Reader) (Sealed, error) {
	s, err := NewSealer(ctx, store, key)
	if err != nil {
		return Sealed{}, err
	}
	defer s.Abort()
	if _, err := io.Copy(s, r); err != nil {
		return Sealed{}, fmt.Errorf("seal blob: %w", err)
	}
	return s.Commit(ctx)
}
