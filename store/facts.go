package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/innsigli/innsigli"
)

// qLock is the first statement of every verb. Whoever changes the row of the group holds it until the commit, and all
// that is read afterwards stays true. A process of another company is not found by the same statement.
const qLock = `update grp set version = version + 1
	where key = (select p.grp from process p where p.key = $1 and ($2 = '' or p.company = $2)) returning version`

const qProcessOfToken = `select process from challenge where token = $1`

const qProcess = `select p.key, p.grp, p.company, p.flow, p.state, p.file_name, p.display_name, p.location, p.owner, p.meta,
	p.created_at, p.expires_at, p.ended_at, p.ended_by,
	coalesce(i.blob, ''), coalesce(i.size, 0), coalesce(i.sha256, ''), coalesce(i.pages, 0),
	coalesce(s.blob, ''), coalesce(s.size, 0), coalesce(s.sha256, ''), coalesce(s.pages, 0),
	c.name, c.email, c.language, f.name, f.active, f.created_at,
	(select count(*) from key_hold h where h.process = p.key)
	from process p
	join company c on c.key = p.company
	join flow f on f.key = p.flow
	left join document i on i.process = p.key and i.role = 'intake'
	left join document s on s.process = p.key and s.role = 'sealed'
	where p.key = $1 and ($2 = '' or p.company = $2)`

const qSignees = `select s.key, s.process, s.name, s.ssn, s.phone, s.email, s.address, s.postal_code, s.city, s.reason, s.hide_code,
	s.delivery, s.type, s.language, s.custom_sms, s.owner, s.invited_at, s.first_seen_at, s.wrong_tries, s.last_token_at,
	s.signed_at, s.signed_by, s.signed_via, s.signed_to, s.signed_address, s.signed_agent, s.signed_sha256,
	(select count(*) from challenge c where c.signee = s.key and c.sent_at > $2)
	from signee s where s.process = $1 order by s.position`

const qWebhooks = `select w.id, w.flow, w.url, w.type from webhook w
	where w.flow = (select p.flow from process p where p.key = $1) order by w.id`

const qChallenge = `select token, process, signee, via, sent_at, expires_at, tries, void, used_at from challenge
	where token = $1 and process = $2`

// factsBatch adds the statements that read everything a decision may know. One hour before now is when codes stop
// counting against the signee's limit.
func factsBatch(b *batch, t innsigli.Target, now time.Time, f *innsigli.Facts) {
	key, company := string(t.Process), string(t.Company)
	b.query("process", qProcess, func(r row) error { return scanProcess(r, f) }, key, company)
	b.query("signees", qSignees, func(r row) error {
		s, err := scanSignee(r)
		f.Process.Signees = append(f.Process.Signees, s)
		return err
	}, key, micros(now.Add(-time.Hour)))
	b.query("webhooks", qWebhooks, func(r row) error {
		w, err := scanWebhook(r)
		f.Webhooks = append(f.Webhooks, w)
		return err
	}, key)
	if t.Token != "" {
		b.query("challenge", qChallenge, func(r row) (err error) {
			f.Challenge, err = scanChallenge(r)
			return err
		}, string(t.Token), key)
	}
}

// Facts reads without locking.
func (d *DB) Facts(ctx context.Context, t innsigli.Target) (innsigli.Facts, error) {
	var f innsigli.Facts
	err := d.read(ctx, "facts", func(ctx context.Context, r runner) error {
		t, err := resolve(ctx, r, t)
		if err != nil {
			return err
		}
		f = innsigli.Facts{}
		var b batch
		factsBatch(&b, t, d.now(), &f)
		return r.run(ctx, b)
	})
	if err == nil && f.Process.Key == "" {
		err = errNoProcess()
	}
	f.Now = d.now()
	return f, err
}

// resolve fills in the process of a target that names only a token. The process of a challenge never changes.
func resolve(ctx context.Context, r runner, t innsigli.Target) (innsigli.Target, error) {
	if t.Process != "" || t.Token == "" {
		return t, nil
	}
	err := one(ctx, r, "challenge", qProcessOfToken, into((*string)(&t.Process)), string(t.Token))
	return t, err
}

func scanProcess(r row, f *innsigli.Facts) error {
	p, c, fl := &f.Process, &f.Company, &f.Flow
	var state, meta string
	var location, created, expires, ended, language, active, flowCreated, held, pages, sealedPages int64
	err := r.Scan(
		(*string)(&p.Key), (*string)(&p.Group), (*string)(&p.Company), (*string)(&p.Flow), &state, &p.FileName, &p.DisplayName,
		&location, &p.User, &meta, &created, &expires, &ended, &p.EndedBy,
		&p.Document.Blob, &p.Document.Size, &p.Document.SHA256, &pages,
		&p.Sealed.Blob, &p.Sealed.Size, &p.Sealed.SHA256, &sealedPages,
		&c.Name, &c.Email, &language, &fl.Name, &active, &flowCreated, &held,
	)
	if err != nil {
		return err
	}
	p.State, p.Location = innsigli.ParseState(state), innsigli.Location(location)
	p.CreatedAt, p.ExpiresAt, p.EndedAt = timeOf(created), timeOf(expires), timeOf(ended)
	p.Document.Pages, p.Sealed.Pages = int(pages), int(sealedPages)
	c.Key, c.DefaultLanguage = p.Company, innsigli.Language(language)
	fl.Key, fl.Company, fl.Active, fl.CreatedAt = p.Flow, p.Company, active != 0, timeOf(flowCreated)
	f.Held = held != 0
	p.Meta, err = unmarshalMeta(meta)
	return err
}

func scanSignee(r row) (innsigli.Signee, error) {
	var s innsigli.Signee
	var hide, delivery, kind, language, invited, seen, wrong, token, signed, codes int64
	err := r.Scan(
		(*string)(&s.Key), (*string)(&s.Process), &s.Name, &s.Ssn, &s.Phone, &s.Email, &s.Address, &s.PostalCode, &s.City,
		&s.Reason, &hide, &delivery, &kind, &language, &s.CustomSms, &s.User, &invited, &seen, &wrong, &token,
		&signed, (*string)(&s.SignedBy), &s.SignedVia, &s.SignedTo, &s.SignedFrom.Address, &s.SignedFrom.Agent, &s.SignedSHA256,
		&codes,
	)
	s.HideCode, s.Delivery, s.Type = hide != 0, innsigli.Delivery(delivery), innsigli.SignatureType(kind)
	s.Language, s.WrongTries, s.CodesInHour = innsigli.Language(language), int(wrong), int(codes)
	s.InvitedAt, s.FirstSeenAt, s.LastTokenAt, s.SignedAt = timeOf(invited), timeOf(seen), timeOf(token), timeOf(signed)
	return s, err
}

func scanChallenge(r row) (innsigli.Challenge, error) {
	var c innsigli.Challenge
	var sent, expires, tries, void, used int64
	err := r.Scan((*string)(&c.Token), (*string)(&c.Process), (*string)(&c.Signee), &c.Via, &sent, &expires, &tries, &void, &used)
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
