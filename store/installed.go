package store

import "context"

// HasCompany says whether there is any company: whether this installation is in use.
func (d *DB) HasCompany(ctx context.Context) (bool, error) {
	var n int64
	err := d.get(ctx, "companies", `select count(*) from (select key from company limit 1) as c`, into(&n))
	return n > 0, err
}
