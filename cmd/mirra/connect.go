package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
)

// serverState is what a running server tells commands, in a file that only its
// user can read.
type serverState struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Control string    `json:"controlUrl"`
	Vendor  string    `json:"vendorUrl"`
	TLS     string    `json:"tlsUrl,omitempty"` // of mirrors, with a star for their names
	Token   string    `json:"token"`
	Started time.Time `json:"started"`
}

// Files in the state folder.
func (c *Config) stateFile() string  { return filepath.Join(c.Dirs.State, "server.json") }
func (c *Config) serverLock() string { return filepath.Join(c.Dirs.State, "server.lock") } // held by the server
func (c *Config) startLock() string  { return filepath.Join(c.Dirs.State, "start.lock") }  // held by who starts one
func (c *Config) logFile() string    { return filepath.Join(c.Dirs.State, "server.log") }

// errNoServer means that no server runs; commands that only look need none.
var errNoServer = errors.New("no server runs")

// connect returns the client of the server, starting one if start says so.
func (a *app) connect(ctx context.Context, start bool) (*httpapi.Client, *serverState, error) {
	if a.cfg.URL != "" && a.cfg.Token != "" {
		s := &serverState{Control: a.cfg.URL, Token: a.cfg.Token}
		c := httpapi.NewClient(s.Control, s.Token)
		_, err := c.Health(ctx)
		if err == nil {
			return c, s, nil
		}
		if !start {
			return nil, nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.unreachable", Message: "the server that MIRRA_URL names, " + s.Control + ", does not answer", Hint: "unset MIRRA_URL and MIRRA_TOKEN, or print them anew: mirra env", Err: err}
		}
		a.out.note("the server that MIRRA_URL names, %s, does not answer; this user's own is used", s.Control)
	}
	if c, s := a.running(ctx); c != nil {
		keep, err := a.suits(ctx, c, s, start)
		if err != nil || keep {
			return c, s, err
		}
	} else if !start {
		return nil, nil, errNoServer
	}
	return a.startServer(ctx)
}

// running returns the server that the state file tells of, nil if it does not
// answer.
func (a *app) running(ctx context.Context) (*httpapi.Client, *serverState) {
	s, err := readState(a.cfg.stateFile())
	if err != nil {
		return nil, nil
	}
	c := httpapi.NewClient(s.Control, s.Token)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	h, err := c.Health(ctx)
	if err != nil || h.Version != s.Version {
		return nil, nil // it crashed, and maybe somebody else has its port
	}
	return c, s
}

func readState(path string) (*serverState, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s serverState
	if err := json.Unmarshal(b, &s); err != nil || s.Control == "" {
		return nil, fmt.Errorf("%s is damaged", path)
	}
	return &s, nil
}

// suits tells whether a running server is the one that is wanted. One that is
// not is stopped, if nothing is lost by it and a new one will be started.
func (a *app) suits(ctx context.Context, c *httpapi.Client, s *serverState, start bool) (keep bool, err error) {
	otherPort := a.cfg.PortGiven && a.cfg.Port != 0 && !strings.HasSuffix(s.Control, fmt.Sprintf(":%d", a.cfg.Port))
	otherVersion := s.Version != version()
	if !start || !otherPort && !otherVersion {
		return true, nil
	}
	page, err := c.Sessions(ctx, host.SessionQuery{Limit: 1})
	if err != nil {
		return false, err
	}
	if len(page.Sessions) == 0 {
		return false, a.stopServer(ctx, c, s)
	}
	if otherPort {
		return false, &host.Error{Kind: host.KindConflict, Code: "mirra.server.other_port", Message: fmt.Sprintf("the server runs at %s and has sessions", s.Control), Hint: "leave out --port, or end them: mirra down --all"}
	}
	a.out.note("the server in the background is mirra %s, this is %s; it is kept for its sessions (mirra down --all ends them)", s.Version, version())
	return true, nil
}

// stopServer ends a server and waits until its ports are free.
func (a *app) stopServer(ctx context.Context, c *httpapi.Client, s *serverState) error {
	if err := c.Stop(ctx); err != nil {
		return err
	}
	l := flock.New(a.cfg.serverLock())
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if ok, err := l.TryLockContext(ctx, 5*time.Millisecond); !ok {
		return fmt.Errorf("the server (process %d) does not stop: %w", s.PID, err)
	}
	return l.Unlock()
}

// startServer starts one in the background; of several commands that try at a
// time one does.
func (a *app) startServer(ctx context.Context) (*httpapi.Client, *serverState, error) {
	if err := os.MkdirAll(a.cfg.Dirs.State, 0o700); err != nil {
		return nil, nil, err
	}
	l := flock.New(a.cfg.startLock())
	if _, err := l.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		return nil, nil, fmt.Errorf("wait for another command that starts the server: %w", err)
	}
	defer l.Unlock() // nothing can be done about it, and the process's end releases too
	if c, s := a.running(ctx); c != nil && s.Version == version() {
		return c, s, nil
	}
	s, err := a.spawn(ctx)
	if err != nil {
		return nil, nil, err
	}
	return httpapi.NewClient(s.Control, s.Token), s, nil
}

// started is what a server says on its standard output once it listens, or why
// it does not.
type started struct {
	Error *struct{ Message, Hint string } `json:"error,omitempty"`
	State *serverState                    `json:"state,omitempty"`
}

// startPatience is how long a server may take to listen. Sessions that are kept
// are loaded by then.
const startPatience = 30 * time.Second

func (a *app) spawn(ctx context.Context) (*serverState, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(a.cfg.logFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	args := []string{"server", "--port", fmt.Sprint(a.cfg.Port), "--idle", a.cfg.IdleExit.String()}
	for _, p := range a.cfg.PluginPath {
		args = append(args, "--plugin-path", p)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = a.cfg.Dirs.State // not the project's: it may be deleted
	cmd.Stdout, cmd.Stderr = w, log
	detach(cmd)
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("start server: %w", err)
	}
	w.Close()
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(r, 1<<20)).ReadString('\n') // empty if it died
		lines <- line
	}()
	select {
	case line := <-lines:
		var s started
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			return nil, &host.Error{Kind: host.KindInternal, Code: "mirra.server.start", Message: "the server did not start", Hint: "its log is " + a.cfg.logFile()}
		}
		if s.Error != nil {
			return nil, &host.Error{Kind: host.KindUnavailable, Code: "mirra.server.start", Message: s.Error.Message, Hint: s.Error.Hint}
		}
		return s.State, cmd.Process.Release()
	case <-time.After(startPatience):
		_ = cmd.Process.Kill() // it hangs
		return nil, &host.Error{Kind: host.KindInternal, Code: "mirra.server.start", Message: "the server did not come up within " + startPatience.String(), Hint: "its log is " + a.cfg.logFile()}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// version is this program's: of a release, or of the commit it was built from.
// A build of changed files goes by the file's time, so that a developer's new
// build replaces the server of the old one.
func version() string { return versionOnce() }

var versionOnce = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v != "" && v != "(devel)" && !strings.HasSuffix(v, "+dirty") {
		return v
	}
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	if exe, err := os.Executable(); err == nil {
		if f, err := os.Stat(exe); err == nil {
			v += "." + f.ModTime().UTC().Format("20060102T150405.000")
		}
	}
	return v
})

// removeStale deletes the state file of a server that is gone.
func (c *Config) removeStale() error {
	err := os.Remove(c.stateFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
