package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock is the key of PostgreSQL's advisory lock under which one node at a time changes tables.
const migrationLock = 0x696e6e73 // "inns"

// migration is one numbered file. A name like 0002_more.sqlite.sql belongs to one database only.
type migration struct {
	version int64
	name    string
	text    string
}

func (d *DB) migrations() ([]migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var all []migration
	for _, path := range names { // sorted by name, so by number
		name := strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql")
		base, only, limited := strings.Cut(name, ".")
		if limited && only != d.dialect.name {
			continue
		}
		number, _, _ := strings.Cut(base, "_")
		v, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("name of migration %s: %w", name, err)
		}
		text, err := migrations.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, migration{v, name, d.dialect.ddl(string(text))})
	}
	return all, nil
}

// migrate brings the tables up to date, each migration in a transaction of its own. Nodes that start at once take
// turns. A database that is newer than this program is refused.
func (d *DB) migrate(ctx context.Context) error {
	all, err := d.migrations()
	if err != nil {
		return err
	}
	for _, m := range all {
		if err := d.write(ctx, "migration "+m.name, func(ctx context.Context, r runner) error { return d.apply(ctx, r, m) }); err != nil {
			return err
		}
	}
	var newest int64
	if err := d.get(ctx, "version of the tables", `select max(version) from schema_version`, into(&newest)); err != nil {
		return err
	}
	if len(all) > 0 && newest > all[len(all)-1].version {
		return fmt.Errorf("the database has version %d, this program knows %d: it belongs to a newer one", newest, all[len(all)-1].version)
	}
	return nil
}

func (d *DB) apply(ctx context.Context, r runner, m migration) error {
	var b batch
	if d.pg != nil {
		b.query("lock", `select 1 from (select pg_advisory_xact_lock($1)) l`, func(row) error { return nil }, int64(migrationLock))
	}
	b.exec("table of versions", `create table if not exists schema_version (version bigint not null primary key)`)
	if err := r.run(ctx, b); err != nil {
		return err
	}
	var done int64
	err := one(ctx, r, "version", `select count(*) from schema_version where version = $1`, into(&done), m.version)
	if err != nil {
		return err
	}
	if done > 0 {
		return errNothing
	}
	var steps batch
	for _, s := range statements(m.text) {
		steps.exec("statement", s)
	}
	steps.must("version", `insert into schema_version (version) values ($1)`, m.version)
	for _, s := range steps { // one by one: PostgreSQL prepares a whole batch before it runs the first
		if err := r.run(ctx, batch{s}); err != nil {
			return err
		}
	}
	return nil
}

// statements cuts a migration at the semicolons that end lines. Migrations hold no strings with one.
func statements(text string) []string {
	var out []string
	for s := range strings.SplitSeq(text, ";\n") {
		if s = strings.TrimSpace(withoutComments(s)); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func withoutComments(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(strings.TrimSpace(line), "--") {
			b.WriteString(line)
		}
	}
	return b.String()
}
