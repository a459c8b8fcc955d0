package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/ledger"
)

//nolint:gosec // statements that speak of tokens, no credentials
const (
	qInvited = `update signee set invited_at = case when invited_at = 0 then $1 else invited_at end, remind_from = $1 where key = $2 and process = $3`
	qSeen    = `update signee set first_seen_at = $1 where key = $2 and process = $3 and first_seen_at = 0`
	qRead    = `update signee set read_at = $1, read_seconds = $2, read_pages = $3, downloads = $4 where key = $5 and process = $6 and signed_at = 0`
	qSign    = `update signee set signed_at = $1, signed_by = $2, signed_via = $3, signed_to = $4, signed_address = $5, signed_agent = $6, signed_sha256 = $7,
		consent_text = $8, consent_language = $9 where key = $10 and process = $11 and signed_at = 0`
	qDecline = `update signee set declined_at = $1, decline_reason = $2 where key = $3 and process = $4 and signed_at = 0 and declined_at = 0`
	qEdit    = `update signee set remind_from = case when lower(email) = lower($1) then remind_from else 0 end, email = $1, address = $2, postal_code = $3, city = $4, reason = $5, owner = $6, search = $7
		where key = $8 and process = $9 and signed_at = 0`
	// A signee who is taken off stands behind all others, so that the places of the rest stay theirs.
	qRemove = `update signee set removed_at = $1, position = (select max(o.position) + 1 from signee o where o.process = $3)
		where key = $2 and process = $3 and signed_at = 0 and removed_at = 0`
	// Whoever takes a place gets it by way of the same number below zero, since two cannot stand at one.
	qPassOn = `update signee set passed_to = $1 where key = $2 and process = $3 and removed_at = 0 and signed_at = 0`
	qMirror = `update signee set position = -1 - (select o.position from signee o where o.key = $1), passes = $2 where key = $3 and process = $4`
	qPlace  = `update signee set position = -1 - position where key = $1 and process = $2`
	qReopen = `update signee set forgiven = wrong_tries where key = $1 and process = $2`
	qMeta   = `update process set meta = $1 where key = $2`
	// The invitation of a person of a sequence, and a code for all documents, may stand with any of the person's signees.
	qHush = `update job set dropped = 1, state = case state when 'ready' then 'dropped' else state end,
		address = case state when 'ready' then '' else address end, lane = case state when 'ready' then '' else lane end,
		ended_at = case state when 'ready' then $2 else ended_at end
		where grp = $3 and process = $1 and signee = $4 and ($5 = '' or lower(address) = lower($5)) and state in ('ready', 'running')
		and kind in ('mail.invitation', 'sms.invitation', 'mail.reminder', 'sms.reminder', 'mail.code', 'sms.code', 'call.code')`
	qQuiet = `update job set dropped = 1, state = case state when 'ready' then 'dropped' else state end,
		address = case state when 'ready' then '' else address end, lane = case state when 'ready' then '' else lane end,
		ended_at = case state when 'ready' then $2 else ended_at end
		where grp = $1 and signee = $3 and state in ('ready', 'running') and (kind in ('mail.reminder', 'sms.reminder') and ($4 = '' or ref = $4)
		or kind = 'remind' and state = 'ready')`
	qRemindersOff = `update signee set reminders_off_at = $1 where key = $2 and process = $3 and reminders_off_at = 0`
	qReminded     = `insert into reminder (signee, at) values ($1, $2)`
	qUse          = `update challenge set used_at = $1 where token = $2 and process = $3 and signee = $4 and person = '' and used_at = 0`
	// A code for all documents is used by each signature of one commit.
	qUseForAll = `update challenge set used_at = $1 where token = $2 and person = $3 and person <> '' and used_at in (0, $1)
		and exists (select 1 from signee s where s.key = $4 and s.person = challenge.person)`
	// A try is counted as wrong before the code is compared; when it was right that is taken back.
	qRightTry   = `update signee set wrong_tries = wrong_tries - 1 where key = $1 and wrong_tries > 0`
	qVoid       = `update challenge set void = 1 where signee = $1 and void = 0 and used_at = 0`
	qChallenged = `insert into challenge (token, process, signee, person, via, sent_at, expires_at, entry) values ($1, $2, $3, $4, $5, $6, $7, $8)`
	qEnter      = `update challenge set used_at = $1 where token = $2 and process = $3 and entry = 1 and void = 0 and used_at = 0`
	qTokenAt    = `update signee set last_token_at = $1 where key = $2 and process = $3`
	qDocument   = `insert into document (process, role, blob, size, sha256, pages, original, signed, certification, level, pending)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	qRaised = `update document set blob = $1, size = $2, sha256 = $3, pages = $4, level = $5, pending = $6
		where process = $7 and role = 'sealed' and blob = $8`
	qAttach = `insert into attachment (key, process, type, name, blob, size, sha256, pages, signee, description, at, position, level, pending)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	qRenewed = `update attachment set blob = $1, size = $2, sha256 = $3, pages = $4, level = $5, pending = $6
		where process = $7 and key = $8 and blob = $9`
	qDetach      = `delete from attachment where key = $1 and process = $2 and type <> 10`
	qDraw        = `update signee set drawing = $1, drawing_size = $2, drawing_sha256 = $3 where key = $4 and process = $5 and signed_at = 0`
	qForgetDrawn = `update signee set drawing = '', drawing_size = 0, drawing_sha256 = '' where process = $1 and drawing <> ''`
	qForgetMore  = `delete from attachment where process = $1`
	qForget      = `delete from document where process = $1`
	qKeyDestroy  = `delete from data_key where process = $1`
	qHoldCopied  = `update key_hold set copied = 1 where process = $1`
	qHoldDestroy = `delete from key_hold where process = $1`
	qLog         = `insert into log (at, company, process, flow, signee, kind, detail, message) values ($1, $2, $3, $4, $5, $6, $7, $8)`
)

// keepAll adds the statements that make a change true, for its process and then for the other members of the group.
func (d *DB) keepAll(b *batch, f *innsigli.Facts, c *innsigli.Change) {
	d.keep(b, f, c)
	keepAddressed(b, f, written(f, c))
	if ch := &f.Challenge; ch.Token != "" && answers(c, ch.Token) {
		b.exec("right try", qRightTry, string(ch.Signee))
	}
	for i := range c.Members {
		m := &c.Members[i]
		of := f.Of(m.Process)
		if of.Process.Key != m.Process { // a decision that is wrong keeps nothing
			b.must("member of the group", `update process set state = state where key = $1 and grp = $2`, string(m.Process), string(f.Process.Group))
		}
		d.keep(b, &of, &m.Change)
	}
}

// keep adds the statements that make the change of one process true, in the order of its fields.
func (d *DB) keep(b *batch, f *innsigli.Facts, c *innsigli.Change) {
	key, now := string(f.Process.Key), micros(f.Now)
	if c.State != 0 {
		keepState(b, f, c)
	}
	for _, k := range c.Invited {
		b.exec("invited", qInvited, now, string(k), key)
	}
	if c.Seen != "" {
		b.exec("seen", qSeen, now, string(c.Seen), key)
	}
	if r := c.Read; r != nil {
		b.must("reading", qRead, micros(r.LastAt), int64(r.Seconds), r.Pages, int64(r.Downloads), string(r.Signee), key)
	}
	for i := range c.Sign {
		s := &c.Sign[i]
		b.must("signature", qSign, micros(s.At), string(s.Token), string(s.Via), s.To, s.From.Address, s.From.Agent, s.SHA256,
			s.Consent.Text, s.Consent.Language, string(s.Signee), key)
		if s.Person != "" {
			b.must("use of challenge", qUseForAll, now, string(s.Token), string(s.Person), string(s.Signee))
		} else {
			b.must("use of challenge", qUse, now, string(s.Token), key, string(s.Signee))
		}
	}
	if ch := c.Challenge; ch != nil {
		b.exec("older challenges", qVoid, string(ch.Signee))
		b.must("challenge", qChallenged, string(ch.Token), key, string(ch.Signee), string(ch.Person), string(ch.Via), micros(ch.SentAt), micros(ch.ExpiresAt), flag(ch.Entry))
		b.must("time of challenge", qTokenAt, micros(ch.SentAt), string(ch.Signee), key)
	}
	if c.Enter != "" {
		b.must("admission", qEnter, now, string(c.Enter), key)
	}
	if r := c.Decline; r != nil {
		b.must("refusal", qDecline, now, r.Reason, string(r.Signee), key)
	}
	switch s := c.Sealed; {
	case s == nil:
	case c.Raises == "":
		keepDocument(b, key, "sealed", *s)
	default:
		b.must("raised document", qRaised, s.Blob, s.Size, s.SHA256, int64(s.Pages), innsigli.LevelName(s.Level), flag(s.Pending), key, c.Raises)
	}
	switch a := c.Evidence; {
	case a == nil:
	case c.Renews == "":
		keepAttachment(b, key, *a, 0)
	default:
		b.must("renewed evidence", qRenewed, a.Blob, a.Size, a.SHA256, int64(a.Pages), innsigli.LevelName(a.Level), flag(a.Pending), key, string(a.Key), c.Renews)
	}
	for i, a := range c.Attach {
		keepAttachment(b, key, a, i)
	}
	if c.Detach != "" {
		b.must("detach", qDetach, string(c.Detach), key)
	}
	for _, w := range c.Draw {
		b.must("drawing", qDraw, w.Blob, w.Size, w.SHA256, string(w.Signee), key)
	}
	d.keepKey(b, key, c.Key)
	keepSignees(b, f, c)
	if c.Erase {
		keepErase(b, f)
	}
	if c.Forget {
		keepPurged(b, f)
		b.exec("forget drawings", qForgetDrawn, key)
		b.exec("forget bytes", qForget, key)
		b.exec("forget attachments", qForgetMore, key)
	}
	for i := range c.Log {
		d.keepLog(b, f, &c.Log[i])
	}
	if len(c.Drop) > 0 {
		keepDrop(b, f, c.Drop)
	}
	if len(c.Hasten) > 0 {
		keepHasten(b, f, c.Hasten)
	}
	keepJobs(b, f, c.Jobs)
}

// keepSignees makes true what becomes of signees and of what was noted of the process.
func keepSignees(b *batch, f *innsigli.Facts, c *innsigli.Change) {
	key := string(f.Process.Key)
	for i := range c.Edit {
		s := &c.Edit[i]
		b.must("signee", qEdit, s.Email, s.Address, s.PostalCode, s.City, s.Reason, s.User, searched(s), string(s.Key), key)
	}
	for _, k := range c.Remove {
		b.must("removal", qRemove, micros(f.Now), string(k), key)
	}
	for i := range c.Reassign {
		keepReassigned(b, f, &c.Reassign[i])
	}
	for _, k := range c.Reopen {
		b.must("reopening", qReopen, string(k), key)
	}
	for i := range c.Add {
		newSignee(b, key, &c.Add[i])
	}
	for _, q := range c.Quiet {
		ref := ""
		if q.Off {
			ref = "auto"
			b.exec("reminders off", qRemindersOff, micros(f.Now), string(q.Signee), key)
		}
		b.exec("quiet", qQuiet, string(f.Process.Group), micros(f.Now), string(q.Signee), ref)
	}
	for _, k := range c.Reminded {
		b.must("reminded", qReminded, string(k), micros(f.Now))
	}
	for _, h := range c.Hush {
		b.exec("hush", qHush, key, micros(f.Now), string(f.Process.Group), string(h.Signee), h.Address)
		b.exec("void codes", qVoid, string(h.Signee))
	}
	if c.Meta != nil {
		meta, _ := marshalMeta(c.Meta) // texts by texts can always be written
		b.must("meta", qMeta, meta, key)
	}
}

// keepReassigned puts a new signee in the place of another, who then stands behind all others.
func keepReassigned(b *batch, f *innsigli.Facts, r *innsigli.Reassignment) {
	key, from, to := string(f.Process.Key), string(r.From), string(r.To.Key)
	newSignee(b, key, &r.To)
	b.must("mirrored place", qMirror, from, int64(r.To.Passes), to, key)
	b.must("successor", qPassOn, to, from, key)
	b.must("removal", qRemove, micros(f.Now), from, key)
	b.must("place", qPlace, to, key)
}

// keepState moves the process. That State.May allows the step was seen by the decision, which read under the lock; the
// guard is there so that a decision that is wrong keeps nothing.
func keepState(b *batch, f *innsigli.Facts, c *innsigli.Change) {
	var from []string
	for s := innsigli.Created; s <= innsigli.Declined; s++ {
		if s.May(c.State) {
			from = append(from, "'"+s.String()+"'")
		}
	}
	text := `update process set state = $1, ended_at = $2, ended_by = $3 where key = $4 and state in (` + strings.Join(from, ", ") + `)`
	var at int64
	var by string
	if c.State.Ended() || c.State == innsigli.Completed {
		at, by = micros(f.Now), c.EndedBy
	}
	what := fmt.Sprintf("state from %s to %s", f.Process.State, c.State)
	b.must(what, text, c.State.String(), at, by, string(f.Process.Key))
}

func keepDocument(b *batch, process, role string, doc innsigli.Document) {
	b.must("document", qDocument, process, role, doc.Blob, doc.Size, doc.SHA256, int64(doc.Pages),
		doc.Original, flag(doc.Signed), int64(doc.Certification), innsigli.LevelName(doc.Level), flag(doc.Pending))
}

// keepAttachment adds the row of a file beside the document; position orders files that came at the same time.
func keepAttachment(b *batch, process string, a innsigli.Reference, position int) {
	b.must("attachment", qAttach, string(a.Key), process, int64(a.Type), a.Name, a.Blob, a.Size, a.SHA256, int64(a.Pages),
		string(a.Signee), a.About, micros(a.At), int64(position), innsigli.LevelName(a.Level), flag(a.Pending))
}

// keepKey moves or deletes the wrapped data key. The row is locked while it is copied: a rewrapping that runs at the
// same time must not leave a copy under the old key behind.
func (d *DB) keepKey(b *batch, process string, move innsigli.KeyMove) {
	switch move {
	case innsigli.KeyStays:
	case innsigli.KeyDestroyed:
		b.exec("delete key", qKeyDestroy, process)
	case innsigli.KeyHeld:
		b.must("hold key", `insert into key_hold (process, key_id, bytes) select process, key_id, bytes from data_key where process = $1`+d.dialect.lock, process)
		b.must("delete key", qKeyDestroy, process)
	case innsigli.HoldCopied:
		b.must("hold without a copy", qHoldCopied, process)
	case innsigli.HoldDestroyed:
		b.exec("delete held key", qHoldDestroy, process)
	}
}

// answers tells whether a change follows from the right answer to a challenge.
func answers(c *innsigli.Change, t innsigli.Token) bool {
	by := func(all []innsigli.Signature) bool {
		return slices.ContainsFunc(all, func(s innsigli.Signature) bool { return s.Token == t })
	}
	return by(c.Sign) || c.Enter == t || slices.ContainsFunc(c.Members, func(m innsigli.MemberChange) bool { return by(m.Sign) })
}

func (d *DB) keepLog(b *batch, f *innsigli.Facts, e *innsigli.LogEntry) {
	p := &f.Process
	b.must("log", qLog, micros(f.Now), string(p.Company), string(p.Key), string(p.Flow), string(e.Signee), string(e.Kind), e.Detail, e.Message)
	if e.Actor != "" || e.Client != (innsigli.Client{}) || e.Mail != "" {
		// What comes after the erasure says nothing of people any more. That is rare: a late receipt, a link opened again.
		if !p.ErasedAt.IsZero() {
			return
		}
		b.must("person of log", `insert into log_person (log, company, salt, actor, address, agent, mail) values (`+d.dialect.lastID+`, $1, $2, $3, $4, $5, $6)`,
			string(p.Company), ledger.NewSalt(), e.Actor, e.Client.Address, e.Client.Agent, e.Mail)
	}
}

// keepDrop ends queued jobs, and marks those that a worker holds: it asks once more before it hands a message over.
func keepDrop(b *batch, f *innsigli.Facts, kinds []innsigli.JobKind) {
	args := []any{string(f.Process.Key), micros(f.Now), string(f.Process.Group)}
	for _, k := range kinds {
		args = append(args, string(k))
	}
	b.exec("drop jobs", `update job set dropped = 1, state = case state when 'ready' then 'dropped' else state end,
		address = case state when 'ready' then '' else address end, lane = case state when 'ready' then '' else lane end,
		ended_at = case state when 'ready' then $2 else ended_at end
		where grp = $3 and process = $1 and state in ('ready', 'running') and kind in (`+list(4, len(kinds))+`)`, args...)
}

// keepHasten lets jobs of the whole group that wait for their first time go at once.
func keepHasten(b *batch, f *innsigli.Facts, kinds []innsigli.JobKind) {
	args := []any{micros(f.Now), string(f.Process.Group)}
	for _, k := range kinds {
		args = append(args, string(k))
	}
	b.exec("hasten jobs", `update job set due = $1 where grp = $2 and state in ('ready', 'running') and state = 'ready' and due > $1
		and attempt = 0 and kind in (`+list(3, len(kinds))+`)`, args...)
}

// jobColumns are what an order of a job fills in, and jobsAtOnce how many one statement takes: there is one text for each
// number of rows, and every text is kept compiled.
const (
	jobColumns = 15
	jobsAtOnce = 8
)

// keepJobs orders jobs. One whose Uniq an unfinished job of the group has already is left out.
func keepJobs(b *batch, f *innsigli.Facts, jobs []innsigli.Job) {
	for some := range slices.Chunk(jobs, jobsAtOnce) {
		var text strings.Builder
		text.WriteString(`insert into job (uid, kind, class, grp, process, signee, ref, event, address, language, lane, target, uniq, due, at) values `)
		args := make([]any, 0, jobColumns*len(some))
		for i := range some {
			if i > 0 {
				text.WriteString(", ")
			}
			text.WriteString("(" + list(i*jobColumns+1, jobColumns) + ")")
			args = append(args, jobArgs(f, &some[i])...)
		}
		text.WriteString(` on conflict (grp, uniq) where state in ('ready', 'running') do nothing`)
		b.exec("jobs", text.String(), args...)
	}
}

func jobArgs(f *innsigli.Facts, j *innsigli.Job) []any {
	due := j.Due
	if due.IsZero() {
		due = f.Now
	}
	var uniq any // null meets nothing
	if j.Uniq != "" {
		uniq = j.Uniq
	}
	uid := j.UID
	if uid == "" {
		uid = innsigli.NewID()
	}
	target := j.Target
	if target == "" {
		target = domainOf(j)
	}
	return []any{
		uid, string(j.Kind), string(classOf(j.Kind)), string(f.Process.Group), string(f.Process.Key), string(j.Signee),
		j.Ref, int64(j.Event), j.Address, int64(j.Language), j.Lane, target, uniq, micros(due), micros(f.Now),
	}
}
