package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// idempotencyTime is how long an Idempotency-Key is remembered.
const idempotencyTime = 24 * time.Hour

const (
	qIdemOld    = `delete from idempotency where company = $1 and key = $2 and at <= $3`
	qIdemNew    = `insert into idempotency (company, key, hash, process, at) values ($1, $2, $3, $4, $5) on conflict (company, key) do nothing`
	qIdem       = `select process, hash from idempotency where company = $1 and key = $2`
	qGroup      = `insert into grp (key, version) values ($1, 1)`
	qNewProcess = `insert into process (key, grp, company, flow, state, file_name, display_name, location, owner, meta, search,
		created_at, expires_at, ended_at, ended_by, position, in_order, flatten, remind_first, remind_every, requires_auth, allow_reassign)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, '', $14, $15, $16, $17, $18, $19, $20)`
	qNewSignee = `insert into signee (key, process, position, name, ssn, phone, email, address, postal_code, city, reason, hide_code,
		delivery, type, language, custom_sms, owner, search, person, once_key, once_request)
		values ($1, $2, (select coalesce(max(o.position) + 1, 0) from signee o where o.process = $2),
		$3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`
	qNewSequence = `insert into sequence (key, company, owner, requires_auth, in_order, created_at) values ($1, $2, $3, $4, $5, $6)`
	qNewKey      = `insert into data_key (process, key_id, bytes) values ($1, $2, $3)`
)

// Create keeps a new process, or the processes of a new sequence, with everything that belongs to it in one commit.
func (d *DB) Create(ctx context.Context, n innsigli.NewProcess) (innsigli.ProcessKey, string, error) {
	p := &n.Process
	if p.CreatedAt.IsZero() {
		p.CreatedAt = d.now()
	}
	var rows batch
	if err := d.newGroup(&rows, &n); err != nil {
		return "", "", err
	}
	var earlier, hash string
	err := d.write(ctx, "create", func(ctx context.Context, r runner) error {
		var err error
		if earlier, hash, err = d.firstUse(ctx, r, &n); err != nil {
			return err
		}
		if earlier != "" {
			return errNothing
		}
		var b batch
		keys := []innsigli.WrappedKey{n.Key}
		for _, o := range n.Others {
			keys = append(keys, o.Key)
		}
		current := d.guard(&b, keys...)
		if err := r.run(ctx, append(b, rows...)); err != nil {
			return err
		}
		return current()
	})
	if err != nil {
		return "", "", err
	}
	return innsigli.ProcessKey(earlier), hash, nil
}

// firstUse claims the Idempotency-Key, or finds the process that it made before.
func (d *DB) firstUse(ctx context.Context, r runner, n *innsigli.NewProcess) (earlier, hash string, err error) {
	if n.Idempotency == "" {
		return "", "", nil
	}
	company, now := string(n.Process.Company), d.now()
	var b batch
	b.exec("old idempotency key", qIdemOld, company, n.Idempotency, micros(now.Add(-idempotencyTime)))
	b.exec("idempotency key", qIdemNew, company, n.Idempotency, n.RequestHash, string(n.Process.Key), micros(now))
	b.query("idempotency key", qIdem, into(&earlier, &hash), company, n.Idempotency)
	if err := r.run(ctx, b); err != nil {
		return "", "", err
	}
	if earlier == string(n.Process.Key) {
		return "", "", nil
	}
	return earlier, hash, nil
}

func (d *DB) newGroup(b *batch, n *innsigli.NewProcess) error {
	p, q := &n.Process, &n.Sequence
	b.must("group", qGroup, string(p.Group))
	f := innsigli.Facts{Now: p.CreatedAt, Process: *p, Sequence: *q}
	if q.Key != "" {
		b.must("sequence", qNewSequence, string(q.Key), string(p.Company), q.User, flag(q.RequiresAuth), flag(q.InOrder), micros(p.CreatedAt))
		f.Members = []innsigli.Member{{Process: *p}}
	}
	if err := newProcess(b, p, n.Key, 0); err != nil {
		return err
	}
	for i := range n.Others {
		o := &n.Others[i]
		f.Members = append(f.Members, innsigli.Member{Process: o.Process})
		if err := newProcess(b, &o.Process, o.Key, i+1); err != nil {
			return err
		}
	}
	people := 0
	for _, s := range p.Signees {
		people += hasMail(&s)
	}
	for i := range n.Others {
		for _, s := range n.Others[i].Process.Signees {
			people += hasMail(&s)
		}
	}
	keepAddressed(b, &f, people)
	d.keepAll(b, &f, &n.Change)
	return nil
}

// newProcess adds the rows of a process; position is its place in the sequence.
func newProcess(b *batch, p *innsigli.Process, wrapped innsigli.WrappedKey, position int) error {
	meta, err := marshalMeta(p.Meta)
	if err != nil {
		return err
	}
	key := string(p.Key)
	b.must("process", qNewProcess, key, string(p.Group), string(p.Company), string(p.Flow), p.State.String(), p.FileName, p.DisplayName,
		int64(p.Location), p.User, meta, folded(key, p.FileName, p.DisplayName, p.User), micros(p.CreatedAt), micros(p.ExpiresAt),
		int64(position), flag(p.InOrder), flag(p.Flatten), int64(p.Reminders.First), int64(p.Reminders.Every), flag(p.RequiresAuth),
		flag(p.AllowReassign))
	for i := range p.Signees {
		newSignee(b, key, &p.Signees[i])
	}
	keepDocument(b, key, "intake", p.Document)
	for i, a := range p.Attachments {
		keepAttachment(b, key, a, i)
	}
	b.must("key", qNewKey, key, wrapped.KeyID, wrapped.Bytes)
	return nil
}

// newSignee adds the row of a signee behind those that the process has.
func newSignee(b *batch, process string, s *innsigli.Signee) {
	b.must("signee", qNewSignee, string(s.Key), process, s.Name, s.Ssn, s.Phone, s.Email, s.Address, s.PostalCode, s.City,
		s.Reason, flag(s.HideCode), int64(s.Delivery), int64(s.Type), int64(s.Language), s.CustomSms, s.User,
		searched(s), string(s.Person), s.Added.Key, s.Added.Request)
}

// searched is what a signee is found by.
func searched(s *innsigli.Signee) string {
	return folded(string(s.Key), s.Name, s.Email, s.Phone, s.Ssn, s.Address)
}

// folded is what a free text is searched in: folded here, since SQLite folds only ASCII.
func folded(parts ...string) string { return strings.ToLower(strings.Join(parts, "\n")) }

// guard adds the statement that keeps the key-encryption key from being exchanged before the commit. Its answer, to be
// asked after the batch, is ErrRewrap when one of the keys was wrapped under another one.
func (d *DB) guard(b *batch, keys ...innsigli.WrappedKey) func() error {
	var current string
	b.query("current key", `select key_id from kek where id = 1`+d.dialect.share, into(&current))
	return func() error {
		for _, w := range keys {
			if current != "" && current != w.KeyID {
				return fmt.Errorf("wrapped under %q, current is %q: %w", w.KeyID, current, innsigli.ErrRewrap)
			}
		}
		return nil
	}
}
