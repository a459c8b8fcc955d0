package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailInvitation asks a person to sign.
func (n *Notifier) mailInvitation(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.waits() {
		return nil, err
	}
	return n.post(ctx, s, n.invitationCard(s), innsigli.InvitationSent(j, byMail))
}

func (n *Notifier) invitationCard(s *scene) *card {
	c := s.card("invitation")
	if s.many() {
		c.Title = s.t("mail.invitation.title_all")
	}
	c.Lead = []paragraph{s.p(s.num("mail.invitation.lead"))}
	s.documents(c)
	c.fact(s.t("mail.label.company"), s.company)
	if u := s.facts.Process.User; validAddress(u) {
		c.fact(s.t("mail.label.asker"), u)
	}
	if by, _ := s.facts.PassedBy(s.job.Signee); by != "" {
		c.fact(s.t("mail.label.passed"), clean(by, maxName))
		c.Why = s.t("mail.invitation.why_passed", "who", clean(by, maxName))
	}
	c.fact(s.t("mail.label.until"), s.date(s.facts.Process.ExpiresAt))
	c.Button, c.URL = s.t("mail.invitation.button"), s.link(n.Links)
	c.Rest = []paragraph{s.p(s.num("mail.invitation.next")), s.p("mail.invitation.private")}
	s.questions(c)
	return c
}
