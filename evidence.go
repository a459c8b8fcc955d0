package innsigli

import "time"

// EvidenceVersion is the version of the JSON schema in docs/evidence.schema.json. Parts that are not built yet are left
// out, so that a reader never takes an empty value for a fact.
const EvidenceVersion = "1.0"

// Evidence is what a sealed document says about how it came to be (facts/standards.md 4). It is drawn as pages and
// embedded as JSON; member names are part of the schema.
type Evidence struct {
	Version  string            `json:"version"`
	Outcome  string            `json:"outcome"` // "completed", "canceled" or "expired"
	Process  EvidenceProcess   `json:"process"`
	Document EvidenceDocument  `json:"document"`
	Signees  []EvidenceSignee  `json:"signees"`
	Events   []EvidenceEvent   `json:"events,omitempty"`
	Language Language          `json:"-"`
	Notes    map[string]string `json:"notes,omitempty"`
}

// EvidenceProcess says which process this was and who asked.
type EvidenceProcess struct {
	Key       ProcessKey `json:"key"`
	Company   string     `json:"company"`
	Owner     string     `json:"owner,omitempty"`
	FileName  string     `json:"fileName"`
	CreatedAt time.Time  `json:"createdAt"`
	EndedAt   time.Time  `json:"endedAt"`
}

// EvidenceDocument says which bytes everyone was shown.
type EvidenceDocument struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Pages  int    `json:"pages"`
}

// EvidenceSignee says how one person signed, or that they did not.
type EvidenceSignee struct {
	Reference string     `json:"reference"` // the end of the signee's key: the whole would open the link
	Name      string     `json:"name"`
	Email     string     `json:"email,omitempty"`
	Phone     string     `json:"phone,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Type      string     `json:"signatureType"`
	Signed    bool       `json:"signed"`
	InvitedAt *time.Time `json:"invitedAt,omitempty"`
	SeenAt    *time.Time `json:"firstSeenAt,omitempty"`
	SignedAt  *time.Time `json:"signedAt,omitempty"`
	CodeVia   string     `json:"codeSentBy,omitempty"` // "sms" or "email"
	CodeTo    string     `json:"codeSentTo,omitempty"`
	Address   string     `json:"ipAddress,omitempty"`
	Agent     string     `json:"userAgent,omitempty"`
	Shown     string     `json:"shownSha256,omitempty"`
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
		Version: EvidenceVersion, Outcome: outcome, Language: f.Company.DefaultLanguage,
		Process: EvidenceProcess{
			Key: p.Key, Company: f.Company.Name, Owner: p.User, FileName: p.FileName, CreatedAt: p.CreatedAt, EndedAt: ended,
		},
		Document: EvidenceDocument{SHA256: p.Document.SHA256, Size: p.Document.Size, Pages: p.Document.Pages},
	}
	for _, s := range p.Signees {
		e.Signees = append(e.Signees, evidenceSignee(s))
		if e.Language == LangNotSet {
			e.Language = s.Language
		}
	}
	for _, l := range lines {
		e.Events = append(e.Events, EvidenceEvent{At: l.At, Kind: l.Kind, Signee: l.Signee.Reference(), Detail: l.Detail})
	}
	if outcome == outcomeCompleted { // its line is written when this evidence has been sealed
		e.Events = append(e.Events, EvidenceEvent{At: ended, Kind: LogCompleted})
	}
	return e
}

func evidenceSignee(s Signee) EvidenceSignee {
	shown := s.SignedSHA256
	if s.FirstSeenAt.IsZero() {
		shown = "" // a page of the company's own may have shown it; this server did not
	}
	return EvidenceSignee{
		Reference: s.Key.Reference(), Name: s.Name, Email: s.Email, Phone: s.Phone, Reason: s.Reason, Type: s.Type.String(),
		Signed: s.Signed(), InvitedAt: when(s.InvitedAt), SeenAt: when(s.FirstSeenAt), SignedAt: when(s.SignedAt),
		CodeVia: s.SignedVia, CodeTo: s.SignedTo, Address: s.SignedFrom.Address, Agent: s.SignedFrom.Agent,
		Shown: shown,
	}
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
