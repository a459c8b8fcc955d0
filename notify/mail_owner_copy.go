package notify

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/innsigli/innsigli"
)

// fallback marks the job that tries the company's address after the owner's own refused.
const fallback = "fallback"

// mailOwnerCopy sends the owner of an ended process the copy with the signatures given until then, before the key to it
// is destroyed (design/decisions.md 1, row 9). The commit that settles this job removes the hold: that is the erasure.
func (n *Notifier) mailOwnerCopy(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Canceled, innsigli.Expired, innsigli.Declined) || !s.facts.Held {
		return nil, err
	}
	err = n.sendOwnerCopy(ctx, s)
	switch {
	case err == nil:
		return copySent(j), nil
	case errors.Is(err, ErrUnwanted):
		return nil, nil //nolint:nilnil // not wanted any more: nothing follows, and that is no error
	case !isFinal(err):
		return nil, err
	}
	// The only copy left cannot be delivered: somebody has to act before the hold runs out.
	n.Log.LogAttrs(ctx, slog.LevelError, "owner's copy refused", slog.Bool("alarm", true), slog.Int64("job", j.ID),
		slog.Bool("fallback", j.Ref == fallback), slog.Any("error", err))
	return copyRefused(j, err), innsigli.Permanent(err)
}

func (n *Notifier) sendOwnerCopy(ctx context.Context, s *scene) error {
	doc, err := n.Docs.OwnerCopy(ctx, s.job.Process)
	if innsigli.KindOf(err) == innsigli.NotFound {
		return ErrUnwanted // the hold has ended meanwhile
	}
	if err != nil {
		return err
	}
	defer n.release(ctx, doc)
	m, err := n.message(ctx, s, s.ownerCopyCard(), doc.Files()...)
	if err != nil {
		return err
	}
	m.ReplyTo = ""
	return n.sendMail(ctx, s.job, m)
}

func (s *scene) ownerCopyCard() *card {
	const key = "mail.owner_copy."
	p := s.facts.Process
	c := s.card("owner_copy")
	if s.job.Ref == fallback {
		c.Why = s.t(key + "why_fallback")
	}
	if p.State == innsigli.Expired {
		c.Tag, c.Tone, c.Title = s.t("mail.expired.tag"), toneWait, s.t(key+"title_expired")
		c.Lead = []paragraph{s.p(key+"lead_expired", "date", s.date(p.ExpiresAt))}
		c.Subject = s.t(key + "subject_expired")
	} else {
		c.Tag, c.Tone = s.t("mail.canceled.tag"), toneStop
		c.Lead = []paragraph{s.p(key+"lead", "date", s.date(p.EndedAt))}
		if who := clean(p.EndedBy, maxName); who != "" {
			lead := "lead_by"
			if p.State == innsigli.Declined {
				lead = "lead_declined"
			}
			c.Lead = []paragraph{s.p(key+lead, "date", s.date(p.EndedAt), "who", who)}
		}
	}
	c.Lead = append(c.Lead, s.p(key+"copy"))
	c.fact(s.t("mail.label.document"), s.document)
	s.people(c)
	return c
}

// copySent is what follows when the mail server has taken the copy.
func copySent(j innsigli.Job) innsigli.Decision {
	return func(f innsigli.Facts) (innsigli.Change, error) {
		c := innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogOwnerCopySent, Detail: byMail, Mail: j.Address}}}
		c.CopyTaken(f)
		return c, nil
	}
}

// copyRefused is what follows when it never will: the company's address is tried once. A copy that is too large is too
// large for that address too.
func copyRefused(j innsigli.Job, err error) innsigli.Decision {
	_, large := errors.AsType[*TooLargeError](err)
	return func(f innsigli.Facts) (innsigli.Change, error) {
		c := innsigli.Change{Log: []innsigli.LogEntry{{
			Kind: innsigli.LogRefused, Detail: string(j.Kind), Mail: j.Address, Message: j.UID,
		}}}
		if large || j.Ref == fallback || !f.Held || strings.EqualFold(f.Company.Email, j.Address) {
			return c, nil
		}
		c.Jobs = []innsigli.Job{{
			Kind: j.Kind, Ref: fallback, Address: f.Company.Email, Language: j.Language, Lane: j.Lane,
			Uniq: "copy2:" + string(j.Process),
		}}
		return c, nil
	}
}
