package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mirrahq/mirra/conformance/vendorsuite"
)

// peerFlags say what is measured in a mirror's place: another program that
// plays the vendor.
type peerFlags struct {
	url, command, label string
	keep                bool
}

func (p *peerFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&p.url, "peer", "", "measure what answers at this base URL in a mirror's place; its state is not reset between cassettes")
	fs.StringVar(&p.command, "peer-command", "", "measure a program in a mirror's place, started anew for each cassette: words separated by spaces, {port} for the port to listen on")
	fs.BoolVar(&p.keep, "peer-keep", false, "start the program once: it keeps no state")
	fs.StringVar(&p.label, "peer-name", "", "what to call it in reports")
}

func (p *peerFlags) set() bool { return p.url != "" || p.command != "" }

func (p *peerFlags) check(*cobra.Command) error {
	switch {
	case p.url != "" && p.command != "":
		return &usageError{text: "--peer and --peer-command: want one of them"}
	case p.command != "" && !strings.Contains(p.command, "{port}"):
		return &usageError{text: "--peer-command: want {port} where the port to listen on goes"}
	case p.url != "" && !strings.HasPrefix(p.url, "http://") && !strings.HasPrefix(p.url, "https://"):
		return &usageError{text: fmt.Sprintf("--peer %q: want a base URL, http://127.0.0.1:12111", p.url)}
	}
	return nil
}

func (p *peerFlags) target() *peerTarget {
	return &peerTarget{flags: p, client: directClient()}
}

// peerTarget is a program that plays the vendor. It has no clock that could be
// set, and no objects can be imported.
type peerTarget struct {
	flags  *peerFlags
	client *http.Client

	mu   sync.Mutex
	kept *peerSession // with peer-keep
}

func (t *peerTarget) name() string {
	if t.flags.label != "" {
		return t.flags.label
	}
	return t.flags.url + t.flags.command
}

func (t *peerTarget) spoken() []string { return nil }

func (t *peerTarget) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		return nil
	}
	return t.kept.end()
}

// Open implements vendorsuite.Target.
func (t *peerTarget) Open(ctx context.Context, _ time.Time) (vendorsuite.Session, error) {
	if t.flags.url != "" {
		return &peerSession{t: t, base: strings.TrimSuffix(t.flags.url, "/")}, nil
	}
	if !t.flags.keep {
		return t.start(ctx)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		var err error
		if t.kept, err = t.start(ctx); err != nil {
			return nil, err
		}
	}
	return &peerSession{t: t, base: t.kept.base}, nil
}

// peerTries is how often a peer is started: another program may take the port
// that was free.
const peerTries = 3

func (t *peerTarget) start(ctx context.Context) (*peerSession, error) {
	var err error
	for range peerTries {
		var s *peerSession
		if s, err = t.startOnce(ctx); err == nil || ctx.Err() != nil {
			return s, err
		}
	}
	return nil, err
}

func (t *peerTarget) startOnce(ctx context.Context) (*peerSession, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ReplaceAll(t.flags.command, "{port}", fmt.Sprint(port)))
	cmd := exec.Command(words[0], words[1:]...)
	s := &peerSession{t: t, base: fmt.Sprintf("http://127.0.0.1:%d", port), cmd: cmd, exited: make(chan struct{})}
	cmd.Stderr = &s.said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the peer: %w", err)
	}
	go func() {
		_ = cmd.Wait() // it is killed in the end
		close(s.exited)
	}()
	if err := s.ready(ctx, port); err != nil {
		return nil, errors.Join(err, s.end())
	}
	return s, nil
}

// freePort finds a port for a program that does not take port 0.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// peerSession is one process of a peer, or the one that runs anyway.
type peerSession struct {
	t      *peerTarget
	base   string
	cmd    *exec.Cmd
	exited chan struct{}
	said   bytes.Buffer // on stderr; to be read once it has exited
}

// peerStart is how long a peer may take to listen.
const peerStart = 30 * time.Second

// ready waits until the peer listens.
func (s *peerSession) ready(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, peerStart)
	defer cancel()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.exited:
			return fmt.Errorf("the peer ended before it listened on port %d: %s: %s", port, s.cmd.ProcessState, lastLines(s.said.String()))
		case <-ctx.Done():
			return fmt.Errorf("the peer does not listen on port %d: %w", port, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Do implements vendorsuite.Session.
func (s *peerSession) Do(ctx context.Context, r *vendorsuite.Request) (*vendorsuite.Response, error) {
	return send(ctx, s.t.client, s.base, r, nil)
}

// SetClock implements vendorsuite.Session.
func (s *peerSession) SetClock(context.Context, time.Time) error { return vendorsuite.ErrUnsupported }

// Import implements vendorsuite.Session.
func (s *peerSession) Import(context.Context, []json.RawMessage) error {
	return vendorsuite.ErrUnsupported
}

// lastLines returns the end of what a program said.
func lastLines(s string) string {
	const most = 500
	return strings.TrimSpace(strings.ToValidUTF8(s[max(0, len(s)-most):], ""))
}

// Close implements vendorsuite.Session.
func (s *peerSession) Close() error {
	if s.cmd == nil {
		return nil
	}
	return s.end()
}

func (s *peerSession) end() error {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.exited
	s.t.client.CloseIdleConnections()
	return nil
}
