package main

import (
	"context"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/notify"
)

// dev lets test signees sign without a code, when the operator has asked for it, and says so where nobody can miss it.
func (s *server) dev() {
	s.svc.Ways.Test = s.plan.Dev
	if s.plan.Dev {
		s.log.Warn("DEV MODE: test signees (phone numbers +1 and ten equal digits) sign without a code. Never run it for documents that are meant to count")
	}
}

// sparing hands no SMS over to a test signee: the number is nobody's.
type sparing struct{ notify.SmsSender }

// SendSms passes test numbers over.
func (s sparing) SendSms(ctx context.Context, m notify.Sms, wanted notify.Wanted) error {
	if innsigli.TestNumber(m.To) {
		return nil
	}
	return s.SmsSender.SendSms(ctx, m, wanted)
}
