package store

import (
	"context"

	"github.com/innsigli/innsigli"
)

const (
	qCompany    = `select key, name, email, language from company where key = $1`
	qSetCompany = `update company set name = $2, email = $3, language = $4 where key = $1`
)

// ChangeCompany keeps what decide makes of a company; NotFound when there is none.
func (d *DB) ChangeCompany(ctx context.Context, k innsigli.CompanyKey, decide func(innsigli.Company) (innsigli.Company, error)) (innsigli.Company, error) {
	var c innsigli.Company
	err := d.write(ctx, "change company", func(ctx context.Context, r runner) error {
		c = innsigli.Company{}
		var language int64
		var b batch
		b.exec("company", qLockCompany, string(k))
		b.query("company", qCompany, into((*string)(&c.Key), &c.Name, &c.Email, &language), string(k))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if c.Key == "" {
			return judged{errNotFound()}
		}
		c.DefaultLanguage = innsigli.Language(language)
		var err error
		if c, err = decide(c); err != nil {
			return judged{err}
		}
		b = nil
		b.must("company", qSetCompany, string(k), c.Name, c.Email, int64(c.DefaultLanguage))
		return r.run(ctx, b)
	})
	return c, err
}
