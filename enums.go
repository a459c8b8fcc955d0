package innsigli

import "strings"

// Delivery says how a signee is invited (CreateSignee.communicationDeliveryType; numbers as on the wire).
type Delivery int

// How a signee is invited. The wire's numbers begin at 0, so the zero value is a real choice: nobody is invited.
const (
	DeliverNone  Delivery = 0
	DeliverSms   Delivery = 1
	DeliverEmail Delivery = 2
)

// String is the canonical name on the wire.
func (d Delivery) String() string {
	switch d {
	case DeliverSms:
		return "Sms"
	case DeliverEmail:
		return "Email"
	case DeliverNone:
	}
	return "None"
}

// ParseDelivery reads a name in any letter case, or a number.
func ParseDelivery(s string) (Delivery, bool) {
	switch strings.ToLower(s) {
	case "none", "0":
		return DeliverNone, true
	case "sms", "1":
		return DeliverSms, true
	case "email", "2":
		return DeliverEmail, true
	}
	return 0, false
}

// SignatureType says what kind of signature is asked of a signee.
type SignatureType int

// Kinds of signature. Zero means that the request left it out.
const (
	// Qualified: the person's own key at a trust service. Needs an e-ID provider.
	Qualified SignatureType = iota + 1
	// Simple: our evidence and our seal.
	Simple
)

// String is the canonical name on the wire.
func (t SignatureType) String() string {
	if t == Qualified {
		return "Qualified"
	}
	return "Simple"
}

// ParseSignatureType reads a name in any letter case, or the wire's number (0 and 1).
func ParseSignatureType(s string) (SignatureType, bool) {
	switch strings.ToLower(s) {
	case "qualified", "0":
		return Qualified, true
	case "simple", "1":
		return Simple, true
	}
	return 0, false
}

// Location says where the marks of the signees are drawn.
type Location int

// Where marks are drawn (SigningProcess.signatureLocation, numbers as on the wire).
const (
	TopFirstPage   Location = 0
	BottomLastPage Location = 1
)

// String is the canonical name on the wire.
func (l Location) String() string {
	if l == BottomLastPage {
		return "BottomLastPage"
	}
	return "TopFirstPage"
}

// ParseLocation reads a name in any letter case, or a number.
func ParseLocation(s string) (Location, bool) {
	switch strings.ToLower(s) {
	case "topfirstpage", "0":
		return TopFirstPage, true
	case "bottomlastpage", "1":
		return BottomLastPage, true
	}
	return 0, false
}

// Language is a person's language by its code on the wire (facts/wire.md 1.3).
type Language int

// The languages of the public API.
const (
	LangNotSet Language = 0
	LangIs     Language = 10
	LangEn     Language = 21
	LangNb     Language = 30
	LangDa     Language = 40
	LangDe     Language = 50
	LangFr     Language = 60
	LangSv     Language = 70
	LangCs     Language = 80
	LangPl     Language = 90
	LangEs     Language = 100
	LangHu     Language = 110
)

var languageNames = map[Language]string{
	LangNotSet: "NotSet", LangIs: "Is", LangEn: "En", LangNb: "Nb", LangDa: "Da", LangDe: "De",
	LangFr: "Fr", LangSv: "Sv", LangCs: "Cs", LangPl: "Pl", LangEs: "Es", LangHu: "Hu",
}

// String is the canonical name on the wire.
func (l Language) String() string { return languageNames[l] }

// Tag is the language's BCP 47 tag, "" when none is set.
func (l Language) Tag() string {
	if l == LangNotSet {
		return ""
	}
	return strings.ToLower(languageNames[l])
}

// ParseLanguage reads a name in any letter case, or a number.
func ParseLanguage(s string) (Language, bool) {
	for l, n := range languageNames {
		if strings.EqualFold(n, s) || s == itoa(int(l)) {
			return l, true
		}
	}
	return 0, false
}

// EventType is a webhook's event, numbered as on the wire (facts/wire.md 4.4).
type EventType int

// The events that are built. EventAny stands for a registration without a type.
const (
	EventAny            EventType = 0
	EventSignedDocument EventType = 1
	EventAllSigned      EventType = 2
	EventCanceled       EventType = 5
	EventExpired        EventType = 6
	EventReminder       EventType = 7
	EventCompleted      EventType = 10
	EventCreated        EventType = 11
)

var eventNames = map[EventType]string{
	EventSignedDocument: "SignedDocument", EventAllSigned: "AllSigned", EventCanceled: "Canceled", EventExpired: "Expired", EventReminder: "Reminder",
	EventCompleted: "Completed", EventCreated: "Created",
}

// String is the canonical name on the wire, "" for EventAny.
func (e EventType) String() string { return eventNames[e] }

// knownEvents are the names of the public API's enum by number; those without a row in eventNames are not built yet.
var knownEvents = []string{
	"NotSet", "SignedDocument", "AllSigned", "Auth", "Signup", "Canceled", "Expired", "Reminder",
	"CompanyTermination", "EmailVerification", "Completed", "Created",
}

// ParseEventType reads a name in any letter case, or a number. built is false for a type of the public API that this
// server cannot send yet; ok is false for anything else.
func ParseEventType(s string) (e EventType, built, ok bool) {
	for i, n := range knownEvents {
		if !strings.EqualFold(n, s) && s != itoa(i) {
			continue
		}
		_, built = eventNames[EventType(i)]
		return EventType(i), built || i == 0, true
	}
	return 0, false, false
}
