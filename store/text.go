package store

import (
	"context"
	"time"

	"github.com/innsigli/innsigli"
)

// textsKept is how long an SMS or a call counts.
const textsKept = time.Hour

const (
	qTextCounts = `select (select count(*) from text_sent where uid = $1), (select count(*) from text_sent where company = $2 and at > $5),
		(select count(*) from text_sent where process = $3 and at > $5), (select count(*) from text_sent where number = $4 and at > $5)`
	qTextSent = `insert into text_sent (uid, company, process, number, at) values ($1, $2, $3, $4, $5) on conflict (uid) do nothing`
)

// qTextFull has for each limit that is reached the one whose end makes room.
const qTextFull = `select coalesce(max(at), 0) from (
	select at from (select at from text_sent where company = $1 and at > $4 order by at desc limit 1 offset $5) c
	union all select at from (select at from text_sent where process = $2 and at > $4 order by at desc limit 1 offset $6) p
	union all select at from (select at from text_sent where number = $3 and at > $4 order by at desc limit 1 offset $7) n) x`

// TextWait is how long an SMS or a call would have to wait for room in the hour, as of now; 0: it may go.
func (d *DB) TextWait(ctx context.Context, t innsigli.Text) (time.Duration, error) {
	now := d.now()
	var at int64
	err := d.get(ctx, "room for texts", qTextFull, func(r row) error { return r.Scan(&at) },
		string(t.Company), string(t.Process), t.Number, micros(now.Add(-textsKept)),
		max(0, t.Limit-1), innsigli.MaxTextsOfProcess-1, innsigli.MaxTextsOfNumber-1)
	if err != nil || at == 0 {
		return 0, err
	}
	return timeOf(at).Add(textsKept).Sub(now), nil
}

// TakeText counts an SMS or a call, unless a limit of the hour is reached: then it is false. What runs at the same moment on
// several nodes may go over by that much.
func (d *DB) TakeText(ctx context.Context, t innsigli.Text) (bool, error) {
	taken := false
	err := d.write(ctx, "text", func(ctx context.Context, r runner) error {
		var before, ofCompany, ofProcess, ofNumber int64
		now := d.now()
		err := one(ctx, r, "texts of the hour", qTextCounts, func(r row) error { return r.Scan(&before, &ofCompany, &ofProcess, &ofNumber) },
			t.UID, string(t.Company), string(t.Process), t.Number, micros(now.Add(-textsKept)))
		if err != nil {
			return err
		}
		taken = before > 0 || ofCompany < int64(t.Limit) && ofProcess < innsigli.MaxTextsOfProcess && ofNumber < innsigli.MaxTextsOfNumber
		if !taken || before > 0 {
			return errNothing
		}
		var b batch
		b.exec("text", qTextSent, t.UID, string(t.Company), string(t.Process), t.Number, micros(now))
		return r.run(ctx, b)
	})
	return taken && err == nil, err
}
