package innsigli

import "slices"

// Channel is a way on which a code reaches a person; also the word for it in the store and in the evidence.
type Channel string

// The ways of a code. Which of them there are for a person is for [Ways.For].
const (
	BySms  Channel = "sms"
	ByCall Channel = "call" // a voice call to the same number
	ByMail Channel = "email"
	ByTest Channel = "test" // a test signee: see testsignee.go
)

// word is that of the log, as the public API writes ways of delivery.
func (c Channel) word() string {
	switch c {
	case BySms:
		return DeliverSms.String()
	case ByCall:
		return "Call"
	case ByTest:
		return "Test"
	case ByMail:
	}
	return DeliverEmail.String()
}

// order makes the job that sends a code on its way: to a test signee none.
func (c Channel) order(j Job) []Job {
	switch c {
	case BySms:
		j.Kind = JobSmsCode
	case ByCall:
		j.Kind = JobCallCode
	case ByMail:
		j.Kind = JobMailCode
	case ByTest:
		return nil
	}
	return []Job{j}
}

// logged is the line of the log for a code on its way.
func (c Channel) logged(e LogEntry, t Token) LogEntry {
	e.Kind, e.Detail = LogOtpSent, c.word()
	if c != ByTest {
		e.Message = t.messageID()
	}
	return e
}

// Ways says on which ways a server can send codes. Mail is always there.
type Ways struct {
	NoSms bool // no SMS gateway is configured
	Calls bool // a voice gateway is
	Test  bool // test signees get none, and their answers are not checked (--dev)
	// Numbers are those that SMS go to, and calls.
	Numbers Numbers
}

// For lists the ways on which a code can reach somebody with these addresses, the usual one first: SMS, then a call, which
// costs more. Mail is only for people who cannot be reached by phone (design/decisions.md 3): the link went by mail, most
// often, and a code in the same mailbox would prove less than the sender asked for.
func (w Ways) For(phone, email string) []Channel {
	if w.Test && TestNumber(phone) {
		return []Channel{ByTest}
	}
	var out []Channel
	reached := phone != "" && w.Numbers.Reaches(phone)
	if reached && !w.NoSms {
		out = append(out, BySms)
	}
	if reached && w.Calls {
		out = append(out, ByCall)
	}
	switch {
	case len(out) > 0:
	case email != "":
		out = append(out, ByMail)
	case phone != "":
		out = append(out, BySms) // from before the gateway was taken away: its job says that there is none
	}
	return out
}

// CodeWays is [Ways.For] of this server.
func (s *Service) CodeWays(phone, email string) []Channel { return s.Ways.For(phone, email) }

// pick is the way that a code takes: the one asked for, or the usual one. To ask for SMS is to ask for the usual one, as
// the public API does by default.
func (w Ways) pick(asked Channel, phone, email string) (Channel, string, error) {
	all := w.For(phone, email)
	if len(all) > 0 && (asked == "" || asked == BySms || all[0] == ByTest) {
		asked = all[0]
	}
	switch {
	case slices.Contains(all, asked) && asked == ByMail:
		return asked, email, nil
	case slices.Contains(all, asked):
		return asked, phone, nil
	case asked == ByCall && !w.Calls:
		return "", "", errNoCalls()
	case asked == ByCall:
		return "", "", InvalidField("OtpType", "NotReachable", "This person has no phone number to be called at.")
	}
	if phone != "" {
		return "", "", InvalidField("OtpType", "NotReachable", "Codes for this person go to the phone number.")
	}
	return "", "", InvalidField("OtpType", "NotReachable", "This person has no e-mail address to send a code to.")
}

func errNoCalls() *Error {
	return InvalidField("OtpType", "NotSupported", "A code by voice call is not available on this server; ask for sms.")
}

// Ask is what both requests for a code have in common: on which way it is to come, and who asks.
type Ask struct {
	By   Channel // empty: the usual one
	From Client

	ways Ways // filled in by the service
}
