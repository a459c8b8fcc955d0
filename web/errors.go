package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// Refusal gives the status and the public half of any error. What is not an *innsigli.Error is an internal failure: 500
// and no text of ours but a request's id, by which the log has the cause.
func Refusal(r *http.Request, err error) (int, *innsigli.Error) {
	if e, ok := errors.AsType[*innsigli.Error](err); ok {
		return statusOf[e.Kind], e
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return http.StatusRequestEntityTooLarge, &innsigli.Error{Kind: innsigli.TooLarge, Code: "TooLarge", Text: "The request is too large."}
	}
	if e, ok := errors.AsType[*TooLargeError](err); ok {
		large := innsigli.InvalidField(e.Path, "TooLarge", sentence(e.Path, "is larger than "+size(e.Max)))
		large.Kind = innsigli.TooLarge
		return http.StatusRequestEntityTooLarge, large
	}
	if e, ok := errors.AsType[*MalformedError](err); ok {
		return http.StatusBadRequest, innsigli.InvalidField(e.Path, "Malformed",
			sentence(e.Path, fmt.Sprintf("is malformed at byte %d: %s", e.Offset, e.Reason)))
	}
	if _, ok := errors.AsType[*BrokenBodyError](err); ok {
		return http.StatusBadRequest, &innsigli.Error{Kind: innsigli.Invalid, Code: "Malformed", Text: "The body did not come whole."}
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return StatusClientGone, &innsigli.Error{Code: "ClientGone"}
	}
	text := "Something failed on the server and nothing was changed. Request " + RequestID(r.Context()) + "."
	if errors.Is(err, innsigli.ErrUnclear) {
		text = "The outcome is unknown. The same call tells later. Request " + RequestID(r.Context()) + "."
	}
	return http.StatusInternalServerError, &innsigli.Error{Code: "InternalServerError", Text: text}
}

// sentence says something about a member for people, or about all that is not a document.
func sentence(path, what string) string {
	if path == "" {
		path = "The body"
	}
	return path + " " + what + "."
}

func size(n int64) string {
	if n > 0 && n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + " MB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// ErrorResponse is the public API's error body (facts/wire.md 1.1).
type ErrorResponse struct {
	ResponseStatus ResponseStatus `json:"responseStatus"`
}

// ResponseStatus says what is wrong: a stable code, a sentence, and every member of the request that is wrong.
type ResponseStatus struct {
	ErrorCode string       `json:"errorCode"`
	Message   string       `json:"message"`
	Errors    []FieldError `json:"errors"`
}

// FieldError is one member of a request that is wrong.
type FieldError struct {
	ErrorCode string `json:"errorCode"`
	FieldName string `json:"fieldName"`
	Message   string `json:"message"`
}

// WriteError answers with the ErrorResponse of the public API.
func WriteError(w http.ResponseWriter, r *http.Request, err error) int {
	status, e := Refusal(r, err)
	if status == StatusClientGone {
		return status
	}
	// Who was not admitted has no user name to give, and a browser must not ask for one.
	if status == http.StatusUnauthorized && e.Kind != innsigli.Unadmitted {
		w.Header().Set("WWW-Authenticate", `Basic realm="Innsigli", charset="UTF-8"`)
	}
	setRetryAfter(w, e.RetryAfter)
	if err := WriteJSON(w, status, ResponseOf(e)); err != nil {
		return StatusClientGone
	}
	return status
}

// ResponseOf writes the public half of a refusal as the wire has it.
func ResponseOf(e *innsigli.Error) ErrorResponse {
	body := ErrorResponse{ResponseStatus{ErrorCode: e.Code, Message: e.Text, Errors: []FieldError{}}}
	for _, f := range e.Fields {
		body.ResponseStatus.Errors = append(body.ResponseStatus.Errors, FieldError{f.Code, f.Field, f.Text})
	}
	return body
}

// WriteNotAllowed answers 405 with the methods that the address has (RFC 9110 15.5.6). It is no kind of refusal of the
// trade, which knows no methods.
func WriteNotAllowed(w http.ResponseWriter, allowed []string) {
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	// An error here is the client's going away; there is nothing to add to the answer.
	_ = WriteJSON(w, http.StatusMethodNotAllowed, ResponseOf(&innsigli.Error{
		Code: "MethodNotAllowed", Text: "This address takes " + strings.Join(allowed, ", ") + " only.",
	}))
}

// writeEncoded answers 415 to a body that is compressed, and says that none may be (RFC 9110 12.5.3 and 15.5.16). What is
// decompressed has no limit that the sender feels, and a PDF is compressed already.
func writeEncoded(w http.ResponseWriter) {
	w.Header().Set("Accept-Encoding", "identity")
	_ = WriteJSON(w, http.StatusUnsupportedMediaType, ResponseOf(&innsigli.Error{
		Code: "ContentEncoding", Text: "Send the body as it is, without Content-Encoding.",
	}))
}

func setRetryAfter(w http.ResponseWriter, d time.Duration) {
	if d > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(d.Seconds()+0.5)))
	}
}

// logFailure writes the cause of an internal failure, once. Refusals are no failures.
func logFailure(log *slog.Logger, r *http.Request, route string, status int, err error) {
	if status < http.StatusInternalServerError {
		return
	}
	log.ErrorContext(r.Context(), "request failed", "request", RequestID(r.Context()), "method", r.Method, "route", route,
		"status", status, "cause", err.Error())
}
