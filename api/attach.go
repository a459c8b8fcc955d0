package api

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

// formRest is what an upload may weigh besides its file, in bytes.
const formRest = 64 << 10

// attach is POST /signing/{process}/signee/{signee}/attachment: exactly one file of a form, with Description and
// AttachmentType beside it in the form or in the query. A process that takes none any more answers 406 here.
func (a *API) attach(w http.ResponseWriter, r *http.Request) error {
	err := a.attachOne(w, r)
	if innsigli.KindOf(err) == innsigli.NotActive {
		e := *mustRefusal(err)
		e.Kind = innsigli.Closed // facts/wire.md 1.4
		return &e
	}
	return err
}

func mustRefusal(err error) *innsigli.Error {
	e, _ := errors.AsType[*innsigli.Error](err)
	return e
}

func (a *API) attachOne(w http.ResponseWriter, r *http.Request) error {
	c, err := a.maybeCaller(tagSigning, r)
	if err != nil {
		return err
	}
	v, err := a.Service.Look(r.Context(), processKey(r), signeeKey(r), c)
	if err != nil {
		return err
	}
	if v.Locked() {
		return innsigli.ErrUnadmitted()
	}
	r.Body = http.MaxBytesReader(w, r.Body, innsigli.MaxAttachmentBytes+formRest)
	form, err := r.MultipartReader()
	if err != nil {
		return innsigli.InvalidField("File", "Malformed", "Send one file as multipart/form-data.")
	}
	q := web.Query(r)
	in := attachForm{begin: func(ctx context.Context) (*innsigli.FileUpload, error) { return a.Service.BeginAttach(ctx, v) }}
	in.kind, in.req.Description = q.Get("attachmenttype"), q.Get("description")
	defer in.abort()
	if err := in.read(r.Context(), form); err != nil {
		return err
	}
	in.req.From = a.Proxies.Client(r)
	ref, err := a.Service.Attach(r.Context(), v, in.req, in.file)
	if err != nil {
		return err
	}
	return web.WriteJSON(w, http.StatusOK, a.reference(v.Process.Key, v.You.Key, ref))
}

// attachForm is the form of an upload. The file goes into the blob store as it comes.
type attachForm struct {
	begin func(context.Context) (*innsigli.FileUpload, error)
	file  *innsigli.FileUpload
	kind  string
	req   innsigli.AttachRequest
}

func (f *attachForm) abort() {
	if f.file != nil {
		f.file.Abort()
	}
}

func (f *attachForm) read(ctx context.Context, form *multipart.Reader) error {
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = f.part(ctx, part)
		}
		if err != nil {
			return brokenForm(err)
		}
	}
	if f.file == nil {
		return innsigli.InvalidField("File", "NotEmpty", "There is no file in the form.")
	}
	kind := strings.TrimSpace(f.kind)
	if kind == "" {
		return nil
	}
	var ok bool
	if f.req.Type, ok = innsigli.ParseAttachmentType(kind); !ok {
		return innsigli.InvalidField("AttachmentType", "Enum", "AttachmentType is not a known type of attachment.")
	}
	return nil
}

// part takes one part of the form. A part with a file name is a file, whatever it is called.
func (f *attachForm) part(ctx context.Context, part *multipart.Part) error {
	if name := part.FileName(); name != "" {
		if f.file != nil {
			return innsigli.InvalidField("File", "Length", "There is more than one file in the form.")
		}
		up, err := f.begin(ctx)
		if err != nil {
			return err
		}
		f.file, f.req.Name = up, name
		_, err = io.Copy(up, part)
		return err
	}
	text, err := io.ReadAll(io.LimitReader(part, formRest))
	switch strings.ToLower(part.FormName()) {
	case "description":
		f.req.Description = strings.TrimSpace(string(text))
	case "attachmenttype":
		f.kind = string(text)
	}
	return err
}

// brokenForm tells a form that cannot be read from a refusal and from a failure of ours.
func brokenForm(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &web.TooLargeError{Path: "File", Max: innsigli.MaxAttachmentBytes}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(err.Error(), "multipart: ") {
		return innsigli.InvalidField("File", "Malformed", "The form cannot be read.")
	}
	return err
}

// attachmentNamed is GET and HEAD /signing/{process}/attachment/{attachment}/filename/{name}, and the download address of
// references, /attachment/{process}/{attachment}/{name}.
func (a *API) attachmentNamed(w http.ResponseWriter, r *http.Request) error {
	v, ref, err := a.lookAttachment(r)
	if err != nil {
		return err
	}
	d, err := a.Service.DownloadBeside(r.Context(), v, ref.Key)
	return send(w, r, d, err)
}

// detach is DELETE /signing/{process}/attachment/{attachment}/filename/{name}.
func (a *API) detach(w http.ResponseWriter, r *http.Request) error {
	v, ref, err := a.lookAttachment(r)
	if err != nil {
		return err
	}
	if err := a.Service.Detach(r.Context(), v, ref.Key, a.Proxies.Client(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) lookAttachment(r *http.Request) (innsigli.View, innsigli.Reference, error) {
	c, err := a.maybeCaller(tagSigning, r)
	if err != nil {
		return innsigli.View{}, innsigli.Reference{}, err
	}
	return a.Service.LookAttachment(r.Context(), processKey(r), attachmentKey(r), chi.URLParam(r, "name"), c)
}
