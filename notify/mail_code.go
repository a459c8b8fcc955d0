package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailCode sends a code to a signee without a phone number. The code stands in the body only: subjects show on locked
// screens and in the lists of mail programs.
func (n *Notifier) mailCode(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.codeCounts() {
		return nil, err
	}
	// That a code was asked for is in the log since then; nothing follows from its delivery.
	return n.post(ctx, s, n.codeCard(s), told())
}

func (n *Notifier) codeCard(s *scene) *card {
	c := s.card("code")
	c.Subject = s.t(s.codeKey("mail.code.subject"))
	c.Lead = []paragraph{s.p(s.codeKey("mail.code.lead"))}
	c.Code = n.Identity.Code(innsigli.Token(s.job.Ref))
	c.fact(s.t("mail.label.company"), s.company)
	c.fact(s.t("mail.label.valid"), s.words.DateTime(s.facts.Challenge.ExpiresAt.UTC()))
	c.Rest = []paragraph{s.p("mail.code.secret")}
	return c
}

// codeKey gives the text for a code that signs, or that admits to the document.
func (s *scene) codeKey(key string) string {
	if s.facts.Challenge.Entry {
		return key + "_entry"
	}
	return key
}

// codeCounts says whether the code of the job can still be used.
func (s *scene) codeCounts() bool {
	return s != nil && (s.waits() || s.facts.Challenge.Entry) && string(s.facts.Challenge.Token) == s.job.Ref && s.facts.Challenge.Open(s.facts.Now)
}
