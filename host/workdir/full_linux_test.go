package workdir

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A full disk is told, and leaves nothing.
func TestFull(t *testing.T) {
	source := repository(t)
	write(t, source, map[string]string{"untracked": strings.Repeat("x", 1<<20)})
	before, under := state(t, source), t.TempDir()
	cmd := exec.Command("sh", "-c", `ulimit -f 200; exec "$0" -test.run '^TestLimited$'`, os.Args[0])
	cmd.Env = append(os.Environ(), "MIRRA_WORKDIR_SOURCE="+source, "MIRRA_WORKDIR_UNDER="+under)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "make room, or workdir: in-place") {
		t.Errorf("%v: %s", err, out)
	}
	if left, _ := os.ReadDir(under); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
	same(t, "the source", before, state(t, source))
}

// TestLimited is TestFull's, in a process that may not write large files.
func TestLimited(t *testing.T) {
	if source := os.Getenv("MIRRA_WORKDIR_SOURCE"); source != "" {
		_, err := New(t.Context(), source, os.Getenv("MIRRA_WORKDIR_UNDER"))
		fmt.Println(err)
	}
}
