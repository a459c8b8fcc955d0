package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
)

// attachmentReference is a file beside a document (facts/wire.md 1.3).
type attachmentReference struct {
	ID             string `json:"id"`
	FileName       string `json:"fileName"`
	ContentLength  int64  `json:"contentLength"`
	ContentType    string `json:"contentType"`
	URL            string `json:"url"`
	Description    string `json:"description,omitempty"`
	ProcessKey     string `json:"processKey"`
	AttachmentType string `json:"attachmentType"`
	SigneeKey      string `json:"signeeKey,omitempty"`
}

func (a *API) reference(p innsigli.ProcessKey, s innsigli.SigneeKey, r innsigli.Reference) attachmentReference {
	return attachmentReference{
		ID: string(r.Key), FileName: r.Name, ContentLength: r.Size, ContentType: r.ContentType(),
		URL: innsigli.AttachmentURL(a.Links, p, s, r), Description: r.Description(),
		ProcessKey: string(p), AttachmentType: r.Type.String(), SigneeKey: string(r.Signee),
	}
}

// references lists the files beside a document with the addresses of a signee, or without one of the company.
func (a *API) references(p innsigli.Process, s innsigli.SigneeKey) []attachmentReference {
	out := []attachmentReference{} // [], not null: facts/wire.md 1.3
	refs := p.References()
	if s != "" {
		refs = p.ReferencesFor(s)
	}
	for _, r := range refs {
		out = append(out, a.reference(p.Key, s, r))
	}
	return out
}

// attachment is GET and HEAD /pdf/{process}/{signee}/{attachment}.pdf: a file beside the document.
func (a *API) attachment(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagPdf, r)
	if err != nil {
		return err
	}
	v, err := a.Service.Look(r.Context(), processKey(r), signeeKey(r), c)
	if err != nil {
		return err
	}
	d, err := a.Service.DownloadBeside(r.Context(), v, attachmentKey(r))
	return send(w, r, d, err)
}

// attachmentWhole is GET and HEAD /pdf/sp/{process}/{attachment}.pdf: the same for the company.
func (a *API) attachmentWhole(w http.ResponseWriter, r *http.Request, c innsigli.Caller) error {
	v, err := a.Service.LookWhole(r.Context(), processKey(r), c)
	if err != nil {
		return err
	}
	d, err := a.Service.DownloadBeside(r.Context(), v, attachmentKey(r))
	return send(w, r, d, err)
}

func attachmentKey(r *http.Request) innsigli.AttachmentKey {
	return innsigli.AttachmentKey(chi.URLParam(r, "attachment"))
}
