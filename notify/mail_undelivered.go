package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailUndelivered tells the owner that an invitation did not reach a person, as long as that is still to be mended.
func (n *Notifier) mailUndelivered(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.waits() {
		return nil, err
	}
	return n.post(ctx, s, s.undeliveredCard(), told(line(innsigli.LogUndelivered, j, byMail)))
}

func (s *scene) undeliveredCard() *card {
	const key = "mail.undelivered."
	s.owner = "" // the reader is the one who could be asked
	c := s.card("undelivered")
	c.Tag, c.Tone = s.t(key+"tag"), toneStop
	c.Lead = []paragraph{
		s.p(s.num(key+"lead"), "who", clean(s.you.DisplayName(), maxName), "address", clean(s.you.DeliveryAddress(), maxName)),
		s.p(key+"next", "date", s.date(s.facts.Process.ExpiresAt)),
	}
	s.documents(c)
	return c
}
