package innsigli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/innsigli/innsigli/pades"
)

// MaxNormalisedBytes bounds what a document may become when it is written anew: what was compressed together may take
// more room apart. It leaves the engine's limit room for what sealing adds (pdf.MaxFileSize).
const MaxNormalisedBytes = 64 << 20

const (
	// intakePasses is how often a document is written anew at most: once as it is, once rebuilt, and twice for what is
	// only seen after that.
	intakePasses = 4
	// intakePatience is how much of the other process's time a document may have used when another pass would be needed.
	// With the limit on one pass (render.Config.Deadline, 5 s) it keeps an intake under 10 s.
	intakePatience = 2500 * time.Millisecond
)

// Rewriting says how a document is written anew; each goes further than the one before.
type Rewriting int

// How a document is written anew.
const (
	// Rewrite keeps what can be reached.
	Rewrite Rewriting = iota
	// Flatten draws form fields and annotations into the pages first.
	Flatten
	// Rebuild flattens and keeps the pages alone: for documents whose structure stays broken otherwise.
	Rebuild
)

// Normaliser writes documents anew, in a process of its own that may die of it.
type Normaliser interface {
	// Normalise streams the document as it is written anew into w, and says how long that process worked. Errors are a
	// *pades.Refusal when the fault is the document's, an *Error of kind Unavailable when it is the server's, and those of
	// src and w.
	Normalise(ctx context.Context, src PageSource, how Rewriting, w io.Writer) (worked time.Duration, err error)
}

// take ends an upload and makes its document of it.
func (s *Service) take(ctx context.Context, up *Upload, flatten bool) error {
	if err := up.w.Commit(ctx); err != nil {
		return fmt.Errorf("keep document: %w", err)
	}
	up.blobs = append(up.blobs, up.w.ID())
	t := taking{s: s, up: up, flatten: flatten}
	t.at = Document{Blob: up.w.ID(), Size: up.n, SHA256: up.w.SHA256(), Original: up.w.SHA256()}
	if flatten {
		t.how = Flatten
	}
	var err error
	up.doc, err = t.intake(ctx)
	return err
}

// discard deletes the blobs of uploads but those that are kept. When this fails, the sweep of unlisted blobs takes them.
func (s *Service) discard(ctx context.Context, outcome error, ups ...*Upload) {
	for _, up := range ups {
		for _, b := range up.blobs {
			// After an unclear commit the document may be a process's; what it was made from never is.
			if !up.keeps(b) || !up.kept && !errors.Is(outcome, ErrUnclear) {
				_ = s.Blobs.Delete(context.WithoutCancel(ctx), b)
			}
		}
	}
}

// taking is one document on its way in.
type taking struct {
	s       *Service
	up      *Upload
	flatten bool
	at      Document // as it now stands
	how     Rewriting
	worked  time.Duration
}

// intake makes the document that people will be shown and sign from the one that came (design/decisions.md 4 and 5):
// own strict parse; then written anew by another program under limits, without what nobody could see or what could show
// them something else later; then the own parse again, until nothing is found. A signed document is taken as it is, byte
// for byte, or not at all.
func (t *taking) intake(ctx context.Context) (Document, error) {
	for pass := range intakePasses + 1 {
		done, err := t.pass(ctx, pass)
		if err != nil {
			return Document{}, refusedDocument(err)
		}
		if done {
			return t.at, nil
		}
	}
	return Document{}, refusedDocument(pades.Refuse(pades.Broken, "it does not come to rest"))
}

// pass reads the document as it stands and either finds nothing to do or writes it anew.
func (t *taking) pass(ctx context.Context, pass int) (done bool, err error) {
	r, err := t.s.Blobs.Open(ctx, t.at.Blob, t.up.key)
	if err != nil {
		return false, fmt.Errorf("open upload: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	doc, err := pades.Open(r, r.Size())
	if err != nil {
		return false, t.repair(ctx, pass, r, err)
	}
	t.at.Pages = doc.PageCount()
	if doc.Signed() {
		return t.signed(ctx, doc, pass)
	}
	if cover, err := doc.Portfolio(); err != nil || cover {
		return false, errors.Join(err, pades.Refuse(pades.Portfolio, ""))
	}
	return t.clean(ctx, pass, doc, r)
}

// repair lets the other program read what we do not. Damage and restrictions are cured by that; all else is not.
func (t *taking) repair(ctx context.Context, pass int, r BlobReader, cause error) error {
	no, ok := errors.AsType[*pades.Refusal](cause)
	switch {
	case !ok || pass > 0 && no.Code != pades.Broken:
		return cause
	case pass == 0 && (no.Code == pades.Broken || no.Code == pades.Encrypted):
		if err := t.rewrite(ctx, t.how, t.at.Blob, r, r.Size()); !isRefusal(err, pades.Broken) || no.Code != pades.Broken {
			return err
		}
		return cause // both say so; ours says what
	case pass > 0 && t.how != Rebuild:
		t.how = Rebuild
		first, err := t.s.Blobs.Open(ctx, t.up.w.ID(), t.up.key)
		if err != nil {
			return fmt.Errorf("open upload: %w", err)
		}
		return errors.Join(t.rewrite(ctx, Rebuild, t.up.w.ID(), first, first.Size()), first.Close())
	}
	return cause
}

func isRefusal(err error, code string) bool {
	no, ok := errors.AsType[*pades.Refusal](err)
	return ok && no.Code == code
}

// signed judges a document that bears signatures. They bind its bytes, so nothing can be taken out of it: what does
// something by itself is refused, and what only looks signed, or is no more: it would come past the writing anew.
func (t *taking) signed(ctx context.Context, doc *pades.Document, pass int) (done bool, err error) {
	if pass > 0 { // it was damaged or encrypted, and writing it anew has broken what was signed
		return false, pades.Refuse(pades.Broken, "signed, but not to be read as it is")
	}
	if doc.Certification() == 1 {
		return false, pades.Refuse(pades.Certified, "no changes allowed")
	}
	_, found, err := doc.Disarm(false, false)
	if err == nil && found.Active > 0 {
		err = pades.Refuse(pades.ActiveContent, fmt.Sprintf("%d actions", found.Active))
	}
	if err == nil {
		err = pades.Genuine(ctx, doc)
	}
	t.at.Signed, t.at.Certification = true, doc.Certification()
	return err == nil, err
}

// clean takes out of an unsigned document what has to go. It is never kept as it came, even when nothing is found:
// only what has been written anew is known to hold nothing unseen.
func (t *taking) clean(ctx context.Context, pass int, doc *pades.Document, r BlobReader) (done bool, err error) {
	update, found, err := doc.Disarm(pass > 0, t.flatten && pass > 0)
	if err != nil {
		return false, err
	}
	if !found.Any() {
		if pass > 0 {
			return true, nil
		}
		return false, t.rewrite(ctx, t.how, t.at.Blob, r, r.Size())
	}
	tail, err := update.Finish()
	if err != nil {
		return false, err
	}
	how := t.how
	if pass > 0 {
		how = Rewrite // flattened already
	}
	whole, size := tail.Appended(doc)
	return false, t.rewrite(ctx, how, t.at.Blob+"+", whole, size)
}

// rewrite writes a document anew into a blob of its own, which becomes the one at hand. name tells equal bytes apart.
func (t *taking) rewrite(ctx context.Context, how Rewriting, name string, from io.ReaderAt, size int64) error {
	if t.worked > intakePatience {
		return pades.Refuse(pades.TooComplex, fmt.Sprintf("%v and not done", t.worked))
	}
	w, err := t.s.Blobs.Create(ctx, t.up.key)
	if err != nil {
		return fmt.Errorf("normalised document: %w", err)
	}
	defer w.Abort()
	src := PageSource{
		Process: ProcessKey("intake " + name), Blob: name, Size: size,
		Open: func(context.Context) (BlobReader, error) { return lent{from, size}, nil },
	}
	worked, err := t.s.Normaliser.Normalise(ctx, src, how, &capped{w: w, left: MaxNormalisedBytes})
	t.worked += worked
	if err != nil {
		return err
	}
	if err := w.Commit(ctx); err != nil {
		return fmt.Errorf("keep normalised document: %w", err)
	}
	t.up.blobs = append(t.up.blobs, w.ID())
	t.at.Blob, t.at.Size, t.at.SHA256 = w.ID(), w.Size(), w.SHA256()
	return nil
}

// lent is a reader that somebody else closes.
type lent struct {
	io.ReaderAt
	size int64
}

func (l lent) Size() int64 { return l.size }
func (lent) Close() error  { return nil }

// capped refuses a document that becomes too large.
type capped struct {
	w    io.Writer
	left int64
}

func (c *capped) Write(p []byte) (int, error) {
	if c.left -= int64(len(p)); c.left < 0 {
		return 0, pades.Refuse(pades.TooLarge, "written anew")
	}
	return c.w.Write(p)
}

// refusedDocument gives the engine's reason to the asker; other errors are ours.
func refusedDocument(err error) error {
	if r, ok := errors.AsType[*pades.Refusal](err); ok {
		e := InvalidField("pdfDocument", r.Code, r.Reason)
		e.Cause = r
		return e
	}
	if KindOf(err) != 0 {
		return err
	}
	return fmt.Errorf("read document: %w", err)
}
