package innsigli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/innsigli/innsigli/pades"
)

// Level is a baseline level of PAdES (ETSI EN 319 142-1, clause 6.1); zero for what is not sealed.
type Level = pades.Level

// wantLevel is the level of every seal. What is below it is pending.
const wantLevel = pades.BLTA

// ParseLevel reads what Level.String wrote; zero when it is none.
func ParseLevel(name string) Level {
	for l := pades.BB; l <= pades.BLTA; l++ {
		if l.String() == name {
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
var heldBack = []JobKind{JobMailCompleted, JobMailOwnerDone}

// pend says what follows when a process is completed with a seal that is not whole yet, its own or that of another one
// of its group: it is raised, and the mails with the document wait for that, but not for long.
func (c *Change) pend(f Facts) {
	if c.Sealed.Pending {
		c.Log = append(c.Log, LogEntry{Kind: LogSealPending, Detail: c.Sealed.Level.String()})
		c.Jobs = append(c.Jobs, Job{Kind: JobRaise, Due: f.Now.Add(firstRaise), Uniq: "raise:" + string(f.Process.Key)})
	}
}

// holdBack makes the mails of a completion wait while a seal of the group is pending.
func (c *Change) holdBack(f Facts) {
	if !c.Sealed.Pending && !otherPending(f) {
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

// otherPending says whether the seal of another process of the group is pending.
func otherPending(f Facts) bool {
	return slices.ContainsFunc(f.Members, func(m Member) bool {
		return m.Process.Key != f.Process.Key && m.Process.Sealed.Pending
	})
}

// RaiseJob adds to a sealed document what was not to be had when it was sealed. It is tried for ever; a step that could
// be done is kept even if the next could not, so that a time stamp once got is not lost.
func (s *Service) RaiseJob(ctx context.Context, j Job) (Decision, error) {
	f, err := s.Store.Facts(ctx, Target{Process: j.Process})
	if err != nil {
		return nil, err
	}
	was := f.Process.Sealed
	if f.Process.State != Completed || !was.Pending {
		return nil, nil //nolint:nilnil // nothing is left to do, and that is no error
	}
	wrapped, err := s.Store.Key(ctx, j.Process)
	if KindOf(err) == NotFound {
		return nil, nil //nolint:nilnil // erased: nobody will read it again
	}
	if err != nil {
		return nil, err
	}
	rev, err := s.raised(ctx, j.Process, wrapped, was)
	if err != nil {
		return nil, fmt.Errorf("raise seal: %w", err)
	}
	defer rev.close() //nolint:errcheck // a reader; what could be lost was lost while reading
	if rev.level <= was.Level {
		return nil, fmt.Errorf("raise seal: %w", rev.pending)
	}
	key, err := s.dataKey(j.Process, wrapped)
	if err != nil {
		return nil, err
	}
	now, err := s.keep(ctx, rev, key)
	if err != nil {
		return nil, fmt.Errorf("keep raised document: %w", err)
	}
	now.Pages, now.Level, now.Pending = was.Pages, rev.level, rev.pending != nil
	if now.Pending {
		err = fmt.Errorf("raise seal: %w", rev.pending)
	}
	return func(f Facts) (Change, error) { return decideRaised(f, was.Blob, now) }, err
}

// reached is how far a seal got, and what failed on the way to the level wanted: nil when that is reached. What bears no
// seal of ours has neither.
type reached struct {
	level   Level
	pending error
}

// raised appends to a sealed document what is missing, as far as the services let it.
func (s *Service) raised(ctx context.Context, p ProcessKey, wrapped WrappedKey, was Document) (*sealedRevision, error) {
	from, err := s.openWith(ctx, p, wrapped, was.Blob)
	if err != nil {
		return nil, err
	}
	services, done := s.Sealer.Services().Patient(SealPatience)
	defer done()
	rev, err := raise(ctx, from, services)
	if err != nil {
		return nil, errors.Join(err, from.Close())
	}
	return rev, nil
}

func raise(ctx context.Context, from BlobReader, services pades.Services) (*sealedRevision, error) {
	doc, err := pades.Open(from, from.Size())
	if err != nil {
		return nil, err
	}
	rev, level, err := pades.Raise(ctx, doc, services, wantLevel)
	pending, err := unlessPending(err)
	if err != nil {
		return nil, err
	}
	if _, err := pades.Open(rev, rev.Size()); err != nil { // as in sealFrom: nobody gets what we cannot open
		return nil, fmt.Errorf("read back: %w", err)
	}
	return &sealedRevision{sealedFile: rev, from: from, reached: reached{level, pending}}, nil
}

// decideRaised judges whether the raised document takes the place of the one that it was made from. When the last seal of
// the group is whole, the mails that waited for it go.
func decideRaised(f Facts, was string, now Document) (Change, error) {
	p := f.Process
	if p.State != Completed || p.Sealed.Blob != was {
		return Change{}, nil // another node was faster, or it was erased
	}
	c := Change{
		Sealed: &now, Raises: was,
		Log:  []LogEntry{{Kind: LogSealRaised, Detail: now.Level.String()}},
		Jobs: []Job{{Kind: JobDiscard, Ref: was, Due: f.Now.Add(discardAfter), Uniq: "discard:" + was}},
	}
	if !now.Pending && !otherPending(f) {
		c.Hasten = heldBack
	}
	return c, nil
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
	if p, ok := errors.AsType[*pades.Pending](err); ok {
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
		return " " + d.Level.String() + " pending"
	}
	return " " + d.Level.String()
}
