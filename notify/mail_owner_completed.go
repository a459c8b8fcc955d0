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
		c.Lead = []paragraph{s.p("mail.owner_completed.lead")}
		if attached {
			c.Rest = []paragraph{s.p("mail.completed.attached")}
		} else {
			c.Lead = append(c.Lead, s.p("mail.owner_completed.fetch"))
			// An empty signee stands for the whole process: that address asks for the company's credentials.
			c.Button, c.URL = s.t("mail.completed.button"), n.Links.Download(j.Process, "")
		}
		return c
	})
}
