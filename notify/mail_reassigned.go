package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailReassigned tells the owner that a signee has passed signing on, and to whom. What has ended meanwhile says more.
func (n *Notifier) mailReassigned(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || s == nil || s.facts.Process.State.Ended() || s.you.Key == "" {
		return nil, err // passed on once more, or taken off: a later mail tells, or it was the company
	}
	return n.post(ctx, s, s.reassignedCard(), told(line(innsigli.LogReassignSent, j, byMail)))
}

func (s *scene) reassignedCard() *card {
	const key = "mail.reassigned."
	s.owner = "" // the reader is the one who could be asked
	who, at := s.facts.PassedBy(s.you.Key)
	to := clean(s.you.DisplayName(), maxName)
	now := to
	if m := clean(s.you.Email, maxName); m != "" && m != now {
		now += ", " + m
	}
	c := s.card("reassigned")
	c.Tag = s.t(key + "tag")
	c.Lead = []paragraph{s.p(s.num(key+"lead"), "who", clean(who, maxName), "to", to, "date", s.date(at)), s.p(s.num(key + "next"))}
	c.fact(s.t(key+"now"), now)
	s.documents(c)
	return c
}
