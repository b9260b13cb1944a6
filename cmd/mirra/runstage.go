package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/driver"
	"github.com/mirrahq/mirra/host/run"
	"github.com/mirrahq/mirra/host/scenario"
	"github.com/mirrahq/mirra/host/workdir"
)

// stage is the application of a round, and what drives it. It implements run.Stage.
type stage struct {
	r    *runner
	n    *run.Round
	dir  string
	vars map[string]string // beside those of this process
	copy *workdir.Copy     // nil in place
	own  string            // folder of files that live as long as the round; "" for none

	port     int
	base     string
	answered string // by what "ready" names, when it was last asked
	app      *driver.Process
	started  time.Time
}

// stage prepares a round: the work tree, the environment and the application.
func (r *runner) stage(ctx context.Context, n *run.Round) (run.Stage, error) {
	vars, err := r.environ(ctx, n.Session)
	if err != nil {
		return nil, err
	}
	s := &stage{r: r, n: n, dir: r.a.cfg.WorkingDir, vars: maps.Clone(vars)}
	c := &n.Scenario.Config
	if c.WorkDir == "copy" || c.WorkDir == "" && c.Agent != "" {
		if s.copy, err = workdir.New(ctx, s.dir, r.a.workTrees()); err != nil {
			return nil, &run.Fault{Verdict: host.VerdictError, Reason: "copy the work tree: " + err.Error(), Hint: "workdir: in-place below ## Config runs it where it is"}
		}
		s.dir = s.copy.Dir
	}
	if exe, err := os.Executable(); err == nil {
		// Drivers steer their session with the program that runs them.
		s.vars["PATH"] = filepath.Dir(exe) + string(os.PathListSeparator) + os.Getenv("PATH")
	}
	if err := s.startApplication(ctx); err != nil {
		return s, err
	}
	return s, s.forward(ctx)
}

// forward sends webhooks to where the application of this round listens.
func (s *stage) forward(ctx context.Context) error {
	urls := map[string][]string{}
	for _, f := range s.n.Scenario.Config.Forwards {
		target := s.fill(f.URL)
		if strings.HasPrefix(target, "/") {
			target = s.base + target // a scenario that has a path says where it is
		}
		urls[f.Mirror] = append(urls[f.Mirror], target)
	}
	for _, mirror := range sortedKeys(urls) {
		if err := s.r.c.ForwardWebhooks(ctx, s.n.Session.SessionID, mirror, urls[mirror]); err != nil {
			return err
		}
	}
	return nil
}

// startApplication starts what "start" says, on a port of its own, and waits until it is
// ready.
func (s *stage) startApplication(ctx context.Context) (err error) {
	c := &s.n.Scenario.Config
	if s.port, err = driver.FreePort(); err != nil {
		return err
	}
	s.base = baseOf(s.fill(c.Ready))
	if c.Start == "" {
		return nil
	}
	s.vars["PORT"] = strconv.Itoa(s.port)
	command := s.fill(c.Start)
	s.started = time.Now()
	s.app, err = driver.Start(driver.Command{Args: shell(command), Dir: s.dir, Env: s.environ()})
	if err != nil {
		return &run.Fault{Verdict: host.VerdictError, Reason: "start the application: " + err.Error()}
	}
	if c.Ready == "" {
		s.base, err = s.app.WaitHTTP(ctx, s.port)
	} else {
		err = s.waitReady(ctx, s.fill(c.Ready))
	}
	if err == nil {
		s.vars["MIRRA_APPLICATION_URL"] = s.base
		return nil
	}
	lastLines := ""
	if s.answered != "" && !errors.Is(err, driver.ErrEnded) {
		lastLines = ": " + s.answered
	}
	if text := strings.TrimSpace(s.app.Tail()); text != "" {
		lastLines += "; it printed last: " + printable(lastLine(text))
	}
	switch {
	case errors.Is(err, driver.ErrEnded):
		return &run.Fault{Verdict: host.VerdictError, Reason: "the application: " + err.Error() + lastLines, Hint: "start: is run by the shell in " + s.dir}
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return &run.Fault{Verdict: host.VerdictTimeout, Reason: fmt.Sprintf("the application was not ready within %s%s", run.Limit(s.n.Scenario), lastLines),
			Hint: "it is to listen on the port that PORT and {port} name, or any of its own; ready: names what answers with 2xx, timeout: gives it longer"}
	}
	return err
}

func lastLine(text string) string { return text[strings.LastIndexByte(text, '\n')+1:] }

// baseOf is where the application listens by the URL that "ready" names; a path says
// nothing of it.
func baseOf(ready string) string {
	u, err := url.Parse(ready)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

const readyEvery = 50 * time.Millisecond

// readying asks past no proxy and no redirect.
var readying = &http.Client{
	Timeout:       2 * time.Second,
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// waitReady waits until what "ready" names answers with 2xx. A path is asked for at the
// port that the application was given, and at those that it chose itself.
func (s *stage) waitReady(ctx context.Context, ready string) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		bases := []string{s.base}
		path := ""
		if strings.HasPrefix(ready, "/") {
			bases, path = nil, ready
			for _, addr := range s.app.Listening(s.port) {
				bases = append(bases, "http://"+addr.String())
			}
		}
		for _, base := range bases {
			target := ready
			if path != "" {
				target = base + path
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
			if err != nil {
				return &run.Fault{Verdict: host.VerdictError, Reason: fmt.Sprintf("ready: %v", err)}
			}
			resp, err := readying.Do(req)
			if err != nil {
				if ctx.Err() == nil {
					s.answered = err.Error()
				}
				continue
			}
			resp.Body.Close()
			if resp.StatusCode/100 == 2 {
				s.base = base
				return nil
			}
			s.answered = fmt.Sprintf("%s answers %d", target, resp.StatusCode)
		}
		select {
		case <-tick.C:
		case <-s.app.Done():
			return fmt.Errorf("%w: %s", driver.ErrEnded, cmp.Or(s.app.Exit(), "exit status 0"))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// shell is how a command line is run.
func shell(command string) []string {
	if runtime.GOOS == "windows" {
		return []string{"cmd", "/C", command}
	}
	return []string{"sh", "-c", command}
}

// fill puts what differs from round to round into a command.
func (s *stage) fill(command string) string {
	return strings.NewReplacer("{port}", strconv.Itoa(s.port), "{url}", s.base).Replace(command)
}

func (s *stage) environ(more ...string) []string {
	env := workdir.Env(os.Environ()) // a git hook's GIT_DIR is not the copy's
	for _, name := range sortedKeys(s.vars) {
		env = append(env, name+"="+s.vars[name])
	}
	return append(env, more...)
}

// Application implements run.Stage.
func (s *stage) Application() string { return s.base }

// Sources implements run.Stage.
func (s *stage) Sources() fs.FS { return os.DirFS(s.dir) }

// Drive implements run.Stage.
func (s *stage) Drive(ctx context.Context) (*host.RunTask, error) {
	c := &s.n.Scenario.Config
	command := driver.Command{Dir: s.dir}
	shown := c.Driver
	switch {
	case c.Driver == scenario.NoDriver:
		return nil, nil
	case c.Agent != "":
		agent, err := s.agent(c.Agent)
		if err != nil {
			return nil, &run.Fault{Verdict: host.VerdictError, Reason: err.Error(), Hint: hint(err)}
		}
		defer agent.cleanup()
		var own []string
		for _, name := range sortedKeys(agent.Env) {
			own = append(own, name+"="+agent.Env[name])
		}
		command.Args, command.Env, shown = agent.Args, s.environ(own...), c.Agent
		if agent.Stdin != "" {
			command.Input = strings.NewReader(agent.Stdin)
		}
	default:
		command.Args, command.Env = shell(s.fill(c.Driver)), s.environ()
	}
	deadline, _ := ctx.Deadline()
	result, err := driver.Run(ctx, command, time.Until(deadline))
	switch {
	case result == nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case result == nil:
		return nil, &run.Fault{Verdict: host.VerdictError, Reason: "the driver: " + err.Error()}
	case errors.Is(err, context.DeadlineExceeded):
		result.Exit, result.TimedOut, err = host.ExitTimeout, true, nil // a way to end
	}
	return &host.RunTask{Command: shown, Exit: result.Exit, DurationMS: result.Duration.Milliseconds(), Output: strings.ToValidUTF8(result.Output, "�"), Stopped: result.TimedOut || err != nil}, err
}

// agent prepares the agent that drives the round.
func (s *stage) agent(name string) (_ *agentRun, err error) {
	if s.own, err = os.MkdirTemp("", "mirra-run-"); err != nil {
		return nil, err
	}
	return s.r.a.agentCommand(name, agentInput{Prompt: s.n.Scenario.Prompt, Dir: s.dir, Env: s.vars, Session: s.n.Session.SessionID, Folder: s.own})
}

// Shell implements run.Stage.
func (s *stage) Shell(ctx context.Context, command string) ([]byte, string, error) {
	const most = 1 << 20
	out := &limited{most: most}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(time.Minute)
	}
	result, err := driver.Run(ctx, driver.Command{Args: shell(s.fill(command)), Dir: s.dir, Env: s.environ(), Stdout: out}, time.Until(deadline))
	if result == nil {
		return nil, "", err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return out.Bytes(), host.ExitTimeout, nil
	}
	return out.Bytes(), result.Exit, err
}

// limited keeps the beginning of what is written to it.
type limited struct {
	bytes.Buffer
	most int
}

func (l *limited) Write(b []byte) (int, error) {
	if room := l.most - l.Len(); room > 0 {
		l.Buffer.Write(b[:min(len(b), room)])
	}
	return len(b), nil
}

var _ io.Writer = (*limited)(nil)

// closeWithin is how long git may take to tell what changed, and to take the copy away.
const closeWithin = time.Minute

// Close implements run.Stage.
func (s *stage) Close(r *host.RunRound) {
	if s.app != nil {
		stopped := true
		select {
		case <-s.app.Done():
			stopped = false
		default:
		}
		s.app.Stop(stopWithin) // what it started may go on without it
		r.Application = &host.RunTask{Command: s.n.Scenario.Config.Start, Exit: s.app.Exit(), DurationMS: time.Since(s.started).Milliseconds(), Output: strings.ToValidUTF8(s.app.Tail(), "�"), Stopped: stopped}
	}
	if s.copy != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		diff, err := s.copy.Diff(ctx)
		if err != nil {
			s.r.a.out.note("what changed in the work tree: %v", err)
		}
		r.Diff = diff
		if diff != "" {
			path := filepath.Join(s.r.a.workTrees(), fmt.Sprintf("%s-%d.diff", s.n.Session.SessionID, s.n.Number))
			if err := s.copy.Keep(ctx, path); err != nil {
				s.r.a.out.note("keep what changed in the work tree: %v", err)
			} else {
				r.WorkDir = path
			}
		}
		if err := s.copy.Remove(ctx); err != nil {
			s.r.a.out.note("take the copy of the work tree away: %v", err)
		}
	}
	if s.own != "" {
		_ = os.RemoveAll(s.own) // the system's temporary folder is emptied some day
	}
}

// workTrees is where copies of work trees are, and what was changed in them.
func (a *app) workTrees() string { return filepath.Join(a.cfg.Dirs.State, "runs") }

// besideScenario is a path that a scenario names.
func (a *app) besideScenario(s *scenario.Scenario, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(a.inWorkingDir(s.File)), path)
}
