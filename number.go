package innsigli

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// barred are calling codes that no person's phone has, and that messages are pumped to for the sake of what they cost:
// premium rate, shared cost, freephone, satellite and other networks of no country (ITU-T, List of assigned country codes).
var barred = []string{"+800", "+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979"}

// Numbers says which phone numbers a server sends SMS to and calls.
type Numbers struct {
	// Allow are the beginnings of numbers that may be reached, as "+354"; none: all but those of no country.
	Allow []string
}

// Reaches says whether a number may be reached. One without a country is the gateway's own country's.
func (n Numbers) Reaches(phone string) bool {
	if rest, ok := strings.CutPrefix(phone, "00"); ok {
		phone = "+" + rest
	}
	begins := func(p string) bool { return strings.HasPrefix(phone, p) }
	if !strings.HasPrefix(phone, "+") {
		return true
	}
	return !slices.ContainsFunc(barred, begins) && (len(n.Allow) == 0 || slices.ContainsFunc(n.Allow, begins))
}

// Limits on SMS and calls within an hour, against those who have them sent for the sake of what they cost. Farewells (a
// cancel, an expiry) are neither counted nor held back.
const (
	MaxTextsOfNumber  = 30
	MaxTextsOfProcess = 300
	TextsOfCompany    = 2000 // unless the setting sms-hour says otherwise
)

// TextLimits are a server's limits on SMS and calls.
type TextLimits struct {
	Key       []byte // under which numbers are hashed to be counted
	OfCompany int    // within an hour; 0: [TextsOfCompany]
}

// Text is an SMS or a call, to be counted.
type Text struct {
	UID     string // the same on every attempt, which counts once
	Company CompanyKey
	Process ProcessKey
	Number  string // a keyed hash of the number
	Limit   int    // of the company
}

// Text is what an SMS or a call of a job counts as.
func (l TextLimits) Text(c CompanyKey, p ProcessKey, j Job) Text {
	mac := hmac.New(sha256.New, l.Key)
	_, _ = io.WriteString(mac, j.Address)
	t := Text{UID: j.UID, Company: c, Process: p, Number: hex.EncodeToString(mac.Sum(nil)[:16]), Limit: l.OfCompany}
	if t.Limit <= 0 {
		t.Limit = TextsOfCompany
	}
	return t
}

// sendCode keeps a decision to send a code, unless it would go by SMS or call and the hour has no room for it: it would wait,
// and end before it goes. Requests at the same moment do not see each other, so a code may still wait.
func (s *Service) sendCode(ctx context.Context, t Target, d Decision) (Change, error) {
	if err := s.mayText(ctx, t, d); err != nil {
		return Change{}, err
	}
	_, c, err := s.decide(ctx, t, d)
	return c, err
}

// mayText looks at what the decision would order now. What it refuses is left to its own words.
func (s *Service) mayText(ctx context.Context, t Target, d Decision) error {
	f, err := s.Store.Facts(ctx, t)
	if err != nil {
		return err
	}
	c, err := d(f)
	if err != nil {
		return nil //nolint:nilerr // it will be refused again, under the lock
	}
	for _, m := range append([]MemberChange{{f.Process.Key, c}}, c.Members...) {
		for _, j := range m.Jobs {
			if j.Kind != JobSmsCode && j.Kind != JobCallCode {
				continue
			}
			wait, err := s.Store.TextWait(ctx, s.TextLimits.Text(f.Company.Key, m.Process, j))
			if err != nil {
				return err
			}
			if wait > 0 {
				return s.noText(ctx, wait)
			}
		}
	}
	return nil
}

func (s *Service) noText(ctx context.Context, wait time.Duration) error {
	if s.Log != nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a code was asked for by SMS or call while a limit of the hour is reached", slog.Duration("wait", wait))
	}
	if s.TextsRefused != nil {
		s.TextsRefused()
	}
	e := errTooManyCodes()
	e.RetryAfter = max(wait.Round(time.Second), time.Second)
	e.Text = "Too many SMS and calls were asked for within an hour. A new code can be sent in " + e.RetryAfter.String() + "."
	return e
}
