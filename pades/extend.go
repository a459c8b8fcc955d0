package pades

import (
	"context"
	"crypto/sha1" //nolint:gosec // the format names entries so, not for security
	"errors"
	"fmt"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

var errNoRevocations = errors.New("no service for revocation data")

// ExtendOptions say how [Extend] writes; the zero value is the default.
type ExtendOptions struct {
	// VRI also names, for each signature that has no such entry yet, what was
	// stored (EN 319 142-1, clause 5.4.2.3). No validator needs it.
	VRI bool
}

// Extend appends a revision with certificates and revocation data in the document
// security store (EN 319 142-1, clause 5.4.2; ISO 32000-2, 12.8.4.3). It merges an
// older store and stores nothing twice. If all is there already, nothing is
// appended. DocMDP and locks do not forbid it (ISO 32000-2, table 257).
func Extend(ctx context.Context, doc *Document, m cms.Material, o ExtendOptions) (*Revision, error) {
	v := pdf.Values{OCSPs: m.OCSPs, CRLs: m.CRLs}
	for _, c := range m.Certs {
		v.Certs = append(v.Certs, c.Raw)
	}
	var keys []string
	if o.VRI {
		var err error
		if keys, err = relatedKeys(doc); err != nil {
			return nil, err
		}
	}
	u := doc.Update()
	if _, err := u.Store(v, keys...); err != nil {
		return nil, fmt.Errorf("security store: %w", err)
	}
	if u.Empty() {
		return unchanged(ctx, doc)
	}
	if err := extension(doc, u); err != nil {
		return nil, err
	}
	return update(ctx, doc, u)
}

// relatedKeys are the names of the signatures in VRI: SHA-1 of /Contents as it
// stands, padding included.
func relatedKeys(doc *Document) ([]string, error) {
	var keys []string
	fields := doc.SignatureFields()
	for i := range fields {
		dict, err := doc.Signature(&fields[i])
		if err != nil {
			return nil, fmt.Errorf("read signature: %w", err)
		}
		if contents, ok := dict.Get("Contents").(pdf.String); ok {
			keys = append(keys, fmt.Sprintf("%X", sha1.Sum([]byte(contents)))) //nolint:gosec // as above
		}
	}
	return keys, nil
}

// extend collects what proves the signatures and time-stamps of a revision and
// stores it. The result is at B-LT or there is an error.
func (r *Revision) extend(ctx context.Context, from cms.Collector) (*Revision, error) {
	if from == nil {
		return nil, errNoRevocations
	}
	doc, err := r.open()
	if err != nil {
		return nil, err
	}
	s, err := surveyOf(doc)
	if err != nil {
		return nil, err
	}
	m, err := s.collect(ctx, from)
	if err != nil {
		return nil, err
	}
	out, err := Extend(ctx, doc, m, ExtendOptions{})
	if err != nil {
		return nil, err
	}
	return out, out.proven()
}

// collect brings the material for all signatures, or at least for the newest and
// all time-stamps.
func (s *survey) collect(ctx context.Context, from cms.Collector) (cms.Material, error) {
	m, err := from.Collect(ctx, s.certs(s.signatures), s.stamped())
	if err != nil && len(s.signatures) > 1 && ctx.Err() == nil {
		m, err = from.Collect(ctx, s.certs(s.signatures[len(s.signatures)-1:]), s.stamped())
	}
	if err != nil {
		return cms.Material{}, fmt.Errorf("revocation data: %w", err)
	}
	return m, nil
}

// proven checks that the store proves the newest signature: whatever a collector
// says, the file itself must hold it.
func (r *Revision) proven() error {
	doc, err := r.open()
	if err != nil {
		return err
	}
	s, err := surveyOf(doc)
	if err != nil {
		return err
	}
	if s.level < cms.BLT {
		return fmt.Errorf("revocation data: %w", s.missing)
	}
	return nil
}
