package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/innsigli/innsigli"
	"github.com/innsigli/innsigli/keyring"
)

type keysCmd struct {
	Rotate keysRotateCmd `cmd:"" help:"Exchange the key-encryption key and destroy the old one."`
}

type keysRotateCmd struct{ base }

// Run rotates beside a running server, which reads the key file again by itself.
func (c keysRotateCmd) Run(ctx context.Context, con console) error {
	in, err := c.open(ctx, con)
	if err != nil {
		return err
	}
	defer in.close() //nolint:errcheck // everything was committed before
	n, err := in.rotate(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "rotated: %d keys and secrets are wrapped by the new key %s, the old one is destroyed\n", n, in.ring.Current())
	return err
}

// rotate exchanges the key-encryption key: a new key in front of the ring, every row rewrapped, the old key destroyed.
// Interrupted, it goes on where it was when it is called again.
func (in *installation) rotate(ctx context.Context) (int, error) {
	old := in.ring.Current()
	if _, err := in.ring.Add(); errors.Is(err, keyring.ErrRotating) {
		old = in.ring.IDs()[1]
	} else if err != nil {
		return 0, fmt.Errorf("rotate: %w", err)
	}
	current := in.ring.Current()
	if err := in.db.SetCurrentKey(ctx, current); err != nil {
		return 0, fmt.Errorf("rotate: %w", err)
	}
	r := ring{in.ring}
	n, err := in.db.Rewrap(ctx, current, func(w innsigli.WrappedKey, about string) (innsigli.WrappedKey, error) {
		plain, err := r.Unwrap(w, about)
		if err != nil {
			return w, err
		}
		defer clear(plain)
		return r.Wrap(plain, about)
	})
	if err != nil {
		return n, fmt.Errorf("rewrap: %w", err)
	}
	used, err := in.db.KeyIDs(ctx)
	if err != nil {
		return n, err
	}
	if used[old] > 0 {
		return n, fmt.Errorf("rewrap: %d rows still need the old key; nothing is lost, call it again", used[old])
	}
	if err := in.ring.Retire(old); err != nil {
		return n, fmt.Errorf("rotate: %w", err)
	}
	return n, in.db.Flush(ctx)
}
