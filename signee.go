package innsigli

import "time"

// Signee is a person who must sign one process.
type Signee struct {
	Key     SigneeKey
	Process ProcessKey
	Person  SequenceSigneeKey // who this is in the sequence; empty for a process alone

	Name         string
	Ssn          string
	Phone        string
	Email        string
	Address      string
	PostalCode   string
	City         string
	Reason       string
	HideCode     bool // hidePersonalCode
	Delivery     Delivery
	Type         SignatureType
	Language     Language
	CustomSms    string
	User         string // stored only
	InvitedAt    time.Time
	FirstSeenAt  time.Time
	Reading      Reading
	WrongTries   int // wrong answers to codes, in all
	Forgiven     int // how many of them do not count any more, since the owner reopened
	LastTokenAt  time.Time
	CodesInHour  int // codes sent in the hour before the facts were read
	SignedAt     time.Time
	SignedBy     Token   // the challenge that was answered
	SignedVia    Channel // how the code went out
	SignedTo     string  // the number or address that the code went to
	SignedFrom   Client
	Consent      Consent
	SignedSHA256 string // hex, the bytes that were shown
	// Drawing is the person's drawn or typed signature; zero without one.
	Drawing Document

	DeclinedAt    time.Time // refused to sign, which ended the process
	DeclineReason string    // for the owner; may be empty
	RemovedAt     time.Time // taken off a running process
	PassedTo      SigneeKey // who took the place when signing was passed on; then RemovedAt says when
	Passes        int       // how often signing was passed on before it came to this signee

	Added Once // to a running process

	RemindFrom      time.Time // the invitation from which the days of reminders are counted; zero before
	RemindersOff    time.Time // automatic ones were turned off
	RemindersInHour int       // asked for by the company in the hour before the facts were read
}

// Once is a request of a company that is done once, however often it comes: digests of its Idempotency-Key and of what it
// asked for. Its zero value is a request without such a key.
type Once struct{ Key, Request string }

// Signed says whether the person has signed.
func (s Signee) Signed() bool { return !s.SignedAt.IsZero() }

// CountedTries are the wrong answers that count against [MaxWrongTries].
func (s Signee) CountedTries() int { return s.WrongTries - s.Forgiven }

// Declined says whether the person has refused to sign.
func (s Signee) Declined() bool { return !s.DeclinedAt.IsZero() }

// actor is how the log names the person when they do something themselves; never the key, which opens the link.
func (s Signee) actor() string {
	for _, n := range []string{s.Email, s.Name, s.Phone} {
		if n != "" {
			return n
		}
	}
	return ""
}

// Lang is the person's language, else the company's, else English.
func (s Signee) Lang(c Company) Language {
	for _, l := range []Language{s.Language, c.DefaultLanguage} {
		if l != LangNotSet {
			return l
		}
	}
	return LangEn
}

// Challenge is a code that one signee was asked for. The code itself is nowhere: it is computed from the token under a
// key of the server when it is sent and when it is compared (design/decisions.md 3).
type Challenge struct {
	Token     Token
	Process   ProcessKey
	Signee    SigneeKey
	Person    SequenceSigneeKey // set when the code is for all documents of a person; then Signee is their first
	Entry     bool              // the code admits to the document, and signs nothing
	Via       Channel
	SentAt    time.Time
	ExpiresAt time.Time
	Tries     int
	Void      bool // a newer one was asked for
	UsedAt    time.Time
}

// Open says whether the challenge can still be answered at the time.
func (c Challenge) Open(now time.Time) bool {
	return !c.Void && c.UsedAt.IsZero() && now.Before(c.ExpiresAt) && c.Tries <= MaxCodeTries
}

// DisplayName is what the person is called where a name is needed: the name, else the address. The public API does not
// require a name.
func (s Signee) DisplayName() string {
	for _, n := range []string{s.Name, s.Email, s.Phone} {
		if n != "" {
			return n
		}
	}
	return string(s.Key)
}
