package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailOwnerCompleted sends the signed document to whoever sent it for signing.
func (n *Notifier) mailOwnerCompleted(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Completed) {
		return nil, err
	}
	s.owner = "" // the reader is the one who could be asked
	return n.postSigned(ctx, s, func(attached bool) *card {
		c := s.card("completed")
		c.Why = s.t("mail.owner_completed.why")
		c.Lead = []paragraph{s.p(s.num("mail.owner_completed.lead"))}
		if attached {
			c.Rest = []paragraph{s.p(s.num("mail.completed.attached"))}
		} else {
			c.Lead = append(c.Lead, s.p(s.num("mail.owner_completed.fetch")))
			if s.many() {
				for _, d := range s.all {
					c.fact(documentOf(d.Process), n.Links.Download(d.Process.Key, ""))
				}
				s.attached(c, n.Links)
				return c
			}
			// An empty signee stands for the whole process: that address asks for the company's credentials.
			c.Button, c.URL = s.t("mail.completed.button"), n.Links.Download(j.Process, "")
			s.attached(c, n.Links)
		}
		return c
	})
}
