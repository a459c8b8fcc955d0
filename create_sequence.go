package innsigli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// CreateSequenceRequest starts several processes that are signed together. Members are those of the public API's
// CreateSequentialSigning.
type CreateSequenceRequest struct {
	Processes []CreateRequest // their Idempotency and Hash are not used
	User      string          // required: the owner of all, and who may cancel by the sequence's key
	InOrder   bool
	// RequiresAuth: people prove who they are, by a code, before they are shown the documents.
	RequiresAuth bool
	// Idempotency and Hash are as in [CreateRequest].
	Idempotency string
	Hash        string
}

// place names a process of the request in errors.
func (r *CreateSequenceRequest) place(i int) string {
	return fmt.Sprintf("createSigningProcesses[%d].", i)
}

// AcceptedSequence is a new sequence, or the earlier one of the same Idempotency-Key.
type AcceptedSequence struct {
	Sequence SequenceView
	Warning  string // as in [Accepted]
}

// CreateSequence takes several documents and the people who must sign them. ups holds the document of each process, nil
// for one that came without; the caller aborts them in any case. Errors are those of [Service.Create], with the place of
// the process in front of the name of the member. Nothing is kept unless everything is.
func (s *Service) CreateSequence(ctx context.Context, c Caller, r CreateSequenceRequest, ups []*Upload) (_ AcceptedSequence, err error) {
	flows, err := s.checkSequence(ctx, c, &r, ups)
	if err != nil {
		return AcceptedSequence{}, err
	}
	people := 0
	for i := range r.Processes {
		people += addressedBy(r.Processes[i].Signees)
	}
	if err := s.mayWrite(ctx, c.Company.Key, people); err != nil {
		return AcceptedSequence{}, err
	}
	defer func() { s.discard(ctx, err, ups...) }()
	created, err := s.createSequence(ctx, c, flows, r, ups)
	for _, up := range ups {
		up.kept = err == nil && created.Sequence.Process.Document.Blob == ups[0].doc.Blob
	}
	return created, err
}

func (s *Service) createSequence(ctx context.Context, c Caller, flows []Flow, r CreateSequenceRequest, ups []*Upload) (AcceptedSequence, error) {
	n, f, err := s.newSequence(ctx, c, flows, r, ups)
	if err != nil {
		return AcceptedSequence{}, err
	}
	n.Change = decideCreated(f, r.User)
	keys := make([]DataKey, len(ups))
	var size int64
	for i, up := range ups {
		keys[i], size = up.key, max(size, up.doc.Size)
	}
	earlier, hash, err := s.keepNew(ctx, &n, keys...)
	switch {
	case err != nil:
		return AcceptedSequence{}, err
	case earlier == "":
		s.After(n.Process.Key, n.Change)
		return AcceptedSequence{Sequence: asCreatedSequence(f), Warning: s.tooLargeToMail(size)}, nil
	case hash != n.RequestHash:
		return AcceptedSequence{}, errKeyReused()
	}
	f, err = s.Store.Facts(ctx, c.process(earlier))
	if err == nil && f.Sequence.Key == "" {
		err = errKeyReused() // by a process alone
	}
	return AcceptedSequence{Sequence: asCreatedSequence(f)}, err
}

// newSequence makes the rows of a sequence and the facts that its creation is judged by.
func (s *Service) newSequence(ctx context.Context, c Caller, flows []Flow, r CreateSequenceRequest, ups []*Upload) (NewProcess, Facts, error) {
	now, h := s.Now(), sha256.New()
	_, _ = io.WriteString(h, r.Hash)
	q := Sequence{Key: NewSequenceKey(), Company: c.Company.Key, User: r.User, InOrder: r.InOrder, RequiresAuth: r.RequiresAuth, CreatedAt: now}
	var all []Process
	for i, up := range ups {
		if err := s.takeAll(ctx, c, up, r.Processes[i]); err != nil {
			return NewProcess{}, Facts{}, InPlace(r.place(i), err)
		}
		p := newProcess(now, s.ExpireAfter, c, flows[i], r.Processes[i]).Process
		p.Group = GroupKey(q.Key)
		p.Document, p.Attachments = up.doc, up.attachments(r.Processes[i], now)
		_, _ = io.WriteString(h, up.hash(r.Processes[i]))
		all = append(all, p)
	}
	nameTogether(all)
	n := NewProcess{Process: all[0], Sequence: q, Idempotency: r.Idempotency, RequestHash: hex.EncodeToString(h.Sum(nil))}
	f := Facts{Now: now, Company: c.Company, Sequence: q}
	for i, p := range all {
		hooks, err := s.Store.Webhooks(ctx, p.Flow)
		if err != nil {
			return NewProcess{}, Facts{}, err
		}
		f.Members = append(f.Members, Member{Process: p, Flow: flows[i], Webhooks: hooks})
		if i > 0 {
			n.Others = append(n.Others, NewMember{Process: p})
		}
	}
	return n, f.Of(n.Process.Key), nil
}

// asCreatedSequence is the sequence as its first answer showed it.
func asCreatedSequence(f Facts) SequenceView {
	f.Process = asCreated(f.Process)
	for i := range f.Members {
		f.Members[i].Process = asCreated(f.Members[i].Process)
	}
	return SequenceView{Facts: f, Trusted: true}
}

// checkSequence finds everything that is wrong with a request, and the flow of each process.
func (s *Service) checkSequence(ctx context.Context, c Caller, r *CreateSequenceRequest, ups []*Upload) ([]Flow, error) {
	var bad fieldErrors
	if r.User == "" {
		bad.add("user", "NotEmpty", "user is required.")
	} else {
		checkEmail(&bad, "user", r.User)
	}
	checkIdempotency(&bad, r.Idempotency)
	switch {
	case len(r.Processes) == 0:
		bad.add("createSigningProcesses", "NotEmpty", "At least one process is required.")
	case len(r.Processes) > MaxSequence:
		bad.add("createSigningProcesses", "Length", fmt.Sprintf("At most %d documents can be signed together.", MaxSequence))
		return nil, bad.err()
	}
	var size int64
	flows := make([]Flow, len(r.Processes))
	for i := range r.Processes {
		p, up := &r.Processes[i], ups[i]
		if p.User == "" {
			p.User = r.User
		}
		if up != nil {
			size += up.n
		}
		var err error
		if flows[i], err = s.checkCreate(ctx, c, p, up); err != nil {
			e, ok := errors.AsType[*Error](InPlace(r.place(i), err))
			if !ok {
				return nil, err
			}
			bad = append(bad, e.Fields...)
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	if size > MaxSequenceBytes {
		return nil, errSequenceTooLarge()
	}
	return flows, nil
}

func errSequenceTooLarge() *Error {
	e := InvalidField("createSigningProcesses", "TooLarge", fmt.Sprintf("The documents are larger than %d MB together.", MaxSequenceBytes>>20))
	e.Kind = TooLarge
	return e
}

func errKeyReused() *Error {
	return InvalidField("Idempotency-Key", "IdempotencyKeyReused", "This Idempotency-Key was used with another request.")
}

// InPlace puts a place in front of the names of the fields of a refusal; any other error stays as it is.
func InPlace(place string, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	out := *e
	out.Fields = nil
	for _, f := range e.Fields {
		f.Field = place + f.Field
		out.Fields = append(out.Fields, f)
	}
	return &out
}
