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
	c := s.card("invitation")
	c.Lead = []paragraph{s.p("mail.invitation.lead")}
	c.fact(s.t("mail.label.document"), s.document)
	c.fact(s.t("mail.label.company"), s.company)
	if u := s.facts.Process.User; validAddress(u) {
		c.fact(s.t("mail.label.asker"), u)
	}
	c.fact(s.t("mail.label.until"), s.date(s.facts.Process.ExpiresAt))
	c.Button, c.URL = s.t("mail.invitation.button"), n.Links.Signing(j.Process, j.Signee)
	c.Rest = []paragraph{s.p("mail.invitation.next"), s.p("mail.invitation.private")}
	s.questions(c)
	return n.post(ctx, s, s.t("mail.invitation.subject"), c, innsigli.InvitationSent(j, byMail))
}
