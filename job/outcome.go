package job

import (
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/innsigli/innsigli"
)

// When a job is tried again, and when it is given up.
const (
	lastRetry    = 15 * time.Minute
	giveUp       = 30 * 24 * time.Hour
	unknownRetry = time.Minute // a newer node may know the kind
	maxWhy       = 500         // runes of a dead letter's cause
)

// endless are the kinds that are never given up: what they do has to happen, and nobody outside can refuse it.
func endless(k innsigli.JobKind) bool {
	return k == innsigli.JobSeal || k == innsigli.JobRaise || k == innsigli.JobDiscard || k == innsigli.JobPurge || k == innsigli.JobExpire || k == innsigli.JobHoldExpire
}

// outcome judges how an attempt ended.
func (w *Worker) outcome(j innsigli.Job, err error) innsigli.Outcome {
	if err == nil {
		return innsigli.Outcome{State: innsigli.JobDone}
	}
	why := scrub(err.Error())
	if innsigli.IsPermanent(err) && !endless(j.Kind) {
		return innsigli.Outcome{State: innsigli.JobDead, Why: why}
	}
	now := w.Now()
	wait, set := innsigli.RetryIn(err)
	if !set {
		wait = w.backoff(j.Attempt)
	}
	retry := now.Add(wait)
	if !endless(j.Kind) && retry.Sub(j.At) > giveUp {
		return innsigli.Outcome{State: innsigli.JobDead, Why: why}
	}
	return innsigli.Outcome{State: innsigli.JobReady, Retry: retry, Why: why, Slow: innsigli.IsSlowed(err)}
}

// backoff doubles with every attempt up to a quarter of an hour; the jitter over all of it keeps jobs that failed
// together from coming back together.
func (w *Worker) backoff(attempt int) time.Duration {
	least, most := w.retry(), lastRetry
	if attempt < 20 {
		most = min(lastRetry, least<<max(attempt, 1))
	}
	return least + time.Duration(w.random()*float64(most-least))
}

// What must not stand in a dead letter's cause nor in the server's log: addresses, keys, telephone numbers.
var (
	addresses = regexp.MustCompile(`[^\s<>"'(),;:]+@[^\s<>"'(),;:]+`)
	keys      = regexp.MustCompile(`\b(?:s[pi]|pg|gs|at)?[0-9a-f]{12,}\b`)
	numbers   = regexp.MustCompile(`\+\d[\d ().-]{5,}\d|\b\d{7,}\b`)
)

// scrub takes out of a text what could name a person or open a link, and cuts it.
func scrub(s string) string {
	s = addresses.ReplaceAllString(s, "(address)")
	s = keys.ReplaceAllString(s, "(key)")
	s = numbers.ReplaceAllString(s, "(number)")
	if utf8.RuneCountInString(s) > maxWhy {
		s = string([]rune(s)[:maxWhy]) + "…"
	}
	return s
}
