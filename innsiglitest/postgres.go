// Package innsiglitest is what tests of several packages share: databases of their own, at the cost of a copy.
//
// It is for tests only; nothing of it is in the server.
package innsiglitest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/innsigli/innsigli/store"
)

// EnvPostgres is the environment variable that names a PostgreSQL server to use instead of an own one: a URL whose user
// may create databases.
const EnvPostgres = "INNSIGLI_TEST_POSTGRES"

// startTime is how long an own server may take to answer.
const startTime = 2 * time.Minute

// SQLite gives a fresh database in a file of its own.
func SQLite(tb testing.TB, change ...func(*store.Options)) *store.DB {
	tb.Helper()
	return open(tb, "sqlite:"+filepath.Join(tb.TempDir(), "innsigli.db"), change)
}

// Postgres gives a fresh database on a PostgreSQL server that the first caller starts. Without one the test fails when
// the environment variable CI is set and is skipped otherwise.
func Postgres(tb testing.TB, change ...func(*store.Options)) *store.DB {
	tb.Helper()
	return open(tb, PostgresURL(tb), change)
}

// DurablePostgres is Postgres on a server that writes durably, for benchmarks. The other one loses everything with the
// power, and is faster.
func DurablePostgres(tb testing.TB, change ...func(*store.Options)) *store.DB {
	tb.Helper()
	return open(tb, durable.url(tb), change)
}

func open(tb testing.TB, url string, change []func(*store.Options)) *store.DB {
	tb.Helper()
	o := store.Options{URL: url, Now: Now, Log: slog.New(slog.NewTextHandler(tb.Output(), nil))}
	for _, c := range change {
		c(&o)
	}
	db, err := store.Open(tb.Context(), o)
	if err != nil {
		tb.Fatalf("open database: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close database: %v", err)
		}
	})
	return db
}

// Now is the wall's clock, for tests that do not set their own.
func Now() time.Time { return time.Now() } //nolint:forbidigo // this is where tests get the real clock from

// NeedTool finds an outside program in PATH or in one of the folders. Without it the test fails when CI is set and is
// skipped otherwise, naming the Debian package.
func NeedTool(tb testing.TB, name, debian string, folders ...string) string {
	tb.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, pattern := range folders {
		found, _ := filepath.Glob(filepath.Join(pattern, name)) // the only error is a malformed pattern
		slices.Sort(found)
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	missing(tb, fmt.Sprintf("%s is not installed (Debian package %s)", name, debian))
	return ""
}

func missing(tb testing.TB, why string) {
	tb.Helper()
	if os.Getenv("CI") != "" {
		tb.Fatalf("NOT TESTED: %s", why)
	}
	tb.Skipf("NOT TESTED: %s", why)
}

// server is a PostgreSQL of this test process.
type server struct {
	args  []string
	once  sync.Once
	admin string // URL of its maintenance database
	err   error
}

// One server for all tests of a process, started by the first that needs it.
//
//nolint:gochecknoglobals // a server for each test would cost each a second
var (
	quick   = server{args: []string{"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"}}
	durable server
	next    atomic.Int64 // databases made so far
)

// PostgresURL gives the URL of an empty database, dropped when the test ends.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	return quick.url(tb)
}

// DurablePostgresURL is PostgresURL on a server that writes durably, as [DurablePostgres].
func DurablePostgresURL(tb testing.TB) string {
	tb.Helper()
	return durable.url(tb)
}

func (s *server) url(tb testing.TB) string {
	tb.Helper()
	var postgres, initdb string
	given := os.Getenv(EnvPostgres)
	if given == "" {
		const folder = "/usr/lib/postgresql/*/bin"
		postgres = NeedTool(tb, "postgres", "postgresql", folder)
		initdb = NeedTool(tb, "initdb", "postgresql", folder)
	}
	s.once.Do(func() {
		if s.admin = given; given == "" {
			s.admin, s.err = start(postgres, initdb, s.args)
		}
	})
	if s.err != nil {
		tb.Fatalf("start PostgreSQL: %v", s.err)
	}
	return s.database(tb)
}

func (s *server) database(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("innsigli_%d_%d", os.Getpid(), next.Add(1))
	u, err := url.Parse(s.admin)
	if err != nil {
		tb.Fatalf("%s: %v", EnvPostgres, err)
	}
	if err := execute(tb.Context(), s.admin, "create database "+name); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		if err := execute(context.Background(), s.admin, "drop database if exists "+name+" with (force)"); err != nil {
			tb.Logf("drop database: %v", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func execute(ctx context.Context, url, text string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, text)
	return errors.Join(err, db.Close())
}

// start makes a cluster in a temporary folder and runs a server on it that ends and cleans up with this process, however
// that ends.
func start(postgres, initdb string, settings []string) (string, error) {
	dir, err := os.MkdirTemp("", "innsigli-postgres-")
	if err != nil {
		return "", err
	}
	attr, err := attributes(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	//nolint:gosec // the program was looked up by the test, the folder is ours
	c := exec.CommandContext(ctx, initdb, "-D", data, "-A", "trust", "-U", "test", "--no-locale", "-E", "UTF8", "--no-sync", "--no-instructions")
	c.SysProcAttr, c.Dir = attr, dir
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// The shell is told by the kernel when this process dies, and takes the server and the folder with it.
	const script = `"$@" & p=$!; trap 'kill -INT $p; wait $p; rm -rf "$0"; exit' TERM INT; wait $p`
	args := []string{
		"-c", script, dir, postgres, "-D", data, "-p", strconv.Itoa(port), "-k", dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200",
	}
	args = append(args, settings...)
	if err := run(exec.Command("/bin/sh", args...), attr, dir); err != nil { //nolint:gosec,noctx // lives as long as the process
		return "", err
	}
	admin := fmt.Sprintf("postgres://test@127.0.0.1:%d/postgres?sslmode=disable", port)
	for {
		if err = execute(ctx, admin, "select 1"); err == nil {
			return admin, nil
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// run starts the server from a thread that never ends: the signal on the parent's death is sent when the thread that
// started the child dies (prctl(2), PR_SET_PDEATHSIG).
func run(c *exec.Cmd, attr *syscall.SysProcAttr, dir string) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		c.SysProcAttr, c.Dir = attr, dir
		started <- c.Start()
		_ = c.Wait()
		select {}
	}()
	return <-started
}

// attributes make a child run as somebody: PostgreSQL refuses to run as root.
func attributes(dir string) (*syscall.SysProcAttr, error) {
	attr := dying()
	if os.Getuid() != 0 {
		return attr, nil
	}
	uid, gid, err := postgresUser()
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	return attr, os.Chown(dir, int(uid), int(gid))
}

func freePort() (int, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("no TCP address")
	}
	return addr.Port, nil
}
