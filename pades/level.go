package pades

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// Level is a baseline level (ETSI EN 319 142-1, clause 6.1).
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

// String is the name in the norm.
func (l Level) String() string {
	switch l {
	case BB:
		return "PAdES-BASELINE-B"
	case BT:
		return "PAdES-BASELINE-T"
	case BLT:
		return "PAdES-BASELINE-LT"
	case BLTA:
		return "PAdES-BASELINE-LTA"
	default:
		return fmt.Sprintf("Level(%d)", int(l))
	}
}

// Timestamper gives time-stamps. What it returns is checked again.
type Timestamper interface {
	// Timestamp returns a token over a digest that was made with h.
	Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*cms.Token, error)
}

// Collector brings what proves certificates.
type Collector interface {
	// Collect completes each certificate's chain and brings revocation data for
	// all certificates in them but anchors, made at or after a time where that
	// can be had. An error says what is missing; there is no partial answer.
	Collect(ctx context.Context, certs []*x509.Certificate, after time.Time) (cms.Material, error)
}

// Services are what the levels above B-B need.
type Services struct {
	Timestamps  Timestamper // for B-T and B-LTA; nil ends at B-B
	Revocations Collector   // for B-LT and B-LTA; nil ends at B-T
}

// Pending is the error beside a revision that is whole and valid, but has not
// reached the level wanted. It can be raised later, see [Raise].
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

// SignTo seals a document as [Sign] does and goes on as high as the services let
// it. The level is the one reached. If that is below want, the error is a
// *[Pending] beside a revision that is whole; with any other error there is no
// revision. The signature time-stamp is asked for before anything else may fail,
// so that the time of signing is proven at once.
func SignTo(ctx context.Context, doc *Document, s Seal, signer Signer, services Services, want Level) (*Revision, Level, error) {
	if want < BB || want > BLTA {
		return nil, 0, fmt.Errorf("level %d is unknown", want)
	}
	p, sig, err := signature(ctx, doc, s, signer)
	if err != nil {
		return nil, 0, err
	}
	var stampless error
	if want > BB {
		var stamped []byte
		if stamped, stampless = Stamp(ctx, sig, services.Timestamps); stampless == nil {
			stampless = p.fits(stamped)
		}
		if stampless == nil {
			sig = stamped
		}
	}
	r, err := p.Finish(sig)
	switch {
	case err != nil:
		return nil, 0, err
	case want == BB:
		return r, BB, nil
	case stampless != nil:
		return r, BB, &Pending{want, BB, stampless}
	case want == BT:
		return r, BT, nil
	}
	return r.raise(ctx, services, want, BT)
}

// Raise brings the newest signature of a document from the level it has to the
// one wanted. A signature without any time-stamp gets a document time-stamp
// first; then the security store gets certificates and revocation data of the
// signatures and their time-stamps, then a document time-stamp closes it. A
// document that is at B-LTA already is renewed: data for the last time-stamp,
// then another one. Older signatures' data are stored too where they can be had;
// they do not hold up the newest.
//
// Results and errors are those of [SignTo]. A document that needs nothing comes
// back with nothing appended.
func Raise(ctx context.Context, doc *Document, services Services, want Level) (*Revision, Level, error) {
	if want < BB || want > BLTA {
		return nil, 0, fmt.Errorf("level %d is unknown", want)
	}
	s, err := surveyOf(doc)
	if err != nil {
		return nil, 0, err
	}
	r, err := unchanged(ctx, doc)
	if err != nil {
		return nil, 0, err
	}
	if s.level >= want && want < BLTA {
		return r, s.level, nil
	}
	if s.level == BB {
		stamped, err := r.archive(ctx, services.Timestamps)
		if err != nil {
			return r, BB, &Pending{want, BB, err}
		}
		if r = stamped; want == BT {
			return r, BT, nil
		}
	}
	return r.raise(ctx, services, want, max(s.level, BT))
}

// raise takes a revision that is stamped at or after its signature to B-LT and
// B-LTA. has is the level it has.
func (r *Revision) raise(ctx context.Context, services Services, want, has Level) (*Revision, Level, error) {
	if has != BLT {
		stored, err := r.extend(ctx, services.Revocations)
		if err != nil {
			return r, has, &Pending{want, has, err}
		}
		r, has = stored, max(has, BLT)
	}
	if want == BLT {
		return r, has, nil
	}
	stamped, err := r.archive(ctx, services.Timestamps)
	if err != nil {
		return r, has, &Pending{want, has, err}
	}
	return stamped, BLTA, nil
}
