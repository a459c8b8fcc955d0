package innsigli

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of templates. What filling one may cost is bounded by package tmpl.
const (
	MaxTemplates     = 300      // of a company: all its mails in all languages for a handful of flows
	MaxTemplateBytes = 32 << 10 // of a message: a mail of words, without pictures
	MaxSubjectRunes  = 200      // of a subject
	MaxLinkTextRunes = 60       // on a button, at 320 px
	MaxSmsRunes      = 300      // of an SMS when it is filled, without link and last line of a code: five parts with them

	minSubjectRunes = 10 // the public API's (facts/wire.md 5.1)
)

// Template is what a company writes in the place of a mail or SMS of ours (facts/wire.md 5.1). A mail uses what is in
// force when it is made, so that one that is tried again later may read differently.
type Template struct {
	ID           int64
	Flow         FlowKey // empty: for every flow of the company
	Type         TemplateType
	Language     Language // LangNotSet: for every language
	To           string   // see [CompanyAddress]
	Subject      string   // one line with places; empty for an SMS
	Message      string   // HTML with places, or one line for an SMS; empty: our sentences under their subject
	LinkText     string   // on the button; empty for ours
	Alone        bool     // contentAsHtml: the message takes the place of our title and table too
	IncludeFiles bool     // of mails at completion: the documents are attached
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Who a mail goes to is a matter of its type: the signee, the process's user, or an inbox of the company. Template.To of a
// Notification is an address, or CompanyAddress for the company's own.
const (
	CompanyAddress  = "{{companyEmail}}"
	signeeAddress   = "{{customer.email}}"
	signeePhone     = "{{customer.phoneNumber}}"
	ownerAddress    = "{{salesPerson}}"
	allowedReceiver = "to must be %s for a template of this type."
)

// TemplatePlace is what a template is looked up by.
type TemplatePlace struct {
	Company  CompanyKey
	Flow     FlowKey
	Type     TemplateType
	Language Language
}

// TemplateRequest makes a template, or with an ID puts another in the place of one. Type and Language are names or numbers.
type TemplateRequest struct {
	ID           int64
	Flow         FlowKey // empty: for every flow
	Type         string
	Language     string
	To           string
	Bcc          string
	Subject      string
	Message      string
	LinkText     string
	Alone        bool
	IncludeFiles bool
}

// Templater reads and fills templates.
type Templater interface {
	// CheckTemplate gives what is wrong with subject and message of a template, by member and with its place; nothing when
	// they can be filled for the largest process there may be.
	CheckTemplate(t Template) []FieldError
	// Preview makes the mail or SMS with people and documents that are made up, in the template's language. Without a
	// message it is ours. It fails with a refusal when the template cannot be filled.
	Preview(ctx context.Context, c Company, f Flow, t Template) (Preview, error)
}

// Preview is a mail, or with the Text alone an SMS, that goes to nobody.
type Preview struct{ Subject, HTML, Text string }

var errNoTemplate = refuse(NotFound, "NotFound", "There is no such template.")

// Templates lists the company's templates, oldest first; with a flow those that are for that flow alone.
func (s *Service) Templates(ctx context.Context, c Caller, k FlowKey) ([]Template, error) {
	all, err := s.templates(ctx, c)
	if err != nil || k == "" {
		return all, err
	}
	if _, err := s.Flow(ctx, c, k); err != nil {
		return nil, err
	}
	var out []Template
	for _, t := range all {
		if t.Flow == k {
			out = append(out, t)
		}
	}
	return out, nil
}

// templates are those that the caller may act on: one for every flow is the whole company's.
func (s *Service) templates(ctx context.Context, c Caller) ([]Template, error) {
	all, err := s.Store.Templates(ctx, c.Company.Key)
	return slices.DeleteFunc(all, func(t Template) bool { return !c.Flows.Has(t.Flow) }), err
}

// Template shows one.
func (s *Service) Template(ctx context.Context, c Caller, id int64) (Template, error) {
	all, err := s.templates(ctx, c)
	if err != nil {
		return Template{}, err
	}
	for _, t := range all {
		if t.ID == id {
			return t, nil
		}
	}
	return Template{}, errNoTemplate
}

// TemplateTypesOf lists the types that a flow has templates for, its own or those for every flow.
func (s *Service) TemplateTypesOf(ctx context.Context, c Caller, k FlowKey) (map[TemplateType]bool, error) {
	all, err := s.Store.Templates(ctx, c.Company.Key)
	out := map[TemplateType]bool{}
	for _, t := range all {
		if t.Flow == k || t.Flow == "" {
			out[t.Type] = true
		}
	}
	return out, err
}

// AddTemplate keeps a new template. It is refused when there is one for the same flow, type and language.
func (s *Service) AddTemplate(ctx context.Context, c Caller, r TemplateRequest) (Template, error) {
	t, err := s.checkTemplate(ctx, c, r)
	if err != nil {
		return t, err
	}
	t.CreatedAt = s.Now()
	t.UpdatedAt = t.CreatedAt
	return s.Store.AddTemplate(ctx, c.Company.Key, t)
}

// ChangeTemplate puts another template in the place of one. Mails that are made from now on use it.
func (s *Service) ChangeTemplate(ctx context.Context, c Caller, r TemplateRequest) (Template, error) {
	was, err := s.Template(ctx, c, r.ID)
	if err != nil {
		return was, err
	}
	t, err := s.checkTemplate(ctx, c, r)
	if err != nil {
		return t, err
	}
	t.CreatedAt, t.UpdatedAt = was.CreatedAt, s.Now()
	return t, s.Store.ChangeTemplate(ctx, c.Company.Key, t)
}

// RemoveTemplate deletes a template; with a flow only if it is that flow's.
func (s *Service) RemoveTemplate(ctx context.Context, c Caller, k FlowKey, id int64) error {
	was, err := s.Template(ctx, c, id)
	if err != nil {
		return err
	}
	if k != "" && k != was.Flow {
		return errNoTemplate
	}
	return s.Store.RemoveTemplate(ctx, c.Company.Key, id)
}

// PreviewTemplate makes the mail of a template that need not be kept. Without subject and message it is ours.
func (s *Service) PreviewTemplate(ctx context.Context, c Caller, r TemplateRequest) (Preview, error) {
	var bad fieldErrors
	t := readTemplate(&bad, r)
	f, err := s.flowOf(ctx, c, r.Flow, &bad)
	if err != nil {
		return Preview{}, err
	}
	if t.Message != "" || t.Subject != "" {
		s.checkTexts(&bad, t)
	}
	if err := bad.err(); err != nil {
		return Preview{}, err
	}
	return s.show(ctx, c, f, t)
}

// PreviewOf makes the mail of a template that is kept.
func (s *Service) PreviewOf(ctx context.Context, c Caller, id int64) (Preview, error) {
	t, err := s.Template(ctx, c, id)
	if err != nil {
		return Preview{}, err
	}
	f := Flow{Company: c.Company.Key, Name: "Default"}
	if t.Flow != "" { // one that was deleted has no name any more
		if known, err := s.Flow(ctx, c, t.Flow); err == nil {
			f = known
		}
	}
	return s.show(ctx, c, f, t)
}

func (s *Service) show(ctx context.Context, c Caller, f Flow, t Template) (Preview, error) {
	if t.Language == LangNotSet {
		t.Language = companyLanguage(c.Company)
	}
	return s.Templater.Preview(ctx, c.Company, f, t)
}

// checkTemplate checks a request whole.
func (s *Service) checkTemplate(ctx context.Context, c Caller, r TemplateRequest) (Template, error) {
	var bad fieldErrors
	t := readTemplate(&bad, r)
	if _, err := s.flowOf(ctx, c, r.Flow, &bad); err != nil {
		return t, err
	}
	s.checkTexts(&bad, t)
	return t, bad.err()
}

// flowOf finds a flow that a request names; one that is closed may have templates too. Without a name it is for every flow.
func (s *Service) flowOf(ctx context.Context, c Caller, k FlowKey, bad *fieldErrors) (Flow, error) {
	if k == "" {
		if c.Flows.Limited() {
			bad.add("flowKey", "NotEmpty", "flowKey is required: this API key is limited to flows.")
		}
		return Flow{Company: c.Company.Key, Name: "Default"}, nil
	}
	f, err := s.Flow(ctx, c, k)
	if KindOf(err) == NotFound {
		bad.add("flowKey", "NotFound", "flowKey is not a flow of this company.")
		return f, nil
	}
	return f, err
}

// readTemplate reads all but the texts of a request.
func readTemplate(bad *fieldErrors, r TemplateRequest) Template {
	t := Template{
		ID: r.ID, Flow: r.Flow, Subject: strings.TrimSpace(r.Subject), Message: strings.TrimSpace(r.Message),
		LinkText: strings.TrimSpace(r.LinkText), Alone: r.Alone, IncludeFiles: r.IncludeFiles,
	}
	var ok bool
	if t.Type, ok = ParseTemplateType(strings.TrimSpace(r.Type)); !ok {
		bad.add("templateType", "Enum", "templateType is not a known type of template.")
		return t
	}
	if l := strings.TrimSpace(r.Language); l != "" {
		if t.Language, ok = ParseLanguage(l); !ok {
			bad.add("language", "Enum", "language is not a known language.")
		}
	}
	t.To = receiver(bad, t.Type, strings.TrimSpace(r.To))
	if strings.TrimSpace(r.Bcc) != "" {
		bad.add("bcc", "NotSupported", "bcc cannot be used on this server: each mail goes to one address. For an inbox of the company there are templates of type Notification.")
	}
	checkText(bad, "linkText", t.LinkText, MaxLinkTextRunes)
	return t
}

var blanks = regexp.MustCompile(`\s+`)

// receiver reads whom a template is for: what its type is for, and that need not be said.
func receiver(bad *fieldErrors, t TemplateType, to string) string {
	is := func(place string) bool { return to == "" || strings.EqualFold(blanks.ReplaceAllString(to, ""), place) }
	want := signeeAddress
	switch {
	case t == TemplateNotification && is(CompanyAddress):
		return CompanyAddress
	case t == TemplateNotification:
		checkEmail(bad, "to", to)
		return to
	case t.Unused():
		checkText(bad, "to", to, MaxAddress)
		return to
	case t.Sms():
		want = signeePhone
	case t == TemplateSalesPerson, t == TemplateDeclined, t == TemplateOwnerCopy, t == TemplatePassed, t == TemplateUnreached:
		want = ownerAddress
	}
	if !is(want) {
		bad.add("to", "Receiver", fmt.Sprintf(allowedReceiver, want))
	}
	return want
}

// checkTexts checks subject and message.
func (s *Service) checkTexts(bad *fieldErrors, t Template) {
	before := len(*bad)
	if t.Type.Sms() {
		if t.Subject != "" && t.Type != 0 {
			bad.add("subject", "Sms", "An SMS has no subject: leave subject empty.")
		}
	} else {
		checkText(bad, "subject", t.Subject, MaxSubjectRunes)
		if utf8.RuneCountInString(t.Subject) < minSubjectRunes {
			bad.add("subject", "Length", fmt.Sprintf("subject needs at least %d characters.", minSubjectRunes))
		}
	}
	switch {
	case t.Message == "" && t.Type.Sms():
		bad.add("message", "NotEmpty", "message is required.")
	case !Storable(t.Message):
		bad.add("message", "Utf8", "message must be UTF-8 without NUL.")
	case len(t.Message) > MaxTemplateBytes:
		bad.add("message", "Length", fmt.Sprintf("message is longer than %d bytes.", MaxTemplateBytes))
	}
	if len(*bad) == before && t.Type != 0 {
		*bad = append(*bad, s.Templater.CheckTemplate(t)...)
	}
}

// RoomForTemplate refuses a template for a company that has as many as it may have, or that has one in that place: for the
// same flow, type and language. t is the new one, or what is to stand in the place of the one with its ID.
func RoomForTemplate(have []Template, t Template) error {
	for _, h := range have {
		if h.ID != t.ID && h.Flow == t.Flow && h.Type == t.Type && h.Language == t.Language {
			return InvalidField("templateType", "Exists", "There is a template of this type for this flow and language already: change that one.")
		}
	}
	if t.ID == 0 && len(have) >= MaxTemplates {
		return InvalidField("templateType", "Limit", fmt.Sprintf("A company has at most %d templates; delete one first.", MaxTemplates))
	}
	return nil
}
