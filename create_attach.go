package innsigli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// checkAttachments finds what is wrong with the files of a request: their names, sizes and number.
func checkAttachments(bad *fieldErrors, r *CreateRequest, up *Upload) {
	if len(r.Attachments) > MaxAttachments {
		bad.add("attachments", "Length", fmt.Sprintf("A process may have %d attachments.", MaxAttachments))
		return
	}
	var sizes []int64
	for i, a := range r.Attachments {
		if a.Copied {
			if !a.Process.Valid() || a.Key == "" {
				bad.add(a.Field, "NotFound", a.Field+" must have the id and the processKey of an attachment.")
			}
			continue
		}
		checkFileName(bad, a.Field+".fileName", a.Name)
		if up == nil || up.files[i].size() == 0 {
			bad.add(a.Field+".fileContent", "NotEmpty", a.Field+".fileContent is required.")
			continue
		}
		sizes = append(sizes, up.files[i].n)
	}
	checkFiles(bad, "attachments", sizes)
}

// size is how many bytes were taken; none of an upload that never began.
func (u *FileUpload) size() int64 {
	if u == nil {
		return 0
	}
	return u.n
}

// takeAll ends an upload: its attachments, and the document, which goes through intake.
func (s *Service) takeAll(ctx context.Context, c Caller, up *Upload, r CreateRequest) error {
	if err := s.copyAttachments(ctx, c, up, r); err != nil {
		return err
	}
	for i := range r.Attachments {
		f := up.files[i]
		if err := f.w.Commit(ctx); err != nil {
			return fmt.Errorf("keep attachment: %w", err)
		}
		up.blobs = append(up.blobs, f.w.ID())
	}
	return s.take(ctx, up, r.Flatten)
}

// copyAttachments writes the files of earlier processes anew, under the key of the new one: each goes with its own
// process.
func (s *Service) copyAttachments(ctx context.Context, c Caller, up *Upload, r CreateRequest) error {
	sizes := make([]int64, 0, len(r.Attachments))
	for i := range r.Attachments {
		a := &r.Attachments[i]
		if a.Copied {
			if err := s.copyAttachment(ctx, c, up, i, a); err != nil {
				return err
			}
		}
		sizes = append(sizes, up.files[i].n)
	}
	var bad fieldErrors
	checkFiles(&bad, "attachmentReferences", sizes)
	return bad.err()
}

// copyAttachment copies one, and takes over what is known of it.
func (s *Service) copyAttachment(ctx context.Context, c Caller, up *Upload, i int, a *NewAttachment) error {
	v, err := s.LookWhole(ctx, a.Process, c)
	if err != nil && KindOf(err) != NotFound {
		return err
	}
	refs := v.Process.Attachments
	at := slices.IndexFunc(refs, func(f Reference) bool { return f.Key == a.Key })
	if at < 0 || v.Process.State.Ended() {
		return InvalidField(a.Field, "NotFound", a.Field+" names no attachment that there is.")
	}
	a.Name, a.Type, a.Description = refs[at].Name, refs[at].Type, refs[at].About
	d, err := s.DownloadBeside(ctx, v, a.Key)
	if err != nil {
		return err
	}
	f, err := up.File(ctx, i, a.Field)
	if err == nil {
		_, err = io.Copy(f, d)
	}
	return errors.Join(err, d.Close())
}

// attachments are the files as they are kept.
func (u *Upload) attachments(r CreateRequest, at time.Time) []Reference {
	var out []Reference
	for i, a := range r.Attachments {
		w := u.files[i].w
		out = append(out, Reference{
			Key: NewAttachmentKey(), Type: a.Type, Name: a.Name, About: a.Description, At: at,
			Document: Document{Blob: w.ID(), Size: w.Size(), SHA256: w.SHA256()},
		})
	}
	return out
}

// hash stands for the bytes of the request, for the Idempotency-Key.
func (u *Upload) hash(r CreateRequest) string {
	var all strings.Builder
	all.WriteString(u.doc.Original)
	for i := range r.Attachments {
		all.WriteString(u.files[i].w.SHA256())
	}
	return all.String()
}

// keeps says whether a blob is one of those that the process keeps.
func (u *Upload) keeps(blob string) bool {
	if blob == u.doc.Blob {
		return true
	}
	for _, f := range u.files {
		if f.w.ID() == blob {
			return true
		}
	}
	return false
}
