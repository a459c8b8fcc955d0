package notify

import (
	"context"
	"errors"
	"slices"

	"github.com/innsigli/innsigli"
)

// mailCompleted sends the signed document, or all of a sequence, to a person who signed.
func (n *Notifier) mailCompleted(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Completed) {
		return nil, err
	}
	return n.postSigned(ctx, s, func(attached bool) *card {
		c := s.card("completed")
		c.Lead = []paragraph{s.p(s.num("mail.completed.lead"))}
		if attached {
			c.Rest = []paragraph{s.p(s.num("mail.completed.attached"))}
		} else {
			until := s.date(s.facts.Process.EndedAt.Add(innsigli.CompletedLink))
			c.Lead = append(c.Lead, s.p(s.num("mail.completed.fetch"), "date", until))
			c.Button, c.URL = s.t("mail.completed.button"), n.Links.Download(j.Process, j.Signee)
			if s.many() {
				c.Button, c.URL = s.t("mail.completed.button_all"), s.link(n.Links)
			}
			s.attached(c, n.Links)
		}
		return c
	})
}

// postSigned hands over a mail with the sealed document, or, when the mail server does not take one of that size, a
// mail with the link to it. make writes the card for either.
func (n *Notifier) postSigned(ctx context.Context, s *scene, card func(attached bool) *card) (innsigli.Decision, error) {
	done := told(line(innsigli.LogCompletedSent, s.job, byMail))
	err := n.sendSigned(ctx, s, card(true))
	if _, large := errors.AsType[*TooLargeError](err); !large {
		return outcome(s.job, err, done)
	}
	c := s.signedCard(card(false))
	return n.post(ctx, s, s.t("mail.completed.subject"), c, done)
}

func (n *Notifier) sendSigned(ctx context.Context, s *scene, c *card) error {
	var files []innsigli.Attachment
	for _, d := range s.all {
		doc, err := n.Docs.SealedDocument(ctx, d.Process.Key)
		if k := innsigli.KindOf(err); k == innsigli.NotFound || k == innsigli.Gone {
			return ErrUnwanted // erased meanwhile: there is nothing to send
		}
		if err != nil {
			return err
		}
		defer n.release(ctx, doc) // at the end: the files are read when the message is written
		files = append(files, s.files(doc)...)
	}
	m, err := n.message(s, s.t("mail.completed.subject"), s.signedCard(c), files...)
	if err != nil {
		return err
	}
	return n.sendMail(ctx, s.job, m)
}

// files are those that the reader gets with a document: a signee no file that another brought.
func (s *scene) files(doc innsigli.Attachment) []innsigli.Attachment {
	if s.you.Key == "" {
		return doc.Files()
	}
	return doc.FilesFor(s.isYours)
}

// isYours says whether the key is one of the reader's.
func (s *scene) isYours(k innsigli.SigneeKey) bool {
	return slices.ContainsFunc(s.yours(), func(sg innsigli.Signee) bool { return sg.Key == k })
}

// attached adds a line with the address of each file beside the documents, where they are too large for a mail.
func (s *scene) attached(c *card, l innsigli.Links) {
	for _, d := range s.all {
		for _, r := range d.Process.References() {
			if s.you.Key == "" || r.Signee == "" || s.isYours(r.Signee) {
				c.fact(clean(r.Name, maxDocument), innsigli.AttachmentURL(l, d.Process.Key, s.job.Signee, r))
			}
		}
	}
}

// signedCard is what both mails about a completed process have in common.
func (s *scene) signedCard(c *card) *card {
	c.Tag, c.Tone = s.t("mail.completed.tag"), toneDone
	s.documents(c)
	s.people(c)
	s.questions(c)
	return c
}
