package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli"
)

//nolint:gosec // statements that speak of secrets, no credentials
const (
	qKey       = `select key_id, bytes from data_key where process = $1`
	qHeldKey   = `select key_id, bytes from key_hold where process = $1`
	qSecret    = `select key_id, bytes from secret where name = $1`
	qNewSecret = `insert into secret (name, key_id, bytes) values ($1, $2, $3) on conflict (name) do nothing`
	qReplace   = `update secret set key_id = $1, bytes = $2 where name = $3 and key_id = $4 and bytes = $5 returning 1`
	qCurrent   = `update kek set key_id = $1 where id = 1`
	qIsCurrent = `select key_id from kek where id = 1`
)

// rewrapBatch is how many keys one transaction rewraps: few enough that nobody waits for it.
const rewrapBatch = 100

// wrappedTable is a table that holds wrapped keys.
type wrappedTable struct{ name, id, keyID, bytes, about string }

// wrappedTables are all of them. The order matters for Rewrap: a key moves from data_key to key_hold, and from
// company to webhook_old_key, so looking there first never misses it.
var wrappedTables = []wrappedTable{
	{"data_key", "process", "key_id", "bytes", "process:"},
	{"key_hold", "process", "key_id", "bytes", "process:"},
	{"secret", "name", "key_id", "bytes", "secret:"},
	{"company", "key", "webhook_key_id", "webhook_key", "webhook:"},
	{"webhook_old_key", "company", "key_id", "bytes", "webhook:"},
}

func (d *DB) wrapped(ctx context.Context, what, text, id string) (innsigli.WrappedKey, error) {
	var w innsigli.WrappedKey
	found := false
	err := d.get(ctx, what, text, func(r row) error {
		found = true
		return r.Scan(&w.KeyID, &w.Bytes)
	}, id)
	if err == nil && !found {
		err = errNotFound()
	}
	return w, err
}

// Key reads the process's wrapped data key: NotFound when it is gone.
func (d *DB) Key(ctx context.Context, p innsigli.ProcessKey) (innsigli.WrappedKey, error) {
	return d.wrapped(ctx, "key", qKey, string(p))
}

// HeldKey reads the wrapped key from the hold: NotFound when none is held.
func (d *DB) HeldKey(ctx context.Context, p innsigli.ProcessKey) (innsigli.WrappedKey, error) {
	return d.wrapped(ctx, "held key", qHeldKey, string(p))
}

// Secret reads the server's secret of that name. Where there is none, fresh gives one; of nodes that start at once the
// first wins and all get the same. Secrets are wrapped about "secret:" and their name.
func (d *DB) Secret(ctx context.Context, name string, fresh func() (innsigli.WrappedKey, error)) (innsigli.WrappedKey, error) {
	w, err := d.wrapped(ctx, "secret", qSecret, name)
	if innsigli.KindOf(err) != innsigli.NotFound {
		return w, err
	}
	for try := 1; ; try++ {
		made, err := fresh()
		if err != nil {
			return innsigli.WrappedKey{}, err
		}
		err = d.write(ctx, "secret", func(ctx context.Context, r runner) error {
			var b batch
			current := d.guard(&b, made)
			b.exec("secret", qNewSecret, name, made.KeyID, made.Bytes)
			if err := r.run(ctx, b); err != nil {
				return err
			}
			return current()
		})
		if err == nil {
			return d.wrapped(ctx, "secret", qSecret, name)
		}
		if !errors.Is(err, innsigli.ErrRewrap) || try == writeTries {
			return innsigli.WrappedKey{}, err
		}
	}
}

// ReplaceSecret puts fresh in the place of was, and says whether it did: of nodes that replace at once the first wins, and
// the others have to read again. It fails with [innsigli.ErrRewrap] when fresh was wrapped under a key-encryption key that
// is no longer the current one.
func (d *DB) ReplaceSecret(ctx context.Context, name string, was, fresh innsigli.WrappedKey) (bool, error) {
	var done int64
	err := d.write(ctx, "replace secret", func(ctx context.Context, r runner) error {
		done = 0
		var b batch
		current := d.guard(&b, fresh)
		b.query("secret", qReplace, into(&done), fresh.KeyID, fresh.Bytes, name, was.KeyID, was.Bytes)
		if err := r.run(ctx, b); err != nil {
			return err
		}
		return current()
	})
	return err == nil && done == 1, err
}

// SetCurrentKey says under which key-encryption key new keys have to be wrapped. When it returns, no transaction that
// keeps a key wrapped under another one is under way any more.
func (d *DB) SetCurrentKey(ctx context.Context, id string) error {
	return d.write(ctx, "set current key", func(ctx context.Context, r runner) error {
		var b batch
		b.must("current key", qCurrent, id)
		return r.run(ctx, b)
	})
}

// KeyIDs counts the wrapped keys by the key-encryption key that wraps them, over all tables.
func (d *DB) KeyIDs(ctx context.Context) (map[string]int, error) {
	all := map[string]int{}
	var b batch
	for _, t := range wrappedTables {
		b.query(t.name, fmt.Sprintf(`select %s, count(*) from %s group by %s`, t.keyID, t.name, t.keyID), func(r row) error {
			var id string
			var n int64
			err := r.Scan(&id, &n)
			all[id] += int(n)
			return err
		})
	}
	err := d.read(ctx, "key ids", func(ctx context.Context, r runner) error {
		clear(all)
		return r.run(ctx, b)
	})
	return all, err
}

// Rewrap brings every key that is wrapped under another key-encryption key than newID under newID, which has to be the
// current one, and says how many it rewrapped. When it returns without an error, none was left. rewrap is told what
// the key is about: "process:", "secret:" or "webhook:" and the key of that thing.
func (d *DB) Rewrap(ctx context.Context, newID string, rewrap func(w innsigli.WrappedKey, about string) (innsigli.WrappedKey, error)) (int, error) {
	var current string
	if err := d.get(ctx, "current key", qIsCurrent, into(&current)); err != nil {
		return 0, err
	}
	if current != newID {
		return 0, fmt.Errorf("rewrap: %q is not the current key-encryption key", newID)
	}
	total := 0
	for {
		found := 0
		for _, t := range wrappedTables {
			seen, n, err := d.rewrapTable(ctx, t, newID, rewrap)
			total += n
			found += seen
			if err != nil {
				return total, fmt.Errorf("rewrap %s: %w", t.name, err)
			}
		}
		if found == 0 {
			d.eraser.request()
			return total, nil
		}
	}
}

// wrappedRow is a key that has to be rewrapped.
type wrappedRow struct {
	id  string
	key innsigli.WrappedKey
}

// rewrapTable goes once over a table.
func (d *DB) rewrapTable(ctx context.Context, t wrappedTable, newID string, rewrap func(innsigli.WrappedKey, string) (innsigli.WrappedKey, error)) (seen, done int, err error) {
	after := ""
	for {
		rows, err := d.rewrapNext(ctx, t, newID, after)
		if err != nil || len(rows) == 0 {
			return seen, done, err
		}
		seen += len(rows)
		after = rows[len(rows)-1].id
		n, err := d.rewrapRows(ctx, t, rows, newID, rewrap)
		done += n
		if err != nil {
			return seen, done, err
		}
	}
}

func (d *DB) rewrapNext(ctx context.Context, t wrappedTable, newID, after string) ([]wrappedRow, error) {
	text := fmt.Sprintf(`select %[1]s, %[2]s, %[3]s from %[4]s where %[2]s <> $1 and %[1]s > $2 order by %[1]s limit $3`, t.id, t.keyID, t.bytes, t.name)
	var rows []wrappedRow
	err := d.get(ctx, "keys to rewrap", text, func(r row) error {
		var w wrappedRow
		err := r.Scan(&w.id, &w.key.KeyID, &w.key.Bytes)
		rows = append(rows, w)
		return err
	}, newID, after, int64(rewrapBatch))
	return rows, err
}

func (d *DB) rewrapRows(ctx context.Context, t wrappedTable, rows []wrappedRow, newID string, rewrap func(innsigli.WrappedKey, string) (innsigli.WrappedKey, error)) (int, error) {
	text := fmt.Sprintf(`update %s set %s = $1, %s = $2 where %s = $3 and %s = $4 returning 1`, t.name, t.keyID, t.bytes, t.id, t.keyID)
	n := 0
	var b batch
	for _, w := range rows {
		fresh, err := rewrap(w.key, t.about+w.id)
		if err != nil {
			return 0, err
		}
		if fresh.KeyID != newID {
			return 0, fmt.Errorf("rewrapped under %q instead of %q", fresh.KeyID, newID)
		}
		// The guard passes over a key that was deleted or moved since it was read.
		b.query("rewrapped key", text, func(r row) error {
			var one int64
			n++
			return r.Scan(&one)
		}, fresh.KeyID, fresh.Bytes, w.id, w.key.KeyID)
	}
	err := d.write(ctx, "rewrap", func(ctx context.Context, r runner) error {
		n = 0
		return r.run(ctx, b)
	})
	return n, err
}
