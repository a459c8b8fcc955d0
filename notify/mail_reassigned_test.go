package notify_test

import (
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

// TestTheOwnerIsToldWhichDocumentWasPassedOn also where people prove who they are before they learn its name.
func TestTheOwnerIsToldWhichDocumentWasPassedOn(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.facts.Process.State, w.facts.Process.RequiresAuth = innsigli.Started, true
	w.facts.Process.Removed = []innsigli.Signee{{Key: "si20", Name: "Dagný", PassedTo: bjorn, RemovedAt: noon}}
	if _, _, err := w.run(t, job(innsigli.JobMailPassed, bjorn, "anna@nordurljos.example", innsigli.LangEn)); err != nil {
		t.Fatal(err)
	}
	if m := w.smtp.Wait(t, 1)[0]; !strings.Contains(m.Subject+m.Text, w.facts.Process.FileName) || !strings.Contains(m.Text, "Dagný passed signing") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
}
