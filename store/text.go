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
