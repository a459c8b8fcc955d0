package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"filippo.io/age"
)

// ErrWrongKey is returned, wrapped, when a blob was not sealed with the key at hand, or not under the id at hand.
// A header whose sealed file key was damaged looks the same: authenticated encryption cannot tell them apart.
var ErrWrongKey = errors.New("wrong data key")

// ErrDamaged is returned, wrapped, when the bytes of a blob are not what was sealed: changed, cut off, or no blob.
var ErrDamaged = errors.New("damaged blob")

const (
	// chunkSize is the plaintext of one chunk of an age file, the smallest part that can be decrypted.
	chunkSize = 64 << 10

	// chunksHeld bounds the decrypted bytes that an open document keeps: 512 KiB. A PDF reader hops between the
	// cross-reference table at the end, an object stream and the pages, and would decrypt 64 KiB for each hop.
	chunksHeld = 8
)

// Doc is a sealed document open for reading, decrypted where it is read. ReadAt may be called at once from several
// goroutines. A byte is only returned after the chunk that holds it has been authenticated.
type Doc struct {
	object Object
	plain  io.ReaderAt
	size   int64

	mu     sync.Mutex
	chunks []chunk // most recently used first
	closed bool
}

// chunk is a decrypted part of a document, number index.
type chunk struct {
	index int64
	data  []byte
}

// OpenSealed opens a document. It checks the key, the header and the last chunk, and with them the size: a document
// that was cut off does not open. Errors wrap [ErrNotExist], [ErrWrongKey] or [ErrDamaged], or are the store's own.
// The caller closes the Doc.
func OpenSealed(ctx context.Context, store Store, id ID, key Key) (*Doc, error) {
	identity, err := newDataKey(key, id)
	if err != nil {
		return nil, err
	}
	object, err := store.Open(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	plain, size, err := age.DecryptReaderAt(source{object}, object.Size(), identity)
	if err != nil {
		_ = object.Close() // it was only read
		return nil, fmt.Errorf("open blob: %w", judge(err))
	}
	return &Doc{object: object, plain: plain, size: size}, nil
}

// Size is the number of plaintext bytes.
func (d *Doc) Size() int64 { return d.size }

// ReadAt implements [io.ReaderAt]. A part that was changed after sealing is an error that wraps [ErrDamaged].
func (d *Doc) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read blob at %d: negative offset", off)
	}
	done := 0
	for done < len(p) && off < d.size {
		n, err := d.readChunk(p[done:], off)
		done, off = done+n, off+int64(n)
		if err != nil {
			return done, err
		}
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// readChunk copies what one chunk holds from off on.
func (d *Doc) readChunk(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return 0, fmt.Errorf("read blob: %w", errDone)
	}
	data, err := d.chunk(off / chunkSize)
	if err != nil {
		return 0, err
	}
	return copy(p, data[off%chunkSize:]), nil
}

// chunk returns a decrypted chunk from those held, or decrypts it in the place of the one used longest ago.
// age keeps one chunk itself, but makes a new buffer of 64 KiB for every read of however few bytes.
func (d *Doc) chunk(index int64) ([]byte, error) {
	for i, c := range d.chunks {
		if c.index == index {
			copy(d.chunks[1:i+1], d.chunks[:i])
			d.chunks[0] = c
			return c.data, nil
		}
	}
	size := min(chunkSize, d.size-index*chunkSize)
	var buf []byte
	if len(d.chunks) == chunksHeld {
		last := len(d.chunks) - 1
		buf, d.chunks = d.chunks[last].data, d.chunks[:last]
	}
	if int64(cap(buf)) < size {
		buf = make([]byte, size)
	}
	buf = buf[:size]
	n, err := d.plain.ReadAt(buf, index*chunkSize)
	if int64(n) < size {
		return nil, fmt.Errorf("read blob chunk %d: %w", index, judge(err))
	}
	d.chunks = append(d.chunks, chunk{})
	copy(d.chunks[1:], d.chunks)
	d.chunks[0] = chunk{index: index, data: buf}
	return buf, nil
}

// Close ends the document and overwrites the plaintext that it held.
func (d *Doc) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	for _, c := range d.chunks {
		clear(c.data[:cap(c.data)])
	}
	d.chunks = nil
	if err := d.object.Close(); err != nil {
		return fmt.Errorf("close blob: %w", err)
	}
	return nil
}

// source marks the errors of the store, so that judge can tell a disk that fails from bytes that were changed.
type source struct{ io.ReaderAt }

// storeError is an error of the store below a decryption.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }

func (s source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.ReaderAt.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, &storeError{err}
	}
	return n, err
}

// judge sorts the errors of age, which has no types for them: the store's own, a wrong key, and all else is damage.
func judge(err error) error {
	var store *storeError
	switch {
	case errors.As(err, &store):
		return store.err
	case errors.Is(err, ErrWrongKey):
		return ErrWrongKey
	default:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
}
