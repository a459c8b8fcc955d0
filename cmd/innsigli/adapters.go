package main

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/blob"
	"github.com/innsigli/innsigli/keyring"
	"github.com/innsigli/innsigli/pades"
	"github.com/innsigli/innsigli/render"
)

// The packages below do not know the trade, and the trade does not know them. These adapters fit the one to the other.

// ring is the keyring as innsigli.Keys.
type ring struct{ *keyring.Ring }

func (r ring) Wrap(plain []byte, about string) (innsigli.WrappedKey, error) {
	id, b := r.Ring.Wrap(plain, about)
	return innsigli.WrappedKey{KeyID: id, Bytes: b}, nil
}

func (r ring) Unwrap(w innsigli.WrappedKey, about string) ([]byte, error) {
	return r.Ring.Unwrap(w.KeyID, w.Bytes, about)
}

// blobs is a blob.Store as innsigli.Blobs.
type blobs struct{ blob.Store }

func (b blobs) Create(ctx context.Context, key innsigli.DataKey) (innsigli.BlobWriter, error) {
	s, err := blob.NewSealer(ctx, b.Store, blob.Key(key))
	if err != nil {
		return nil, err
	}
	return &blobWriter{Sealer: s}, nil
}

func (b blobs) Open(ctx context.Context, id string, key innsigli.DataKey) (innsigli.BlobReader, error) {
	name, err := blob.ParseID(id)
	if err != nil {
		return nil, err
	}
	return blob.OpenSealed(ctx, b.Store, name, blob.Key(key))
}

func (b blobs) Delete(ctx context.Context, id string) error {
	name, err := blob.ParseID(id)
	if err != nil {
		return err
	}
	return b.Store.Delete(ctx, name)
}

// blobWriter remembers what Commit said about the bytes.
type blobWriter struct {
	*blob.Sealer
	done blob.Sealed
}

func (w *blobWriter) ID() string     { return string(w.Sealer.ID()) }
func (w *blobWriter) Size() int64    { return w.done.Size }
func (w *blobWriter) SHA256() string { return hex.EncodeToString(w.done.SHA256[:]) }

func (w *blobWriter) Commit(ctx context.Context) (err error) {
	w.done, err = w.Sealer.Commit(ctx)
	return err
}

// pages is the renderer as innsigli.Pages.
type pages struct{ r *render.Renderer }

func (p pages) source(s innsigli.PageSource) render.Source {
	return render.Source{
		Key: s.Blob, Group: string(s.Process), Size: s.Size,
		Open: func(ctx context.Context) (io.ReaderAt, io.Closer, error) {
			r, err := s.Open(ctx)
			return r, r, err
		},
	}
}

func (p pages) Sizes(ctx context.Context, s innsigli.PageSource) ([]innsigli.PageSize, error) {
	info, err := p.r.Info(ctx, p.source(s))
	if err != nil {
		return nil, drawn(err)
	}
	out := make([]innsigli.PageSize, len(info.Pages))
	for i, size := range info.Pages {
		out[i] = innsigli.PageSize{W: size.W, H: size.H}
	}
	return out, nil
}

func (p pages) Image(ctx context.Context, s innsigli.PageSource, page, width int) ([]byte, error) {
	b, err := p.r.Image(ctx, p.source(s), page, width)
	return b, drawn(err)
}

func (p pages) Text(ctx context.Context, s innsigli.PageSource, page int) ([]innsigli.TextSpan, error) {
	spans, err := p.r.Text(ctx, p.source(s), page)
	if err != nil {
		return nil, drawn(err)
	}
	out := make([]innsigli.TextSpan, len(spans))
	for i, t := range spans {
		out[i] = innsigli.TextSpan{Text: t.Text, X: t.X, Y: t.Y, W: t.W, H: t.H}
	}
	return out, nil
}

// Normalise writes a document anew in the renderer's child.
func (p pages) Normalise(ctx context.Context, s innsigli.PageSource, how innsigli.Rewriting, w io.Writer) (time.Duration, error) {
	ways := map[innsigli.Rewriting]render.Way{
		innsigli.Rewrite: render.Rewrite, innsigli.Flatten: render.Flatten, innsigli.Rebuild: render.Rebuild,
	}
	worked, err := p.r.Normalise(ctx, p.source(s), ways[how], w)
	return worked, normalised(err)
}

// normalised translates the renderer's errors into the trade's: whose fault it is that a document cannot be taken.
func normalised(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, render.ErrPassword):
		return pades.Refuse(pades.Encrypted, err.Error())
	case errors.Is(err, render.ErrUnreadable):
		return pades.Refuse(pades.Broken, err.Error())
	case errors.Is(err, render.ErrTooHeavy):
		return pades.Refuse(pades.TooComplex, err.Error())
	case errors.Is(err, render.ErrClosed), errors.Is(err, render.ErrStart):
		return &innsigli.Error{
			Kind: innsigli.Unavailable, Code: "Unavailable", RetryAfter: 5 * time.Second, Cause: err,
			Text: "The server cannot read documents at the moment. Nothing was kept; the same request works later.",
		}
	}
	return err
}

func (p pages) Drop(k innsigli.ProcessKey) { p.r.Drop(string(k)) }

// drawn translates the renderer's refusals into the trade's.
func drawn(err error) error {
	switch {
	case errors.Is(err, render.ErrNoPage):
		return &innsigli.Error{Kind: innsigli.NotFound, Code: "NotFound", Text: "The document has no such page.", Cause: err}
	case errors.Is(err, render.ErrDropped):
		return &innsigli.Error{Kind: innsigli.Gone, Code: "ProcessCanceled", Text: "The signing has ended and the document has been deleted.", Cause: err}
	case errors.Is(err, render.ErrStart):
		return &innsigli.Error{
			Kind: innsigli.Unavailable, Code: "Unavailable", RetryAfter: 5 * time.Second, Cause: err,
			Text: "Pages cannot be shown at the moment. The document can be downloaded.",
		}
	case errors.Is(err, render.ErrTooHeavy), errors.Is(err, render.ErrUnreadable):
		return &innsigli.Error{Kind: innsigli.Unavailable, Code: "CannotDraw", Text: "This page cannot be shown. The document can be downloaded.", Cause: err}
	}
	return err
}

// links makes the addresses of the pages.
type links struct {
	public *url.URL
	stop   innsigli.UnsubscribeKey
}

func (l links) Signing(p innsigli.ProcessKey, s innsigli.SigneeKey) string {
	return l.public.String() + "/s/" + string(p) + "/" + string(s)
}

// SigningAll is the address of a person's link to a whole sequence.
func (l links) SigningAll(q innsigli.SequenceKey, s innsigli.SequenceSigneeKey) string {
	return l.public.String() + "/s/" + string(q) + "/" + string(s)
}

// Logo is the address of a logo by its hash.
func (l links) Logo(sum string) string { return l.public.String() + innsigli.LogoPath(sum) }

// Unsubscribe is the address that turns a signee's reminders off.
func (l links) Unsubscribe(p innsigli.ProcessKey, s innsigli.SigneeKey) string {
	return l.public.String() + "/unsubscribe/" + string(p) + "/" + l.stop.Tag(p, s)
}

// Download is the address of the document: the signee's, or without one the company's.
func (l links) Download(p innsigli.ProcessKey, s innsigli.SigneeKey) string {
	if s == "" {
		return l.public.String() + "/pdf/sp/" + string(p) + ".pdf"
	}
	return l.public.String() + "/pdf/" + string(p) + "/" + string(s) + ".pdf"
}

// Attachment is the address of a file beside the document.
func (l links) Attachment(p innsigli.ProcessKey, a innsigli.AttachmentKey, name string) string {
	return l.public.String() + "/attachment/" + string(p) + "/" + string(a) + "/" + url.PathEscape(name)
}
