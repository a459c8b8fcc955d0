package store

import (
	"context"
	"strconv"
	"time"

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
	qHookKeys = `select c.webhook_key_id, c.webhook_key, coalesce(o.key_id, ''), coalesce(o.bytes, c.webhook_key), coalesce(o.until, 0)
		from company c left join webhook_old_key o on o.company = c.key and o.until > $2 where c.key = $1`
	qKeepHookKey = `insert into webhook_old_key (company, key_id, bytes, until) select key, webhook_key_id, webhook_key, $2 from company where key = $1`
	qDeliveries  = `select j.uid, j.ref, p.company, j.process, j.event, j.state, j.attempt, j.at, j.due, j.ended_at, j.why
		from job j join process p on p.key = j.process where j.class = 'webhook' and ($1 = '' or p.company = $1)`
	qReplay = `update job set state = 'ready', due = $1, earlier = attempt, why = '', ended_at = 0, lane = 'hook:' || ref || ':' || process
		where class = 'webhook' and uid = $2 and ($3 = '' or ref = $3) and state in ('done', 'dead')`
)

var (
	qReplayOf = qReplay + ` and ` + within(`job.grp`, `$4`) + ` returning 1`
	qDelivery = `select count(*) from job where class = 'webhook' and uid = $1 and ($2 = '' or ref = $2) and ` + within(`job.grp`, `$3`)
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

// WebhookKeys gives the company's wrapped webhook signature keys.
func (d *DB) WebhookKeys(ctx context.Context, c innsigli.CompanyKey) (innsigli.WebhookKeys, error) {
	var k innsigli.WebhookKeys
	var until int64
	found := false
	err := d.get(ctx, "webhook keys", qHookKeys, func(r row) error {
		found = true
		return r.Scan(&k.Current.KeyID, &k.Current.Bytes, &k.Former.KeyID, &k.Former.Bytes, &until)
	}, string(c), micros(d.now().Add(-innsigli.KeyAfterglow)))
	if err == nil && !found {
		err = errNotFound()
	}
	if until == 0 {
		k.Former = innsigli.WrappedKey{}
	}
	k.Until = timeOf(until)
	return k, err
}

// RotateWebhookKey puts fresh in the place of the company's webhook signature key. The row is locked while the former key
// is copied, as in keepKey.
func (d *DB) RotateWebhookKey(ctx context.Context, c innsigli.CompanyKey, fresh innsigli.WrappedKey, until time.Time) error {
	err := d.write(ctx, "rotate webhook key", func(ctx context.Context, r runner) error {
		var b batch
		var found int64
		current := d.guard(&b, fresh)
		b.exec("older webhook key", `delete from webhook_old_key where company = $1`, string(c))
		if until.After(d.now()) {
			b.exec("former webhook key", qKeepHookKey+d.dialect.lock, string(c), micros(until))
		}
		b.query("webhook key", `update company set webhook_key_id = $1, webhook_key = $2 where key = $3 returning 1`, into(&found),
			fresh.KeyID, fresh.Bytes, string(c))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if found == 0 {
			return errNotFound()
		}
		return current()
	})
	if err == nil {
		d.eraser.request()
	}
	return err
}

// Deliveries lists webhooks, newest first.
func (d *DB) Deliveries(ctx context.Context, q innsigli.DeliveryQuery) ([]innsigli.HookDelivery, error) {
	text := qDeliveries
	args := []any{string(q.Company), int64(q.Take), int64(q.Skip)}
	if q.Hook != 0 {
		args = append(args, strconv.FormatInt(q.Hook, 10))
		text += ` and j.ref = $4`
	}
	if len(q.States) > 0 {
		for _, s := range q.States {
			args = append(args, string(s))
		}
		text += ` and j.state in (` + list(len(args)-len(q.States)+1, len(q.States)) + `)`
	}
	if q.Within.Limited() {
		args = append(args, string(q.Within))
		text += ` and ` + within(`p.grp`, `$`+strconv.Itoa(len(args)))
	}
	var all []innsigli.HookDelivery
	err := d.get(ctx, "deliveries", text+` order by j.id desc limit $2 offset $3`, func(r row) error {
		v, err := scanDelivery(r)
		all = append(all, v)
		return err
	}, args...)
	return all, err
}

func scanDelivery(r row) (innsigli.HookDelivery, error) {
	var v innsigli.HookDelivery
	var ref string
	var event, attempts, at, due, ended int64
	err := r.Scan(&v.ID, &ref, (*string)(&v.Company), (*string)(&v.Process), &event, (*string)(&v.State), &attempts, &at, &due, &ended, &v.Why)
	if err != nil {
		return v, err
	}
	v.Event, v.Attempts, v.At, v.EndedAt = innsigli.EventType(event), int(attempts), timeOf(at), timeOf(ended)
	if v.State == innsigli.JobReady || v.State == innsigli.JobRunning {
		v.Next = timeOf(due)
	}
	v.Hook, err = strconv.ParseInt(ref, 10, 64)
	return v, err
}

// Replay makes a delivery that is done or dead ready once more, at its old place among the events of its process.
func (d *DB) Replay(ctx context.Context, hook int64, id string, in innsigli.FlowSet) (done, found bool, err error) {
	ref := ""
	if hook != 0 {
		ref = strconv.FormatInt(hook, 10)
	}
	err = d.write(ctx, "replay", func(ctx context.Context, r runner) error {
		var b batch
		var have, changed int64
		b.query("delivery", qDelivery, into(&have), id, ref, string(in))
		b.query("replay", qReplayOf, into(&changed), micros(d.now()), id, ref, string(in))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		done, found = changed > 0, have > 0
		return nil
	})
	return done, found, err
}
