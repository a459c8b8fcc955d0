package pades

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/innsigli/innsigli/cms"
	"github.com/innsigli/innsigli/pdf"
)

// judge turns facts into a report. It reads no file, no clock and no network.
func judge(f *facts, o *VerifyOptions) *Report {
	j := &judgement{facts: f, o: o, trust: newTrust(o)}
	r := &Report{
		Time: o.Now.UTC(), Size: f.size, Revisions: max(len(f.revisions), 1),
		Signatures: make([]SignatureReport, len(f.signatures)),
	}
	// The last first: a time-stamp proves what was there before it.
	for i, s := range slices.Backward(f.signatures) {
		if !s.isStamp() {
			continue
		}
		if r.Signatures[i] = j.signature(s); r.Signatures[i].Indication == TotalPassed {
			j.proofs = append(j.proofs, proof{s, s.token.Time})
		}
	}
	// Then the first first: what a signature covers was there before it.
	for i, s := range f.signatures {
		if !s.isStamp() {
			r.Signatures[i] = j.signature(s)
		}
	}
	r.conclude()
	return r
}

// conclude takes the worst of all.
func (r *Report) conclude() {
	r.Indication, r.Summary = TotalPassed, "all-valid"
	for i := range r.Signatures {
		switch s := &r.Signatures[i]; {
		case s.Indication == TotalFailed:
			r.Indication, r.Summary = TotalFailed, "some-invalid"
		case s.Indication == Indeterminate && r.Indication == TotalPassed:
			r.Indication, r.Summary = Indeterminate, "some-unknown"
		}
	}
	if len(r.Signatures) == 0 {
		r.Indication, r.Summary = Indeterminate, "none"
	}
	r.Text = summaries[r.Summary]
}

// proof is a document time-stamp that holds.
type proof struct {
	s    *sigFacts
	time time.Time
}

type judgement struct {
	facts  *facts
	o      *VerifyOptions
	trust  *trust
	proofs []proof
	stamps []proof // signature time-stamps that hold, of the signatures judged so far
}

// verdict collects what is found about one signature.
type verdict struct {
	SignatureReport
	broken map[string]bool
}

func (v *verdict) find(id, detail string) {
	r := &rules[ruleOf(id)]
	v.broken[id] = true
	f := Finding{Rule: id, Severity: r.severity, Clause: r.clause, Text: r.text, Detail: clip(detail)}
	if !slices.Contains(v.Findings, f) {
		v.Findings = append(v.Findings, f)
	}
}

// clip bounds what a hostile file can put into a report, in runes.
func clip(s string) string {
	const most = 300
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}

func (v *verdict) failed() bool {
	return slices.ContainsFunc(v.Findings, func(f Finding) bool { return f.Severity == Error })
}

// signature judges one signature or document time-stamp.
func (j *judgement) signature(s *sigFacts) SignatureReport {
	v := &verdict{broken: map[string]bool{}}
	v.Field, v.Kind, v.Allows = clip(s.field), "signature", s.docMDP
	v.Findings = []Finding{}
	v.Revision = s.revision
	v.Whole = s.end > 0 && s.end == j.facts.size
	if s.hasTime {
		v.ClaimedTime = &s.claimed
	}
	form(s, v)
	mathematics(s, v)
	since(s, v)
	j.certified(s, v)
	if s.isStamp() {
		v.Kind = "timestamp"
		j.documentStamp(s, v)
	} else {
		j.signer(s, v)
	}
	v.conclude(s)
	return v.SignatureReport
}

// conclude takes the first broken rule, in the order of the rules.
func (v *verdict) conclude(s *sigFacts) {
	v.Indication, v.Summary = TotalPassed, "valid"
	switch v.Changes { //nolint:exhaustive // the others say nothing more
	case Extended:
		v.Summary = "valid-extended"
	case Filled:
		v.Summary = "valid-filled"
	case Annotated:
		v.Summary = "valid-annotated"
	}
	if s.isStamp() {
		v.Summary = "valid-stamp"
	}
	for i := range rules {
		if r := &rules[i]; r.indication != "" && v.broken[r.id] {
			v.Indication, v.SubIndication, v.Summary = r.indication, r.sub, r.summary
			break
		}
	}
	v.Text = summaries[v.Summary]
	slices.SortStableFunc(v.Findings, func(a, b Finding) int { return ruleOf(a.Rule) - ruleOf(b.Rule) })
}

// form: ISO 32000-2, 12.8.1; EN 319 142-1, 5.2. What is missing here is what the signature
// forgery, wrapping and saving attacks leave out or bend.
func form(s *sigFacts, v *verdict) {
	switch {
	case len(s.byteRange) == 0:
		v.find("range-missing", "")
	case !s.rangeForm():
		v.find("range-form", fmt.Sprint(s.byteRange))
	}
	switch {
	case !s.placed || len(s.contents) == 0:
		v.find("contents-missing", "")
	case !s.bare:
		v.find("contents-form", "")
	}
	if s.rangeForm() && s.placed {
		switch {
		case s.end == 0:
			v.find("range-gap", fmt.Sprintf("%v, signature at %d to %d", s.byteRange, s.from, s.to))
		case s.revision == 0:
			v.find("range-end", fmt.Sprint(s.end))
		}
	}
	if s.ber {
		v.find("not-der", "")
	}
	if s.twice != "" {
		v.find("key-twice", "/"+string(s.twice))
	}
	if s.sameName > 1 {
		v.find("field-twice", s.field)
	}
	if !s.current {
		v.find("removed", s.field)
	}
	switch {
	case errors.Is(s.sigErr, errSubFilter):
		v.find("sub-filter", string(s.subFilter))
	case s.sig != nil && s.sigErr == nil && (s.sig.Weak() || s.subFilter == subFilterSHA1):
		v.find("algorithm", "SHA-1")
	case errors.Is(s.sigErr, cms.ErrAlgorithm):
		v.find("algorithm", s.sigErr.Error())
	case s.sigErr != nil:
		v.find("cms-form", s.sigErr.Error())
	}
}

// mathematics: EN 319 102-1, 5.2.7.
func mathematics(s *sigFacts, v *verdict) {
	switch {
	case s.mathErr == nil:
	case errors.Is(s.mathErr, cms.ErrDigest) || s.isStamp():
		v.find("digest", "")
	case errors.Is(s.mathErr, cms.ErrAlgorithm):
		v.find("algorithm", s.mathErr.Error())
	default:
		v.find("signature", s.mathErr.Error())
	}
}

// since judges what was changed after the signature.
func since(s *sigFacts, v *verdict) {
	c := &s.changes
	v.Changes = c.extent
	v.Details = slices.Concat(c.rewritten, c.fields, c.annotations)
	for i := range v.Details {
		v.Details[i] = clip(v.Details[i])
	}
	if s.revision == 0 {
		return
	}
	if v.Whole {
		v.find("whole-file", "")
	} else {
		v.find("earlier-revision", "")
	}
	if s.unread != nil {
		v.find("incomparable", s.unread.Error())
	}
	if n := s.leftovers.Objects; n > 0 {
		v.find("leftover-objects", fmt.Sprint(n))
	}
	if n := s.leftovers.Bytes; n > 0 {
		v.find("leftover-bytes", fmt.Sprint(n))
	}
	if s.leftovers != (pdf.Leftover{}) {
		v.Changes = Rewritten
	}
	switch c.extent { //nolint:exhaustive // as above
	case Rewritten:
		v.find("rewritten", joined(c.rewritten))
	case Annotated:
		if s.docMDP == 3 && !c.painted {
			v.find("annotated-allowed", joined(c.annotations))
		} else {
			v.find("annotated", joined(c.annotations))
		}
	case Filled:
		v.find("filled", joined(c.fields))
	case Extended:
		v.find("extended", "")
	}
}

// certified judges changes by what signatures allow (ISO 32000-2, tables 257 and 258).
func (j *judgement) certified(s *sigFacts, v *verdict) {
	c := &s.changes
	if s.docMDP == 1 && c.extent.beyond(Extended) || s.docMDP == 2 && c.extent.beyond(Filled) {
		v.find("doc-mdp", fmt.Sprintf("P=%d", s.docMDP))
	}
	// A new field over a certified document can cover it ("sneaky signature attack");
	// those that the author foresaw were there before.
	if s.certifies && len(c.added) > 0 {
		v.find("doc-mdp-field", joined(c.added))
	}
	if s.lock != nil {
		for _, name := range slices.Concat(c.fields, c.added) {
			if s.lock.Covers(name) {
				v.find("field-mdp", name)
				break
			}
		}
	}
	if s.certifies {
		for _, other := range j.facts.signatures {
			if other != s && other.end > 0 && other.end < s.end && !other.isStamp() {
				v.find("certified-late", "")
				break
			}
		}
	}
}

func joined(list []string) string {
	return strings.Join(list, ", ")
}

// provenBy gives the earliest time at which a document time-stamp proves that something
// was there that ends at an offset.
func (j *judgement) provenBy(s *sigFacts) (time.Time, bool) {
	best, ok := time.Time{}, false
	for _, p := range j.proofs {
		if p.s != s && s.end > 0 && p.s.from >= s.end && (!ok || p.time.Before(best)) {
			best, ok = p.time, true
		}
	}
	return best, ok
}

// madeAfter gives the latest time-stamp that a signature covers: it was made after that. No time-stamp of its own says so,
// for it could have been asked for long after signing. Zero if there is none.
func (j *judgement) madeAfter(s *sigFacts) time.Time {
	var after time.Time
	for _, p := range slices.Concat(j.proofs, j.stamps) {
		if p.s.end > 0 && p.s.end <= s.from && p.time.After(after) {
			after = p.time
		}
	}
	return after
}

// stampHolds judges the authority of a time-stamp; control is until when the time-stamp
// itself is known to have existed.
func (j *judgement) stampHolds(t *cms.Token, control time.Time) (chain []*x509.Certificate, problem, warning breach) {
	if t.Time.After(control.Add(clockSkew)) {
		return nil, breach{"stamp-chain", "time of the future"}, breach{}
	}
	chain, problem = j.trust.chain(t.Signer, slices.Concat(t.Certs, j.facts.known.Certs), control, x509.ExtKeyUsageTimeStamping)
	if problem.rule != "" {
		return nil, breach{"stamp-chain", problem.detail}, breach{}
	}
	problem, warning = j.trust.prover(&j.facts.known).revocation(chain, moment{made: t.Time, proven: control, now: j.o.Now})
	return chain, problem, warning
}

// documentStamp judges a document time-stamp (EN 319 102-1, 5.4).
func (j *judgement) documentStamp(s *sigFacts, v *verdict) {
	if s.token == nil {
		return
	}
	v.Signer = party(s.token.Signer)
	control, ok := j.provenBy(s)
	if !ok {
		control = j.o.Now
	}
	chain, problem, warning := j.stampHolds(s.token, control)
	v.breach(problem)
	v.breach(warning)
	v.trusted(j.trust, chain)
	if !v.failed() {
		v.Time, v.TimeBy = &s.token.Time, "document time-stamp"
	}
}

func (v *verdict) breach(b breach) {
	if b.rule != "" {
		v.find(b.rule, b.detail)
	}
}

func (v *verdict) trusted(t *trust, chain []*x509.Certificate) {
	if len(chain) > 0 {
		v.Trusted, v.Own = true, t.isOwn(chain)
		v.Anchor = displayName(chain[len(chain)-1])
	}
}

// knownUnsigned are unsigned attributes that are passed over: time-stamps of the signature
// (EN 319 122-1, 5.3), which are judged, and what older CAdES levels hold.
var knownUnsigned = func() []asn1.ObjectIdentifier {
	out := []asn1.ObjectIdentifier{{1, 2, 840, 113549, 1, 9, 6}, {0, 4, 0, 1733, 2, 4}, {0, 4, 0, 1733, 2, 5}}
	for _, n := range []int{14, 21, 22, 23, 24, 25, 26, 27, 48} {
		out = append(out, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, n})
	}
	return out
}()

// signer judges who signed, and when (EN 319 102-1, 5.5 and 5.6).
func (j *judgement) signer(s *sigFacts, v *verdict) {
	if s.sig == nil {
		return
	}
	v.Signer = party(s.sig.Signer)
	best, proven := j.provenBy(s)
	if proven {
		v.TimeBy = "document time-stamp"
	} else {
		best = j.o.Now
	}
	for _, id := range s.sig.Unsigned() {
		if !slices.ContainsFunc(knownUnsigned, id.Equal) {
			v.find("unsigned", id.String())
		}
	}
	var stampChain []*x509.Certificate
	if s.stamp != nil {
		v.find("stamp-form", s.stamp.Error())
	} else if s.token != nil {
		var problem, warning breach
		if stampChain, problem, warning = j.stampHolds(s.token, best); problem.rule == "" || problem.rule == "revocation-unknown" {
			best, proven, v.TimeBy = s.token.Time, true, "signature time-stamp"
		}
		if problem.rule == "" && s.mathErr == nil {
			j.stamps = append(j.stamps, proof{s, s.token.Time})
		}
		v.breach(problem)
		v.breach(warning)
	}
	if proven {
		v.Time = &best
	} else {
		v.find("time-unproven", "")
	}
	if !forSignatures(s.sig.Signer) {
		v.find("key-usage", displayName(s.sig.Signer))
	}
	extra := slices.Concat(s.sig.Certificates, j.facts.known.Certs)
	chain, problem := j.trust.chain(s.sig.Signer, extra, best, x509.ExtKeyUsageAny)
	at := moment{made: best, proven: best, now: j.o.Now, after: j.madeAfter(s)}
	v.breach(outside(problem, s.sig.Signer, at))
	v.trusted(j.trust, chain)
	problem, warning := j.trust.prover(&j.facts.known).revocation(chain, at)
	v.breach(problem)
	v.breach(warning)
	v.Level = j.level(s, v, grounds{chain, stampChain, at, proven})
}

// outside tells a certificate that was certainly not valid when the signature was made from one of which that cannot be
// told (EN 319 102-1, 5.5.4 and table 5).
func outside(b breach, c *x509.Certificate, at moment) breach {
	switch {
	case b.rule != "out-of-bounds":
	case c.NotBefore.After(at.proven):
		b.rule = "not-yet-valid"
	case at.after.After(c.NotAfter):
		b.rule = "expired-before"
	}
	return b
}

// oidDocumentSigning is the extended key usage of RFC 9336.
var oidDocumentSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 36}

// forSignatures tells whether a certificate is meant for signing documents. That of a web
// server is not, though the authorities that systems trust hand them out to anybody.
func forSignatures(c *x509.Certificate) bool {
	if ku := c.KeyUsage; ku != 0 && ku&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return false
	}
	return !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) ||
		slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) || slices.ContainsFunc(c.UnknownExtKeyUsage, oidDocumentSigning.Equal)
}

// grounds are what a level stands on.
type grounds struct {
	chain, stampChain []*x509.Certificate
	at                moment
	proven            bool
}

// level tells which level a signature has reached (EN 319 142-1, 6.3), and warns of what
// keeps it from being one of PAdES.
func (j *judgement) level(s *sigFacts, v *verdict, g grounds) string {
	kind := "PAdES-BASELINE-"
	if s.subFilter != subFilterCAdES {
		kind = "PKCS7-" // as EU DSS calls it
		v.find("not-pades", string(s.subFilter))
	} else if s.baseErr != nil {
		v.find("baseline", s.baseErr.Error())
	}
	if !s.hasTime {
		v.find("claimed-time", "")
	}
	if s.subFilter == subFilterCAdES && (s.baseErr != nil || !s.hasTime) || s.sigErr != nil || s.mathErr != nil || s.end == 0 {
		return ""
	}
	if !g.proven {
		return kind + "B"
	}
	holds := func(m *cms.Material) bool {
		p := j.trust.prover(m)
		stamp := g.at
		if s.token != nil && g.stampChain != nil {
			stamp = moment{made: s.token.Time, proven: j.o.Now, now: j.o.Now}
		}
		return len(g.chain) > 0 && p.complete(g.chain, g.at) && p.complete(g.stampChain, stamp)
	}
	if !j.facts.dss || !holds(&j.facts.material) {
		return kind + "T"
	}
	for _, p := range j.proofs {
		if p.s.from >= s.end && holds(&p.s.material) {
			return kind + "LTA"
		}
	}
	return kind + "LT"
}
