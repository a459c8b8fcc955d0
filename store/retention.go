package store

import (
	"context"
	"time"

	"github.com/innsigli/innsigli"
)

const (
	qRetention    = `select key, personal_days, document_days from company where key = $1`
	qRetentions   = `select key, personal_days, document_days from company order by key`
	qSetRetention = `update company set personal_days = $1, document_days = $2 where key = $3`
	qPersonalDue  = `select p.key, p.ended_at from process p where p.company = $1 and p.ended_at > 0 and p.erased_at = 0 and p.ended_at <= $2
		and (p.ended_at, p.key) > ($3, $4) and not exists (select 1 from log l where l.process = p.key and l.seq is null)
		order by p.ended_at, p.key limit $5`
	qDocumentsDue = `select p.key, p.ended_at from process p where p.company = $1 and p.state = 'Completed' and p.purged_at = 0 and p.ended_at <= $2
		and (p.ended_at, p.key) > ($3, $4) order by p.ended_at, p.key limit $5`
)

// Retentions lists what each company has said.
func (d *DB) Retentions(ctx context.Context) ([]innsigli.Retention, error) {
	var all []innsigli.Retention
	err := d.get(ctx, "retentions", qRetentions, func(r row) error {
		var one innsigli.Retention
		err := scanRetention(&one)(r)
		all = append(all, one)
		return err
	})
	return all, err
}

// Retention reads what a company has said.
func (d *DB) Retention(ctx context.Context, c innsigli.CompanyKey) (innsigli.Retention, error) {
	var found innsigli.Retention
	err := d.get(ctx, "retention", qRetention, scanRetention(&found), string(c))
	if err == nil && found.Company == "" {
		err = errNotFound()
	}
	return found, err
}

// ChangeRetention keeps what decide makes of what a company has said.
func (d *DB) ChangeRetention(ctx context.Context, c innsigli.CompanyKey, decide func(innsigli.Retention) (innsigli.Retention, error)) (innsigli.Retention, error) {
	var now innsigli.Retention
	err := d.write(ctx, "change retention", func(ctx context.Context, r runner) error {
		now = innsigli.Retention{}
		var b batch
		b.exec("company", qLockCompany, string(c))
		b.query("retention", qRetention, scanRetention(&now), string(c))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if now.Company == "" {
			return judged{errNotFound()}
		}
		var err error
		if now, err = decide(now); err != nil {
			return judged{err}
		}
		b = nil
		b.must("retention", qSetRetention, int64(now.PersonalDays), int64(now.DocumentsDays), string(c))
		return r.run(ctx, b)
	})
	return now, err
}

func scanRetention(to *innsigli.Retention) func(row) error {
	return func(r row) error {
		var personal, documents int64
		err := r.Scan((*string)(&to.Company), &personal, &documents)
		to.PersonalDays, to.DocumentsDays = int(personal), int(documents)
		return err
	}
}

// PersonalDue lists processes whose personal data is to go. One whose lines have no place in the log's tree yet waits: the
// commitment has to be there before what it commits to goes.
func (d *DB) PersonalDue(ctx context.Context, c innsigli.CompanyKey, until time.Time, after innsigli.Ended, n int) ([]innsigli.Ended, error) {
	return d.due(ctx, qPersonalDue, c, until, after, n)
}

// DocumentsDue lists processes whose completed documents are to go.
func (d *DB) DocumentsDue(ctx context.Context, c innsigli.CompanyKey, until time.Time, after innsigli.Ended, n int) ([]innsigli.Ended, error) {
	return d.due(ctx, qDocumentsDue, c, until, after, n)
}

func (d *DB) due(ctx context.Context, text string, c innsigli.CompanyKey, until time.Time, after innsigli.Ended, n int) ([]innsigli.Ended, error) {
	var all []innsigli.Ended
	err := d.get(ctx, "due to be erased", text, func(r row) error {
		var e innsigli.Ended
		var at int64
		err := r.Scan((*string)(&e.Process), &at)
		e.At = timeOf(at)
		all = append(all, e)
		return err
	}, string(c), micros(until), micros(after.At), string(after.Process), int64(n))
	return all, err
}

// erasedName is in the place of a file's name that went.
const erasedName = "erased.pdf"

// keepPurged notes that the documents are gone, and takes their names away when the people's went before.
func keepPurged(b *batch, f *innsigli.Facts) {
	key := string(f.Process.Key)
	b.must("purged", `update process set purged_at = $1 where key = $2`, micros(f.Now), key)
	if !f.Process.ErasedAt.IsZero() {
		b.must("erase names of files", `update process set file_name = $1, display_name = '', search = $2 where key = $3`, erasedName, folded(key, erasedName, ""), key)
	}
}

// keepErase takes away what says who the people of a process were, and leaves what happened when. Names of files stay as
// long as the files do.
func keepErase(b *batch, f *innsigli.Facts) {
	p := &f.Process
	key, now := string(p.Key), micros(f.Now)
	name, display := p.FileName, p.DisplayName
	if p.Sealed.Blob == "" {
		name, display = erasedName, ""
	}
	b.must("erase process", `update process set owner = '', meta = '', ended_by = '', file_name = $1, display_name = $2, search = $3, erased_at = $4
		where key = $5 and erased_at = 0`, name, display, folded(key, name, display), now, key)
	b.exec("erase signees", `update signee set name = '', ssn = '', phone = '', email = '', address = '', postal_code = '', city = '', reason = '',
		custom_sms = '', owner = '', search = '', decline_reason = '', signed_to = '', signed_address = '', signed_agent = '',
		read_at = 0, read_seconds = 0, read_pages = '', downloads = 0, once_key = '', once_request = '' where process = $1`, key)
	b.exec("erase in log", `delete from log_person where log in (select l.id from log l where l.process = $1 and l.seq is not null)`, key)
	b.exec("erase in dead letters", `update job set address = '', lane = '' where process = $1 and state = 'dead'`, key)
	if f.Sequence.Key != "" {
		b.exec("erase in sequence", `update sequence set owner = '' where key = $1`, string(f.Sequence.Key))
	}
}
