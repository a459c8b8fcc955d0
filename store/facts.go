package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/innsigli/innsigli"
)

// groupSQL is how a verb gets at a group: locked, and with all its members. One text for each way to name it, since
// every text is kept compiled.
type groupSQL struct{ lock, members, signees, webhooks, attachments string }

// A group is named by one of its processes, or as a sequence. One of another company, or not whole in the flows of the
// asker, is not found by the same statement.
var (
	byProcess  = groupQueries(`(select g.grp from process g where g.key = $1 and ($2 = '' or g.company = $2) and ` + within(`g.grp`, `$3`) + `)`)
	bySequence = groupQueries(`(select g.key from sequence g where g.key = $1 and ($2 = '' or g.company = $2) and ` + within(`g.key`, `$3`) + `)`)
)

// within is true of a group whose processes are all in flows of an [innsigli.FlowSet], the parameter in. The flow of a
// process never changes.
func within(group, in string) string {
	return `(` + in + ` = '' or not exists (select 1 from process o where o.grp = ` + group + ` and ` + in + ` not like '%,' || o.flow || ',%'))`
}

func groupQueries(group string) groupSQL {
	return groupSQL{
		// The first statement of every verb. Whoever changes the row of the group holds it until the commit, and all that
		// is read afterwards stays true.
		lock:    `update grp set version = version + 1 where key = ` + group + ` returning version`,
		members: processColumns + ` where p.grp = ` + group + ` order by p.position`,
		signees: signeeColumns + ` join process p on p.key = s.process where p.grp = ` + group + ` order by p.position, s.position`,
		webhooks: `select w.id, w.flow, w.url, w.type from webhook w
			where w.flow in (select p.flow from process p where p.grp = ` + group + `) and w.deleted_at = 0 order by w.id`,
		attachments: `select a.process, a.key, a.type, a.name, a.blob, a.size, a.sha256, a.pages, a.signee, a.description, a.at
			from process p join attachment a on a.process = p.key where p.grp = ` + group + ` and a.type <> 10 order by a.process, a.at, a.position`,
	}
}

// ways gives the statements for a target, and its key.
func ways(t innsigli.Target) (groupSQL, string) {
	if t.Process == "" && t.Sequence != "" {
		return bySequence, string(t.Sequence)
	}
	return byProcess, string(t.Process)
}

// A message is found in the log, where its id stands from the hand-over on, else among the jobs that run: those are few,
// and an index over them is there for their leases.
const (
	qProcessOfMessage = `select process from (select process from log where message = $1 and message <> ''
		union all select process from job where state = 'running' and class = 'message' and uid = $1) m limit 1`
	qMessageLines = logColumns + ` where l.message = $1 and l.message <> '' order by l.id`
	qMessageJob   = `select process, signee, kind, address from job where state = 'running' and class = 'message' and uid = $1`
)

const qProcessOfToken = `select process from challenge where token = $1`

const processColumns = `select p.key, p.grp, p.company, p.flow, p.state, p.file_name, p.display_name, p.location, p.owner, p.meta,
	p.created_at, p.expires_at, p.ended_at, p.ended_by, p.erased_at,
	p.flatten, p.remind_first, p.remind_every, c.time_zone, c.reminder_hour, coalesce(i.blob, ''), coalesce(i.size, 0), coalesce(i.sha256, ''), coalesce(i.pages, 0),
	coalesce(nullif(i.original, ''), i.sha256, ''), coalesce(i.signed, 0), coalesce(i.certification, 0),
	coalesce(s.blob, ''), coalesce(s.size, 0), coalesce(s.sha256, ''), coalesce(s.pages, 0),
	c.name, c.email, c.language, c.origins, c.colour, c.logo, f.name, f.active, f.created_at, f.brand_name, f.colour, f.logo,
	coalesce((select 1 + h.copied from key_hold h where h.process = p.key), 0),
	case when exists (select 1 from key_hold h where h.process = p.key) then (select count(*) from job n where n.grp = p.grp and n.process = p.key
		and n.state in ('ready', 'running') and n.dropped = 0 and n.kind = 'webhook' and n.event = 6) else 0 end, p.in_order, p.requires_auth, p.allow_reassign,
	coalesce(a.key, ''), coalesce(a.name, ''), coalesce(a.blob, ''), coalesce(a.size, 0), coalesce(a.sha256, ''), coalesce(a.pages, 0),
	coalesce(q.key, ''), coalesce(q.owner, ''), coalesce(q.requires_auth, 0), coalesce(q.in_order, 0), coalesce(q.created_at, 0),
	coalesce(s.level, ''), coalesce(s.pending, 0), coalesce(a.level, ''), coalesce(a.pending, 0),
	` + inboxColumn + `
	from process p
	join company c on c.key = p.company
	join flow f on f.key = p.flow
	left join document i on i.process = p.key and i.role = 'intake'
	left join document s on s.process = p.key and s.role = 'sealed'
	left join attachment a on a.process = p.key and a.type = 10
	left join sequence q on q.key = p.grp`

const signeeColumns = `select s.key, s.process, s.name, s.ssn, s.phone, s.email, s.address, s.postal_code, s.city, s.reason, s.hide_code,
	s.delivery, s.type, s.language, s.custom_sms, s.owner, s.invited_at, s.first_seen_at,
	s.read_at, s.read_seconds, s.read_pages, s.downloads, s.wrong_tries, s.forgiven, s.last_token_at,
	s.signed_at, s.signed_by, s.signed_via, s.signed_to, s.signed_address, s.signed_agent, s.signed_sha256, s.consent_text, s.consent_language,
	s.drawing, s.drawing_size, s.drawing_sha256, s.person, (select count(*) from challenge c where c.signee = s.key and c.sent_at > $4),
	s.declined_at, s.decline_reason, s.removed_at, s.passed_to, s.passes, s.remind_from, s.reminders_off_at, s.once_key, s.once_request,
	(select count(*) from reminder r where r.signee = s.key and r.at > $4)
	from signee s`

// What is read of one process alone, whatever its group.
const (
	qProcess = processColumns + ` where p.key = $1 and ($2 = '' or p.company = $2)`
	qSignees = signeeColumns + ` where s.process = $1 and $2 = '' and $3 = '' order by s.position` // $2 and $3 stand for the company and flows that a group is asked with
)

const qChallenge = `select token, process, signee, person, via, sent_at, expires_at, tries, void, used_at, entry from challenge
	where token = $1 and process = $2`

// found collects the facts of a group while its statements run. The zero value is ready.
type found struct {
	members  []innsigli.Facts
	webhooks []innsigli.Webhook
	signees  []innsigli.Signee
	files    map[innsigli.ProcessKey][]innsigli.Reference

	challenge innsigli.Challenge
	message   []innsigli.LogEntry
	handing   innsigli.Job
}

// read adds the statements that read everything a decision may know. One hour before now is when codes stop counting
// against the signee's limit.
func (g *found) read(b *batch, t innsigli.Target, now time.Time) {
	*g = found{files: map[innsigli.ProcessKey][]innsigli.Reference{}}
	q, key := ways(t)
	company, in := string(t.Company), string(t.Flows)
	b.query("processes", q.members, func(r row) error {
		var f innsigli.Facts
		err := scanProcess(r, &f)
		g.members = append(g.members, f)
		return err
	}, key, company, in)
	b.query("signees", q.signees, func(r row) error {
		s, err := scanSignee(r)
		g.signees = append(g.signees, s)
		return err
	}, key, company, in, micros(now.Add(-time.Hour)))
	b.query("webhooks", q.webhooks, func(r row) error {
		w, err := scanWebhook(r)
		g.webhooks = append(g.webhooks, w)
		return err
	}, key, company, in)
	b.query("attachments", q.attachments, func(r row) error {
		p, a, err := scanAttachment(r)
		g.files[p] = append(g.files[p], a)
		return err
	}, key, company, in)
	if t.Token != "" {
		b.query("challenge", qChallenge, func(r row) (err error) {
			g.challenge, err = scanChallenge(r)
			return err
		}, string(t.Token), string(t.Process))
	}
	if t.Message != "" {
		g.readMessage(b, t.Message)
	}
}

// readMessage adds the statements that read what is known of a message.
func (g *found) readMessage(b *batch, id string) {
	b.query("lines of message", qMessageLines, func(r row) error {
		e, err := scanLine(r)
		g.message = append(g.message, e)
		return err
	}, id)
	b.query("job of message", qMessageJob, func(r row) error {
		j := &g.handing
		j.UID = id
		return r.Scan((*string)(&j.Process), (*string)(&j.Signee), (*string)(&j.Kind), &j.Address)
	}, id)
}

// facts puts together what was read: the process of the target, else the first of its sequence, and, when there is a
// sequence, all its members.
func (g *found) facts(t innsigli.Target) innsigli.Facts {
	var out innsigli.Facts
	for i := range g.members {
		f := &g.members[i]
		f.Process.Attachments = g.files[f.Process.Key]
		for _, s := range g.signees {
			if s.Process == f.Process.Key {
				place(&f.Process, s)
			}
		}
		for _, w := range g.webhooks {
			if w.Flow == f.Process.Flow {
				f.Webhooks = append(f.Webhooks, w)
			}
		}
		if i == 0 || f.Process.Key == t.Process {
			out = *f
		}
	}
	if out.Sequence.Key != "" {
		for _, f := range g.members {
			out.Members = append(out.Members, innsigli.Member{Process: f.Process, Flow: f.Flow, Webhooks: f.Webhooks, Held: f.Held, Copied: f.Copied, Hooks: f.Hooks})
		}
	}
	out.Challenge, out.Message, out.Handing = g.challenge, g.message, g.handing
	return out
}

// place puts a signee among those who take part, or those who were taken off.
func place(p *innsigli.Process, s innsigli.Signee) {
	if s.RemovedAt.IsZero() {
		p.Signees = append(p.Signees, s)
		return
	}
	p.Removed = append(p.Removed, s)
}

// Facts reads without locking.
func (d *DB) Facts(ctx context.Context, t innsigli.Target) (innsigli.Facts, error) {
	var f innsigli.Facts
	err := d.read(ctx, "facts", func(ctx context.Context, r runner) error {
		t, err := resolve(ctx, r, t)
		if err != nil {
			return err
		}
		var b batch
		var g found
		g.read(&b, t, d.now())
		if err := r.run(ctx, b); err != nil {
			return err
		}
		f = g.facts(t)
		return nil
	})
	if err == nil && f.Process.Key == "" {
		err = errNoProcess()
	}
	f.Now = d.now()
	return f, err
}

// resolve fills in the process of a target that names only a token or a message. Neither's process ever changes.
func resolve(ctx context.Context, r runner, t innsigli.Target) (innsigli.Target, error) {
	if t.Process == "" && t.Message != "" {
		err := one(ctx, r, "message", qProcessOfMessage, into((*string)(&t.Process)), t.Message)
		return t, err
	}
	if t.Process != "" || t.Token == "" {
		return t, nil
	}
	err := one(ctx, r, "challenge", qProcessOfToken, into((*string)(&t.Process)), string(t.Token))
	return t, err
}

// heldAndCopied is how a hold reads whose owner has the copy.
const heldAndCopied = 2

func scanProcess(r row, f *innsigli.Facts) error {
	p, c, fl, q, a := &f.Process, &f.Company, &f.Flow, &f.Sequence, &f.Process.Evidence
	var state, meta, sealLevel, evidenceLevel string
	var pending, evidencePending int64
	var inOrder, auth, allInOrder, begun, location, created, expires, ended, language, active, flowCreated, held, hooks, pages, sealedPages, evidencePages int64
	var flatten, signed, certification, erased, first, every, hour, proof, passing int64
	err := r.Scan(
		(*string)(&p.Key), (*string)(&p.Group), (*string)(&p.Company), (*string)(&p.Flow), &state, &p.FileName, &p.DisplayName,
		&location, &p.User, &meta, &created, &expires, &ended, &p.EndedBy, &erased,
		&flatten, &first, &every, &c.TimeZone, &hour, &p.Document.Blob, &p.Document.Size, &p.Document.SHA256, &pages,
		&p.Document.Original, &signed, &certification,
		&p.Sealed.Blob, &p.Sealed.Size, &p.Sealed.SHA256, &sealedPages,
		&c.Name, &c.Email, &language, (*string)(&c.Origins), &c.Colour, &c.Logo, &fl.Name, &active, &flowCreated,
		&fl.Brand.Name, &fl.Brand.Colour, &fl.Brand.Logo, &held, &hooks, &inOrder, &proof, &passing,
		(*string)(&a.Key), &a.Name, &a.Blob, &a.Size, &a.SHA256, &evidencePages,
		(*string)(&q.Key), &q.User, &auth, &allInOrder, &begun, &sealLevel, &pending, &evidenceLevel, &evidencePending, &f.Inbox,
	)
	if err != nil {
		return err
	}
	p.State, p.Location = innsigli.ParseState(state), innsigli.Location(location)
	p.CreatedAt, p.ExpiresAt, p.EndedAt = timeOf(created), timeOf(expires), timeOf(ended)
	p.ErasedAt = timeOf(erased)
	p.Reminders, c.ReminderHour = innsigli.ReminderRule{First: int(first), Every: int(every)}, int(hour)
	if a.Key != "" {
		a.Type, a.Pages = innsigli.AttachmentEvidence, int(evidencePages)
		a.Level, a.Pending = innsigli.ParseLevel(evidenceLevel), evidencePending != 0
	}
	p.Document.Pages, p.Sealed.Pages = int(pages), int(sealedPages)
	p.Sealed.Level, p.Sealed.Pending = innsigli.ParseLevel(sealLevel), pending != 0
	p.Flatten, p.Document.Signed, p.Document.Certification = flatten != 0, signed != 0, int(certification)
	c.Key, c.DefaultLanguage = p.Company, innsigli.Language(language)
	fl.Key, fl.Company, fl.Active, fl.CreatedAt = p.Flow, p.Company, active != 0, timeOf(flowCreated)
	f.Held, f.Copied, f.Hooks, p.InOrder = held != 0, held == heldAndCopied, int(hooks), inOrder != 0
	p.RequiresAuth, p.AllowReassign = proof != 0, passing != 0
	if q.Key != "" {
		q.Company, q.RequiresAuth, q.InOrder, q.CreatedAt = p.Company, auth != 0, allInOrder != 0, timeOf(begun)
	}
	p.Meta, err = unmarshalMeta(meta)
	return err
}

func scanAttachment(r row) (p innsigli.ProcessKey, a innsigli.Reference, err error) {
	var kind, pages, at int64
	err = r.Scan((*string)(&p), (*string)(&a.Key), &kind, &a.Name, &a.Blob, &a.Size, &a.SHA256, &pages, (*string)(&a.Signee), &a.About, &at)
	a.Type, a.Pages, a.At = innsigli.AttachmentType(kind), int(pages), timeOf(at)
	return p, a, err
}

func scanSignee(r row) (innsigli.Signee, error) {
	var s innsigli.Signee
	var hide, delivery, kind, language, invited, seen, readAt, readSeconds, downloads int64
	var wrong, forgiven, token, signed, codes, declined, removed, passes, from, off, reminders int64
	err := r.Scan(
		(*string)(&s.Key), (*string)(&s.Process), &s.Name, &s.Ssn, &s.Phone, &s.Email, &s.Address, &s.PostalCode, &s.City,
		&s.Reason, &hide, &delivery, &kind, &language, &s.CustomSms, &s.User, &invited, &seen,
		&readAt, &readSeconds, &s.Reading.Pages, &downloads, &wrong, &forgiven, &token,
		&signed, (*string)(&s.SignedBy), (*string)(&s.SignedVia), &s.SignedTo, &s.SignedFrom.Address, &s.SignedFrom.Agent, &s.SignedSHA256, &s.Consent.Text, &s.Consent.Language,
		&s.Drawing.Blob, &s.Drawing.Size, &s.Drawing.SHA256, (*string)(&s.Person), &codes,
		&declined, &s.DeclineReason, &removed, (*string)(&s.PassedTo), &passes, &from, &off, &s.Added.Key, &s.Added.Request, &reminders,
	)
	s.HideCode, s.Delivery, s.Type = hide != 0, innsigli.Delivery(delivery), innsigli.SignatureType(kind)
	s.Language, s.WrongTries, s.Forgiven, s.CodesInHour = innsigli.Language(language), int(wrong), int(forgiven), int(codes)
	s.InvitedAt, s.FirstSeenAt, s.LastTokenAt, s.SignedAt = timeOf(invited), timeOf(seen), timeOf(token), timeOf(signed)
	s.Reading.LastAt, s.Reading.Seconds, s.Reading.Downloads = timeOf(readAt), int(readSeconds), int(downloads)
	s.Passes = int(passes)
	s.DeclinedAt, s.RemovedAt = timeOf(declined), timeOf(removed)
	s.RemindFrom, s.RemindersOff, s.RemindersInHour = timeOf(from), timeOf(off), int(reminders)
	return s, err
}

func scanChallenge(r row) (innsigli.Challenge, error) {
	var c innsigli.Challenge
	var sent, expires, tries, void, used, entry int64
	err := r.Scan((*string)(&c.Token), (*string)(&c.Process), (*string)(&c.Signee), (*string)(&c.Person), (*string)(&c.Via), &sent, &expires, &tries, &void, &used, &entry)
	c.Entry = entry != 0
	c.SentAt, c.ExpiresAt, c.UsedAt = timeOf(sent), timeOf(expires), timeOf(used)
	c.Tries, c.Void = int(tries), void != 0
	return c, err
}

func scanWebhook(r row) (innsigli.Webhook, error) {
	var w innsigli.Webhook
	var kind int64
	err := r.Scan(&w.ID, (*string)(&w.Flow), &w.URL, &kind)
	w.Type = innsigli.EventType(kind)
	return w, err
}

func marshalMeta(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "", nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write meta: %w", err)
	}
	return string(b), nil
}

func unmarshalMeta(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("read meta: %w", err)
	}
	return m, nil
}
