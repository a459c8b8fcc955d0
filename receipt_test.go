package innsigli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const testMessage = "0123456789abcdef0123456789abcdef"

// sentTo is the line that says that a message went to a signee.
func sentTo(s Signee, k LogKind, way string) LogEntry {
	return LogEntry{Process: s.Process, Signee: s.Key, Kind: k, Detail: way, Mail: s.Email, Message: testMessage}
}

func aboutMessage(f Facts, lines ...LogEntry) Facts {
	f.Message = lines
	return f
}

func TestWhatFollowsFromAReceipt(t *testing.T) {
	invited := sentTo(anna(), LogSignupSent, "Email")
	told := "job mail.undelivered " + string(keyAnna) + " to boss@acme.example in en\n"
	bounced := "log Signup:failed " + string(keyAnna) + " permanent 5.1.1 by Innsigli\n"
	moved := anna()
	moved.Email = "new@example.com"
	own := factsOf(Started, anna(), bjorn())
	own.Process.User = "Anna@example.com"
	bySms := anna()
	bySms.Delivery, bySms.Phone = DeliverSms, "+3546661234"
	textTo := sentTo(bySms, LogSignupSent, "Sms")
	textTo.Mail = bySms.Phone
	running := factsOf(Started, anna(), bjorn())
	running.Handing = Job{UID: testMessage, Kind: JobMailInvite, Process: testProcess, Signee: keyAnna, Address: "anna@example.com"}
	for name, tc := range map[string]struct {
		f     Facts
		event ReceiptEvent
		by    Channel
		want  string
		known bool
	}{
		"delivered":         {aboutMessage(factsOf(Started, anna(), bjorn()), invited), ReceiptDelivered, ByMail, "log Signup:delivered " + string(keyAnna) + " 5.1.1 by Innsigli\n", true},
		"bounced":           {aboutMessage(factsOf(Started, anna(), bjorn()), invited), ReceiptBounced, ByMail, bounced + told, true},
		"not settled yet":   {running, ReceiptBounced, ByMail, bounced + told, true},
		"late":              {aboutMessage(factsOf(Started, anna(), bjorn()), invited), ReceiptDelayed, ByMail, "log Signup:failed " + string(keyAnna) + " temporary 5.1.1 by Innsigli\n", true},
		"signed meanwhile":  {aboutMessage(factsOf(Started, signed(anna()), bjorn()), invited), ReceiptBounced, ByMail, bounced, true},
		"canceled":          {aboutMessage(factsOf(Canceled, anna(), bjorn()), invited), ReceiptBounced, ByMail, bounced, true},
		"completed":         {aboutMessage(factsOf(Completed, signed(anna())), invited), ReceiptBounced, ByMail, bounced, true},
		"address changed":   {aboutMessage(factsOf(Started, moved, bjorn()), invited), ReceiptBounced, ByMail, bounced, true},
		"the owner's own":   {aboutMessage(own, invited), ReceiptBounced, ByMail, bounced + strings.Replace(told, "boss@acme.example", "office@acme.example", 1), true},
		"a reminder":        {aboutMessage(factsOf(Started, anna(), bjorn()), sentTo(anna(), LogReminderSent, "Email")), ReceiptBounced, ByMail, strings.Replace(bounced, "Signup", "Reminder", 1), true},
		"the cancellation":  {aboutMessage(factsOf(Canceled, anna()), sentTo(anna(), LogCancelSent, "Email")), ReceiptDelivered, ByMail, "log Canceled:delivered " + string(keyAnna) + " 5.1.1 by Innsigli\n", true},
		"the expiry":        {aboutMessage(factsOf(Expired, anna()), sentTo(anna(), LogCancelSent, "Email")), ReceiptDelivered, ByMail, "log Expired:delivered " + string(keyAnna) + " 5.1.1 by Innsigli\n", true},
		"the owner's copy":  {aboutMessage(factsOf(Completed, signed(anna())), LogEntry{Process: testProcess, Kind: LogCompletedSent, Detail: "Email", Message: testMessage}), ReceiptDelivered, ByMail, "log SalesPerson:delivered 5.1.1 by Innsigli\n", true},
		"a complaint":       {aboutMessage(factsOf(Started, anna(), bjorn()), invited), ReceiptComplained, ByMail, "log Signup:complained " + string(keyAnna) + " 5.1.1 by Innsigli\nlog RemindersStopped " + string(keyAnna) + " by anna@example.com\n", true},
		"an SMS":            {aboutMessage(factsOf(Started, bySms, bjorn()), textTo), ReceiptBounced, BySms, "log SMS:UNDELIVERED " + string(keyAnna) + " 5.1.1 by Innsigli\n" + told, true},
		"an SMS, delivered": {aboutMessage(factsOf(Started, bySms, bjorn()), textTo), ReceiptDelivered, BySms, "log SMS:DELIVERED " + string(keyAnna) + " 5.1.1 by Innsigli\n", true},
		"a mail by SMS":     {aboutMessage(factsOf(Started, anna(), bjorn()), invited), ReceiptBounced, BySms, "", false},
		"refused before":    {aboutMessage(factsOf(Started, anna(), bjorn()), sentTo(anna(), LogRefused, "mail.invitation")), ReceiptBounced, ByMail, "", false},
		"nothing of ours":   {factsOf(Started, anna(), bjorn()), ReceiptBounced, ByMail, "", false},
	} {
		r := Receipt{Message: testMessage, By: tc.by, Event: tc.event, Code: "5.1.1"}
		c, known := decideReceipt(tc.f, r)
		got := ""
		for line := range strings.Lines(c.String()) {
			if !strings.HasPrefix(line, "quiet ") {
				got += line
			}
		}
		if got != tc.want || known != tc.known {
			t.Errorf("%s: known %v, got\n%s\nwant\n%s", name, known, got, tc.want)
		}
		if quiet := strings.Contains(c.String(), "quiet "+string(keyAnna)+" for good"); quiet != (tc.event == ReceiptComplained) {
			t.Errorf("%s: reminders stop %v", name, quiet)
		}
		keepsSecrets(t, c)
		// Told once more, nothing follows.
		for _, e := range c.Log {
			e.Process = testProcess
			tc.f.Message = append(tc.f.Message, e)
		}
		if c, known := decideReceipt(tc.f, r); !c.Empty() || known != tc.known {
			t.Errorf("%s: told twice, known %v, got\n%s", name, known, c)
		}
	}
}

func TestAReceiptIsNotedInEveryDocumentOfThePerson(t *testing.T) {
	f := sequenceOf(Started)
	b := f.Process.Signees[1]
	for _, m := range f.All() {
		for _, s := range m.Process.Signees {
			if s.Person == b.Person {
				f.Message = append(f.Message, sentTo(s, LogSignupSent, "Email"))
			}
		}
	}
	if len(f.Message) < 2 {
		t.Fatalf("%d lines", len(f.Message))
	}
	c, known := decideReceipt(f, Receipt{Message: testMessage, By: ByMail, Event: ReceiptBounced})
	n, jobs := len(c.Log), len(c.Jobs)
	for _, m := range c.Members {
		n, jobs = n+len(m.Log), jobs+len(m.Jobs)
	}
	if !known || n != len(f.Message) || jobs != 1 {
		t.Errorf("%d lines and %d mails for %d documents:\n%s", n, jobs, len(f.Message), c)
	}
}

// TestReceiptsReadAsThePublicAPIWritesThem: facts/wire.md 2.2, with its spelling.
func TestReceiptsReadAsThePublicAPIWritesThem(t *testing.T) {
	for _, tc := range []struct{ kind, detail, want string }{
		{"SMS:DELIVERED", "", "SMS delviery status: DELIVERED."},
		{"SMS:UNDELIVERED", "30003", "SMS delviery status: UNDELIVERED."},
		{"Confirmation:delivered", "", "Mail receipt. Event: delivered. To:anna@example.com. Id:" + testMessage + ". Severity: . Reason:"},
		{"Signup:failed", "permanent 5.1.1", "Mail receipt. Event: failed. To:anna@example.com. Id:" + testMessage + ". Severity: permanent. Reason:5.1.1"},
	} {
		e := LogEntry{Kind: LogKind(tc.kind), Process: p0, Signee: s0, Detail: tc.detail, Mail: "anna@example.com", Message: testMessage}
		if got := e.Description(); got != tc.want {
			t.Errorf("%s: %q", tc.kind, got)
		}
	}
}

func TestEveryReceiptCanBeReadBack(t *testing.T) {
	for kind := range receiptNames {
		for _, state := range []State{Started, Expired, Completed} {
			f := factsOf(state, anna())
			for _, event := range []ReceiptEvent{ReceiptDelivered, ReceiptDelayed, ReceiptBounced, ReceiptComplained} {
				e := sentTo(anna(), kind, "Email").receipt(f, Receipt{By: ByMail, Event: event, Code: "4.2.2"})
				if sent, got, code, ok := e.Receipt(); !ok || sent != kind || got != event || code != "4.2.2" {
					t.Errorf("%s in %s: %s reads %s %s %q %v", kind, state, e.Kind, sent, got, code, ok)
				}
			}
		}
	}
	for _, event := range []ReceiptEvent{ReceiptDelivered, ReceiptDelayed, ReceiptBounced} {
		e := sentTo(anna(), LogOtpSent, "Sms").receipt(factsOf(Started, anna()), Receipt{By: BySms, Event: event})
		if sent, got, _, ok := e.Receipt(); !ok || sent != "" || got != event {
			t.Errorf("%s reads %s %s %v", e.Kind, sent, got, ok)
		}
	}
	if _, _, _, ok := (LogEntry{Kind: LogViewed}).Receipt(); ok {
		t.Error("a line that is no receipt reads as one")
	}
}

func TestEveryMessageHasALineForItsReceipts(t *testing.T) {
	for job, kind := range lineOf {
		if receiptNames[kind] == "" {
			t.Errorf("%s: %s has no name in receipts", job, kind)
		}
	}
}

// TestTheEvidenceSaysWhatBecameOfEachMessage: of those that were handed over, and of those that were refused there.
func TestTheEvidenceSaysWhatBecameOfEachMessage(t *testing.T) {
	line := func(k LogKind, detail, message string) LogEntry {
		return LogEntry{At: testNow, Process: testProcess, Signee: keyAnna, Kind: k, Detail: detail, Mail: "anna@example.com", Message: message}
	}
	got := evidenceOf(factsOf(Canceled, anna(), bjorn()), outcomeCanceled, testNow, []LogEntry{
		line(LogRefused, "mail.invitation", "m1"),
		line("Signup:delivered", "", "m2"), line(LogSignupSent, "Email", "m2"),
		line(LogOtpSent, "Sms", "m3"), line(LogRefused, "sms.code", "m3"),
		line(LogOtpSent, "Sms", "m4"), line("SMS:UNDELIVERED", "30003", "m4"),
		line(LogReminderSent, "Email", "m5"), line("Reminder:failed", "temporary 4.4.1", "m5"), line("Reminder:failed", "permanent 5.1.1", "m5"), line("Reminder:complained", "", "m5"),
		line(LogRefused, "sms.reminder", "m6"), line("Signup:delivered", "", "of another"),
	}).Signees
	message := func(id, via string, told ...EvidenceReceipt) EvidenceMessage {
		return EvidenceMessage{At: testNow, Via: via, To: "anna@example.com", ID: id, Receipts: told}
	}
	refused := EvidenceReceipt{testNow, ReceiptRefused, ""}
	want := EvidenceSignee{
		Invitations: []EvidenceMessage{message("m1", "email", refused), message("m2", "email", EvidenceReceipt{testNow, ReceiptDelivered, ""})},
		Codes:       []EvidenceMessage{message("m3", "sms", refused), message("m4", "sms", EvidenceReceipt{testNow, ReceiptBounced, "30003"})},
		Reminders: []EvidenceMessage{
			message("m5", "email", EvidenceReceipt{testNow, ReceiptDelayed, "4.4.1"}, EvidenceReceipt{testNow, ReceiptBounced, "5.1.1"}, EvidenceReceipt{testNow, ReceiptComplained, ""}),
			message("m6", "sms", refused),
		},
	}
	if d := cmp.Diff(want, EvidenceSignee{Invitations: got[0].Invitations, Codes: got[0].Codes, Reminders: got[0].Reminders}); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(got[1].Invitations)+len(got[1].Codes)+len(got[1].Reminders) > 0 {
		t.Errorf("another signee has %+v", got[1])
	}
}
