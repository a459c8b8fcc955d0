package store_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

// seqScanned finds a table that PostgreSQL reads from one end to the other.
var seqScanned = regexp.MustCompile(`Seq Scan on (\w+)`)

// TestNoStatementOfAVerbReadsAWholeTableOfPostgres asks PostgreSQL how it would carry out the statements of every verb. Of small
// tables its planner reads all by choice; where that is made dear it does so only for want of an index. The tables are empty: which
// of several indexes it takes, and how much of one, is not shown.
func TestNoStatementOfAVerbReadsAWholeTableOfPostgres(t *testing.T) {
	t.Parallel()
	w := newWorld(t, innsiglitest.SQLite) // which tells what was asked
	everyVerb(t, w)
	url := innsiglitest.PostgresURL(t)
	db, err := store.Open(t.Context(), store.Options{URL: url, Now: w.clock.now}) // makes the tables
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing was written
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing was written
	if _, err := conn.Exec(t.Context(), "set enable_seqscan = off; set plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	looked := 0
	for _, text := range w.Texts() {
		switch verb, _, _ := strings.Cut(strings.TrimSpace(text), " "); verb {
		case "select", "with", "update", "delete", "insert":
		default:
			continue
		}
		if once.MatchString(text) || strings.Contains(text, "last_insert_rowid()") || strings.Contains(text, "sqlite_") { // SQLite's own
			continue
		}
		plan, err := planOf(t.Context(), conn, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		looked++
		if found := strings.Join(plan, "\n"); asksForTurn(text) && (!strings.Contains(found, "job_lane") || strings.Contains(found, "Anti Join")) {
			t.Errorf("%s\nlooks for whose turn it is in more than the lane, or joins:\n%s", text, found)
		}
		for _, line := range plan {
			if m := seqScanned.FindStringSubmatch(line); m != nil && !mayScan.MatchString(m[1]) {
				t.Errorf("%s\nreads a whole table:\n%s", text, strings.Join(plan, "\n"))
			}
		}
	}
	if looked < 100 {
		t.Errorf("looked at %d statements only", looked)
	}
}

// planOf is how PostgreSQL carries a statement out, whatever its arguments are.
func planOf(ctx context.Context, conn *pgx.Conn, text string) ([]string, error) {
	if _, err := conn.PgConn().Exec(ctx, "deallocate all; prepare one as "+text).ReadAll(); err != nil {
		return nil, err
	}
	n := 0
	for strings.Contains(text, fmt.Sprintf("$%d", n+1)) {
		n++
	}
	args := ""
	if n > 0 {
		args = "(" + strings.Repeat("null, ", n-1) + "null)"
	}
	rows, err := conn.Query(ctx, "explain (costs off) execute one"+args, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
