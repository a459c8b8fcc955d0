package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailNotification sends the signed document to an inbox of the company: the one that its template names, or the company's
// own address when no user sent the document (facts/wire.md 5.1).
func (n *Notifier) mailNotification(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	return n.mailSigned(ctx, j, n.notificationCard)
}

func (n *Notifier) notificationCard(s *scene, by way) *card {
	if s.facts.Sender() == "" {
		s.owner = "" // it would be the company, and that is who reads
	}
	c := n.forCompany(s, by)
	c.Why = s.t("mail.notification.why")
	return c
}
