package store

import (
	"context"

	"github.com/innsigli/innsigli"
)

const (
	qLogoOfCompany  = `update company set logo = $2 where key = $1 returning key`
	qLogoOfFlow     = `update flow set logo = $3 where company = $1 and key = $2 and deleted = 0 returning key`
	qDropLogo       = `delete from logo where owner = $1`
	qKeepLogo       = `insert into logo (owner, sha256, png) values ($1, $2, $3)`
	qBrandOfCompany = `select name, colour, logo from company where key = $1`
	qBrandOfFlow    = `select coalesce(nullif(f.brand_name, ''), c.name), coalesce(nullif(f.colour, ''), c.colour), coalesce(nullif(f.logo, ''), c.logo)
		from flow f join company c on c.key = f.company where f.key = $1 and f.deleted = 0`
	qLogo = `select png from logo where sha256 = $1 limit 1`
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

// Brand reads how a company looks, or one of its flows.
func (d *DB) Brand(ctx context.Context, c innsigli.CompanyKey, f innsigli.FlowKey) (innsigli.Brand, error) {
	text, key := qBrandOfCompany, string(c)
	if f != "" {
		text, key = qBrandOfFlow, string(f)
	}
	var b innsigli.Brand
	err := d.get(ctx, "brand", text, into(&b.Name, &b.Colour, &b.Logo), key)
	if err == nil && b.Name == "" {
		err = errNotFound()
	}
	return b, err
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
