package main

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// faultyMail is a mail server that is away at the n-th call, or takes the message and then the answer is lost.
type faultyMail struct {
	notify.Transport
	f *innsiglitest.Faults
}

func (m faultyMail) SendMail(ctx context.Context, msg *notify.Message, wanted notify.Wanted) error {
	if err := m.f.Step("SendMail"); err != nil {
		return err
	}
	return m.Transport.SendMail(ctx, msg, wanted)
}

// faultyRig fails the n-th call of store, outbox, blobs or mail.
func faultyRig(t *testing.T, db string) (*rig, *server, *innsiglitest.Faults) {
	t.Helper()
	f := &innsiglitest.Faults{}
	r, s := newLocal(t, db, seams{
		store: func(v innsigli.Store) innsigli.Store { return innsiglitest.FaultyStore{Store: v, F: f} },
		queue: func(v innsigli.Queue) innsigli.Queue { return innsiglitest.FaultyQueue{Queue: v, F: f} },
		blobs: func(v innsigli.Blobs) innsigli.Blobs { return innsiglitest.FaultyBlobs{Blobs: v, F: f} },
		mail:  func(v notify.Transport) notify.Transport { return faultyMail{v, f} },
	})
	return r, s, f
}

// TestFaults fails each call in turn through create, sign and cancel: all or nothing happens, and a second try succeeds.
func TestFaults(t *testing.T) {
	onBoth(t, func(t *testing.T, db string) {
		t.Helper()
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("after=%v", after), func(t *testing.T) {
				t.Parallel() // most of the time is back-off
				r, s, f := faultyRig(t, db)
				t.Run("create", func(t *testing.T) { faultsOfCreate(t, r.with(t), f, after) })
				t.Run("sign", func(t *testing.T) { faultsOfSign(t, r.with(t), s, f, after) })
				t.Run("cancel", func(t *testing.T) { faultsOfCancel(t, r.with(t), s, f, after) })
				t.Run("remind", func(t *testing.T) { faultsOfRemind(t, r.with(t), f, after) })
				for _, v := range faultyVerbs {
					t.Run(v.name, func(t *testing.T) { faultsOf(t, r.with(t), s, f, after, v.begin) })
				}
			})
		}
	})
}

// enough is more calls than any verb makes; a loop that comes so far is broken itself.
const enough = 80

// callsOf says which calls fail, from the first in steps. On PostgreSQL it is every other, odd ones before and even ones
// after their work: what is called is the same there.
func callsOf(r *rig, after bool) (first, step int) {
	switch {
	case r.db == "":
		return 1, 1
	case after:
		return 2, 2
	}
	return 1, 2
}

func faultsOfCreate(t *testing.T, r *rig, f *innsiglitest.Faults, after bool) {
	t.Helper()
	for n, step := callsOf(r, after); ; n += step {
		if n > enough {
			t.Fatal("create never passes")
		}
		ann := fmt.Sprintf("create%d%v@example.com", n, after)
		body := r.bodyOf(innsiglitest.PDF(t, 1, "fault"), byMail("Ann", ann))
		send := func() answer {
			return r.createWith(body, http.Header{"Idempotency-Key": {ann}})
		}
		f.Arm(n, after)
		a := send()
		r.settled()
		hit := f.Hit()
		f.Arm(0, false)
		if hit == "" {
			return
		}
		if a.status != http.StatusOK && a.status != http.StatusInternalServerError {
			t.Fatalf("%s: got %d %s", hit, a.status, a.body)
		}
		if a = send(); a.status != http.StatusOK {
			t.Fatalf("%s: the second try got %d %s", hit, a.status, a.body)
		}
		r.settled()
		if got := r.subjects(ann); len(got) != 1 {
			t.Fatalf("%s: %s got %d invitations: %q", hit, ann, len(got), got)
		}
		var p process
		a.json(t, &p)
		if log := r.statuses(p.Key); count(log, "Created") != 1 || count(log, "Started") != 1 {
			t.Fatalf("%s: log %q", hit, log)
		}
	}
}

func faultsOfSign(t *testing.T, r *rig, s *server, f *innsiglitest.Faults, after bool) {
	t.Helper()
	for n, step := callsOf(r, after); ; n += step {
		if n > enough {
			t.Fatal("sign never passes")
		}
		ann := fmt.Sprintf("sign%d%v@example.com", n, after)
		p := r.create(innsiglitest.PDF(t, 1, "fault"), byMail("Ann", ann))
		token := r.tokenFor(p, 0)
		r.settled()
		f.Arm(n, after)
		a := r.otp(token, codeFor(s, token))
		r.settled()
		hit := f.Hit()
		f.Arm(0, false)
		if hit == "" {
			return
		}
		if a.status == http.StatusInternalServerError {
			if a = r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
				t.Fatalf("%s: the second try got %d %s", hit, a.status, a.body)
			}
		}
		r.settled()
		if log := r.statuses(p.Key); count(log, "SigneeSigned") != 1 || count(log, "Completed") != 1 {
			t.Fatalf("%s: log %q", hit, log)
		}
		r.mustBeCompleted(t, p, ann)
		// A message whose taking was not noted may come twice; its Message-ID tells. None may be missing.
		if got := r.smtp.Mails(); !hasFile(got, ann) || !hasFile(got, "owner@nordurljos.example") {
			t.Fatalf("%s: the signed document was not sent: %s", hit, r.mails())
		}
	}
}

func faultsOfCancel(t *testing.T, r *rig, s *server, f *innsiglitest.Faults, after bool) {
	t.Helper()
	for n, step := callsOf(r, after); ; n += step {
		if n > enough {
			t.Fatal("cancel never passes")
		}
		ann, bo := fmt.Sprintf("ann%d%v@example.com", n, after), fmt.Sprintf("bo%d%v@example.com", n, after)
		p := r.create(innsiglitest.PDF(t, 1, "fault"), byMail("Ann", ann), byMail("Bo", bo))
		token := r.tokenFor(p, 1)
		if a := r.otp(token, codeFor(s, token)); a.status != http.StatusOK {
			t.Fatalf("sign: %d %s", a.status, a.body)
		}
		r.settled()
		f.Arm(n, after)
		st := r.cancel(p.Key)
		r.settled()
		hit := f.Hit()
		f.Arm(0, false)
		if hit == "" {
			return
		}
		if st == http.StatusInternalServerError && !after && r.shown(p) != "Started" {
			t.Fatalf("%s: 500, and yet it is %s", hit, r.shown(p))
		}
		if st = r.cancel(p.Key); st != http.StatusNoContent {
			t.Fatalf("%s: the second try got %d", hit, st)
		}
		r.settledCopy(p.Key)
		r.settled()
		log := r.statuses(p.Key)
		if count(log, "Canceled") != 1 || count(log, "OwnerCopySent") != 1 || count(log, "DocumentDeleted") != 1 {
			t.Fatalf("%s: log %q", hit, log)
		}
		for _, who := range []string{ann, bo} {
			if ids := r.messageIDs(who, isCancelSubject); len(ids) != 1 {
				t.Fatalf("%s: %s got %d different cancellations", hit, who, len(ids))
			}
		}
	}
}

// faultsOfRemind fails each call of a reminder: a client that gets no answer may try again, and what was asked for is sent,
// each with an id of its own.
func faultsOfRemind(t *testing.T, r *rig, f *innsiglitest.Faults, after bool) {
	t.Helper()
	for n, step := callsOf(r, after); ; n += step {
		if n > enough {
			t.Fatal("remind never passes")
		}
		ann := fmt.Sprintf("remind%d%v@example.com", n, after)
		p := r.create(innsiglitest.PDF(t, 1, "fault"), byMail("Ann", ann))
		r.settled()
		email := map[string]any{"CommunicationDeliveryType": "Email"}
		f.Arm(n, after)
		a := r.remind(p, 0, email)
		r.settled()
		hit := f.Hit()
		f.Arm(0, false)
		if hit == "" {
			return
		}
		most := 1
		if a.status == http.StatusInternalServerError {
			if after { // it may have been kept
				most = 2
			}
			if a = r.remind(p, 0, email); a.status != http.StatusOK {
				t.Fatalf("%s: the second try got %d %s", hit, a.status, a.body)
			}
			r.settled()
		}
		log := r.statuses(p.Key)
		asked, told := count(log, "ReminderRequested"), count(log, "ReminderSent")
		ids := r.messageIDs(ann, func(s string) bool { return mailKind(s) == "reminder" })
		if asked < 1 || asked > most || told != asked || len(ids) != asked {
			t.Fatalf("%s: %d messages, log %q", hit, len(ids), log)
		}
		r.cancel(p.Key)
	}
}

func hasFile(mails []innsiglitest.Mail, to string) bool {
	for _, m := range mails {
		if m.To == to && len(m.Files) == 1 {
			return true
		}
	}
	return false
}

// messageIDs are the different messages to an address with such a subject: a repeated one has the same id.
func (r *rig) messageIDs(to string, is func(string) bool) map[string]int {
	ids := map[string]int{}
	for _, m := range r.smtp.Mails() {
		if m.To == to && is(m.Subject) {
			ids[m.MessageID]++
		}
	}
	return ids
}
