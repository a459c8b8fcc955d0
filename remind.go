package innsigli

import (
	"context"
	"fmt"
	"time"
)

// MaxRemindersAnHour is how many reminders a company may ask for within an hour, a person: everything above is harassment.
const MaxRemindersAnHour = 3

// RemindRequest reminds somebody who has not signed.
type RemindRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	// User is the e-mail address of whoever reminds, for the log. Optional: the name of the API key stands in for it.
	User string
	// Delivery is how the reminder goes; DeliverNone stands for the way in which the signee is invited. Nil is refused.
	Delivery *Delivery
	// Unsubscribe puts the link into the message by which the person turns automatic reminders off.
	Unsubscribe bool
}

func (r *RemindRequest) check(withoutSms bool) error {
	var bad fieldErrors
	if r.User != "" {
		checkEmail(&bad, "User", r.User)
	}
	switch {
	case r.Delivery == nil:
		bad.add("CommunicationDeliveryType", "NotEmpty", "CommunicationDeliveryType is required: Email, Sms, or None for the way in which the person was invited.")
	case *r.Delivery == DeliverSms && withoutSms:
		bad.add("CommunicationDeliveryType", "NotSupported", "This server has no SMS gateway, so a reminder can go by Email only.")
	}
	return bad.err()
}

// Remind sends one reminder at once, whatever the rule of the process. In a sequence it is about all documents that the
// person has to sign. Errors: Invalid (the parameters; has signed; not their turn; no address of that sort), NotFound,
// NotActive, TooMany (more than [MaxRemindersAnHour]).
func (s *Service) Remind(ctx context.Context, caller Caller, r RemindRequest) error {
	if err := r.check(s.Ways.NoSms); err != nil {
		return err
	}
	if err := s.mayWrite(ctx, caller.Company.Key, 1); err != nil {
		return err
	}
	if r.User == "" {
		r.User = caller.KeyName
	}
	_, c, err := s.decide(ctx, caller.process(r.Process), s.unlessDue(func(f Facts) (Change, error) { return decideRemind(f, r) }))
	if err == nil && c.State == Expired {
		err = notActive(Expired, "ProcessKey")
	}
	return err
}

// decideRemind judges a reminder that the company asks for.
func decideRemind(f Facts, r RemindRequest) (Change, error) {
	you, ok := f.Process.Signee(r.Signee)
	if !ok {
		return Change{}, errNoSignee
	}
	if !f.Process.State.Active() {
		return Change{}, notActive(f.Process.State, "ProcessKey")
	}
	who := f.same(you)
	open := f.waiting(who)
	switch {
	case allSigned(who):
		return Change{}, errSigned()
	case len(open) == 0:
		return Change{}, errNotYourTurn()
	}
	to, by, err := addressee(you, open, *r.Delivery)
	if err != nil {
		return Change{}, err
	}
	if n := remindersInHour(who); n >= MaxRemindersAnHour {
		return Change{}, errTooManyReminders()
	}
	ref := ""
	if r.Unsubscribe {
		ref = reminderWithLink
	}
	var c Change
	one := c.Of(f, to.Process)
	one.Reminded = append(one.Reminded, to.Key)
	one.Log = append(one.Log, LogEntry{Kind: LogReminderAsked, Signee: to.Key, Actor: r.User})
	c.place(f, []ordered{reminder(f, to, by, ref)})
	return c, nil
}

// addressee is which of the signees that a person is gets the message, and how: the one who was named, when that one can
// be reached and still has to sign.
func addressee(you Signee, open []Signee, by Delivery) (Signee, Delivery, error) {
	if by == DeliverNone {
		by = you.Delivery
	}
	if by == DeliverNone {
		return Signee{}, by, InvalidField("CommunicationDeliveryType", "NotInvited",
			"This person was not invited by a message; say whether the reminder goes by Email or Sms.")
	}
	var found Signee
	for _, s := range open {
		if (by == DeliverSms && s.Phone != "" || by == DeliverEmail && s.Email != "") && (found.Key == "" || s.Key == you.Key) {
			found = s
		}
	}
	if found.Key == "" {
		what := map[Delivery]string{DeliverSms: "phone number", DeliverEmail: "e-mail address"}[by]
		return Signee{}, by, InvalidField("CommunicationDeliveryType", "NotReachable", "There is no "+what+" of this person.")
	}
	return found, by, nil
}

func allSigned(who []Signee) bool {
	for _, s := range who {
		if !s.Signed() {
			return false
		}
	}
	return true
}

func remindersInHour(who []Signee) int {
	n := 0
	for _, s := range who {
		n += s.RemindersInHour
	}
	return n
}

func errTooManyReminders() *Error {
	return &Error{
		Kind: TooMany, Code: "TooManyReminders", RetryAfter: time.Hour,
		Text: fmt.Sprintf("This person was reminded %d times within an hour. Another reminder can be sent in an hour.", MaxRemindersAnHour),
	}
}
