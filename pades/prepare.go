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
	into, err := s.allowed(doc)
	if err != nil {
		return nil, err
	}
	u := doc.Update()
	if err := s.draw(u); err != nil {
		return nil, err
	}
	sig, err := s.sign(doc, u, into)
	if err != nil {
		return nil, err
	}
	return sig.prepare(ctx, doc, u, h)
}

// prepare finishes the update that holds the signature dictionary, and hashes.
func (sig *placed) prepare(ctx context.Context, doc *Document, u *pdf.Update, h crypto.Hash) (*Prepared, error) {
	a, err := u.Finish()
	if err != nil {
		return nil, fmt.Errorf("write update: %w", err)
	}
	p := &Prepared{doc: doc, appended: a.Bytes}
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

// open writes the places that are filled later, and the dictionary's end.
func (sig *placed) open(b *bytes.Buffer) []byte {
	b.WriteString("/ByteRange ")
	sig.byteRange = b.Len()
	b.WriteString("[" + strings.Repeat(" ", byteRangeWidth-2) + "]\n/Contents ")
	sig.contents = b.Len()
	b.Grow(2*sig.reserve + 8)
	b.WriteByte('<')
	b.Write(bytes.Repeat([]byte{'0'}, 2*sig.reserve))
	b.WriteString(">\n>>")
	return b.Bytes()
}

// sign stages the signature dictionary, its field and what the catalog says of
// them. into is the field to sign in, nil makes a new one.
func (s *Seal) sign(doc *Document, u *pdf.Update, into *pdf.SignatureField) (placed, error) {
	sig := placed{ref: u.Alloc(), reserve: s.Reserve}
	if sig.reserve == 0 {
		sig.reserve = DefaultReserve
	}
	var lock *pdf.Lock
	if into != nil {
		lock = into.Lock
	}
	u.Put(sig.ref, s.dictionary(doc, &sig, lock))
	if err := s.field(u, into, sig.ref); err != nil {
		return sig, fmt.Errorf("signature field: %w", err)
	}
	if s.Certify > 0 {
		// What else /Perms may hold are usage rights, which end with any change.
		if err := u.EditCatalog(pdf.Edit{Key: "Perms", Value: "<< /DocMDP " + sig.ref.String() + " >>"}); err != nil {
			return sig, fmt.Errorf("certification: %w", err)
		}
	}
	return sig, extension(doc, u)
}

// field gives the signature its field.
func (s *Seal) field(u *pdf.Update, into *pdf.SignatureField, sig pdf.Ref) error {
	if into == nil {
		return u.AddField(pdf.NewField{Value: sig})
	}
	var form pdf.Form
	if s.Appearance != nil {
		var err error
		if form, err = u.ImportPage(s.Appearance, 1); err != nil {
			return err
		}
	}
	return u.FillSignature(into.Ref, sig, form)
}

// dictionary writes the signature dictionary (ISO 32000-1, table 252; EN 319
// 142-1, clause 6.3) and notes where the open places are.
func (s *Seal) dictionary(doc *Document, sig *placed, lock *pdf.Lock) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M %s\n", pdf.Date(s.Time))
	for _, e := range []struct{ key, value string }{
		{"Name", s.Name}, {"Reason", s.Reason}, {"Location", s.Location}, {"ContactInfo", s.Contact},
	} {
		if e.value != "" {
			fmt.Fprintf(&b, "/%s %s\n", e.key, pdf.TextString(e.value))
		}
	}
	var refs []string
	if s.Certify > 0 {
		refs = append(refs, fmt.Sprintf("<< /Type /SigRef /TransformMethod /DocMDP"+
			" /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>", s.Certify))
	}
	if lock != nil {
		refs = append(refs, fieldMDP(doc, lock))
	}
	if refs != nil {
		fmt.Fprintf(&b, "/Reference [%s]\n", strings.Join(refs, " "))
	}
	return sig.open(&b)
}

// fieldMDP repeats what the field's lock says, as signing a field with a lock
// must (ISO 32000-1, table 233 and 12.8.2.4).
func fieldMDP(doc *Document, l *pdf.Lock) string {
	action, fields := l.Action, ""
	if action != "Include" && action != "Exclude" {
		action = "All"
	} else {
		var names []string
		for _, f := range l.Fields {
			names = append(names, pdf.TextString(f))
		}
		fields = " /Fields [" + strings.Join(names, " ") + "]"
	}
	return fmt.Sprintf("<< /Type /SigRef /TransformMethod /FieldMDP /Data %s"+
		" /TransformParams << /Type /TransformParams /Action /%s%s /V /1.2 >> >>", doc.Root(), string(action), fields)
}

// extension declares the use of PAdES below PDF 2.0, where ISO 32000 does not
// know it: developer extension ESIC, level 5, on top of PDF 1.7.
func extension(doc *Document, u *pdf.Update) error {
	if doc.Version() >= "2.0" {
		return nil
	}
	have, err := u.CatalogDict("Extensions")
	if err == nil && !have.Has("ESIC") {
		err = u.EditCatalogDict("Extensions", pdf.Edit{Key: "ESIC", Value: "<< /BaseVersion /1.7 /ExtensionLevel 5 >>"})
	}
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

// Finish puts the CMS signature in its place, with its time-stamp if [Stamp] gave
// it one. It can be called once.
func (p *Prepared) Finish(cms []byte) (*Revision, error) {
	if p.finished {
		return nil, errors.New("signature is already finished")
	}
	if len(cms) > p.Reserve() {
		return nil, fmt.Errorf("signature of %d bytes exceeds the reserved %d", len(cms), p.Reserve())
	}
	p.finished = true
	hex.Encode(p.appended[p.from+1:], cms)
	return revise(p.doc, p.states, p.appended)
}
