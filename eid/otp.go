package eid

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/innsigli/innsigli"
)

// OTP makes the one-time codes. Nothing secret stands in a job or a table: whoever sends a code and whoever compares
// it computes it from the challenge's token (design/decisions.md 3).
type OTP struct {
	// Key is the server's secret, 32 random bytes used for nothing else.
	Key []byte
}

var _ innsigli.Identity = OTP{}

// codes is how many there are: six digits are what a phone fills in from an SMS and a person reads at one glance.
const codes = 1_000_000

// Admission implements innsigli.Identity. Its key is derived from the one of codes, so that neither tells of the other.
func (o OTP) Admission(text string) []byte {
	of := hmac.New(sha256.New, o.Key)
	_, _ = of.Write([]byte("admission to documents"))
	mac := hmac.New(sha256.New, of.Sum(nil))
	_, _ = mac.Write([]byte(text)) // a hash never returns an error
	return mac.Sum(nil)
}

// Code is the code of a challenge, always six digits with its leading zeros. It is the first 64 bits of
// HMAC-SHA256(Key, token) modulo a million. 2^64 is no multiple of a million, so some codes are likelier than others by
// one part in 2^64/10^6, about 5e-14: a guesser gains nothing from it.
func (o OTP) Code(t innsigli.Token) string {
	mac := hmac.New(sha256.New, o.Key)
	_, _ = mac.Write([]byte(t)) // a hash never returns an error
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac.Sum(nil))%codes)
}
