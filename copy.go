package innsigli

import (
	"context"
	"io"
)

// OwnerCopy makes the copy that the owner of an ended process gets when somebody had signed it: the intake bytes with
// the marks of those who signed, sealed, saying that it was ended before everyone had. It reads the held key, so only
// the job that mails it calls this, and it is never written anywhere in clear.
func (s *Service) OwnerCopy(ctx context.Context, p ProcessKey) (Attachment, error) {
	f, err := s.Store.Facts(ctx, Target{Process: p})
	if err != nil {
		return Attachment{}, err
	}
	held, err := s.Store.HeldKey(ctx, p)
	if err != nil {
		return Attachment{}, err
	}
	outcome := outcomeCanceled
	if f.Process.State == Expired {
		outcome = outcomeExpired
	}
	rev, err := s.seal(ctx, f, held, outcome)
	if err != nil {
		return Attachment{}, err
	}
	doc := Attachment{
		Name: f.Process.FileName, Type: "application/pdf", Size: rev.Size(), SHA256: hexOf(rev.SHA256()),
		WriteTo: rev.WriteTo, Close: rev.close,
	}
	if rev.apart != nil {
		doc = beside(doc, rev.apart.attachment(f.Process.FileName))
	}
	return doc, nil
}

// blobAttachment streams an open blob.
func blobAttachment(r BlobReader, name string, d Document) Attachment {
	return Attachment{
		Name: name, Type: "application/pdf", Size: d.Size, SHA256: d.SHA256,
		WriteTo: func(w io.Writer) (int64, error) { return io.Copy(w, io.NewSectionReader(r, 0, r.Size())) },
		Close:   r.Close,
	}
}
