// Package driver runs commands that are not Mirra's: the application that a drill or a
// scenario looks at, and what drives it. A command is a tree of processes, which ends as
// a whole.
package driver

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Command is what to run.
type Command struct {
	Args   []string
	Dir    string
	Env    []string  // all of it, NAME=VALUE; nil is this process's
	Input  io.Reader // nil: it ends at once
	Output io.Writer // what it prints on both streams as it comes; nil for nobody
	Stdout io.Writer // what it prints on its standard output alone; nil for nobody
}

// Process is a command that was started.
type Process struct {
	cmd  *exec.Cmd
	mark string // a variable of its environment alone
	tail tail
	done chan struct{}
	err  error // of Wait, once done is closed
}

// Start runs a command.
func Start(c Command) (*Process, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("no command to run")
	}
	p := &Process{cmd: exec.Command(c.Args[0], c.Args[1:]...), mark: markName + rand.Text() + "=1", done: make(chan struct{})}
	if c.Env == nil {
		c.Env = os.Environ()
	}
	p.cmd.Dir, p.cmd.Stdin, p.cmd.Env = c.Dir, c.Input, append(c.Env[:len(c.Env):len(c.Env)], p.mark)
	out := io.Writer(&p.tail)
	if c.Output != nil {
		out = io.MultiWriter(&p.tail, c.Output)
	}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if c.Stdout != nil {
		p.cmd.Stdout = io.MultiWriter(out, c.Stdout)
	}
	// What it leaves running may hold its output open.
	p.cmd.WaitDelay = time.Second
	group(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Args[0], err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the command has ended; what it started may go on.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how a command ended: "" with success, "exit status 3", "signal: killed".
// It waits for the end.
func (p *Process) Exit() string {
	<-p.done
	if p.err == nil || errors.Is(p.err, exec.ErrWaitDelay) {
		return ""
	}
	return p.err.Error()
}

// Tail is the last of what the command printed.
func (p *Process) Tail() string { return p.tail.String() }

// Stop ends the command and all that it started: it asks, and after a while does not.
func (p *Process) Stop(grace time.Duration) {
	if all := p.all(); len(all) > 0 {
		terminate(p.cmd, all)
		select {
		case <-p.done:
		case <-time.After(grace):
		}
	}
	p.end()
	<-p.done
}

// end kills what is left, and looks a few times for what that started meanwhile.
func (p *Process) end() {
	for range 50 {
		all := p.all()
		kill(p.cmd, all)
		if len(all) == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond) // they take a moment to die
	}
}

// tree is the command and what is below it, of those that live.
func (p *Process) tree() []*process.Process {
	select {
	case <-p.done:
		return nil // its number may be another's
	default:
	}
	root, err := process.NewProcess(int32(p.cmd.Process.Pid))
	if err != nil {
		return nil // it has ended
	}
	return below([]*process.Process{root})
}

// below adds to processes what they started. Those that have ended, and wait for their
// parent to know, are left out.
func below(all []*process.Process) []*process.Process {
	all = slices.DeleteFunc(all, hasEnded)
	for i := 0; i < len(all); i++ {
		children, err := all[i].Children()
		if err != nil {
			continue // it has ended
		}
		for _, c := range children {
			if !slices.ContainsFunc(all, func(p *process.Process) bool { return p.Pid == c.Pid }) && !hasEnded(c) {
				all = append(all, c)
			}
		}
	}
	return all
}

func hasEnded(p *process.Process) bool {
	is, err := p.Status()
	return err == nil && slices.Contains(is, process.Zombie)
}

// markName begins the name of a variable by which the processes of a command are known,
// also those that left its group and whose parents have ended, as daemons have it. One of
// those that was also started with another environment is not found, nor on macOS a
// program of the system's, whose environment is not shown. To take them over
// (PR_SET_CHILD_SUBREAPER) would be for all that this process runs, and oblige it to wait
// for each.
const markName = "MIRRA_TASK_"

// all is the tree, and those that left it.
func (p *Process) all() []*process.Process {
	all := p.tree()
	everybody, err := process.Processes()
	if err != nil {
		return all
	}
	for _, one := range everybody {
		// Those of others cannot be read.
		if env, err := one.Environ(); err == nil && slices.Contains(env, p.mark) && !slices.ContainsFunc(all, func(p *process.Process) bool { return p.Pid == one.Pid }) {
			all = append(all, one)
		}
	}
	return below(all)
}

// tailSize is how much of a command's output is kept.
const tailSize = 64 << 10

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > tailSize {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept[max(len(t.kept)-tailSize, 0):])
}
