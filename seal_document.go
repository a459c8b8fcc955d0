package innsigli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli/pades"
)

// SealRequest seals a document of a company with the server's seal, without anybody who signs. Members are those of the
// public API (facts/wire.md 1.6).
type SealRequest struct {
	Flow     FlowKey
	Reason   string   // may be empty
	Language Language // of the mark; LangNotSet is Icelandic, as the public API has it
	AllPages bool     // a mark on every page instead of the first
}

// SealedDocument is a document on its way back to the company that had it sealed. Close erases what was kept for it.
type SealedDocument struct {
	Attachment

	Seals   int // marks, or 1 where nothing may be drawn
	Level   Level
	Pending bool // the level is below the one wanted, and nobody will raise it: the document is not kept
}

// SealDocument seals a document as it came, byte for byte, with what the seal adds behind it: a visible mark and a
// certification. One that bears signatures gets an approval seal and no mark. up holds the document; the caller aborts it
// in any case. Nothing is kept, neither the document nor that there was one.
// Errors: Invalid with every member that is wrong, TooLarge.
func (s *Service) SealDocument(ctx context.Context, c Caller, r SealRequest, up *Upload) (*SealedDocument, error) {
	if err := s.checkSealing(ctx, c, &r, up); err != nil {
		return nil, err
	}
	rev, seals, err := s.sealUpload(ctx, c, r, up)
	if err != nil {
		s.discard(ctx, err, up)
		return nil, refusedDocument(err)
	}
	if rev.pending != nil {
		s.Log.Warn("sealed below the level wanted, and not kept", "level", LevelName(rev.level), "cause", rev.pending.Error())
	}
	return &SealedDocument{
		Attachment: Attachment{
			Name: "sealed.pdf", Type: "application/pdf", Size: rev.Size(), SHA256: hexOf(rev.SHA256()), WriteTo: rev.WriteTo,
			Close: func() error {
				err := rev.close()
				s.discard(ctx, nil, up)
				return err
			},
		},
		Seals: seals, Level: rev.level, Pending: rev.pending != nil,
	}, nil
}

// checkSealing finds everything that is wrong with a request.
func (s *Service) checkSealing(ctx context.Context, c Caller, r *SealRequest, up *Upload) error {
	var bad fieldErrors
	if up == nil || up.n == 0 {
		bad.add("pdfDocument", "NotEmpty", "pdfDocument is required.")
	}
	checkText(&bad, "reason", r.Reason, MaxReasonRunes)
	if r.Language == LangNotSet {
		r.Language = LangIs
	}
	if _, err := s.flow(ctx, c, r.Flow, &bad); err != nil {
		return err
	}
	return bad.err()
}

// sealUpload keeps the document, encrypted under a key that is in memory only, as long as it takes to seal it and to hand
// it over.
func (s *Service) sealUpload(ctx context.Context, c Caller, r SealRequest, up *Upload) (*sealedRevision, int, error) {
	if err := up.w.Commit(ctx); err != nil {
		return nil, 0, fmt.Errorf("keep document: %w", err)
	}
	up.blobs = append(up.blobs, up.w.ID())
	from, err := s.Blobs.Open(ctx, up.w.ID(), up.key)
	if err != nil {
		return nil, 0, fmt.Errorf("open upload: %w", err)
	}
	rev, seals, err := s.sealAsItIs(ctx, c, r, from)
	if err != nil {
		return nil, 0, errors.Join(err, from.Close())
	}
	return rev, seals, nil
}

func (s *Service) sealAsItIs(ctx context.Context, c Caller, r SealRequest, from BlobReader) (*sealedRevision, int, error) {
	doc, err := pades.Open(from, from.Size())
	if err != nil {
		return nil, 0, err
	}
	if err := checkQuiet(doc); err != nil {
		return nil, 0, err
	}
	key, chain, err := s.Sealer.Seal(ctx)
	if err != nil {
		return nil, 0, err
	}
	var what pades.Seal
	seals := 1
	if !doc.Signed() {
		what.Certify = pades.DefaultCertify
		if what.Marks, err = s.sealMarks(doc, c.Company, r, chain[0]); err != nil {
			return nil, 0, err
		}
		seals = len(what.Marks)
	}
	rev, _, level, err := s.sign(ctx, doc, what, r.Reason, pades.Signer{Key: key, Chain: chain})
	if err != nil {
		return nil, 0, err
	}
	return &sealedRevision{sealedFile: rev, reached: level, from: from}, seals, nil
}

// checkQuiet refuses a document that does something by itself: it could show something else than what was sealed.
func checkQuiet(doc *pades.Document) error {
	_, found, err := doc.Disarm(false, false)
	if err == nil && found.Active > 0 {
		err = pades.Refuse(pades.ActiveContent, fmt.Sprintf("%d actions", found.Active))
	}
	return err
}

// sealMarks draws the company's mark for the first page or for all: one drawing a style, since small pages want a
// smaller one.
func (s *Service) sealMarks(doc *pades.Document, c Company, r SealRequest, cert *x509.Certificate) ([]pades.Mark, error) {
	last := 1
	if r.AllPages {
		last = doc.PageCount()
	}
	var marks []Mark
	var places []pades.Mark
	drawn := map[MarkStyle]int{}
	for n := 1; n <= last; n++ {
		page, err := doc.Page(n)
		if err != nil {
			return nil, fmt.Errorf("page for the seal: %w", err)
		}
		w, h := page.Size()
		style, at := placeMarks(1, PageSize{w, h}, TopFirstPage)
		if len(at) == 0 {
			return nil, fmt.Errorf("page %d of %v × %v points has no room for the seal", n, w, h)
		}
		if drawn[style] == 0 {
			marks = append(marks, s.sealMark(c, r, cert, style))
			drawn[style] = len(marks)
		}
		places = append(places, pades.Mark{Page: n, X: at[0].X, Y: at[0].Y, W: at[0].W, H: at[0].H, FormPage: drawn[style]})
	}
	file, err := s.Paper.DrawMarks(marks)
	if err != nil {
		return nil, fmt.Errorf("draw the seal: %w", err)
	}
	for i := range places {
		places[i].Form = file
	}
	return places, nil
}

func (s *Service) sealMark(c Company, r SealRequest, cert *x509.Certificate, style MarkStyle) Mark {
	m := Mark{Style: style, Seal: true, Name: c.Name, Contact: c.Email, Reason: r.Reason, At: s.Now(), Language: r.Language}
	if cert.Subject.CommonName != c.Name {
		m.Code = cert.Subject.CommonName
	}
	return m
}
