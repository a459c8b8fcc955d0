package innsigli

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
)

// CodeRequest asks for a code to sign with.
type CodeRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	Ask
}

// RequestCode makes a challenge and sends its code on the way that was asked for, else by SMS, or by mail to a signee
// without a phone number. A new code voids the old, whichever way it went.
func (s *Service) RequestCode(ctx context.Context, r CodeRequest) (Challenge, error) {
	if !r.Process.Valid() || !r.Signee.Valid() {
		return Challenge{}, errNoSignee
	}
	token := NewToken()
	r.ways = s.Ways
	c, err := s.sendCode(ctx, Target{Process: r.Process}, s.admitted(ctx, r.Signee, nil, func(f Facts) (Change, error) {
		return decideCode(f, r, token)
	}))
	if KindOf(err) == NotFound {
		return Challenge{}, errNoSignee // the same words whichever key is wrong
	}
	if err != nil {
		return Challenge{}, err
	}
	return c.challenge("ProcessKey")
}

// decideCode judges whether the signee gets a code now.
func decideCode(f Facts, r CodeRequest, token Token) (Change, error) {
	p := f.Process
	you, ok := p.Signee(r.Signee)
	if !ok {
		return Change{}, errNoSignee
	}
	if !p.State.Active() {
		return Change{}, notActive(p.State, "ProcessKey")
	}
	switch {
	case you.Signed():
		return Change{}, errSigned()
	case !f.Turn(you.Key):
		return Change{}, errNotYourTurn()
	case f.wrongTries(you) >= MaxWrongTries:
		return Change{}, errLocked()
	case you.CodesInHour >= MaxCodesAnHour:
		return Change{}, errTooManyCodes()
	}
	via, to, err := r.ways.pick(r.By, you.Phone, you.Email)
	if err != nil {
		return Change{}, err
	}
	ch := Challenge{Token: token, Process: p.Key, Signee: you.Key, Via: via, SentAt: f.Now, ExpiresAt: f.Now.Add(CodeLifetime)}
	return Change{
		Challenge: &ch,
		Log:       []LogEntry{via.logged(LogEntry{Signee: you.Key, Actor: you.Email, Client: r.From, Mail: to}, token)},
		Jobs: via.order(Job{
			UID: token.messageID(), Signee: you.Key, Ref: string(token), Address: to, Language: you.Lang(f.Company), Lane: lane(p.Group, you),
		}),
	}, nil
}

// wrongTries are those of the person that count, at all documents of a sequence: else there would be more tries with every
// document.
func (f Facts) wrongTries(you Signee) int {
	n := 0
	for _, s := range f.same(you) {
		n += s.CountedTries()
	}
	return n
}

// Act is how somebody signed: where it came from, and what they agreed to.
type Act struct {
	From    Client
	Consent Consent
}

// Consent is the sentence that stood above the button with which somebody signed. It is kept with the signature, since the
// texts of the page change. A page of the company's own says something of its own, which this server has not seen: then
// it is zero.
type Consent struct {
	Text     string
	Language string // tag, as "is"
}

// Version tells texts of one language apart: the beginning of the SHA-256 of the text, in hex; "" without one.
func (c Consent) Version() string {
	if c.Text == "" {
		return ""
	}
	h := sha256.Sum256([]byte(c.Text))
	return hex.EncodeToString(h[:6])
}

// Answers to a code, with the numbers of the public API (facts/wire.md 5.6).
var (
	errWrongCode = refuse(Invalid, "1120", "Incorrect OTP code")
	errLateCode  = refuse(Invalid, "1121", "Token expired")
	errNoCode    = refuse(Invalid, "1122", "Token not found")
)

func errSigned() *Error {
	return refuse(Invalid, "AlreadySigned", "This person has already signed.")
}

func errLocked() *Error {
	return refuse(TooMany, "OtpLocked", "Too many wrong codes. The sender has to open the signing again.")
}

// Sign answers a challenge with its code. A try is counted before anything is compared. The view is the process after
// the signature. The right code to a challenge that was used already gives the view again: a client whose first answer
// was lost may ask once more. A code for a whole sequence is for [Service.SignAll].
func (s *Service) Sign(ctx context.Context, t Token, code string, by Act) (View, error) {
	f, err := s.answer(ctx, t, code, false, func(f Facts) (Change, error) { return decideSign(f, t, by) })
	if err != nil {
		return View{}, err
	}
	you, _ := f.Process.Signee(f.Challenge.Signee)
	return View{Facts: f, You: you, Admitted: true}, nil
}

// answer takes the code to a challenge, for one document or for all of a person, and has decide judge what is signed.
// The facts are those after the signature. They are not read again: the signature stands, whatever a second read says.
func (s *Service) answer(ctx context.Context, t Token, code string, all bool, decide Decision) (Facts, error) {
	if !t.Valid() {
		return Facts{}, errNoCode
	}
	// A process that is over says so before the code is looked at: a stale tab must not cost a try.
	f, err := s.challenged(ctx, t)
	if err != nil {
		return Facts{}, err
	}
	right, refusal := s.judge(f, t, code)
	switch {
	case f.Challenge.Entry || all != (f.Challenge.Person != ""):
		return Facts{}, errNoCode
	case right && usedFor(f, t):
		return f, nil
	}
	if err := openFor(f); err != nil {
		return Facts{}, err
	}
	if refusal != nil {
		return Facts{}, refusal
	}
	ch, counted, err := s.Store.CountTry(ctx, t, s.Now())
	switch {
	case KindOf(err) == NotFound:
		return Facts{}, errNoCode
	case err != nil:
		return Facts{}, err
	case !counted:
		return Facts{}, errLateCode
	case !right:
		return Facts{}, errWrongCode
	}
	// The try is counted: from here on a lost connection must not turn a given signature into an error.
	ctx = context.WithoutCancel(ctx)
	f, c, err := s.decide(ctx, Target{Process: ch.Process, Token: t}, s.unlessDue(decide))
	if err != nil {
		return Facts{}, err
	}
	given := c.signatures()
	if len(given) == 0 {
		return Facts{}, notActive(c.State, "ProcessKey")
	}
	f = f.signedBy(given)
	for _, m := range append([]MemberChange{{f.Process.Key, c}}, c.Members...) {
		f.setState(m.Process, m.State)
	}
	return f, nil
}

// isCode compares with the code of a challenge.
func (s *Service) isCode(t Token, code string) bool {
	return subtle.ConstantTimeCompare([]byte(s.Identity.Code(t)), []byte(code)) == 1
}

// challenged reads the facts of a challenge.
func (s *Service) challenged(ctx context.Context, t Token) (Facts, error) {
	f, err := s.facts(ctx, Target{Token: t})
	if KindOf(err) == NotFound {
		return f, errNoCode
	}
	return f, err
}

// asked lists the signees whose signature the challenge of the facts is for.
func (f Facts) asked() []Signee {
	if p, ok := f.Person(f.Challenge.Person); ok {
		return p.Signees
	}
	if s, ok := f.Process.Signee(f.Challenge.Signee); ok {
		return []Signee{s}
	}
	return nil
}

// usedFor says whether the challenge has been answered, and everything that it was for has been signed.
func usedFor(f Facts, t Token) bool {
	mine := false
	for _, s := range f.asked() {
		if !s.Signed() {
			return false
		}
		mine = mine || s.SignedBy == t
	}
	return mine
}

// openFor refuses an answer that can no longer be right.
func openFor(f Facts) error {
	if !f.Process.State.Active() {
		return notActive(f.Process.State, "ProcessKey")
	}
	if you := f.asked(); len(you) > 0 && !slices.ContainsFunc(you, func(s Signee) bool { return !s.Signed() }) {
		return errSigned()
	}
	return nil
}

// decideSign judges a signature whose code was right.
func decideSign(f Facts, t Token, by Act) (Change, error) {
	p, ch := f.Process, f.Challenge
	you, ok := p.Signee(ch.Signee)
	if !ok || ch.Token != t || ch.Process != p.Key || ch.Person != "" || ch.Entry {
		return Change{}, errNoCode
	}
	switch {
	case you.Signed():
		return Change{}, errSigned()
	case !p.State.Active():
		return Change{}, notActive(p.State, "ProcessKey")
	case !f.Turn(you.Key):
		return Change{}, errNotYourTurn()
	case !ch.Open(f.Now):
		return Change{}, errLateCode
	}
	to := you.Phone
	if ch.Via == ByMail {
		to = you.Email
	}
	return signing(f, []Signature{{Signee: you.Key, At: f.Now, Token: t, Via: ch.Via, To: to, Act: by, SHA256: p.Document.SHA256}}), nil
}

// signing is what follows from signatures: their lines in the log, and the invitations of those whose turn it is now, or
// the seals of the whole group when nobody is left. Until then a process that all its people have signed stays as it is.
func signing(f Facts, given []Signature) Change {
	after := f.signedBy(given)
	var c Change
	for _, s := range given {
		you, _ := f.Signee(s.Signee)
		one := c.Of(f, you.Process)
		one.Sign = append(one.Sign, s)
		one.Log = append(one.Log, LogEntry{Kind: LogSigned, Signee: s.Signee, Client: s.From}) // createdBy is the server: facts/wire.md 2.2
	}
	if after.AllSigned() {
		toSeal(f, &c)
		return c
	}
	for _, m := range f.All() {
		if one := c.Of(f, m.Process.Key); len(one.Sign) > 0 {
			one.Jobs = append(one.Jobs, webhookJobs(m, EventSignedDocument)...)
		}
	}
	for _, s := range given {
		you, _ := after.Signee(s.Signee)
		if who := after.same(you); allSigned(who) { // whoever has nothing left to sign hears of no reminder
			for _, w := range who {
				one := c.Of(f, w.Process)
				one.Quiet = append(one.Quiet, Quiet{Signee: w.Key})
			}
		}
	}
	c.Members = slices.DeleteFunc(c.Members, func(m MemberChange) bool { return m.Empty() })
	c.place(f, invitations(after, &f))
	return c
}

// toSeal adds what follows when nobody of the group is left to sign.
func toSeal(f Facts, c *Change) {
	for _, m := range f.All() {
		one := c.Of(f, m.Process.Key)
		one.State = Sealing
		// Who has signed by a link of the company's own must not be invited afterwards.
		one.Drop = whileActive()
		one.Jobs = append(one.Jobs, Job{Kind: JobSeal, Uniq: "seal:" + string(m.Process.Key)})
	}
}

// challenge is the one that the change or one of its members makes. Without one the process has ended meanwhile: NotActive,
// naming the field of the key.
func (c Change) challenge(field string) (Challenge, error) {
	for _, m := range append([]MemberChange{{Change: c}}, c.Members...) {
		if m.Challenge != nil {
			return *m.Challenge, nil
		}
	}
	return Challenge{}, notActive(c.State, field)
}

// signatures are those of the change and its members.
func (c Change) signatures() []Signature {
	out := slices.Clone(c.Sign)
	for _, m := range c.Members {
		out = append(out, m.Sign...)
	}
	return out
}

// signedBy is the facts as they are after the signatures. It changes nothing of f.
func (f Facts) signedBy(given []Signature) Facts {
	mark := func(p Process) Process {
		p.Signees = slices.Clone(p.Signees)
		for i := range p.Signees {
			for _, g := range given {
				if s := &p.Signees[i]; s.Key == g.Signee {
					s.SignedAt, s.SignedBy, s.SignedVia, s.SignedTo = g.At, g.Token, g.Via, g.To
					s.SignedFrom, s.Consent, s.SignedSHA256 = g.From, g.Consent, g.SHA256
				}
			}
		}
		return p
	}
	f.Process = mark(f.Process)
	f.Members = slices.Clone(f.Members)
	for i := range f.Members {
		f.Members[i].Process = mark(f.Members[i].Process)
	}
	return f
}

// setState notes the state of a process of the group; zero leaves it as it is. The members have to be f's own.
func (f *Facts) setState(p ProcessKey, st State) {
	if st == 0 {
		return
	}
	if f.Process.Key == p {
		f.Process.State = st
	}
	for i := range f.Members {
		if f.Members[i].Process.Key == p {
			f.Members[i].Process.State = st
		}
	}
}
