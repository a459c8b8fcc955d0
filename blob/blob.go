// Package blob keeps document bytes, each document encrypted with the data key of its process.
//
// It is in charge of two things that are used together: a [Store] of opaque bytes under random names (a folder,
// or memory for tests), and the sealing of a document into it ([Sealer], [OpenSealed]) as a stream, so that a
// document is never whole in memory. It is not in charge of the data keys: they live, wrapped, in the database,
// and a document whose key row is deleted is unreadable from then on, whatever is left of its bytes.
//
// A reader starts at [Store], then sealer.go and doc.go; the file format stands in stanza.go.
package blob

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrNotExist is returned, wrapped, by [Store.Open] for an id under which nothing was committed.
var ErrNotExist = errors.New("no such blob")

// errDone is what a [Writer] answers after Commit or Abort, and a [Doc] after Close.
var errDone = errors.New("blob is already closed")

// idBytes is the length of the random part of an id: 128 bits cannot be guessed, and never collide.
const idBytes = 16

// ID names a blob: 32 lower-case hex digits of 128 random bits. It says nothing about what it names.
type ID string

// NewID returns a fresh random id.
func NewID() ID {
	var b [idBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return ID(hex.EncodeToString(b[:]))
}

// ParseID checks an id that comes from outside, a database row or a file name. Only what [NewID] can make passes,
// so that an id is always safe as a file name.
func ParseID(s string) (ID, error) {
	if !ID(s).valid() {
		return "", fmt.Errorf("blob id of %d characters: want %d lower-case hex digits", len(s), 2*idBytes)
	}
	return ID(s), nil
}

func (id ID) valid() bool {
	if len(id) != 2*idBytes {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Store keeps blobs. Nothing in it can be changed once committed, only deleted. All methods may be called at once
// from several goroutines. It sees only ciphertext.
type Store interface {
	// Create starts a blob under a fresh id. The caller must end the writer with Commit or Abort.
	Create(ctx context.Context) (Writer, error)

	// Open returns a committed blob for reading, or an error that wraps [ErrNotExist]. The caller closes it.
	Open(ctx context.Context, id ID) (Object, error)

	// Delete removes a blob, and what an interrupted writer left of it. A blob that does not exist is no error,
	// so that a job may delete again after a crash. Open readers may go on reading until they are closed.
	Delete(ctx context.Context, id ID) error

	// List calls yield for every blob in no particular order, also for one that is being written or was left
	// half written by a crash: a sweep deletes what no row names and what is older than its patience. modified
	// is the time of the last write, size the bytes so far. An error of yield ends the list and is returned.
	List(ctx context.Context, yield func(id ID, modified time.Time, size int64) error) error
}

// Writer takes the bytes of one new blob. It is used by one goroutine.
type Writer interface {
	io.Writer

	// ID is the name under which the blob can be opened after Commit.
	ID() ID

	// Commit makes the blob durable and visible: when it returns nil the bytes survive a loss of power. After an
	// error nothing is visible and the writer is closed.
	Commit(ctx context.Context) error

	// Abort throws the bytes away. After Commit it does nothing, so that it can be deferred.
	Abort()
}

// Object is a committed blob that is open for reading. ReadAt may be called at once from several goroutines.
type Object interface {
	io.ReaderAt
	io.Closer

	// Size is the number of bytes.
	Size() int64
}
