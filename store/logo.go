package store

import (
	"context"

	"github.com/innsigli/innsigli"
)

const (
	qLogoOfCompany = `update company set logo = $2 where key = $1 returning key`
	qLogoOfFlow    = `update flow set logo = $3 where company = $1 and key = $2 and deleted = 0 returning key`
	qDropLogo      = `delete from logo where owner = $1`
	qKeepLogo      = `insert into logo (owner, sha256, png) values ($1, $2, $3)`
	qLogo          = `select png from logo where sha256 = $1 limit 1`
)

// SetLogo puts a logo in the place of the one that a company or a flow had; the zero logo is none.
func (d *DB) SetLogo(ctx context.Context, c innsigli.CompanyKey, f innsigli.FlowKey, l innsigli.Logo) error {
	text, args := qLogoOfCompany, []any{string(c), l.SHA256}
	if f != "" {
		text, args = qLogoOfFlow, []any{string(c), string(f), l.SHA256}
	}
	return d.write(ctx, "set logo", func(ctx context.Context, r runner) error {
		var owner string
		if err := one(ctx, r, "owner of the logo", text, into(&owner), args...); err != nil {
			return err
		}
		if owner == "" {
			return judged{errNotFound()}
		}
		var b batch
		b.exec("earlier logo", qDropLogo, owner)
		if l.SHA256 != "" {
			b.must("logo", qKeepLogo, owner, l.SHA256, l.PNG)
		}
		return r.run(ctx, b)
	})
}

// Logo gives the PNG of a logo by its hash.
func (d *DB) Logo(ctx context.Context, sum string) ([]byte, error) {
	var png []byte
	err := d.get(ctx, "logo", qLogo, into(&png), sum)
	if err == nil && png == nil {
		err = errNotFound()
	}
	return png, err
}
