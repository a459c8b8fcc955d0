package innsigli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pades"
)

// Level is a baseline level of PAdES (ETSI EN 319 142-1, clause 6.1); zero for what is not sealed.
type Level = cms.Level

// LevelName is how a level is called where it is kept and shown; empty for what is not sealed.
func LevelName(l Level) string {
	if l == 0 {
		return ""
	}
	return l.Of("PAdES")
}

// wantLevel is the level of every seal. What is below it is pending.
const wantLevel = cms.BLTA

// ParseLevel reads what [LevelName] wrote; zero when it is none.
func ParseLevel(name string) Level {
	for l := cms.BB; l <= cms.BLTA; l++ {
		if LevelName(l) == name {
			return l
		}
	}
	return 0
}

// When a seal is raised: firstRaise after it was made, since what was down a moment ago still is; and discardAfter is
// how long whoever is just opening the document that was replaced may take.
const (
	firstRaise   = 5 * time.Second
	discardAfter = time.Minute
)

// heldBack are the messages that carry the sealed document, and wait for it to be whole.
var heldBack = []JobKind{JobMailCompleted, JobMailOwnerDone, JobMailNotify, JobWebhook}

// pend says what follows when a process is completed with a seal that is not whole yet, its own or that of another one
// of its group: it is raised, and the messages with the document wait for that, but not for long.
func (c *Change) pend(f Facts) {
	if level, pending := c.seals().pending(); pending {
		c.Log = append(c.Log, LogEntry{Kind: LogSealPending, Detail: LevelName(level)})
		c.Jobs = append(c.Jobs, Job{Kind: JobRaise, Due: f.Now.Add(firstRaise), Uniq: "raise:" + string(f.Process.Key)})
	}
}

// holdBack makes the messages of a completion wait while a seal of the group is pending.
func (c *Change) holdBack(f Facts) {
	if _, pending := c.seals().pending(); !pending && !otherPending(f) {
		return
	}
	hold := func(jobs []Job) {
		for i := range jobs {
			if slices.Contains(heldBack, jobs[i].Kind) {
				jobs[i].Due = f.Now.Add(RaiseWait)
			}
		}
	}
	hold(c.Jobs)
	for i := range c.Members {
		hold(c.Members[i].Jobs)
	}
}

// otherPending says whether a seal of another process of the group is pending.
func otherPending(f Facts) bool {
	return slices.ContainsFunc(f.Members, func(m Member) bool {
		return m.Process.Key != f.Process.Key && m.Process.Pending()
	})
}

// seals are the sealed files of a process: its document, and its evidence when that is a file of its own.
type seals struct {
	document Document
	evidence Reference
}

func (p *Process) seals() seals { return seals{p.Sealed, p.Evidence} }

// seals are those that a process is completed with.
func (c *Change) seals() seals {
	out := seals{document: *c.Sealed}
	if c.Evidence != nil {
		out.evidence = *c.Evidence
	}
	return out
}

// pending gives the level of the seal that is to be raised, the document's before that of its evidence.
func (s seals) pending() (Level, bool) {
	switch {
	case s.document.Pending:
		return s.document.Level, true
	case s.evidence.Pending:
		return s.evidence.Level, true
	}
	return 0, false
}

// RaiseJob adds to the seals of a completed process what was not to be had when they were made. It is tried for ever; a
// step that could be done is kept even if the next could not, so that a time stamp once got is not lost.
func (s *Service) RaiseJob(ctx context.Context, j Job) (Decision, error) {
	f, err := s.Store.Facts(ctx, Target{Process: j.Process})
	if err != nil {
		return nil, err
	}
	was := f.Process.seals()
	if f.Process.State != Completed || !f.Process.Pending() {
		return nil, nil //nolint:nilnil // nothing is left to do, and that is no error
	}
	wrapped, err := s.Store.Key(ctx, j.Process)
	if KindOf(err) == NotFound {
		return nil, nil //nolint:nilnil // erased: nobody will read it again
	}
	if err != nil {
		return nil, err
	}
	now, pending, err := s.raise(ctx, f, wrapped)
	if err != nil {
		return nil, fmt.Errorf("raise seal: %w", err)
	}
	if pending != nil {
		err = fmt.Errorf("raise seal: %w", pending)
	}
	if now == was {
		return nil, err
	}
	return func(f Facts) (Change, error) { return decideRaised(f, was, now) }, err
}

// raise gives the seals of a process as they are afterwards, and what still failed. Of what has not come higher nothing
// is kept.
func (s *Service) raise(ctx context.Context, f Facts, wrapped WrappedKey) (now seals, pending error, err error) {
	now = f.Process.seals()
	key, err := s.dataKey(f.Process.Key, wrapped)
	if err != nil {
		return now, nil, err
	}
	rev, err := s.raised(ctx, f, wrapped)
	if err != nil {
		return now, nil, err
	}
	defer rev.close() //nolint:errcheck // readers; what could be lost was lost while reading
	if rev.sealedFile != nil && rev.level > now.document.Level {
		made, err := s.keep(ctx, rev, key)
		if err != nil {
			return now, nil, fmt.Errorf("keep raised document: %w", err)
		}
		made.Pages, made.Level, made.Pending = rev.pages, rev.level, rev.pending != nil
		now.document = made
	} else if rev.sealedFile != nil {
		return now, rev.pending, nil // and its evidence names the document as it stays
	}
	if e := rev.apart; e != nil && (rev.sealedFile != nil || e.level > now.evidence.Level) {
		made, err := s.keepApart(ctx, f, e, key)
		if err != nil {
			return now, nil, fmt.Errorf("keep raised evidence: %w", err)
		}
		now.evidence.Document = made.Document // its address stays
	}
	return now, rev.failed(), nil
}

// reached is how far a seal got, and what failed on the way to the level wanted: nil when that is reached. What bears no
// seal of ours has neither.
type reached struct {
	level   Level
	pending error
}

// raised makes what is missing, as far as the services let it. A revision without a document has only evidence: the
// document's own seal is whole then, or it bears none.
//
// What got no time stamp of its own is sealed anew, from the same bytes and the same facts: validators hold that a seal
// without one proves no time, whatever stands behind it. What has one is raised by appended revisions.
func (s *Service) raised(ctx context.Context, f Facts, wrapped WrappedKey) (*sealedRevision, error) {
	p := f.Process
	switch was := p.seals(); {
	case was.document.Pending && was.document.Level < cms.BT:
		return s.seal(ctx, f, wrapped, outcomeCompleted)
	case was.document.Pending:
		return s.raisedDocument(ctx, f, wrapped)
	case was.evidence.Level < cms.BT:
		return s.renewedEvidence(ctx, f, wrapped)
	default:
		return s.raisedEvidence(ctx, p, wrapped)
	}
}

// raisedDocument appends to the sealed document. Its evidence, when it is a file of its own, is made after it and names
// the document as it is then.
func (s *Service) raisedDocument(ctx context.Context, f Facts, wrapped WrappedKey) (*sealedRevision, error) {
	from, err := s.openWith(ctx, f.Process.Key, wrapped, f.Process.Sealed.Blob)
	if err != nil {
		return nil, err
	}
	rev, made, level, err := s.appended(ctx, from)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	out := &sealedRevision{sealedFile: rev, reached: level, from: from, pages: made.PageCount()}
	if f.Process.Evidence.Key == "" || level.level <= f.Process.Sealed.Level {
		return out, nil
	}
	if out.apart, err = s.evidenceAgain(ctx, f, rev, made); err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return out, nil
}

// renewedEvidence makes the evidence of a document that stays as it is.
func (s *Service) renewedEvidence(ctx context.Context, f Facts, wrapped WrappedKey) (*sealedRevision, error) {
	from, err := s.openWith(ctx, f.Process.Key, wrapped, f.Process.Sealed.Blob)
	if err != nil {
		return nil, err
	}
	apart, err := s.evidenceOfBlob(ctx, f, from)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return &sealedRevision{from: from, apart: apart}, nil
}

func (s *Service) evidenceOfBlob(ctx context.Context, f Facts, from BlobReader) (*apartEvidence, error) {
	doc, err := pades.Open(from, from.Size())
	if err != nil {
		return nil, err
	}
	same, err := unchanged(ctx, from)
	if err != nil {
		return nil, err
	}
	return s.evidenceAgain(ctx, f, same, doc)
}

// raisedEvidence appends to the evidence. What it says of the document stays true, since that stays as it is.
func (s *Service) raisedEvidence(ctx context.Context, p Process, wrapped WrappedKey) (*sealedRevision, error) {
	from, err := s.openWith(ctx, p.Key, wrapped, p.Evidence.Blob)
	if err != nil {
		return nil, err
	}
	rev, made, level, err := s.appended(ctx, from)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return &sealedRevision{from: from, apart: &apartEvidence{sealedFile: rev, reached: level, pages: made.PageCount()}}, nil
}

// appended adds revisions behind a sealed file.
func (s *Service) appended(ctx context.Context, from BlobReader) (*pades.Revision, *pades.Document, reached, error) {
	services, done := s.Sealer.Services().Patient(SealPatience)
	defer done()
	doc, err := pades.Open(from, from.Size())
	if err != nil {
		return nil, nil, reached{}, err
	}
	rev, level, err := pades.Raise(ctx, doc, services, wantLevel)
	pending, err := unlessPending(err)
	if err != nil {
		return nil, nil, reached{}, err
	}
	made, err := pades.Open(rev, rev.Size()) // as in sign: nobody gets what we cannot open
	if err != nil {
		return nil, nil, reached{}, fmt.Errorf("read back: %w", err)
	}
	return rev, made, reached{level, pending}, nil
}

// decideRaised judges whether raised files take the place of those that they were made from. When the last seal of the
// group is whole, the messages that waited for it go.
func decideRaised(f Facts, was, now seals) (Change, error) {
	p := f.Process
	if p.State != Completed || p.Sealed.Blob != was.document.Blob || p.Evidence.Blob != was.evidence.Blob {
		return Change{}, nil // another node was faster, or it was erased
	}
	c := Change{}
	level := now.document.Level
	if now.evidence.Blob != was.evidence.Blob {
		c.Evidence, c.Renews = &now.evidence, was.evidence.Blob
		c.discard(f, was.evidence.Blob)
	}
	if now.document.Blob != was.document.Blob {
		c.Sealed, c.Raises = &now.document, was.document.Blob
		c.discard(f, was.document.Blob)
	} else {
		level = now.evidence.Level
	}
	c.Log = []LogEntry{{Kind: LogSealRaised, Detail: LevelName(level)}}
	if _, pending := now.pending(); !pending && !otherPending(f) {
		c.Hasten = heldBack
	}
	return c, nil
}

func (c *Change) discard(f Facts, blob string) {
	c.Jobs = append(c.Jobs, Job{Kind: JobDiscard, Ref: blob, Due: f.Now.Add(discardAfter), Uniq: "discard:" + blob})
}

// DiscardJob deletes the bytes of a document whose place another one has taken.
func (s *Service) DiscardJob(ctx context.Context, j Job) (Decision, error) {
	listed, err := s.Store.Blobs(ctx, j.Process)
	if err != nil {
		return nil, err
	}
	if slices.Contains(listed, j.Ref) {
		return nil, nil //nolint:nilnil // still in its place: the commit that ordered this would have replaced it
	}
	if err := s.Blobs.Delete(ctx, j.Ref); err != nil {
		return nil, fmt.Errorf("delete blob: %w", err)
	}
	return nil, nil //nolint:nilnil // nothing follows
}

// unlessPending takes apart an error beside which there is a whole document, of a lower level than wanted.
func unlessPending(err error) (pending, fatal error) {
	if p, ok := errors.AsType[*cms.Pending](err); ok {
		return p, nil
	}
	return nil, err
}

// reached is the level in words, for golden files.
func (d *Document) reached() string {
	switch {
	case d.Level == 0:
		return ""
	case d.Pending:
		return " " + LevelName(d.Level) + " pending"
	}
	return " " + LevelName(d.Level)
}
