//go:build unix

package keyring

import (
	"fmt"
	"os"
	"syscall"
)

// lockDir keeps other processes from exchanging keys in the folder at the same time: two that each put a new key in
// front would lose one of them, with everything wrapped by it. The lock ends with the process.
func lockDir(dir string) (unlock func(), err error) {
	d, err := os.Open(dir) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("key folder: %w", err)
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("lock key folder: %w", err)
	}
	return func() { _ = d.Close() }, nil // closing unlocks
}

// keepOwner gives a file the owner of another.
func keepOwner(f, like *os.File) error {
	info, err := like.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || (int(st.Uid) == os.Geteuid() && int(st.Gid) == os.Getegid()) {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
