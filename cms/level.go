package cms

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"time"
)

// Level is a baseline level. PAdES and XAdES have the same four (ETSI EN 319 142-1
// and EN 319 132-1, clause 6.1).
type Level int

// The baseline levels, each with all that those below it have.
const (
	// BB is a signature alone.
	BB Level = iota + 1
	// BT has a trusted time at which the signature existed.
	BT
	// BLT has the certificates and the revocation data that prove it.
	BLT
	// BLTA has a time-stamp over all that, which can be renewed for ever.
	BLTA
)

// Known says whether it is one of the levels.
func (l Level) Known() bool { return l >= BB && l <= BLTA }

// String is the name in the norms without that of the format, as "BASELINE-LTA".
func (l Level) String() string {
	if !l.Known() {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return "BASELINE-" + [...]string{"B", "T", "LT", "LTA"}[l-BB]
}

// Of is the name in the norm of a format: "PAdES" or "XAdES".
func (l Level) Of(format string) string { return format + "-" + l.String() }

// Timestamper gives time-stamps. What it returns is checked again.
type Timestamper interface {
	// Timestamp returns a token over a digest that was made with h.
	Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error)
}

// Collector brings what proves certificates.
type Collector interface {
	// Collect completes each certificate's chain and brings revocation data for
	// all certificates in them but anchors, made at or after a time where that
	// can be had. An error says what is missing; there is no partial answer.
	Collect(ctx context.Context, certs []*x509.Certificate, after time.Time) (Material, error)
}

// Services are what the levels above B-B need.
type Services struct {
	Timestamps  Timestamper // for B-T and B-LTA; nil ends at B-B
	Revocations Collector   // for B-LT and B-LTA; nil ends at B-T
}

// Pending is the error beside what is sealed and whole, but has not reached the
// level wanted.
type Pending struct { //nolint:errname // it is a state more than a fault
	Want, Reached Level
	Cause         error // what failed on the way to the next level
}

// Error names both levels and the cause.
func (p *Pending) Error() string {
	return fmt.Sprintf("%v reached, %v pending: %v", p.Reached, p.Want, p.Cause)
}

// Unwrap returns the cause.
func (p *Pending) Unwrap() error { return p.Cause }
