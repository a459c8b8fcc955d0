package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// smsCanceled tells a person without an e-mail address that the signing was canceled.
func (n *Notifier) smsCanceled(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Canceled, innsigli.Declined) {
		return nil, err
	}
	return n.text(ctx, s, told(line(innsigli.LogCancelSent, j, bySms)))
}

func (s *scene) canceledWords() string {
	key := "sms.canceled"
	if s.in(innsigli.Declined) {
		key = "sms.declined"
	}
	return s.short(key, "date", s.date(s.facts.Process.EndedAt))
}
