package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Limits of a PostgreSQL session: no statement and no forgotten transaction holds a group for long.
const (
	pgConns         = 16
	pgStatementTime = "10s"
	pgIdleInTx      = "10s"
	pgConnLifetime  = 30 * time.Minute
)

// How transactions begin. Verbs lock their group first and read afterwards, so READ COMMITTED sees the newest facts.
const (
	pgWrite = "begin isolation level read committed"
	pgRead  = "begin read only, isolation level repeatable read"
)

func openPostgres(url string) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("database URL is not one of PostgreSQL") // its own error repeats the URL with the password
	}
	for k, v := range map[string]string{
		"application_name":                    "innsigli",
		"statement_timeout":                   pgStatementTime,
		"idle_in_transaction_session_timeout": pgIdleInTx,
	} {
		if cfg.RuntimeParams[k] == "" {
			cfg.RuntimeParams[k] = v
		}
	}
	db := stdlib.OpenDB(*cfg)
	db.SetMaxOpenConns(pgConns)
	db.SetMaxIdleConns(pgConns)
	db.SetConnMaxLifetime(pgConnLifetime)
	return db, nil
}

// withWire lends a connection of the pool.
func withWire(ctx context.Context, db *sql.DB, fn func(*pgx.Conn) error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open connection: %w", err)
	}
	defer func() { _ = c.Close() }()
	err = c.Raw(func(raw any) error {
		std, ok := raw.(*stdlib.Conn)
		if !ok {
			return errors.New("connection is not one of pgx")
		}
		return fn(std.Conn())
	})
	if p, ok := errors.AsType[panicked](err); ok {
		panic(p.value)
	}
	return err
}

// wire sends statements to PostgreSQL, a batch in one round trip. The first one also carries the BEGIN.
type wire struct {
	conn  *pgx.Conn
	begin string
	open  bool // a BEGIN was sent
}

func (w *wire) run(ctx context.Context, b batch) error {
	var out pgx.Batch
	if !w.open {
		w.open = true
		out.Queue(w.begin)
	}
	for i := range b {
		queue(&out, &b[i])
	}
	return w.conn.SendBatch(ctx, &out).Close()
}

func queue(out *pgx.Batch, s *stmt) {
	q := out.Queue(s.sql, s.args...)
	if s.read == nil {
		q.Exec(func(tag pgconn.CommandTag) error {
			if s.once && tag.RowsAffected() != 1 {
				return fmt.Errorf("%s: %w", s.what, errAffected(tag.RowsAffected()))
			}
			return nil
		})
		return
	}
	q.Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := s.read(rows); err != nil {
				return fmt.Errorf("%s: %w", s.what, err)
			}
		}
		if err := rows.Err(); err != nil {
			return fmt.Errorf("%s: %w", s.what, err)
		}
		return nil
	})
}

// transact runs fn in a transaction that begins with fn's first batch.
func (w *wire) transact(ctx context.Context, fn func(runner) error) error {
	if err := safely(w, fn); err != nil {
		w.rollback(ctx)
		return err
	}
	if w.conn.IsClosed() {
		return errClosed // the COMMIT was never sent
	}
	// By the simple protocol, so that it is one message: nothing of it can be lost but the whole or the answer.
	results, err := w.conn.PgConn().Exec(ctx, "commit").ReadAll()
	if err != nil {
		return committing{err}
	}
	if len(results) != 1 || strings.EqualFold(results[0].CommandTag.String(), "rollback") {
		return committing{errRolledBack} // the answer when a statement before had failed
	}
	return nil
}

func (w *wire) rollback(ctx context.Context) {
	if !w.open || w.conn.IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	if _, err := w.conn.PgConn().Exec(ctx, "rollback").ReadAll(); err != nil {
		_ = w.conn.Close(ctx)
	}
}
