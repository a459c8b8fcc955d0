package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// smsReminder asks a person once more who has not signed. Each link is on a line of its own.
func (n *Notifier) smsReminder(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.remindable() {
		return nil, err
	}
	return n.text(ctx, s, innsigli.ReminderSent(j, bySms))
}

func (n *Notifier) reminderTail(s *scene) string {
	tail := "\n" + s.link(n.Links)
	if s.job.WithUnsubscribe() {
		tail += "\n\n" + s.short("sms.stop") + "\n" + n.Links.Unsubscribe(s.you.Process, s.you.Key)
	}
	return tail
}
