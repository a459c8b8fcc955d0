package store

import (
	"context"
	"strconv"

	"github.com/innsigli/innsigli"
)

const (
	qFlowHooks = `select id, flow, url, type from webhook where flow = $1 and deleted_at = 0 order by id`
	// qLockFlow lets registrations of one flow wait for each other, so that none is counted twice.
	qLockFlow   = `update flow set active = active where key = $1 and company = $2 returning 1`
	qCountHooks = `select count(*) from webhook where flow = $1 and deleted_at = 0`
	qNewHook    = `insert into webhook (flow, url, type) values ($1, $2, $3) returning id`
	qHook       = `select id, flow, url, type from webhook where id = $1 and deleted_at = 0`
	qChangeHook = `update webhook set flow = $1, url = $2, type = $3
		where id = $4 and deleted_at = 0 and flow in (select key from flow where company = $5)
		and exists (select 1 from flow where key = $1 and company = $5) returning 1`
	qRetarget = `update job set target = $1 where class = 'webhook' and ref = $2 and state = 'ready' and target <> $1`
	// The address of a deleted registration is forgotten: it may hold a secret of its receiver.
	qDeleteHook = `update webhook set deleted_at = $1, url = '' where id = $2 and deleted_at = 0
		and flow in (select key from flow where company = $3) returning 1`
	qHookKey = `select webhook_key_id, webhook_key from company where key = $1`
)

// Webhooks lists the registrations of a flow, oldest first.
func (d *DB) Webhooks(ctx context.Context, f innsigli.FlowKey) ([]innsigli.Webhook, error) {
	var all []innsigli.Webhook
	err := d.get(ctx, "webhooks", qFlowHooks, func(r row) error {
		w, err := scanWebhook(r)
		all = append(all, w)
		return err
	}, string(f))
	return all, err
}

// AddWebhook keeps a registration.
func (d *DB) AddWebhook(ctx context.Context, c innsigli.CompanyKey, w innsigli.Webhook) (innsigli.Webhook, error) {
	err := d.write(ctx, "add webhook", func(ctx context.Context, r runner) error {
		var b batch
		var found, have int64
		w.ID = 0
		b.query("flow", qLockFlow, into(&found), string(w.Flow), string(c))
		b.query("webhooks of the flow", qCountHooks, into(&have), string(w.Flow))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if found == 0 {
			return errNotFound()
		}
		if err := innsigli.RoomForWebhook(int(have)); err != nil {
			return err
		}
		return one(ctx, r, "webhook", qNewHook, into(&w.ID), string(w.Flow), w.URL, int64(w.Type))
	})
	return w, err
}

// ChangeWebhook replaces what a registration says, and where its waiting events go.
func (d *DB) ChangeWebhook(ctx context.Context, c innsigli.CompanyKey, w innsigli.Webhook) error {
	return d.write(ctx, "change webhook", func(ctx context.Context, r runner) error {
		var b batch
		var found int64
		b.query("webhook", qChangeHook, into(&found), string(w.Flow), w.URL, int64(w.Type), w.ID, string(c))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if found == 0 {
			return errNotFound()
		}
		var after batch
		after.exec("targets", qRetarget, innsigli.HookTarget(c, w.URL), strconv.FormatInt(w.ID, 10))
		return r.run(ctx, after)
	})
}

// DeleteWebhook ends a registration. Its waiting events find that it is gone when their turn comes: they are settled like
// any other, so that an expired document that was held for them is let go.
func (d *DB) DeleteWebhook(ctx context.Context, c innsigli.CompanyKey, id int64) error {
	return d.write(ctx, "delete webhook", func(ctx context.Context, r runner) error {
		var found int64
		err := one(ctx, r, "webhook", qDeleteHook, into(&found), micros(d.now()), id, string(c))
		if err == nil && found == 0 {
			err = errNotFound()
		}
		return err
	})
}

// Webhook reads one registration.
func (d *DB) Webhook(ctx context.Context, id int64) (innsigli.Webhook, error) {
	var w innsigli.Webhook
	err := d.get(ctx, "webhook", qHook, func(r row) (err error) {
		w, err = scanWebhook(r)
		return err
	}, id)
	if err == nil && w.ID == 0 {
		err = errNotFound()
	}
	return w, err
}

// WebhookKey gives the company's wrapped webhook signature key.
func (d *DB) WebhookKey(ctx context.Context, c innsigli.CompanyKey) (innsigli.WrappedKey, error) {
	return d.wrapped(ctx, "webhook key", qHookKey, string(c))
}
