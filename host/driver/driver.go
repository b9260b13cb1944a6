// Package driver runs commands that are not Mirra's: the application that a drill or a
// scenario looks at, and what drives it. A command is a tree of processes, which ends as
// a whole.
package driver

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// Command is what to run.
type Command struct {
	Args   []string
	Dir    string
	Env    []string  // all of it, NAME=VALUE
	Output io.Writer // what it prints on both streams as it comes; nil for nobody
}

// Process is a command that was started.
type Process struct {
	cmd  *exec.Cmd
	tail tail
	done chan struct{}
	err  error // of Wait, once done is closed
}

// Start runs a command without input.
func Start(c Command) (*Process, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("no command to run")
	}
	p := &Process{cmd: exec.Command(c.Args[0], c.Args[1:]...), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = c.Dir, c.Env
	out := io.Writer(&p.tail)
	if c.Output != nil {
		out = io.MultiWriter(&p.tail, c.Output)
	}
	p.cmd.Stdout, p.cmd.Stderr = out, out
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
	all := p.tree()
	terminate(p.cmd, all)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	// Whoever was started meanwhile is below one that was there.
	kill(p.cmd, append(all, p.tree()...))
	<-p.done
}

// tree is all that a command started and that lives, itself first.
func (p *Process) tree() []*process.Process {
	root, err := process.NewProcess(int32(p.cmd.Process.Pid))
	if err != nil {
		return nil // it has ended
	}
	all := []*process.Process{root}
	for i := 0; i < len(all); i++ {
		children, err := all[i].Children()
		if err == nil {
			all = append(all, children...)
		}
	}
	return all
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
