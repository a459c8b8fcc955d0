// Package pades seals PDF documents with PAdES baseline signatures (ETSI EN 319
// 142-1), levels B-B to B-LTA.
//
// [SignTo] does all with a key at hand and goes as high as the services let it;
// [Raise] goes on later. The steps are usable alone, and each appends one
// revision: [Sign] makes level B-B, [Stamp] puts a time-stamp into a signature
// before it is finished (B-T), [Extend] stores what proves the certificates
// (B-LT), [Archive] closes all with a document time-stamp (B-LTA).
//
// A key elsewhere takes three steps: [Prepare] appends everything but the
// signature, [Prepared.Digest] is what to sign over, [Prepared.Finish] puts the
// signature in its place. When several people sign, [PrepareFields] makes a field
// for each before the first does.
//
// The document is streamed through the hash once; the hash's state goes along from
// revision to revision, so that what is appended later never reads it again.
package pades

import (
	"io"

	"github.com/innsigli/innsigli/pdf"
)

// Document is an opened PDF document.
type Document = pdf.Document

// Refusal is the error for a document that cannot be handled.
type Refusal = pdf.Refusal //nolint:errname // the trade's word for it

// MaxFileSize is the most bytes that a document may have, with what is appended to it; see [pdf.MaxFileSize].
const MaxFileSize = pdf.MaxFileSize

// Open opens a document of size bytes; see [pdf.Open].
func Open(r io.ReaderAt, size int64) (*Document, error) { return pdf.Open(r, size) }
