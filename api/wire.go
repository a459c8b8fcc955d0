package api

import (
	"strconv"
	"time"

	"github.com/innsigli/innsigli"
)

// The answers of the public API: camelCase, nulls left out, canonical names of enums (facts/wire.md 1.3).

type signingProcess struct {
	Key                  string                `json:"key"`
	Signees              []signee              `json:"signees"`
	FlowKey              string                `json:"flowKey"`
	Status               string                `json:"status"`
	Meta                 map[string]string     `json:"meta,omitempty"`
	PdfFileName          string                `json:"pdfFileName,omitempty"`
	Attachments          []struct{}            `json:"attachments"`
	AttachmentReferences []attachmentReference `json:"attachmentReferences"`
	RequiresAuth         bool                  `json:"requiresAuth"`
	User                 string                `json:"user,omitempty"`
	SignInOrder          bool                  `json:"signInOrder"`
	SignatureLocation    string                `json:"signatureLocation"`
	ActivityDisplayName  string                `json:"activityDisplayName,omitempty"`
	FlattenDocument      bool                  `json:"flattenDocument"`
	SequenceKey          string                `json:"sequenceKey,omitempty"`
	ReminderRule         string                `json:"reminderRule,omitempty"`

	// Ours: whether signees may pass signing on.
	AllowReassign bool `json:"allowReassign,omitzero"`

	// Ours: how far the seal of a completed process is proven, and whether it is still to be raised.
	SealLevel   string `json:"sealLevel,omitempty"`
	SealPending bool   `json:"sealPending,omitzero"`
}

type signee struct {
	Name                      string `json:"name,omitempty"`
	Ssn                       string `json:"ssn,omitempty"`
	PhoneNumber               string `json:"phoneNumber,omitempty"`
	Email                     string `json:"email,omitempty"`
	Address                   string `json:"address,omitempty"`
	PostalCode                string `json:"postalCode,omitempty"`
	City                      string `json:"city,omitempty"`
	Key                       string `json:"key,omitempty"`
	Signed                    bool   `json:"signed"`
	SignedAt                  string `json:"signedAt,omitempty"`
	ProcessKey                string `json:"processKey,omitempty"`
	Reason                    string `json:"reason,omitempty"`
	HidePersonalCode          *bool  `json:"hidePersonalCode,omitempty"`
	CommunicationDeliveryType string `json:"communicationDeliveryType,omitempty"`
	URL                       string `json:"url,omitempty"`
	SignatureType             string `json:"signatureType,omitempty"`
	Language                  string `json:"language,omitempty"`
	CustomSmsText             string `json:"customSmsText,omitempty"`

	// Ours: that the person refused to sign, and why.
	DeclinedAt    string `json:"declinedAt,omitempty"`
	DeclineReason string `json:"declineReason,omitempty"`
}

// process shows a whole process to its company.
func (a *API) process(p innsigli.Process) signingProcess {
	out := a.frame(p, "")
	out.User, out.Meta, out.ActivityDisplayName = p.User, p.Meta, p.DisplayName
	for _, s := range p.Signees {
		out.Signees = append(out.Signees, a.whole(s))
	}
	return out
}

// view shows a process to whoever holds one signee's link: that signee whole, the others by name and signed state only
// (design/decisions.md 3).
func (a *API) view(v innsigli.View) signingProcess {
	if v.Trusted {
		return a.process(v.Process)
	}
	out := a.frame(v.Process, v.You.Key)
	if v.Process.State.Active() && !v.Readable() {
		out.AttachmentReferences = []attachmentReference{} // their addresses open them
	}
	for _, s := range v.Process.Signees {
		if s.Key == v.You.Key {
			out.Signees = append(out.Signees, a.whole(s))
			continue
		}
		out.Signees = append(out.Signees, signee{Name: s.Name, Signed: s.Signed()})
	}
	return out
}

func (a *API) frame(p innsigli.Process, s innsigli.SigneeKey) signingProcess {
	return signingProcess{
		Key: string(p.Key), FlowKey: string(p.Flow), Status: p.State.Shown(), PdfFileName: p.FileName,
		Attachments: []struct{}{}, AttachmentReferences: a.references(p, s), SignatureLocation: p.Location.String(), Signees: []signee{},
		FlattenDocument: p.Flatten, SealLevel: innsigli.LevelName(p.Sealed.Level), SealPending: p.Pending(),
		AllowReassign: p.AllowReassign,
		SignInOrder:   p.InOrder, RequiresAuth: p.RequiresAuth, SequenceKey: string(p.Sequence()), ReminderRule: p.Reminders.String(),
	}
}

func (a *API) whole(s innsigli.Signee) signee {
	hide := s.HideCode
	out := signee{
		Name: s.Name, Ssn: s.Ssn, PhoneNumber: s.Phone, Email: s.Email, Address: s.Address, PostalCode: s.PostalCode,
		City: s.City, Key: string(s.Key), Signed: s.Signed(), SignedAt: rfc3339(s.SignedAt), ProcessKey: string(s.Process),
		Reason: s.Reason, HidePersonalCode: &hide, CommunicationDeliveryType: s.Delivery.String(),
		URL: a.Links.Signing(s.Process, s.Key), SignatureType: s.Type.String(), CustomSmsText: s.CustomSms,
		DeclinedAt: rfc3339(s.DeclinedAt), DeclineReason: s.DeclineReason,
	}
	if s.Language != innsigli.LangNotSet {
		out.Language = s.Language.String()
	}
	return out
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// logTime is the activity log's form: seven fraction digits (facts/wire.md 1.2).
func logTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// logTimeIf is the same of a time that may be none.
func logTimeIf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return logTime(t)
}

// wireTime reads RFC 3339, the same without a zone (UTC), and plain dates.
func wireTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func wireInt(s string) (int, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
