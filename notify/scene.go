package notify

import (
	"context"
	"slices"
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
	owner    string // whom to ask; "" when there is no address that can be written to
}

// scene reads the facts of a job. It is nil when the process is not there any more: then nothing can be said about it.
func (n *Notifier) scene(ctx context.Context, j innsigli.Job) (*scene, error) {
	t := innsigli.Target{Process: j.Process}
	if j.Kind == innsigli.JobMailCode || j.Kind == innsigli.JobSmsCode {
		t.Token = innsigli.Token(j.Ref)
	}
	f, err := n.Store.Facts(ctx, t)
	if innsigli.KindOf(err) == innsigli.NotFound {
		return nil, nil //nolint:nilnil // a process that was erased is no error
	}
	if err != nil {
		return nil, err
	}
	s := &scene{
		facts: f, job: j, words: lang.For(j.Language.Tag()),
		company: clean(f.Company.Name, maxName), document: clean(f.Process.FileName, maxDocument),
	}
	if d := clean(f.Process.DisplayName, maxDocument); d != "" {
		s.document = d
	}
	if o := f.Process.Owner(f.Company); validAddress(o) {
		s.owner = o
	}
	s.you, _ = f.Process.Signee(j.Signee)
	return s, nil
}

// in says whether the process is in one of the states.
func (s *scene) in(states ...innsigli.State) bool {
	return s != nil && slices.Contains(states, s.facts.Process.State)
}

// waits says whether the signee of the job can still sign.
func (s *scene) waits() bool {
	return s != nil && s.facts.Process.State.Active() && s.facts.Now.Before(s.facts.Process.ExpiresAt) &&
		s.you.Key != "" && !s.you.Signed()
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

// card begins the card of a mail: what all have in common. name is the mail's part of the catalogue.
func (s *scene) card(name string) *card {
	return &card{
		Lang: s.words.Tag(), Company: s.company,
		Title: s.t("mail." + name + ".title"), Hint: s.t("mail.link"),
		Why: s.t("mail." + name + ".why"), Foot: s.t("mail.foot"),
	}
}

// fact adds a line to the card's table unless it is empty.
func (c *card) fact(label, value string) {
	if value != "" {
		c.Facts = append(c.Facts, fact{label, value})
	}
}

// questions adds whom to ask, when there is somebody.
func (s *scene) questions(c *card) {
	if s.owner != "" {
		c.Rest = append(c.Rest, s.p("mail.questions"))
	}
}

// people adds a line for everyone who was to sign.
func (s *scene) people(c *card) {
	for _, sg := range s.facts.Process.Signees {
		state := s.t("mail.state.unsigned")
		if sg.Signed() {
			state = s.t("mail.state.signed", "date", s.words.DateTime(sg.SignedAt.UTC()))
		}
		who := clean(sg.Name, maxName)
		if who == "" {
			who = clean(sg.Email, maxName)
		}
		c.fact(who, state)
	}
}
