package pades

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"time"

	"github.com/innsigli/innsigli/cms"
)

var (
	errSubFilter = errors.New("kind of signature is not known")
	errBER       = errors.New("not in DER")
	errContent   = errors.New("what was signed is not where the kind of signature has it")
)

// VerifyOptions say whom to trust and what time it is.
type VerifyOptions struct {
	// Now is the time of validation.
	Now time.Time
	// Roots are trusted, Own too; Own are marked in the report as ours. Nil Roots and no Own
	// trust nobody.
	Roots *x509.CertPool
	Own   []*x509.Certificate
	// Revocations is asked about certificates of which the document itself proves nothing; nil asks nobody. What it brings
	// counts for the conclusion, not for the level.
	Revocations cms.Collector
}

// Verify judges every signature and time-stamp of a document of size bytes, in all its
// revisions (EN 319 102-1). It first collects facts, then judges them, by the rules that the
// findings name. The error is a *[Refusal] for a document that cannot be read, and any other
// when r or ctx fails.
//
// Certificates are checked with what the document holds itself, unless o names somebody to ask.
func Verify(ctx context.Context, r io.ReaderAt, size int64, o VerifyOptions) (*Report, error) {
	if o.Now.IsZero() {
		return nil, errors.New("verify: no time of validation")
	}
	f, err := collect(ctx, r, size)
	if err != nil {
		return nil, err
	}
	f.ask(ctx, o.Revocations)
	return judge(f, &o), nil
}

// ask gets what can be had about the certificates of each signature. Who does not answer leaves things as they are: the
// judgement then says that nothing is known.
func (f *facts) ask(ctx context.Context, c cms.Collector) {
	f.known.Add(f.material)
	for _, s := range f.signatures {
		if s.sig != nil && s.mathErr == nil {
			f.known.Add(s.sig.Archived())
		}
	}
	if c == nil {
		return
	}
	about := func(signer *x509.Certificate, others []*x509.Certificate) {
		m, err := c.Collect(ctx, append([]*x509.Certificate{signer}, others...), time.Time{})
		if err == nil {
			f.known.Add(m)
		}
		if revoked, ok := errors.AsType[proven](err); ok {
			f.known.Add(revoked.Proof())
		}
	}
	for _, s := range f.signatures {
		if s.sig != nil {
			about(s.sig.Signer, s.sig.Certificates)
		}
		if s.token != nil {
			about(s.token.Signer, s.token.Certs)
		}
	}
}

// proven is the error of a collector for a certificate that was revoked, with what says so.
type proven interface {
	error
	Proof() cms.Material
}
