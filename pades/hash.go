package pades

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"
)

// states are the hashes of a growing document: SHA-256 of the file, and the hash
// that the signature uses if it is another one. They are cloned, never rewound:
// the document's own bytes pass through them once, however many revisions follow.
type states struct {
	file hash.Cloner
	sign hash.Cloner // equal to file when the signature uses SHA-256
	with crypto.Hash // what sign is
}

// hashChunk is how much is read at once: memory does not grow with the document.
const hashChunk = 256 << 10

var buffers = sync.Pool{New: func() any { return new([hashChunk]byte) }}

var errNoClone = errors.New("hash state cannot be carried")

func newHash(h crypto.Hash) (hash.Cloner, error) {
	c, ok := h.New().(hash.Cloner)
	if !ok {
		return nil, errNoClone
	}
	return c, nil
}

// hashDocument streams the document's bytes once through all hashes needed. The
// bytes of a [Revision] have passed already.
func hashDocument(ctx context.Context, doc *Document, h crypto.Hash) (states, error) {
	if r, ok := doc.Source().(*Revision); ok && r.Size() == doc.Size() {
		switch h { //nolint:exhaustive // others are hashed below
		case r.states.with:
			return r.states, nil
		case crypto.SHA256:
			return states{r.states.file, r.states.file, h}, nil
		}
	}
	s := states{with: h}
	var err error
	if s.file, err = newHash(crypto.SHA256); err != nil {
		return s, err
	}
	s.sign = s.file
	var to io.Writer = s.file
	if h != crypto.SHA256 {
		if s.sign, err = newHash(h); err != nil {
			return s, err
		}
		to = io.MultiWriter(s.file, s.sign)
	}
	buf := buffers.Get().(*[hashChunk]byte)[:] //nolint:forcetypeassert // nothing else is put there
	defer buffers.Put((*[hashChunk]byte)(buf))
	for at := int64(0); at < doc.Size(); {
		if err := ctx.Err(); err != nil {
			return s, fmt.Errorf("hash document: %w", err)
		}
		b := buf[:min(int64(len(buf)), doc.Size()-at)]
		if n, err := doc.ReadAt(b, at); n < len(b) {
			return s, fmt.Errorf("hash document: %w", err)
		}
		if _, err := to.Write(b); err != nil {
			return s, fmt.Errorf("hash document: %w", err)
		}
		at += int64(len(b))
	}
	return s, nil
}

// sum continues a state over more bytes and leaves the state as it was.
func sum(h hash.Cloner, parts ...[]byte) ([]byte, error) {
	c, err := onward(h, parts...)
	if err != nil {
		return nil, err
	}
	return c.Sum(nil), nil
}

// onward is a new state behind more bytes.
func onward(h hash.Cloner, parts ...[]byte) (hash.Cloner, error) {
	c, err := h.Clone()
	if err != nil {
		return nil, fmt.Errorf("carry hash state: %w", err)
	}
	for _, p := range parts {
		if _, err := c.Write(p); err != nil {
			return nil, fmt.Errorf("hash: %w", err)
		}
	}
	return c, nil
}

// onward are the states behind more bytes.
func (s states) onward(appended []byte) (states, error) {
	var err error
	next := states{with: s.with}
	if next.file, err = onward(s.file, appended); err != nil {
		return next, err
	}
	if next.sign = next.file; s.with != crypto.SHA256 {
		next.sign, err = onward(s.sign, appended)
	}
	return next, err
}
