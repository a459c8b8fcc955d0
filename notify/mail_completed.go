package notify

import (
	"context"
	"errors"
	"slices"

	"github.com/innsigli/innsigli"
)

// way is how a mail about a completed process brings the documents.
type way int

const (
	attached way = iota
	linked       // the company's template leaves them out
	tooLarge     // for the mail server
)

// mailCompleted sends the signed document, or all of a sequence, to a person who signed.
func (n *Notifier) mailCompleted(ctx context.Context, j innsigli.Job) (innsigli.Decision, error) {
	return n.mailSigned(ctx, j, n.completedCard)
}

func (n *Notifier) completedCard(s *scene, by way) *card {
	c := s.card("completed")
	c.Lead = []paragraph{s.p(s.num("mail.completed.lead"))}
	if by == attached {
		c.Rest = []paragraph{s.p(s.num("mail.completed.attached"))}
		return c
	}
	if by == tooLarge {
		until := s.date(s.facts.Process.EndedAt.Add(innsigli.CompletedLink))
		c.Lead = append(c.Lead, s.p(s.num("mail.completed.fetch"), "date", until))
	}
	c.Button, c.URL = s.t(s.num("mail.completed.button")), s.download(n.Links)
	s.attached(c, n.Links)
	return c
}

// download is where a reader who signed finds what was signed.
func (s *scene) download(l innsigli.Links) string {
	if s.many() {
		return s.link(l)
	}
	return l.Download(s.job.Process, s.job.Signee)
}

// mailSigned hands over a mail about a completed process with the sealed documents, or with links to them when the mail
// server does not take one of that size or the company wants none attached. make writes the card.
func (n *Notifier) mailSigned(ctx context.Context, j innsigli.Job, write func(*scene, way) *card) (innsigli.Decision, error) {
	s, err := n.scene(ctx, j)
	if err != nil || !s.in(innsigli.Completed) {
		return nil, err
	}
	done := told(line(innsigli.LogCompletedSent, j, byMail))
	by := linked
	if s.template.ID == 0 || s.template.IncludeFiles {
		err := n.sendSigned(ctx, s, s.signedCard(write(s, attached), attached))
		if _, large := errors.AsType[*TooLargeError](err); !large {
			return outcome(j, err, s.sent(done))
		}
		by = tooLarge
	}
	return n.post(ctx, s, s.signedCard(write(s, by), by), done)
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
	m, err := n.message(ctx, s, c, files...)
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

// attached adds a line with the address of each file beside the documents, where they are not in the mail.
func (s *scene) attached(c *card, l innsigli.Links) {
	for _, d := range s.all {
		for _, r := range d.Process.References() {
			if s.you.Key == "" || r.Signee == "" || s.isYours(r.Signee) {
				c.link(clean(r.Name, maxDocument), innsigli.AttachmentURL(l, d.Process.Key, s.job.Signee, r))
			}
		}
	}
}

// signedCard is what all mails about a completed process have in common.
func (s *scene) signedCard(c *card, by way) *card {
	c.attached = by == attached
	c.Tag, c.Tone = s.t("mail.completed.tag"), toneDone
	s.documents(c)
	if u := s.facts.Sender(); s.job.Kind == innsigli.JobMailNotify && validAddress(u) {
		c.fact(s.t("mail.label.asker"), u)
	}
	s.people(c)
	s.questions(c)
	return c
}
