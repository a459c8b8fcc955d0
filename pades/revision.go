package pades

import (
	"bytes"
	"fmt"
	"io"
)

// Revision is a document with what a signature appended to it. The original's
// bytes are read from where the document was opened when they are needed.
type Revision struct {
	doc      *Document
	appended []byte
	sha256   []byte
	states   states // over the original: later levels go on from here
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
