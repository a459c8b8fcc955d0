package notify_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/notify"
)

// theirs is a template of the company for a type, with every place of a mail in use.
func theirs(t innsigli.TemplateType) innsigli.Template {
	tm := innsigli.Template{
		ID: 3, Type: t, Subject: "From us: {{documentName}}", LinkText: "Go on", IncludeFiles: true,
		Message: `<p>Dear {{customer.name}},</p><p>case {{customer.Meta.caseId}} of {{companyName}}: <b>{{documentName}}</b>.</p>`,
	}
	if t.Sms() {
		tm.Subject, tm.LinkText, tm.Message = "", "", "Dear {{customer.name}}: {{documentName}} of {{companyName}}"
	}
	if t == innsigli.TemplateSmsCode {
		tm.Message = "{{code}} for {{minutes}} minutes"
	}
	return tm
}

// TestEveryMessageGoesOutInTheCompanysWords: and what people need whatever a template says is still in it.
func TestEveryMessageGoesOutInTheCompanysWords(t *testing.T) {
	for kind, in := range states {
		if kind == innsigli.JobCallCode {
			continue // calls have no templates
		}
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			w.template = theirs(innsigli.TemplateOf(kind))
			if w.template.Type == 0 || w.template.Type.Job() != kind {
				t.Fatal("there is no template for it")
			}
			if bad := w.CheckTemplate(w.template); len(bad) > 0 {
				t.Fatal(bad)
			}
			if in[0].Active() {
				w.facts.Process.State = in[0]
			} else {
				w.ended(in[0], "anna@nordurljos.example")
			}
			send := func(k innsigli.JobKind) (text, html, subject string) {
				if _, sent, err := w.run(t, job(k, bjorn, address(k), innsigli.LangIs)); !sent || err != nil {
					t.Fatal(sent, err)
				}
				if w.template.Type.Sms() {
					return w.gateway.Wait(t, 1)[0].Text, "", ""
				}
				mails := w.smtp.Wait(t, 1)
				m := mails[len(mails)-1]
				return m.Text, m.HTML, m.Subject
			}
			text, html, subject := send(kind)
			if w.template.Type == innsigli.TemplateSmsCode {
				if text != "024680 for 10 minutes\n\n@sign.example #024680" {
					t.Errorf("text %q", text)
				}
				return
			}
			if !strings.Contains(text, "Dear Björn Egilsson") {
				t.Errorf("text %q", text)
			}
			if needs := in[0].Active() && !slices.Contains([]innsigli.JobKind{innsigli.JobMailCode, innsigli.JobMailPassed, innsigli.JobMailUnreached}, kind); needs && !strings.Contains(text, links{}.Signing(processKey, bjorn)) {
				t.Errorf("without the link: %q", text)
			}
			if w.template.Type.Sms() {
				return
			}
			if subject != "From us: Þjónustusamningur.pdf" || !strings.Contains(html, "<p>Dear Björn Egilsson,</p>") {
				t.Errorf("subject %q, HTML %s", subject, html)
			}
			if kind == innsigli.JobMailCode && (!strings.Contains(text, "024680") || !strings.Contains(html, "024680")) {
				t.Error("without the code")
			}
			if !strings.Contains(text, "-- \n") || !strings.Contains(text, "case 42 of Norðurljós ehf.") {
				t.Errorf("text %q", text)
			}
		})
	}
}

func TestWhatTheAskerWroteIsHarmlessInATemplate(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.template = innsigli.Template{
		ID: 3, Type: innsigli.TemplateSignup, Subject: "Please sign: {{customer.Meta.title}} {{documentName}}",
		Message: `<p>{{customer.Meta.title}} <a href="https://a.example/?q={{customer.Meta.title}}" title="{{customer.Meta.title}}">x</a></p>`,
	}
	w.facts.Process.Meta["title"] = "\u202e\"><script>alert(1)</script>\r\nBcc: victim@x.example"
	w.facts.Process.FileName = "a\r\nFrom: b@x.example\u2066.pdf"
	if _, sent, err := w.run(t, job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn)); !sent || err != nil {
		t.Fatal(sent, err)
	}
	m := w.smtp.Wait(t, 1)[0]
	if strings.Contains(m.HTML, "<script") || strings.Contains(m.HTML, `"">`) || strings.ContainsAny(m.Subject+m.Text+m.HTML, "\u202e\u2066") {
		t.Errorf("%s\n%s\n%s", m.Subject, m.Text, m.HTML)
	}
	if m.Header.Get("Bcc") != "" || !strings.HasPrefix(m.Subject, `Please sign: "><script>`) || strings.Contains(m.Header.Get("From"), "b@x.example") {
		t.Errorf("header %v", m.Header)
	}
}

// TestATemplateThatCannotBeFilledIsPassedOver: the mail goes out in our words, and the log says so without naming anybody.
func TestATemplateThatCannotBeFilledIsPassedOver(t *testing.T) {
	for name, message := range map[string]string{
		"too many steps": strings.Repeat("{{#each signees}}", 9) + "x" + strings.Repeat("{{/each}}", 9),
		"too long":       strings.Repeat("{{#each signees}}", 4) + strings.Repeat("x", 20_000) + strings.Repeat("{{/each}}", 4),
		"not read":       "<p>{{nobody}}",
	} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		for i := range 2 {
			w.facts.Process.Signees = append(w.facts.Process.Signees, innsigli.Signee{Name: fmt.Sprint("P", i)})
		}
		w.template = theirs(innsigli.TemplateSignup)
		w.template.Message = message
		change, sent, err := w.run(t, job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn))
		if !sent || err != nil || !strings.Contains(change, "SignupSent") {
			t.Fatal(name, change, err)
		}
		m := w.smtp.Wait(t, 1)[0]
		if m.Subject != "Please sign: Þjónustusamningur.pdf" || !strings.Contains(m.Text, "asks you to read and sign") || !strings.Contains(m.Text, "Read and sign:") {
			t.Errorf("%s: %s\n%s", name, m.Subject, m.Text)
		}
		log := w.log.String()
		if !strings.Contains(log, `"template":3,"type":"Signup"`) || strings.Contains(log, "Björn") || strings.Contains(log, string(processKey)) {
			t.Errorf("%s: log %s", name, log)
		}
	}
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.template = theirs(innsigli.TemplateSmsSignup)
	w.template.Message = "{{#each signees}}" + strings.Repeat("x", innsigli.MaxSmsRunes/2) + " {{/each}}"
	if _, sent, err := w.run(t, job(innsigli.JobSmsInvite, bjorn, "+3546661234", innsigli.LangEn)); !sent || err != nil {
		t.Fatal(err)
	}
	if text := w.gateway.Wait(t, 1)[0].Text; !strings.HasPrefix(text, "Norðurljós ehf. asks you") || !strings.Contains(w.log.String(), "SmsSignup") {
		t.Errorf("text %q, log %s", text, w.log)
	}
}

func TestAnSmsIsAsLongAsItMayBe(t *testing.T) {
	for n, ours := range map[int]bool{innsigli.MaxSmsRunes: false, innsigli.MaxSmsRunes + 1: true} {
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.template = theirs(innsigli.TemplateSmsExpired)
		w.template.Message = strings.Repeat("þ", n)
		if bad := w.CheckTemplate(w.template); (len(bad) > 0) != ours {
			t.Errorf("%d characters: %v", n, bad)
		}
		w.ended(innsigli.Expired, "")
		if _, sent, err := w.run(t, job(innsigli.JobSmsExpired, bjorn, "+3546661234", innsigli.LangEn)); !sent || err != nil {
			t.Fatal(err)
		}
		if text := w.gateway.Wait(t, 1)[0].Text; (text != w.template.Message) != ours {
			t.Errorf("%d characters: %q", n, text)
		}
	}
}

// TestASubjectAlone goes over our sentences.
func TestASubjectAlone(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.template = theirs(innsigli.TemplateSignup)
	w.template.Message, w.template.Alone = "", true
	if _, sent, err := w.run(t, job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn)); !sent || err != nil {
		t.Fatal(err)
	}
	m := w.smtp.Wait(t, 1)[0]
	if m.Subject != "From us: Þjónustusamningur.pdf" || !strings.Contains(m.Text, "asks you to read and sign") || !strings.Contains(m.Text, "Go on:\n") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
}

// TestNothingGoesOutWhileItIsNotKnownWhichTemplateIsInForce: the database is asked again by the next attempt.
func TestNothingGoesOutWhileItIsNotKnownWhichTemplateIsInForce(t *testing.T) {
	for kind := range states {
		if kind == innsigli.JobCallCode {
			continue
		}
		w := newWorld(t, innsiglitest.SMTPOptions{})
		w.templateErr = errors.New("the database is away")
		_, sent, err := w.run(t, job(kind, bjorn, address(kind), innsigli.LangEn))
		if sent || err == nil || innsigli.IsPermanent(err) || len(w.smtp.Mails())+len(w.gateway.Texts()) > 0 {
			t.Errorf("%s: sent %v, %v", kind, sent, err)
		}
	}
}

func TestWordsForOnePersonGoBeforeTheTemplate(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.template = theirs(innsigli.TemplateSmsSignup)
	w.facts.Process.Signees[1].CustomSms = "Sæll Björn"
	if _, sent, err := w.run(t, job(innsigli.JobSmsInvite, bjorn, "+3546661234", innsigli.LangIs)); !sent || err != nil {
		t.Fatal(err)
	}
	if text := w.gateway.Wait(t, 1)[0].Text; !strings.HasPrefix(text, "Sæll Björn\nhttps://") {
		t.Errorf("text %q", text)
	}
}

// TestADocumentThatNeedsProofIsNotNamed: by none of the names that a template has for it.
func TestADocumentThatNeedsProofIsNotNamed(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	w.facts.Process.RequiresAuth = true
	w.facts.Process.Meta["pdfFileName"] = "Uppsögn.pdf"
	w.template = theirs(innsigli.TemplateSignup)
	w.template.Message = `<p>{{documentName}} {{customer.Meta.pdfFileName}} {{#each documents}}{{name}}{{/each}}</p>`
	if _, sent, err := w.run(t, job(innsigli.JobMailInvite, bjorn, "bjorn@example.is", innsigli.LangEn)); !sent || err != nil {
		t.Fatal(err)
	}
	m := w.smtp.Wait(t, 1)[0]
	if all := m.Subject + m.Text + m.HTML; strings.Contains(all, "samningur") || strings.Contains(all, "Upps") || !strings.Contains(m.Subject, "Confidential") {
		t.Errorf("%s\n%s", m.Subject, m.Text)
	}
}

// TestFilesAreLeftOutWhenTheTemplateSaysSo: the document is not opened, and the mail has its address.
func TestFilesAreLeftOutWhenTheTemplateSaysSo(t *testing.T) {
	for kind, link := range map[innsigli.JobKind]string{
		innsigli.JobMailCompleted: links{}.Download(processKey, bjorn), innsigli.JobMailOwnerDone: links{}.Download(processKey, ""),
		innsigli.JobMailNotify: links{}.Download(processKey, ""),
	} {
		for _, message := range []string{"<p>{{#if attached}}here{{else}}there{{/if}}</p>", "{{broken"} {
			w := newWorld(t, innsiglitest.SMTPOptions{})
			w.ended(innsigli.Completed, "")
			w.template = theirs(innsigli.TemplateOf(kind))
			w.template.Message, w.template.IncludeFiles, w.template.Alone = message, false, true
			j := job(kind, "", "bjorn@example.is", innsigli.LangEn)
			if kind == innsigli.JobMailCompleted {
				j.Signee = bjorn
			}
			if _, sent, err := w.run(t, j); !sent || err != nil {
				t.Fatal(kind, err)
			}
			m := w.smtp.Wait(t, 1)[0]
			if len(m.Files) > 0 || w.made > 0 || !strings.Contains(m.Text, link) || strings.Contains(m.Text, "too large") {
				t.Errorf("%s: %d files, text %s", kind, len(m.Files), m.Text)
			}
			if message[0] == '<' && (!strings.HasPrefix(m.Text, "there\n\nGo on:\n") || strings.Contains(m.HTML, "<h1")) {
				t.Errorf("%s: not alone: %s", kind, m.Text)
			}
		}
	}
}

func TestTemplatesAreCheckedWhenTheyAreKept(t *testing.T) {
	n := newWorld(t, innsiglitest.SMTPOptions{}).Notifier
	for name, c := range map[string]struct {
		t           innsigli.TemplateType
		subject     string
		message     string
		field, want string
	}{
		"script":                {innsigli.TemplateSignup, "Please sign", "<p>\n<script>x</script></p>", "message", "message: line 2, column 1: <script> is not allowed."},
		"unknown name":          {innsigli.TemplateSignup, "Please sign", "{{customer.iban}}", "message", "{{customer.iban}} is not known here"},
		"a name of another one": {innsigli.TemplateCanceled, "It is over", "{{link}}", "message", "{{link}} is not known here"},
		"nothing to fill":       {innsigli.TemplateSignup, "Please {{customer.no}}", "", "subject", "is not known here"},
		"a bomb":                {innsigli.TemplateSignup, "Please sign", bomb(4), "message", "too long"},
		"a deep one":            {innsigli.TemplateSignup, "Please sign", strings.Repeat("<b>", 5000), "message", "in each other"},
		"subject with a value":  {innsigli.TemplateSignup, "{{customer.name}} please sign", "x", "subject", "begin with words of your own"},
		"subject with one hidden": {
			innsigli.TemplateSignup, "{{#if customer.name}}{{customer.name}}{{/if}} please", "x", "subject", "begin with words of your own",
		},
		"subject with a sign only": {innsigli.TemplateSignup, ": {{documentName}}", "x", "subject", "begin with words of your own"},
		"subject unknown":          {innsigli.TemplateSignup, "Please {{no}}", "x", "subject", "line 1, column 8: {{no}} is not known"},
		"an SMS without its code":  {innsigli.TemplateSmsCode, "", "{{#if code}}{{code}}{{/if}}", "message", "{{code}} is missing"},
		"an SMS of two lines":      {innsigli.TemplateSmsSignup, "", "a\nb", "message", "control character"},
	} {
		bad := n.CheckTemplate(innsigli.Template{Type: c.t, Subject: c.subject, Message: c.message})
		if len(bad) != 1 || bad[0].Field != c.field || !strings.Contains(bad[0].Text, c.want) {
			t.Errorf("%s: %+v", name, bad)
		}
	}
	if bad := n.CheckTemplate(innsigli.Template{Type: innsigli.TemplateMagicLink, Subject: "Come in", Message: "<p>{{companyName}}</p>"}); len(bad) > 0 {
		t.Errorf("one that is not used: %v", bad)
	}
}

func bomb(deep int) string {
	return strings.Repeat("{{#each signees}}", deep) + "{{name}}" + strings.Repeat("{{/each}}", deep)
}

// TestEveryTypeHasAPreview: of ours and of a template, in the language asked for, with nobody's data.
func TestEveryTypeHasAPreview(t *testing.T) {
	w := newWorld(t, innsiglitest.SMTPOptions{})
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 48, 12))); err != nil {
		t.Fatal(err)
	}
	w.logo, w.facts.Company.Logo = logo.Bytes(), "aa"
	for kind := range states {
		if kind == innsigli.JobCallCode {
			continue
		}
		tm := theirs(innsigli.TemplateOf(kind))
		tm.Language = innsigli.LangDe
		show := func(tm innsigli.Template) innsigli.Preview {
			p, err := w.Preview(t.Context(), w.facts.Company, w.facts.Flow, tm)
			if p.HTML != "" && (!strings.Contains(p.HTML, `src="data:image/png;base64,`) || strings.Contains(p.HTML, "cid:")) {
				t.Errorf("%s without the logo: %s", kind, p.HTML)
			}
			if err != nil || p.Text == "" || strings.ContainsAny(p.Subject+p.Text, "{}") {
				t.Errorf("%s: %v, %+v", kind, err, p)
			}
			return p
		}
		own := show(tm)
		if tm.Type.Sms() != (own.HTML == "") || !tm.Type.Sms() && own.Subject != "From us: Contract.pdf" {
			t.Errorf("%s: %+v", kind, own)
		}
		tm.Subject, tm.Message = "", ""
		if ours := show(tm); ours.Text == own.Text || strings.Contains(ours.Text, "You ") {
			t.Errorf("%s: ours %+v", kind, ours)
		}
	}
	_, err := w.Preview(t.Context(), w.facts.Company, w.facts.Flow, innsigli.Template{Type: innsigli.TemplateNewUser})
	if innsigli.KindOf(err) != innsigli.Invalid {
		t.Error(err)
	}
	var _ innsigli.Templater = (*notify.Notifier)(nil)
}

// TestTheDocumentationListsTheNamesOfEachType: a name is taken by the types that it is listed for, and by no other.
func TestTheDocumentationListsTheNamesOfEachType(t *testing.T) {
	doc, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	n := newWorld(t, innsiglitest.SMTPOptions{}).Notifier
	words := regexp.MustCompile("`(\\w+)`")
	has, all := map[innsigli.TemplateType][]string{}, map[string]bool{}
	_, table, _ := strings.Cut(string(doc), "| type | besides |")
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		types, names, ok := strings.Cut(strings.Trim(row, "| \n"), " | ")
		for _, typ := range words.FindAllStringSubmatch(types, -1) {
			k, known := innsigli.ParseTemplateType(typ[1])
			if !ok || !known {
				t.Errorf("%s is no type", typ[1])
			}
			for _, name := range words.FindAllStringSubmatch(names, -1) {
				has[k] = append(has[k], name[1])
				all[name[1]] = true
			}
		}
	}
	for kind := range states {
		if kind == innsigli.JobCallCode {
			continue
		}
		tm := theirs(innsigli.TemplateOf(kind))
		message := tm.Message
		for name := range all {
			tm.Message = message + "{{#if " + name + "}}x{{/if}}"
			if bad := n.CheckTemplate(tm); (len(bad) == 0) != slices.Contains(has[tm.Type], name) {
				t.Errorf("%s, %s: %v", tm.Type, name, bad)
			}
		}
	}
	if len(all) < 10 {
		t.Errorf("read %v", all)
	}
}
