//go:build !unix

package keyring

import "os"

// lockDir does nothing where there is no flock(2): rotate from one process at a time there.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }

// keepOwner does nothing: a new file inherits its access rights from the folder.
func keepOwner(_, _ *os.File) error { return nil }
