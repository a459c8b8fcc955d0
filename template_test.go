package innsigli

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shelf is a store with the company's templates.
type shelf struct {
	fakeStore
	all  []Template
	kept []Template
}

func (s *shelf) Templates(context.Context, CompanyKey) ([]Template, error) { return s.all, nil }

func (s *shelf) AddTemplate(_ context.Context, _ CompanyKey, t Template) (Template, error) {
	s.kept = append(s.kept, t)
	return t, nil
}

func (s *shelf) ChangeTemplate(_ context.Context, _ CompanyKey, t Template) error {
	s.kept = append(s.kept, t)
	return nil
}

// openTemplater lets every text through but one.
type openTemplater struct{ Templater }

func (openTemplater) CheckTemplate(t Template) []FieldError {
	if t.Message == "<script>" {
		return []FieldError{{"message", "Template", "message: line 1, column 1: <script> is not allowed."}}
	}
	return nil
}

func (openTemplater) Preview(_ context.Context, c Company, f Flow, t Template) (Preview, error) {
	return Preview{Subject: t.Subject, Text: strings.Join([]string{c.Name, f.Name, t.Language.String(), t.Message}, "|")}, nil
}

func withTemplates(t *testing.T, all ...Template) (*Service, *shelf) {
	t.Helper()
	st := &shelf{all: all}
	st.flows = []Flow{{Key: testFlow, Company: testCompany, Name: "Leiga"}}
	s, _, _ := service(t, st)
	s.Templater = openTemplater{}
	return s, st
}

func goodTemplate() TemplateRequest {
	return TemplateRequest{Flow: testFlow, Type: "Signup", Language: "is", To: "{{ Customer.Email }}", Subject: "Please sign this", Message: "<p>x</p>"}
}

func TestTemplatesAreKeptAsTheySay(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*TemplateRequest)
		fields []string
		to     string // as kept
	}{
		"good":              {func(*TemplateRequest) {}, nil, "{{customer.email}}"},
		"for every flow":    {func(r *TemplateRequest) { r.Flow, r.To, r.Language = "", "", "" }, nil, "{{customer.email}}"},
		"by number":         {func(r *TemplateRequest) { r.Type, r.Language = "4", "10" }, nil, "{{customer.email}}"},
		"unknown type":      {func(r *TemplateRequest) { r.Type = "NotSet" }, []string{"templateType"}, ""},
		"no type":           {func(r *TemplateRequest) { r.Type = "" }, []string{"templateType"}, ""},
		"unknown language":  {func(r *TemplateRequest) { r.Language = "nl" }, []string{"language"}, ""},
		"unknown flow":      {func(r *TemplateRequest) { r.Flow = "ffffffffffff" }, []string{"flowKey"}, ""},
		"bcc":               {func(r *TemplateRequest) { r.Bcc = "a@x.example" }, []string{"bcc"}, ""},
		"to somebody else":  {func(r *TemplateRequest) { r.To = "a@x.example" }, []string{"to"}, ""},
		"to the sender":     {func(r *TemplateRequest) { r.Type, r.To = "SalesPerson", "{{salesperson}}" }, nil, "{{salesPerson}}"},
		"to the inbox":      {func(r *TemplateRequest) { r.Type, r.To = "Notification", "inbox@acme.example" }, nil, "inbox@acme.example"},
		"to the company":    {func(r *TemplateRequest) { r.Type, r.To = "Notification", "{{companyEmail}}" }, nil, CompanyAddress},
		"to two inboxes":    {func(r *TemplateRequest) { r.Type, r.To = "Notification", "a@x.example, b@x.example" }, []string{"to"}, ""},
		"to a header":       {func(r *TemplateRequest) { r.Type, r.To = "Notification", "a@x.example\r\nBcc: b@x.example" }, []string{"to"}, ""},
		"to a phone":        {func(r *TemplateRequest) { r.Type, r.To, r.Subject = "SmsSignup", "", "" }, nil, "{{customer.phoneNumber}}"},
		"SMS with subject":  {func(r *TemplateRequest) { r.Type, r.To = "SmsSignup", "" }, []string{"subject"}, ""},
		"one not used":      {func(r *TemplateRequest) { r.Type, r.To = "MagicLink", "{{user}}" }, nil, "{{user}}"},
		"short subject":     {func(r *TemplateRequest) { r.Subject = "123456789" }, []string{"subject"}, ""},
		"subject of lines":  {func(r *TemplateRequest) { r.Subject = "Please sign\r\nBcc: x" }, []string{"subject"}, ""},
		"subject backwards": {func(r *TemplateRequest) { r.Subject = "Please \u202e sign it" }, []string{"subject"}, ""},
		"no message":        {func(r *TemplateRequest) { r.Message = " " }, nil, "{{customer.email}}"},
		"SMS of nothing":    {func(r *TemplateRequest) { r.Type, r.To, r.Subject, r.Message = "SmsSignup", "", "", "" }, []string{"message"}, ""},
		"message with NUL":  {func(r *TemplateRequest) { r.Message = "a\x00" }, []string{"message"}, ""},
		"script":            {func(r *TemplateRequest) { r.Message = "<script>" }, []string{"message"}, ""},
		"button of lines":   {func(r *TemplateRequest) { r.LinkText = "a\nb" }, []string{"linkText"}, ""},
		"much is wrong":     {func(r *TemplateRequest) { r.Subject, r.Message, r.Bcc = "", "\x00", "x" }, []string{"bcc", "subject", "message"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, st := withTemplates(t)
			r := goodTemplate()
			c.set(&r)
			got, err := s.AddTemplate(t.Context(), testCaller(), r)
			if c.fields != nil {
				wantInvalid(t, err, c.fields...)
				if len(st.kept) > 0 {
					t.Errorf("kept %+v", st.kept)
				}
				return
			}
			if err != nil || len(st.kept) != 1 || got.To != c.to || got.CreatedAt != testNow || got.UpdatedAt != testNow {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestATemplateIsChangedAndDeletedByItsID(t *testing.T) {
	was := Template{ID: 7, Flow: testFlow, Type: TemplateSignup, CreatedAt: testNow.AddDate(-1, 0, 0)}
	s, st := withTemplates(t, was)
	r := goodTemplate()
	r.ID = 8
	if _, err := s.ChangeTemplate(t.Context(), testCaller(), r); KindOf(err) != NotFound {
		t.Error(err)
	}
	r.ID = 7
	got, err := s.ChangeTemplate(t.Context(), testCaller(), r)
	if err != nil || got.CreatedAt != was.CreatedAt || got.UpdatedAt != testNow || !cmp.Equal(st.kept, []Template{got}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, wrong := range []struct {
		flow FlowKey
		id   int64
	}{{testFlow, 8}, {"0123456789ab", 7}} {
		if err := s.RemoveTemplate(t.Context(), testCaller(), wrong.flow, wrong.id); KindOf(err) != NotFound {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

func TestPreviewsAreInALanguageAndSendNothing(t *testing.T) {
	s, _ := withTemplates(t, Template{ID: 7, Flow: testFlow, Message: "kept", Language: LangIs})
	for name, c := range map[string]struct {
		r    TemplateRequest
		want string
	}{
		"template": {TemplateRequest{Flow: testFlow, Type: "Signup", Language: "is", Subject: "Please sign this", Message: "m"}, "Acme ehf.|Leiga|Is|m"},
		"ours":     {TemplateRequest{Type: "Signup"}, "Acme ehf.|Default|En|"},
	} {
		if p, err := s.PreviewTemplate(t.Context(), testCaller(), c.r); err != nil || p.Text != c.want {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	_, err := s.PreviewTemplate(t.Context(), testCaller(), TemplateRequest{Type: "Signup", Message: "<script>", Subject: "Please sign this"})
	wantInvalid(t, err, "message")
	if p, err := s.PreviewOf(t.Context(), testCaller(), 7); err != nil || p.Text != "Acme ehf.|Leiga|Is|kept" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := s.PreviewOf(t.Context(), testCaller(), 8); KindOf(err) != NotFound {
		t.Error(err)
	}
}

func TestTypesOfTemplates(t *testing.T) {
	for given, want := range map[string]string{
		"Signup": "Signup", "signup": "Signup", "4": "Signup", "1": "Notification", "11": "MagicLink", "8": "Reminder", "7": "NewUser",
		"smscode": "SmsCode", "113": "SmsCode", "": "", "0": "", "NotSet": "", "12": "", "100": "", "-1": "",
	} {
		if got, ok := ParseTemplateType(given); ok != (want != "") || got.String() != want {
			t.Errorf("%q: %s, %v", given, got, ok)
		}
	}
	for _, k := range []JobKind{JobWebhook, JobSeal, ""} {
		if got := TemplateOf(k); got != 0 {
			t.Errorf("%s: %s", k, got)
		}
	}
	for n, want := range map[TemplateType]bool{TemplateNewUser: true, TemplateMagicLink: true, TemplateSignup: false, TemplateSmsCode: false} {
		if n.Unused() != want {
			t.Errorf("%s: unused %v", n, !want)
		}
	}
}

// TestWhoGetsACompletedDocument: the user who sent it, and an inbox when the company has asked for that or when there is no
// user.
func TestWhoGetsACompletedDocument(t *testing.T) {
	for name, c := range map[string]struct {
		user, inbox string
		want        []string
	}{
		"a user":                  {testUser, "", []string{"mail.owner_completed " + testUser}},
		"no user":                 {"", "", []string{"mail.notification " + officeMail}},
		"an inbox":                {testUser, "inbox@acme.example", []string{"mail.owner_completed " + testUser, "mail.notification inbox@acme.example"}},
		"an inbox, no user":       {"", "inbox@acme.example", []string{"mail.notification inbox@acme.example"}},
		"the company's own":       {testUser, CompanyAddress, []string{"mail.owner_completed " + testUser, "mail.notification " + officeMail}},
		"the inbox is the user's": {testUser, strings.ToUpper(testUser), []string{"mail.owner_completed " + testUser}},
		"the company's, no user":  {"", CompanyAddress, []string{"mail.notification " + officeMail}},
	} {
		f := factsOf(Sealing, anna())
		f.Process.User, f.Inbox = c.user, c.inbox
		var got []string
		for _, o := range completionMails(f) {
			if o.job.Kind != JobMailCompleted {
				got = append(got, string(o.job.Kind)+" "+o.job.Address)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
}

func templateLimit(field string, n int, set func(*TemplateRequest, int)) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		s, _ := withTemplates(t)
		r := goodTemplate()
		set(&r, n)
		if _, err := s.AddTemplate(t.Context(), testCaller(), r); err != nil {
			t.Errorf("at the limit of %d: %v", n, err)
		}
		set(&r, n+1)
		_, err := s.AddTemplate(t.Context(), testCaller(), r)
		wantInvalid(t, err, field)
	}
}

func templatesOfACompany(t *testing.T) {
	t.Helper()
	var have []Template
	for i := range MaxTemplates - 1 {
		have = append(have, Template{ID: int64(i + 1), Flow: FlowKey(itoa(i)), Type: TemplateSignup})
	}
	if err := RoomForTemplate(have, Template{Type: TemplateSignup}); err != nil {
		t.Errorf("the last one that fits: %v", err)
	}
	have = append(have, Template{ID: MaxTemplates, Type: TemplateReminder})
	wantInvalid(t, RoomForTemplate(have, Template{Type: TemplateSignup}), "templateType")
	if err := RoomForTemplate(have, Template{ID: 3, Type: TemplateSignup}); err != nil {
		t.Errorf("a change of one when all are there: %v", err)
	}
	wantInvalid(t, RoomForTemplate(have[:3], have[0].at(0)), "templateType")
}

// at is the template with another ID.
func (t Template) at(id int64) Template {
	t.ID = id
	return t
}
