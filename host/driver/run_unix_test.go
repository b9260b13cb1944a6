//go:build !windows

package driver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// long is more than any test takes.
const long = time.Minute

func sh(script string) Command {
	return Command{Args: []string{"sh", "-c", script}, Env: append(os.Environ(), "SLEEPER="+os.Args[0], "MIRRA_DRIVER_TEST=sleep")}
}

func mustRun(t *testing.T, c Command, limit time.Duration) *Result {
	t.Helper()
	r, err := Run(t.Context(), c, limit)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Commands end in their own ways.
func TestRunExit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command Command
		exit    string
		output  string
	}{
		"success":        {sh("echo out; echo err >&2"), "", "out\nerr\n"},
		"failure":        {sh("exit 3"), "exit status 3", ""},
		"a signal":       {sh("kill -KILL $$"), "signal: killed", ""},
		"no output":      {sh("exec >&- 2>&-; exit 4"), "exit status 4", ""},
		"no input":       {sh("cat; echo end"), "", "end\n"},
		"input":          {Command{Args: []string{"cat"}, Input: strings.NewReader("a prompt\n")}, "", "a prompt\n"},
		"input not read": {Command{Args: []string{"true"}, Input: strings.NewReader(strings.Repeat("x", 1<<20))}, "", ""},
		"in a folder":    {Command{Args: []string{"pwd"}, Dir: "/"}, "", "/\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := mustRun(t, c.command, long)
			if r.Exit != c.exit || r.Output != c.output || r.TimedOut || r.Duration <= 0 {
				t.Errorf("%+v, want exit %q and output %q", r, c.exit, c.output)
			}
		})
	}
}

// Commands that cannot be started say so.
func TestRunNot(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Command{}, "no command to run"},
		{Command{Args: []string{"no-such-program-of-mirra"}}, "executable file not found"},
		{Command{Args: []string{plain}}, "permission denied"},
		{Command{Args: []string{"true"}, Dir: plain}, "not a directory"},
	} {
		if r, err := Run(t.Context(), c.command, long); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %+v, %v, want %s", c.command.Args, r, err, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	file := filepath.Join(t.TempDir(), "started")
	if _, err := Run(ended, Command{Args: []string{"touch", file}}, long); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("it was started after the end")
	}
}

// A flood is read to its end, and what is kept is bounded. Not in parallel: it counts what
// is allocated.
func TestRunFlood(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := mustRun(t, sh("head -c 300000000 /dev/zero | tr '\\0' x; echo; echo the end"), 10*long)
	runtime.ReadMemStats(&after)
	if r.Exit != "" || len(r.Output) > tailSize || !strings.HasSuffix(r.Output, "x\nthe end\n") {
		t.Errorf("exit %q, %d bytes", r.Exit, len(r.Output))
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d bytes were allocated for it", grown)
	}
}

// leavers are commands that start a sleeper, each in another way, print its number, and
// go on. It is this binary: of a system's own program macOS does not show the environment.
var leavers = map[string]string{
	"a child":                `"$SLEEPER" & echo $!`,
	"a group of its own":     `python3 -c 'import os; os.setsid(); os.execvp(os.environ["SLEEPER"], ["x"])' & echo $!`,
	"deaf to signals":        `sh -c 'trap "" TERM INT HUP; echo $$; while :; do "$SLEEPER"; done' &`,
	"a grandchild, orphaned": `("$SLEEPER" & echo $!)`,
	"a daemon": `python3 -c '
import os
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
print(os.getpid(), flush=True)
null = os.open("/dev/null", os.O_RDWR)
for fd in (0, 1, 2): os.dup2(null, fd)
os.execvp(os.environ["SLEEPER"], ["x"])'`,
	"node": `node -e '
const c = require("child_process").spawn(process.env.SLEEPER, {detached: true, stdio: "ignore"})
c.unref()
console.log(c.pid)'`,
}

// gone tells whether a process has ended.
func gone(t *testing.T, pid int32) bool {
	t.Helper()
	p, err := process.NewProcess(pid)
	if err != nil {
		return true
	}
	return hasEnded(p)
}

func pid(t *testing.T, line string) int32 {
	t.Helper()
	var n int32
	if _, err := fmt.Sscan(line, &n); err != nil || n < 2 {
		t.Fatalf("the command printed %q: %v", line, err)
	}
	return n
}

// Nothing is left of a command that has ended.
func TestRunLeaves(t *testing.T) {
	t.Parallel()
	for name, script := range leavers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := mustRun(t, sh(script+"\nexit 5"), long)
			if r.Exit != "exit status 5" || r.TimedOut {
				t.Errorf("%+v", r)
			}
			if n := pid(t, r.Output); !gone(t, n) {
				t.Errorf("%d goes on", n)
			}
		})
	}
}

// Nothing is left of one whose time is over, or that is not wanted any more, and that
// does not heed signals.
func TestRunEnded(t *testing.T) {
	t.Parallel()
	for name, script := range leavers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out, in := io.Pipe()
			line := make(chan string, 1)
			go func() {
				s, _ := bufio.NewReader(out).ReadString('\n') // an empty one is told
				line <- s
				cancel()
				io.Copy(io.Discard, out)
			}()
			c := sh("trap '' TERM\n" + script + "\nwhile :; do \"$SLEEPER\"; done")
			c.Output = in
			r, err := Run(ctx, c, long)
			in.Close()
			if !errors.Is(err, context.Canceled) || r.Exit != "signal: killed" || r.TimedOut {
				t.Errorf("%+v, %v", r, err)
			}
			if n := pid(t, <-line); !gone(t, n) {
				t.Errorf("%d goes on", n)
			}
		})
	}
	r := mustRun(t, sh("exec \"$SLEEPER\""), time.Millisecond)
	if r.Exit != "timeout" || !r.TimedOut {
		t.Errorf("%+v", r)
	}
}

// What somebody else runs goes on.
func TestRunSparesOthers(t *testing.T) {
	t.Parallel()
	other, err := Start(sh("exec \"$SLEEPER\""))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop(0)
	mustRun(t, sh(leavers["a daemon"]), long)
	if gone(t, int32(other.cmd.Process.Pid)) {
		t.Error("another command was ended")
	}
}
