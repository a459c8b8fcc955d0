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
	text := s.short("sms.reminder") + "\n" + s.link(n.Links)
	if j.WithUnsubscribe() {
		text += "\n\n" + s.short("sms.stop") + "\n" + n.Links.Unsubscribe(s.you.Process, s.you.Key)
	}
	return n.text(ctx, s, text, innsigli.ReminderSent(j, bySms))
}
