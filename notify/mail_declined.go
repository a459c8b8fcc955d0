package notify

import (
	"context"
	"slices"
	"strings"

	"github.com/innsigli/innsigli"
)

// mailDeclined tells the owner that a signee will not sign, and why. What others had signed comes in mails of its own.
func (n *Notifier) mailDeclined(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Declined) {
		return nil, err
	}
	d, err := n.post(ctx, s, s.declinedCard(), told(line(innsigli.LogDeclineSent, j, byMail)))
	if innsigli.IsPermanent(err) {
		d = declineRefused(j)
	}
	return d, err
}

func (s *scene) declinedCard() *card {
	const key = "mail.declined."
	s.owner = "" // the reader is the one who could be asked
	p := s.facts.Process
	who, reason := clean(p.EndedBy, maxName), ""
	if i := slices.IndexFunc(p.Signees, innsigli.Signee.Declined); i >= 0 {
		you := p.Signees[i]
		who, reason = clean(you.DisplayName(), maxName), clean(you.DeclineReason, innsigli.MaxReasonRunes)
	}
	c := s.card("declined")
	c.Tag, c.Tone = s.t(key+"tag"), toneStop
	c.Lead = []paragraph{s.p(s.num(key+"lead"), "who", who, "date", s.date(p.EndedAt)), s.p(s.num(key + "deleted"))}
	c.fact(s.t(key+"reason"), reason)
	s.documents(c)
	s.people(c)
	if slices.ContainsFunc(s.facts.Signees(), innsigli.Signee.Signed) {
		c.Rest = []paragraph{s.p(key + "copy")}
	}
	return c
}

// declineRefused is what follows when the owner's address never takes it: the company's is tried once, since nobody else
// would hear that the process has ended.
func declineRefused(j innsigli.Job) innsigli.Decision {
	return func(f innsigli.Facts) (innsigli.Change, error) {
		c := innsigli.Change{Log: []innsigli.LogEntry{{Kind: innsigli.LogRefused, Detail: string(j.Kind), Mail: j.Address, Message: j.UID}}}
		if j.Ref == fallback || f.Company.Email == "" || strings.EqualFold(f.Company.Email, j.Address) {
			return c, nil
		}
		c.Jobs = []innsigli.Job{{
			Kind: j.Kind, Ref: fallback, Address: f.Company.Email, Language: j.Language, Lane: j.Lane, Uniq: "declined2:" + string(j.Process),
		}}
		return c, nil
	}
}
