// Package web is what the faces of the server share: turning errors into answers, reading and writing the wire's JSON,
// knowing who the client is, and the frame around every request (identity, log, recovery, headers, routing).
//
// It is not in charge of any route; those are listed in api/routes.go and by package page.
// Start at [Frame] for what happens to every request and at [Refusal] for how errors become answers.
package web

import (
	"net/http"

	"github.com/innsigli/innsigli"
)

// HandlerFunc is a handler that returns its error in place of writing it. The frame writes and logs it, once.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// statusOf is the one table from kinds of refusal to HTTP. A test fails when a kind has no row.
var statusOf = map[innsigli.Kind]int{
	innsigli.Invalid:         http.StatusBadRequest,
	innsigli.Unadmitted:      http.StatusUnauthorized,
	innsigli.Unauthenticated: http.StatusUnauthorized,
	innsigli.Forbidden:       http.StatusForbidden,
	innsigli.NotFound:        http.StatusNotFound,
	innsigli.NotActive:       http.StatusBadRequest, // the Cancel page lists 400, not 409
	innsigli.Closed:          http.StatusNotAcceptable,
	innsigli.Gone:            http.StatusGone,
	innsigli.TooLarge:        http.StatusRequestEntityTooLarge,
	innsigli.TooMany:         http.StatusTooManyRequests,
	innsigli.Unavailable:     http.StatusServiceUnavailable,
}

// StatusClientGone is what the log says when the client left before its answer (nginx's number); nobody receives it.
const StatusClientGone = 499
