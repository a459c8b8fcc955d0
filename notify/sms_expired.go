package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// smsExpired tells a person without an e-mail address that the time to sign is over.
func (n *Notifier) smsExpired(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Expired) {
		return nil, err
	}
	return n.text(ctx, s, told(line(innsigli.LogCancelSent, j, bySms)))
}
