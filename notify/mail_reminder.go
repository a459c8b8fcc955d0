package notify

import (
	"context"

	"github.com/innsigli/innsigli"
)

// mailReminder asks a person once more who has not signed; in a sequence for all documents that are left.
func (n *Notifier) mailReminder(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.remindable() {
		return nil, err
	}
	c := n.reminderCard(s)
	m, err := n.message(ctx, s, c)
	if err != nil {
		return nil, err
	}
	m.Unsubscribe = c.StopURL
	return outcome(j, n.sendMail(ctx, j, m), s.sent(innsigli.ReminderSent(j, byMail)))
}

func (n *Notifier) reminderCard(s *scene) *card {
	c := s.card("reminder")
	c.Tag, c.Tone = s.t("mail.reminder.tag"), toneWait
	if s.many() {
		c.Title = s.t("mail.reminder.title_all")
	}
	c.Lead = []paragraph{s.p(s.num("mail.reminder.lead"))}
	s.documents(c)
	c.fact(s.t("mail.label.company"), s.company)
	if u := s.facts.Process.User; validAddress(u) {
		c.fact(s.t("mail.label.asker"), u)
	}
	c.fact(s.t("mail.label.until"), s.date(s.facts.Process.ExpiresAt))
	c.Button, c.URL = s.t("mail.invitation.button"), s.link(n.Links)
	c.Rest = []paragraph{s.p("mail.invitation.private")}
	s.questions(c)
	if s.job.WithUnsubscribe() {
		c.Stop, c.StopURL = s.t("mail.reminder.stop"), n.Links.Unsubscribe(s.you.Process, s.you.Key)
	}
	return c
}
