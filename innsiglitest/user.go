package innsiglitest

import (
	"fmt"
	"os/user"
	"strconv"
)

// postgresUser gives the ids of the account that PostgreSQL's package makes.
func postgresUser() (uid, gid uint32, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return 0, 0, fmt.Errorf("tests run as root and PostgreSQL does not: %w", err)
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("user id: %w", err)
	}
	group, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return 0, 0, fmt.Errorf("group id: %w", err)
	}
	return uint32(id), uint32(group), nil
}
