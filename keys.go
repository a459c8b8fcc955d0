package innsigli

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
)

// A type per key, so that mixing them does not compile. The prefixes and alphabets are those of the public API
// (facts/wire.md 1.2); the bodies are 128 random bits, because a signee's key is also what opens the link.
type (
	// ProcessKey names a signing process: "sp" and 32 hex digits.
	ProcessKey string
	// SigneeKey names a signee of one process: "si" and 32 hex digits.
	SigneeKey string
	// GroupKey names what is locked together: a process alone (its own key) or a sequence ("pg" and 32 hex digits).
	GroupKey string
	// SequenceKey names a sequence: "pg" and 32 hex digits. It is also the key of its group.
	SequenceKey string
	// SequenceSigneeKey names a person of a sequence: "gs" and 32 hex digits.
	SequenceSigneeKey string
	// FlowKey names a flow of a company: 12 hex digits.
	FlowKey string
	// CompanyKey names a company: 12 hex digits.
	CompanyKey string
	// AttachmentKey names a file beside a document: "at" and 32 hex digits.
	AttachmentKey string
	// Token names a challenge, the code that one signee was asked for: 32 hex digits.
	Token string
)

// randomHex returns 2n hex digits of n random bytes. crypto/rand.Read never returns an error (Go 1.24).
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// NewProcessKey makes a key that nobody can guess.
func NewProcessKey() ProcessKey { return ProcessKey("sp" + randomHex(16)) }

// NewSigneeKey makes a key that nobody can guess; it is the secret half of a signing link.
func NewSigneeKey() SigneeKey { return SigneeKey("si" + randomHex(16)) }

// NewSequenceKey makes a key that nobody can guess.
func NewSequenceKey() SequenceKey { return SequenceKey("pg" + randomHex(16)) }

// NewSequenceSigneeKey makes a key that nobody can guess; it is the secret half of a sequence's link.
func NewSequenceSigneeKey() SequenceSigneeKey { return SequenceSigneeKey("gs" + randomHex(16)) }

// NewAttachmentKey makes a key for a file beside a document.
func NewAttachmentKey() AttachmentKey { return AttachmentKey("at" + randomHex(16)) }

// NewFlowKey makes a flow's key.
func NewFlowKey() FlowKey { return FlowKey(randomHex(6)) }

// NewCompanyKey makes a company's key. It is short so that base64(companyKey:ApiKey) stays on one line of base64(1).
func NewCompanyKey() CompanyKey { return CompanyKey(randomHex(6)) }

// NewToken makes a challenge's id.
func NewToken() Token { return Token(randomHex(16)) }

// NewID makes an id for things without a key of the public API: jobs, documents, webhooks' messages.
func NewID() string { return randomHex(16) }

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewAPIKey makes an API key: "api-" and 28 characters of base 62 (166 bits). It is shown once and stored as a hash.
func NewAPIKey() string {
	var b strings.Builder
	b.WriteString("api-")
	for range 28 {
		n, err := rand.Int(rand.Reader, big.NewInt(62))
		if err != nil {
			panic("innsigli: internal error: no randomness")
		}
		b.WriteByte(base62[n.Int64()])
	}
	return b.String()
}

// Valid says whether the key has the shape of a process key. The public API's keys differ in length over the years, so
// any length of hex up to 64 is taken.
func (k ProcessKey) Valid() bool { return wellFormed(string(k), "sp") }

// Valid says whether the key has the shape of a signee key.
func (k SigneeKey) Valid() bool { return wellFormed(string(k), "si") }

// Valid says whether the key has the shape of a sequence key.
func (k SequenceKey) Valid() bool { return wellFormed(string(k), "pg") }

// Valid says whether the key has the shape of a sequence signee key.
func (k SequenceSigneeKey) Valid() bool { return wellFormed(string(k), "gs") }

// Reference is the part of a signee's key that may be shown to others: its last 8 letters, which tie a mark to its block
// of the evidence. The whole key opens the signee's link; the 96 bits that are left out cannot be guessed.
func (k SigneeKey) Reference() string { return string(k[max(0, len(k)-8):]) }

// Valid says whether the token has the shape of one.
func (t Token) Valid() bool { return wellFormed(string(t), "") }

// messageID is the id of the message that brings the code of a challenge. It is known beforehand, so that one commit
// keeps the message and the line about it, and it gives nothing of the token away.
func (t Token) messageID() string {
	h := sha256.Sum256([]byte("message of " + string(t)))
	return hex.EncodeToString(h[:16])
}

func wellFormed(s, prefix string) bool {
	body, ok := strings.CutPrefix(s, prefix)
	return ok && body != "" && len(body) <= 64 && isHex(body)
}

// isHex says whether a text has digits and letters to f alone.
func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }

func hexOf(b []byte) string { return hex.EncodeToString(b) }
