package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailRemoved tells a person who was invited that there is nothing to sign any more, while the others still sign.
func (n *Notifier) mailRemoved(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || s == nil {
		return nil, err
	}
	return n.post(ctx, s, s.removedCard(), told(line(innsigli.LogRemovalSent, j, byMail)))
}

func (s *scene) removedCard() *card {
	c := s.card("removed")
	c.Tag, c.Tone = s.t("mail.removed.tag"), toneStop
	c.Lead = []paragraph{s.p("mail.removed.lead"), s.p("mail.removed.nothing")}
	s.questions(c)
	return c
}
