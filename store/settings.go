package store

import (
	"context"

	"github.com/innsigli/innsigli"
)

const (
	qCompany = `select key, name, email, language, time_zone, reminder_hour, origins, colour, logo from company where key = $1`
	// An origin holds no wildcard of like: see plainHost in the root package.
	qEmbeds     = `select count(*) from (select key from company where origins <> '' and ' ' || origins || ' ' like '% ' || $1 || ' %' limit 1) as c`
	qSetCompany = `update company set name = $2, email = $3, language = $4, time_zone = $5, reminder_hour = $6, origins = $7, colour = $8 where key = $1`
)

// ChangeCompany keeps what decide makes of a company; NotFound when there is none.
func (d *DB) ChangeCompany(ctx context.Context, k innsigli.CompanyKey, decide func(innsigli.Company) (innsigli.Company, error)) (innsigli.Company, error) {
	var c innsigli.Company
	err := d.write(ctx, "change company", func(ctx context.Context, r runner) error {
		c = innsigli.Company{}
		var language, hour int64
		var b batch
		b.exec("company", qLockCompany, string(k))
		b.query("company", qCompany, into((*string)(&c.Key), &c.Name, &c.Email, &language, &c.TimeZone, &hour,
			(*string)(&c.Origins), &c.Colour, &c.Logo), string(k))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if c.Key == "" {
			return judged{errNotFound()}
		}
		c.DefaultLanguage, c.ReminderHour = innsigli.Language(language), int(hour)
		var err error
		if c, err = decide(c); err != nil {
			return judged{err}
		}
		b = nil
		b.must("company", qSetCompany, string(k), c.Name, c.Email, int64(c.DefaultLanguage), c.TimeZone, int64(c.ReminderHour),
			string(c.Origins), c.Colour)
		return r.run(ctx, b)
	})
	return c, err
}

// Embeds says whether some company has registered an origin.
func (d *DB) Embeds(ctx context.Context, origin string) (bool, error) {
	var n int64
	err := d.get(ctx, "origin", qEmbeds, into(&n), origin)
	return n > 0, err
}
