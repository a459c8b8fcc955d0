package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Create makes a file with one fresh key, mode 0600, and makes it durable. It never overwrites: when the file is
// there, the error wraps [fs.ErrExist], and of two that start at once one wins.
func Create(file string) error {
	unlock, err := lockDir(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("create keyring: %w", err)
	}
	defer unlock()
	if _, err := os.Lstat(file); err == nil {
		return fmt.Errorf("create keyring: %s: %w", file, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("create keyring: %w", err)
	}
	entries := []entry{newEntry()}
	defer wipe(entries)
	text := format(entries)
	defer clear(text)
	if err := replace(file, text); err != nil {
		return fmt.Errorf("create keyring: %w", err)
	}
	return nil
}

// Add begins a rotation: it puts a fresh key in front of the current one and returns its id. From then on Wrap uses
// the new key, here and in every process that reads the same file, and both keys unwrap. Errors wrap [ErrRotating]
// when two keys are there already (a rotation that was interrupted: rewrap, then Retire the second) or [ErrReadOnly].
func (r *Ring) Add() (string, error) {
	var id string
	err := r.edit(func(entries []entry) ([]entry, error) {
		if len(entries) == maxKeys {
			return nil, ErrRotating
		}
		fresh := newEntry()
		id = fresh.id
		return []entry{fresh, entries[0]}, nil
	})
	if err != nil {
		return "", fmt.Errorf("add key: %w", err)
	}
	return id, nil
}

// Retire ends a rotation: it destroys the key with that id, which must not be the current one. Whatever is still
// wrapped by it is lost, so the caller makes sure first that nothing is. Retiring a key that is not there is no
// error: a rotation may end twice. Errors wrap [ErrReadOnly] for a ring from the environment.
func (r *Ring) Retire(id string) error {
	err := r.edit(func(entries []entry) ([]entry, error) {
		if entries[0].id == id {
			return nil, fmt.Errorf("key %q is the current one", id)
		}
		return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return e.id == id }), nil
	})
	if err != nil {
		return fmt.Errorf("retire key: %w", err)
	}
	return nil
}

// edit exchanges the file while no other process does, and reads it again.
func (r *Ring) edit(change func([]entry) ([]entry, error)) error {
	if r.from.file == "" {
		return fmt.Errorf("%s: %w", r.from, ErrReadOnly)
	}
	// The file behind a link is exchanged, and not the link by a file.
	file, err := filepath.EvalSymlinks(r.from.file)
	if err != nil {
		return err
	}
	unlock, err := lockDir(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer unlock()
	old, _, err := readEntries(r.from)
	if err != nil {
		return err
	}
	defer wipe(old)
	next, err := change(old)
	if err != nil {
		return err
	}
	defer wipe(next)
	if len(next) != len(old) { // else there is nothing to do
		text := format(next)
		defer clear(text)
		if err := replace(file, text); err != nil {
			return err
		}
	}
	return r.Reload()
}
