package notify_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

func TestEachSmsSaysWhatIsTrueInBothLanguages(t *testing.T) {
	link := links{}.Signing(processKey, bjorn)
	for _, tc := range []struct {
		kind   innsigli.JobKind
		lang   innsigli.Language
		custom string
		text   string
		change string
	}{
		{
			innsigli.JobSmsInvite, innsigli.LangEn, "",
			"Norðurljós ehf. asks you to read and sign “Þjónustusamningur.pdf”:\n" + link,
			"invited " + string(bjorn) + "\nlog SignupSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsInvite, innsigli.LangIs, "",
			"Norðurljós ehf. biður þig um að lesa og undirrita „Þjónustusamningur.pdf“:\n" + link,
			"invited " + string(bjorn) + "\nlog SignupSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsInvite, innsigli.LangEn, "Please sign the lease, Björn.",
			"Please sign the lease, Björn.\n" + link,
			"invited " + string(bjorn) + "\nlog SignupSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsRemind, innsigli.LangEn, "",
			"Norðurljós ehf. still waits for you to sign “Þjónustusamningur.pdf”:\n" + link + "\n\nStop these reminders:\n" + links{}.Unsubscribe(processKey, bjorn),
			"log ReminderSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsRemind, innsigli.LangIs, "",
			"Norðurljós ehf. bíður enn eftir því að þú undirritir „Þjónustusamningur.pdf“:\n" + link + "\n\nHætta að fá þessar áminningar:\n" + links{}.Unsubscribe(processKey, bjorn),
			"log ReminderSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsCode, innsigli.LangEn, "",
			"Norðurljós ehf.: 024680 is your code to sign “Þjónustusamningur.pdf”.\nIt is valid for 10 minutes. Give it to nobody.\n\n@sign.example #024680", "",
		},
		{
			innsigli.JobSmsCode, innsigli.LangIs, "",
			"Norðurljós ehf.: 024680 er kóðinn þinn til að undirrita „Þjónustusamningur.pdf“.\nHann gildir í 10 mínútur. Láttu engan fá hann.\n\n@sign.example #024680", "",
		},
		{
			innsigli.JobSmsCanceled, innsigli.LangEn, "",
			"Norðurljós ehf. canceled the signing of “Þjónustusamningur.pdf” on 23 November 2026. You do not need to do anything. The document has been deleted and nobody can open it.",
			"log CancelSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsCanceled, innsigli.LangIs, "",
			"Norðurljós ehf. hætti við undirritun skjalsins „Þjónustusamningur.pdf“ 23. nóvember 2026. Þú þarft ekkert að gera. Skjalinu hefur verið eytt og enginn getur opnað það.",
			"log CancelSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsExpired, innsigli.LangEn, "",
			"The time to sign “Þjónustusamningur.pdf” from Norðurljós ehf. is over. You do not need to do anything. The document has been deleted and nobody can open it.",
			"log CancelSent " + string(bjorn) + " Sms by Innsigli\n",
		},
		{
			innsigli.JobSmsExpired, innsigli.LangIs, "",
			"Frestur til að undirrita „Þjónustusamningur.pdf“ frá Norðurljós ehf. er liðinn. Þú þarft ekkert að gera. Skjalinu hefur verið eytt og enginn getur opnað það.",
			"log CancelSent " + string(bjorn) + " Sms by Innsigli\n",
		},
	} {
		t.Run(string(tc.kind)+"/"+tc.lang.Tag(), func(t *testing.T) {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			if st := states[tc.kind]; !st[0].Active() {
				w.ended(st[0], "")
			}
			w.facts.Process.Signees[1].CustomSms = tc.custom
			change, _, err := w.run(t, job(tc.kind, bjorn, "+3546661234", tc.lang))
			if err != nil {
				t.Fatal(err)
			}
			want := innsiglitest.Text{To: "+3546661234", From: "Innsigli", Text: tc.text, Key: uid, Answer: 200}
			if d := cmp.Diff(want, w.gateway.Wait(t, 1)[0]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.change, change); d != "" {
				t.Errorf("change (-want +got):\n%s", d)
			}
		})
	}
}

func TestTheGatewaysRedirectIsNotFollowed(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	elsewhere := innsiglitest.NewGateway(t)
	w.gateway.RedirectTo(elsewhere.URL())
	w.gateway.Answer(307)
	if _, _, err := w.run(t, job(innsigli.JobSmsInvite, bjorn, "+3546661234", innsigli.LangEn)); err == nil || innsigli.IsPermanent(err) {
		t.Errorf("error is %v", err)
	}
	if n := len(elsewhere.Texts()); n != 0 {
		t.Errorf("%d messages went elsewhere", n)
	}
}

func TestSmsAddressesThatCannotBeServedAreRefusedWithoutTheirPassword(t *testing.T) {
	for _, raw := range []string{"twilio://sid:s3cret@AC1", "ftp://s3cret@host/", "https://", "https://user:s3cret@ho st/%zz"} {
		_, err := notify.NewSms(raw, "Innsigli")
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: error %v", raw, err)
		}
	}
}
