package innsigli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
)

// MaxSealedBytes is the largest file that sealing makes, and that verification takes.
const MaxSealedBytes = pades.MaxFileSize

// verifyWithin is how long one document may be looked at: ordinary ones take milliseconds.
const verifyWithin = 20 * time.Second

// Report is what verification found; see package pades.
type Report = pades.Report

// SignatureReport is what was found about one signature.
type SignatureReport = pades.SignatureReport

// Party is who a certificate is about.
type Party = pades.Party

// Finding is a rule that has something to say.
type Finding = pades.Finding

// The conclusions of a validation (EN 319 102-1, 5.1.3).
const (
	TotalPassed   = pades.TotalPassed
	Indeterminate = pades.Indeterminate
	TotalFailed   = pades.TotalFailed
)

// Anchors says whom verification trusts.
type Anchors interface {
	// Anchors gives the roots of others, and those of the server's own authority.
	Anchors() (roots *x509.CertPool, own []*x509.Certificate)

	// OwnRevocations answers for certificates of the server's own authority, which it knows of itself, and for nobody
	// else's: nobody is asked over the network.
	OwnRevocations() cms.Collector
}

// Verify judges every signature of a document. It keeps nothing. What cannot be read is Invalid, with the field "file".
func (s *Service) Verify(ctx context.Context, r io.ReaderAt, size int64) (*Report, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, verifyWithin, errSlow)
	defer cancel()
	roots, own := s.Anchors.Anchors()
	report, err := pades.Verify(ctx, r, size, pades.VerifyOptions{
		Now: s.Now(), Roots: roots, Own: own, Revocations: s.Anchors.OwnRevocations(),
	})
	if refused, ok := errors.AsType[*pades.Refusal](err); ok {
		return nil, InvalidField("file", refused.Code, refused.Reason)
	}
	if err != nil && errors.Is(context.Cause(ctx), errSlow) {
		return nil, InvalidField("file", "TooComplex", "The document is too complex to be checked.")
	}
	if err != nil {
		return nil, fmt.Errorf("verify document: %w", err)
	}
	return report, nil
}

var errSlow = errors.New("verification takes too long")

// VerificationWords lists the stable words of reports: rules, and summaries. Faces have texts for all of them.
func VerificationWords() (rules, summaries []string) { return pades.Rules(), pades.Summaries() }
