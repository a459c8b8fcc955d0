package pki

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/innsigli/innsigli/cms"
)

// stampAccuracy is what the local authority promises of its clock, which is the server's.
const stampAccuracy = time.Second

// Timestamp answers a request of RFC 3161, in DER; a refusal is an answer too. The time has whole seconds, as revocation
// data has: so what is fetched after a time stamp is never dated before it. The policy says nothing (any policy, RFC 5280
// 4.2.1.4): an authority of one's own has no practice statement. A certificate that has ended never signs.
func (a *Authority) Timestamp(ctx context.Context, request []byte, now time.Time) ([]byte, error) {
	token, err := a.token(ctx, request, now.UTC().Truncate(time.Second))
	if refusal, ok := errors.AsType[*cms.TimestampError](err); ok {
		return cms.RefuseTimestamp(refusal)
	}
	if err != nil {
		return nil, fmt.Errorf("time stamp: %w", err)
	}
	return cms.GrantTimestamp(token)
}

func (a *Authority) token(ctx context.Context, request []byte, now time.Time) ([]byte, error) {
	q, err := cms.ParseTimestampRequest(request)
	if err != nil {
		return nil, err
	}
	stamp := a.Stamp()
	if !now.Before(stamp.NotAfter()) {
		return nil, &cms.TimestampError{Status: rejection, Failure: cms.SystemFailure, Text: "the authority's certificate has ended"}
	}
	return cms.NewToken(ctx, q, cms.Stamp{Time: now, Accuracy: stampAccuracy, Policy: oidAnyPolicy, Serial: serial()}, stamp.Key, stamp.Chain, cms.Options{})
}

// rejection is a PKIStatus (RFC 3161 2.4.2).
const rejection = 2

func (s *Server) stamp(w http.ResponseWriter, r *http.Request) error {
	request, err := readRequest(w, r, "application/timestamp-query")
	if request == nil || err != nil {
		return err
	}
	der, err := s.Authority().Timestamp(r.Context(), request, s.Now())
	if err != nil {
		return err
	}
	return write(w, "application/timestamp-reply", der)
}
