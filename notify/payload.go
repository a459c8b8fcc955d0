package notify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/innsigli/innsigli"
)

// eventData is EventData of the public API's webhook without its document (facts/wire.md 4.1).
type eventData struct {
	ProcessKey                innsigli.ProcessKey `json:"ProcessKey"`
	CompanyKey                innsigli.CompanyKey `json:"CompanyKey"`
	Signees                   []eventSignee       `json:"Signees"`
	FlowKey                   innsigli.FlowKey    `json:"FlowKey"`
	FlowName                  string              `json:"FlowName"`
	SignedDocumentDownloadUrl string              `json:"SignedDocumentDownloadUrl,omitempty"` //nolint:staticcheck // the wire's name
	AttachmentReferences      []eventReference    `json:"AttachmentReferences"`
	EventType                 innsigli.EventType  `json:"EventType"`
	Meta                      map[string]string   `json:"Meta"`
}

// eventReference is a file beside the document (facts/wire.md 4.1).
type eventReference struct {
	ID             innsigli.AttachmentKey  `json:"Id"`
	FileName       string                  `json:"FileName"`
	ContentLength  int64                   `json:"ContentLength"`
	ContentType    string                  `json:"ContentType"`
	URL            string                  `json:"Url"`
	Description    string                  `json:"Description,omitempty"`
	ProcessKey     innsigli.ProcessKey     `json:"ProcessKey"`
	AttachmentType innsigli.AttachmentType `json:"AttachmentType"`
	SigneeKey      innsigli.SigneeKey      `json:"SigneeKey,omitempty"`
}

// eventSignee is a signee as the webhook shows it: as of the time of the event.
type eventSignee struct {
	Name                      string              `json:"Name,omitempty"`
	Ssn                       string              `json:"Ssn,omitempty"`
	PhoneNumber               string              `json:"PhoneNumber,omitempty"`
	Email                     string              `json:"Email,omitempty"`
	Address                   string              `json:"Address,omitempty"`
	PostalCode                string              `json:"PostalCode,omitempty"`
	City                      string              `json:"City,omitempty"`
	Key                       innsigli.SigneeKey  `json:"Key"`
	Signed                    bool                `json:"Signed"`
	SignedAt                  string              `json:"SignedAt,omitempty"`
	ProcessKey                innsigli.ProcessKey `json:"ProcessKey"`
	CommunicationDeliveryType string              `json:"CommunicationDeliveryType"`
}

// payload is the body of a webhook: the same bytes on every attempt, since nothing in it comes from the attempt.
type payload struct {
	id   string // of the message, JSON
	data []byte // EventData without the document, JSON
	sig  []byte // EventSignature, JSON
	doc  *innsigli.Attachment
}

func newPayload(f innsigli.Facts, j innsigli.Job, key string, links innsigli.Links, doc *innsigli.Attachment) (*payload, error) {
	guid := dashed(j.UID)
	p := f.Process
	d := eventData{
		ProcessKey: p.Key, CompanyKey: p.Company, FlowKey: p.Flow, FlowName: f.Flow.Name, EventType: j.Event,
		Signees: []eventSignee{}, AttachmentReferences: []eventReference{}, Meta: map[string]string{},
	}
	if p.Meta != nil {
		d.Meta = p.Meta
	}
	if whole(j.Event, doc) {
		d.SignedDocumentDownloadUrl = links.Download(p.Key, "")
	}
	for _, r := range p.References() {
		if r.Type == innsigli.AttachmentEvidence && doc == nil || r.At.After(j.At) {
			continue // not there yet at the time of the event
		}
		d.AttachmentReferences = append(d.AttachmentReferences, eventReference{
			ID: r.Key, FileName: r.Name, ContentLength: r.Size, ContentType: r.ContentType(), ProcessKey: p.Key,
			URL: innsigli.AttachmentURL(links, p.Key, "", r), AttachmentType: r.Type, Description: r.Description(), SigneeKey: r.Signee,
		})
	}
	for _, s := range p.Signees {
		d.Signees = append(d.Signees, signeeAt(s, p.Key, j.At))
	}
	out := &payload{id: j.UID, doc: doc} // facts/wire.md 1.2: without dashes, unlike the Guid
	var err error
	if out.data, err = json.Marshal(d); err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	if out.sig, err = json.Marshal(signEvent(j.At, guid, key)); err != nil {
		return nil, fmt.Errorf("encode signature: %w", err)
	}
	return out, nil
}

// whole says whether the event tells where the sealed document and the files beside it are.
func whole(e innsigli.EventType, doc *innsigli.Attachment) bool {
	return e == innsigli.EventCompleted || e == innsigli.EventAllSigned && doc != nil
}

// signeeAt shows a signee as of a time, so that a late attempt does not tell of a later signature.
func signeeAt(s innsigli.Signee, p innsigli.ProcessKey, at time.Time) eventSignee {
	e := eventSignee{
		Name: s.Name, Ssn: s.Ssn, PhoneNumber: s.Phone, Email: s.Email, Address: s.Address, PostalCode: s.PostalCode,
		City: s.City, Key: s.Key, ProcessKey: p, CommunicationDeliveryType: s.Delivery.String(),
	}
	if s.Signed() && !s.SignedAt.After(at) {
		e.Signed, e.SignedAt = true, s.SignedAt.UTC().Format("2006-01-02T15:04:05.00000Z") // five digits: facts/wire.md 1.2
	}
	return e
}

// WriteTo streams the body. The document comes first in EventData, so that the rest can be written as one piece.
func (p *payload) WriteTo(w io.Writer) (int64, error) {
	cw := &countingWriter{w: w}
	err := p.write(cw)
	return cw.n, err
}

func (p *payload) write(w io.Writer) error {
	if _, err := io.WriteString(w, `{"Id":"`+p.id+`","EventData":{`); err != nil {
		return err
	}
	if p.doc != nil {
		if err := writeDocument(w, p.doc); err != nil {
			return err
		}
	}
	// data begins with the brace that has just been written.
	_, err := fmt.Fprintf(w, `%s,"EventSignature":%s}`, p.data[1:], p.sig)
	return err
}

func writeDocument(w io.Writer, doc *innsigli.Attachment) error {
	if _, err := io.WriteString(w, `"SignedDocument":"`); err != nil {
		return err
	}
	enc := base64.NewEncoder(base64.StdEncoding, w)
	n, err := doc.WriteTo(enc)
	switch {
	case err != nil:
		return fmt.Errorf("read document: %w", err)
	case n != doc.Size:
		return fmt.Errorf("document has %d bytes instead of %d", n, doc.Size)
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, `",`)
	return err
}

// dashed writes 32 hex digits as a GUID.
func dashed(uid string) string {
	if len(uid) != 32 {
		return uid
	}
	return uid[:8] + "-" + uid[8:12] + "-" + uid[12:16] + "-" + uid[16:20] + "-" + uid[20:]
}
