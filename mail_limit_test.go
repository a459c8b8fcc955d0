package innsigli

import (
	"errors"
	"testing"
	"time"
)

func TestMailsOfAnHourAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 30, 0, time.UTC)
	ago := func(minutes, n int) Addressed {
		return Addressed{Minute: now.Truncate(time.Minute).Add(-time.Duration(minutes) * time.Minute), N: n}
	}
	for name, c := range map[string]struct {
		sent []Addressed
		n    int
		wait time.Duration // 0: allowed
	}{
		"nothing yet":                     {nil, 10, 0},
		"up to the limit":                 {[]Addressed{ago(30, 4), ago(1, 5)}, 1, 0},
		"one over":                        {[]Addressed{ago(30, 4), ago(1, 6)}, 1, 30*time.Minute - 30*time.Second},
		"more than the oldest gives free": {[]Addressed{ago(59, 1), ago(30, 4), ago(1, 5)}, 3, 30*time.Minute - 30*time.Second},
		"all has to go":                   {[]Addressed{ago(59, 1), ago(1, 9)}, 10, 59*time.Minute - 30*time.Second},
		"larger than the limit, alone":    {nil, 11, 0},
		"larger than the limit":           {[]Addressed{ago(10, 1)}, 11, 50*time.Minute - 30*time.Second},
	} {
		err := decideMails(c.sent, now, c.n, 10)
		e, refused := errors.AsType[*Error](err)
		switch {
		case (c.wait == 0) != (err == nil):
			t.Errorf("%s: %v", name, err)
		case refused && (e.Kind != TooMany || e.Code != "TooManyMails" || e.RetryAfter != c.wait):
			t.Errorf("%s: %+v, want to wait %s", name, e, c.wait)
		}
	}
}
