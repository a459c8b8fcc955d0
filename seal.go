package innsigli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/innsigli/innsigli/pades"
)

// How a sealed document came to be: the outcome in its evidence.
const (
	outcomeCompleted = "completed"
	outcomeCanceled  = "canceled"
	outcomeExpired   = "expired"
)

// SealJob makes the sealed document of a process that all have signed, and completes the process in its own settling
// commit. It is tried for ever: from the last signature on there is no other way for the process to go.
func (s *Service) SealJob(ctx context.Context, j Job) (Decision, error) {
	f, err := s.Store.Facts(ctx, Target{Process: j.Process})
	if err != nil {
		return nil, err
	}
	if f.Process.State != Sealing {
		return nil, nil //nolint:nilnil // nothing is left to do, and that is no error
	}
	wrapped, err := s.Store.Key(ctx, j.Process)
	if err != nil {
		return nil, err
	}
	rev, err := s.seal(ctx, f, wrapped, outcomeCompleted)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	defer rev.close() //nolint:errcheck // a reader; what could be lost was lost while reading
	key, err := s.dataKey(j.Process, wrapped)
	if err != nil {
		return nil, err
	}
	sealed, err := s.keep(ctx, rev, key)
	if err != nil {
		return nil, fmt.Errorf("keep sealed document: %w", err)
	}
	sealed.Pages, sealed.Level, sealed.Pending = rev.pages, rev.level, rev.pending != nil
	apart, err := s.keepApart(ctx, f, rev.apart, key)
	if err != nil {
		return nil, fmt.Errorf("keep evidence: %w", err)
	}
	if cause := rev.failed(); cause != nil {
		s.Log.Warn("sealed below the level wanted; raised later", "job", j.ID, "level", LevelName(rev.level), "cause", cause.Error())
	}
	return func(f Facts) (Change, error) { return decideCompleted(f, sealed, apart) }, nil
}

// decideCompleted judges whether the sealed document completes its process, and says who gets it. evidence is nil when it
// is in the document.
func decideCompleted(f Facts, sealed Document, evidence *Reference) (Change, error) {
	p := f.Process
	if p.State != Sealing {
		return Change{}, nil
	}
	c := Change{State: Completed, Sealed: &sealed, Evidence: evidence, Log: []LogEntry{{Kind: LogCompleted, Signee: lastSigner(p)}}}
	c.pend(f)
	if othersCompleted(f) {
		c.place(f, completionMails(f))
	}
	c.Jobs = append(c.Jobs, webhookJobs(f, EventAllSigned)...)
	c.Jobs = append(c.Jobs, webhookJobs(f, EventCompleted)...)
	c.holdBack(f)
	return c, nil
}

// othersCompleted says whether the process is the last of its group to be completed.
func othersCompleted(f Facts) bool {
	return !slices.ContainsFunc(f.Members, func(m Member) bool {
		return m.Process.Key != f.Process.Key && m.Process.State != Completed
	})
}

// completionMails are one mail a person, with all documents of the group that the person signed, the user's who sent it,
// and one to an inbox of the company.
func completionMails(f Facts) []ordered {
	var out []ordered
	for _, who := range persons(f.Signees(), f.Company) {
		if who.email == "" {
			continue // no signed copy by SMS: the link shows it
		}
		out = append(out, ordered{who.signee.Process, Job{
			Kind: JobMailCompleted, Signee: who.signee.Key, Address: who.email, Language: who.language,
			Lane: lane(f.Process.Group, who.signee), Uniq: "done:" + string(who.signee.Key),
		}})
	}
	add := func(kind JobKind, to, uniq string) {
		if to != "" {
			out = append(out, ordered{f.Process.Key, Job{Kind: kind, Address: to, Language: companyLanguage(f.Company), Uniq: uniq + string(f.Process.Key)}})
		}
	}
	user := f.Sender()
	add(JobMailOwnerDone, user, "ownerdone:")
	if to := f.inbox(); !strings.EqualFold(to, user) {
		add(JobMailNotify, to, "notify:")
	}
	return out
}

// Sender is the user who sent the documents; empty when the company did.
func (f Facts) Sender() string { return cmp.Or(f.Sequence.User, f.Process.User) }

// inbox is where the Notification of a completed process goes: where the company's template says, and without one to the
// company's address when no user gets the document.
func (f Facts) inbox() string {
	if f.Inbox == CompanyAddress || f.Inbox == "" && f.Sender() == "" {
		return f.Company.Email
	}
	return f.Inbox
}

func lastSigner(p Process) SigneeKey {
	var last Signee
	for _, s := range p.Signees {
		if s.SignedAt.After(last.SignedAt) {
			last = s
		}
	}
	return last.Key
}

// sealedFile can be written as often as it takes, every time the same bytes.
type sealedFile interface {
	io.ReaderAt
	WriteTo(w io.Writer) (int64, error)
	Size() int64
	SHA256() []byte
}

// sealedRevision is a sealed document that can be written, and the blob that its first bytes come from.
type sealedRevision struct {
	sealedFile // nil when only the evidence was made
	reached
	from  BlobReader
	pages int
	apart *apartEvidence // nil when the evidence is in the document
}

func (r *sealedRevision) close() error { return r.from.Close() }

// failed is what keeps a seal of the document or its evidence from the level wanted; nil for nothing.
func (r *sealedRevision) failed() error {
	if r.pending == nil && r.apart != nil {
		return r.apart.pending
	}
	return r.pending
}

// keep writes a sealed revision into the blob store.
func (s *Service) keep(ctx context.Context, rev sealedFile, key DataKey) (Document, error) {
	w, err := s.Blobs.Create(ctx, key)
	if err != nil {
		return Document{}, err
	}
	defer w.Abort()
	if _, err := rev.WriteTo(w); err != nil {
		return Document{}, err
	}
	if err := w.Commit(ctx); err != nil {
		return Document{}, err
	}
	return Document{Blob: w.ID(), Size: w.Size(), SHA256: w.SHA256()}, nil
}

// seal draws marks and evidence onto the intake bytes and closes them with one certification seal
// (design/decisions.md 5).
func (s *Service) seal(ctx context.Context, f Facts, wrapped WrappedKey, outcome string) (*sealedRevision, error) {
	p := f.Process
	from, err := s.openWith(ctx, p.Key, wrapped, p.Document.Blob)
	if err != nil {
		return nil, err
	}
	drawings, err := s.drawings(ctx, f, wrapped)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	rev, err := s.sealFrom(ctx, f, drawings, from, outcome)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return rev, nil
}

func (s *Service) sealFrom(ctx context.Context, f Facts, drawings map[SigneeKey][]byte, from BlobReader, outcome string) (*sealedRevision, error) {
	doc, err := pades.Open(from, from.Size())
	if err != nil {
		return nil, err
	}
	key, chain, err := s.Sealer.Seal(ctx)
	if err != nil {
		return nil, err
	}
	ev, err := s.evidence(ctx, f, outcome)
	if err != nil {
		return nil, err
	}
	ev.Seal = evidenceSeal(chain[0])
	if doc.Signed() {
		return s.sealApart(ctx, from, doc, ev, pades.Signer{Key: key, Chain: chain})
	}
	what, err := s.composed(f, drawings, doc, ev)
	if err != nil {
		return nil, err
	}
	rev, made, level, err := s.sign(ctx, doc, what, sealReason(outcome), pades.Signer{Key: key, Chain: chain})
	if err != nil {
		return nil, err
	}
	return &sealedRevision{sealedFile: rev, reached: level, from: from, pages: made.PageCount()}, nil
}

// sign seals and reads back what was made, before anybody gets it: evidence pages are counted, and a file that we could
// not open ourselves is never handed out.
func (s *Service) sign(
	ctx context.Context, doc *pades.Document, what pades.Seal, reason string, signer pades.Signer,
) (*pades.Revision, *pades.Document, reached, error) {
	what.Name, what.Reason, what.Time = signer.Chain[0].Subject.CommonName, reason, s.Now()
	services, done := s.Sealer.Services().Patient(SealPatience)
	defer done()
	rev, level, err := pades.SignTo(ctx, doc, what, signer, services, wantLevel)
	pending, err := unlessPending(err)
	if err != nil {
		return nil, nil, reached{}, err
	}
	made, err := pades.Open(rev, rev.Size())
	if err != nil {
		return nil, nil, reached{}, fmt.Errorf("read back: %w", err)
	}
	return rev, made, reached{level, pending}, nil
}

// composed is what a certification seal brings into the document: a mark for each person who has signed, the evidence
// pages, and the evidence for machines.
func (s *Service) composed(f Facts, drawings map[SigneeKey][]byte, doc *pades.Document, ev Evidence) (pades.Seal, error) {
	marks, places, err := s.marks(f, doc)
	if err != nil {
		return pades.Seal{}, err
	}
	for i := range marks {
		marks[i].Drawing = drawings[marks[i].Key]
	}
	drawn, err := s.Paper.Draw(marks, ev)
	if err != nil {
		return pades.Seal{}, fmt.Errorf("draw marks and evidence: %w", err)
	}
	file, err := evidenceFile(ev, s.Now())
	if err != nil {
		return pades.Seal{}, err
	}
	for i := range places {
		places[i].Form, places[i].FormPage = drawn, i+1
	}
	return pades.Seal{
		Marks: places, Append: []pades.Pages{{File: drawn, From: len(marks) + 1}}, Files: []pades.File{file},
		Certify: 2, // ISO 32000-2 table 257: filling fields and signing stay allowed, so that timestamps can be added
	}, nil
}

// evidenceFile is the evidence as the file that is embedded beside its pages (facts/standards.md 3.5).
func evidenceFile(ev Evidence, at time.Time) (pades.File, error) {
	data, err := json.MarshalIndent(ev, "", "  ")
	if err != nil {
		return pades.File{}, fmt.Errorf("write evidence: %w", err)
	}
	return pades.File{
		Name: "evidence.json", MIME: "application/json", Description: EvidenceText,
		Relationship: "Supplement", Data: data, Modified: at,
	}, nil
}

func sealReason(outcome string) string {
	if outcome == outcomeCompleted {
		return "Sealed after everyone had signed"
	}
	return "Copy of a signing that was " + outcome + " before everyone had signed"
}

// evidence collects what the log and the rows say about the process.
func (s *Service) evidence(ctx context.Context, f Facts, outcome string) (Evidence, error) {
	acts, err := s.Store.Activity(ctx, f.Company.Key, ActivityQuery{
		Process: f.Process.Key, From: f.Process.CreatedAt.Add(-time.Hour), To: f.Now.Add(time.Hour), Take: 1,
	})
	if err != nil {
		return Evidence{}, fmt.Errorf("read log: %w", err)
	}
	var lines []LogEntry
	for _, a := range acts {
		lines = append(lines, a.Lines...)
	}
	if outcome == outcomeCompleted {
		lines = untilCompleted(lines)
	}
	ended := f.Process.EndedAt
	if ended.IsZero() {
		ended = s.Now()
	}
	ev := evidenceOf(f, outcome, ended, lines)
	if ev.Logo, err = s.logoFor(ctx, f.Brand()); err != nil {
		return Evidence{}, fmt.Errorf("read logo: %w", err)
	}
	if s.MachineClock != nil {
		ev.Clock = new(s.MachineClock())
	}
	ev.Log = s.proveLog(ctx, f.Process.Key)
	return ev, s.answers(ctx, f, ev.Signees)
}

// untilCompleted leaves out what came after the process was completed: a document that is sealed anew says the same.
func untilCompleted(lines []LogEntry) []LogEntry {
	if i := slices.IndexFunc(lines, func(l LogEntry) bool { return l.Kind == LogCompleted }); i >= 0 {
		return lines[:i]
	}
	return lines
}

// answers adds to each person who has signed what is known of the code that was answered.
func (s *Service) answers(ctx context.Context, f Facts, to []EvidenceSignee) error {
	for i, sg := range f.Process.Signees {
		if sg.SignedBy == "" {
			continue
		}
		of, err := s.Store.Facts(ctx, Target{Process: f.Process.Key, Token: sg.SignedBy})
		if err != nil {
			return fmt.Errorf("read code: %w", err)
		}
		if of.Challenge.Token == sg.SignedBy {
			to[i].answered(of.Challenge)
		}
	}
	return nil
}

// marks lists the marks of those who have signed and where they go.
func (s *Service) marks(f Facts, doc *pades.Document) ([]Mark, []pades.Mark, error) {
	p := f.Process
	n := 1
	if p.Location == BottomLastPage {
		n = doc.PageCount()
	}
	page, err := doc.Page(n)
	if err != nil {
		return nil, nil, fmt.Errorf("page for marks: %w", err)
	}
	var signed []Signee
	for _, sg := range p.Signees {
		if sg.Signed() {
			signed = append(signed, sg)
		}
	}
	w, h := page.Size()
	style, at := placeMarks(len(signed), PageSize{w, h}, p.Location)
	if len(at) < len(signed) {
		return nil, nil, fmt.Errorf("page %d of %v × %v points has no room for marks", n, w, h)
	}
	marks, places := make([]Mark, len(signed)), make([]pades.Mark, len(signed))
	for i, sg := range signed {
		marks[i] = markOf(sg, f.Company, style)
		places[i] = pades.Mark{Page: n, X: at[i].X, Y: at[i].Y, W: at[i].W, H: at[i].H}
	}
	return marks, places, nil
}

// SealedDocument opens the sealed document of a completed process for a message.
func (s *Service) SealedDocument(ctx context.Context, p ProcessKey) (Attachment, error) {
	f, err := s.Store.Facts(ctx, Target{Process: p})
	if err != nil {
		return Attachment{}, err
	}
	if f.Process.State != Completed {
		return Attachment{}, notActive(f.Process.State, "ProcessKey")
	}
	r, err := s.open(ctx, p, f.Process.Sealed.Blob)
	if err != nil {
		return Attachment{}, err
	}
	doc := blobAttachment(r, f.Process.FileName, f.Process.Sealed)
	for _, ref := range f.Process.References() {
		r, err := s.open(ctx, p, ref.Blob)
		if err != nil {
			return Attachment{}, errors.Join(err, doc.Close())
		}
		file := blobAttachment(r, ref.Name, ref.Document)
		file.Type, file.Signee = ref.ContentType(), ref.Signee
		doc = beside(doc, file)
	}
	return doc, nil
}

// AwaitSeal waits at most d for a process whose last signature was just made to be completed, and gives the view as it
// then is.
func (s *Service) AwaitSeal(ctx context.Context, v View, d time.Duration) View {
	ctx, stop := context.WithTimeout(ctx, d)
	defer stop()
	// Most seals take tens of milliseconds: ask soon, then less often.
	for pause := 10 * time.Millisecond; v.Process.State == Sealing; pause = min(2*pause, 200*time.Millisecond) {
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return v
		case <-t.C:
		}
		if now, err := s.Look(ctx, v.Process.Key, v.You.Key, nil); err == nil {
			now.Trusted = v.Trusted
			v = now
		}
	}
	return v
}
