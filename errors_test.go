package innsigli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// wantInvalid fails unless err refuses exactly these fields, each with a code and a text.
func wantInvalid(t *testing.T, err error, fields ...string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != Invalid {
		t.Fatalf("got %v, want a refusal of kind Invalid", err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field)
		if f.Code == "" || f.Text == "" {
			t.Errorf("field %s has code %q and text %q", f.Field, f.Code, f.Text)
		}
	}
	if !slices.Equal(got, fields) {
		t.Errorf("fields %q, want %q", got, fields)
	}
	if len(e.Fields) > 0 && (e.Code != e.Fields[0].Code || e.Text != e.Fields[0].Text) {
		t.Errorf("message %q %q is not the first finding's", e.Code, e.Text)
	}
}

func TestKindsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if n := k.String(); n == "" || strings.Contains(n, "?") || seen[n] {
			t.Errorf("kind %d is called %q", k, n)
		}
		seen[k.String()] = true
	}
	if len(seen) != len(kindNames)-1 {
		t.Errorf("%d kinds, %d names", len(seen), len(kindNames)-1)
	}
	for _, k := range []Kind{0, -1, Unavailable + 1} {
		if k.String() != "Kind(?)" {
			t.Errorf("kind %d is called %q", k, k)
		}
	}
}

func TestErrorKeepsTheCauseOutOfTheAskersHalf(t *testing.T) {
	cause := errors.New("pq: relation processes is missing")
	e := &Error{Kind: Unavailable, Code: "Unavailable", Text: "Come back later.", Cause: cause}
	if strings.Contains(e.Text, "pq") || !strings.Contains(e.Error(), "pq") {
		t.Errorf("text %q, log %q", e.Text, e.Error())
	}
	if !errors.Is(e, cause) {
		t.Error("the cause cannot be found")
	}
}

func TestKindOfFindsWrappedRefusalsAndNothingElse(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want Kind
	}{
		"nil":      {nil, 0},
		"internal": {errors.New("x"), 0},
		"unclear":  {ErrUnclear, 0},
		"plain":    {errNoProcess, NotFound},
		"wrapped":  {fmt.Errorf("look: %w", errNoSignee), NotFound},
		"field":    {InvalidField("a", "b", "c"), Invalid},
		"of a job": {Permanent(fmt.Errorf("x: %w", notActive(Completed, "k"))), NotActive},
	} {
		if got := KindOf(tc.err); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestFieldErrorsTellEverythingAtOnceOrNothing(t *testing.T) {
	var none fieldErrors
	if err := none.err(); err != nil {
		t.Errorf("no finding is an error: %v", err)
	}
	var bad fieldErrors
	bad.add("a", "A", "first")
	bad.add("b", "B", "second")
	wantInvalid(t, bad.err(), "a", "b")
}

func TestNotActiveNeverNamesAnInnerState(t *testing.T) {
	for _, st := range everyState() {
		text := notActive(st, "ProcessKey").Text
		for _, inner := range []string{"Declined", "declined", "State("} {
			if strings.Contains(text, inner) {
				t.Errorf("%s: %q", st, text)
			}
		}
	}
}

func TestJobErrorsSpeakBehaviour(t *testing.T) {
	cause := errors.New("550 no such user")
	p := fmt.Errorf("mail: %w", Permanent(cause))
	if !IsPermanent(p) || !errors.Is(p, cause) {
		t.Errorf("%v is not permanent or lost its cause", p)
	}
	if IsPermanent(cause) || IsPermanent(nil) {
		t.Error("an unmarked error is permanent")
	}
	a := fmt.Errorf("purge: %w", After(time.Minute, cause))
	if d, ok := RetryIn(a); !ok || d != time.Minute || !errors.Is(a, cause) {
		t.Errorf("RetryIn(%v) = %v, %v", a, d, ok)
	}
	if d, ok := RetryIn(cause); ok || d != 0 {
		t.Errorf("RetryIn of an unmarked error = %v, %v", d, ok)
	}
}
