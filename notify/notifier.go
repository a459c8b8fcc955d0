package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// Store is what this package reads of [innsigli.Store].
type Store interface {
	Facts(ctx context.Context, t innsigli.Target) (innsigli.Facts, error)
	Webhook(ctx context.Context, id int64) (innsigli.Webhook, error)
	TemplateFor(ctx context.Context, p innsigli.TemplatePlace) (innsigli.Template, error)
	WebhookKeys(ctx context.Context, c innsigli.CompanyKey) (innsigli.WebhookKeys, error)
	// TakeText counts an SMS or a call; false when a limit of the hour is reached.
	TakeText(ctx context.Context, t innsigli.Text) (bool, error)
	Logo(ctx context.Context, sum string) ([]byte, error)
}

// Queue is what this package asks of [innsigli.Queue].
type Queue interface {
	Wanted(ctx context.Context, j innsigli.Job) (bool, error)
}

// Documents opens what is attached to messages; innsigli.Service does it.
type Documents interface {
	// SealedDocument opens the sealed document of a completed process.
	SealedDocument(ctx context.Context, p innsigli.ProcessKey) (innsigli.Attachment, error)
	// HeldDocument opens the document of an expired process as it stood; NotFound when it is not held any more.
	HeldDocument(ctx context.Context, p innsigli.ProcessKey) (innsigli.Attachment, error)
	// OwnerCopy makes the copy that the owner of an ended process gets.
	OwnerCopy(ctx context.Context, p innsigli.ProcessKey) (innsigli.Attachment, error)
}

// Options are the settings of an installation.
type Options struct {
	// Allow lists networks that webhooks may reach although they are not public (--webhook-allow).
	Allow []netip.Prefix
	// Numbers are those that SMS go to, and calls (--sms-allow).
	Numbers innsigli.Numbers
	// Texts bound SMS and calls (--sms-hour).
	Texts innsigli.TextLimits
}

// Notifier makes messages and hands them over. All fields but Options and Calls are needed.
type Notifier struct {
	Store    Store
	Queue    Queue
	Docs     Documents
	Identity innsigli.Identity
	Links    innsigli.Links
	Keys     innsigli.Keys
	Mail     Transport
	Sms      SmsSender
	Calls    CallSender // nil: there are none
	// From is the address that mails come from (--mail-from); nothing of what an asker writes gets into it.
	From string
	// Return is where bounces go (--mail-return): "{id}" in it is filled with the id of the message. Empty: From.
	Return string
	// Domain is the right half of Message-IDs.
	Domain  string
	Options Options
	Now     func() time.Time
	Log     *slog.Logger
}

// Wanted says, at the last moment at which nothing has left yet, whether a message may still go.
type Wanted func(context.Context) (bool, error)

// Transport hands mails over.
type Transport interface {
	// SendMail hands a message over; nil means that the other side is answerable for it from now on. wanted is asked
	// just before; [ErrUnwanted] when it says no. A [RefusedError] or [TooLargeError] will be the same next time, every
	// other error may be cured by trying again. Errors name no address.
	SendMail(ctx context.Context, m *Message, wanted Wanted) error
	// Limit is the largest message that was taken at the last contact, in bytes; 0 when no limit is known.
	Limit() int64
}

// SmsSender hands SMS over, by the same rules as [Transport].
type SmsSender interface {
	SendSms(ctx context.Context, s Sms, wanted Wanted) error
}

// Sms is one short message to one number.
type Sms struct {
	UID  string // the same on every attempt
	To   string // as the asker gave it, E.164 by intake
	Text string
}

// ErrUnwanted says that a message was not handed over because it was not wanted any more.
var ErrUnwanted = errors.New("message is not wanted any more")

// RefusedError says that the other side refused a message for good. It holds no text of the other side, since that
// repeats addresses.
type RefusedError struct {
	Stage string // the command or request that was refused
	Code  string // "550 5.1.1", "400"
}

// Error names the stage and the code.
func (e *RefusedError) Error() string { return "refused at " + e.Stage + ": " + e.Code }

// TooLargeError says that a message is larger than the other side takes. Limit is 0 when it did not say how much.
type TooLargeError struct{ Size, Limit int64 }

// Error names both sizes, in bytes.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("message of %d bytes is over the limit of %d", e.Size, e.Limit)
}

// Handler carries out one job. A nil decision with a nil error means that the message was not wanted any more and
// nothing was handed over; a decision with an error marked by [innsigli.Permanent] is kept with the dead letter.
type Handler = func(ctx context.Context, j innsigli.Job) (innsigli.Decision, error)

// Handlers gives the handler of every kind of message.
func (n *Notifier) Handlers() map[innsigli.JobKind]Handler {
	hooks := newHookClient(n.Options.Allow)
	return map[innsigli.JobKind]Handler{
		innsigli.JobMailInvite:    n.mailInvitation,
		innsigli.JobMailCode:      n.mailCode,
		innsigli.JobMailCompleted: n.mailCompleted,
		innsigli.JobMailOwnerDone: n.mailOwnerCompleted,
		innsigli.JobMailNotify:    n.mailNotification,
		innsigli.JobMailCanceled:  n.mailCanceled,
		innsigli.JobMailExpired:   n.mailExpired,
		innsigli.JobMailDeclined:  n.mailDeclined,
		innsigli.JobMailUnreached: n.mailUndelivered,
		innsigli.JobMailRemoved:   n.mailRemoved,
		innsigli.JobMailRemind:    n.mailReminder,
		innsigli.JobMailOwnerCopy: n.mailOwnerCopy,
		innsigli.JobSmsInvite:     n.smsInvitation,
		innsigli.JobSmsRemind:     n.smsReminder,
		innsigli.JobSmsCode:       n.smsCode,
		innsigli.JobSmsCanceled:   n.smsCanceled,
		innsigli.JobSmsExpired:    n.smsExpired,
		innsigli.JobCallCode:      n.callCode,
		innsigli.JobMailPassed:    n.mailReassigned,
		innsigli.JobWebhook: func(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
			return n.webhook(ctx, hooks, j)
		},
	}
}

func (n *Notifier) wanted(j innsigli.Job) Wanted {
	return func(ctx context.Context) (bool, error) { return n.Queue.Wanted(ctx, j) }
}

// message makes the mail of a card, in the company's words if it has a template.
func (n *Notifier) message(ctx context.Context, s *scene, c *card, files ...innsigli.Attachment) (*Message, error) {
	c = n.inTheirWords(ctx, s, c)
	logo, err := n.logo(ctx, s)
	if err != nil {
		return nil, err
	}
	c.show(logo)
	html, err := c.html()
	if err != nil {
		return nil, err
	}
	m := &Message{
		UID: s.job.UID, Domain: n.Domain, Return: strings.ReplaceAll(n.Return, "{id}", s.job.UID), Date: n.Now(),
		From: mail.Address{Name: senderName(s.facts.Brand().Name), Address: n.From},
		To:   mail.Address{Address: s.job.Address}, Subject: c.Subject, Text: c.text(), HTML: html, Language: c.Lang,
		Logo: logo, Files: files,
	}
	if s.owner != s.job.Address {
		m.ReplyTo = s.owner
	}
	return m, nil
}

// logo is the picture at the head of a mail; nil for none, or for one that was taken away meanwhile.
func (n *Notifier) logo(ctx context.Context, s *scene) ([]byte, error) {
	sum := s.facts.Brand().Logo
	if sum == "" {
		return nil, nil
	}
	png, err := n.Store.Logo(ctx, sum)
	if innsigli.KindOf(err) == innsigli.NotFound {
		return nil, nil
	}
	return png, err
}

// release closes an attachment. The message has its fate by then: a fault here must not have it sent again.
func (n *Notifier) release(ctx context.Context, a innsigli.Attachment) {
	if err := a.Close(); err != nil {
		n.Log.LogAttrs(ctx, slog.LevelWarn, "attachment did not close", slog.Any("error", err))
	}
}

// post makes a mail without attachments, hands it over and says what follows from that.
func (n *Notifier) post(ctx context.Context, s *scene, c *card, done innsigli.Decision) (innsigli.Decision, error) {
	m, err := n.message(ctx, s, c)
	if err != nil {
		return nil, err
	}
	return outcome(s.job, n.sendMail(ctx, s.job, m), s.sent(done))
}

func (n *Notifier) sendMail(ctx context.Context, j innsigli.Job, m *Message) error {
	if !validAddress(j.Address) {
		return &RefusedError{Stage: "address", Code: "malformed"}
	}
	return n.Mail.SendMail(ctx, m, n.wanted(j))
}

// sent is what follows from a message that was handed over: with it the company is told of its template that could not be used.
func (s *scene) sent(done innsigli.Decision) innsigli.Decision {
	if s.unused == "" {
		return done
	}
	return func(f innsigli.Facts) (innsigli.Change, error) {
		c, err := done(f)
		c.Log = append(c.Log, innsigli.LogEntry{Kind: innsigli.LogTemplateUnused, Signee: s.job.Signee, Detail: s.unused})
		return c, err
	}
}

// outcome turns the answer to a hand-over into the job's.
func outcome(j innsigli.Job, err error, done innsigli.Decision) (innsigli.Decision, error) {
	switch {
	case err == nil:
		return done, nil
	case errors.Is(err, ErrUnwanted):
		return nil, nil //nolint:nilnil // not wanted any more: nothing follows, and that is no error
	case isFinal(err):
		return innsigli.MessageRefused(j), innsigli.Permanent(err)
	}
	return nil, err
}

// isFinal says whether the same message would be refused again.
func isFinal(err error) bool {
	if _, ok := errors.AsType[*RefusedError](err); ok {
		return true
	}
	_, ok := errors.AsType[*TooLargeError](err)
	return ok
}

// told is the decision that nothing but lines in the log follow from a delivery; without lines it keeps nothing, and
// the job is done.
func told(lines ...innsigli.LogEntry) innsigli.Decision {
	return func(innsigli.Facts) (innsigli.Change, error) { return innsigli.Change{Log: lines}, nil }
}

// The words of the log for the ways a message takes.
const (
	byMail = "Email"
	bySms  = "Sms"
)

// line is the line of the log for a message that has been handed over.
func line(k innsigli.LogKind, j innsigli.Job, way string) innsigli.LogEntry {
	return innsigli.LogEntry{Kind: k, Signee: j.Signee, Detail: way, Mail: j.Address, Message: j.UID}
}
