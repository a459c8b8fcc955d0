package innsigli

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of refusal an [Error] is. The faces map kinds to HTTP in one table (web/errors.go).
type Kind int

// The kinds of refusal.
const (
	// Invalid: the request cannot be right whatever the state of things.
	Invalid Kind = iota + 1
	// Unauthenticated: no or wrong credentials.
	Unauthenticated
	// Unadmitted: the link alone is not enough, its holder has to prove who they are.
	Unadmitted
	// Forbidden: known, but not allowed to do this.
	Forbidden
	// NotFound: there is none, or none that the asker may know of.
	NotFound
	// NotActive: the process has ended or all have signed; nothing was changed.
	NotActive
	// Closed: NotActive where the public API has a code of its own for it, with attachments.
	Closed
	// Gone: it was there and is no more.
	Gone
	// TooLarge: more bytes than the written limit.
	TooLarge
	// TooMany: a rate limit; RetryAfter says when to come back.
	TooMany
	// Unavailable: something this needs is away; the same request works later.
	Unavailable
)

var kindNames = [...]string{
	"", "Invalid", "Unauthenticated", "Unadmitted", "Forbidden", "NotFound", "NotActive", "Closed", "Gone", "TooLarge", "TooMany", "Unavailable",
}

// Kinds lists every kind, for the test that each has a row in the faces' table.
func Kinds() []Kind {
	var all []Kind
	for k := Invalid; k <= Unavailable; k++ {
		all = append(all, k)
	}
	return all
}

// String is the kind's name.
func (k Kind) String() string {
	if k < Invalid || k > Unavailable {
		return "Kind(?)"
	}
	return kindNames[k]
}

// FieldError names one member of a request that is wrong, with its path ("createSignees[1].email").
type FieldError struct {
	Field string
	Code  string
	Text  string
}

// Error is a refusal with two halves: Text and Fields are for the asker, Cause is for the log and never shown.
// Everything that is not an *Error is an internal failure and answered without a text.
type Error struct {
	Kind       Kind
	Code       string // stable word on the wire: errorCode
	Text       string
	Fields     []FieldError
	RetryAfter time.Duration
	Cause      error
}

// Error says what the asker is told; with the cause, because logs print it.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Text, e.Cause)
	}
	return e.Text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// refuse makes a refusal about no field in particular.
func refuse(k Kind, code, text string) *Error { return &Error{Kind: k, Code: code, Text: text} }

// InvalidField makes the refusal of one field.
func InvalidField(field, code, text string) *Error {
	return &Error{Kind: Invalid, Code: code, Text: text, Fields: []FieldError{{field, code, text}}}
}

// KindOf gives the kind of the refusal in err, zero when it is an internal failure.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return 0
}

// FieldsOf gives the fields that the refusal in err names.
func FieldsOf(err error) []FieldError {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Fields
	}
	return nil
}

// fieldErrors collects what is wrong with a request, so that the asker learns all of it at once.
type fieldErrors []FieldError

func (f *fieldErrors) add(field, code, text string) {
	*f = append(*f, FieldError{field, code, text})
}

// err is nil when nothing was added. The first finding is the message, as clients that show only one expect.
func (f *fieldErrors) err() error {
	if len(*f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: (*f)[0].Code, Text: (*f)[0].Text, Fields: *f}
}

// The refusals that several verbs share.
var (
	errNoProcess = refuse(NotFound, "NotFound", "There is no such signing process.")
	errNoSignee  = refuse(NotFound, "NotFound", "There is no such signing process or signee.")
)

// notActive refuses a verb on a process that has ended, is completed or has been signed by all.
func notActive(s State, field string) *Error {
	text := "The process is not active: it is " + strings.ToLower(s.Shown()) + "."
	if s == Sealing {
		text = "The process is not active: everyone has signed and it is being sealed."
	}
	return &Error{Kind: NotActive, Code: "ProcessNotActive", Text: text, Fields: []FieldError{{field, "ProcessNotActive", text}}}
}

// ErrUnclear says that a commit was sent and its answer never came: the change may or may not have been kept. Whoever
// gets it has to read again before saying anything.
var ErrUnclear = errors.New("outcome of the commit is unclear")

// ErrLost says that a job is no longer held by the worker that wants to settle it: its lease ran out and another has it.
var ErrLost = errors.New("job is held by another worker")

// permanent marks an error of a job after which trying again is pointless.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks err as one that no second try can cure; the job becomes a dead letter.
func Permanent(err error) error { return permanent{err} }

// IsPermanent says whether err was marked by [Permanent].
func IsPermanent(err error) bool {
	_, ok := errors.AsType[permanent](err)
	return ok
}

// later carries the time after which a job wants to be tried again.
type later struct {
	error
	d time.Duration
}

func (l later) Unwrap() error { return l.error }

// slowed marks an error by which a receiver asks for less.
type slowed struct{ error }

func (s slowed) Unwrap() error { return s.error }

// Slowed marks err as one by which a receiver asks for fewer messages at a time.
func Slowed(err error) error { return slowed{err} }

// IsSlowed says whether err was marked by [Slowed].
func IsSlowed(err error) bool {
	_, ok := errors.AsType[slowed](err)
	return ok
}

// After marks err with the time to wait before the next try, in place of the worker's back-off.
func After(d time.Duration, err error) error { return later{err, d} }

// RetryIn gives the time that [After] set.
func RetryIn(err error) (time.Duration, bool) {
	l, ok := errors.AsType[later](err)
	return l.d, ok
}
