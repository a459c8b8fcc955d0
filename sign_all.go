package innsigli

import (
	"context"
	"time"
)

// SequenceCodeRequest asks for one code to sign all documents of a person with.
type SequenceCodeRequest struct {
	Sequence SequenceKey
	Signee   SequenceSigneeKey
	Ask
}

// RequestSequenceCode makes a challenge for everything that a person of a sequence may sign now, and sends its code as
// [Service.RequestCode] does.
func (s *Service) RequestSequenceCode(ctx context.Context, r SequenceCodeRequest) (Challenge, error) {
	if !r.Sequence.Valid() || !r.Signee.Valid() {
		return Challenge{}, errNoSequence
	}
	token := NewToken()
	r.ways = s.Ways
	c, err := s.sendCode(ctx, Target{Sequence: r.Sequence}, s.admittedPerson(ctx, r.Signee, func(f Facts) (Change, error) {
		return decideSequenceCode(f, r, token)
	}))
	if KindOf(err) == NotFound {
		return Challenge{}, errNoSequence
	}
	if err != nil {
		return Challenge{}, err
	}
	return c.challenge("SequenceKey")
}

// decideSequenceCode judges whether the person gets a code now. Codes and wrong tries are counted on the person's first
// signee, and wrong tries at single documents count too.
func decideSequenceCode(f Facts, r SequenceCodeRequest, token Token) (Change, error) {
	you, ok := f.Person(r.Signee)
	if !ok {
		return Change{}, errNoSequence
	}
	if !f.Process.State.Active() {
		return Change{}, notActive(f.Process.State, "SequenceKey")
	}
	turns := f.turns()
	switch {
	case you.Signed():
		return Change{}, errSigned()
	case !has(turns, you.Signees):
		return Change{}, errNotYourTurn()
	case f.wrongTries(you.First()) >= MaxWrongTries:
		return Change{}, errLocked()
	case you.First().CodesInHour >= MaxCodesAnHour:
		return Change{}, errTooManyCodes()
	}
	phone, email := you.Reach()
	via, to, err := r.ways.pick(r.By, phone, email)
	if err != nil {
		return Change{}, err
	}
	var c Change
	for _, s := range you.Signees {
		if s.Signed() || !turns[s.Key] {
			continue
		}
		one := c.Of(f, s.Process)
		one.Log = append(one.Log, via.logged(LogEntry{Signee: s.Key, Actor: email, Client: r.From, Mail: to}, token))
	}
	first := you.First()
	carrier := c.Of(f, first.Process)
	carrier.Challenge = &Challenge{
		Token: token, Process: first.Process, Signee: first.Key, Person: you.Key, Via: via,
		SentAt: f.Now, ExpiresAt: f.Now.Add(CodeLifetime),
	}
	carrier.Jobs = via.order(Job{
		UID: token.messageID(), Signee: first.Key, Ref: string(token), Address: to, Language: first.Lang(f.Company),
		Lane: lane(f.Process.Group, Signee{Email: email, Phone: phone}),
	})
	return c, nil
}

// SignAll answers a challenge for a whole sequence: everything that the person may sign now is signed in one commit.
// The rest is as for [Service.Sign].
func (s *Service) SignAll(ctx context.Context, t Token, code string, by Act) (SequenceView, error) {
	f, err := s.answer(ctx, t, code, true, func(f Facts) (Change, error) { return decideSignAll(f, t, by) })
	if err != nil {
		return SequenceView{}, err
	}
	you, _ := f.Person(f.Challenge.Person)
	return SequenceView{Facts: f, You: you}, nil
}

// decideSignAll judges the signatures of a person whose code was right.
func decideSignAll(f Facts, t Token, by Act) (Change, error) {
	ch := f.Challenge
	you, ok := f.Person(ch.Person)
	if !ok || ch.Token != t || ch.Entry {
		return Change{}, errNoCode
	}
	switch {
	case you.Signed():
		return Change{}, errSigned()
	case !f.Process.State.Active():
		return Change{}, notActive(f.Process.State, "SequenceKey")
	case !has(f.turns(), you.Signees):
		return Change{}, errNotYourTurn()
	case !ch.Open(f.Now):
		return Change{}, errLateCode
	}
	return signing(f, f.signaturesOf(you, t, by)), nil
}

// signaturesOf are those of everything that the person may sign now, and of what only that makes their turn: somebody
// may stand twice in the order of one document.
func (f Facts) signaturesOf(you SequenceSignee, t Token, by Act) []Signature {
	phone, email := you.Reach()
	to := phone
	if f.Challenge.Via == ByMail {
		to = email
	}
	var given []Signature
	for {
		after := f.signedBy(given)
		turns, found := after.turns(), false
		now, _ := after.Person(you.Key)
		for _, s := range now.Signees {
			if s.Signed() || !turns[s.Key] {
				continue
			}
			found = true
			given = append(given, Signature{
				Signee: s.Key, At: f.Now, Token: t, Via: f.Challenge.Via, To: to, Act: by,
				SHA256: f.Of(s.Process).Process.Document.SHA256, Person: you.Key,
			})
		}
		if !found {
			return given
		}
	}
}

func errTooManyCodes() *Error {
	return &Error{
		Kind: TooMany, Code: "TooManyCodes", RetryAfter: time.Hour,
		Text: "Too many codes were asked for. A new one can be sent in an hour.",
	}
}
