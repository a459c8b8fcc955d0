package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// readers is how many connections read at once. WAL lets them read while the writer writes.
const readers = 4

// lite is one connection to SQLite with its compiled statements. One goroutine uses it at a time.
type lite struct {
	conn  *sql.Conn
	begin string
	stmts map[string]*sql.Stmt
}

// litePool hands out connections: one that writes, a few that read. SQLite has a single write lock, and a queue of
// goroutines for one connection is far faster than many connections that poll for that lock.
type litePool struct {
	db   *sql.DB
	free chan *lite
}

// openSQLite opens the file, which nobody but the owner may read: it holds names and addresses.
func openSQLite(ctx context.Context, path string) (w, r *litePool, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, nil, fmt.Errorf("database folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the administrator names the file
	if err != nil {
		return nil, nil, fmt.Errorf("database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, nil, fmt.Errorf("database file: %w", err)
	}
	w, err = newLitePool(ctx, path, "begin immediate", 1, url.Values{
		"_busy_timeout": {"10000"}, "_foreign_keys": {"on"}, "_journal_mode": {"WAL"}, "_synchronous": {"FULL"},
		"_pragma": {"secure_delete(1)", "temp_store(MEMORY)"}, "_txlock": {"immediate"}, "_dqs": {"0"},
	})
	if err != nil {
		return nil, nil, err
	}
	r, err = newLitePool(ctx, path, "begin", readers, url.Values{
		"_busy_timeout": {"5000"}, "_query_only": {"on"}, "_pragma": {"temp_store(MEMORY)"}, "_dqs": {"0"}, "mode": {"ro"},
	})
	if err != nil {
		return nil, nil, errors.Join(err, w.close())
	}
	return w, r, nil
}

func newLitePool(ctx context.Context, path, begin string, n int, q url.Values) (*litePool, error) {
	name := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(n)
	p := &litePool{db: db, free: make(chan *lite, n)}
	for range n {
		c, err := db.Conn(ctx)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open database: %w", err), p.close())
		}
		p.free <- &lite{conn: c, begin: begin, stmts: map[string]*sql.Stmt{}}
	}
	return p, nil
}

// with lends a connection to fn. A connection that is left inside a transaction is exchanged.
func (p *litePool) with(ctx context.Context, fn func(*lite) error) error {
	if err := ctx.Err(); err != nil { // a select takes either when both are ready
		return err
	}
	var c *lite
	select {
	case c = <-p.free:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { p.free <- c }()
	if err := c.connect(ctx, p.db); err != nil {
		return err
	}
	return fn(c)
}

// connect opens a connection that was discarded, when it is needed, so that a full disk does not take connections away
// for good.
func (l *lite) connect(ctx context.Context, db *sql.DB) error {
	if l.conn != nil {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open connection: %w", err)
	}
	l.conn = conn
	return nil
}

func (p *litePool) close() error {
	for range cap(p.free) {
		select {
		case c := <-p.free:
			c.discard()
		default:
		}
	}
	return p.db.Close()
}

// discard closes the connection; the next one who needs it opens another.
func (l *lite) discard() {
	for _, s := range l.stmts {
		_ = s.Close()
	}
	clear(l.stmts)
	if l.conn != nil {
		_ = l.conn.Raw(func(any) error { return driver.ErrBadConn }) // takes it out of the pool of database/sql
		_ = l.conn.Close()
		l.conn = nil
	}
}

func (l *lite) stmt(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := l.stmts[text]; ok {
		return s, nil
	}
	s, err := l.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	// Every text comes from this package, and the lists in some of them have few lengths, so this stays small.
	l.stmts[text] = s
	return s, nil
}

func (l *lite) exec(ctx context.Context, text string) error {
	s, err := l.stmt(ctx, text) //nolint:sqlclosecheck // belongs to the connection
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx)
	return err
}

// run carries out statements one after the other.
func (l *lite) run(ctx context.Context, b batch) error {
	for i := range b {
		if err := l.step(ctx, &b[i]); err != nil {
			return fmt.Errorf("%s: %w", b[i].what, err)
		}
	}
	return nil
}

func (l *lite) step(ctx context.Context, s *stmt) error {
	p, err := l.stmt(ctx, s.sql) //nolint:sqlclosecheck // belongs to the connection
	if err != nil {
		return err
	}
	if s.read == nil {
		res, err := p.ExecContext(ctx, s.args...)
		if err != nil || !s.once {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, errAffected(n))
		}
		return nil
	}
	rows, err := p.QueryContext(ctx, s.args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := s.read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// transact runs fn between BEGIN and COMMIT. fn must not have been kept when the error is none of a commit.
func (l *lite) transact(ctx context.Context, fn func(runner) error) (err error) {
	if err := l.exec(ctx, l.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := safely(l, fn); err != nil {
		l.rollback(ctx)
		return err
	}
	if err := l.exec(ctx, "commit"); err != nil {
		l.rollback(ctx)
		return committing{err}
	}
	return nil
}

func (l *lite) rollback(ctx context.Context) {
	// SQLite rolls back by itself after some errors; then there is nothing to roll back, which it reports as an error
	// that cannot be told from others. A fresh connection is right in both cases.
	if err := l.exec(context.WithoutCancel(ctx), "rollback"); err != nil {
		l.discard()
	}
}
