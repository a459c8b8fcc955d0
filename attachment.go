package innsigli

import (
	"io"
	"strings"
)

// Attachment is a document on its way into a message. WriteTo streams it, as often as it is called and every time the
// same bytes; it is never whole in memory and never in clear on disk. Close gives back what it holds.
type Attachment struct {
	Name    string
	Type    string
	Size    int64
	SHA256  string // hex
	WriteTo func(w io.Writer) (int64, error)
	Close   func() error
	// Beside goes along wherever the document goes: the evidence, when it is a file of its own. Close closes it too.
	Beside []Attachment
}

// Files lists the document and what goes along.
func (a Attachment) Files() []Attachment { return append([]Attachment{a}, a.Beside...) }

// AttachmentType says what a file beside a document is, by its number on the wire (facts/wire.md 4.1).
type AttachmentType int

// AttachmentEvidence is the evidence of a document whose own bytes must stay.
const AttachmentEvidence AttachmentType = 10

// String is the name on the wire.
func (t AttachmentType) String() string {
	if t == AttachmentEvidence {
		return "EvidencePage"
	}
	return "Unspecified"
}

// EvidenceText describes the evidence where it stands beside other files.
const EvidenceText = "Evidence of the signing process"

// Reference is a file beside a process's document. Its bytes are encrypted with the process's key and go with it.
type Reference struct {
	Key  AttachmentKey
	Type AttachmentType
	Name string
	Document
}

// References lists the files that can be fetched beside the document.
func (p *Process) References() []Reference {
	if p.State != Completed || p.Evidence.Key == "" {
		return nil
	}
	return []Reference{p.Evidence}
}

// AttachmentURL is the address of a file beside a document: the signee's, or without one the company's.
func AttachmentURL(l Links, p ProcessKey, s SigneeKey, a AttachmentKey) string {
	return strings.TrimSuffix(l.Download(p, s), ".pdf") + "/" + string(a) + ".pdf"
}

// evidenceName names the evidence after its document.
func evidenceName(document string) string {
	return strings.TrimSuffix(document, ".pdf") + ".evidence.pdf"
}
