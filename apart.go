package innsigli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/innsigli/innsigli/pades"
)

// Evidence apart: a document that bore signatures when it came keeps its bytes. It gets no marks and no pages, only an
// approval seal, or none where its author forbids one, and its evidence is a sealed file of its own that names it
// (design/decisions.md 5, facts/standards.md 3.5).

// apartEvidence is that file.
type apartEvidence struct {
	sealedFile
	reached
	pages int
}

// sealApart seals a document that bears signatures, and its evidence.
func (s *Service) sealApart(ctx context.Context, from BlobReader, doc *pades.Document, ev Evidence, signer pades.Signer) (*sealedRevision, error) {
	final, made, level, err := s.approve(ctx, from, doc, ev, signer)
	if err != nil {
		return nil, err
	}
	apart, err := s.evidenceFor(ctx, ev, final, made, from.Size(), signer)
	if err != nil {
		return nil, err
	}
	return &sealedRevision{sealedFile: final, reached: level, from: from, pages: made.PageCount(), apart: apart}, nil
}

// evidenceFor makes the evidence that goes with a file which is not changed any more after it.
func (s *Service) evidenceFor(ctx context.Context, ev Evidence, final sealedFile, made *pades.Document, intake int64, signer pades.Signer) (*apartEvidence, error) {
	var err error
	ev.Document.AlreadySigned = true
	ev.Document.Final = &EvidenceFile{SHA256: hexOf(final.SHA256()), Size: final.Size()}
	if ev.Document.Revisions, err = revisionsOf(ctx, final, made, intake); err != nil {
		return nil, fmt.Errorf("hash revisions: %w", err)
	}
	return s.evidenceApart(ctx, ev, signer)
}

// evidenceAgain makes the evidence of a completed process anew, for the document as it is now.
func (s *Service) evidenceAgain(ctx context.Context, f Facts, final sealedFile, made *pades.Document) (*apartEvidence, error) {
	key, chain, err := s.Sealer.Seal(ctx)
	if err != nil {
		return nil, err
	}
	ev, err := s.evidence(ctx, f, outcomeCompleted)
	if err != nil {
		return nil, err
	}
	ev.Seal = evidenceSeal(chain[0])
	return s.evidenceFor(ctx, ev, final, made, f.Process.Document.Size, pades.Signer{Key: key, Chain: chain})
}

// approve adds an approval seal. A document whose author allows no further signature stays as it is: that its evidence
// is sealed and names it has to do.
func (s *Service) approve(ctx context.Context, from BlobReader, doc *pades.Document, ev Evidence, signer pades.Signer) (sealedFile, *pades.Document, reached, error) {
	rev, made, level, err := s.sign(ctx, doc, pades.Seal{}, sealReason(ev.Outcome), signer)
	if _, refused := errors.AsType[*pades.Refusal](err); !refused {
		return rev, made, level, err
	}
	same, err := unchanged(ctx, from)
	return same, doc, reached{}, err
}

// evidenceApart draws the evidence as a document and seals it.
func (s *Service) evidenceApart(ctx context.Context, ev Evidence, signer pades.Signer) (*apartEvidence, error) {
	pages, err := s.Paper.Draw(nil, ev)
	if err != nil {
		return nil, fmt.Errorf("draw evidence: %w", err)
	}
	doc, err := pades.Open(bytes.NewReader(pages), int64(len(pages)))
	if err != nil {
		return nil, fmt.Errorf("open evidence: %w", err)
	}
	file, err := evidenceFile(ev, s.Now())
	if err != nil {
		return nil, err
	}
	rev, made, level, err := s.sign(ctx, doc, pades.Seal{Files: []pades.File{file}, Certify: pades.DefaultCertify}, sealReason(ev.Outcome), signer)
	if err != nil {
		return nil, fmt.Errorf("seal evidence: %w", err)
	}
	return &apartEvidence{sealedFile: rev, reached: level, pages: made.PageCount()}, nil
}

// keepApart writes the evidence into the blob store, when it is a file of its own.
func (s *Service) keepApart(ctx context.Context, f Facts, apart *apartEvidence, key DataKey) (*Reference, error) {
	if apart == nil {
		return nil, nil //nolint:nilnil // the evidence is in the document
	}
	d, err := s.keep(ctx, apart, key)
	if err != nil {
		return nil, err
	}
	d.Pages, d.Level, d.Pending = apart.pages, apart.level, apart.pending != nil
	return &Reference{Key: NewAttachmentKey(), Type: AttachmentEvidence, Name: evidenceName(f.Process.FileName), Document: d}, nil
}

// attachment is the evidence on its way into a message.
func (a *apartEvidence) attachment(document string) Attachment {
	return Attachment{
		Name: evidenceName(document), Type: "application/pdf", Size: a.Size(), SHA256: hexOf(a.SHA256()),
		WriteTo: a.WriteTo, Close: func() error { return nil },
	}
}

// beside lets a file go along with a document, and be closed with it.
func beside(doc, file Attachment) Attachment {
	closeDoc := doc.Close
	doc.Beside = append(doc.Beside, file)
	doc.Close = func() error { return errors.Join(closeDoc(), file.Close()) }
	return doc
}

// sameBytes is a document that stays as it came.
type sameBytes struct {
	*io.SectionReader
	sum []byte
}

func unchanged(ctx context.Context, from BlobReader) (*sameBytes, error) {
	sums, err := hashAt(ctx, from, []int64{from.Size()})
	if err != nil {
		return nil, err
	}
	return &sameBytes{io.NewSectionReader(from, 0, from.Size()), sums[0]}, nil
}

// WriteTo writes all of it, whatever was read before.
func (b *sameBytes) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, io.NewSectionReader(b.SectionReader, 0, b.Size()))
}

func (b *sameBytes) SHA256() []byte { return bytes.Clone(b.sum) }

// revisionsOf lists the beginnings of a file that were files of their own, by their hashes. intake is the size of the
// one that came: where lines end it may have been cut before the end of the last one.
func revisionsOf(ctx context.Context, file sealedFile, doc *pades.Document, intake int64) ([]EvidenceFile, error) {
	revisions, err := doc.Revisions()
	if err != nil {
		return nil, err
	}
	var ends []int64
	add := func(end int64) {
		if len(ends) == 0 || ends[len(ends)-1] < end {
			ends = append(ends, end)
		}
	}
	for _, r := range revisions {
		if end := min(r.Line, file.Size()); r.Ends(intake) || end < intake {
			add(min(end, intake))
		} else {
			add(max(end, intake))
		}
	}
	add(file.Size())
	sums, err := hashAt(ctx, file, ends)
	if err != nil {
		return nil, err
	}
	out := make([]EvidenceFile, len(ends))
	for i, end := range ends {
		out[i] = EvidenceFile{SHA256: hex.EncodeToString(sums[i]), Size: end}
	}
	return out, nil
}

// hashAt reads a file once and gives the SHA-256 of its beginnings, whose ends rise.
func hashAt(ctx context.Context, r io.ReaderAt, ends []int64) ([][]byte, error) {
	h, at := sha256.New(), int64(0)
	var out [][]byte
	for _, end := range ends {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := io.Copy(h, io.NewSectionReader(r, at, end-at)); err != nil {
			return nil, err
		}
		at = end
		out = append(out, h.Sum(nil))
	}
	return out, nil
}
