package pades

import (
	"errors"
	"fmt"
	"time"

	"github.com/innsigli/innsigli/pdf"
)

// DefaultCertify is the certification level of a seal on a fresh document: form
// filling and further signatures stay allowed (ISO 32000-1, table 254).
const DefaultCertify = 2

// DefaultReserve is how many bytes are kept for the signature when nothing else
// is asked for: a chain, the signature itself and a time-stamp.
const DefaultReserve = 16 << 10

// maxReserve keeps a slip from appending a gigabyte of zeros.
const maxReserve = 1 << 20

// ErrSigned is the error for a change to a document that already bears a
// signature: marks, pages, files and a certification would break it.
var ErrSigned = errors.New("document is already signed")

// Seal is what one signature brings into the document with it.
type Seal struct {
	Name, Reason, Location, Contact string
	// Time is the claimed time of signing, in the signature dictionary only.
	Time time.Time
	// Marks are drawn on pages, the pages of Append come behind the last one,
	// Files are embedded.
	Marks  []Mark
	Append []Pages
	Files  []File
	// Certify is the DocMDP level, 1 to 3, of a certification signature; 0
	// makes an approval signature. See DefaultCertify.
	Certify int
	// Field is the full name of the empty signature field to sign in, see
	// [PrepareFields]. "" makes a new invisible field, or takes the first empty
	// one where an earlier signature allows no new ones.
	Field string
	// Appearance is a one-page PDF that the field shows once it is signed; nil
	// leaves what it shows. A field without a rectangle shows nothing.
	Appearance []byte
	// Reserve is the room for the signature in bytes; 0 is DefaultReserve, or
	// what the chain needs if that is more.
	Reserve int
}

// Mark is a page of a small PDF drawn on a page. Lengths are in points of the
// page as displayed, after cropping and rotation; the origin is its lower left
// corner.
type Mark struct {
	Page       int // counted from 1
	X, Y, W, H float64
	Form       []byte
	FormPage   int // page of Form, counted from 1; 0 is the first
}

// Pages are those of a small PDF from one on. What the pages of one file share,
// fonts above all, is copied once, whether they become marks or pages.
type Pages struct {
	File []byte
	From int // counted from 1; 0 is the first
}

// File is a file to embed as an associated file.
type File struct {
	Name, MIME, Description string
	// Relationship is Source, Data, Alternative, Supplement or Unspecified.
	Relationship string
	Data         []byte
	Modified     time.Time
}

// allowed checks a seal against what earlier signatures permit, and finds the
// field to sign in; nil is a new one.
func (s *Seal) allowed(doc *Document) (*pdf.SignatureField, error) {
	if s.Certify < 0 || s.Certify > 3 {
		return nil, fmt.Errorf("certification level %d is unknown", s.Certify)
	}
	if s.Reserve < 0 || s.Reserve > maxReserve {
		return nil, fmt.Errorf("reserve of %d bytes is out of range", s.Reserve)
	}
	if doc.Certification() == 1 {
		return nil, pdf.Refuse(pdf.Certified, "no changes allowed")
	}
	if doc.Signed() && (len(s.Marks) > 0 || len(s.Append) > 0 || len(s.Files) > 0 || s.Certify != 0) {
		return nil, ErrSigned
	}
	return fieldFor(doc, s.Field)
}

// draw brings the visible parts and the files into the update.
func (s *Seal) draw(u *pdf.Update) error {
	from := importer{u: u, seen: map[*byte][]pdf.Form{}}
	if err := s.drawMarks(u, from); err != nil {
		return err
	}
	for i, p := range s.Append {
		forms, err := from.pages(p.File, p.From)
		if err != nil {
			return fmt.Errorf("append document %d: %w", i+1, err)
		}
		for _, f := range forms {
			if _, err := u.AppendPage(f); err != nil {
				return fmt.Errorf("append document %d: %w", i+1, err)
			}
		}
	}
	for i := range s.Files {
		f := &s.Files[i]
		err := u.Attach(pdf.File{
			Name: f.Name, MIME: f.MIME, Description: f.Description,
			Relationship: f.Relationship, Data: f.Data, Modified: f.Modified,
		})
		if err != nil {
			return fmt.Errorf("embed file %d: %w", i+1, err)
		}
	}
	return nil
}

func (s *Seal) drawMarks(u *pdf.Update, from importer) error {
	var pages []int
	marks := map[int][]pdf.Placement{}
	for i := range s.Marks {
		m := &s.Marks[i]
		forms, err := from.pages(m.Form, m.FormPage)
		if err != nil {
			return fmt.Errorf("mark %d: %w", i+1, err)
		}
		if marks[m.Page] == nil {
			pages = append(pages, m.Page)
		}
		marks[m.Page] = append(marks[m.Page], pdf.Placement{Form: forms[0], X: m.X, Y: m.Y, W: m.W, H: m.H})
	}
	for _, n := range pages {
		if err := u.Draw(n, marks[n]); err != nil {
			return fmt.Errorf("mark page %d: %w", n, err)
		}
	}
	return nil
}

// importer copies each file once. Files are told apart by where they lie: a
// hundred marks in one file are not worth a hundred hashes of it.
type importer struct {
	u    *pdf.Update
	seen map[*byte][]pdf.Form
}

// pages gives the pages of a file from one on, at least one.
func (i importer) pages(file []byte, from int) ([]pdf.Form, error) {
	if len(file) == 0 {
		return nil, errors.New("nothing to draw")
	}
	forms, ok := i.seen[&file[0]]
	if !ok {
		var err error
		if forms, err = i.u.ImportPages(file); err != nil {
			return nil, err
		}
		i.seen[&file[0]] = forms
	}
	if from = max(from, 1); from > len(forms) {
		return nil, fmt.Errorf("page %d of %d to draw", from, len(forms))
	}
	return forms[from-1:], nil
}
