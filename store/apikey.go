package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/innsigli/innsigli"
)

const (
	// The company's row is what is locked, so that of two changes of its keys one sees what the other has done.
	qLockCompany  = `update company set name = name where key = $1`
	qAPIKeys      = `select id, company, name, permissions, created_at from api_key where company = $1 order by created_at, id` //nolint:gosec // G101: a statement, no key
	qNewAPIKey    = `insert into api_key (hash, company, name, id, permissions, created_at) values ($1, $2, $3, $4, $5, $6)`
	qChangeAPIKey = `update api_key set name = $3, permissions = $4 where company = $1 and id = $2` //nolint:gosec // G101: a statement, no key
	qRemoveAPIKey = `delete from api_key where company = $1 and id = $2`
)

// APIKeys lists a company's keys, oldest first.
func (d *DB) APIKeys(ctx context.Context, c innsigli.CompanyKey) ([]innsigli.APIKey, error) {
	var all []innsigli.APIKey
	err := d.get(ctx, "API keys", qAPIKeys, scanAPIKeys(&all), string(c))
	return all, err
}

func scanAPIKeys(all *[]innsigli.APIKey) func(row) error {
	return func(r row) error {
		var k innsigli.APIKey
		var permissions string
		var created int64
		err := r.Scan(&k.ID, (*string)(&k.Company), &k.Name, &permissions, &created)
		if err != nil {
			return err
		}
		k.CreatedAt = timeOf(created)
		k.Permissions, err = readPermissions(permissions)
		*all = append(*all, k)
		return err
	}
}

// AddAPIKey keeps a new key.
func (d *DB) AddAPIKey(ctx context.Context, k innsigli.APIKey, hash [32]byte) error {
	permissions, err := writePermissions(k.Permissions)
	if err != nil {
		return err
	}
	return d.withKeys(ctx, "add API key", k.Company, func(all []innsigli.APIKey) (batch, error) {
		if len(all) >= innsigli.MaxAPIKeys {
			return nil, innsigli.InvalidField("name", "TooMany", fmt.Sprintf("A company has at most %d API keys.", innsigli.MaxAPIKeys))
		}
		var b batch
		b.must("API key", qNewAPIKey, hex.EncodeToString(hash[:]), string(k.Company), k.Name, k.ID, permissions, micros(k.CreatedAt))
		return b, nil
	})
}

// ChangeAPIKey keeps what decide makes of a key.
func (d *DB) ChangeAPIKey(ctx context.Context, c innsigli.CompanyKey, id int64, decide func([]innsigli.APIKey) (innsigli.APIKey, error)) (innsigli.APIKey, error) {
	var k innsigli.APIKey
	err := d.withKeys(ctx, "change API key", c, func(all []innsigli.APIKey) (b batch, err error) {
		if k, err = decide(all); err != nil {
			return nil, err
		}
		permissions, err := writePermissions(k.Permissions)
		b.must("API key", qChangeAPIKey, string(c), id, k.Name, permissions)
		return b, err
	})
	return k, err
}

// RemoveAPIKey deletes a key that decide lets go.
func (d *DB) RemoveAPIKey(ctx context.Context, c innsigli.CompanyKey, id int64, decide func([]innsigli.APIKey) error) error {
	return d.withKeys(ctx, "remove API key", c, func(all []innsigli.APIKey) (b batch, err error) {
		b.must("API key", qRemoveAPIKey, string(c), id)
		return b, decide(all)
	})
}

// withKeys locks the keys of a company, shows them and runs what comes of it.
func (d *DB) withKeys(ctx context.Context, what string, c innsigli.CompanyKey, f func([]innsigli.APIKey) (batch, error)) error {
	return d.write(ctx, what, func(ctx context.Context, r runner) error {
		var all []innsigli.APIKey
		var b batch
		b.must("company", qLockCompany, string(c))
		b.query("API keys", qAPIKeys, scanAPIKeys(&all), string(c))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		after, err := f(all)
		if err != nil {
			return judged{err}
		}
		return r.run(ctx, after)
	})
}

// permission is how one is kept. What is for some flows alone has its verbs under a name of its own: a version of this server
// that knows no such permissions then gives nothing in place of everything.
type permission struct {
	Resource  string             `json:"resource"`
	Verbs     []string           `json:"verbs"`
	Flows     []innsigli.FlowKey `json:"flows,omitzero"`
	FlowVerbs []string           `json:"flowVerbs,omitempty"`
}

func writePermissions(all []innsigli.Permission) (string, error) {
	if len(all) == 0 {
		return "", nil
	}
	var kept []permission
	for _, p := range all {
		k := permission{Resource: p.Resource, Verbs: p.Verbs}
		if p.Flows != nil {
			k.Verbs, k.Flows, k.FlowVerbs = nil, p.Flows, p.Verbs
		}
		kept = append(kept, k)
	}
	b, err := json.Marshal(kept)
	return string(b), err
}

// readPermissions fails on what it cannot read: no permissions would mean all.
func readPermissions(s string) (all []innsigli.Permission, err error) {
	if s == "" {
		return nil, nil
	}
	var kept []permission
	if err = json.Unmarshal([]byte(s), &kept); err == nil && len(kept) == 0 {
		err = fmt.Errorf("permissions of an API key: empty list")
	}
	for _, k := range kept {
		p := innsigli.Permission{Resource: k.Resource, Verbs: k.Verbs, Flows: k.Flows}
		if len(k.FlowVerbs) > 0 {
			p.Verbs, p.Flows = k.FlowVerbs, append([]innsigli.FlowKey{}, k.Flows...) // never nil, which would mean every flow
		}
		all = append(all, p)
	}
	return all, err
}
