package innsigli

import (
	"cmp"
	"fmt"
	"time"
)

// SystemActor is createdBy of what the server did by itself.
const SystemActor = "Innsigli"

// LogKind is what happened: the status of a line of the activity log. A row stores the kind and its parameters; the
// sentence is made when it is read. Receipts have kinds beside these, see [Receipt].
type LogKind string

// The kinds of the public API (facts/wire.md 2.2), then ours in the same pattern (design/decisions.md 3).
const (
	LogCreated     LogKind = "Created"
	LogSigneeAdded LogKind = "SigneeAdded"
	LogSignupSent  LogKind = "SignupSent"
	LogStarted     LogKind = "Started"
	LogSigned      LogKind = "SigneeSigned"
	LogCompleted   LogKind = "Completed"

	LogViewed          LogKind = "Viewed"
	LogOtpSent         LogKind = "OtpSent"
	LogAuthenticated   LogKind = "Authenticated"
	LogSealPending     LogKind = "SealPending"
	LogSealRaised      LogKind = "SealRaised"
	LogCanceled        LogKind = "Canceled"
	LogExpired         LogKind = "Expired"
	LogDeclined        LogKind = "Declined"
	LogCancelSent      LogKind = "CancelSent"
	LogSigneeUpdated   LogKind = "SigneeUpdated"
	LogReminderAsked   LogKind = "ReminderRequested"
	LogReminderSent    LogKind = "ReminderSent"
	LogRemindersOff    LogKind = "RemindersStopped"
	LogSigneeRemoved   LogKind = "SigneeRemoved"
	LogRemovalSent     LogKind = "RemovalSent"
	LogReassigned      LogKind = "SigneeReassigned"
	LogReassignSent    LogKind = "ReassignmentSent"
	LogReopened        LogKind = "SigneeReopened"
	LogMetaUpdated     LogKind = "MetaUpdated"
	LogDeclineSent     LogKind = "DeclineSent"
	LogUndelivered     LogKind = "UndeliveredSent"
	LogNotReachable    LogKind = "SigneeNotReachable"
	LogCompletedSent   LogKind = "ConfirmationSent"
	LogOwnerCopySent   LogKind = "OwnerCopySent"
	LogOwnerCopyLost   LogKind = "OwnerCopyDestroyed"
	LogDocumentDeleted LogKind = "DocumentDeleted"
	LogRefused         LogKind = "DeliveryRefused"
	LogAttached        LogKind = "AttachmentAdded"
	LogDetached        LogKind = "AttachmentRemoved"
	LogDrawn           LogKind = "SignatureDrawn" // Detail is [Drawn] or [Typed]
	LogUndrawn         LogKind = "SignatureTakenBack"
	LogErased          LogKind = "PersonalDataErased"
	LogTemplateUnused  LogKind = "TemplateNotUsed" // Detail is the type and why
)

// LogEntry is one line of the activity log. What could name a person (Actor, Client, Mail) is kept apart from the rest
// from the beginning, so that it can be erased alone.
type LogEntry struct {
	ID      int64
	At      time.Time
	Process ProcessKey
	Flow    FlowKey
	Signee  SigneeKey
	Kind    LogKind
	Detail  string // a parameter that names nobody: a delivery, a kind of mail

	Actor  string // e-mail or name of an API key; "" is the server itself
	Client Client
	Mail   string // the address of a message

	// Message is the id of a message: the left half of a mail's Message-ID, and what the gateway of an SMS was told. It names
	// nobody, and no hash in the log's tree covers it.
	Message string
}

// CreatedBy is the actor as shown.
func (e LogEntry) CreatedBy() string {
	if e.Actor == "" {
		return SystemActor
	}
	return e.Actor
}

// logSentences keep the public API's own typing, blanks and full stops (facts/wire.md 2.2). %[1]s is the process,
// %[2]s the signee, %[3]s the detail.
var logSentences = map[LogKind]string{
	LogCreated:     "Signing process created. ProcessKey: %[1]s.",
	LogSigneeAdded: "Signee added. Processkey: %[1]s. Signee key: %[2]s.",
	LogSignupSent:  "Signup sent. Processkey: %[1]s. Signee: %[2]s. Delivery method : %[3]s ",
	LogStarted:     "Signing process started. ProcessKey: %[1]s.",
	LogSigned:      "Signee signed. ProcessKey: %[1]s. Signee key: %[2]s",
	LogCompleted:   "Signing completed. ProcessKey: %[1]s.",

	LogViewed:          "Document viewed. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogOtpSent:         "Code sent. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogAuthenticated:   "Signee authenticated. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogSealPending:     "Document sealed, time stamps and revocation data to follow. ProcessKey: %[1]s. Level: %[3]s.",
	LogSealRaised:      "Time stamps and revocation data added to the seal. ProcessKey: %[1]s. Level: %[3]s.",
	LogCanceled:        "Signing canceled. ProcessKey: %[1]s.",
	LogExpired:         "Signing expired. ProcessKey: %[1]s.",
	LogDeclined:        "Signing declined. ProcessKey: %[1]s.",
	LogCancelSent:      "Signee told that the signing has ended. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogSigneeUpdated:   "Signee updated. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogReminderAsked:   "Reminder requested. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogReminderSent:    "Reminder sent. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogRemindersOff:    "Automatic reminders stopped. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogSigneeRemoved:   "Signee removed. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogRemovalSent:     "Signee told of the removal. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogReassigned:      "Signee passed signing on. ProcessKey: %[1]s. Signee key: %[2]s. To: %[3]s.",
	LogReassignSent:    "Owner told that signing was passed on. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogReopened:        "Signing opened again after wrong codes. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogMetaUpdated:     "Meta updated. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogDeclineSent:     "Owner told that a signee declined. ProcessKey: %[1]s. Delivery method : %[3]s ",
	LogUndelivered:     "Owner told that an invitation did not arrive. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogNotReachable:    "Signee has neither e-mail nor phone and was not told. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogCompletedSent:   "Signed document sent. ProcessKey: %[1]s. Signee key: %[2]s. Delivery method : %[3]s ",
	LogOwnerCopySent:   "Copy of the signed document sent to the owner. ProcessKey: %[1]s.",
	LogOwnerCopyLost:   "Copy for the owner could not be delivered and was destroyed. ProcessKey: %[1]s.",
	LogDocumentDeleted: "Document deleted. ProcessKey: %[1]s.",
	LogAttached:        "Attachment added. ProcessKey: %[1]s. Signee key: %[2]s. Type: %[3]s.",
	LogDetached:        "Attachment removed. ProcessKey: %[1]s. Signee key: %[2]s. Type: %[3]s.",
	LogDrawn:           "Signature given. ProcessKey: %[1]s. Signee key: %[2]s. Type: %[3]s.",
	LogUndrawn:         "Drawn or typed signature taken back. ProcessKey: %[1]s. Signee key: %[2]s.",
	LogErased:          "Names, addresses and numbers erased. ProcessKey: %[1]s.",
	LogTemplateUnused:  "Template could not be used, the built-in text was sent. ProcessKey: %[1]s. Template: %[3]s.",
	LogRefused:         "Message refused by the receiving side. ProcessKey: %[1]s. Message: %[3]s.",
}

// Description is the sentence of the line.
func (e LogEntry) Description() string {
	f, ok := logSentences[e.Kind]
	if !ok {
		return cmp.Or(e.receiptSentence(), string(e.Kind))
	}
	return fmt.Sprintf(f, e.Process, e.Signee, e.Detail)
}
