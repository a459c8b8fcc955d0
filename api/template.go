package api

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// maxTemplateBody has room for the longest message with every byte of it written as \u003c, and what else there is.
const maxTemplateBody = 6*innsigli.MaxTemplateBytes + 16<<10

// emailTemplateRequest is the public API's (facts/wire.md 5.1). Without a flowKey the template is for every flow.
type emailTemplateRequest struct {
	ID            int64          `json:"id"`
	FlowKey       string         `json:"flowKey"`
	TemplateType  jsontext.Value `json:"templateType" required:"true"`
	Language      jsontext.Value `json:"language"`
	To            string         `json:"to"`
	Bcc           string         `json:"bcc"`
	Subject       string         `json:"subject"`
	Message       string         `json:"message"`
	ContentAsHTML bool           `json:"contentAsHtml"`
	IncludeFiles  *bool          `json:"includeFiles"`
	LinkText      string         `json:"linkText"`
}

type emailTemplate struct {
	ID            int64  `json:"id"`
	FlowKey       string `json:"flowKey,omitempty"`
	TemplateType  string `json:"templateType"`
	Language      string `json:"language"`
	To            string `json:"to"`
	Subject       string `json:"subject"`
	Message       string `json:"message"`
	ContentAsHTML bool   `json:"contentAsHtml"`
	IncludeFiles  bool   `json:"includeFiles"`
	LinkText      string `json:"linkText,omitempty"`
	IsUsed        bool   `json:"isUsed"`
	CreatedAt     string `json:"createdAt"`
	UpdatedAt     string `json:"updatedAt"`
}

// emailTemplateDeleted is the public API's answer, which tells of nothing but failures.
type emailTemplateDeleted struct {
	ResponseStatus *web.ResponseStatus `json:"responseStatus,omitempty"`
}

type emailTemplatePreview struct {
	Subject string `json:"subject,omitempty"`
	HTML    string `json:"html,omitempty"`
	Text    string `json:"text"`
}

// templates is GET /management/emailtemplate?FlowKey=.
func (a *API) templates(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	all, err := a.Service.Templates(r.Context(), c, flowKeyOf(web.Query(r).Get("flowkey")))
	if err != nil {
		return err
	}
	out := []emailTemplate{}
	for _, t := range all {
		out = append(out, showTemplate(t))
	}
	return web.WriteJSON(w, http.StatusOK, out)
}

// template is GET /management/emailtemplate/{id}.
func (a *API) template(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	t, err := a.Service.Template(r.Context(), c, keyID(r))
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, showTemplate(t))
}

// addTemplate is POST /management/emailtemplate.
func (a *API) addTemplate(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readTemplate(w, r)
	if err != nil {
		return err
	}
	in.ID = 0
	t, err := a.Service.AddTemplate(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, showTemplate(t))
}

// changeTemplate is PUT /management/emailtemplate: the id stands in the body, and what is left out is gone.
func (a *API) changeTemplate(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readTemplate(w, r)
	if err != nil {
		return err
	}
	if in.ID == 0 {
		return innsigli.InvalidField("id", "NotEmpty", "id is required.")
	}
	t, err := a.Service.ChangeTemplate(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, showTemplate(t))
}

// removeTemplate is DELETE /management/emailtemplate?FlowKey=&Id=.
func (a *API) removeTemplate(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	q := web.Query(r)
	id, err := strconv.ParseInt(strings.TrimSpace(q.Get("id")), 10, 64)
	if err != nil {
		return innsigli.InvalidField("Id", "Number", "Id is required, as a number.")
	}
	if err := a.Service.RemoveTemplate(r.Context(), c, flowKeyOf(q.Get("flowkey")), id); err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, emailTemplateDeleted{})
}

// previewTemplate is POST /management/emailtemplate/preview: the mail of a template that is not kept, to nobody.
func (a *API) previewTemplate(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	in, err := readTemplate(w, r)
	if err != nil {
		return err
	}
	p, err := a.Service.PreviewTemplate(r.Context(), c, in)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, emailTemplatePreview(p))
}

// cspPreview is for a mail as a page: it may bring its inline style and do nothing but show itself.
const cspPreview = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// previewPage is GET /management/emailtemplate/{id}/preview: the mail of a kept template as a page, or an SMS as text.
func (a *API) previewPage(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	p, err := a.Service.PreviewOf(r.Context(), c, keyID(r))
	if err != nil {
		return err
	}
	body, kind := p.HTML, "text/html"
	if body == "" {
		body, kind = p.Text, "text/plain"
	}
	w.Header().Set("Content-Security-Policy", cspPreview)
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	_, err = io.WriteString(w, body)
	return err
}

func readTemplate(w http.ResponseWriter, r *http.Request) (innsigli.TemplateRequest, error) {
	var in emailTemplateRequest
	if err := readUpTo(w, r, maxTemplateBody, &in); err != nil {
		return innsigli.TemplateRequest{}, err
	}
	kind, ok := web.Scalar(in.TemplateType)
	if !ok {
		return innsigli.TemplateRequest{}, innsigli.InvalidField("templateType", "Enum", "templateType must be the name or the number of a type.")
	}
	language, ok := web.Scalar(in.Language)
	if !ok {
		return innsigli.TemplateRequest{}, innsigli.InvalidField("language", "Enum", "language must be the name or the number of a language.")
	}
	return innsigli.TemplateRequest{
		ID: in.ID, Flow: flowKeyOf(in.FlowKey), Type: kind, Language: language, To: in.To, Bcc: in.Bcc, Subject: in.Subject, Message: in.Message,
		LinkText: in.LinkText, Alone: in.ContentAsHTML, IncludeFiles: in.IncludeFiles == nil || *in.IncludeFiles,
	}, nil
}

func showTemplate(t innsigli.Template) emailTemplate {
	return emailTemplate{
		ID: t.ID, FlowKey: string(t.Flow), TemplateType: t.Type.String(), Language: t.Language.String(), To: t.To, Subject: t.Subject,
		Message: t.Message, ContentAsHTML: t.Alone, IncludeFiles: t.IncludeFiles, LinkText: t.LinkText, IsUsed: !t.Type.Unused(),
		CreatedAt: rfc3339(t.CreatedAt), UpdatedAt: rfc3339(t.UpdatedAt),
	}
}

// templateTypes names the types of templates that a flow has, in the order of the alphabet.
func templateTypes(has map[innsigli.TemplateType]bool) []string {
	out := []string{}
	for t := range has {
		out = append(out, t.String())
	}
	slices.Sort(out)
	return out
}
