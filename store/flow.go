package store

import (
	"context"
	"fmt"

	"github.com/innsigli/innsigli"
)

const (
	qCountFlows = `select count(*) from flow where company = $1 and deleted = 0`
	qChangeFlow = `update flow set name = $3, active = $4, brand_name = $5, colour = $6 where company = $1 and key = $2 and deleted = 0 returning key`
	qRemoveFlow = `update flow set active = 0, deleted = 1 where company = $1 and key = $2 and deleted = 0 returning key`
)

// AddFlow keeps a new flow, up to the limit of a company.
func (d *DB) AddFlow(ctx context.Context, f innsigli.Flow) error {
	return d.write(ctx, "add flow", func(ctx context.Context, r runner) error {
		var n int64
		var b batch
		b.must("company", qLockCompany, string(f.Company))
		b.query("flows", qCountFlows, into(&n), string(f.Company))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if n >= innsigli.MaxFlows {
			return judged{innsigli.InvalidField("name", "TooMany", fmt.Sprintf("A company has at most %d flows.", innsigli.MaxFlows))}
		}
		b = nil
		b.must("flow", qNewFlow, string(f.Key), string(f.Company), f.Name, flag(f.Active), micros(f.CreatedAt), f.Brand.Name, f.Brand.Colour)
		return r.run(ctx, b)
	})
}

// ChangeFlow keeps name, state and look of a flow; NotFound when it is not the company's.
func (d *DB) ChangeFlow(ctx context.Context, f innsigli.Flow) error {
	return d.flow(ctx, "change flow", qChangeFlow, string(f.Company), string(f.Key), f.Name, flag(f.Active), f.Brand.Name, f.Brand.Colour)
}

// RemoveFlow deletes a flow for whoever wants to start something; NotFound when it is not the company's.
func (d *DB) RemoveFlow(ctx context.Context, c innsigli.CompanyKey, k innsigli.FlowKey) error {
	return d.flow(ctx, "remove flow", qRemoveFlow, string(c), string(k))
}

func (d *DB) flow(ctx context.Context, what, query string, args ...any) error {
	return d.write(ctx, what, func(ctx context.Context, r runner) error {
		var key string
		if err := one(ctx, r, what, query, into(&key), args...); err != nil {
			return err
		}
		if key == "" {
			return judged{errNotFound()}
		}
		return nil
	})
}
