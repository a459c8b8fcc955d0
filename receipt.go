package innsigli

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ReceiptEvent is what became of a message after it was handed over.
type ReceiptEvent string

// What a mail server or a gateway tells. A message that was delivered may still come back, and one that was late may
// arrive, so one event does not exclude another.
const (
	ReceiptDelivered  ReceiptEvent = "delivered"
	ReceiptDelayed    ReceiptEvent = "delayed" // not delivered yet; the other side keeps trying
	ReceiptBounced    ReceiptEvent = "bounced" // not delivered, for good
	ReceiptComplained ReceiptEvent = "complained"
)

// Receipt is one such piece of news. The message is named by its id alone, never by an address: whoever knows only that
// somebody was written to can say nothing about it.
type Receipt struct {
	Message string  // 32 hex digits: the left half of a mail's Message-ID, the Idempotency-Key of an SMS
	By      Channel // [ByMail] or [BySms]
	Event   ReceiptEvent
	// Code is why, as RFC 3463 or the gateway numbers it ("5.1.1", "30003"); what is not letters, digits, points and
	// hyphens is no code and left out.
	Code string
}

// maxReceiptCode is the longest code that is kept.
const maxReceiptCode = 32

// Receive notes a receipt in the log of every process that the message was about. known is false when no message of the
// way has that id; to tell the same once more is no error and notes nothing. The owner is told when an invitation was not
// delivered for good, and whoever calls a mail unwanted gets no more automatic reminders. After the end of a process its
// log is all that changes.
func (s *Service) Receive(ctx context.Context, r Receipt) (known bool, err error) {
	if !isMessageID(r.Message) {
		return false, nil
	}
	if len(r.Code) > maxReceiptCode || strings.ContainsFunc(r.Code, func(c rune) bool {
		return !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-", c)
	}) {
		r.Code = ""
	}
	_, _, err = s.decide(ctx, Target{Message: r.Message}, func(f Facts) (Change, error) {
		var c Change
		c, known = decideReceipt(f, r)
		return c, nil
	})
	if KindOf(err) == NotFound {
		return false, nil
	}
	return known, err
}

// isMessageID says whether a text is an id as messages have it.
func isMessageID(s string) bool { return len(s) == 32 && isHex(s) }

// decideReceipt says what follows from a receipt; known is false when it is about no message.
func decideReceipt(f Facts, r Receipt) (c Change, known bool) {
	sent := f.messageSent(r.By)
	for _, m := range sent {
		e := m.receipt(f, r)
		if slices.ContainsFunc(f.Message, e.tells) {
			continue
		}
		one := c.Of(f, m.Process)
		one.Log = append(one.Log, e)
	}
	if c.Empty() {
		return c, len(sent) > 0
	}
	first := sent[0]
	switch {
	case r.Event == ReceiptBounced && first.Kind == LogSignupSent:
		c.Jobs = append(c.Jobs, undelivered(f, first.Signee, first.Mail)...)
	case r.Event == ReceiptComplained:
		if you, ok := f.Signee(first.Signee); ok {
			c.add(f, remindersOff(f, f.same(you), you.actor(), Client{}))
		}
	}
	return c, true
}

// add joins another change that brings only log lines and the end of reminders.
func (c *Change) add(f Facts, more Change) {
	for _, m := range append([]MemberChange{{f.Process.Key, more}}, more.Members...) {
		if len(m.Quiet) == 0 {
			continue
		}
		one := c.Of(f, m.Process)
		one.Log, one.Quiet = append(one.Log, m.Log...), append(one.Quiet, m.Quiet...)
	}
}

// messageSent are the lines that say that the message of the facts was sent that way. A gateway may be faster than the
// commit that follows a hand-over; then the job stands for its line.
func (f Facts) messageSent(by Channel) []LogEntry {
	var out []LogEntry
	for _, l := range f.Message {
		if _, ok := receiptNames[l.Kind]; ok && l.channel() == by {
			out = append(out, l)
		}
	}
	if j := f.Handing; len(out) == 0 && j.UID != "" {
		l := LogEntry{Process: j.Process, Signee: j.Signee, Kind: lineOf[j.Kind], Mail: j.Address, Message: j.UID}
		if strings.HasPrefix(string(j.Kind), "sms.") {
			l.Detail = BySms.word()
		}
		if l.Kind != "" && l.channel() == by {
			out = append(out, l)
		}
	}
	return out
}

// channel is the way of a message that a line says was sent.
func (e LogEntry) channel() Channel {
	for _, c := range []Channel{BySms, ByCall, ByTest} {
		if e.Detail == c.word() {
			return c
		}
	}
	return ByMail
}

// lineOf says which line of the log follows when a message has been handed over.
var lineOf = map[JobKind]LogKind{
	JobMailInvite: LogSignupSent, JobSmsInvite: LogSignupSent, JobMailRemind: LogReminderSent, JobSmsRemind: LogReminderSent,
	JobMailCode: LogOtpSent, JobSmsCode: LogOtpSent, JobMailCompleted: LogCompletedSent, JobMailOwnerDone: LogCompletedSent,
	JobMailCanceled: LogCancelSent, JobSmsCanceled: LogCancelSent, JobMailExpired: LogCancelSent, JobSmsExpired: LogCancelSent,
	JobMailRemoved: LogRemovalSent, JobMailDeclined: LogDeclineSent, JobMailOwnerCopy: LogOwnerCopySent, JobMailUnreached: LogUndelivered,
	JobMailNotify: LogCompletedSent, JobMailPassed: LogReassignSent,
}

// receiptNames are what the log calls messages in receipts, by the line that says they were sent: the names of mail
// templates where there are such (facts/wire.md 2.2 and 5.1), then ours.
var receiptNames = map[LogKind]string{
	LogSignupSent: "Signup", LogReminderSent: "Reminder", LogCancelSent: "Canceled", LogCompletedSent: "Confirmation",
	LogOtpSent: "Code", LogRemovalSent: "Removed", LogDeclineSent: "Declined", LogOwnerCopySent: "OwnerCopy", LogUndelivered: "Undelivered", LogReassignSent: "Reassigned",
}

// receiptName is the name for a line that may stand for several kinds of mail.
func (e LogEntry) receiptName(state State) string {
	switch {
	case e.Kind == LogCancelSent && state == Expired:
		return "Expired"
	case e.Kind == LogCompletedSent && e.Signee == "":
		return "SalesPerson"
	}
	return receiptNames[e.Kind]
}

// The words of receipts in the log: of mails those of Mailgun, which the public API passes on, of SMS the status.
const (
	smsReceipt      = "SMS:"
	receiptMark     = ":"
	severityFinal   = "permanent"
	severityPassing = "temporary"
)

// receipt is the line of a receipt for the message of a line.
func (e LogEntry) receipt(f Facts, r Receipt) LogEntry {
	out := LogEntry{Process: e.Process, Signee: e.Signee, Mail: e.Mail, Message: r.Message, Detail: r.Code}
	if r.By == BySms {
		status := map[ReceiptEvent]string{ReceiptDelivered: "DELIVERED", ReceiptDelayed: "DELAYED", ReceiptBounced: "UNDELIVERED"}[r.Event]
		if status == "" {
			status = strings.ToUpper(string(r.Event))
		}
		out.Kind = LogKind(smsReceipt + status)
		return out
	}
	event, severity := string(r.Event), ""
	switch r.Event {
	case ReceiptBounced:
		event, severity = "failed", severityFinal
	case ReceiptDelayed:
		event, severity = "failed", severityPassing
	case ReceiptDelivered, ReceiptComplained, ReceiptRefused:
	}
	out.Kind = LogKind(e.receiptName(f.Of(e.Process).Process.State) + receiptMark + event)
	out.Detail = strings.TrimSpace(severity + " " + r.Code)
	return out
}

// tells says whether a line tells the same as one that is to be written.
func (e LogEntry) tells(o LogEntry) bool {
	return e.Kind == o.Kind && e.Process == o.Process && e.Signee == o.Signee && e.severity() == o.severity()
}

func (e LogEntry) severity() string {
	s, _, _ := strings.Cut(e.Detail, " ")
	if s == severityFinal || s == severityPassing {
		return s
	}
	return ""
}

// Receipt reads a line as a receipt: ok is false when it is none. sent is the kind of line that says the message was
// sent, "" for an SMS; code is why.
func (e LogEntry) Receipt() (sent LogKind, event ReceiptEvent, code string, ok bool) {
	name, word, found := strings.Cut(string(e.Kind), receiptMark)
	if !found {
		return "", "", "", false
	}
	code = e.Detail
	switch word {
	case "failed":
		event, code = ReceiptBounced, strings.TrimSpace(strings.TrimPrefix(code, e.severity()))
		if e.severity() == severityPassing {
			event = ReceiptDelayed
		}
	case "UNDELIVERED":
		event = ReceiptBounced
	default:
		event = ReceiptEvent(strings.ToLower(word))
	}
	switch name {
	case "SMS":
	case "Expired":
		sent = LogCancelSent
	case "SalesPerson":
		sent = LogCompletedSent
	default:
		for k, n := range receiptNames {
			if n == name {
				sent = k
			}
		}
	}
	return sent, event, code, true
}

// receiptSentence is the sentence of a receipt's line, in the pattern of the public API (facts/wire.md 2.2, with its
// spelling); "" for other lines.
func (e LogEntry) receiptSentence() string {
	_, word, ok := strings.Cut(string(e.Kind), receiptMark)
	switch {
	case !ok:
		return ""
	case strings.HasPrefix(string(e.Kind), smsReceipt):
		return "SMS delviery status: " + word + "."
	}
	return fmt.Sprintf("Mail receipt. Event: %s. To:%s. Id:%s. Severity: %s. Reason:%s", word, e.Mail, e.Message,
		e.severity(), strings.TrimSpace(strings.TrimPrefix(e.Detail, e.severity())))
}

// MessageRefused is what follows when a message was refused for good as it was handed over: a line in the log, and the
// owner is told when it was an invitation.
func MessageRefused(j Job) Decision {
	return func(f Facts) (Change, error) {
		c := Change{Log: []LogEntry{{Kind: LogRefused, Signee: j.Signee, Detail: string(j.Kind), Mail: j.Address, Message: j.UID}}}
		if lineOf[j.Kind] == LogSignupSent {
			c.Jobs = undelivered(f, j.Signee, j.Address)
		}
		return c, nil
	}
}

// undelivered orders the mail that tells the owner that an invitation did not reach a signee: as long as the signee can
// sign and is still to be reached there. Who sends to their own address is told at the company's.
func undelivered(f Facts, k SigneeKey, address string) []Job {
	you, ok := f.Signee(k)
	if !ok || !f.Process.State.Active() || !strings.EqualFold(you.DeliveryAddress(), address) ||
		!slices.ContainsFunc(f.same(you), func(s Signee) bool { return !s.Signed() }) {
		return nil
	}
	to := f.Owner()
	if strings.EqualFold(to, address) {
		to = f.Company.Email
	}
	if to == "" || strings.EqualFold(to, address) {
		return nil
	}
	return []Job{{Kind: JobMailUnreached, Signee: k, Address: to, Language: companyLanguage(f.Company), Uniq: "undelivered:" + string(k)}}
}
