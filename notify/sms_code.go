package notify

import (
	"context"
	"net/url"

	"github.com/innsigli/innsigli"
)

// smsCode sends a code. Its last line binds the code to the host of the signing page, so that a phone offers it there
// and nowhere else (WICG, Origin-bound one-time codes delivered via SMS).
func (n *Notifier) smsCode(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.codeCounts() {
		return nil, err
	}
	return n.text(ctx, s, told())
}

func (n *Notifier) codeWords(s *scene) (words, tail string) {
	code := n.Identity.Code(innsigli.Token(s.job.Ref))
	if host := hostOf(s.link(n.Links)); host != "" {
		tail = "\n\n@" + host + " #" + code
	}
	return s.short(s.codeKey("sms.code"), "code", code) + "\n" + s.words.N("sms.valid", s.minutes()), tail
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
