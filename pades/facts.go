package pades

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// Kinds of signatures in PDF (ISO 32000-2, table 255; EN 319 142-1, 5.2 and 5.4.3).
const (
	subFilterCAdES  = "ETSI.CAdES.detached"
	subFilterPKCS7  = "adbe.pkcs7.detached"
	subFilterSHA1   = "adbe.pkcs7.sha1"
	subFilterStamp  = "ETSI.RFC3161"
	maxSignatures   = 100
	maxMaterial     = 2000
	maxTrailingLine = 16
)

// facts are all that the judgement knows. They are collected once, and hold what is there,
// not what it means.
type facts struct {
	size       int64
	revisions  []pdf.Revision
	signatures []*sigFacts  // in the order of what they cover
	material   cms.Material // of the document
	known      cms.Material // with what others said when they were asked
	dss        bool
}

// sigFacts is one signature or document time-stamp.
type sigFacts struct {
	field    string // full name; empty if only the catalog leads to it
	sameName int    // how many fields of the newest revision have that name
	current  bool   // it is in the newest revision

	dict      *pdf.Dict
	doc       *pdf.Document // the newest revision that has it
	subFilter pdf.Name
	twice     pdf.Name // a key that stands there twice
	claimed   time.Time
	hasTime   bool
	docMDP    int // DocMDP or Lock level, 0 for none
	certifies bool
	lock      *pdf.Lock // what the signature closes (FieldMDP; ISO 32000-2, 12.8.2.4)

	byteRange []int64 // as written; nil if it is no array of numbers
	from, to  int64   // where /Contents stands, with < and >
	placed    bool
	bare      bool // /Contents is one plain hexadecimal string
	contents  []byte
	ber       bool  // with indefinite lengths
	end       int64 // of what is covered; 0 unless the range is one
	revision  int   // counted from 1; 0 if the range ends where none does

	digests map[crypto.Hash][]byte
	sig     *cms.Signature
	sigErr  error // why it cannot be read
	mathErr error // why it does not verify
	baseErr error // which rule of the baseline it breaks
	token   *cms.Token
	stamp   error // why the signature time-stamp does not count

	material  cms.Material // in the DSS of the revision it covers
	changes   changes
	leftovers pdf.Leftover // behind it
	unread    error        // why the revision it covers cannot be compared
}

// isStamp tells whether it is a document time-stamp.
func (s *sigFacts) isStamp() bool { return s.subFilter == subFilterStamp }

// collector gathers the facts of one document.
type collector struct {
	r     io.ReaderAt
	size  int64
	now   *pdf.Document
	parts map[int64]*pdf.Document // revisions by where they end
	facts *facts
}

// collect reads all that there is to know of a document's signatures.
func collect(ctx context.Context, r io.ReaderAt, size int64) (*facts, error) {
	doc, err := pdf.Open(r, size)
	if err != nil {
		return nil, err
	}
	c := &collector{r: r, size: size, now: doc, parts: map[int64]*pdf.Document{}, facts: &facts{size: size}}
	if c.facts.revisions, err = doc.Revisions(); err != nil {
		return nil, err
	}
	if err := c.find(ctx); err != nil {
		return nil, err
	}
	if err := c.hash(ctx); err != nil {
		return nil, err
	}
	for _, s := range c.facts.signatures {
		s.check()
	}
	c.facts.dss, c.facts.material, err = materialOf(doc)
	if err != nil {
		return nil, err
	}
	if err := c.revise(ctx); err != nil {
		return nil, err
	}
	return c.facts, nil
}

// part opens the document as it was when it ended at an offset.
func (c *collector) part(end int64) (*pdf.Document, error) {
	if end >= c.size {
		return c.now, nil
	}
	if d, ok := c.parts[end]; ok {
		return d, nil
	}
	d, err := pdf.Open(io.NewSectionReader(c.r, 0, end), end)
	if err != nil {
		return nil, fmt.Errorf("open revision: %w", err)
	}
	if len(c.parts) >= 4 { // each keeps a megabyte at most
		clear(c.parts)
	}
	c.parts[end] = d
	return d, nil
}

// refused keeps an error of the reader or the caller apart from a fault of the document.
func refused(err error) (isFault bool) {
	var r *Refusal
	return errors.As(err, &r)
}

// find lists the signatures of all revisions, newest first, and sorts them by what they cover.
func (c *collector) find(ctx context.Context) error {
	seen := map[int64]bool{}
	if err := c.signaturesOf(c.now, seen, true); err != nil {
		return err
	}
	for _, rev := range slices.Backward(c.facts.revisions) {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		if rev.Line >= c.size {
			continue
		}
		d, err := c.part(rev.Line)
		if refused(err) {
			continue // a signature over it will say so
		}
		if err != nil {
			return err
		}
		if err := c.signaturesOf(d, seen, false); err != nil {
			return err
		}
	}
	slices.SortStableFunc(c.facts.signatures, func(a, b *sigFacts) int {
		return int(a.end - b.end)
	})
	return nil
}

// signaturesOf adds the signatures of one revision that are not known yet. They are told
// apart by where their bytes stand.
func (c *collector) signaturesOf(d *pdf.Document, seen map[int64]bool, newest bool) error {
	names := map[string]int{}
	for _, f := range d.Fields() {
		if f.Kind == "Sig" {
			names[f.Name]++
		}
	}
	for _, f := range d.Fields() {
		if f.Kind != "Sig" || !f.Dict.Has("V") {
			continue
		}
		if err := c.add(d, f, seen, newest, names[f.Name]); err != nil {
			return err
		}
	}
	root, err := d.Dict(d.Root())
	if err != nil {
		return err
	}
	perms, err := d.Dict(root.Get("Perms"))
	if err != nil || !perms.Has("DocMDP") {
		return err
	}
	return c.add(d, pdf.Field{Dict: pdf.Only("V", perms.Get("DocMDP"))}, seen, newest, 0)
}

func (c *collector) add(d *pdf.Document, f pdf.Field, seen map[int64]bool, newest bool, sameName int) error {
	v, err := d.Dict(f.Dict.Get("V"))
	if err != nil || v == nil {
		return err
	}
	s := &sigFacts{field: f.Name, sameName: sameName, current: newest, dict: v, doc: d}
	holder, ok := f.Dict.Get("V").(pdf.Ref)
	if !ok {
		holder = f.Ref
	}
	if err := s.read(holder, f.Dict); err != nil {
		return err
	}
	key := s.from
	if !s.placed {
		key = -1 - int64(holder.Num)
	}
	if seen[key] {
		return nil
	}
	seen[key] = true
	if len(c.facts.signatures) >= maxSignatures {
		return pdf.Refuse(pdf.TooComplex, "too many signatures")
	}
	s.cover(c.facts.revisions, c.size)
	if err := s.bareContents(c.r); err != nil {
		return err
	}
	c.facts.signatures = append(c.facts.signatures, s)
	return nil
}

// running is a hash over the file from its beginning to an offset.
type running struct {
	state hash.Cloner
	at    int64
}

// hash computes the digests that the signatures are over. The file passes through each
// hash once, whatever the number of signatures: what precedes a signature's bytes is
// hashed on from the signature before it.
func (c *collector) hash(ctx context.Context) error {
	list := slices.Clone(c.facts.signatures)
	slices.SortStableFunc(list, func(a, b *sigFacts) int { return int(a.from - b.from) })
	states := map[crypto.Hash]*running{}
	for _, s := range list {
		s.parse()
		if s.end == 0 {
			continue
		}
		for _, h := range s.hashes() {
			r := states[h]
			if r == nil {
				state, err := newHash(h)
				if err != nil {
					return err
				}
				r = &running{state: state}
				states[h] = r
			}
			if err := feed(ctx, r.state, c.r, r.at, s.from); err != nil {
				return err
			}
			r.at = s.from
			own, err := r.state.Clone()
			if err != nil {
				return fmt.Errorf("carry hash state: %w", err)
			}
			if err := feed(ctx, own, c.r, s.to, s.end); err != nil {
				return err
			}
			s.digests[h] = own.Sum(nil)
		}
	}
	return nil
}

func feed(ctx context.Context, to io.Writer, r io.ReaderAt, from, end int64) error {
	buf := make([]byte, min(256<<10, max(end-from, 0)))
	for from < end {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("hash document: %w", err)
		}
		b := buf[:min(int64(len(buf)), end-from)]
		if n, err := r.ReadAt(b, from); n < len(b) {
			return fmt.Errorf("hash document: %w", err)
		}
		if _, err := to.Write(b); err != nil {
			return fmt.Errorf("hash document: %w", err)
		}
		from += int64(len(b))
	}
	return nil
}

// revise compares the revision of each signature with what the document is now.
func (c *collector) revise(ctx context.Context) error {
	behind, err := c.leftovers(ctx)
	if err != nil {
		return err
	}
	for _, s := range c.facts.signatures {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		s.changes.extent = noExtent
		if s.revision == 0 {
			continue
		}
		for i, l := range behind {
			if i >= s.revision {
				s.leftovers.Objects += l.Objects
				s.leftovers.Bytes += l.Bytes
			}
		}
		d, err := c.part(s.end)
		if err == nil {
			if s.isStamp() {
				_, s.material, err = materialOf(d)
			}
			if err == nil {
				s.changes, err = compare(d, c.now)
			}
		}
		if refused(err) {
			s.unread = err
			s.changes.extent = noExtent
		} else if err != nil {
			return err
		}
	}
	return nil
}

// leftovers looks at each revision behind the first signature for what no
// cross-reference leads to; the last entry is what stands behind all revisions.
func (c *collector) leftovers(ctx context.Context) ([]pdf.Leftover, error) {
	revs := c.facts.revisions
	out := make([]pdf.Leftover, len(revs)+1)
	first := len(revs) + 1
	for _, s := range c.facts.signatures {
		if s.revision > 0 {
			first = min(first, s.revision)
		}
	}
	for i := first; i <= len(revs); i++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("verify: %w", err)
		}
		d, from := c.now, revs[i-1].Line
		var err error
		if i < len(revs) {
			d, err = c.part(revs[i].Line)
		}
		if err == nil {
			out[i], err = d.Leftovers(from)
		}
		if refused(err) {
			out[i], err = pdf.Leftover{Bytes: c.size - from}, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
