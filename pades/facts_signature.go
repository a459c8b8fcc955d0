package pades

import (
	"bytes"
	"crypto"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// read takes what the signature dictionary and its field say (ISO 32000-2, tables 255 and 235).
func (s *sigFacts) read(holder pdf.Ref, field *pdf.Dict) error {
	s.digests = map[crypto.Hash][]byte{}
	v, err := s.doc.Resolve(s.dict.Get("SubFilter"))
	if err != nil {
		return err
	}
	s.subFilter, _ = v.(pdf.Name)
	s.twice, _ = s.dict.Twice()
	if v, err = s.doc.Resolve(s.dict.Get("M")); err != nil {
		return err
	}
	if m, ok := v.(pdf.String); ok {
		s.claimed, s.hasTime = parseDate(string(m))
	}
	// Range and contents must stand in the dictionary itself: behind a reference they
	// could be exchanged.
	if list, ok := s.dict.Get("ByteRange").(pdf.Array); ok {
		for _, x := range list {
			n, ok := x.(int)
			if !ok {
				s.byteRange = nil
				break
			}
			s.byteRange = append(s.byteRange, int64(n))
		}
	}
	contents, ok := s.dict.Get("Contents").(pdf.String)
	if ok {
		s.contents = []byte(contents)
		s.from, s.to, s.placed = s.doc.Place(holder, s.dict, "Contents")
	}
	if err := s.references(); err != nil {
		return err
	}
	lock, err := s.doc.Dict(field.Get("Lock"))
	if err != nil {
		return err
	}
	if p, ok := lock.Get("P").(int); ok && p >= 1 && p <= 3 {
		s.restrict(p)
	}
	return nil
}

// restrict keeps the strictest level.
func (s *sigFacts) restrict(p int) {
	if s.docMDP == 0 || p < s.docMDP {
		s.docMDP = p
	}
}

// references reads DocMDP and FieldMDP (ISO 32000-2, tables 256 to 259).
func (s *sigFacts) references() error {
	refs, err := s.doc.Array(s.dict.Get("Reference"))
	if err != nil {
		return err
	}
	for _, r := range refs {
		ref, err := s.doc.Dict(r)
		if err != nil {
			return err
		}
		parms, err := s.doc.Dict(ref.Get("TransformParams"))
		if err != nil {
			return err
		}
		switch ref.Get("TransformMethod") {
		case pdf.Name("DocMDP"):
			s.certifies = true
			p, ok := parms.Get("P").(int)
			if !ok || p < 1 || p > 3 {
				p = DefaultCertify
			}
			s.restrict(p)
		case pdf.Name("FieldMDP"):
			l := &pdf.Lock{}
			l.Action, _ = parms.Get("Action").(pdf.Name)
			list, err := s.doc.Array(parms.Get("Fields"))
			if err != nil {
				return err
			}
			for _, x := range list {
				if t, ok := x.(pdf.String); ok {
					l.Fields = append(l.Fields, pdf.DecodeText(t))
				}
			}
			s.lock = l
		}
	}
	return nil
}

// cover judges the range: [0 a b c], where what is left out is exactly the text of
// /Contents, up to the end of a revision. Only then end is set.
func (s *sigFacts) cover(revisions []pdf.Revision, size int64) {
	if !s.rangeFits(size) {
		return
	}
	s.end = s.byteRange[2] + s.byteRange[3]
	for i, r := range revisions {
		if r.Ends(s.end) {
			s.revision = i + 1
		}
	}
}

// rangeForm: the form of the range alone.
func (s *sigFacts) rangeForm() bool {
	b := s.byteRange
	return len(b) == 4 && b[0] == 0 && b[1] > 0 && b[2] > b[1] && b[3] > 0
}

func (s *sigFacts) rangeFits(size int64) bool {
	b := s.byteRange
	return s.rangeForm() && s.placed && b[1] == s.from && b[2] == s.to && b[2] <= size && b[3] <= size-b[2]
}

// bareContents sees to it that the hole is "<", hexadecimal digits and ">", nothing else.
func (s *sigFacts) bareContents(r io.ReaderAt) error {
	if !s.placed || s.to-s.from > pdf.MaxObjectSource {
		return nil
	}
	b := make([]byte, s.to-s.from)
	if n, err := r.ReadAt(b, s.from); n < len(b) {
		return fmt.Errorf("read signature: %w", err)
	}
	if len(b) < 2 || b[0] != '<' || b[len(b)-1] != '>' || len(b)%2 != 0 {
		return nil
	}
	s.bare = !slices.ContainsFunc(b[1:len(b)-1], func(c byte) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F')
	})
	return nil
}

// parse reads the CMS signature or token.
func (s *sigFacts) parse() {
	switch s.subFilter {
	case subFilterStamp:
		s.token, s.sigErr = cms.ParseToken(s.contents)
	case subFilterCAdES, subFilterPKCS7, subFilterSHA1:
		// Programs with NSS write indefinite lengths, which readers take though ISO 32000
		// does not.
		if der, err := cms.Definite(s.contents); err == nil && len(s.contents) > 1 && s.contents[1] == 0x80 {
			s.contents, s.ber = der, true
		}
		parse := cms.ParseOld
		if s.subFilter == subFilterCAdES {
			parse = cms.Parse
		}
		if s.sig, s.sigErr = parse(s.contents); s.sigErr == nil {
			s.sigErr = s.sig.CheckVersion()
		}
		if s.sigErr == nil && (s.subFilter == subFilterSHA1) != (len(s.sig.Content) > 0) {
			s.sigErr = errContent
		}
	default:
		s.sigErr = errSubFilter
	}
}

// hashes lists what has to be computed over the covered bytes.
func (s *sigFacts) hashes() []crypto.Hash {
	switch {
	case s.sig != nil && s.subFilter == subFilterSHA1:
		return []crypto.Hash{crypto.SHA1}
	case s.sig != nil:
		return []crypto.Hash{s.sig.Hash}
	case s.token != nil:
		return []crypto.Hash{s.token.Hash}
	}
	return nil
}

// check does the mathematics of what was read.
func (s *sigFacts) check() {
	switch {
	case s.end == 0 || s.sigErr != nil:
	case s.isStamp():
		s.mathErr = s.token.Matches(s.token.Hash, s.digests[s.token.Hash])
	default:
		if s.subFilter == subFilterSHA1 { // the digest of the document is what was signed
			s.mathErr = s.sig.CheckContent(s.digests[crypto.SHA1])
		} else {
			s.mathErr = s.sig.Check(s.digests[s.sig.Hash])
		}
		if s.baseErr = s.sig.CheckBaseline(); s.baseErr == nil && s.ber {
			s.baseErr = errBER
		}
		if s.sig.Token == nil {
			return
		}
		if s.token, s.stamp = cms.ParseToken(s.sig.Token); s.stamp != nil {
			return
		}
		h := s.token.Hash.New()
		h.Write(s.sig.Value)
		s.stamp = s.token.Matches(s.token.Hash, h.Sum(nil))
	}
}

// parseDate reads a date (ISO 32000-2, 7.9.4).
func parseDate(s string) (time.Time, bool) {
	s = string(bytes.TrimPrefix([]byte(s), []byte("D:")))
	if len(s) < 4 {
		return time.Time{}, false
	}
	digits := 0
	for digits < len(s) && digits < 14 && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	const layout = "20060102150405"
	zone := ""
	for _, c := range s[digits:] {
		if c != '\'' {
			zone += string(c)
		}
	}
	base, err := time.Parse(layout[:digits], s[:digits])
	if err != nil {
		return time.Time{}, false
	}
	if zone == "" || zone[0] == 'Z' {
		return base, true
	}
	if len(zone) == 3 {
		zone += "00"
	}
	at, err := time.Parse("20060102150405-0700", base.Format(layout)+zone)
	return at.UTC(), err == nil
}
