package innsigli

import (
	"context"
	"crypto/subtle"
	"time"
)

// CodeRequest asks for a code to sign with.
type CodeRequest struct {
	Process ProcessKey
	Signee  SigneeKey
	// Call asks for a voice call instead of a message. Not built yet: refused.
	Call bool
	From Client

	noSms bool // filled in by the service
}

// RequestCode makes a challenge and sends its code, by SMS, or by mail to a signee without a phone number. A new code
// voids the old.
func (s *Service) RequestCode(ctx context.Context, r CodeRequest) (Challenge, error) {
	if !r.Process.Valid() || !r.Signee.Valid() {
		return Challenge{}, errNoSignee
	}
	if r.Call {
		return Challenge{}, InvalidField("OtpType", "NotSupported", "A code by voice call is not available on this server; ask for sms.")
	}
	token := NewToken()
	r.noSms = s.WithoutSms
	_, c, err := s.decide(ctx, Target{Process: r.Process}, s.unlessDue(func(f Facts) (Change, error) {
		return decideCode(f, r, token)
	}))
	if err != nil {
		return Challenge{}, err
	}
	if c.Challenge == nil {
		return Challenge{}, notActive(c.State, "ProcessKey")
	}
	return *c.Challenge, nil
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
	case you.WrongTries >= MaxWrongTries:
		return Change{}, errLocked()
	case you.CodesInHour >= MaxCodesAnHour:
		return Change{}, &Error{
			Kind: TooMany, Code: "TooManyCodes", RetryAfter: time.Hour,
			Text: "Too many codes were asked for. A new one can be sent in an hour.",
		}
	}
	via, to, kind := "sms", you.Phone, JobSmsCode
	if to == "" || r.noSms && you.Email != "" {
		via, to, kind = "email", you.Email, JobMailCode
	}
	ch := Challenge{Token: token, Process: p.Key, Signee: you.Key, Via: via, SentAt: f.Now, ExpiresAt: f.Now.Add(CodeLifetime)}
	return Change{
		Challenge: &ch,
		Log:       []LogEntry{{Kind: LogOtpSent, Signee: you.Key, Detail: deliveryWord(via), Actor: you.Email, Client: r.From, Mail: to}},
		Jobs: []Job{{
			Kind: kind, Signee: you.Key, Ref: string(token), Address: to, Language: you.Lang(f.Company), Lane: lane(p.Key, you),
		}},
	}, nil
}

func deliveryWord(via string) string {
	if via == "sms" {
		return DeliverSms.String()
	}
	return DeliverEmail.String()
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
// was lost may ask once more.
func (s *Service) Sign(ctx context.Context, t Token, code string, from Client) (View, error) {
	if !t.Valid() {
		return View{}, errNoCode
	}
	right := subtle.ConstantTimeCompare([]byte(s.Identity.Code(t)), []byte(code)) == 1
	// A process that is over says so before the code is looked at: a stale tab must not cost a try.
	f, err := s.challenged(ctx, t)
	if err != nil {
		return View{}, err
	}
	if you, ok := f.Process.Signee(f.Challenge.Signee); ok && right && you.Signed() && you.SignedBy == t {
		return View{Facts: f, You: you}, nil
	}
	if err := openFor(f); err != nil {
		return View{}, err
	}
	ch, counted, err := s.Store.CountTry(ctx, t, s.Now())
	switch {
	case KindOf(err) == NotFound:
		return View{}, errNoCode
	case err != nil:
		return View{}, err
	case !counted:
		return View{}, errLateCode
	case !right:
		return View{}, errWrongCode
	}
	// The try is counted: from here on a lost connection must not turn a given signature into an error.
	ctx = context.WithoutCancel(ctx)
	f, c, err := s.decide(ctx, Target{Process: ch.Process, Token: t}, s.unlessDue(func(f Facts) (Change, error) {
		return decideSign(f, t, from)
	}))
	if err != nil {
		return View{}, err
	}
	if c.Sign == nil {
		return View{}, notActive(c.State, "ProcessKey")
	}
	return signedView(f, c), nil
}

// challenged reads the facts of a challenge.
func (s *Service) challenged(ctx context.Context, t Token) (Facts, error) {
	f, err := s.facts(ctx, Target{Token: t})
	if KindOf(err) == NotFound {
		return f, errNoCode
	}
	return f, err
}

// openFor refuses an answer that can no longer be right.
func openFor(f Facts) error {
	if !f.Process.State.Active() {
		return notActive(f.Process.State, "ProcessKey")
	}
	if you, ok := f.Process.Signee(f.Challenge.Signee); ok && you.Signed() {
		return errSigned()
	}
	return nil
}

// signedView is the process as a kept signature left it. It is not read again: the signature stands, whatever a second
// read would say.
func signedView(f Facts, c Change) View {
	p := &f.Process
	if c.State != 0 {
		p.State = c.State
	}
	v := View{}
	for i := range p.Signees {
		if sg := &p.Signees[i]; sg.Key == c.Sign.Signee {
			sg.SignedAt, sg.SignedBy, sg.SignedVia, sg.SignedSHA256 = c.Sign.At, c.Sign.Token, c.Sign.Via, c.Sign.SHA256
			v.You = *sg
		}
	}
	v.Facts = f
	return v
}

// decideSign judges a signature whose code was right.
func decideSign(f Facts, t Token, from Client) (Change, error) {
	p, ch := f.Process, f.Challenge
	you, ok := p.Signee(ch.Signee)
	if !ok || ch.Token != t || ch.Process != p.Key {
		return Change{}, errNoCode
	}
	switch {
	case you.Signed():
		return Change{}, errSigned()
	case !p.State.Active():
		return Change{}, notActive(p.State, "ProcessKey")
	case !ch.Open(f.Now):
		return Change{}, errLateCode
	}
	to := you.Phone
	if ch.Via == "email" {
		to = you.Email
	}
	c := Change{
		Sign: &Signature{Signee: you.Key, At: f.Now, Token: t, Via: ch.Via, To: to, From: from, SHA256: p.Document.SHA256},
		Log:  []LogEntry{{Kind: LogSigned, Signee: you.Key, Client: from}}, // createdBy is the server: facts/wire.md 2.2
	}
	if last(p, you.Key) {
		c.State = Sealing
		// Who has signed by a link of the company's own must not be invited afterwards.
		c.Drop = []JobKind{JobMailInvite, JobSmsInvite, JobMailCode, JobSmsCode, JobExpire}
		c.Jobs = append(c.Jobs, Job{Kind: JobSeal, Uniq: "seal:" + string(p.Key)})
		return c, nil
	}
	c.Jobs = append(c.Jobs, webhookJobs(f, EventSignedDocument)...)
	return c, nil
}

// last says whether k is the only one who has not signed.
func last(p Process, k SigneeKey) bool {
	for _, s := range p.Signees {
		if s.Key != k && !s.Signed() {
			return false
		}
	}
	return true
}
