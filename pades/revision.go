package pades

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"io"
	"slices"

	"github.com/innsigli/innsigli/pdf"
)

// Revision is a document with what was appended to it. The original's bytes are
// read from where the document was opened when they are needed. A revision can be
// opened again with [Open]: what is appended then becomes a further revision of
// the same original, and nothing is hashed twice.
type Revision struct {
	doc      *Document
	appended []byte
	states   states // over the whole file: later revisions go on from here
	sha256   []byte
}

// revise appends to a document whose bytes, without what is appended, are hashed.
// What could not be opened again is refused.
func revise(doc *Document, s states, appended []byte) (*Revision, error) {
	if size := doc.Size() + int64(len(appended)); size > pdf.MaxFileSize {
		return nil, pdf.Refuse(pdf.TooLarge, fmt.Sprintf("%d bytes once signed", size))
	}
	next, err := s.onward(appended)
	if err != nil {
		return nil, err
	}
	r := &Revision{doc: doc, appended: appended, states: next, sha256: next.file.Sum(nil)}
	if before, ok := doc.Source().(*Revision); ok && before.Size() == doc.Size() {
		r.doc, r.appended = before.doc, slices.Concat(before.appended, appended)
	}
	return r, nil
}

// update finishes an update that brings no signature.
func update(ctx context.Context, doc *Document, u *pdf.Update) (*Revision, error) {
	a, err := u.Finish()
	if err != nil {
		return nil, fmt.Errorf("write update: %w", err)
	}
	s, err := hashDocument(ctx, doc, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return revise(doc, s, a.Bytes)
}

// unchanged is a document to which nothing is appended.
func unchanged(ctx context.Context, doc *Document) (*Revision, error) {
	s, err := hashDocument(ctx, doc, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return revise(doc, s, nil)
}

// open opens a revision as a document.
func (r *Revision) open() (*Document, error) {
	doc, err := Open(r, r.Size())
	if err != nil {
		return nil, fmt.Errorf("read revision: %w", err)
	}
	return doc, nil
}

// Size is the length of the whole file in bytes.
func (r *Revision) Size() int64 { return r.doc.Size() + int64(len(r.appended)) }

// SHA256 is the hash of the whole file.
func (r *Revision) SHA256() []byte { return bytes.Clone(r.sha256) }

// Appended is how many bytes follow the original's.
func (r *Revision) Appended() int { return len(r.appended) }

// WriteTo streams the original's bytes and then the appended ones.
func (r *Revision) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, io.NewSectionReader(r.doc, 0, r.doc.Size()))
	if err != nil {
		return n, fmt.Errorf("write original: %w", err)
	}
	if n != r.doc.Size() {
		return n, fmt.Errorf("write original: %w", io.ErrUnexpectedEOF)
	}
	m, err := w.Write(r.appended)
	if err != nil {
		return n + int64(m), fmt.Errorf("write signature: %w", err)
	}
	return n + int64(m), nil
}

// ReadAt makes a revision a document's source, so that it can be opened again
// without having been written anywhere.
func (r *Revision) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < r.doc.Size() {
		part := p[:min(int64(len(p)), r.doc.Size()-off)]
		m, err := r.doc.ReadAt(part, off)
		if m < len(part) {
			return m, err
		}
		n = m
	}
	if n == len(p) {
		return n, nil
	}
	m, err := bytes.NewReader(r.appended).ReadAt(p[n:], off+int64(n)-r.doc.Size())
	return n + m, err
}
