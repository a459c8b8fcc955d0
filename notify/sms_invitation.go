package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// maxCustomSms is the longest text of an asker's own, in characters (facts/wire.md 5.4).
const maxCustomSms = 200

// smsInvitation asks a person to sign, in the asker's words if there are any. The link ends the message, on a line of
// its own.
func (n *Notifier) smsInvitation(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.waits() {
		return nil, err
	}
	if s.you.CustomSms != "" { // words for this person go before those for everyone
		s.template = innsigli.Template{}
	}
	return n.text(ctx, s, innsigli.InvitationSent(j, bySms))
}

func (s *scene) invitationWords() string {
	if text := clean(s.you.CustomSms, maxCustomSms); text != "" {
		return text
	}
	return s.short("sms.invitation")
}
