package innsigli

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// How long an access token admits to a document: what the public API gives when nothing is asked for, and the bounds.
const (
	AccessTime    = 48 * time.Hour // facts/wire.md 1.3
	MinAccessTime = time.Minute
	MaxAccessTime = 30 * 24 * time.Hour // no process lasts longer
)

// Access is what admits whoever holds a link to its document, where the process asks for proof (requiresAuth).
type Access struct {
	Token     string
	ExpiresAt time.Time
}

// EntryRequest asks for a code to be admitted with: of a process's signee, or of a person of a sequence.
type EntryRequest struct {
	Process ProcessKey
	Signee  SigneeKey

	Sequence SequenceKey
	Person   SequenceSigneeKey

	Ask
}

// accessKey is the place of access tokens in a context.
type accessKey struct{}

// WithAccess adds the access tokens that a request brought: they count wherever a link is looked at for it.
func WithAccess(ctx context.Context, tokens ...string) context.Context {
	if len(tokens) == 0 {
		return ctx
	}
	return context.WithValue(ctx, accessKey{}, tokens)
}

// Locked says whether the document stays closed until the asker has proved who they are. What has ended is open to
// nobody anyhow, and how it ended is no secret from whoever holds the link.
func (v View) Locked() bool {
	return v.RequiresAuth() && !v.Trusted && !v.Admitted && !v.Process.State.Ended()
}

// Locked is [View.Locked] for all documents of the person.
func (v SequenceView) Locked() bool {
	return v.RequiresAuth() && !v.Trusted && !v.Admitted && !v.SequenceState().Ended()
}

// RequiresAuth says whether people prove who they are before they are shown a document of the group. One document that
// asks for it is enough: a link of a sequence shows them all.
func (f Facts) RequiresAuth() bool {
	if f.Sequence.RequiresAuth || f.Process.RequiresAuth {
		return true
	}
	for _, m := range f.Members {
		if m.Process.RequiresAuth {
			return true
		}
	}
	return false
}

// ErrUnadmitted asks for a code, or an access token.
func ErrUnadmitted() *Error {
	return refuse(Unadmitted, "AuthenticationRequired", "The document is shown after a code has been answered. Ask for one, or send an access token.")
}

func errNoProof() *Error {
	return refuse(Invalid, "AuthenticationNotRequired", "This document is shown to whoever holds its link.")
}

// about is what an access token is bound to: a signee's link and addresses, so that a changed one voids it.
func (s Signee) about() string {
	return fmt.Sprintf("signee\x00%s\x00%s\x00%s", s.Key, s.Phone, strings.ToLower(s.Email))
}

// about is the same for a person's link to a sequence.
func (p SequenceSignee) about() string {
	phone, email := p.Reach()
	return fmt.Sprintf("person\x00%s\x00%s\x00%s", p.Key, phone, strings.ToLower(email))
}

// access makes a token. Nothing of it is stored: it is checked by computing it again.
func (s *Service) access(about string, until time.Time) Access {
	until = until.Truncate(time.Second)
	b := binary.BigEndian.AppendUint64(nil, uint64(until.Unix())) //nolint:gosec // G115: after 1970
	return Access{base64.RawURLEncoding.EncodeToString(append(b, s.admission(about, b)...)), until}
}

const admissionBytes = 24

func (s *Service) admission(about string, until []byte) []byte {
	return s.Identity.Admission(about + "\x00" + string(until))[:admissionBytes]
}

// admits says whether one of the context's tokens is for a link.
func (s *Service) admits(ctx context.Context, about string) bool {
	tokens, _ := ctx.Value(accessKey{}).([]string)
	for _, t := range tokens {
		b, err := base64.RawURLEncoding.DecodeString(t)
		if err != nil || len(b) != 8+admissionBytes {
			continue
		}
		right := subtle.ConstantTimeCompare(b[8:], s.admission(about, b[:8])) == 1
		if right && uint64(s.Now().Unix()) < binary.BigEndian.Uint64(b) { //nolint:gosec // G115: after 1970
			return true
		}
	}
	return false
}

// admit notes whether a view may be shown: by a token of its own link, or of the link to its sequence.
func (s *Service) admit(ctx context.Context, v View) View {
	v.Admitted = s.admits(ctx, v.You.about())
	if p, ok := v.Person(v.You.Person); ok && !v.Admitted && v.You.Person != "" {
		v.Admitted = s.admits(ctx, p.about())
	}
	return v
}

// admitted guards a verb of whoever holds a signee's link: where proof is asked for, the link alone does nothing and tells
// nothing.
func (s *Service) admitted(ctx context.Context, k SigneeKey, caller *Caller, d Decision) Decision {
	return s.unlessDue(func(f Facts) (Change, error) {
		if you, ok := f.Process.Signee(k); ok && s.admit(ctx, View{Facts: f, You: you}.by(caller)).Locked() {
			return Change{}, ErrUnadmitted()
		}
		return d(f)
	})
}

// admittedPerson is the same for a person's link to a sequence.
func (s *Service) admittedPerson(ctx context.Context, k SequenceSigneeKey, d Decision) Decision {
	return s.unlessDue(func(f Facts) (Change, error) {
		you, ok := f.Person(k)
		if ok && (SequenceView{Facts: f, You: you, Admitted: s.admits(ctx, you.about())}).Locked() {
			return Change{}, ErrUnadmitted()
		}
		return d(f)
	})
}

// RequestEntry makes a challenge whose code admits to the document, and sends it as [Service.RequestCode] does.
func (s *Service) RequestEntry(ctx context.Context, r EntryRequest) (Challenge, error) {
	t, missing := Target{Process: r.Process}, errNoSignee
	if r.Sequence != "" {
		t, missing = Target{Sequence: r.Sequence}, errNoSequence
	}
	if t.Process != "" && (!r.Process.Valid() || !r.Signee.Valid()) || t.Sequence != "" && (!r.Sequence.Valid() || !r.Person.Valid()) || t == (Target{}) {
		return Challenge{}, missing
	}
	token := NewToken()
	r.ways = s.Ways
	c, err := s.sendCode(ctx, t, s.unlessDue(func(f Facts) (Change, error) { return decideEntryCode(f, r, token) }))
	if KindOf(err) == NotFound {
		return Challenge{}, missing
	}
	if err != nil {
		return Challenge{}, err
	}
	return c.challenge("ProcessKey")
}

// RequestEntryOf is [Service.RequestEntry] for whoever gives the phone number or the address of one of the signees of a
// process or a sequence. The answer is the same when there is none of them, and when no code is sent because it is not
// their turn or there were too many: a token that no code opens. Else whoever asks would learn who is to sign.
func (s *Service) RequestEntryOf(ctx context.Context, t Target, phone, email string, from Client) (Token, error) {
	if phone == "" && email == "" {
		return "", InvalidField("PhoneNumber", "NotEmpty", "PhoneNumber is required.")
	}
	f, err := s.facts(ctx, t)
	if err != nil {
		return "", err
	}
	if f.Process.State.Ended() {
		return "", notActive(f.Process.State, "ProcessKey")
	}
	if !f.RequiresAuth() {
		return "", errNoProof()
	}
	r := EntryRequest{Ask: Ask{From: from}}
	for _, m := range f.All() {
		if t.Sequence == "" && m.Process.Key != t.Process {
			continue
		}
		for _, you := range m.Process.Signees {
			if !sameNumber(you.Phone, phone) && (email == "" || !strings.EqualFold(you.Email, email)) {
				continue
			}
			if r.Process, r.Signee = m.Process.Key, you.Key; t.Sequence != "" {
				r = EntryRequest{Ask: Ask{From: from}, Sequence: t.Sequence, Person: you.Person}
			}
			ch, err := s.RequestEntry(ctx, r)
			switch {
			case KindOf(err) == NotActive || err != nil && KindOf(err) == 0:
				return "", err
			case err != nil:
				return NewToken(), nil //nolint:nilerr // the same answer for everybody
			}
			return ch.Token, nil
		}
	}
	return NewToken(), nil
}

// sameNumber compares phone numbers by their digits.
func sameNumber(a, b string) bool {
	return digitsOf(b) != "" && digitsOf(a) == digitsOf(b)
}

// decideEntryCode judges whether a code to be admitted with is sent now. It counts among the codes and tries of the person.
func decideEntryCode(f Facts, r EntryRequest, token Token) (Change, error) {
	you, ok := f.Process.Signee(r.Signee)
	phone, email, missing := you.Phone, you.Email, errNoSignee
	if r.Sequence != "" {
		p, found := f.Person(r.Person)
		if missing, ok = errNoSequence, found; found {
			you = p.First()
			phone, email = p.Reach()
		}
	}
	if !ok {
		return Change{}, missing
	}
	of := f.Of(you.Process)
	v := View{Facts: of, You: you, Admitted: true}
	switch {
	case of.Process.State.Ended():
		return Change{}, notActive(of.Process.State, "ProcessKey")
	case !f.RequiresAuth():
		return Change{}, errNoProof()
	case !v.Readable() && of.Process.State.Active():
		return Change{}, errNotYourTurn()
	case !v.Readable():
		return Change{}, refuse(Forbidden, "LinkExpired", "The link to the signed document is no longer open.")
	case f.wrongTries(you) >= MaxWrongTries:
		return Change{}, errLocked()
	case you.CodesInHour >= MaxCodesAnHour:
		return Change{}, errTooManyCodes()
	}
	via, to, err := r.ways.pick(r.By, phone, email)
	if err != nil {
		return Change{}, err
	}
	var c Change
	one := c.Of(f, you.Process)
	one.Challenge = &Challenge{
		Token: token, Process: you.Process, Signee: you.Key, Person: r.Person, Entry: true, Via: via, SentAt: f.Now, ExpiresAt: f.Now.Add(CodeLifetime),
	}
	one.Log = []LogEntry{via.logged(LogEntry{Signee: you.Key, Actor: email, Client: r.From, Mail: to}, token)}
	one.Jobs = via.order(Job{
		UID: token.messageID(), Signee: you.Key, Ref: string(token), Address: to, Language: you.Lang(f.Company),
		Lane: lane(f.Process.Group, Signee{Email: email, Phone: phone}),
	})
	return c, nil
}

// EnterOf answers a challenge of [Service.RequestEntryOf]. Every answer that does not admit is the same one: a challenge that
// was never sent is told from one that was by nobody who has no code.
func (s *Service) EnterOf(ctx context.Context, t Target, token Token, code string, from Client) (View, Access, error) {
	f, err := s.facts(ctx, t)
	switch {
	case err != nil:
		return View{}, Access{}, err
	case f.Process.State.Ended():
		return View{}, Access{}, notActive(f.Process.State, "ProcessKey")
	}
	v, access, err := s.Enter(ctx, token, code, from)
	if errors.Is(err, errNoCode) || errors.Is(err, errLateCode) {
		err = errWrongCode
	}
	return v, access, err
}

// Enter answers a challenge of [Service.RequestEntry] with its code: a try is counted before anything is compared. The
// view is admitted, and the token admits further requests.
func (s *Service) Enter(ctx context.Context, t Token, code string, from Client) (View, Access, error) {
	if !t.Valid() {
		return View{}, Access{}, errNoCode
	}
	f, err := s.challenged(ctx, t)
	if err != nil {
		return View{}, Access{}, err
	}
	right, refusal := s.judge(f, t, code)
	switch {
	case !f.Challenge.Entry:
		return View{}, Access{}, errNoCode
	case f.Process.State.Ended():
		return View{}, Access{}, notActive(f.Process.State, "ProcessKey")
	case refusal != nil:
		return View{}, Access{}, refusal
	}
	ch, counted, err := s.Store.CountTry(ctx, t, s.Now())
	switch {
	case KindOf(err) == NotFound:
		return View{}, Access{}, errNoCode
	case err != nil:
		return View{}, Access{}, err
	case !counted:
		return View{}, Access{}, errLateCode
	case !right:
		return View{}, Access{}, errWrongCode
	}
	f, _, err = s.decide(context.WithoutCancel(ctx), Target{Process: ch.Process, Token: t}, s.unlessDue(func(f Facts) (Change, error) {
		return decideEnter(f, t, from)
	}))
	if errors.Is(err, ErrUnclear) { // the code would be spent, and nobody admitted
		f, err = s.admittedAfterAll(context.WithoutCancel(ctx), t, err)
	}
	if err != nil {
		return View{}, Access{}, err
	}
	you, _ := f.Process.Signee(ch.Signee)
	about := you.about()
	if p, ok := f.Person(ch.Person); ok && ch.Person != "" {
		about = p.about()
	}
	return View{Facts: f, You: you, Admitted: true}, s.access(about, s.Now().Add(AccessTime)), nil
}

// admittedAfterAll reads again, when the answer to the commit of an admission never came.
func (s *Service) admittedAfterAll(ctx context.Context, t Token, unclear error) (Facts, error) {
	f, err := s.challenged(ctx, t)
	if err != nil || f.Challenge.UsedAt.IsZero() {
		return Facts{}, unclear
	}
	return f, nil
}

// decideEnter judges an admission whose code was right.
func decideEnter(f Facts, t Token, from Client) (Change, error) {
	ch := f.Challenge
	you, ok := f.Process.Signee(ch.Signee)
	switch {
	case !ok || ch.Token != t || !ch.Entry:
		return Change{}, errNoCode
	case f.Process.State.Ended():
		return Change{}, notActive(f.Process.State, "ProcessKey")
	case !ch.Open(f.Now):
		return Change{}, errLateCode
	}
	return Change{
		Enter: t,
		Log:   []LogEntry{{Kind: LogAuthenticated, Signee: you.Key, Detail: ch.Via.word(), Actor: you.Email, Client: from}},
	}, nil
}

// IssueAccess gives a company a token for a signee of its own, who then needs no code to be shown the document. After is
// zero for [AccessTime].
func (s *Service) IssueAccess(ctx context.Context, c Caller, p ProcessKey, k SigneeKey, after time.Duration) (Access, error) {
	after, err := accessTime(after)
	if err != nil {
		return Access{}, err
	}
	v, err := s.Look(ctx, p, k, &c)
	if err != nil || !v.Trusted {
		return Access{}, orElse(err, errNoSignee)
	}
	if v.Process.State.Ended() {
		return Access{}, notActive(v.Process.State, "ProcessKey")
	}
	return s.access(v.You.about(), s.Now().Add(after)), nil
}

// IssueSequenceAccess is [Service.IssueAccess] for a person of a sequence.
func (s *Service) IssueSequenceAccess(ctx context.Context, c Caller, q SequenceKey, k SequenceSigneeKey, after time.Duration) (Access, error) {
	after, err := accessTime(after)
	if err != nil {
		return Access{}, err
	}
	v, err := s.LookSequence(ctx, q, k, &c)
	if err != nil || !v.Trusted {
		return Access{}, orElse(err, errNoSequence)
	}
	if v.SequenceState().Ended() {
		return Access{}, notActive(v.SequenceState(), "SequenceKey")
	}
	return s.access(v.You.about(), s.Now().Add(after)), nil
}

func orElse(err error, otherwise *Error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func accessTime(after time.Duration) (time.Duration, error) {
	switch {
	case after == 0:
		return AccessTime, nil
	case after < MinAccessTime || after > MaxAccessTime:
		return 0, InvalidField("ExpiresIn", "InclusiveBetween",
			fmt.Sprintf("ExpiresIn must be between %d and %d seconds.", int(MinAccessTime.Seconds()), int(MaxAccessTime.Seconds())))
	}
	return after, nil
}
