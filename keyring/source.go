package keyring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// envPrefix begins a spec that names an environment variable.
const envPrefix = "env:"

// source is the place of the keys: a file or an environment variable, whichever is set.
type source struct {
	file string
	env  string
}

// state is what a source looked like when it was read; nil for the environment, which cannot change.
type state struct{ info fs.FileInfo }

func parseSpec(spec string) (source, error) {
	name, isEnv := strings.CutPrefix(spec, envPrefix)
	if name == "" {
		return source{}, errors.New("keyring: want a file name or env:NAME")
	}
	if isEnv {
		return source{env: name}, nil
	}
	return source{file: name}, nil
}

// String is the spec again.
func (s source) String() string {
	if s.env != "" {
		return envPrefix + s.env
	}
	return s.file
}

// read returns the text, at most one byte more than maxText, which the caller clears.
func (s source) read() ([]byte, state, error) {
	if s.env != "" {
		text, ok := os.LookupEnv(s.env)
		if !ok {
			return nil, state{}, fmt.Errorf("keyring %s: the variable is not set: %w", s, fs.ErrNotExist)
		}
		return []byte(text), state{}, nil
	}
	f, err := os.Open(s.file)
	if err != nil {
		return nil, state{}, fmt.Errorf("keyring: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, state{}, fmt.Errorf("keyring: %w", err)
	}
	text := make([]byte, maxText+1)
	n, err := io.ReadFull(f, text)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		clear(text)
		return nil, state{}, fmt.Errorf("keyring: %w", err)
	}
	return text[:n], state{info}, nil
}

// changed says whether the file is another one than when it was read, or was written since. It costs one stat(2).
func (s source) changed(st state) bool {
	if st.info == nil {
		return false
	}
	info, err := os.Stat(s.file)
	if err != nil {
		return true
	}
	return !os.SameFile(info, st.info) || !info.ModTime().Equal(st.info.ModTime()) || info.Size() != st.info.Size()
}

// warning judges the mode of a file.
func (st state) warning(s source) string {
	const others fs.FileMode = 0o077
	if st.info == nil || st.info.Mode().Perm()&others == 0 {
		return ""
	}
	return fmt.Sprintf("key file %s has mode %04o: others may read it; want 0600", s.file, st.info.Mode().Perm())
}

// replace puts text in the place of the file: written and synced under another name, renamed, the folder synced. At
// every moment the name leads to the whole old or the whole new text. The caller holds the lock.
//
// Afterwards the bytes of the old file are overwritten. That is best effort: a file system that copies on write, a
// disk that moves blocks, or a snapshot may keep them.
func replace(file string, text []byte) error {
	fresh := file + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("leftover of a rotation: %w", err)
	}
	// Opened before the name leads elsewhere.
	old, err := os.OpenFile(file, os.O_RDWR, 0) //nolint:gosec // the operator names the file
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("key file: %w", err)
	}
	if old != nil {
		defer func() { _ = old.Close() }() // overwriting is best effort
	}
	if err := writeSynced(fresh, text, old); err != nil {
		_ = os.Remove(fresh)
		return err
	}
	if err := os.Rename(fresh, file); err != nil {
		_ = os.Remove(fresh)
		return fmt.Errorf("key file: %w", err)
	}
	if err := syncDir(filepath.Dir(file)); err != nil {
		return err // the old text may still be what a crash leaves: do not overwrite it
	}
	if old != nil {
		overwrite(old)
	}
	return nil
}

// writeSynced writes a new private file with the owner of the old one: `keys rotate` run by root must not lock out
// the server.
func writeSynced(file string, text []byte, old *os.File) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	_, err = f.Write(text)
	if err == nil && old != nil {
		err = keepOwner(f, old)
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}

// overwrite replaces the content of a file that has no name any more by zeros.
func overwrite(f *os.File) {
	info, err := f.Stat()
	if err != nil || info.Size() > maxText {
		return
	}
	if _, err := f.WriteAt(make([]byte, info.Size()), 0); err == nil {
		_ = f.Sync()
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("key folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync key folder: %w", err)
	}
	return nil
}
