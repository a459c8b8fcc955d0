//go:build !unix

package main

// lockFolder does nothing where there is no flock: two servers on one folder are then the operator's care.
func lockFolder(string) (unlock func() error, err error) { return func() error { return nil }, nil }
