package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/innsiglitest"
	"github.com/innsigli/innsigli/store"
)

func TestNodesThatStartAtOnceShareOneDatabase(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { t.Helper(); return "sqlite:" + filepath.Join(t.TempDir(), "x.db") },
		"postgres": func(t *testing.T) string { t.Helper(); return innsiglitest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := url(t)
			var wg sync.WaitGroup
			for range 5 {
				wg.Go(func() {
					db, err := store.Open(context.Background(), store.Options{URL: where, Now: innsiglitest.Now})
					if err != nil {
						t.Error(err)
						return
					}
					if err := db.Ping(context.Background()); err != nil {
						t.Error(err)
					}
					if err := db.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	path := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
	opts := store.Options{URL: path, Now: innsiglitest.Now}
	db, err := store.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(t.Context(), `insert into schema_version (version) values (999)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "999") {
		t.Errorf("error is %v", err)
	}
}

func TestWrongURLsAreRefusedWithoutRepeatingThem(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mysql://u:secret@h/x", "postgres://u:secret@h:port/x", "/path"} {
		_, err := store.Open(t.Context(), store.Options{URL: url, Now: innsiglitest.Now})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestStateIsAlsoAConstraint(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		w.create(t, 1)
		for _, text := range []string{`update process set state = 'Reactivated'`, `update job set state = 'lost'`, `update document set role = 'copy'`} {
			if err := w.Exec(t.Context(), text); err == nil {
				t.Errorf("%s: was taken", text)
			}
		}
	})
}

func TestGoneClientStillGetsItsTransactionWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	both(t, func(w *world) {
		t := w.t
		p := w.create(t, 1)
		ctx, cancel := context.WithCancel(t.Context())
		_, _, err := w.Decide(ctx, innsigli.Target{Process: p.Key}, func(innsigli.Facts) (innsigli.Change, error) {
			cancel() // in the middle
			return innsigli.Change{State: innsigli.Canceled, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(w.kinds(t, p.Key)); w.facts(t, p.Key).Process.State != innsigli.Canceled || n != 2 {
			t.Errorf("%d lines", n)
		}
		if _, _, err := w.Decide(ctx, innsigli.Target{Process: p.Key}, always(innsigli.Change{})); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
	})
}

// Connections are killed at random while verbs run: what a verb says must be true afterwards, and "unclear" is the only
// way not to know.
func TestWhatAVerbSaysIsTrueWhenConnectionsBreak(t *testing.T) {
	t.Parallel()
	w := newWorld(t, innsiglitest.Postgres)
	killer := time.NewTicker(3 * time.Millisecond)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-killer.C:
				// Its own connection is spared; errors are what this test makes.
				_ = w.Exec(context.Background(), `select pg_terminate_backend(pid) from pg_stat_activity
					where datname = current_database() and pid <> pg_backend_pid() and random() < 0.3`)
			}
		}
	})
	unclear, failed, kept := 0, 0, 0
	for range 150 {
		p := w.retryCreate(t)
		_, _, err := w.Decide(t.Context(), innsigli.Target{Process: p.Key}, always(innsigli.Change{
			State: innsigli.Canceled, Log: []innsigli.LogEntry{{Kind: innsigli.LogCanceled}},
		}))
		canceled := w.retryState(t, p.Key) == innsigli.Canceled
		switch {
		case errors.Is(err, innsigli.ErrUnclear):
			unclear++
		case err != nil:
			failed++
			if canceled {
				t.Errorf("said %v, but it was kept", err)
			}
		default:
			kept++
			if !canceled {
				t.Error("said nothing, but it was not kept")
			}
		}
	}
	close(stop)
	wg.Wait()
	killer.Stop()
	t.Logf("%d kept, %d failed, %d unclear", kept, failed, unclear)
}

// retryCreate makes a process however often it takes.
func (w *world) retryCreate(tb testing.TB) innsigli.Process {
	tb.Helper()
	for range 200 {
		n := w.process(1)
		if _, _, err := w.Create(tb.Context(), n); err == nil {
			return n.Process
		}
	}
	tb.Fatal("no process could be made")
	return innsigli.Process{}
}

func (w *world) retryState(tb testing.TB, p innsigli.ProcessKey) innsigli.State {
	tb.Helper()
	for range 200 {
		if f, err := w.Facts(tb.Context(), innsigli.Target{Process: p}); err == nil {
			return f.Process.State
		}
	}
	tb.Fatal("state could not be read")
	return 0
}
