package api

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/web"
)

var attachmentPath = regexp.MustCompile(`(?i)^attachments\[(\d+)\]\.fileContent$`)

// attachmentAt reads which attachment of a process a path is the content of.
func attachmentAt(path string) (int, bool) {
	m := attachmentPath.FindStringSubmatch(path)
	if m == nil {
		return 0, false
	}
	i, err := strconv.Atoi(m[1])
	return i, err == nil
}

// attachments are the files of one process in a request; each goes into the blob store as it comes.
type attachments struct {
	up     *innsigli.Upload
	tokens map[int]string
}

// spilled takes a long file out of the body. place is where the process stands in the request.
func (a *attachments) spilled(ctx context.Context, i int, place, token string, r io.Reader) error {
	if i >= innsigli.MaxAttachments {
		return nil // too many are refused when they have been counted
	}
	f, err := a.up.File(ctx, i, contentPlace(place, i))
	if err != nil {
		return err
	}
	a.tokens[i] = token
	_, err = io.Copy(f, r)
	return err
}

func contentPlace(place string, i int) string {
	return fmt.Sprintf("%sattachments[%d].fileContent", place, i)
}

// short takes the files that were short enough to stay in the JSON.
func (a *attachments) short(ctx context.Context, place string, in []createAttachment) error {
	for i, f := range in {
		if i >= innsigli.MaxAttachments {
			return nil
		}
		if f.FileContent == "" || f.FileContent == a.tokens[i] {
			continue
		}
		b, err := web.DecodeBase64(contentPlace(place, i), f.FileContent, innsigli.MaxAttachmentBytes)
		if err != nil {
			return err
		}
		to, err := a.up.File(ctx, i, contentPlace(place, i))
		if err != nil {
			return err
		}
		if _, err := to.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// attachments translates the files that came, and behind them those that are copied.
func (in *createSigningProcess) attachments() []innsigli.NewAttachment {
	var out []innsigli.NewAttachment
	for i, a := range in.Attachments {
		out = append(out, innsigli.NewAttachment{Name: strings.TrimSpace(a.FileName), Field: fmt.Sprintf("attachments[%d]", i)})
	}
	for i, r := range in.AttachmentReferences {
		out = append(out, innsigli.NewAttachment{
			Field:   fmt.Sprintf("attachmentReferences[%d]", i),
			Copied:  true,
			Process: innsigli.ProcessKey(strings.ToLower(strings.TrimSpace(r.ProcessKey))),
			Key:     innsigli.AttachmentKey(strings.ToLower(strings.TrimSpace(r.ID))),
		})
	}
	return out
}
