package notify_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/lang"
	"github.com/innsigli/innsigli/notify"
)

// TestACallReadsTheCodeTwiceDigitByDigit in every language. The document is not named.
func TestACallReadsTheCodeTwiceDigitByDigit(t *testing.T) {
	english := "This is a call on behalf of Norðurljós ehf. – your code to sign is: 0, 2, 4, 6, 8, 0. Once more: 0, 2, 4, 6, 8, 0. Give it to nobody."
	for _, tag := range lang.Tags() {
		l, ok := innsigli.ParseLanguage(tag)
		if !ok {
			t.Fatal(tag)
		}
		for _, entry := range []bool{false, true} {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			w.facts.Challenge.Entry = entry
			if change, sent, err := w.run(t, job(innsigli.JobCallCode, bjorn, "+3546661234", l)); change != "" || !sent || err != nil {
				t.Fatalf("%s: %q %v %v", tag, change, sent, err)
			}
			got := w.gateway.Wait(t, 1)[0]
			text := got.Text
			got.Text = ""
			if d := cmp.Diff(innsiglitest.Text{To: "+3546661234", Language: tag, Key: uid, Answer: 200}, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", tag, d)
			}
			if strings.Count(text, "0, 2, 4, 6, 8, 0") != 2 || strings.Contains(text, "samningur") || strings.ContainsAny(text, "{}\n") {
				t.Errorf("%s: %s", tag, text)
			}
			if tag == "en" && !entry && text != english {
				t.Errorf("%s", text)
			}
		}
	}
}

func TestAVoiceAddressThatCannotBeServedIsRefusedWithoutItsPassword(t *testing.T) {
	for _, raw := range []string{"sip:s3cret@host", "https://", "https://user:s3cret@ho st/%zz"} {
		if _, err := notify.NewCalls(raw); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.HasPrefix(err.Error(), "voice: ") {
			t.Errorf("%s: error %v", raw, err)
		}
	}
}
