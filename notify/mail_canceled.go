package notify

import (
	"context"
	"slices"

	"github.com/innsigli/innsigli"
)

// mailCanceled tells a person that the signing was canceled (facts/cancel-signing-process.txt, "Signee notification").
// It is the last thing they hear of the process.
func (n *Notifier) mailCanceled(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Canceled, innsigli.Declined) {
		return nil, err
	}
	return n.post(ctx, s, s.canceledCard(), told(line(innsigli.LogCancelSent, j, byMail)))
}

func (s *scene) canceledCard() *card {
	c := s.card("canceled")
	if s.many() {
		c.Title = s.t("mail.canceled.title_all")
	}
	if slices.ContainsFunc(s.yours(), innsigli.Signee.Signed) {
		c.Title = s.t("mail.canceled.title_signed")
	}
	c.Tag, c.Tone = s.t("mail.canceled.tag"), toneStop
	lead := "mail.canceled.lead"
	if s.in(innsigli.Declined) {
		lead = "mail.canceled.declined"
	}
	c.Lead = []paragraph{
		s.p(s.num(lead), "date", s.date(s.facts.Process.EndedAt)),
		s.p(s.num("mail.deleted")),
	}
	if s.many() {
		s.documents(c)
	}
	s.questions(c)
	return c
}
