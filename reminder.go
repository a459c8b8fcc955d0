package innsigli

import (
	"context"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // so that time zones are known on machines that have none installed
)

// Limits of a reminder rule, in days (the public API's CreateSigningProcess.reminderRule).
const (
	MaxReminderFirst = 30 // until the first reminder: a process lives as long
	MaxReminderEvery = 15 // between two of the following
)

// The settings of a company that has said nothing of them.
const (
	DefaultTimeZone     = "UTC"
	DefaultReminderHour = 9
)

// reminderGap is the least time between a reminder that comes late and the next.
const reminderGap = 12 * time.Hour

// ReminderRule says on which days somebody who does not sign is reminded: First days after the invitation, then every
// so many days. Zero: none of that sort.
type ReminderRule struct{ First, Every int }

// parseReminderRule reads "{first}:{every}"; an empty text is the rule without reminders.
func parseReminderRule(s string) (ReminderRule, bool) {
	if s == "" {
		return ReminderRule{}, true
	}
	first, every, ok := strings.Cut(s, ":")
	f, okFirst := days(first, MaxReminderFirst)
	e, okEvery := days(every, MaxReminderEvery)
	return ReminderRule{f, e}, ok && okFirst && okEvery
}

// days reads a number of days in plain digits.
func days(s string, most int) (int, bool) {
	if s == "" || len(s) > 2 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= most
}

func checkReminderRule(bad *fieldErrors, s string) {
	if _, ok := parseReminderRule(s); !ok {
		bad.add("reminderRule", "ReminderRule",
			`reminderRule must be two numbers of days, as "1:3": 0 to 30 until the first reminder and 0 to 15 between those that follow; 0 for none.`)
	}
}

// String is the rule as the wire has it; empty without reminders.
func (r ReminderRule) String() string {
	if r == (ReminderRule{}) {
		return ""
	}
	return itoa(r.First) + ":" + itoa(r.Every)
}

// next is the first moment of the rule after a time: days are counted in the company's time zone from the day of the
// invitation, and each begins at the reminder hour. An hour that the change to summer time leaves out is the one that
// the clock shows instead (time.Date). Zero: there is none.
func (r ReminderRule) next(invited, after time.Time, hour int, zone *time.Location) time.Time {
	y, m, d := invited.In(zone).Date()
	at := func(n int) time.Time { return time.Date(y, m, d+n, hour, 0, 0, 0, zone).UTC() }
	n := r.First
	if n == 0 {
		n = r.Every
	}
	if n == 0 {
		return time.Time{}
	}
	if r.Every > 0 { // not one by one: a process may be told to stay open for years
		if passed := int(after.Sub(invited).Hours()/24) - n; passed > r.Every {
			n += (passed/r.Every - 1) * r.Every
		}
	}
	for ; ; n += r.Every {
		t := at(n)
		switch {
		case t.After(after):
			return t
		case r.Every == 0:
			return time.Time{}
		}
	}
}

// Zone is where the company's days begin, by the machine's table of time zones or the one that is built in; UTC when its
// name means nothing any more.
func (c Company) Zone() *time.Location {
	z, err := zoneNamed(c.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

// zoneNamed finds a time zone by its IANA name. That of the machine ("Local") is none.
func zoneNamed(name string) (*time.Location, error) {
	if strings.EqualFold(name, "local") {
		name = "no/zone"
	}
	return time.LoadLocation(name)
}

// waiting are those of the signees who can sign now and have not.
func (f Facts) waiting(who []Signee) []Signee {
	turns := f.turns()
	var out []Signee
	for _, s := range who {
		if !s.Signed() && turns[s.Key] {
			out = append(out, s)
		}
	}
	return out
}

// nextReminder is when a person who was invited at a time is reminded next after another; of a sequence by the rules of
// the documents that are still to be signed. Zero: never, which the last moment of the process ends too.
func (f Facts) nextReminder(who []Signee, invited, after time.Time) time.Time {
	var next time.Time
	for _, s := range f.waiting(who) {
		rule := f.Of(s.Process).Process.Reminders
		if rule == (ReminderRule{}) {
			continue
		}
		t := rule.next(invited, after, f.Company.ReminderHour, f.Company.Zone())
		if !t.IsZero() && t.Before(f.Process.ExpiresAt) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}

// unreminded says whether somebody has turned a person's reminders off.
func unreminded(who []Signee) bool {
	for _, s := range who {
		if !s.RemindersOff.IsZero() {
			return true
		}
	}
	return false
}

// reminding orders the job that waits for a person's next reminder. It names the invitation from which days are counted:
// after a newer one it does nothing.
func (f Facts) reminding(who []Signee, invited, after time.Time) []Job {
	if len(who) == 0 || !f.Process.State.Active() || unreminded(who) {
		return nil
	}
	next := f.nextReminder(who, invited, after)
	if next.IsZero() {
		return nil
	}
	return []Job{{Kind: JobRemind, Signee: who[0].Key, Ref: countedFrom(invited), Due: next}}
}

// countedFrom names an invitation by its time.
func countedFrom(invited time.Time) string { return strconv.FormatInt(invited.UnixMicro(), 10) }

// RemindJob is the job that waits for a person's next reminder.
func (s *Service) RemindJob(_ context.Context, j Job) (Decision, error) {
	return func(f Facts) (Change, error) { return decideReminderDue(f, j), nil }, nil
}

// decideReminderDue orders the automatic reminder of a person, and the job for the next one. However many were missed
// while no node ran, it is one.
func decideReminderDue(f Facts, j Job) Change {
	you, ok := f.Signee(j.Signee)
	if !ok { // taken off one document of a sequence, the person may have others to sign
		you, _ = f.removed(j.Signee)
		if p, stays := f.Person(you.Person); stays {
			you, ok = p.First(), true
		}
	}
	if !ok || !f.Process.State.Active() || due(f) || countedFrom(you.RemindFrom) != j.Ref {
		return Change{}
	}
	who := f.same(you)
	c := Change{Jobs: f.reminding(who, you.RemindFrom, f.Now)}
	// The company may have moved its hour since the job was ordered: what comes later on that day is waited for.
	y, m, d := j.Due.In(f.Company.Zone()).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, f.Company.Zone()).Add(-time.Microsecond)
	at := f.nextReminder(who, you.RemindFrom, day)
	if unreminded(who) || at.IsZero() || at.After(f.Now) {
		return c
	}
	// One that comes late because no node ran gives way to the next when that is near.
	if len(c.Jobs) > 0 && f.Now.Sub(at) > reminderGap && c.Jobs[0].Due.Sub(f.Now) < reminderGap {
		return c
	}
	seen := map[string]bool{}
	for _, s := range f.waiting(who) {
		if to := s.DeliveryAddress(); to != "" && !seen[to] {
			seen[to] = true
			c.place(f, []ordered{reminder(f, s, s.Delivery, reminderAuto)})
		}
	}
	return c
}

// What a reminder's Ref says.
const (
	reminderAuto     = "auto"     // by the rule, so that it must not go out to whoever turned them off
	reminderWithLink = "withlink" // asked for by the company, with the link that turns the automatic ones off
)

// WithUnsubscribe says whether a reminder carries the link that turns automatic ones off.
func (j Job) WithUnsubscribe() bool { return j.Ref == reminderAuto || j.Ref == reminderWithLink }

// reminder is the message to a signee.
func reminder(f Facts, s Signee, by Delivery, ref string) ordered {
	j := Job{
		Kind: JobMailRemind, Address: s.Email, Signee: s.Key, Ref: ref, Language: s.Lang(f.Company),
		Lane: lane(f.Process.Group, s),
	}
	if by == DeliverSms {
		j.Kind, j.Address = JobSmsRemind, s.Phone
	}
	j.Uniq = string(j.Kind) + ":" + string(s.Key) // one that waits stands for the next
	return ordered{s.Process, j}
}

// ReminderSent is what follows when a reminder has been handed over: its lines in the log and the event, for each document
// that the person can sign. way is "Email" or "Sms".
func ReminderSent(j Job, way string) Decision {
	return func(f Facts) (Change, error) {
		you, ok := f.Signee(j.Signee)
		if !ok {
			you, ok = f.removed(j.Signee)
		}
		if !ok {
			return Change{}, nil
		}
		who := f.waiting(f.same(you))
		if len(who) == 0 { // signed, canceled or taken off while it was handed over
			who = []Signee{you}
		}
		var c Change
		for _, s := range who {
			one := c.Of(f, s.Process)
			one.Log = append(one.Log, LogEntry{Kind: LogReminderSent, Signee: s.Key, Detail: way, Mail: j.Address, Message: j.UID})
			if m := f.Of(s.Process); m.Process.State.Active() {
				one.Jobs = append(one.Jobs, webhookJobs(m, EventReminder)...)
			}
		}
		return c, nil
	}
}
