package innsigli

import "context"

// The hold keeps the key of an ended process for what may still carry its document: the owner's copy, when somebody had
// signed, and the events of an expiry. Whoever is settled last destroys it.

// CarriesHeld says whether the event carries the document of a process that has ended, so that its key is held for it
// (facts/wire.md 4.4: Expired does, Canceled does not).
func (e EventType) CarriesHeld() bool { return e == EventExpired }

// copyDue says that the owner of an ended process has not got the copy that is owed.
func (f Facts) copyDue() bool { return f.Process.AnySigned() && !f.Copied }

// CopyTaken says that the owner has the copy: the hold ends, unless events still wait for the document.
func (c *Change) CopyTaken(f Facts) {
	switch {
	case f.Held && f.Hooks > 0:
		c.Key = HoldCopied
	default:
		c.endHold(f)
	}
}

// EventSettled says that an event which carries the document will not be tried again, or that this attempt was not its
// last: the hold ends with the last event, unless the owner's copy is still owed.
func (c *Change) EventSettled(f Facts) {
	if f.Held && f.Hooks == 0 && !f.copyDue() {
		c.endHold(f)
	}
}

func (c *Change) endHold(f Facts) {
	c.Key = HoldDestroyed
	c.Jobs = append(c.Jobs, purgeJob(f.Process.Key))
}

// HeldDocument opens the document of an expired process as it stood, for the events that tell of the expiry. NotFound
// when the hold has ended.
func (s *Service) HeldDocument(ctx context.Context, p ProcessKey) (Attachment, error) {
	f, err := s.Store.Facts(ctx, Target{Process: p})
	if err != nil {
		return Attachment{}, err
	}
	if f.Process.State != Expired {
		return Attachment{}, notActive(f.Process.State, "ProcessKey")
	}
	held, err := s.Store.HeldKey(ctx, p)
	if err != nil {
		return Attachment{}, err
	}
	r, err := s.openWith(ctx, p, held, f.Process.Document.Blob)
	if err != nil {
		return Attachment{}, err
	}
	return blobAttachment(r, f.Process.FileName, f.Process.Document), nil
}
