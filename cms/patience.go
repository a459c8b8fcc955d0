package cms

import (
	"context"
	"crypto"
	"crypto/x509"
	"time"
)

// Patient are the same services, which fail when they have taken longer than most in all, over all calls: a document
// that waits for a seal does not wait for other people's servers for ever. done gives the timer back.
func (s Services) Patient(most time.Duration) (_ Services, done context.CancelFunc) {
	until, done := context.WithTimeout(context.Background(), most)
	if s.Timestamps != nil {
		s.Timestamps = patientTimestamper{s.Timestamps, until}
	}
	if s.Revocations != nil {
		s.Revocations = patientCollector{s.Revocations, until}
	}
	return s, done
}

type patientTimestamper struct {
	Timestamper

	until context.Context //nolint:containedctx // the end of the patience, shared by several calls
}

// Timestamp ends with the patience.
func (p patientTimestamper) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error) {
	ctx, stop := both(ctx, p.until)
	defer stop()
	return p.Timestamper.Timestamp(ctx, h, digest)
}

type patientCollector struct {
	Collector

	until context.Context //nolint:containedctx // as above
}

// Collect ends with the patience.
func (p patientCollector) Collect(ctx context.Context, certs []*x509.Certificate, after time.Time) (Material, error) {
	ctx, stop := both(ctx, p.until)
	defer stop()
	return p.Collector.Collect(ctx, certs, after)
}

// both ends when either does.
func both(ctx, until context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(until, func() { cancel(context.Cause(until)) })
	return ctx, func() { stop(); cancel(nil) }
}
