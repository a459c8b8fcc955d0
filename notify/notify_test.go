package notify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

func TestEveryKindOfMessageHasAHandler(t *testing.T) {
	h := (&notify.Notifier{}).Handlers()
	for _, k := range []innsigli.JobKind{
		innsigli.JobMailInvite, innsigli.JobMailCode, innsigli.JobMailCompleted, innsigli.JobMailCanceled,
		innsigli.JobMailExpired, innsigli.JobMailOwnerCopy, innsigli.JobMailOwnerDone, innsigli.JobMailNotify, innsigli.JobSmsInvite,
		innsigli.JobSmsCode, innsigli.JobSmsCanceled, innsigli.JobSmsExpired, innsigli.JobCallCode, innsigli.JobWebhook,
	} {
		if h[k] == nil {
			t.Errorf("%s has no handler", k)
		}
	}
}

// states says for each kind in which states of the process it may still be sent.
var states = map[innsigli.JobKind][]innsigli.State{
	innsigli.JobMailInvite:    {innsigli.Created, innsigli.Started},
	innsigli.JobMailRemind:    {innsigli.Created, innsigli.Started},
	innsigli.JobSmsRemind:     {innsigli.Created, innsigli.Started},
	innsigli.JobMailCode:      {innsigli.Created, innsigli.Started},
	innsigli.JobMailCompleted: {innsigli.Completed},
	innsigli.JobMailOwnerDone: {innsigli.Completed},
	innsigli.JobMailNotify:    {innsigli.Completed},
	innsigli.JobMailCanceled:  {innsigli.Canceled, innsigli.Declined},
	innsigli.JobMailExpired:   {innsigli.Expired},
	innsigli.JobMailDeclined:  {innsigli.Declined},
	innsigli.JobMailUnreached: {innsigli.Created, innsigli.Started},
	innsigli.JobMailOwnerCopy: {innsigli.Canceled, innsigli.Expired, innsigli.Declined},
	innsigli.JobSmsInvite:     {innsigli.Created, innsigli.Started},
	innsigli.JobSmsCode:       {innsigli.Created, innsigli.Started},
	innsigli.JobCallCode:      {innsigli.Created, innsigli.Started},
	innsigli.JobSmsCanceled:   {innsigli.Canceled, innsigli.Declined},
	innsigli.JobSmsExpired:    {innsigli.Expired},
	innsigli.JobMailPassed:    {innsigli.Created, innsigli.Started, innsigli.Sealing, innsigli.Completed},
}

func address(k innsigli.JobKind) string {
	if !strings.HasPrefix(string(k), "mail.") {
		return "+3546661234"
	}
	return "bjorn@example.is"
}

func TestAMessageThatIsNotTrueAnyMoreIsNotSent(t *testing.T) {
	for kind, right := range states {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		for st := innsigli.Created; st <= innsigli.Declined; st++ {
			w.facts = facts()
			w.facts.Process.State, w.facts.Process.EndedAt, w.facts.Held = st, noon, true
			before := len(w.smtp.Mails()) + len(w.gateway.Texts())
			_, sent, err := w.run(t, job(kind, bjorn, address(kind), innsigli.LangEn))
			if err != nil {
				t.Errorf("%s in %s: %v", kind, st, err)
			}
			want := false
			for _, r := range right {
				want = want || r == st
			}
			if sent != want || (len(w.smtp.Mails())+len(w.gateway.Texts()) > before) != want {
				t.Errorf("%s in %s: sent is %v, want %v", kind, st, sent, want)
			}
		}
	}
}

func TestNothingIsHandedOverThatIsNotWanted(t *testing.T) {
	for kind, right := range states {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.facts.Process.State, w.facts.Process.EndedAt, w.facts.Held = right[0], noon, true
		w.unwanted = true
		change, sent, err := w.run(t, job(kind, bjorn, address(kind), innsigli.LangEn))
		if sent || change != "" || err != nil {
			t.Errorf("%s: decision %q, error %v", kind, change, err)
		}
		if w.asked == 0 {
			t.Errorf("%s: nobody asked whether it is wanted", kind)
		}
		if w.made != w.closed {
			t.Errorf("%s: %d documents were opened and %d closed", kind, w.made, w.closed)
		}
		if n := len(w.smtp.Mails()) + len(w.gateway.Texts()); n != 0 {
			t.Errorf("%s: %d messages went out", kind, n)
		}
	}
}

func TestWantedIsAskedAfterTheMailServerWasReached(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	release := w.smtp.Hang("bjorn@example.is")
	done := make(chan error, 1)
	go func() {
		_, err := w.Handlers()[innsigli.JobMailInvite](t.Context(), job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn))
		done <- err
	}()
	<-w.smtp.Reached()
	w.unwanted = true // the cancel comes while the server thinks about the address
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := len(w.smtp.Mails()); n != 0 {
		t.Errorf("%d mails went out after the process was canceled", n)
	}
}

func TestWhatCannotBeSaidAnyMoreIsNotSent(t *testing.T) {
	for name, spoil := range map[string]func(*world, *innsigli.Job){
		"erased process":    func(_ *world, j *innsigli.Job) { j.Process = "spff" },
		"signed meanwhile":  func(w *world, _ *innsigli.Job) { w.facts.Process.Signees[1].SignedAt = noon },
		"signee removed":    func(_ *world, j *innsigli.Job) { j.Signee = "siff" },
		"time is over":      func(w *world, _ *innsigli.Job) { w.facts.Process.ExpiresAt = noon },
		"code is void":      func(w *world, _ *innsigli.Job) { w.facts.Challenge.Void = true },
		"code is late":      func(w *world, _ *innsigli.Job) { w.facts.Challenge.ExpiresAt = noon },
		"code was used":     func(w *world, _ *innsigli.Job) { w.facts.Challenge.UsedAt = noon },
		"code of no signee": func(_ *world, j *innsigli.Job) { j.Ref = "00" },
	} {
		for _, kind := range []innsigli.JobKind{innsigli.JobMailInvite, innsigli.JobMailCode, innsigli.JobSmsInvite, innsigli.JobSmsCode, innsigli.JobCallCode} {
			if strings.HasPrefix(name, "code") && !strings.HasSuffix(string(kind), "code") {
				continue
			}
			w := newWorld(t, innsiglitest.SMTPOptions{})
			j := job(kind, bjorn, address(kind), innsigli.LangEn)
			spoil(w, &j)
			if _, sent, err := w.run(t, j); sent || err != nil {
				t.Errorf("%s, %s: sent %v, error %v", name, kind, sent, err)
			}
			if n := len(w.smtp.Mails()) + len(w.gateway.Texts()); n != 0 {
				t.Errorf("%s, %s: %d messages went out", name, kind, n)
			}
		}
	}
}

func TestARefusalForGoodIsPermanentAndLogged(t *testing.T) {
	for kind, right := range states {
		if kind == innsigli.JobMailOwnerCopy || kind == innsigli.JobMailDeclined {
			continue // the owner's have rules of their own
		}
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.facts.Process.State, w.facts.Process.EndedAt = right[0], noon
		w.smtp.Refuse("bjorn@example.is", 550)
		w.gateway.Answer(400)
		change, kept, err := w.run(t, job(kind, bjorn, address(kind), innsigli.LangEn))
		if !innsigli.IsPermanent(err) || !kept {
			t.Errorf("%s: error %v is not permanent, or nothing is kept", kind, err)
			continue
		}
		want := "log DeliveryRefused " + string(bjorn) + " " + string(kind) + " by Innsigli\n"
		if kind == innsigli.JobSmsInvite { // Björn is invited by SMS
			want += "job mail.undelivered " + string(bjorn) + " to anna@nordurljos.example in en\n"
		}
		if d := cmp.Diff(want, change); d != "" {
			t.Errorf("%s (-want +got):\n%s", kind, d)
		}
		silent(t, err)
	}
}

func TestWhatASecondTryMayCureIsNotPermanent(t *testing.T) {
	for name, spoil := range map[string]func(*world){
		"451 for the address": func(w *world) { w.smtp.Refuse("bjorn@example.is", 451); w.gateway.Answer(429) },
		"421 at the greeting": func(w *world) { w.smtp.Down(true); w.gateway.Answer(503) },
		"451 at the end":      func(w *world) { w.smtp.FailNth(1, 451); w.gateway.Answer(500) },
		"redirect":            func(w *world) { w.smtp.FailNth(1, 452); w.gateway.Answer(302) },
		"login":               func(w *world) { w.smtp.Refuse("bjorn@example.is", 530); w.gateway.Answer(401) },
	} {
		for kind, right := range states {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			w.facts.Process.State, w.facts.Process.EndedAt, w.facts.Held = right[0], noon, true
			spoil(w)
			j := job(kind, bjorn, address(kind), innsigli.LangEn)
			change, kept, err := w.run(t, j)
			if err == nil || innsigli.IsPermanent(err) || kept {
				t.Errorf("%s, %s: error %v, change %q", name, kind, err, change)
				continue
			}
			silent(t, err)
		}
	}
}

func TestTheSecondTryBearsTheSameMessageID(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.smtp.FailNth(1, 451)
	j := job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn)
	if _, _, err := w.run(t, j); err == nil {
		t.Fatal("the first try succeeded")
	}
	j.Attempt = 2
	for range 2 {
		if _, _, err := w.run(t, j); err != nil {
			t.Fatal(err)
		}
	}
	m := w.smtp.Wait(t, 2)
	if m[0].MessageID != "<"+uid+"@sign.example>" || m[1].MessageID != m[0].MessageID {
		t.Errorf("Message-IDs are %s and %s", m[0].MessageID, m[1].MessageID)
	}
}

// silent fails when an error tells what the server's log must not hold.
func silent(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"bjorn", "@example", "6661234", "024680", string(bjorn), string(processKey), string(token), hookKey} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error %q tells %q", err, secret)
		}
	}
}

func TestTheCompanyHearsOfADeclineWhenTheOwnerRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ to, ref, want string }{
		"owner": {
			"anna@nordurljos.example", "",
			"log DeliveryRefused mail.declined by Innsigli\njob mail.declined to skrifstofa@nordurljos.example in en ref fallback\n",
		},
		"the company is the owner": {"Skrifstofa@nordurljos.example", "", "log DeliveryRefused mail.declined by Innsigli\n"},
		"the company refuses too":  {"anna@nordurljos.example", "fallback", "log DeliveryRefused mail.declined by Innsigli\n"},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.ended(innsigli.Declined, "bjorn@example.is")
		w.smtp.Refuse(tc.to, 550)
		j := job(innsigli.JobMailDeclined, "", tc.to, innsigli.LangEn)
		j.Ref = tc.ref
		change, _, err := w.run(t, j)
		if change != tc.want || !innsigli.IsPermanent(err) {
			t.Errorf("%s: change %q, error %v", name, change, err)
		}
	}
}

func TestTheOwnersCopyGoesToTheCompanyWhenTheOwnerRefuses(t *testing.T) {
	const kind = innsigli.JobMailOwnerCopy
	for _, tc := range []struct {
		name, to, ref string
		user          string
		want          string
	}{
		{
			"owner", "anna@nordurljos.example", "", "anna@nordurljos.example",
			"log DeliveryRefused mail.owner_copy by Innsigli\njob mail.owner_copy to skrifstofa@nordurljos.example in en ref fallback\n",
		},
		{
			"the company is the owner", "Skrifstofa@nordurljos.example", "", "", "log DeliveryRefused mail.owner_copy by Innsigli\n",
		},
		{
			"fallback", "skrifstofa@nordurljos.example", "fallback", "anna@nordurljos.example",
			"log DeliveryRefused mail.owner_copy by Innsigli\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			w.ended(innsigli.Canceled, "")
			w.facts.Process.User = tc.user
			w.smtp.Refuse(tc.to, 550)
			j := job(kind, "", tc.to, innsigli.LangEn)
			j.Ref = tc.ref
			change, _, err := w.run(t, j)
			if !innsigli.IsPermanent(err) {
				t.Errorf("error %v is not permanent", err)
			}
			if d := cmp.Diff(tc.want, change); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if !strings.Contains(w.log.String(), `"level":"ERROR"`) || !strings.Contains(w.log.String(), `"alarm":true`) {
				t.Errorf("no alarm in the log: %s", w.log)
			}
			if strings.Contains(w.log.String(), "@") || strings.Contains(w.log.String(), string(processKey)) {
				t.Errorf("the log names somebody: %s", w.log)
			}
		})
	}
}

func TestTheOwnersCopyIsNotMadeWithoutAHold(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.ended(innsigli.Canceled, "")
	w.facts.Held = false
	if _, sent, err := w.run(t, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangEn)); sent || err != nil {
		t.Errorf("sent %v, error %v", sent, err)
	}
	w.facts.Held = true
	w.missing = &innsigli.Error{Kind: innsigli.NotFound, Text: "none"} // the hold ended after the facts were read
	if _, sent, err := w.run(t, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangEn)); sent || err != nil {
		t.Errorf("sent %v, error %v", sent, err)
	}
	w.missing = errors.New("disk")
	if _, sent, err := w.run(t, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangEn)); sent || err == nil || innsigli.IsPermanent(err) {
		t.Errorf("sent %v, error %v", sent, err)
	}
	if n := len(w.smtp.Mails()); n != 0 {
		t.Errorf("%d mails went out", n)
	}
}

func TestASignedDocumentThatIsTooLargeGoesAsALink(t *testing.T) {
	for name, tc := range map[string]struct {
		kind innsigli.JobKind
		to   string
		link string
	}{
		"signee": {innsigli.JobMailCompleted, "bjorn@example.is", links{}.Download(processKey, bjorn)},
		"owner":  {innsigli.JobMailOwnerDone, "anna@nordurljos.example", links{}.Download(processKey, "")},
		"inbox":  {innsigli.JobMailNotify, "skjalasafn@nordurljos.example", links{}.Download(processKey, "")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, innsiglitest.SMTPOptions{Size: 60_000})
			w.ended(innsigli.Completed, "")
			w.big = 50_000
			change, _, err := w.run(t, job(tc.kind, bjorn, tc.to, innsigli.LangEn))
			if err != nil {
				t.Fatal(err)
			}
			m := w.smtp.Wait(t, 1)[0]
			if len(m.Files) != 0 || !strings.Contains(m.Text, tc.link) || !strings.Contains(m.HTML, `href="`+tc.link+`"`) {
				t.Errorf("%d files and no link in:\n%s", len(m.Files), m.Text)
			}
			if !strings.Contains(change, "log ConfirmationSent") {
				t.Errorf("change is %q", change)
			}
			if w.Mail.Limit() != 60_000 {
				t.Errorf("limit is %d", w.Mail.Limit())
			}
			w.big = 30_000
			if _, _, err := w.run(t, job(tc.kind, bjorn, tc.to, innsigli.LangEn)); err != nil {
				t.Fatal(err)
			}
			if m := w.smtp.Wait(t, 2)[1]; len(m.Files) != 1 || m.Files[0].Size != 30_000 {
				t.Errorf("what fits was not attached: %+v", m.Files)
			}
		})
	}
}

func TestAnOwnersCopyThatIsTooLargeIsAnAlarm(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{Size: 20_000})
	w.ended(innsigli.Canceled, "")
	w.big = 50_000
	change, _, err := w.run(t, job(innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", innsigli.LangEn))
	if large, ok := errors.AsType[*notify.TooLargeError](err); !ok || large.Limit != 20_000 || !innsigli.IsPermanent(err) {
		t.Errorf("error is %v", err)
	}
	if d := cmp.Diff("log DeliveryRefused mail.owner_copy by Innsigli\n", change); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if !strings.Contains(w.log.String(), `"alarm":true`) {
		t.Errorf("no alarm in the log: %s", w.log)
	}
}

func TestAnAddressThatIsNoneIsRefusedAndNeverReachesAServer(t *testing.T) {
	for _, to := range []string{"", "bjorn", "a@b>\r\nRCPT TO:<c@d", "a@b.is, c@d.is", "Björn <b@example.is>", "a b@example.is"} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		_, _, err := w.run(t, job(innsigli.JobMailInvite, bjorn, to, innsigli.LangEn))
		if !innsigli.IsPermanent(err) {
			t.Errorf("%q: error %v", to, err)
		}
		if n := len(w.smtp.Mails()); n != 0 {
			t.Errorf("%q: a mail went out", to)
		}
	}
}

// TestEvidenceApartGoesAlong: with both mails about a completed process, and with the owner's copy.
func TestEvidenceApartGoesAlong(t *testing.T) {
	for kind, state := range map[innsigli.JobKind]innsigli.State{
		innsigli.JobMailCompleted: innsigli.Completed, innsigli.JobMailOwnerDone: innsigli.Completed, innsigli.JobMailNotify: innsigli.Completed,
		innsigli.JobMailOwnerCopy: innsigli.Canceled,
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.ended(state, "")
		w.beside = []byte("%PDF-1.7 evidence")
		if _, sent, err := w.run(t, job(kind, bjorn, "bjorn@example.is", innsigli.LangEn)); !sent || err != nil {
			t.Fatalf("%s: %v, %v", kind, sent, err)
		}
		files := w.smtp.Wait(t, 1)[0].Files
		if len(files) != 2 || files[1].Name != "x.evidence.pdf" || files[1].Size != int64(len(w.beside)) {
			t.Errorf("%s: files %+v", kind, files)
		}
	}
}

func TestNobodyIsRemindedWhoHasSignedOrIsNotInTurn(t *testing.T) {
	for name, change := range map[string]func(*innsigli.Process){
		"signed": func(p *innsigli.Process) { p.Signees[1].SignedAt = noon },
		"not in turn": func(p *innsigli.Process) {
			p.InOrder, p.Signees[0].SignedAt = true, time.Time{}
		},
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		change(&w.facts.Process)
		for _, k := range []innsigli.JobKind{innsigli.JobMailRemind, innsigli.JobSmsRemind} {
			if change, wanted, err := w.run(t, job(k, bjorn, "bjorn@example.is", innsigli.LangEn)); wanted || err != nil {
				t.Errorf("%s, %s: %v %s", name, k, err, change)
			}
		}
		if len(w.smtp.Mails())+len(w.gateway.Texts()) > 0 {
			t.Errorf("%s: reminded", name)
		}
	}
}
