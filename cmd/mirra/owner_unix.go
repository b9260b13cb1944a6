//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"syscall"
)

// otherOwner returns who owns a file, "" if that is this user.
func otherOwner(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(s.Uid) == os.Geteuid() {
		return ""
	}
	id := fmt.Sprint(s.Uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "user " + id
}

// withoutOthers returns the command that keeps a file from others, "" if it is.
func withoutOthers(info fs.FileInfo) string {
	if info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return "chmod 600"
}

// withoutPrivilege tells whether the system's files are not for this user to write.
func withoutPrivilege() bool { return os.Geteuid() != 0 }
