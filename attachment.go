package innsigli

import (
	"io"
	"path"
	"slices"
	"strings"
	"time"
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
	// Signee is who brought it, when that was a signee: others than this person and the company do not get it.
	Signee SigneeKey
	// Beside goes along wherever the document goes: attachments, and the evidence when it is a file of its own. Close
	// closes it too.
	Beside []Attachment
}

// Files lists the document and what goes along to the company.
func (a Attachment) Files() []Attachment { return append([]Attachment{a}, a.Beside...) }

// FilesFor lists the document and what goes along to a person who is these signees.
func (a Attachment) FilesFor(is func(SigneeKey) bool) []Attachment {
	out := []Attachment{a}
	for _, b := range a.Beside {
		if b.Signee == "" || is(b.Signee) {
			out = append(out, b)
		}
	}
	return out
}

// AttachmentType says what a file beside a document is, by its number on the wire (facts/wire.md 4.1).
type AttachmentType int

// AttachmentEvidence is the evidence of a document whose own bytes must stay. Only the server makes it.
const AttachmentEvidence AttachmentType = 10

var attachmentTypeNames = map[AttachmentType]string{
	0: "Unspecified", AttachmentEvidence: "EvidencePage", 20: "PepPdf", 30: "PepJson", 40: "Verification", 50: "XmlForSealing",
	60: "VerificationMedia", 70: "CompanyInfo",
}

// String is the name on the wire.
func (t AttachmentType) String() string {
	if n, ok := attachmentTypeNames[t]; ok {
		return n
	}
	return attachmentTypeNames[0]
}

// ParseAttachmentType reads a name in any letter case, or a number.
func ParseAttachmentType(s string) (AttachmentType, bool) {
	for t, n := range attachmentTypeNames {
		if strings.EqualFold(n, s) || s == itoa(int(t)) {
			return t, true
		}
	}
	return 0, false
}

// EvidenceText describes the evidence where it stands beside other files.
const EvidenceText = "Evidence of the signing process"

// Reference is a file beside a process's document. Its bytes are encrypted with the process's key and go with it.
type Reference struct {
	Key  AttachmentKey
	Type AttachmentType
	Name string
	Document
	// Signee is who brought the file; empty for the sender's, which all signees may read, and for the evidence.
	Signee SigneeKey
	About  string // what whoever brought it says about it
	At     time.Time
}

// Description is what the file is said to be.
func (r Reference) Description() string {
	if r.Type == AttachmentEvidence {
		return EvidenceText
	}
	return r.About
}

// contentTypes are the types that files are handed out with, by the ending of their name. What could run in a browser is
// not among them, whatever its sender called it.
var contentTypes = map[string]string{
	".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".json": "application/json",
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp",
	".tif": "image/tiff", ".tiff": "image/tiff", ".zip": "application/zip", ".xml": "application/xml",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
	".mp4": "video/mp4", ".webm": "video/webm", ".mp3": "audio/mpeg",
}

// ContentType is what the file is handed out as: by its name alone, since what its sender declares cannot be trusted.
func (r Reference) ContentType() string {
	if t, ok := contentTypes[strings.ToLower(path.Ext(r.Name))]; ok {
		return t
	}
	return "application/octet-stream"
}

// References lists the files that can be fetched beside the document: nothing once the process has ended.
func (p *Process) References() []Reference {
	if p.State.Ended() {
		return nil
	}
	out := slices.Clip(p.Attachments)
	if p.State == Completed && p.Evidence.Key != "" {
		out = append(out, p.Evidence)
	}
	return out
}

// ReferencesFor lists those that a signee may see: the sender's, the signee's own and the evidence.
func (p *Process) ReferencesFor(k SigneeKey) []Reference {
	var out []Reference
	for _, r := range p.References() {
		if r.Signee == "" || r.Signee == k {
			out = append(out, r)
		}
	}
	return out
}

// AttachmentURL is the address of a file beside a document: the signee's, or without one the company's.
func AttachmentURL(l Links, p ProcessKey, s SigneeKey, r Reference) string {
	if r.Type != AttachmentEvidence {
		return l.Attachment(p, r.Key, r.Name)
	}
	return strings.TrimSuffix(l.Download(p, s), ".pdf") + "/" + string(r.Key) + ".pdf"
}

// evidenceName names the evidence after its document.
func evidenceName(document string) string {
	return strings.TrimSuffix(document, ".pdf") + ".evidence.pdf"
}
