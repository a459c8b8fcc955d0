package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/blob"
	"github.com/innsigli/innsigli/keyring"
	"github.com/innsigli/innsigli/store"
)

// installation is the data of a server: its folder, database, keys and documents. Several commands may have it open at
// once; only one server may.
type installation struct {
	plan plan
	now  func() time.Time
	log  *slog.Logger
	ring *keyring.Ring
	db   *store.DB
	docs *blob.FolderStore
	node string // names this process in the leases of jobs
}

// openInstallation opens what p names, and makes what is missing.
func openInstallation(ctx context.Context, p plan, log *slog.Logger) (in *installation, err error) {
	in = &installation{plan: p, now: innsigli.Clock(p.clock()), log: log, node: nodeID()}
	defer func() {
		if err != nil {
			in, err = nil, errors.Join(err, in.close()) // closed once: the caller has nothing to give back
		}
	}()
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return in, fmt.Errorf("data folder: %w", err)
	}
	if err := os.Chmod(p.Data, 0o700); err != nil { //nolint:gosec // a folder needs its x bits
		return in, fmt.Errorf("data folder: %w", err)
	}
	if in.db, err = store.Open(ctx, store.Options{URL: p.database, Now: in.now, Log: log, NodeID: in.node, Mails: store.MailPace{AtOnce: p.MailsAtOnce, AMinute: p.MailsAMinute}}); err != nil {
		return in, fmt.Errorf("database: %w", err)
	}
	if err := in.openKeys(ctx); err != nil {
		return in, err
	}
	if in.docs, err = blob.Folder(filepath.Join(p.Data, "blobs")); err != nil {
		return in, fmt.Errorf("documents: %w", err)
	}
	return in, nil
}

// open opens the installation for a command beside a running server. It makes none: a mistyped folder would be empty, and
// so its log as it was written.
func (b base) open(ctx context.Context, con console) (*installation, error) {
	p := plan{settings: settings{base: b}}
	b.locate(&p)
	none := fmt.Errorf("there is no company at --data %s, --database %s: is that where the server works?", p.Data, noPassword(p.database))
	if file, ok := strings.CutPrefix(p.database, "sqlite:"); ok {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, none
		}
	}
	in, err := openInstallation(ctx, p, slog.New(slog.NewTextHandler(con.err, nil)))
	if err != nil {
		return nil, err
	}
	if some, err := in.db.HasCompany(ctx); err != nil || !some {
		if err == nil {
			err = none
		}
		return nil, errors.Join(err, in.close())
	}
	return in, nil
}

// nodeID names this process in the leases of jobs.
func nodeID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "node"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:6])
}

// openKeys loads the key-encryption key. A missing or other key with existing rows refuses to start: going on would
// make a second set of secrets and leave every document unreadable.
func (in *installation) openKeys(ctx context.Context) error {
	used, err := in.db.KeyIDs(ctx)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	in.ring, err = keyring.Load(in.plan.keySpec)
	if errors.Is(err, fs.ErrNotExist) && !strings.HasPrefix(in.plan.keySpec, "env:") {
		if len(used) > 0 {
			return fmt.Errorf("the key file %s is missing, and the database holds documents and secrets that only it opens: put it back", in.plan.keySpec)
		}
		if err := keyring.Create(in.plan.keySpec); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		in.ring, err = keyring.Load(in.plan.keySpec)
	}
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	have := in.ring.IDs()
	for id, n := range used {
		if n > 0 && !slices.Contains(have, id) {
			return fmt.Errorf("the key given does not open this database: %d rows need the key %q", n, id)
		}
	}
	if w := in.ring.Warning(); w != "" {
		in.log.Warn("key file: " + w) //nolint:sloglint // the text is the ring's own
	}
	return in.db.SetCurrentKey(ctx, in.ring.Current())
}

// secret reads a secret of the installation, or makes it: of several nodes that start at once the first wins.
func (in *installation) secret(ctx context.Context, name string, fresh func() ([]byte, error)) ([]byte, error) {
	about := "secret:" + name
	w, err := in.db.Secret(ctx, name, func() (innsigli.WrappedKey, error) {
		plain, err := fresh()
		if err != nil {
			return innsigli.WrappedKey{}, err
		}
		return ring{in.ring}.Wrap(plain, about)
	})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return ring{in.ring}.Unwrap(w, about)
}

// renewSecret replaces a secret by what fresh makes of it; fresh gives nil when it may stay. was is the secret as the caller
// read it. When another node or a key rotation comes between, fresh is asked again with what stands there then.
func (in *installation) renewSecret(ctx context.Context, name string, was []byte, fresh func(was []byte) ([]byte, error)) ([]byte, error) {
	for range renewTries {
		plain, err := fresh(was)
		if err != nil || plain == nil {
			return was, err
		}
		stands, err := in.db.Secret(ctx, name, nil)
		if err != nil {
			return nil, err
		}
		now, err := ring{in.ring}.Unwrap(stands, "secret:"+name)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(now, was) {
			w, err := ring{in.ring}.Wrap(plain, "secret:"+name)
			if err != nil {
				return nil, err
			}
			done, err := in.db.ReplaceSecret(ctx, name, stands, w)
			if done {
				return plain, nil
			}
			if err != nil && !errors.Is(err, innsigli.ErrRewrap) {
				return nil, err
			}
		}
		was = now
	}
	return nil, fmt.Errorf("secret %s is replaced by others all the time", name)
}

// renewTries is how often a secret is tried to be replaced while others replace it too.
const renewTries = 5

func random32() ([]byte, error) {
	b := make([]byte, 32)
	_, err := rand.Read(b)
	return b, err
}

// service is the trade on this installation, without what only a server has.
func (in *installation) service() *innsigli.Service {
	clock := machineClock
	if in.plan.seam.machineClock != nil {
		clock = in.plan.seam.machineClock
	}
	return &innsigli.Service{
		Store: in.plan.seam.wrapStore(in.db), Blobs: in.plan.seam.wrapBlobs(blobs{in.docs}), Keys: ring{in.ring}, Now: in.now, MachineClock: clock, Log: in.log,
		ExpireAfter: in.plan.ExpireAfter, Kick: func() {},
	}
}

func (in *installation) close() error {
	var errs []error
	if in.db != nil {
		errs = append(errs, in.db.Close())
	}
	if in.docs != nil {
		errs = append(errs, in.docs.Close())
	}
	return errors.Join(errs...)
}
