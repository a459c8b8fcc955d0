package notify

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/lang"
)

// scene is what a message is about, read fresh for each attempt and made harmless to show.
type scene struct {
	facts    innsigli.Facts
	job      innsigli.Job
	you      innsigli.Signee // zero when the job names nobody
	words    *lang.Catalog
	company  string
	document string
	all      []innsigli.Facts  // the documents that the message is about; of a sequence there may be several
	owner    string            // whom to ask; "" when there is no address that can be written to
	template innsigli.Template // the company's in force; zero when there is none
	unused   string            // which template could not be used, and why
}

// scene reads the facts of a job. It is nil when the process is not there any more: then nothing can be said about it.
func (n *Notifier) scene(ctx context.Context, j innsigli.Job) (*scene, error) {
	t := innsigli.Target{Process: j.Process}
	if isCode(j.Kind) {
		t.Token = innsigli.Token(j.Ref)
	}
	f, err := n.Store.Facts(ctx, t)
	if innsigli.KindOf(err) == innsigli.NotFound {
		return nil, nil //nolint:nilnil // a process that was erased is no error
	}
	if err != nil {
		return nil, err
	}
	s := sceneOf(f, j)
	kind := innsigli.TemplateOf(j.Kind)
	if kind == 0 { // a call, or a webhook
		return s, nil
	}
	s.template, err = n.Store.TemplateFor(ctx, innsigli.TemplatePlace{
		Company: f.Company.Key, Flow: f.Flow.Key, Type: kind, Language: j.Language,
	})
	if innsigli.KindOf(err) == innsigli.NotFound {
		return s, nil
	}
	return s, err
}

// sceneOf makes the scene of a job from facts.
func sceneOf(f innsigli.Facts, j innsigli.Job) *scene {
	s := &scene{
		facts: f, job: j, words: lang.For(j.Language.Tag()),
		company: clean(f.Brand().Name, maxName),
	}
	if o := f.Owner(); validAddress(o) {
		s.owner = o
	}
	s.you, _ = f.Signee(j.Signee)
	for _, r := range f.Process.Removed {
		if r.Key == j.Signee && j.Kind == innsigli.JobMailRemoved {
			s.you = r
		}
	}
	s.gather()
	return s
}

// isCode says whether the message brings a code.
func isCode(k innsigli.JobKind) bool {
	return k == innsigli.JobMailCode || k == innsigli.JobSmsCode || k == innsigli.JobCallCode
}

// gather finds the documents that the message is about: of a sequence those that the reader signs, and for the owner all.
// A copy of an ended document, a code for one, and the word to whoever was taken off one are about that document alone.
func (s *scene) gather() {
	k, forOne := s.job.Kind, s.facts.Challenge.Person == ""
	if s.facts.Sequence.Key == "" || k == innsigli.JobMailOwnerCopy || k == innsigli.JobMailRemoved || isCode(k) && forOne {
		s.all = []innsigli.Facts{s.facts}
	} else {
		for _, m := range s.facts.All() {
			if s.you.Key == "" || slices.ContainsFunc(m.Process.Signees, s.concerns) {
				s.all = append(s.all, m)
			}
		}
	}
	if len(s.all) == 0 { // signed meanwhile
		s.all = []innsigli.Facts{s.facts}
	}
	s.document = s.called(s.all[0].Process)
	if s.many() {
		s.document = s.words.N("mail.documents", len(s.all)-1, "document", s.document)
	}
}

// concerns says whether the message is about what a signee signs. A reminder is about what the reader has not signed.
func (s *scene) concerns(sg innsigli.Signee) bool {
	if k := s.job.Kind; (k == innsigli.JobMailRemind || k == innsigli.JobSmsRemind) && (sg.Signed() || !s.facts.Turn(sg.Key)) {
		return false
	}
	return s.isReader(sg)
}

// isReader says whether a signee is whoever the message goes to: the same person of the sequence, or at the same address.
func (s *scene) isReader(sg innsigli.Signee) bool {
	if sg.Person == s.you.Person {
		return true
	}
	return sg.Email != "" && strings.EqualFold(sg.Email, s.job.Address) || sg.Phone != "" && sg.Phone == s.job.Address
}

// called is the name of a document in a message. Where people prove who they are before they see it, a message to them does
// not name it, since anybody may read their mail; unless it brings the document itself (facts/wire.md 2.3).
func (s *scene) called(p innsigli.Process) string {
	if s.hides(p) {
		return s.t("mail.document.hidden")
	}
	return documentOf(p)
}

// hides says whether a message must not name the document. The owner, who knows it, is also written to about a signee.
func (s *scene) hides(p innsigli.Process) bool {
	toOwner := s.job.Kind == innsigli.JobMailPassed || s.job.Kind == innsigli.JobMailUnreached
	return s.you.Key != "" && !toOwner && s.facts.RequiresAuth() && p.State != innsigli.Completed
}

// documentOf is what people call a document.
func documentOf(p innsigli.Process) string {
	if d := clean(p.DisplayName, maxDocument); d != "" {
		return d
	}
	return clean(p.FileName, maxDocument)
}

// many says whether the message is about several documents.
func (s *scene) many() bool { return len(s.all) > 1 }

// num gives the key of the text for one document, or for several.
func (s *scene) num(key string) string {
	if s.many() {
		return key + "_all"
	}
	return key
}

// link is the reader's link: in a sequence the one to all documents.
func (s *scene) link(l innsigli.Links) string {
	if q := s.facts.Sequence.Key; q != "" && s.you.Person != "" {
		return l.SigningAll(q, s.you.Person)
	}
	return l.Signing(s.job.Process, s.job.Signee)
}

// documents adds a line for each document.
func (s *scene) documents(c *card) {
	for _, d := range s.all {
		c.fact(s.t("mail.label.document"), s.called(d.Process))
	}
}

// yours are the signees that the reader is.
func (s *scene) yours() []innsigli.Signee {
	if p, ok := s.facts.Person(s.you.Person); ok {
		return p.Signees
	}
	return []innsigli.Signee{s.you}
}

// in says whether the process is in one of the states.
func (s *scene) in(states ...innsigli.State) bool {
	return s != nil && slices.Contains(states, s.facts.Process.State)
}

// waits says whether the signee of the job can still sign.
func (s *scene) waits() bool {
	return s != nil && s.facts.Process.State.Active() && s.facts.Now.Before(s.facts.Process.ExpiresAt) &&
		s.you.Key != "" && slices.ContainsFunc(s.yours(), func(sg innsigli.Signee) bool { return !sg.Signed() })
}

// remindable says whether the signee of the job may be reminded: whose turn it is, in the documents that are left.
func (s *scene) remindable() bool {
	return s.waits() && slices.ContainsFunc(s.yours(), func(sg innsigli.Signee) bool { return !sg.Signed() && s.facts.Turn(sg.Key) })
}

// args puts the names that every text may use before the ones of this text.
func (s *scene) args(more []any) []any {
	return append([]any{"company", s.company, "document", s.document, "owner", s.owner}, more...)
}

func (s *scene) t(key string, more ...any) string { return s.words.T(key, s.args(more)...) }

func (s *scene) p(key string, more ...any) paragraph {
	return paragraph(s.words.Pieces(key, s.args(more)...))
}

func (s *scene) date(t time.Time) string { return s.words.Date(t.UTC()) }

// why says why the reader gets the mail.
func (s *scene) why(name string) string {
	key := "mail." + name + ".why"
	switch name {
	case "completed", "owner_completed", "canceled", "declined", "expired": // name documents
		key = s.num(key)
	}
	return s.t(key)
}

// card begins the card of a mail: what all have in common. name is the mail's part of the catalogue.
func (s *scene) card(name string) *card {
	return &card{
		Lang: s.words.Tag(), Company: s.company, colour: s.facts.Brand().Colour, Subject: s.t("mail." + name + ".subject"),
		Title: s.t("mail." + name + ".title"), Hint: s.t("mail.link"),
		Why: s.why(name), Foot: s.t("mail.foot"),
	}
}

// fact adds a line to the card's table unless it is empty.
func (c *card) fact(label, value string) {
	if value != "" {
		c.Facts = append(c.Facts, fact{label, value, false})
	}
}

// link adds a line with the address of a file.
func (c *card) link(label, address string) {
	c.Facts = append(c.Facts, fact{label, address, true})
}

// questions adds whom to ask, when there is somebody.
func (s *scene) questions(c *card) {
	if s.owner != "" {
		c.Rest = append(c.Rest, s.p("mail.questions"))
	}
}

// everyone who was to sign; someone of several documents once, with the last of the signatures.
func (s *scene) everyone() []innsigli.Signee {
	var all []innsigli.Signee
	at := map[innsigli.SequenceSigneeKey]int{}
	for _, d := range s.all {
		for _, sg := range d.Process.Signees {
			i, known := at[sg.Person]
			if sg.Person == "" || !known {
				at[sg.Person] = len(all)
				all = append(all, sg)
			} else if all[i].Signed() && (!sg.Signed() || sg.SignedAt.After(all[i].SignedAt)) {
				all[i].SignedAt = sg.SignedAt
			}
		}
	}
	return all
}

// people adds a line for everyone who was to sign.
func (s *scene) people(c *card) {
	for _, sg := range s.everyone() {
		state := s.t("mail.state.unsigned")
		if sg.Signed() {
			state = s.t("mail.state.signed", "date", s.words.DateTime(sg.SignedAt.UTC()))
		} else if sg.Declined() {
			state = s.t("mail.state.declined")
		}
		c.fact(nameOf(sg), state)
	}
}

// nameOf is what a message calls a signee.
func nameOf(sg innsigli.Signee) string {
	if who := clean(sg.Name, maxName); who != "" {
		return who
	}
	return clean(sg.Email, maxName)
}
