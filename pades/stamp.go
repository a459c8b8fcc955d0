package pades

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// maxToken is the largest time-stamp token that is given a place, in bytes.
const maxToken = 64 << 10

var errNoTimestamps = errors.New("no time-stamping service")

// Stamp adds a time-stamp over the signature's value to a CMS signature, as an
// unsigned attribute (EN 319 122-1, clause 5.3; level B-T). A time-stamp from
// outside of the signing certificate's validity is an error: it would prove that
// the signature is too late.
func Stamp(ctx context.Context, sig []byte, by cms.Timestamper) ([]byte, error) {
	s, err := cms.Parse(sig)
	if err != nil {
		return nil, fmt.Errorf("read signature: %w", err)
	}
	t, err := timestamp(ctx, by, s.Hash, s.Value)
	if err != nil {
		return nil, err
	}
	if t.Time.After(s.Signer.NotAfter) || t.Time.Before(s.Signer.NotBefore) {
		return nil, errors.New("time-stamp lies outside of the signing certificate's validity")
	}
	out, err := cms.AddTimestamp(sig, t.Raw)
	if err != nil {
		return nil, fmt.Errorf("add time-stamp: %w", err)
	}
	return out, nil
}

// timestamp asks for a token over bytes and trusts nobody that it is one.
func timestamp(ctx context.Context, by cms.Timestamper, h crypto.Hash, over []byte) (*cms.Token, error) {
	d := h.New()
	d.Write(over)
	return timestampDigest(ctx, by, h, d.Sum(nil))
}

func timestampDigest(ctx context.Context, by cms.Timestamper, h crypto.Hash, digest []byte) (*cms.Token, error) {
	if by == nil {
		return nil, errNoTimestamps
	}
	t, err := by.Timestamp(ctx, h, bytes.Clone(digest))
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	if t == nil {
		return nil, errors.New("time-stamp: nothing came")
	}
	if err := t.Matches(h, digest); err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	return t, nil
}

// fits checks that a signature has room in its place.
func (p *Prepared) fits(sig []byte) error {
	if len(sig) > p.Reserve() {
		return fmt.Errorf("signature of %d bytes with its time-stamp exceeds the reserved %d", len(sig), p.Reserve())
	}
	return nil
}

// Archive appends a document time-stamp over the whole file (EN 319 142-1, clause
// 5.4.3). It proves when everything in the document existed, and makes level B-LTA
// of B-LT: the security store must hold the revocation data of all time-stamps
// that are there already. DocMDP and locks do not forbid it (ISO 32000-2, table 257).
func Archive(ctx context.Context, doc *Document, by cms.Timestamper) (*Revision, error) {
	room := tokenReserve
	for {
		p, err := prepareStamp(ctx, doc, room)
		if err != nil {
			return nil, err
		}
		t, err := timestampDigest(ctx, by, crypto.SHA256, p.digest)
		if err != nil {
			return nil, err
		}
		if len(t.Raw) <= room {
			return p.Finish(t.Raw)
		}
		// The place is part of what is stamped: once more, with a larger one.
		if room != tokenReserve || len(t.Raw) > maxToken {
			return nil, fmt.Errorf("time-stamp of %d bytes is too large", len(t.Raw))
		}
		room = len(t.Raw) + 1<<10
	}
}

// prepareStamp appends a time-stamp dictionary with its field (ISO 32000-2,
// 12.8.5, table 255).
func prepareStamp(ctx context.Context, doc *Document, room int) (*Prepared, error) {
	u := doc.Update()
	sig := placed{ref: u.Alloc(), reserve: room}
	var b bytes.Buffer
	b.WriteString("<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161\n")
	u.Put(sig.ref, sig.open(&b))
	if err := u.AddField(pdf.NewField{Prefix: "Timestamp", Value: sig.ref}); err != nil {
		return nil, fmt.Errorf("time-stamp field: %w", err)
	}
	if err := extension(doc, u); err != nil {
		return nil, err
	}
	return sig.prepare(ctx, doc, u, crypto.SHA256)
}

// archive is [Archive] of a revision.
func (r *Revision) archive(ctx context.Context, by cms.Timestamper) (*Revision, error) {
	if by == nil {
		return nil, errNoTimestamps
	}
	doc, err := r.open()
	if err != nil {
		return nil, err
	}
	return Archive(ctx, doc, by)
}
