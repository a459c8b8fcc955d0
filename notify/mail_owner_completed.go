package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailOwnerCompleted sends the signed document to whoever sent it for signing.
func (n *Notifier) mailOwnerCompleted(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	return n.mailSigned(ctx, j, n.ownerCompletedCard)
}

func (n *Notifier) ownerCompletedCard(s *scene, by way) *card {
	s.owner = "" // the reader is the one who could be asked
	c := n.forCompany(s, by)
	c.Why = s.why("owner_completed")
	return c
}

// forCompany is what the mails to the sender and to an inbox of the company have in common.
func (n *Notifier) forCompany(s *scene, by way) *card {
	c := s.card("completed")
	c.Lead = []paragraph{s.p(s.num("mail.owner_completed.lead"))}
	if by == attached {
		c.Rest = []paragraph{s.p(s.num("mail.completed.attached"))}
		return c
	}
	if by == tooLarge {
		c.Lead = append(c.Lead, s.p(s.num("mail.owner_completed.fetch")))
	}
	// An empty signee stands for the whole process: that address asks for the company's credentials.
	if s.many() {
		for _, d := range s.all {
			c.link(documentOf(d.Process), n.Links.Download(d.Process.Key, ""))
		}
	} else {
		c.Button, c.URL = s.t("mail.completed.button"), n.Links.Download(s.job.Process, "")
	}
	s.attached(c, n.Links)
	return c
}
