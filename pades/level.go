package pades

import (
	"context"
	"fmt"

	"github.com/innsigli/innsigli/cms"
)

// SignTo seals a document as [Sign] does and goes on as high as the services let
// it. The level is the one reached. If that is below want, the error is a
// *[cms.Pending] beside a revision that is whole; with any other error there is no
// revision. The signature time-stamp is asked for before anything else may fail,
// so that the time of signing is proven at once.
func SignTo(ctx context.Context, doc *Document, s Seal, signer Signer, services cms.Services, want cms.Level) (*Revision, cms.Level, error) {
	if !want.Known() {
		return nil, 0, fmt.Errorf("level %d is unknown", want)
	}
	p, sig, err := signature(ctx, doc, s, signer)
	if err != nil {
		return nil, 0, err
	}
	var stampless error
	if want > cms.BB {
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
	case want == cms.BB:
		return r, cms.BB, nil
	case stampless != nil:
		return r, cms.BB, &cms.Pending{Want: want, Reached: cms.BB, Cause: stampless}
	case want == cms.BT:
		return r, cms.BT, nil
	}
	return r.raise(ctx, services, want, cms.BT)
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
func Raise(ctx context.Context, doc *Document, services cms.Services, want cms.Level) (*Revision, cms.Level, error) {
	if !want.Known() {
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
	if s.level >= want && want < cms.BLTA {
		return r, s.level, nil
	}
	if s.level == cms.BB {
		stamped, err := r.archive(ctx, services.Timestamps)
		if err != nil {
			return r, cms.BB, &cms.Pending{Want: want, Reached: cms.BB, Cause: err}
		}
		if r = stamped; want == cms.BT {
			return r, cms.BT, nil
		}
	}
	return r.raise(ctx, services, want, max(s.level, cms.BT))
}

// raise takes a revision that is stamped at or after its signature to B-LT and
// B-LTA. has is the level it has.
func (r *Revision) raise(ctx context.Context, services cms.Services, want, has cms.Level) (*Revision, cms.Level, error) {
	if has != cms.BLT {
		stored, err := r.extend(ctx, services.Revocations)
		if err != nil {
			return r, has, &cms.Pending{Want: want, Reached: has, Cause: err}
		}
		r, has = stored, max(has, cms.BLT)
	}
	if want == cms.BLT {
		return r, has, nil
	}
	stamped, err := r.archive(ctx, services.Timestamps)
	if err != nil {
		return r, has, &cms.Pending{Want: want, Reached: has, Cause: err}
	}
	return stamped, cms.BLTA, nil
}
