package innsigli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Limits on the files beside one document. They all lie encrypted on the disk for as long as the document does.
const (
	MaxAttachments      = 20       // files
	MaxAttachmentBytes  = 25 << 20 // of one
	MaxAttachmentsBytes = 50 << 20 // of all together
	MaxDescriptionRunes = 500
)

// AttachRequest says what a file is that a signee, or the company for one, brings to a running process.
type AttachRequest struct {
	Name        string
	Description string
	Type        AttachmentType
	From        Client
}

// FileUpload takes the clear bytes of one file on their way into the blob store.
type FileUpload struct {
	w     BlobWriter
	n     int64
	field string // what refusals name
}

// Write takes the next bytes; more than the limit are refused.
func (u *FileUpload) Write(p []byte) (int, error) {
	if u.n += int64(len(p)); u.n > MaxAttachmentBytes {
		return 0, tooLarge(u.field, fmt.Sprintf("An attachment may have %d MB.", MaxAttachmentBytes>>20))
	}
	return u.w.Write(p)
}

// Size is how many bytes were taken.
func (u *FileUpload) Size() int64 { return u.n }

// Abort forgets the bytes. After they were kept it does nothing.
func (u *FileUpload) Abort() { u.w.Abort() }

func tooLarge(field, text string) *Error {
	e := InvalidField(field, "TooLarge", text)
	e.Kind = TooLarge
	return e
}

// BeginAttach begins to take a file for the signee of a view, under the process's key. Errors: NotActive, and those of
// reading the document, since whoever may not read it may add nothing to it.
func (s *Service) BeginAttach(ctx context.Context, v View) (*FileUpload, error) {
	if err := takesFiles(v.Process); err != nil {
		return nil, err
	}
	if _, err := s.readable(v); err != nil {
		return nil, err
	}
	w, err := s.begin(ctx, v.Process.Key)
	if err != nil {
		return nil, err
	}
	return &FileUpload{w: w, field: "File"}, nil
}

// begin begins a blob under the process's key, which is unwrapped for this one use.
func (s *Service) begin(ctx context.Context, p ProcessKey) (BlobWriter, error) {
	wrapped, err := s.Store.Key(ctx, p)
	if KindOf(err) == NotFound {
		return nil, notActive(s.endOf(ctx, p), "ProcessKey")
	}
	if err != nil {
		return nil, err
	}
	key, err := s.dataKey(p, wrapped)
	if err != nil {
		return nil, err
	}
	return s.Blobs.Create(ctx, key)
}

// Attach keeps a file that was taken. The caller aborts the upload in any case. Errors: Invalid with the members that
// are wrong, NotActive, TooLarge.
func (s *Service) Attach(ctx context.Context, v View, r AttachRequest, up *FileUpload) (Reference, error) {
	if err := r.check(up); err != nil {
		return Reference{}, err
	}
	doc, err := commit(ctx, up.w)
	if err != nil {
		return Reference{}, fmt.Errorf("keep attachment: %w", err)
	}
	ref := Reference{Key: NewAttachmentKey(), Type: r.Type, Name: r.Name, Document: doc, Signee: v.You.Key, About: r.Description}
	actor := actorFor(v)
	var kept Reference
	_, c, err := s.decide(ctx, Target{Process: v.Process.Key}, s.unlessDue(func(f Facts) (Change, error) {
		kept = ref
		kept.At = f.Now
		return decideAttach(f, kept, actor, r.From)
	}))
	if err == nil && len(c.Attach) == 0 {
		err = notActive(c.State, "ProcessKey")
	}
	if err != nil && !errors.Is(err, ErrUnclear) {
		s.forgetBlob(ctx, doc.Blob)
	}
	return kept, err
}

// commit ends a blob.
func commit(ctx context.Context, w BlobWriter) (Document, error) {
	if err := w.Commit(ctx); err != nil {
		return Document{}, err
	}
	return Document{Blob: w.ID(), Size: w.Size(), SHA256: w.SHA256()}, nil
}

// forgetBlob deletes a blob that nobody lists. When this fails, the sweep of unlisted blobs takes it.
func (s *Service) forgetBlob(ctx context.Context, id string) {
	_ = s.Blobs.Delete(context.WithoutCancel(ctx), id)
}

func (r *AttachRequest) check(up *FileUpload) error {
	var bad fieldErrors
	checkFileName(&bad, "FileName", r.Name)
	checkText(&bad, "Description", r.Description, MaxDescriptionRunes)
	if r.Type == AttachmentEvidence {
		bad.add("AttachmentType", "Reserved", "Evidence is made by the server only.")
	}
	if up.n == 0 {
		bad.add("File", "NotEmpty", "The file is empty.")
	}
	return bad.err()
}

// checkFileName finds what a name must not have where it is saved, shown or put into a header.
func checkFileName(bad *fieldErrors, field, name string) {
	switch {
	case strings.Trim(name, ". ") == "":
		bad.add(field, "NotEmpty", field+" is required.")
	case len(name) > MaxFileName:
		bad.add(field, "Length", fmt.Sprintf("%s is longer than %d bytes.", field, MaxFileName))
	case strings.ContainsAny(name, `/\`):
		bad.add(field, "FileName", field+" must be a name without folders.")
	default:
		checkText(bad, field, name, MaxFileName)
	}
}

// actorFor is who acts through a view, for the log.
func actorFor(v View) string {
	if v.Caller != "" {
		return v.Caller
	}
	return v.You.Email
}

// takesFiles refuses a process that is over or that all have signed.
func takesFiles(p Process) error {
	if p.State.Active() {
		return nil
	}
	return notActive(p.State, "ProcessKey")
}

func decideAttach(f Facts, r Reference, actor string, from Client) (Change, error) {
	p := f.Process
	if err := takesFiles(p); err != nil {
		return Change{}, err
	}
	if _, ok := p.Signee(r.Signee); !ok {
		return Change{}, errNoSignee
	}
	var bad fieldErrors
	sizes := make([]int64, 0, len(p.Attachments)+1)
	for _, a := range p.Attachments {
		sizes = append(sizes, a.Size)
	}
	checkFiles(&bad, "File", append(sizes, r.Size))
	if err := bad.err(); err != nil {
		return Change{}, err
	}
	return Change{
		Attach: []Reference{r},
		Log:    []LogEntry{{Kind: LogAttached, Signee: r.Signee, Detail: r.Type.String(), Actor: actor, Client: from}},
	}, nil
}

// checkFiles judges how many files there are, and how large they are together.
func checkFiles(bad *fieldErrors, field string, sizes []int64) {
	var all int64
	for _, n := range sizes {
		all += n
	}
	if len(sizes) > MaxAttachments {
		bad.add(field, "Length", fmt.Sprintf("A process may have %d attachments.", MaxAttachments))
	} else if all > MaxAttachmentsBytes {
		bad.add(field, "TooLarge", fmt.Sprintf("The attachments of a process may have %d MB together.", MaxAttachmentsBytes>>20))
	}
}

// LookAttachment shows a process to whoever knows the key of a file beside it, as the signee who brought the file. The
// name must be the file's, in any letter case. Errors: NotFound with the same words whatever is wrong, and Gone for any
// key of a process whose documents are no more: its files are forgotten some time after they became unreadable, and the
// answer must not change with that.
func (s *Service) LookAttachment(ctx context.Context, p ProcessKey, k AttachmentKey, name string, caller *Caller) (View, Reference, error) {
	f, err := s.facts(ctx, Target{Process: p})
	if KindOf(err) == NotFound {
		return View{}, Reference{}, errNoAttachment
	}
	if err == nil {
		err = s.alive(ctx, p)
	}
	if err != nil {
		return View{}, Reference{}, err
	}
	v := View{Facts: f}.by(caller)
	for _, r := range append(slices.Clone(f.Process.Attachments), f.Process.Evidence) {
		if r.Key == k && k != "" && strings.ToLower(r.Name) == strings.ToLower(name) { //nolint:staticcheck // paths are folded like this, and EqualFold folds otherwise
			var brought bool
			if v.You, brought = f.Process.Signee(r.Signee); brought {
				return s.admit(ctx, v), r, nil
			}
			// What the sender brought is for all signees, and its key tells none of them from the others.
			for _, one := range f.Process.Signees {
				v.Admitted = v.Admitted || s.admit(ctx, View{Facts: f, You: one}).Admitted
			}
			return v, r, nil
		}
	}
	return View{}, Reference{}, errNoAttachment
}

var errNoAttachment = refuse(NotFound, "NotFound", "The process has no such attachment.")

// Detach takes a file away from a running process: the company any but the evidence, whoever knows its key one that a
// signee brought. Errors: NotFound, NotActive, Unauthenticated, Unadmitted.
func (s *Service) Detach(ctx context.Context, v View, k AttachmentKey, from Client) error {
	if v.Locked() {
		return ErrUnadmitted()
	}
	actor, trusted := actorFor(v), v.Trusted
	var blob string
	_, c, err := s.decide(ctx, Target{Process: v.Process.Key}, s.unlessDue(func(f Facts) (Change, error) {
		r, c, err := decideDetach(f, k, trusted, actor, from)
		blob = r.Blob
		return c, err
	}))
	switch {
	case err != nil:
		return err
	case c.Detach == "":
		return notActive(c.State, "ProcessKey")
	}
	s.forgetBlob(ctx, blob)
	return nil
}

func decideDetach(f Facts, k AttachmentKey, trusted bool, actor string, from Client) (Reference, Change, error) {
	p := f.Process
	if err := takesFiles(p); err != nil {
		return Reference{}, Change{}, err
	}
	i := slices.IndexFunc(p.Attachments, func(r Reference) bool { return r.Key == k })
	if i < 0 {
		return Reference{}, Change{}, errNoAttachment
	}
	r := p.Attachments[i]
	if r.Signee == "" && !trusted {
		return Reference{}, Change{}, refuse(Unauthenticated, "Unauthorized", "Only the sender may take away what the sender attached.")
	}
	return r, Change{
		Detach: k,
		Log:    []LogEntry{{Kind: LogDetached, Signee: r.Signee, Detail: r.Type.String(), Actor: actor, Client: from}},
	}, nil
}
