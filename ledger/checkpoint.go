package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint says what the log was at a time: a signed note (C2SP tlog-checkpoint) of origin, size, root, and the time in
// a line of its own.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
	At     time.Time
}

// Key is the log's own key pair (Ed25519), in the text forms of signed notes. Private is a secret.
type Key struct {
	Private string
	Public  string
}

// NewKey makes a key whose name, the origin of the log's checkpoints, is new too.
func NewKey() (Key, error) {
	name := fmt.Sprintf("innsigli.log/%x", NewSalt()[:8])
	private, public, err := note.GenerateKey(rand.Reader, name)
	return Key{private, public}, err
}

// String never shows the private key.
func (k Key) String() string { return k.Public }

// Sign makes the signed note of a checkpoint. Its origin is the key's name.
func (k Key) Sign(c Checkpoint) (string, error) {
	signer, err := note.NewSigner(k.Private)
	if err != nil {
		return "", errors.New("the log's key cannot be read") // its text would show the key
	}
	text := fmt.Sprintf("%s\n%d\n%s\n%s\n", signer.Name(), c.Size, c.Root, c.At.UTC().Format(timeFormat))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	return string(signed), err
}

// maxNote bounds a signed note of others.
const maxNote = 16 << 10

// OpenCheckpoint verifies a signed note with the log's public key and reads it.
func OpenCheckpoint(signed, public string) (Checkpoint, error) {
	v, err := note.NewVerifier(public)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("key of the log: %w", err)
	}
	if len(signed) > maxNote {
		return Checkpoint{}, fmt.Errorf("checkpoint is larger than %d bytes", maxNote)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 5 || lines[0] != v.Name() {
		return Checkpoint{}, errors.New("checkpoint: its text is not one of this log")
	}
	c := Checkpoint{Origin: lines[0]}
	var errs [3]error
	c.Size, errs[0] = strconv.ParseInt(lines[1], 10, 64)
	c.Root, errs[1] = tlog.ParseHash(lines[2])
	c.At, errs[2] = time.Parse(timeFormat, lines[3])
	if err := errors.Join(errs[:]...); err != nil || c.Size < 0 {
		return Checkpoint{}, errors.New("checkpoint: its lines are not size, root and time")
	}
	return c, nil
}
