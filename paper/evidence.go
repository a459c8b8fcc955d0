package paper

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/innsigli/innsigli"
)

// Where the columns of the pages begin, in points, and how wide they are.
const (
	labelWidth = 172.0
	valueLeft  = left + labelWidth + 12
	valueWidth = right - valueLeft

	timeWidth = 112.0
	whatLeft  = left + timeWidth + 8
	whatWidth = 210.0
	whoLeft   = whatLeft + whatWidth + 10
	whoWidth  = right - whoLeft
)

// layout draws one evidence.
type layout struct {
	*flow
	faces faces
	w     wording
	lost  int // letters that could not be drawn
}

// layEvidence lays out the pages: the outcome, the process and its document, a block for each signee, the log, and how
// to check it all.
func (p *Paper) layEvidence(e innsigli.Evidence, w wording) []*sheet {
	l := &layout{flow: newFlow(), faces: p.faces, w: w}
	l.brand(e)
	l.outcome(e)
	l.process(e)
	l.document(e)
	l.signees(e.Signees)
	l.seal(e.Seal, e.Clock)
	l.events(e)
	l.notes(e.Notes)
	l.closing()
	l.feet(string(e.Process.Key))
	return l.pages
}

func (l *layout) text(size float64) style { return style{l.faces.regular, size, black} }
func (l *layout) soft(size float64) style { return style{l.faces.regular, size, soft} }
func (l *layout) bold(size float64) style { return style{l.faces.bold, size, black} }

// clean is [clean] that counts what was lost, for the remark at the end.
func (l *layout) clean(f *face, s string) string {
	out, lost := clean(f, s)
	l.lost += lost
	return out
}

// lines cleans and breaks a text.
func (l *layout) lines(st style, text string, width float64) []string {
	return wrap(st, l.clean(st.face, text), width)
}

// para is a paragraph over the whole width.
func (l *layout) para(st style, text string, above float64) row {
	return row{
		cells: []cell{{x: left, lines: l.lines(st, text, textWidth), style: st}},
		above: above, leading: st.size * 1.4,
	}
}

// heading is the title of a section with the thin line above it.
func (l *layout) heading(text string) row {
	st := l.bold(11.5)
	st.ink = brand
	r := l.para(st, text, 22)
	r.rule = true
	return r
}

// field is a label and its value; nothing when there is no value, so that a reader never takes a blank for a fact.
func (l *layout) field(st style, label, value string, args ...any) []row {
	lines := l.lines(st, value, valueWidth)
	if len(lines) == 0 {
		return nil
	}
	name := l.soft(8)
	return []row{{
		cells: []cell{
			{x: left, lines: l.label(name, label, args...), style: name},
			{x: valueLeft, lines: lines, style: st},
		},
		above: 2.5, leading: 11.5,
	}}
}

// label names a field: in one line if both languages fit into it, else each on its own.
func (l *layout) label(st style, key string, args ...any) []string {
	if one := l.lines(st, l.w.both(key, args...), labelWidth); len(one) == 1 {
		return one
	}
	native, english := l.w.pair(key, args...)
	if english != "" {
		native += " /"
	}
	return append(l.lines(st, native, labelWidth), l.lines(st, english, labelWidth)...)
}

func (l *layout) plain(label, value string) []row { return l.field(l.text(9), label, value) }

// hash is a field in letters of equal width.
func (l *layout) hash(label, value string, args ...any) []row {
	return l.field(style{l.faces.mono, 8, black}, label, value, args...)
}

// brand is the sender's band over the first page: the logo, else the name.
func (l *layout) brand(e innsigli.Evidence) {
	const high, wide = 26.0, 150.0
	s, st := l.page(), l.bold(11)
	st.ink = brand
	if logo, w, h, err := trimmed(e.Logo); e.Logo != nil && err == nil && logo != nil {
		scale := min(wide/w, high/h)
		s.pictures = append(s.pictures, picture{x: left, y: top - 20, w: w * scale, h: h * scale, png: logo})
	} else {
		s.write(left, top, st, ellipsize(st, l.clean(st.face, cmp.Or(e.Process.ShownAs, e.Process.Company)), textWidth))
	}
	ink := brand
	s.boxes = append(s.boxes, box{x: left, y: top + 10, w: textWidth, h: 1.5, fill: &ink})
	l.y = top + 28
}

// outcome is the head of the first page. Anything but a completed signing stands in a frame that nobody overlooks.
func (l *layout) outcome(e innsigli.Evidence) {
	native, english := l.w.pair(l.w.verdict())
	big, small := l.bold(20), l.soft(12)
	if l.w.outcome != completed {
		big.ink, small.ink = red, red
		l.alarm(big, small, native, english)
	} else {
		l.add(l.para(big, native, 0), l.para(small, english, 1))
	}
	title, intro := l.bold(9.5), l.soft(8.5)
	l.add(l.para(title, l.w.both(l.w.ended("title")), 8))
	about := l.w.ended("intro")
	if e.Document.Final != nil {
		about = "intro.apart"
	}
	native, english = l.w.pair(about)
	l.add(l.para(intro, native, 3), l.para(intro, english, 1))
}

// alarm frames the outcome.
func (l *layout) alarm(big, small style, native, english string) {
	const pad = 12.0
	width := textWidth - 2*pad
	rows := []row{
		{cells: []cell{{x: left + pad, lines: l.lines(big, native, width), style: big}}, leading: 27},
		{cells: []cell{{x: left + pad, lines: l.lines(small, english, width), style: small}}, leading: 17},
	}
	fill, frame := redish, red
	h := height(rows) + 2*pad
	l.page().boxes = append(l.page().boxes, box{x: left, y: l.y, w: textWidth, h: h, fill: &fill, frame: &frame, stroke: 1.5})
	end := l.y + h
	l.y += pad
	l.add(rows...)
	l.y = end
}

// process says who asked, and the key under which the company finds it again.
func (l *layout) process(e innsigli.Evidence) {
	p := e.Process
	l.add(slices.Concat(
		[]row{l.heading(l.w.both("process"))},
		l.hash("key", string(p.Key)),
		l.plain("company", dotted(p.Company, p.ShownAs)),
		l.plain("owner", p.Owner),
		l.plain("created.by", unlike(p.CreatedBy, p.Owner)),
		l.plain("created", stamp(p.CreatedAt)),
		l.plain(l.w.ended("ended"), stamp(p.EndedAt)),
	)...)
}

// document names the bytes that everyone was shown: the file as taken in, without the marks and these pages.
func (l *layout) document(e innsigli.Evidence) {
	d := e.Document
	l.add(slices.Concat(
		[]row{l.heading(l.w.both("document"))},
		l.plain("file", e.Process.FileName),
		l.plain("size", l.w.counted("bytes", int(d.Size))),
		l.plain("length", l.w.counted("pages", d.Pages)),
		l.hash("fingerprint", d.SHA256),
		l.hash("original", d.Original),
	)...)
	if d.Final != nil {
		l.add(l.hash("final", d.Final.SHA256)...)
	}
	for i, r := range d.Revisions {
		l.add(l.hash("revision", r.SHA256, "n", i+1)...)
	}
}

// seal names the certificate that sealed, and says how right the clock was.
func (l *layout) seal(s *innsigli.EvidenceSeal, c *innsigli.MachineClock) {
	if s == nil {
		return
	}
	l.add(slices.Concat(
		[]row{l.heading(l.w.both("seal"))},
		l.plain("seal.subject", s.Subject), l.plain("seal.issuer", s.Issuer),
		l.plain("seal.valid", stamp(s.NotBefore)+" – "+stamp(s.NotAfter)),
		l.hash("seal.serial", s.Serial), l.hash("seal.print", s.SHA256),
		l.clock(c),
	)...)
}

// clock says how right the server's clock was.
func (l *layout) clock(c *innsigli.MachineClock) []row {
	if c == nil {
		return nil
	}
	rows := l.plain("clock", l.w.known("clock."+string(c.State), string(c.State)))
	if e := c.Error; e != nil {
		ms := func(micros int64) string { return strconv.FormatFloat(float64(micros)/1000, 'f', -1, 64) + " ms" }
		rows = append(rows, l.plain("clock.error", ms(e.Estimated)+", "+ms(e.Maximum))...)
	}
	return rows
}

// unlike is a text unless it only says again what stands before it.
func unlike(text, before string) string {
	if text == before {
		return ""
	}
	return text
}

// signees draws a block for each, the title together with the first. The title counts, so that whoever reads only titles
// sees that somebody is missing.
func (l *layout) signees(list []innsigli.EvidenceSignee) {
	signed := 0
	for _, s := range list {
		if s.Signed {
			signed++
		}
	}
	head := []row{l.heading(fmt.Sprintf("%s: %d / %d", l.w.both("signees"), signed, len(list)))}
	if len(list) > 0 {
		native, english := l.w.pair("given")
		head = append(head, l.para(l.soft(8), native, 3), l.para(l.soft(8), english, 0))
		if slices.ContainsFunc(list, func(s innsigli.EvidenceSignee) bool { return len(s.Passed) > 0 }) {
			native, english = l.w.pair("given.passed")
			head = append(head, l.para(l.soft(8), native, 3), l.para(l.soft(8), english, 0))
		}
	}
	for _, s := range list {
		l.add(append(head, l.signee(s)...)...)
		head = nil
	}
	l.add(head...)
}

// signee is one person's block: who asked whom how, what was shown, and how and whence the person signed
// (facts/standards.md 4, "evidence a Simple signature must hold").
func (l *layout) signee(s innsigli.EvidenceSignee) []row {
	name, status := l.bold(10.5), l.bold(8.5)
	state := l.w.both("not.signed")
	if status.ink = red; s.Signed {
		status.ink, state = green, l.w.both("signed")
	}
	state = l.clean(status.face, state)
	room := textWidth - status.width(state) - 12
	rows := []row{{
		cells: []cell{
			{x: left, lines: wrap(name, l.display(s), room), style: name},
			{x: right, lines: []string{state}, style: status, end: true},
		},
		above: 14, leading: 14,
	}}
	return append(rows, slices.Concat(
		l.plain("personal.code", s.Code), l.plain("email", s.Email), l.plain("phone", s.Phone), l.plain("reason", s.Reason),
		l.plain("type", l.w.known("type."+strings.ToLower(s.Type), s.Type)),
		l.passed(s.Passed), l.invited(s), l.plain("seen", stampOf(s.SeenAt)), l.reading(s.Reading),
		l.code(s),
		l.plain("signed", stampOf(s.SignedAt)), l.plain("act", l.w.known("act."+s.Act, s.Act)), l.consent(s.Consent), l.plain("ip", s.Address), l.plain("agent", s.Agent),
		l.hash("shown", s.Shown), l.hash("link", s.Link), l.hash("reference", s.Reference),
	)...)
}

// passed says from whom signing came to the person, and who did that when and whence.
func (l *layout) passed(list []innsigli.EvidencePassed) []row {
	var rows []row
	for _, p := range list {
		name := strings.Join(strings.Fields(p.Name+" "+p.Email), " ")
		rows = append(rows, l.plain("passed.by", dotted(stamp(p.At), name))...)
		rows = append(rows, l.plain("created.by", p.By)...)
		rows = append(rows, l.plain("ip", p.Address)...)
	}
	return rows
}

// invited says when which address got the invitation, or when it was ordered if the log does not say more.
func (l *layout) invited(s innsigli.EvidenceSignee) []row {
	if len(s.Invitations) == 0 {
		return l.plain("invited", stampOf(s.InvitedAt))
	}
	var rows []row
	for _, m := range s.Invitations {
		if len(m.Receipts) > 0 && m.Receipts[0].Event == innsigli.ReceiptRefused { // it was never handed over
			rows = append(rows, l.plain("event.DeliveryRefused", dotted(stamp(m.At), l.w.via(m.Via, m.To)))...)
			continue
		}
		rows = append(rows, l.plain("invited.to", dotted(stamp(m.At), l.w.via(m.Via, m.To)))...)
		rows = append(rows, l.hash("message", m.ID)...)
		rows = append(rows, l.receipts(m)...)
	}
	for _, m := range s.Reminders {
		rows = append(rows, l.plain("event.ReminderSent", dotted(stamp(m.At), l.w.via(m.Via, m.To)))...)
		rows = append(rows, l.receipts(m)...)
	}
	return rows
}

// receipts says what was told of a message.
func (l *layout) receipts(m innsigli.EvidenceMessage) []row {
	var rows []row
	for _, r := range m.Receipts {
		label := "receipt." + string(r.Event)
		if r.Event == innsigli.ReceiptRefused {
			label = "event.DeliveryRefused"
		}
		rows = append(rows, l.plain(label, dotted(stamp(r.At), r.Code))...)
	}
	return rows
}

// consent is the sentence above the button, in the words and the language that were shown.
func (l *layout) consent(c *innsigli.EvidenceConsent) []row {
	if c == nil {
		return nil
	}
	return l.plain("consent", fmt.Sprintf("%s (%s, %s)", c.Text, c.Language, c.Version))
}

// reading says what was in front of the person before they signed.
func (l *layout) reading(r *innsigli.EvidenceReading) []row {
	if r == nil {
		return nil
	}
	span, downloads := "", ""
	if r.Seconds > 0 {
		span = fmt.Sprintf("%d:%02d:%02d", r.Seconds/3600, r.Seconds/60%60, r.Seconds%60)
	}
	if r.Downloads > 0 {
		downloads = strconv.Itoa(r.Downloads)
	}
	return slices.Concat(
		l.plain("seen.last", stampOf(r.LastAt)), l.plain("seen.for", span),
		l.plain("seen.pages", strings.NewReplacer(",", ", ", "-", "–").Replace(r.Pages)), l.plain("downloads", downloads),
	)
}

// code says where the code of a signature went and how it was answered.
func (l *layout) code(s innsigli.EvidenceSignee) []row {
	rows := l.plain("code.to", dotted(stampOf(s.CodeAt), l.w.via(s.CodeVia, s.CodeTo)))
	for _, m := range s.Codes {
		rows = append(rows, l.receipts(m)...)
	}
	if s.CodeTries > 0 {
		rows = append(rows, l.plain("code.tries", strconv.Itoa(s.CodeTries))...)
	}
	if s.Wrong > 0 {
		rows = append(rows, l.plain("wrong.tries", strconv.Itoa(s.Wrong))...)
	}
	return rows
}

// display is what a person is called: the public API does not require a name, and the fonts may lack its letters.
func (l *layout) display(s innsigli.EvidenceSignee) string {
	out, lost := calledBy(l.faces.bold, s.Name, s.Email, s.Phone, s.Reference)
	l.lost += lost
	return out
}

// events draws the log as a table whose head is repeated on each page.
func (l *layout) events(e innsigli.Evidence) {
	if len(e.Events) == 0 {
		return
	}
	names := map[string]string{}
	for _, s := range e.Signees {
		names[s.Reference] = l.display(s)
	}
	label := l.soft(8)
	head := l.event(label, l.w.both("event.time"), l.w.both("event.what"), l.w.both("event.who"))
	head.above = 5
	rows := []row{l.heading(l.w.both("events")), head}
	st := l.text(8.5)
	for i, ev := range e.Events {
		who := ev.Signee
		if n, ok := names[ev.Signee]; ok {
			who = n
		}
		l.add(append(rows, l.event(st, stamp(ev.At), l.w.happened(ev), who))...)
		if rows = nil; i == 0 {
			l.head = []row{head}
		}
	}
	l.head = nil
}

// event is a line of the table, or its head.
func (l *layout) event(st style, at, what, who string) row {
	return row{
		cells: []cell{
			{x: left, lines: l.lines(st, at, timeWidth), style: st},
			{x: whatLeft, lines: l.lines(st, what, whatWidth), style: st},
			{x: whoLeft, lines: l.lines(st, who, whoWidth), style: st},
		},
		above: 3, leading: 11,
	}
}

// notes draws what else the evidence says, in a settled order.
func (l *layout) notes(notes map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(notes)) {
		l.add(l.para(l.text(9), k+": "+notes[k], 8))
	}
}

// closing says how the pages can be checked, and what they could not draw.
func (l *layout) closing() {
	st := l.soft(8.5)
	rows := []row{l.heading(l.w.both("about"))}
	add := func(native, english string) {
		rows = append(rows, l.para(st, native, 4), l.para(st, english, 1))
	}
	add(l.w.pair("about.text"))
	add(l.w.pair("times", "zone", "UTC"))
	if l.lost > 0 {
		add(l.w.pair("letters"))
	}
	l.add(rows...)
}

// feet writes under every page which process it belongs to, and which of how many it is.
func (l *layout) feet(key string) {
	st := style{l.faces.mono, 7.5, soft}
	key, _ = clean(st.face, key)
	for i, s := range l.pages {
		y := pageHeight - 34
		s.rule(y - 11)
		n := fmt.Sprintf("%d / %d", i+1, len(l.pages))
		made, _ := clean(l.faces.regular, l.w.native.T("evidence.made.by"))
		small := l.soft(8)
		s.write(left, y, st, ellipsize(st, key, textWidth/2-small.width(made)))
		s.write((pageWidth-small.width(made))/2, y, small, made)
		s.writeEnd(right, y, l.soft(8), n)
	}
}
