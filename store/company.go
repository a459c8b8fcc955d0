package store

import (
	"context"
	"encoding/hex"

	"github.com/innsigli/innsigli"
)

const (
	qAuthenticate = `select c.key, c.name, c.email, c.language, c.time_zone, c.reminder_hour, c.origins, c.colour, c.logo, a.name, a.id, a.permissions
		from api_key a join company c on c.key = a.company
		where a.hash = $1 and a.company = $2`
	qNewCompany = `insert into company (key, name, email, language, webhook_key_id, webhook_key, time_zone, reminder_hour) values ($1, $2, $3, $4, $5, $6, $7, $8)`
	qNewFlow    = `insert into flow (key, company, name, active, created_at, brand_name, colour) values ($1, $2, $3, $4, $5, $6, $7)`
	qFirstKey   = `insert into api_key (hash, company, name, id, permissions, created_at) values ($1, $2, $3, 1, '', $4)`
	qFlows      = `select key, company, name, active, created_at, brand_name, colour, logo from flow where company = $1 and deleted = 0 order by created_at, key`
)

// Authenticate finds a company by its key and the hash of one of its API keys.
func (d *DB) Authenticate(ctx context.Context, c innsigli.CompanyKey, keyHash [32]byte) (innsigli.Caller, error) {
	var caller innsigli.Caller
	var language, hour int64
	var permissions string
	err := d.get(ctx, "authenticate", qAuthenticate,
		into((*string)(&caller.Company.Key), &caller.Company.Name, &caller.Company.Email, &language, &caller.Company.TimeZone, &hour,
			(*string)(&caller.Company.Origins), &caller.Company.Colour, &caller.Company.Logo, &caller.KeyName, &caller.Key.ID, &permissions),
		hex.EncodeToString(keyHash[:]), string(c))
	if err == nil && caller.Company.Key == "" {
		err = errNotFound()
	}
	caller.Company.DefaultLanguage, caller.Company.ReminderHour = innsigli.Language(language), int(hour)
	caller.Key.Name, caller.Key.Company = caller.KeyName, caller.Company.Key
	if err == nil {
		caller.Key.Permissions, err = readPermissions(permissions)
	}
	return caller, err
}

// CreateCompany keeps a new company. Like everything that keeps a wrapped key it answers ErrRewrap when the
// key-encryption key has changed.
func (d *DB) CreateCompany(ctx context.Context, n innsigli.NewCompany) error {
	return d.write(ctx, "create company", func(ctx context.Context, r runner) error {
		var b batch
		current := d.guard(&b, n.WebhookKey)
		c, f := n.Company, n.Flow
		b.must("company", qNewCompany, string(c.Key), c.Name, c.Email, int64(c.DefaultLanguage), n.WebhookKey.KeyID, n.WebhookKey.Bytes,
			c.TimeZone, int64(c.ReminderHour))
		b.must("flow", qNewFlow, string(f.Key), string(c.Key), f.Name, flag(f.Active), micros(f.CreatedAt), f.Brand.Name, f.Brand.Colour)
		b.must("API key", qFirstKey, hex.EncodeToString(n.KeyHash[:]), string(c.Key), n.KeyName, micros(f.CreatedAt))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		return current()
	})
}

// Flows lists a company's flows, oldest first.
func (d *DB) Flows(ctx context.Context, c innsigli.CompanyKey) ([]innsigli.Flow, error) {
	var all []innsigli.Flow
	err := d.get(ctx, "flows", qFlows, func(r row) error {
		var f innsigli.Flow
		var active, created int64
		if err := r.Scan((*string)(&f.Key), (*string)(&f.Company), &f.Name, &active, &created, &f.Brand.Name, &f.Brand.Colour, &f.Brand.Logo); err != nil {
			return err
		}
		f.Active, f.CreatedAt = active != 0, timeOf(created)
		all = append(all, f)
		return nil
	}, string(c))
	return all, err
}
