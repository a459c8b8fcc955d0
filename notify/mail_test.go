package notify_test

import (
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	pages  = flag.String("pages", "", "folder to write the mails' HTML to, for looking at it in a browser")
)

// scenes are one of each mail, in the state in which it is sent.
var scenes = []struct {
	name  string
	kind  innsigli.JobKind
	who   innsigli.SigneeKey
	to    string
	ref   string
	state innsigli.State
	by    string
}{
	{"invitation", innsigli.JobMailInvite, bjorn, "bjorn@example.is", "", innsigli.Created, ""},
	{"reminder", innsigli.JobMailRemind, bjorn, "bjorn@example.is", "auto", innsigli.Started, ""},
	{"reminder_plain", innsigli.JobMailRemind, bjorn, "bjorn@example.is", "", innsigli.Started, ""},
	{"code", innsigli.JobMailCode, bjorn, "bjorn@example.is", string(token), innsigli.Started, ""},
	{"completed", innsigli.JobMailCompleted, bjorn, "bjorn@example.is", "", innsigli.Completed, ""},
	{"owner_completed", innsigli.JobMailOwnerDone, "", "anna@nordurljos.example", "", innsigli.Completed, ""},
	{"notification", innsigli.JobMailNotify, "", "skjalasafn@nordurljos.example", "", innsigli.Completed, ""},
	{"canceled", innsigli.JobMailCanceled, bjorn, "bjorn@example.is", "", innsigli.Canceled, "anna@nordurljos.example"},
	{"canceled_signed", innsigli.JobMailCanceled, sigrun, "sigrun@example.is", "", innsigli.Canceled, "Vinnsla"},
	{"expired", innsigli.JobMailExpired, bjorn, "bjorn@example.is", "", innsigli.Expired, ""},
	{"owner_copy", innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", "", innsigli.Canceled, "karl@nordurljos.example"},
	{"canceled_declined", innsigli.JobMailCanceled, bjorn, "bjorn@example.is", "", innsigli.Declined, "sigrun@example.is"},
	{"declined", innsigli.JobMailDeclined, "", "anna@nordurljos.example", "", innsigli.Declined, "bjorn@example.is"},
	{"owner_copy_declined", innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", "", innsigli.Declined, "bjorn@example.is"},
	{"undelivered", innsigli.JobMailUnreached, bjorn, "anna@nordurljos.example", "", innsigli.Started, ""},
	{"removed", innsigli.JobMailRemoved, bjorn, "bjorn@example.is", "", innsigli.Started, ""},
	{"invitation_passed", innsigli.JobMailInvite, bjorn, "bjorn@example.is", "", innsigli.Started, ""},
	{"reassigned", innsigli.JobMailPassed, bjorn, "anna@nordurljos.example", "", innsigli.Started, ""},
	{"owner_copy_fallback", innsigli.JobMailOwnerCopy, "", "skrifstofa@nordurljos.example", "fallback", innsigli.Canceled, ""},
	{"owner_copy_expired", innsigli.JobMailOwnerCopy, "", "anna@nordurljos.example", "", innsigli.Expired, ""},
	// Of a sequence.
	{"sequence_invitation", innsigli.JobMailInvite, bjorn, "bjorn@example.is", "", innsigli.Started, ""},
	{"sequence_reminder", innsigli.JobMailRemind, bjorn, "bjorn@example.is", "auto", innsigli.Started, ""},
	{"sequence_completed", innsigli.JobMailCompleted, bjorn, "bjorn@example.is", "", innsigli.Completed, ""},
	{"sequence_owner_completed", innsigli.JobMailOwnerDone, "", "anna@nordurljos.example", "", innsigli.Completed, ""},
	{"sequence_canceled", innsigli.JobMailCanceled, bjorn, "bjorn@example.is", "", innsigli.Canceled, "anna@nordurljos.example"},
	{"sequence_declined", innsigli.JobMailDeclined, "", "anna@nordurljos.example", "", innsigli.Declined, "bjorn@example.is"},
	{"sequence_expired", innsigli.JobMailExpired, bjorn, "bjorn@example.is", "", innsigli.Expired, ""},
	{"sequence_removed", innsigli.JobMailRemoved, sigrun, "sigrun@example.is", "", innsigli.Started, ""},
}

func TestEachMailSaysWhatIsTrueInBothLanguages(t *testing.T) {
	for _, sc := range scenes {
		for _, l := range []innsigli.Language{innsigli.LangEn, innsigli.LangIs} {
			t.Run(sc.name+"/"+l.Tag(), func(t *testing.T) {
				w := newWorld(t, innsiglitest.SMTPOptions{})
				if strings.HasPrefix(sc.name, "sequence_") {
					w.facts = together(w.facts)
				}
				if sc.kind == innsigli.JobMailRemoved {
					w.remove(sc.to)
				}
				if sc.state.Active() {
					w.facts.Process.State = sc.state
				} else {
					w.ended(sc.state, sc.by)
				}
				if sc.name == "reassigned" || sc.name == "invitation_passed" {
					w.facts.Process.Removed = []innsigli.Signee{{Key: "si20", Name: "Dagný Bjarkadóttir", PassedTo: bjorn, RemovedAt: noon}}
				}
				j := job(sc.kind, sc.who, sc.to, l)
				j.Ref = sc.ref
				change, _, err := w.run(t, j)
				if err != nil {
					t.Fatal(err)
				}
				m := w.smtp.Wait(t, 1)[0]
				if *pages != "" {
					if err := os.WriteFile(filepath.Join(*pages, sc.name+"."+l.Tag()+".html"), []byte(m.HTML), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				golden(t, sc.name+"."+l.Tag(), describe(m)+"\n== follows\n"+change)
				// What the text says, the HTML says too.
				if strings.ContainsAny(m.Text+m.Subject, "{}") {
					t.Error("a place in a text was left empty")
				}
				shown := readable(m.HTML)
				for word := range strings.FieldsSeq(m.Text) {
					if word != "--" && !strings.Contains(shown, strings.TrimRight(word, ":")) && !strings.Contains(m.HTML, `href="`+word+`"`) {
						t.Errorf("%q is in the text and not in the HTML", word)
					}
				}
			})
		}
	}
}

var tags = regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`)

// readable is the text of a page.
func readable(page string) string { return html.UnescapeString(tags.ReplaceAllString(page, "")) }

// describe is a mail as a reader sees it, for the golden files.
func describe(m innsiglitest.Mail) string {
	var b strings.Builder
	for _, h := range []string{"From", "To", "Reply-To", "Message-Id", "Date", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Language", "User-Agent"} {
		if v := m.Header.Get(h); v != "" {
			b.WriteString(h + ": " + v + "\n")
		}
	}
	b.WriteString("Subject (decoded): " + m.Subject + "\n\n" + m.Text)
	for _, f := range m.Files {
		b.WriteString("== file " + f.Type + " " + f.Name + " " + string(f.Bytes) + "\n")
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	innsiglitest.Golden(t, filepath.Join("testdata", name+".txt"), got, *update)
}
