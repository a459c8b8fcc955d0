// Package pades seals PDF documents with PAdES baseline signatures (ETSI EN 319
// 142-1): level B-B now, with the seams for the levels above it.
//
// [Sign] does all with a key at hand. A key elsewhere takes three steps:
// [Prepare] appends everything but the signature, [Prepared.Digest] is what to
// sign over, [Prepared.Finish] puts the signature in its place. The document is
// streamed through the hash once; the hash's state goes along, so that what is
// appended later never reads it again.
package pades

import (
	"io"

	"github.com/innsigli/innsigli/pdf"
)

// Document is an opened PDF document.
type Document = pdf.Document

// Refusal is the error for a document that cannot be handled.
type Refusal = pdf.Refusal //nolint:errname // the trade's word for it

// Open opens a document of size bytes; see [pdf.Open].
func Open(r io.ReaderAt, size int64) (*Document, error) { return pdf.Open(r, size) }
