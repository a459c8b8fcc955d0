package innsigli

import (
	"context"
	"errors"
	"io"
)

// View is a process as one asker may see it.
type View struct {
	Facts
	// You is the signee whose link it is; its zero value when a company looks at the whole process.
	You Signee
	// Trusted is set when the company itself asks with its credentials: everything may be shown.
	Trusted bool
	// Admitted is set when the asker has proved who they are, where the process asks for it.
	Admitted bool
	// Caller is the name of the API key that the company asks with.
	Caller string
}

// by marks a view that the company itself asks for.
func (v View) by(c *Caller) View {
	if v.its(c) != nil {
		v.Trusted, v.Caller = true, c.KeyName
	}
	return v
}

// References lists the files beside the document that the asker may see.
func (v View) References() []Reference {
	if v.Trusted {
		return v.Process.References()
	}
	return v.Process.ReferencesFor(v.You.Key)
}

// Readable says whether the document can be read by the asker at the time of the facts: while the process is open, by a
// signee whose turn has not come not yet, and, once completed, for a while on the link, for ever by the company.
func (v View) Readable() bool {
	switch p := v.Process; p.State {
	case Created, Started:
		// Without a signee it is a file beside the document, by its key, which nobody is given before their turn.
		return v.Trusted || v.You.Key == "" || v.You.Signed() || v.Turn(v.You.Key)
	case Sealing:
		return true
	case Completed:
		return v.Trusted || v.Now.Before(p.EndedAt.Add(CompletedLink))
	case Canceled, Expired, Declined:
	}
	return false
}

// Look shows a process to whoever holds a signee's link. caller is set when the request also carries a company's
// credentials. An expiry that is due is written first, so that nobody is shown a process that is over.
func (s *Service) Look(ctx context.Context, p ProcessKey, k SigneeKey, caller *Caller) (View, error) {
	f, err := s.facts(ctx, Target{Process: p})
	if KindOf(err) == NotFound {
		return View{}, errNoSignee // the same words whichever key is wrong: a process key alone tells nothing
	}
	if err != nil {
		return View{}, err
	}
	you, ok := f.Process.Signee(k)
	switch {
	case !ok && f.Process.wasRemoved(k):
		return View{}, f.errOf(k)
	case !ok:
		return View{}, errNoSignee
	}
	return s.admit(ctx, View{Facts: f, You: you}.by(caller)), nil
}

// LookWhole shows a process to its company.
func (s *Service) LookWhole(ctx context.Context, p ProcessKey, caller Caller) (View, error) {
	f, err := s.facts(ctx, caller.process(p))
	if err != nil {
		return View{}, err
	}
	return View{Facts: f}.by(&caller), nil
}

// facts reads, and writes an expiry that is due.
func (s *Service) facts(ctx context.Context, t Target) (Facts, error) {
	if t.Token == "" && !t.Process.Valid() && !t.Sequence.Valid() {
		return Facts{}, errNoProcess
	}
	f, err := s.Store.Facts(ctx, t)
	if err != nil {
		return f, err
	}
	if f.Process.State.Active() && due(f) {
		if err := s.Expire(ctx, f.Process.Key); err != nil {
			return f, err
		}
		return s.Store.Facts(ctx, t)
	}
	return f, nil
}

// Saw notes that a signee was shown the document: the first time in the log, later when it last was.
func (s *Service) Saw(ctx context.Context, p ProcessKey, k SigneeKey, from Client) error {
	_, _, err := s.decide(ctx, Target{Process: p}, func(f Facts) (Change, error) { return decideSaw(f, k, from) })
	return err
}

func decideSaw(f Facts, k SigneeKey, from Client) (Change, error) {
	you, ok := f.Process.Signee(k)
	if !ok {
		return Change{}, errNoSignee
	}
	if v := (View{Facts: f, You: you}); !v.Unnoted() {
		return Change{}, nil
	}
	if !you.FirstSeenAt.IsZero() {
		again := you.Reading
		again.LastAt = f.Now
		return Change{Read: &Read{k, again}}, nil
	}
	return Change{
		Seen: k,
		Log:  []LogEntry{{Kind: LogViewed, Signee: k, Actor: you.Email, Client: from}},
	}, nil
}

// Download is a document that is being read. Every read of it asks again whether it may still be read, at the latest
// after a second or a MiB (design/decisions.md 1, row 7).
type Download struct {
	io.ReadSeekCloser
	Name   string
	Type   string // for its Content-Type
	Size   int64
	SHA256 string
}

// Download opens the document as it stands: the intake bytes until completion, the sealed ones afterwards.
func (s *Service) Download(ctx context.Context, v View) (*Download, error) {
	doc, err := s.readable(v)
	if err != nil {
		return nil, err
	}
	r, err := s.open(ctx, v.Process.Key, doc.Blob)
	if err != nil {
		return nil, err
	}
	return &Download{
		ReadSeekCloser: s.watch(ctx, v.Process.Key, r), Name: v.Process.FileName, Type: "application/pdf", Size: doc.Size, SHA256: doc.SHA256,
	}, nil
}

// DownloadBeside opens a file beside the document. Whoever may read the document may read it, unless another signee
// brought it.
func (s *Service) DownloadBeside(ctx context.Context, v View, k AttachmentKey) (*Download, error) {
	if _, err := s.readable(v); err != nil {
		return nil, err
	}
	for _, ref := range v.References() {
		if ref.Key != k {
			continue
		}
		r, err := s.open(ctx, v.Process.Key, ref.Blob)
		if err != nil {
			return nil, err
		}
		return &Download{
			ReadSeekCloser: s.watch(ctx, v.Process.Key, r), Name: ref.Name, Type: ref.ContentType(), Size: ref.Size, SHA256: ref.SHA256,
		}, nil
	}
	return nil, errNoAttachment
}

// PageSizes lists the sizes of the pages that the signee is shown.
func (s *Service) PageSizes(ctx context.Context, v View) ([]PageSize, error) {
	src, err := s.pageSource(v)
	if err != nil {
		return nil, err
	}
	return still(ctx, s, v, func() ([]PageSize, error) { return s.Pages.Sizes(ctx, src) })
}

// PageImage draws one page (1-based), about width pixels wide, as PNG.
func (s *Service) PageImage(ctx context.Context, v View, page, width int) ([]byte, error) {
	src, err := s.pageSource(v)
	if err != nil {
		return nil, err
	}
	return still(ctx, s, v, func() ([]byte, error) { return s.Pages.Image(ctx, src, page, width) })
}

// PageText reads the text of one page (1-based) with its places.
func (s *Service) PageText(ctx context.Context, v View, page int) ([]TextSpan, error) {
	src, err := s.pageSource(v)
	if err != nil {
		return nil, err
	}
	return still(ctx, s, v, func() ([]TextSpan, error) { return s.Pages.Text(ctx, src, page) })
}

// still asks the store before and after the drawing: memory of this node may hold a page of a process that another node
// has canceled, and a cancel may have come while the page was drawn.
func still[T any](ctx context.Context, s *Service, v View, draw func() (T, error)) (T, error) {
	var none T
	if err := s.stillAlive(ctx, v.Process.Key); err != nil {
		return none, err
	}
	out, err := draw()
	if again := s.stillAlive(ctx, v.Process.Key); again != nil {
		return none, again
	}
	return out, err
}

// stillAlive is alive, and lets go of the drawings of a process that is over. A store that does not answer, or an asker
// who has gone, says nothing about the process: the others who read it keep their pages.
func (s *Service) stillAlive(ctx context.Context, p ProcessKey) error {
	err := s.alive(ctx, p)
	if KindOf(err) == Gone {
		s.Pages.Drop(p)
	}
	return err
}

// alive is nil as long as the process's data key exists, which is what decides whether a byte may be shown.
func (s *Service) alive(ctx context.Context, p ProcessKey) error {
	_, err := s.Store.Key(ctx, p)
	if KindOf(err) == NotFound {
		return errGone(s.endOf(ctx, p))
	}
	return err
}

// endOf tells how the process ended, for the words of a refusal; Canceled when that cannot be read.
func (s *Service) endOf(ctx context.Context, p ProcessKey) State {
	if f, err := s.Store.Facts(ctx, Target{Process: p}); err == nil && (f.Process.State.Ended() || f.Process.State == Completed) {
		return f.Process.State
	}
	return Canceled
}

func errGone(st State) *Error {
	if st == Completed {
		return refuse(Gone, "DocumentDeleted", "The signed document was kept for as long as the company keeps its documents, and has been deleted.")
	}
	if st == Expired {
		return refuse(Gone, "ProcessExpired", "The signing process has expired and the document has been deleted.")
	}
	if st == Declined {
		return refuse(Gone, "ProcessCanceled", "A signee declined to sign, and the document has been deleted.")
	}
	return refuse(Gone, "ProcessCanceled", "The signing process was canceled and the document has been deleted.")
}

// readable gives the document that the view may read.
func (s *Service) readable(v View) (Document, error) {
	if v.Process.State.Ended() {
		return Document{}, errGone(v.Process.State)
	}
	if v.Locked() {
		return Document{}, ErrUnadmitted()
	}
	if !v.Readable() && v.Process.State.Active() {
		return Document{}, refuse(Forbidden, "NotYourTurn", "It is not this person's turn yet: others sign first.")
	}
	if !v.Readable() {
		return Document{}, refuse(Forbidden, "LinkExpired", "The link to the signed document is no longer open.")
	}
	if v.Process.State == Completed {
		return v.Process.Sealed, nil
	}
	return v.Process.Document, nil
}

func (s *Service) pageSource(v View) (PageSource, error) {
	doc, err := s.readable(v)
	if err != nil {
		return PageSource{}, err
	}
	p := v.Process.Key
	return PageSource{Process: p, Blob: doc.Blob, Size: doc.Size, Open: func(ctx context.Context) (BlobReader, error) {
		return s.open(ctx, p, doc.Blob)
	}}, nil
}

// open unwraps the process's key for this one use and opens a blob with it.
func (s *Service) open(ctx context.Context, p ProcessKey, blob string) (BlobReader, error) {
	w, err := s.Store.Key(ctx, p)
	if KindOf(err) == NotFound {
		return nil, errGone(s.endOf(ctx, p))
	}
	if err != nil {
		return nil, err
	}
	return s.openWith(ctx, p, w, blob)
}

func (s *Service) openWith(ctx context.Context, p ProcessKey, w WrappedKey, blob string) (BlobReader, error) {
	key, err := s.dataKey(p, w)
	if err != nil {
		return nil, err
	}
	return s.Blobs.Open(ctx, blob, key)
}

// keyOf is what a process's data key is bound to when it is wrapped.
func keyOf(p ProcessKey) string { return "process:" + string(p) }

func (s *Service) dataKey(p ProcessKey, w WrappedKey) (DataKey, error) {
	plain, err := s.Keys.Unwrap(w, keyOf(p))
	if err != nil {
		return DataKey{}, err
	}
	if len(plain) != len(DataKey{}) {
		return DataKey{}, errors.New("data key has the wrong length")
	}
	return DataKey(plain), nil
}
