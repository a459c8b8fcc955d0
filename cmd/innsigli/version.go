package main

import (
	"fmt"
	"runtime/debug"
)

// versionCmd prints the version.
type versionCmd struct{}

// Run prints module version and commit as the Go linker knows them.
func (versionCmd) Run(con console) error {
	version, commit := buildVersion()
	_, err := fmt.Fprintf(con.out, "innsigli %s%s\n", version, commit)
	return err
}

// buildVersion is the module's version, and after a space the commit where it is known.
func buildVersion() (version, commit string) {
	version = "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		version = b.Main.Version
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				commit = " " + s.Value
			}
		}
	}
	return version, commit
}
