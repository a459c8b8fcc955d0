package pades

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"time"
)

var (
	errSubFilter = errors.New("kind of signature is not known")
	errBER       = errors.New("not in DER")
)

// VerifyOptions say whom to trust and what time it is.
type VerifyOptions struct {
	// Now is the time of validation, the clock's if it is zero.
	Now time.Time
	// Roots are trusted, Own too; Own are marked in the report as ours. Nil Roots and no Own
	// trust nobody.
	Roots *x509.CertPool
	Own   []*x509.Certificate
}

// Verify judges every signature and time-stamp of a document of size bytes, in all its
// revisions (EN 319 102-1). It first collects facts, then judges them, by the rules that the
// findings name. The error is a *[Refusal] for a document that cannot be read, and any other
// when r or ctx fails.
//
// Certificates are checked with what the document holds itself.
func Verify(ctx context.Context, r io.ReaderAt, size int64, o VerifyOptions) (*Report, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	f, err := collect(ctx, r, size)
	if err != nil {
		return nil, err
	}
	return judge(f, &o), nil
}
