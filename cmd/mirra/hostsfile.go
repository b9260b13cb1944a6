package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gofrs/flock"

	"github.com/mirrahq/mirra/host"
)

// hostsFile is the system's table of host names, in which one block may be Mirra's.
type hostsFile struct{ path string }

// systemHosts returns the table of this system.
func systemHosts() hostsFile {
	if runtime.GOOS == "windows" {
		return hostsFile{filepath.Join(os.Getenv("SystemRoot"), "System32", "drivers", "etc", "hosts")}
	}
	return hostsFile{"/etc/hosts"}
}

// The lines around the block. The first names the file that whoever wrote it holds
// locked as long as it lives, so that what a crash left is told from what is in use.
const (
	hostsBegin = "# begin mirra, in use while this is locked: "
	hostsEnd   = "# end mirra; mirra doctor --fix takes out what is left over"
)

// split returns the table without the block, and the lock that the block names, ""
// without a block. A block without an end reaches to the end of its own lines.
func (h hostsFile) split() (rest, lock string, err error) {
	text, err := os.ReadFile(h.path)
	if err != nil {
		return "", "", err
	}
	var kept strings.Builder
	within := false
	for line := range strings.Lines(string(text)) {
		bare := strings.TrimRight(line, "\r\n")
		switch name, begins := strings.CutPrefix(bare, hostsBegin); {
		case begins:
			within, lock = true, name
		case within && bare == hostsEnd:
			within = false
		case within && (strings.HasPrefix(bare, "127.0.0.1 ") || strings.HasPrefix(bare, "::1 ")):
		default:
			within = false
			kept.WriteString(line)
		}
	}
	return kept.String(), lock, nil
}

// inUse tells whether the lock of a block is held, as far as this user may know.
func inUse(lock string) bool {
	if _, err := os.Stat(lock); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	l := flock.New(lock, flock.SetFlag(os.O_RDONLY))
	free, err := l.TryLock()
	if free {
		_ = l.Unlock() // whoever holds it now cannot have held it before
	}
	return err != nil || !free
}

// add writes names that are to lead to this machine. The caller holds lock; it fails
// if another holds the block that is there.
func (h hostsFile) add(names []string, lock string) error {
	rest, held, err := h.split()
	if err != nil {
		return h.refused("read", err)
	}
	if held != "" && held != lock && inUse(held) {
		return &host.Error{Kind: host.KindConflict, Code: "mirra.hosts.in_use", Message: h.path + " is in use by another `mirra up --hosts`, which holds " + held, Hint: "one session at a time can have it: end that one first"}
	}
	if rest != "" && !strings.HasSuffix(rest, "\n") {
		rest += "\n"
	}
	all := strings.Join(names, " ")
	return h.refused("write", h.replace(rest+hostsBegin+lock+"\n127.0.0.1 "+all+"\n::1 "+all+"\n"+hostsEnd+"\n"))
}

// remove takes out the block whose lock it is, whoever's for "". It leaves the file
// alone when there is none.
func (h hostsFile) remove(lock string) error {
	rest, held, err := h.split()
	if err != nil {
		return h.refused("read", err)
	}
	if held == "" || lock != "" && held != lock {
		return nil
	}
	return h.refused("write", h.replace(rest))
}

// replace writes the table in its place: it may be mounted, so that no other file can
// take it. What is longer than before is cut off last, so that no name is lost if the
// writing fails in the middle.
func (h hostsFile) replace(text string) error {
	f, err := os.OpenFile(h.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Truncate(int64(len(text)))
	}
	return errors.Join(err, f.Close())
}

func (h hostsFile) refused(what string, err error) error {
	if err == nil {
		return nil
	}
	return &host.Error{Kind: host.KindUnavailable, Code: "mirra.hosts.file", Message: fmt.Sprintf("%s %s: %v", what, h.path, errors.Unwrap(err)),
		Hint: "it wants a privilege, and a file that is not read-only; mirra exec -- CMD needs neither"}
}
