package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
)

// runCommand runs the application's command against a session and passes its
// exit code through. direct leaves it to the application to call mirrors by their
// own URLs.
func (a *app) runCommand(ctx context.Context, c *httpapi.Client, s *host.SessionInfo, p *plan, attached, direct bool, command []string) error {
	_, state, err := a.connect(ctx, false)
	if err != nil {
		return err
	}
	if !a.flags.quiet {
		verb := "session"
		if attached {
			verb = "attached to session"
		}
		a.out.note("%s %s", verb, title(s))
		for _, m := range s.Mirrors {
			a.out.note("%s at %s", m.Version, m.URL)
		}
		for _, line := range p.missing {
			a.out.note("%s", line)
		}
	}
	letGo := a.holdSession(ctx, c, s)
	env := a.environ(s, state.Control, state.Token)
	var before []host.TriedHost
	if !direct {
		d, err := a.dropIn(ctx, c, s.SessionID)
		if err != nil {
			letGo()
			return errors.Join(err, a.leave(c, s, attached))
		}
		for _, line := range d.notes() {
			a.out.note("%s", line)
		}
		maps.Copy(env, d.environ(os.Getenv))
		before = d.info.Tried
	}
	code, err := a.execute(command, env)
	a.out.stdout = a.stderr // the command's output may be read by another
	for _, line := range tried(context.WithoutCancel(ctx), c, s.SessionID, before) {
		a.out.note("%s", line)
	}
	letGo()
	if e := a.leave(c, s, attached); err == nil {
		err = e
	}
	if err == nil && code != 0 {
		err = &exitError{code}
	}
	return err
}

// holdSession lets a session live as long as this process, even when that is killed,
// until letGo is called.
func (a *app) holdSession(ctx context.Context, c host.Control, s *host.SessionInfo) (letGo func()) {
	holding, cancel := context.WithCancel(context.WithoutCancel(ctx))
	held := make(chan struct{})
	go func() {
		defer close(held)
		_ = c.Events(holding, s.SessionID, 0, true, func(host.TraceEntry) bool { return true }) // who holds decides when it is over
	}()
	return func() {
		cancel()
		<-held
	}
}

// execute runs a command in the caller's folder. It gets interrupts itself: it
// is in the terminal's group.
func (a *app) execute(command []string, env map[string]string) (code int, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = a.cfg.WorkingDir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout, a.stderr
	cmd.Env = os.Environ()
	for _, name := range sortedKeys(env) {
		cmd.Env = append(cmd.Env, name+"="+env[name])
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM) // the command decides what they mean
	defer signal.Stop(interrupts)
	if err := cmd.Start(); err != nil {
		return 0, &usageError{text: fmt.Sprintf("start %s: %v", command[0], errors.Unwrap(err)), hint: "what stands behind -- is a program and its arguments; for shell syntax: -- sh -c '...'"}
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case sig := <-interrupts:
			if sig == syscall.SIGTERM {
				_ = cmd.Process.Signal(sig) // it may be gone
			}
		case err := <-done:
			if e, ok := errors.AsType[*exec.ExitError](err); ok {
				if code := e.ExitCode(); code >= 0 {
					return code, nil
				}
				return 128 + exitSignal(e), nil
			}
			return 0, err
		}
	}
}
