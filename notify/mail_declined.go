package notify

import (
	"context"
	"slices"

	"github.com/innsigli/innsigli"
)

// mailDeclined tells the owner that a signee will not sign, and why. What others had signed comes in mails of its own.
func (n *Notifier) mailDeclined(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Declined) {
		return nil, err
	}
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
	return n.post(ctx, s, s.t(key+"subject"), c, told(line(innsigli.LogDeclineSent, j, byMail)))
}
