package innsigli

import (
	"strconv"
	"time"
)

// Limits on what one request may bring. Without them one caller fills the memory or the disk of everybody.
// They are printed by `innsigli config` and tested in limits_test.go.
const (
	MaxDocumentBytes = 50 << 20  // facts/pdf.md 5
	MaxSignees       = 100       // marks have to fit and every signee is a mail
	MaxMetaBytes     = 64 << 10  // all names and values together
	MaxFileName      = 255       // bytes, what file systems take
	MaxNameRunes     = 200       // names, addresses, places
	MaxReasonRunes   = 500       // drawn on the document
	MaxAddress       = 254       // bytes of an e-mail address, RFC 5321 4.5.3.1.3
	MaxBodyBytes     = 145 << 20 // 50 MB of document and 50 MB of attachments in base64, and the rest
	MaxIdempotency   = 255       // bytes of an Idempotency-Key
	CodeLifetime     = 10 * time.Minute
	MaxCodeTries     = 5  // tries a code
	MaxCodesAnHour   = 5  // codes an hour and signee
	MaxWrongTries    = 20 // in all, then only the owner can reopen: Service.Reopen
)

// HoldLifetime is how long a canceled document waits for its owner's copy to be taken, before it is destroyed unread.
const HoldLifetime = 30 * 24 * time.Hour

// SealPatience is how long the sealing of a document waits for time stamps and revocation data in all. Then the process
// is completed with what there is, and a job raises the seal later.
const SealPatience = 10 * time.Second

// RaiseWait is how long the mails of a completed process wait for a seal that is to be raised (design/decisions.md 5).
const RaiseWait = 15 * time.Minute

// CompletedLink is how long a completed document stays on its link; afterwards it needs Basic.
const CompletedLink = 30 * 24 * time.Hour

// Process is one document on its way to being signed by its signees.
type Process struct {
	Key     ProcessKey
	Group   GroupKey
	Company CompanyKey
	Flow    FlowKey
	State   State

	FileName     string
	DisplayName  string // activityDisplayName
	Location     Location
	RequiresAuth bool // people prove who they are before they are shown the document
	// AllowReassign: a signee may pass signing on to somebody else.
	AllowReassign bool
	InOrder       bool   // signInOrder: everyone waits for those before
	User          string // e-mail of the owner, may be empty
	Meta          map[string]string
	Flatten       bool // form fields and annotations were drawn into the pages
	Reminders     ReminderRule

	Document Document // the intake bytes: what everyone is shown until completion
	Sealed   Document // zero until Completed
	// Attachments are the files that the sender and signees brought, in the order in which they came.
	Attachments []Reference
	// Evidence is a file of its own when the document bore signatures before, so that its bytes had to stay.
	Evidence Reference

	Signees []Signee // in the order of the request
	Removed []Signee // taken off while the process ran, or passed signing on: they take no part

	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // completed, canceled, expired; zero before
	ErasedAt  time.Time // when the personal data went; zero before
	EndedBy   string    // who canceled; empty when a system actor did
}

// Document says where bytes lie and what they are. The bytes are in the blob store, encrypted with the process's key.
type Document struct {
	Blob   string
	Size   int64
	SHA256 string // hex, of the clear bytes
	Pages  int

	// Of intake documents only. Original is the SHA-256 of the file that came, in hex; when it differs from SHA256, the
	// document was written anew at intake. Signed documents are kept byte for byte: Certification is then the level that
	// their author set, 1 to 3, or 0 (pdf.Document.Certification).
	Original      string
	Signed        bool
	Certification int

	// Of sealed documents only: how far the seal is proven by others than us, and whether that is below the level wanted,
	// so that a job is to raise it.
	Level   Level
	Pending bool
}

// Owner is the address that speaks for the sender: the process's user, else the company.
func (p *Process) Owner(c Company) string {
	if p.User != "" {
		return p.User
	}
	return c.Email
}

// Pending says whether a seal is below the level wanted: the document's, or that of its evidence when it is a file of its
// own.
func (p *Process) Pending() bool { return p.Sealed.Pending || p.Evidence.Pending }

// Sequence is the key of the sequence that the process is part of; empty for a process alone.
func (p *Process) Sequence() SequenceKey {
	if k := SequenceKey(p.Group); k.Valid() {
		return k
	}
	return ""
}

// Signee finds a signee of the process.
func (p *Process) Signee(k SigneeKey) (Signee, bool) {
	for _, s := range p.Signees {
		if s.Key == k {
			return s, true
		}
	}
	return Signee{}, false
}

// AnySigned says whether at least one signee has signed.
func (p *Process) AnySigned() bool {
	for _, s := range p.Signees {
		if s.Signed() {
			return true
		}
	}
	return false
}

// Company is a customer of this installation.
type Company struct {
	Key             CompanyKey
	Name            string
	Email           string
	DefaultLanguage Language
	TimeZone        string // IANA name of where its days begin, for reminders; empty is UTC
	ReminderHour    int    // of the day there, 0 to 23
	Origins         Origins
	Colour          string // of its pages, as #rrggbb; empty for ours
	Logo            string // SHA-256 of its PNG, as [Brand] has it
}

// Flow is a company's way of handling documents, with a look of its own where it has one.
type Flow struct {
	Key     FlowKey
	Company CompanyKey
	Name    string
	Active  bool
	Brand   Brand

	CreatedAt time.Time
}

// Webhook is an address that is told about events of a flow.
type Webhook struct {
	ID   int64
	Flow FlowKey
	URL  string
	Type EventType
}

// Wants says whether the registration is for an event. One without a type is for every type that is documented; Completed,
// which comes at the same moment as AllSigned, and Reminder are only for who asks for them by name.
func (w Webhook) Wants(e EventType) bool {
	return w.Type == e || w.Type == EventAny && e != EventCompleted && e != EventReminder
}

// Caller is who asks through the API: a company by one of its API keys.
type Caller struct {
	Company Company
	KeyName string  // name of the API key: the actor of the log when no User is given
	Key     APIKey  // what it may do
	Flows   FlowSet // the flows in which it may do what this request is, see [Caller.Allow]
}

// Client is the browser or program that a person uses, for the evidence.
type Client struct {
	Address string // IP address, as far as trusted proxies can tell
	Agent   string // User-Agent
}

func itoa(n int) string { return strconv.Itoa(n) }
