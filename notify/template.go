package notify

import (
	"context"
	"encoding/base64"
	"html/template"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/tmpl"
)

// maxMeta is how much of a text of meta a mail shows, in characters.
const maxMeta = 1000

// namesIn are the names that a template of the type may use; docs/templates.md lists them.
func namesIn(t innsigli.TemplateType) tmpl.Names {
	names := tmpl.Names{
		"customer": {Kind: tmpl.Group, Of: tmpl.Names{
			"name": {}, "email": {}, "phoneNumber": {}, "ssn": {}, "address": {}, "postalCode": {}, "city": {}, "Meta": {Kind: tmpl.Texts},
		}},
		"salesPerson": {}, "companyName": {}, "companySsn": {}, "companyEmail": {}, "flowName": {}, "documentName": {},
		"documents": {Kind: tmpl.List, Of: tmpl.Names{"name": {}}},
		"signees":   {Kind: tmpl.List, Of: tmpl.Names{"name": {}, "signed": {Kind: tmpl.Flag}, "declined": {Kind: tmpl.Flag}, "signedAt": {}}},
	}
	maps.Copy(names, namesOnlyIn(t))
	return names
}

// namesOnlyIn are those that other types do not have.
func namesOnlyIn(t innsigli.TemplateType) tmpl.Names {
	switch t { //nolint:exhaustive // the others have none
	case innsigli.TemplateSignup, innsigli.TemplateReminder:
		return tmpl.Names{"link": {Kind: tmpl.URL}, "expires": {}}
	case innsigli.TemplateSmsSignup, innsigli.TemplateSmsReminder, innsigli.TemplateExpired, innsigli.TemplateSmsExpired:
		return tmpl.Names{"expires": {}}
	case innsigli.TemplateConfirmation:
		return tmpl.Names{"link": {Kind: tmpl.URL}, "date": {}, "attached": {Kind: tmpl.Flag}}
	case innsigli.TemplateSalesPerson, innsigli.TemplateNotification:
		return tmpl.Names{"date": {}, "attached": {Kind: tmpl.Flag}}
	case innsigli.TemplateCanceled, innsigli.TemplateSmsCanceled:
		return tmpl.Names{"date": {}, "isDeclined": {Kind: tmpl.Flag}}
	case innsigli.TemplateOwnerCopy:
		return tmpl.Names{"date": {}, "who": {}, "isDeclined": {Kind: tmpl.Flag}, "isExpired": {Kind: tmpl.Flag}}
	case innsigli.TemplateDeclined:
		return tmpl.Names{"date": {}, "who": {}, "reason": {}}
	case innsigli.TemplatePassed:
		return tmpl.Names{"date": {}, "who": {}}
	case innsigli.TemplateUnreached:
		return tmpl.Names{"who": {}, "address": {}}
	case innsigli.TemplateCode:
		return tmpl.Names{"isEntry": {Kind: tmpl.Flag}}
	case innsigli.TemplateSmsCode:
		return tmpl.Names{"code": {}, "minutes": {}, "isEntry": {Kind: tmpl.Flag}}
	}
	return nil
}

// filled are a template's texts with the values of a scene.
type filled struct {
	subject string
	words   ownWords
}

// fill fills the scene's template. An error says why it cannot be used.
func (n *Notifier) fill(s *scene, hasFiles bool) (filled, error) {
	t, names := s.template, namesIn(s.template.Type)
	values := n.values(s, hasFiles)
	if t.Type.Sms() {
		body, err := tmpl.Line(t.Message, names)
		if err != nil {
			return filled{}, err
		}
		text, err := body.Line(values)
		if err == nil && (text == "" || len([]rune(text)) > innsigli.MaxSmsRunes) {
			err = &tmpl.Error{Reason: "the SMS is empty or longer than " + strconv.Itoa(innsigli.MaxSmsRunes) + " characters"}
		}
		return filled{words: ownWords{Text: clean(text, innsigli.MaxSmsRunes)}}, err
	}
	subject, err := tmpl.Line(t.Subject, names)
	if err != nil {
		return filled{}, err
	}
	body, err := tmpl.HTML(t.Message, names)
	if err != nil {
		return filled{}, err
	}
	line, err := subject.Line(values)
	if err != nil {
		return filled{}, err
	}
	html, err := body.HTML(values)
	if err != nil {
		return filled{}, err
	}
	plain, err := body.Plain(values)
	//nolint:gosec // package tmpl lets known elements through and escapes every value
	return filled{clean(line, innsigli.MaxSubjectRunes), ownWords{HTML: template.HTML(html), Text: plain}}, err
}

// values are what the names of [namesIn] stand for, harmless to show. The template of another type asks for fewer.
func (n *Notifier) values(s *scene, hasFiles bool) map[string]any {
	p, ch := s.facts.Process, s.facts.Challenge
	you := s.customer()
	documents, signees := []map[string]any{}, []map[string]any{}
	for _, d := range s.all {
		documents = append(documents, map[string]any{"name": s.called(d.Process)})
	}
	for _, sg := range s.everyone() {
		at := ""
		if sg.Signed() {
			at = s.words.DateTime(sg.SignedAt.UTC())
		}
		signees = append(signees, map[string]any{"name": nameOf(sg), "signed": sg.Signed(), "declined": sg.Declined(), "signedAt": at})
	}
	link := s.link(n.Links)
	if s.template.Type == innsigli.TemplateConfirmation {
		link = s.download(n.Links)
	}
	ended := p.EndedAt
	if ended.IsZero() {
		ended = s.facts.Now
	}
	v := map[string]any{
		"customer": map[string]any{
			"name": clean(you.Name, maxName), "email": clean(you.Email, innsigli.MaxAddress), "phoneNumber": clean(you.Phone, maxName),
			"ssn": clean(you.Ssn, maxName), "address": clean(you.Address, maxName), "postalCode": clean(you.PostalCode, maxName),
			"city": clean(you.City, maxName), "Meta": s.meta(),
		},
		"salesPerson": clean(s.facts.Sender(), innsigli.MaxAddress), "companyName": s.company, "companySsn": "",
		"companyEmail": clean(s.facts.Company.Email, innsigli.MaxAddress), "flowName": clean(s.facts.Flow.Name, maxName),
		"documentName": s.document, "documents": documents, "signees": signees,
		"link": link, "expires": s.date(p.ExpiresAt), "date": s.date(ended), "attached": hasFiles,
		"who": clean(p.EndedBy, maxName), "reason": clean(you.DeclineReason, innsigli.MaxReasonRunes),
		"isDeclined": p.State == innsigli.Declined, "isExpired": p.State == innsigli.Expired, "isEntry": ch.Entry,
	}
	if s.job.Kind == innsigli.JobMailDeclined {
		v["who"] = clean(you.DisplayName(), maxName)
	}
	if s.job.Kind == innsigli.JobMailPassed {
		who, at := s.facts.PassedBy(s.you.Key)
		v["who"], v["date"] = clean(who, maxName), s.date(at)
	}
	if s.job.Kind == innsigli.JobMailUnreached {
		v["who"], v["address"] = clean(s.you.DisplayName(), maxName), clean(s.you.DeliveryAddress(), maxName)
	}
	if s.template.Type == innsigli.TemplateSmsCode {
		v["code"], v["minutes"] = n.Identity.Code(innsigli.Token(s.job.Ref)), s.words.Number(s.minutes())
	}
	return v
}

// minutes are how long the code of the scene is still taken, at least one.
func (s *scene) minutes() int {
	left := s.facts.Challenge.ExpiresAt.Sub(s.facts.Now)
	return max(1, int(left.Round(time.Minute)/time.Minute))
}

// customer is whom {{customer}} stands for: the reader who signs, and for the company whoever declined, else the first.
func (s *scene) customer() innsigli.Signee {
	all := s.facts.Process.Signees
	if s.you.Key != "" || len(all) == 0 {
		return s.you
	}
	return all[max(0, slices.IndexFunc(all, innsigli.Signee.Declined))]
}

// meta are the company's own texts. pdfFileName is the document's name, also where a message must not say it.
func (s *scene) meta() map[string]string {
	out := map[string]string{}
	for k, v := range s.facts.Process.Meta {
		out[k] = clean(v, maxMeta)
	}
	out["pdfFileName"] = clean(s.facts.Process.FileName, maxDocument)
	if s.hides(s.facts.Process) {
		out["pdfFileName"] = s.called(s.facts.Process)
	}
	return out
}

// inTheirWords is the card as the company's template wants it. What people need whatever a template says stays: the button,
// the plain link, files, a code, who sent this and why. A template that cannot be filled is passed over, and ours goes out.
func (n *Notifier) inTheirWords(ctx context.Context, s *scene, ours *card) *card {
	if s.template.ID == 0 {
		return ours
	}
	with, err := n.fill(s, ours.attached)
	if err != nil {
		n.passedOver(ctx, s, err)
		return ours
	}
	return dressed(s.template, ours, with)
}

func dressed(t innsigli.Template, ours *card, with filled) *card {
	c := *ours
	c.Subject = with.subject
	if t.Message != "" {
		c.Own, c.Lead, c.Rest = &with.words, nil, nil
	}
	if t.LinkText != "" && c.URL != "" {
		c.Button = t.LinkText
	}
	if t.Alone && t.Message != "" {
		c.Title, c.Tag = "", ""
		c.Facts = slices.DeleteFunc(slices.Clone(c.Facts), func(f fact) bool { return !f.isLink })
	}
	return &c
}

// passedOver says that a template could not be used, here and, once the message is on its way, to the company. Its reason
// names nobody: it is about limits and names.
func (n *Notifier) passedOver(ctx context.Context, s *scene, err error) {
	s.unused = s.template.Type.String() + ": " + err.Error()
	n.Log.LogAttrs(ctx, slog.LevelWarn, "template cannot be filled, the built-in text goes out", slog.Int64("template", s.template.ID),
		slog.String("type", s.template.Type.String()), slog.Int64("job", s.job.ID), slog.Any("error", err))
}

// ownSms gives the company's words for an SMS, or ours when it has none that can be used.
func (n *Notifier) ownSms(ctx context.Context, s *scene, ours string) string {
	if s.template.ID == 0 {
		return ours
	}
	with, err := n.fill(s, false)
	if err != nil {
		n.passedOver(ctx, s, err)
		return ours
	}
	return with.words.Text
}

// CheckTemplate implements [innsigli.Templater].
func (n *Notifier) CheckTemplate(t innsigli.Template) []innsigli.FieldError {
	var bad []innsigli.FieldError
	wrong := func(field string, err error) {
		bad = append(bad, innsigli.FieldError{Field: field, Code: "Template", Text: field + ": " + err.Error() + "."})
	}
	names := namesIn(t.Type)
	if !t.Type.Sms() {
		subject, err := tmpl.Line(t.Subject, names)
		switch {
		case err != nil:
			wrong("subject", err)
		case !strings.ContainsFunc(subject.Begins(), unicode.IsLetter):
			wrong("subject", &tmpl.Error{Reason: "it must begin with words of your own, before any value: else what somebody is called could pass for what the mail is about"})
		}
		if _, err := tmpl.HTML(t.Message, names); err != nil {
			wrong("message", err)
		}
	} else if body, err := tmpl.Line(t.Message, names); err != nil {
		wrong("message", err)
	} else if t.Type == innsigli.TemplateSmsCode && !body.Shows("code") {
		wrong("message", &tmpl.Error{Reason: "{{code}} is missing, outside of any condition"})
	}
	if len(bad) > 0 || t.Type.Unused() {
		return bad
	}
	// What takes too long for the largest process is refused now, rather than passed over then.
	t.ID, t.Language = 1, innsigli.LangEn
	s := sample(innsigli.Company{Name: "Company"}, innsigli.Flow{}, t, innsigli.MaxSignees)
	if _, err := n.fill(s, true); err != nil {
		wrong("message", err)
	}
	return bad
}

// Preview implements [innsigli.Templater].
func (n *Notifier) Preview(ctx context.Context, c innsigli.Company, f innsigli.Flow, t innsigli.Template) (innsigli.Preview, error) {
	if t.Type.Unused() {
		return innsigli.Preview{}, innsigli.InvalidField("templateType", "NotSupported", "This server sends no mail of this type.")
	}
	s := sample(c, f, t, 2)
	hasFiles, isTheirs := t.IncludeFiles, t.Subject+t.Message != ""
	var with filled
	if isTheirs {
		var err error
		if with, err = n.fill(s, hasFiles); err != nil {
			return innsigli.Preview{}, innsigli.InvalidField("message", "Template", "message: "+err.Error()+".")
		}
	}
	if t.Type.Sms() {
		words, tail := n.sms(s)
		if isTheirs {
			words = with.words.Text
		}
		return innsigli.Preview{Text: words + tail}, nil
	}
	card := n.draft(s, hasFiles)
	if isTheirs {
		card = dressed(t, card, with)
	}
	logo, err := n.logo(ctx, s)
	if err != nil {
		return innsigli.Preview{}, err
	}
	card.show(logo)
	html, err := card.html()
	// A page has no parts of a mail beside it.
	html = strings.Replace(html, "cid:"+LogoID+`"`, "data:image/png;base64,"+base64.StdEncoding.EncodeToString(logo)+`"`, 1)
	return innsigli.Preview{Subject: card.Subject, HTML: html, Text: card.text()}, err
}

// draft is the built-in mail of a scene.
func (n *Notifier) draft(s *scene, hasFiles bool) *card {
	by := linked
	if hasFiles {
		by = attached
	}
	switch s.job.Kind { //nolint:exhaustive // the others are SMS
	case innsigli.JobMailInvite:
		return n.invitationCard(s)
	case innsigli.JobMailRemind:
		return n.reminderCard(s)
	case innsigli.JobMailCode:
		return n.codeCard(s)
	case innsigli.JobMailCompleted:
		return s.signedCard(n.completedCard(s, by), by)
	case innsigli.JobMailOwnerDone:
		return s.signedCard(n.ownerCompletedCard(s, by), by)
	case innsigli.JobMailNotify:
		return s.signedCard(n.notificationCard(s, by), by)
	case innsigli.JobMailExpired:
		return s.expiredCard()
	case innsigli.JobMailDeclined:
		return s.declinedCard()
	case innsigli.JobMailRemoved:
		return s.removedCard()
	case innsigli.JobMailPassed:
		return s.reassignedCard()
	case innsigli.JobMailUnreached:
		return s.undeliveredCard()
	case innsigli.JobMailOwnerCopy:
		return s.ownerCopyCard()
	}
	return s.canceledCard()
}
