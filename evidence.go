package innsigli

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// EvidenceVersion is the version of the JSON schema in docs/evidence.schema.json. Parts that are not built yet are left
// out, so that a reader never takes an empty value for a fact.
const EvidenceVersion = "1.4"

// Evidence is what a sealed document says about how it came to be (facts/standards.md 4). It is drawn as pages and
// embedded as JSON; member names are part of the schema.
type Evidence struct {
	Version  string            `json:"version"`
	Outcome  string            `json:"outcome"` // "completed", "canceled" or "expired"
	Process  EvidenceProcess   `json:"process"`
	Document EvidenceDocument  `json:"document"`
	Signees  []EvidenceSignee  `json:"signees"`
	Seal     *EvidenceSeal     `json:"seal,omitempty"`
	Clock    *MachineClock     `json:"clock,omitempty"` // at the time of the seal
	Events   []EvidenceEvent   `json:"events,omitempty"`
	Log      *EvidenceLog      `json:"log,omitempty"`
	Language Language          `json:"-"`
	Logo     []byte            `json:"-"` // PNG, as [Paper] makes it; nil for none
	Notes    map[string]string `json:"notes,omitempty"`
}

// EvidenceProcess says which process this was and who asked.
type EvidenceProcess struct {
	Key       ProcessKey `json:"key"`
	Company   string     `json:"company"`
	ShownAs   string     `json:"shownAs,omitempty"` // what people were told that it is called, when that is another name
	Owner     string     `json:"owner,omitempty"`
	CreatedBy string     `json:"createdBy,omitempty"` // who gave document, names and addresses
	FileName  string     `json:"fileName"`
	CreatedAt time.Time  `json:"createdAt"`
	EndedAt   time.Time  `json:"endedAt"`
}

// EvidenceDocument says which bytes everyone was shown and, in an evidence apart from them, what became of them.
type EvidenceDocument struct {
	SHA256        string         `json:"sha256"`
	Original      string         `json:"originalSha256,omitempty"` // of the file as it came, when it was written anew
	Size          int64          `json:"size"`
	Pages         int            `json:"pages"`
	AlreadySigned bool           `json:"alreadySigned,omitempty"` // it bore signatures, so its bytes stay and nothing is drawn
	Final         *EvidenceFile  `json:"final,omitempty"`         // the file that this evidence goes with
	Revisions     []EvidenceFile `json:"revisions,omitempty"`     // the beginnings of it that were files of their own, oldest first
}

// EvidenceFile names a file by its bytes.
type EvidenceFile struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// EvidenceSeal is the certificate of the seal: whose it is and how it is told from others.
type EvidenceSeal struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serialNumber"` // hex
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	SHA256    string    `json:"sha256"`
}

// EvidenceMessage is a message that was ordered for or handed over to a person.
type EvidenceMessage struct {
	At  time.Time `json:"at"`
	Via string    `json:"via"` // a [Channel]
	To  string    `json:"to,omitempty"`
	ID  string    `json:"messageId,omitempty"`
	// Receipts are what was told of it, oldest first: that it was refused as it was handed over, and what came later. They
	// are the word of the other side.
	Receipts []EvidenceReceipt `json:"receipts,omitempty"`
}

// EvidenceReceipt is what was told of a message.
type EvidenceReceipt struct {
	At    time.Time    `json:"at"`
	Event ReceiptEvent `json:"event"` // also "refused"
	Code  string       `json:"code,omitempty"`
}

// ReceiptRefused is a refusal at the hand-over. It is no receipt of the log, whose line is [LogRefused].
const ReceiptRefused ReceiptEvent = "refused"

// EvidenceConsent is what a person agreed to by signing, as it was shown.
type EvidenceConsent struct {
	Text     string `json:"text"`
	Language string `json:"language"`
	Version  string `json:"version"`
}

// EvidenceReading is what was in front of a person before they signed, pages and seconds as their browser told them.
type EvidenceReading struct {
	LastAt    *time.Time `json:"lastShownAt,omitempty"`
	Seconds   int        `json:"seconds,omitempty"`
	Pages     string     `json:"pages,omitempty"`
	Downloads int        `json:"downloads,omitempty"`
}

// EvidencePassed is one time that signing was passed on: from whom, by whom and when.
type EvidencePassed struct {
	At        time.Time `json:"at"`
	Reference string    `json:"reference"` // of the signee whose place was taken
	Name      string    `json:"name"`
	Email     string    `json:"email,omitempty"`
	Phone     string    `json:"phone,omitempty"`
	By        string    `json:"by,omitempty"` // that person's address or name, or whoever did it for the company
	Address   string    `json:"ipAddress,omitempty"`
	Agent     string    `json:"userAgent,omitempty"`
}

// EvidenceOpening is one time that a person was shown the document.
type EvidenceOpening struct {
	At      time.Time `json:"at"`
	Address string    `json:"ipAddress,omitempty"`
	Agent   string    `json:"userAgent,omitempty"`
}

// EvidenceSignee says how one person signed, or that they did not.
type EvidenceSignee struct {
	Reference string     `json:"reference"`            // the end of the signee's key: the whole would open the link
	Link      string     `json:"linkSha256,omitempty"` // SHA-256 of the whole key, for whoever has the link
	Name      string     `json:"name"`
	Code      string     `json:"personalCode,omitempty"`
	Language  string     `json:"language,omitempty"`
	Email     string     `json:"email,omitempty"`
	Phone     string     `json:"phone,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Type      string     `json:"signatureType"`
	Signed    bool       `json:"signed"`
	InvitedAt *time.Time `json:"invitedAt,omitempty"`
	SeenAt    *time.Time `json:"firstSeenAt,omitempty"`
	SignedAt  *time.Time `json:"signedAt,omitempty"`
	CodeVia   string     `json:"codeSentBy,omitempty"` // a [Channel]
	CodeTo    string     `json:"codeSentTo,omitempty"`
	CodeAt    *time.Time `json:"codeSentAt,omitempty"`
	CodeTries int        `json:"codeTries,omitempty"`  // answers to the code that was right at last, that one among them
	Wrong     int        `json:"wrongTries,omitempty"` // wrong answers to any code

	Passed      []EvidencePassed  `json:"passedOn,omitempty"`    // how signing came to this person, the first signee first
	Invitations []EvidenceMessage `json:"invitations,omitempty"` // handed over
	Reminders   []EvidenceMessage `json:"reminders,omitempty"`   // handed over
	Codes       []EvidenceMessage `json:"codes,omitempty"`       // asked for
	Openings    []EvidenceOpening `json:"openings,omitempty"`
	Reading     *EvidenceReading  `json:"reading,omitempty"`
	Address     string            `json:"ipAddress,omitempty"`
	Agent       string            `json:"userAgent,omitempty"`
	Consent     *EvidenceConsent  `json:"consent,omitempty"`
	Act         string            `json:"act,omitempty"` // "drawn", "typed" or "plain": how the signature was given
	Shown       string            `json:"shownSha256,omitempty"`
}

// EvidenceEvent is a line of the log.
type EvidenceEvent struct {
	At     time.Time `json:"at"`
	Kind   LogKind   `json:"kind"`
	Signee string    `json:"signee,omitempty"` // a reference
	Detail string    `json:"detail,omitempty"`
}

// evidenceOf collects the evidence of a process as it stands. lines is its log.
func evidenceOf(f Facts, outcome string, ended time.Time, lines []LogEntry) Evidence {
	p := f.Process
	e := Evidence{
		Version: EvidenceVersion, Outcome: outcome, Language: evidenceLanguage(f),
		Process: EvidenceProcess{
			Key: p.Key, Company: f.Company.Name, Owner: p.User, FileName: p.FileName, CreatedAt: p.CreatedAt, EndedAt: ended,
		},
		Document: EvidenceDocument{SHA256: p.Document.SHA256, Size: p.Document.Size, Pages: p.Document.Pages},
	}
	if name := f.Brand().Name; name != f.Company.Name {
		e.Process.ShownAs = name
	}
	if p.Document.Original != p.Document.SHA256 {
		e.Document.Original = p.Document.Original
	}
	for _, s := range p.Signees {
		one := evidenceSignee(s, lines)
		one.Passed = evidencePassed(&p, s.Key, lines)
		e.Signees = append(e.Signees, one)
	}
	for _, l := range lines {
		e.Events = append(e.Events, EvidenceEvent{At: l.At, Kind: l.Kind, Signee: l.Signee.Reference(), Detail: l.Detail})
		if l.Kind == LogCreated {
			e.Process.CreatedBy = l.CreatedBy()
		}
	}
	if outcome == outcomeCompleted { // its line is written when this evidence has been sealed
		e.Events = append(e.Events, EvidenceEvent{At: ended, Kind: LogCompleted})
	}
	return e
}

// evidenceLanguage is what the pages are written in beside English: the language of the people when they share one, else
// the company's, else the first person's that is known.
func evidenceLanguage(f Facts) Language {
	var first Language
	shared := len(f.Process.Signees) > 0
	for _, s := range f.Process.Signees {
		l := s.Lang(f.Company)
		if shared = shared && l == f.Process.Signees[0].Lang(f.Company); first == LangNotSet {
			first = s.Language
		}
	}
	switch {
	case shared:
		return f.Process.Signees[0].Lang(f.Company)
	case f.Company.DefaultLanguage != LangNotSet:
		return f.Company.DefaultLanguage
	}
	return first
}

func evidenceSignee(s Signee, lines []LogEntry) EvidenceSignee {
	shown := s.SignedSHA256
	if s.FirstSeenAt.IsZero() {
		shown = "" // a page of the company's own may have shown it; this server did not
	}
	e := EvidenceSignee{
		Reference: s.Key.Reference(), Link: LinkHash(s.Key), Name: s.Name, Code: s.shownCode(), Language: s.Language.Tag(),
		Email: s.Email, Phone: s.Phone, Reason: s.Reason, Type: s.Type.String(),
		Signed: s.Signed(), InvitedAt: when(s.InvitedAt), SeenAt: when(s.FirstSeenAt), SignedAt: when(s.SignedAt),
		CodeVia: string(s.SignedVia), CodeTo: s.SignedTo, Address: s.SignedFrom.Address, Agent: s.SignedFrom.Agent,
		Shown: shown, Wrong: s.WrongTries,
	}
	if c := s.Consent; c.Text != "" {
		e.Consent = &EvidenceConsent{c.Text, c.Language, c.Version()}
	}
	if r := s.Reading; r != (Reading{}) {
		e.Reading = &EvidenceReading{when(r.LastAt), r.Seconds, r.Pages, r.Downloads}
	}
	act := actPlain
	for _, l := range lines {
		if l.Signee == s.Key {
			e.tell(l)
			act = l.act(act)
		}
	}
	for _, l := range lines { // a gateway may tell of a message before it counts as sent
		if l.Signee == s.Key {
			e.told(l)
		}
	}
	if e.Signed {
		e.Act = act
	}
	return e
}

// evidencePassed tells how signing came to a signee from others.
func evidencePassed(p *Process, k SigneeKey, lines []LogEntry) []EvidencePassed {
	var out []EvidencePassed
	for {
		s, ok := p.passedBy(k)
		if !ok || len(out) > MaxReassigns {
			slices.Reverse(out)
			return out
		}
		one := EvidencePassed{At: s.RemovedAt, Reference: s.Key.Reference(), Name: s.Name, Email: s.Email, Phone: s.Phone}
		for _, l := range lines {
			if l.Kind == LogReassigned && l.Signee == s.Key {
				one.By, one.Address, one.Agent = l.CreatedBy(), l.Client.Address, l.Client.Agent
			}
		}
		out, k = append(out, one), s.Key
	}
}

// tell adds what a line of the log says about the person.
func (e *EvidenceSignee) tell(l LogEntry) {
	m := EvidenceMessage{At: l.At, Via: strings.ToLower(l.Detail), To: l.Mail, ID: l.Message}
	switch l.Kind { //nolint:exhaustive // the others say nothing of messages and openings
	case LogSignupSent:
		e.Invitations = append(e.Invitations, m)
	case LogReminderSent:
		e.Reminders = append(e.Reminders, m)
	case LogOtpSent:
		e.Codes = append(e.Codes, m)
	case LogRefused:
		e.refused(m, JobKind(l.Detail))
	case LogViewed:
		e.Openings = append(e.Openings, EvidenceOpening{At: l.At, Address: l.Client.Address, Agent: l.Client.Agent})
	}
}

// told adds what a line says of a message that the person was sent.
func (e *EvidenceSignee) told(l LogEntry) {
	_, event, code, ok := l.Receipt()
	if m := e.message(l.Message); ok && m != nil {
		m.Receipts = append(m.Receipts, EvidenceReceipt{l.At, event, code})
	}
}

// message finds the message with an id.
func (e *EvidenceSignee) message(id string) *EvidenceMessage {
	for _, list := range [][]EvidenceMessage{e.Invitations, e.Reminders, e.Codes} {
		for i := range list {
			if id != "" && list[i].ID == id {
				return &list[i]
			}
		}
	}
	return nil
}

// refused adds a message that was refused as it was handed over. Of a code there is a line already, since it was asked for.
func (e *EvidenceSignee) refused(m EvidenceMessage, k JobKind) {
	m.Via = string(ByMail)
	if strings.HasPrefix(string(k), "sms.") {
		m.Via = string(BySms)
	}
	receipt := EvidenceReceipt{At: m.At, Event: ReceiptRefused}
	if known := e.message(m.ID); known != nil {
		known.Receipts = append(known.Receipts, receipt)
		return
	}
	m.Receipts = []EvidenceReceipt{receipt}
	switch lineOf[k] { //nolint:exhaustive // the others are told after the end
	case LogSignupSent:
		e.Invitations = append(e.Invitations, m)
	case LogReminderSent:
		e.Reminders = append(e.Reminders, m)
	}
}

// actPlain is a signature by confirmation alone, without an image.
const actPlain = "plain"

// act is how somebody signs after a line of the log, who before would have signed as it says.
func (e LogEntry) act(before string) string {
	switch e.Kind { //nolint:exhaustive // the others say nothing of it
	case LogDrawn:
		return strings.ToLower(e.Detail)
	case LogUndrawn:
		return actPlain
	}
	return before
}

// LinkHash names the secret part of a person's link without giving it away: 128 random bits are not found by trying.
func LinkHash(k SigneeKey) string {
	h := sha256.Sum256([]byte(k))
	return hex.EncodeToString(h[:])
}

// answered adds what is known of the code that was answered.
func (e *EvidenceSignee) answered(c Challenge) {
	e.CodeAt, e.CodeTries = when(c.SentAt), c.Tries
}

// evidenceSeal describes the certificate that seals.
func evidenceSeal(c *x509.Certificate) *EvidenceSeal {
	h := sha256.Sum256(c.Raw)
	return &EvidenceSeal{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: fmt.Sprintf("%x", c.SerialNumber),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, SHA256: hex.EncodeToString(h[:]),
	}
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
