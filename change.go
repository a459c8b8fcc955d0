package innsigli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Facts are what a decision knows: read inside the transaction after the group was locked, so they stay true until it
// commits.
type Facts struct { //nolint:recvcheck // read as values; only setState writes, into a decision's own copy
	Now      time.Time
	Company  Company
	Flow     Flow
	Process  Process
	Webhooks []Webhook // of the process's flow
	// Inbox is where the company's template of type Notification sends what is completed (Template.To); empty when there is
	// no such template.
	Inbox string
	// Sequence is the one that the process is part of, and Members are all its processes in their order, Process among
	// them; both are zero for a process alone.
	Sequence Sequence
	Members  []Member
	// Challenge is the one that the verb names; zero when it names none or there is none.
	Challenge Challenge
	// Message is what the log of the whole group says of the message that the verb names, and Handing the job that hands it
	// over at this moment; both are zero when the verb names none.
	Message []LogEntry
	Handing Job
	// Held says that the wrapped key stands in the hold, for the owner's copy and for events that carry the document.
	Held bool
	// Copied says that the owner has the copy, and only such events keep the hold; Hooks is how many of them are not
	// settled yet. Both say nothing when nothing is held.
	Copied bool
	Hooks  int
}

// Decision judges facts. It has no hands: same facts, same change.
type Decision func(Facts) (Change, error)

// Change is what a decision wants to be true from one commit on. The zero value changes nothing.
// Field order is the order in which the store writes.
type Change struct { //nolint:recvcheck // what decisions share fill a place; what reads and prints does so for values too
	State   State  // zero: stays. The store refuses what State.May does not allow.
	EndedBy string // with a state that ends

	Invited   []SigneeKey // these signees' invitation has been handed over
	Seen      SigneeKey   // this signee saw the document for the first time
	Read      *Read       // this signee was shown more of it
	Sign      []Signature // signees sign
	Challenge *Challenge  // a code is asked for; older ones of the signee become void
	Enter     Token       // the challenge by which somebody is admitted to the document
	Decline   *Refusal    // a signee refuses

	Edit     []Signee          // signees of the process become so: address, reason, user
	Add      []Signee          // signees are added behind all others
	Remove   []SigneeKey       // signees are taken off
	Reassign []Reassignment    // others take the places of signees
	Reopen   []SigneeKey       // wrong tries of signees up to now count no more
	Quiet    []Quiet           // reminders that are queued for signees must not go out
	Hush     []Hush            // what is queued for signees must not go out, and their codes are void
	Meta     map[string]string // the whole of it, when it changes

	Reminded []SigneeKey // the company asked for a reminder of these signees, which counts against its limit

	Sealed   *Document     // the sealed document
	Raises   string        // the blob of the sealed document whose place Sealed takes; empty: it is the first
	Evidence *Reference    // its evidence, when that is a file of its own
	Renews   string        // the blob of the evidence whose place Evidence takes; empty: it is the first
	Attach   []Reference   // files that are attached
	Detach   AttachmentKey // a file that is taken away
	Draw     []Drawing     // drawn signatures, each in the place of an earlier one
	Key      KeyMove       // what becomes of the process's data key
	Erase    bool          // the personal data of the ended process goes
	Forget   bool          // the rows that list the process's bytes go: the blobs have been deleted
	Log      []LogEntry    // At, Process and Flow are filled in by the store
	Drop     []JobKind     // queued jobs of the process that must not run any more
	Hasten   []JobKind     // queued jobs of the group that need not wait for their first time any more
	Jobs     []Job         // Process is filled in by the store

	// Members is what becomes of other processes of the sequence in the same commit, after all of the above; each at
	// most once, and without members of its own.
	Members []MemberChange
}

// MemberChange is what becomes of one process of a sequence.
type MemberChange struct {
	Process ProcessKey
	Change
}

// Empty says whether nothing is to be kept.
func (c Change) Empty() bool {
	return c.State == 0 && c.leavesSignees() && c.leavesFiles() && c.Meta == nil && c.Key == KeyStays && !c.Forget && !c.Erase &&
		len(c.Log) == 0 && len(c.Drop) == 0 && len(c.Hasten) == 0 && len(c.Jobs) == 0 && len(c.Members) == 0
}

// leavesSignees says whether nothing becomes of signees.
func (c Change) leavesSignees() bool {
	return len(c.Invited) == 0 && c.Seen == "" && c.Read == nil && len(c.Sign) == 0 && c.Challenge == nil && c.Enter == "" && c.Decline == nil &&
		len(c.Quiet) == 0 && len(c.Reminded) == 0 && len(c.Edit) == 0 && len(c.Add) == 0 && len(c.Remove) == 0 && len(c.Reassign) == 0 && len(c.Reopen) == 0 && len(c.Hush) == 0
}

// leavesFiles says whether nothing becomes of the document and the files beside it.
func (c Change) leavesFiles() bool {
	return c.Sealed == nil && c.Evidence == nil && len(c.Attach) == 0 && c.Detach == "" && len(c.Draw) == 0
}

// Signature is a signee's signature of type Simple: who answered which code, from where, having been shown what.
type Signature struct {
	Signee SigneeKey
	At     time.Time
	Token  Token
	Via    Channel
	To     string
	Act
	SHA256 string // hex, of the bytes that were shown
	// Person is set when the code was asked for to sign all documents of that person.
	Person SequenceSigneeKey
}

// Quiet ends reminders of a signee: those that wait or are about to be handed over.
type Quiet struct {
	Signee SigneeKey
	Off    bool // automatic ones only, and none is made any more
}

// Hush silences what was meant for a signee: invitations, reminders and codes that are queued, and codes that were sent.
type Hush struct {
	Signee  SigneeKey
	Address string // only what goes there; empty: all
}

// KeyMove says what becomes of the process's wrapped data key. A key that is not in its table opens nothing.
type KeyMove int

// What can become of a data key (design/decisions.md 1, rows 7 and 9).
const (
	KeyStays KeyMove = iota
	// KeyDestroyed deletes it: from the commit on the document is unreadable.
	KeyDestroyed
	// KeyHeld moves it where only the job that makes the owner's copy looks.
	KeyHeld
	// HoldDestroyed deletes it from the hold.
	HoldDestroyed
	// HoldCopied leaves it in the hold and says that the owner has the copy.
	HoldCopied
)

var keyMoveNames = [...]string{"stays", "destroyed", "held", "hold destroyed", "hold copied"}

// String names the move in golden files.
func (k KeyMove) String() string { return keyMoveNames[k] }

// JobKind names what a job does. The worker knows kinds only as names.
type JobKind string

// The kinds of job. A mail is one message to one address.
const (
	JobSeal          JobKind = "seal"
	JobRaise         JobKind = "raise"
	JobDiscard       JobKind = "discard"
	JobExpire        JobKind = "expire"
	JobRemind        JobKind = "remind" // waits for a person's next reminder
	JobPurge         JobKind = "purge"
	JobHoldExpire    JobKind = "hold.expire"
	JobMailInvite    JobKind = "mail.invitation"
	JobMailCode      JobKind = "mail.code"
	JobMailCompleted JobKind = "mail.completed"
	JobMailCanceled  JobKind = "mail.canceled"
	JobMailDeclined  JobKind = "mail.declined"
	JobMailUnreached JobKind = "mail.undelivered"
	JobMailRemind    JobKind = "mail.reminder"
	JobMailRemoved   JobKind = "mail.removed"
	JobMailExpired   JobKind = "mail.expired"
	JobMailOwnerCopy JobKind = "mail.owner_copy"
	JobMailOwnerDone JobKind = "mail.owner_completed"
	JobMailNotify    JobKind = "mail.notification"
	JobSmsInvite     JobKind = "sms.invitation"
	JobSmsCode       JobKind = "sms.code"
	JobSmsRemind     JobKind = "sms.reminder"
	JobSmsCanceled   JobKind = "sms.canceled"
	JobSmsExpired    JobKind = "sms.expired"
	JobCallCode      JobKind = "call.code"
	JobWebhook       JobKind = "webhook"
	JobMailPassed    JobKind = "mail.reassigned"
)

// Job is work that one commit ordered. A row holds ids, language, kind and address; never a key, a code, a document, a
// rendered text or a link, since rows outlive what they speak of.
type Job struct {
	ID       int64
	UID      string // empty in an order: the store makes one. 32 hex digits, the same on every attempt: Message-ID and a webhook's Id come from it
	Kind     JobKind
	Process  ProcessKey
	Signee   SigneeKey
	Ref      string // token of a code, id of a webhook; "fallback" for the owner's copy to the company; see reminder.go
	Event    EventType
	Address  string // blanked when the job is done
	Language Language
	// Lane orders what must not overtake: of two jobs in a lane the later waits while the earlier runs, and for
	// webhooks also while the earlier waits for its next attempt. Empty: no order.
	Lane string
	// Target says which jobs are for the same receiver, of whom only some run at once; webhooks alone have one.
	Target string
	// Uniq keeps a second unfinished job with the same value from being made. Empty: none.
	Uniq    string
	Due     time.Time // zero: at once
	Attempt int       // counted when claimed, so it is 1 on the first try
	Earlier int       // the attempts that were made before it was ordered once more
	At      time.Time // when the commit was made: the time of the event
}

// String is the stable text of a change: the whole consequence of a decision, for golden files.
func (c Change) String() string {
	var b strings.Builder
	line := func(f string, a ...any) { fmt.Fprintf(&b, f+"\n", a...) }
	if c.State != 0 {
		line("state %s%s", c.State, prefixed(" by ", c.EndedBy))
	}
	for _, k := range c.Invited {
		line("invited %s", k)
	}
	if c.Seen != "" {
		line("seen %s", c.Seen)
	}
	if r := c.Read; r != nil {
		line("read %s %d s pages %s downloads %d", r.Signee, r.Seconds, r.Pages, r.Downloads)
	}
	for _, s := range c.Sign {
		line("signed %s via %s shown %s", s.Signee, s.Via, s.SHA256)
	}
	if ch := c.Challenge; ch != nil {
		line("challenge %s %s%s via %s until %s", ch.Token, ch.Signee, prefixed(" for all of ", string(ch.Person)), ch.Via, ch.ExpiresAt.Format(time.RFC3339))
	}
	if d := c.Decline; d != nil {
		line("declined %s%s", d.Signee, prefixed(": ", d.Reason))
	}
	if c.Sealed != nil {
		line("sealed %s %d bytes%s%s", c.Sealed.Blob, c.Sealed.Size, c.Sealed.reached(), prefixed(" instead of ", c.Raises))
	}
	if c.Evidence != nil {
		line("evidence %s %d bytes%s%s", c.Evidence.Blob, c.Evidence.Size, c.Evidence.reached(), prefixed(" instead of ", c.Renews))
	}
	for _, a := range c.Attach {
		line("attach %s %d bytes%s", a.Blob, a.Size, prefixed(" of ", string(a.Signee)))
	}
	if c.Detach != "" {
		line("detach %s", c.Detach)
	}
	for _, d := range c.Draw {
		line("drawing %s of %s", d.Blob, d.Signee)
	}
	c.signees(line)
	for _, k := range slices.Sorted(maps.Keys(c.Meta)) {
		line("meta %s=%s", k, c.Meta[k])
	}
	if c.Key != KeyStays {
		line("key %s", c.Key)
	}
	if c.Erase {
		line("erase personal data")
	}
	if c.Forget {
		line("forget bytes")
	}
	for _, e := range c.Log {
		line("log %s%s%s by %s", e.Kind, prefixed(" ", string(e.Signee)), prefixed(" ", e.Detail), e.CreatedBy())
	}
	for _, k := range c.Drop {
		line("drop %s", k)
	}
	for _, k := range c.Hasten {
		line("hasten %s", k)
	}
	for _, j := range c.Jobs {
		due := ""
		if !j.Due.IsZero() {
			due = " due " + j.Due.Format(time.RFC3339)
		}
		line("job %s%s%s%s%s%s", j.Kind, prefixed(" ", string(j.Signee)), prefixed(" to ", j.Address),
			prefixed(" in ", j.Language.Tag()), prefixed(" ref ", j.Ref)+prefixed(" event ", j.Event.String()), due)
	}
	for _, m := range c.Members {
		line("process %s", m.Process)
		for text := range strings.Lines(m.String()) {
			b.WriteString("  " + text)
		}
	}
	return b.String()
}

// signees is the part of the text about people who are changed, come and go.
func (c Change) signees(line func(string, ...any)) {
	for _, s := range c.Edit {
		line("signee %s %s", s.Key, strings.Join([]string{s.Email, s.Address, s.PostalCode, s.City, s.Reason, s.User}, " | "))
	}
	for _, s := range c.Add {
		line("add %s", strings.Join([]string{s.Name, s.Email, s.Phone, s.Delivery.String()}, " | "))
	}
	for _, k := range c.Remove {
		line("remove %s", k)
	}
	for _, r := range c.Reassign {
		line("reassign %s to %s %s", r.From, r.To.Key, strings.Join([]string{r.To.Name, r.To.Email, r.To.Phone, r.To.Delivery.String()}, " | "))
	}
	for _, k := range c.Reopen {
		line("reopen %s", k)
	}
	for _, q := range c.Quiet {
		line("quiet %s%s", q.Signee, map[bool]string{true: " for good"}[q.Off])
	}
	for _, k := range c.Reminded {
		line("reminded %s", k)
	}
	for _, h := range c.Hush {
		line("hush %s%s", h.Signee, prefixed(" at ", h.Address))
	}
}

func prefixed(p, s string) string {
	if s == "" {
		return ""
	}
	return p + s
}
