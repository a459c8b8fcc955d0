package notify

import (
	"context"
	"net/url"
	"time"

	"github.com/innsigli/innsigli"
)

// smsCode sends a code. Its last line binds the code to the host of the signing page, so that a phone offers it there
// and nowhere else (WICG, Origin-bound one-time codes delivered via SMS).
func (n *Notifier) smsCode(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.codeCounts() {
		return nil, err
	}
	code := n.Identity.Code(innsigli.Token(j.Ref))
	left := s.facts.Challenge.ExpiresAt.Sub(s.facts.Now)
	text := s.short(s.codeKey("sms.code"), "code", code) + "\n" + s.words.N("sms.valid", max(1, int(left.Round(time.Minute)/time.Minute)))
	if host := hostOf(s.link(n.Links)); host != "" {
		text += "\n\n@" + host + " #" + code
	}
	return n.text(ctx, s, text, told())
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
