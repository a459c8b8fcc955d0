package notify

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/innsigli/innsigli"
)

func TestAnswersOfAMailServerAreJudgedByTheirCodes(t *testing.T) {
	const temporary, refused, large = "temporary", "refused", "too large"
	for _, tc := range []struct {
		code int
		x    smtp.EnhancedCode
		want string
	}{
		{421, smtp.EnhancedCode{4, 3, 2}, temporary},
		{450, smtp.EnhancedCode{4, 2, 0}, temporary},
		{452, smtp.EnhancedCode{4, 3, 1}, temporary},
		{530, smtp.EnhancedCode{5, 7, 0}, temporary}, // our login, not the message
		{550, smtp.EnhancedCode{5, 1, 1}, refused},
		{550, smtp.EnhancedCode{}, refused},
		{552, smtp.EnhancedCode{5, 2, 2}, refused}, // mailbox full
		{552, smtp.EnhancedCode{}, large},
		{552, smtp.EnhancedCode{5, 3, 4}, large},
		{554, smtp.EnhancedCode{5, 3, 4}, large},
		{550, smtp.EnhancedCode{5, 2, 3}, large},
		{554, smtp.EnhancedCode{5, 7, 1}, refused},
	} {
		err := refusal("rcpt", &smtp.SMTPError{Code: tc.code, EnhancedCode: tc.x, Message: "<bjorn@example.is> is full"}, 10, 5)
		got := temporary
		if _, ok := errors.AsType[*TooLargeError](err); ok {
			got = large
		} else if _, ok := errors.AsType[*RefusedError](err); ok {
			got = refused
		}
		if got != tc.want || strings.Contains(err.Error(), "bjorn") {
			t.Errorf("%d %v is %s (%v), want %s", tc.code, tc.x, got, err, tc.want)
		}
	}
	for _, tc := range []struct {
		code int
		x    smtp.EnhancedCode
		want bool
	}{
		{421, smtp.EnhancedCode{4, 3, 2}, true},
		{421, smtp.EnhancedCode{}, true},
		{450, smtp.EnhancedCode{4, 7, 28}, true},
		{451, smtp.EnhancedCode{4, 7, 1}, true}, // greylisting, of some
		{450, smtp.EnhancedCode{4, 2, 0}, false},
		{452, smtp.EnhancedCode{}, false},
		{550, smtp.EnhancedCode{5, 7, 1}, false},
		{530, smtp.EnhancedCode{5, 7, 0}, false},
	} {
		err := refusal("rcpt", &smtp.SMTPError{Code: tc.code, EnhancedCode: tc.x}, 10, 5)
		if innsigli.IsSlowed(err) != tc.want {
			t.Errorf("%d %v slows its domain: %v", tc.code, tc.x, !tc.want)
		}
	}
	if err := refusal("message", io.ErrUnexpectedEOF, 10, 5); isFinal(err) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken connection is %v", err)
	}
}
