package pades

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/innsigli/innsigli/pdf"
)

// byteRangeWidth holds "[0 a b c]" with three numbers of ten digits: enough for
// any file this package opens, whatever is appended.
const byteRangeWidth = len("[0 9999999999 9999999999 9999999999]")

// Prepared is a document with everything appended but the signature's bytes.
type Prepared struct {
	doc      *Document
	appended []byte
	from, to int // of <...>, the value of /Contents, within appended
	hash     crypto.Hash
	states   states
	digest   []byte
	finished bool
}

// Prepare appends what the seal brings and a signature that awaits its bytes,
// and hashes the result with SHA-256. The document stays untouched and must stay
// readable until the revision has been written.
func Prepare(ctx context.Context, doc *Document, s Seal) (*Prepared, error) {
	return prepare(ctx, doc, &s, crypto.SHA256)
}

func prepare(ctx context.Context, doc *Document, s *Seal, h crypto.Hash) (*Prepared, error) {
	if err := s.allowed(doc); err != nil {
		return nil, err
	}
	u := doc.Update()
	if err := s.draw(u); err != nil {
		return nil, err
	}
	sig, err := s.sign(doc, u)
	if err != nil {
		return nil, err
	}
	a, err := u.Finish()
	if err != nil {
		return nil, fmt.Errorf("write update: %w", err)
	}
	p := &Prepared{doc: doc, appended: a.Bytes, hash: h}
	at := a.At(sig.ref)
	p.from = at + sig.contents
	p.to = p.from + 2*sig.reserve + 2
	fillByteRange(a.Bytes[at+sig.byteRange:], doc.Size(), p.from, p.to, len(a.Bytes))
	if p.states, err = hashDocument(ctx, doc, h); err != nil {
		return nil, err
	}
	p.digest, err = sum(p.states.sign, p.appended[:p.from], p.appended[p.to:])
	return p, err
}

// fillByteRange writes the range over its placeholder: all but /Contents
// (ISO 32000-1, 12.8.1).
func fillByteRange(at []byte, size int64, from, to, length int) {
	copy(at, fmt.Sprintf("[0 %d %d %d", size+int64(from), size+int64(to), length-to))
}

// placed says where in the signature dictionary's text the open places are.
type placed struct {
	ref                 pdf.Ref
	byteRange, contents int
	reserve             int
}

// sign stages the signature dictionary, its field and what the catalog says of them.
func (s *Seal) sign(doc *Document, u *pdf.Update) (placed, error) {
	p := placed{ref: u.Alloc(), reserve: s.Reserve}
	if p.reserve == 0 {
		p.reserve = DefaultReserve
	}
	u.Put(p.ref, s.dictionary(&p))
	var err error
	if empty := doc.EmptySignatureFields(); doc.Certification() > 0 && len(empty) > 0 {
		err = u.FillSignature(empty[0], p.ref)
	} else {
		err = u.AddSignature(p.ref)
	}
	if err != nil {
		return p, fmt.Errorf("signature field: %w", err)
	}
	if s.Certify > 0 {
		// What else /Perms may hold are usage rights, which end with any change.
		if err := u.EditCatalog(pdf.Edit{Key: "Perms", Value: "<< /DocMDP " + p.ref.String() + " >>"}); err != nil {
			return p, fmt.Errorf("certification: %w", err)
		}
	}
	return p, extension(doc, u)
}

// dictionary writes the signature dictionary (ISO 32000-1, table 252; EN 319
// 142-1, clause 6.3) and notes where the open places are.
func (s *Seal) dictionary(p *placed) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M %s\n", pdf.Date(s.Time))
	for _, e := range []struct{ key, value string }{
		{"Name", s.Name}, {"Reason", s.Reason}, {"Location", s.Location}, {"ContactInfo", s.Contact},
	} {
		if e.value != "" {
			fmt.Fprintf(&b, "/%s %s\n", e.key, pdf.TextString(e.value))
		}
	}
	if s.Certify > 0 {
		fmt.Fprintf(&b, "/Reference [<< /Type /SigRef /TransformMethod /DocMDP"+
			" /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>]\n", s.Certify)
	}
	b.WriteString("/ByteRange ")
	p.byteRange = b.Len()
	b.WriteString("[" + strings.Repeat(" ", byteRangeWidth-2) + "]\n/Contents ")
	p.contents = b.Len()
	b.WriteByte('<')
	b.Write(bytes.Repeat([]byte{'0'}, 2*p.reserve))
	b.WriteString(">\n>>")
	return b.Bytes()
}

// extension declares the use of PAdES below PDF 2.0, where ISO 32000 does not
// know it: developer extension ESIC, level 5, on top of PDF 1.7.
func extension(doc *Document, u *pdf.Update) error {
	if doc.Version() >= "2.0" {
		return nil
	}
	err := u.EditCatalogDict("Extensions", pdf.Edit{Key: "ESIC", Value: "<< /BaseVersion /1.7 /ExtensionLevel 5 >>"})
	if err == nil && doc.Version() < "1.7" && !doc.Signed() {
		err = u.EditCatalog(pdf.Edit{Key: "Version", Value: "/1.7"})
	}
	if err != nil {
		return fmt.Errorf("extension: %w", err)
	}
	return nil
}

// Digest is the hash over all bytes but /Contents, which the signature's
// message-digest attribute holds.
func (p *Prepared) Digest() []byte { return bytes.Clone(p.digest) }

// Reserve is how many bytes the signature may have.
func (p *Prepared) Reserve() int { return (p.to - p.from - 2) / 2 }

// Finish puts the CMS signature in its place. It can be called once.
func (p *Prepared) Finish(cms []byte) (*Revision, error) {
	if p.finished {
		return nil, errors.New("signature is already finished")
	}
	if len(cms) > p.Reserve() {
		return nil, fmt.Errorf("signature of %d bytes exceeds the reserved %d", len(cms), p.Reserve())
	}
	p.finished = true
	hex.Encode(p.appended[p.from+1:], cms)
	total, err := sum(p.states.file, p.appended)
	if err != nil {
		return nil, err
	}
	return &Revision{doc: p.doc, appended: p.appended, sha256: total, states: p.states}, nil
}
