package store

import (
	"context"
	"time"

	"github.com/innsigli/innsigli"
)

// Decide locks the group that t names, reads the facts, asks decide and keeps the change. A change that changes nothing
// is not committed at all.
func (d *DB) Decide(ctx context.Context, t innsigli.Target, decide innsigli.Decision) (innsigli.Facts, innsigli.Change, error) {
	var f innsigli.Facts
	var c innsigli.Change
	err := d.write(ctx, "decide", func(ctx context.Context, r runner) error {
		t, err := resolve(ctx, r, t)
		if err != nil {
			return err
		}
		var b batch
		var got locked
		var g found
		got.lock(&b, t)
		g.read(&b, t, d.now())
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if !got.ok {
			return errNoProcess()
		}
		f = g.facts(t)
		c, err = d.judge(ctx, r, &f, decide)
		if err == nil && c.Empty() {
			return errNothing
		}
		return err
	})
	if err != nil {
		return f, innsigli.Change{}, err
	}
	d.kept(c)
	return f, c, nil
}

// locked says whether the group of a target was found.
type locked struct{ ok bool }

func (l *locked) lock(b *batch, t innsigli.Target) {
	l.ok = false
	q, key := ways(t)
	b.query("lock group", q.lock, func(r row) error {
		var version int64
		l.ok = true
		return r.Scan(&version)
	}, key, string(t.Company), string(t.Flows))
}

// judge asks a decision and keeps what it wants.
func (d *DB) judge(ctx context.Context, r runner, f *innsigli.Facts, decide innsigli.Decision) (innsigli.Change, error) {
	f.Now = d.now() // after the lock was got, so that times follow the order of the commits
	c, err := decide(*f)
	if err != nil {
		return innsigli.Change{}, judged{err}
	}
	var b batch
	d.keepAll(&b, f, &c)
	if len(b) == 0 {
		return c, nil
	}
	return c, r.run(ctx, b)
}

// kept does what follows a commit on this database.
func (d *DB) kept(c innsigli.Change) {
	moved := c.Key != innsigli.KeyStays || c.Erase
	for _, m := range c.Members {
		moved = moved || m.Key != innsigli.KeyStays || m.Erase
	}
	if moved {
		d.eraser.request()
	}
}

const (
	qCountTry = `update challenge set tries = tries + 1
		where token = $1 and void = 0 and used_at = 0 and expires_at > $2 and tries < $3
		and (select sum(s.wrong_tries - s.forgiven) from signee me join process p on p.key = me.process join process q on q.grp = p.grp
			join signee s on s.process = q.key and (s.key = me.key or s.person <> '' and s.person = me.person)
			where me.key = challenge.signee) < $4 returning signee`
	qWrongTry = `update signee set wrong_tries = wrong_tries + 1 where key = $1`
)

// CountTry counts a try of an open challenge before anything is compared.
func (d *DB) CountTry(ctx context.Context, token innsigli.Token, now time.Time) (innsigli.Challenge, bool, error) {
	var ch innsigli.Challenge
	var counted bool
	err := d.write(ctx, "count try", func(ctx context.Context, r runner) error {
		t, err := resolve(ctx, r, innsigli.Target{Token: token})
		if err != nil {
			return err
		}
		ch = innsigli.Challenge{}
		var b, after batch
		var got locked
		var signee string
		got.lock(&b, t)
		b.query("count try", qCountTry, into(&signee), string(token), micros(now), int64(innsigli.MaxCodeTries), int64(innsigli.MaxWrongTries))
		if err := r.run(ctx, b); err != nil {
			return err
		}
		if !got.ok {
			return errNotFound()
		}
		if counted = signee != ""; counted {
			after.must("count wrong try", qWrongTry, signee)
		}
		after.query("challenge", qChallenge, func(r row) (err error) {
			ch, err = scanChallenge(r)
			return err
		}, string(token), string(t.Process))
		if err := r.run(ctx, after); err != nil || counted {
			return err
		}
		return errNothing
	})
	return ch, counted && err == nil, err
}
