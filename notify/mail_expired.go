package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailExpired tells a person that the time to sign is over.
func (n *Notifier) mailExpired(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Expired) {
		return nil, err
	}
	return n.post(ctx, s, s.expiredCard(), told(line(innsigli.LogCancelSent, j, byMail)))
}

func (s *scene) expiredCard() *card {
	c := s.card("expired")
	c.Tag, c.Tone = s.t("mail.expired.tag"), toneWait
	c.Lead = []paragraph{
		s.p(s.num("mail.expired.lead"), "date", s.date(s.facts.Process.ExpiresAt)),
		s.p(s.num("mail.deleted")),
		s.p(s.num("mail.expired.again")),
	}
	if s.many() {
		s.documents(c)
	}
	s.questions(c)
	return c
}
