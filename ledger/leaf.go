// Package ledger makes the activity log provable: leaves over its lines, one tree over all leaves (RFC 6962 2.1), signed
// checkpoints of the tree, and proofs that a line is under a checkpoint. It knows no database; package store keeps what
// it computes. Hashes and proofs are those of golang.org/x/mod/sumdb, the code of Go's checksum database.
package ledger

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// format is the first member of every leaf.
const format = "innsigli-log-1"

// Hash is a SHA-256: of a leaf, of a node of the tree, or a commitment.
type Hash = tlog.Hash

// Line is a line of the log as its leaf says it.
type Line struct {
	Seq        int64 // place in the whole log, from 0, without gaps
	Process    string
	ProcessSeq int64 // place in the log of its process, from 1, without gaps
	At         time.Time
	Type       string
	Public     Public
	Commitment Hash // to the personal part; zero when there is none
	Prev       Hash // leaf of the process's line before; zero for its first
}

// Public is what a line says that names nobody. A signee's key opens a link, so only its end is told, and the hash of the
// whole: 128 random bits are not found by trying.
type Public struct {
	Company      string `json:"company"`
	Detail       string `json:"detail"`
	Flow         string `json:"flow"`
	ID           int64  `json:"id"`
	Signee       string `json:"signee"`
	SigneeSHA256 string `json:"signeeSha256"`
}

// Text is the canonical form that is hashed: one JSON array without blanks, members in this order.
func (l Line) Text() []byte {
	// The values are strings and numbers, which always encode.
	text, _ := canonical([]any{
		format, l.Seq, l.Process, l.ProcessSeq, l.At.UTC().Format(timeFormat), l.Type, l.Public, encode(l.Commitment), encode(l.Prev),
	})
	return text
}

// timeFormat has the microseconds that both databases keep.
const timeFormat = "2006-01-02T15:04:05.000000Z"

// Leaf is the hash of the line in the tree (RFC 6962 2.1: SHA-256 over a zero byte and the text).
func (l Line) Leaf() Hash { return tlog.RecordHash(l.Text()) }

// Personal is what a line says about a person. It is kept apart, and can be erased without harm to the tree.
type Personal struct {
	Actor   string `json:"actor"`
	Address string `json:"address"`
	Agent   string `json:"agent"`
	Mail    string `json:"mail"`
}

// Commit binds the personal part to its line without telling it. The salt is erased with the part: without it nobody can
// try whether a guess was right, and a personal code is soon guessed.
func (p Personal) Commit(salt []byte) Hash {
	text, _ := canonical(p) // strings always encode
	h := sha256.New()
	h.Write(salt)
	h.Write(text)
	return Hash(h.Sum(nil))
}

// NewSalt makes the 32 random bytes of one commitment.
func NewSalt() []byte {
	salt := make([]byte, 32)
	_, _ = rand.Read(salt) // never fails (Go 1.24)
	return salt
}

func canonical(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// encode writes a hash as text; none is empty.
func encode(h Hash) string {
	if h == (Hash{}) {
		return ""
	}
	return base64.StdEncoding.EncodeToString(h[:])
}
