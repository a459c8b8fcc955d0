// Package store keeps what is true in SQLite or PostgreSQL, behind one type and with one text of SQL.
//
// It is in charge of transactions, of the lock of a group, of guarded updates, of the outbox's rows and of what remains
// of a deleted key on disk. It is not in charge of what may happen to a process: that is decided in the root package,
// whose decisions it calls between reading and writing.
//
// The rules of the SQL, which make one text right on both databases: times are microseconds since 1970 in UTC, 0 for
// none; keys and ids are text; JSON is stored and never looked into; the first statement of every verb is the guarded
// update of its group's row, which locks it on both; a SELECT names its columns.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
)

// The store is what the root package asks for.
var (
	_ innsigli.Store = (*DB)(nil)
	_ innsigli.Queue = (*DB)(nil)
)

// Options say which database, and how to tell time.
type Options struct {
	URL    string           // "sqlite:PATH" or "postgres://…"
	Now    func() time.Time // the clock; results are cut to microseconds in UTC
	Log    *slog.Logger
	NodeID string // names this process in its own log lines
	Mails  MailPace
}

// DB is the store and the queue. All methods may be called at once.
type DB struct {
	dialect *dialect
	clock   func() time.Time
	log     *slog.Logger
	pace    MailPace
	behind  cursor

	pg       *sql.DB   // PostgreSQL
	lite     *litePool // SQLite: the one connection that writes
	group    *group    // SQLite: who waits for it
	liteRead *litePool
	eraser   *eraser // SQLite: what remains of deleted keys
}

// Open connects to the database and brings its tables up to date. Several nodes may do so at once on PostgreSQL. On
// SQLite the caller makes sure that it is the only server on the file; a second process for administration is welcome.
func Open(ctx context.Context, o Options) (*DB, error) {
	d := &DB{clock: o.Now, log: o.Log, pace: o.Mails}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if o.NodeID != "" {
		d.log = d.log.With("node", o.NodeID)
	}
	if o.Now == nil {
		return nil, errors.New("store needs a clock")
	}
	if path, ok := strings.CutPrefix(o.URL, "sqlite:"); ok {
		return d.openLite(ctx, path)
	}
	if !strings.HasPrefix(o.URL, "postgres://") && !strings.HasPrefix(o.URL, "postgresql://") {
		return nil, errors.New("database URL begins neither with sqlite: nor with postgres://")
	}
	db, err := openPostgres(o.URL)
	if err != nil {
		return nil, err
	}
	d.dialect, d.pg = &postgresDialect, db
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

func (d *DB) openLite(ctx context.Context, path string) (*DB, error) {
	w, r, err := openSQLite(ctx, path)
	if err != nil {
		return nil, err
	}
	d.dialect, d.lite, d.group, d.liteRead = &sqliteDialect, w, &group{pool: w}, r
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(err, r.close(), w.close())
	}
	d.eraser = newEraser(w, d.log)
	d.eraser.request() // a crash may have come between a deletion and the end of its traces
	return d, nil
}

// Close waits for what has to be erased and closes every connection. Nothing may be called afterwards.
func (d *DB) Close() error {
	if d.pg != nil {
		return d.pg.Close()
	}
	d.eraser.stop()
	return errors.Join(d.liteRead.close(), d.lite.close())
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	var n int64
	return d.get(ctx, "ping", `select 1`, into(&n))
}

// now is the time in what both databases keep: whole microseconds, UTC.
func (d *DB) now() time.Time { return d.clock().UTC().Truncate(time.Microsecond) }

// micros is how a time is stored.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOf reads what micros stored.
func timeOf(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// list writes the placeholders of n values, the first of them with the given number: "$3, $4".
func list(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", first+i)
	}
	return b.String()
}
