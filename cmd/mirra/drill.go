package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/drill"
	"github.com/mirrahq/mirra/host/driver"
)

// Exit codes of drills and runs.
const (
	exitTimeout   = 2
	exitNoMirror  = 3
	exitUndecided = 5
)

// drills are by the part of their name behind the mirror's.
var drills = map[string]struct {
	mirror string // that it is of alone, "" for all
	run    func(ctx context.Context, s *drill.Subject, mirror string) (*drill.Report, error)
}{
	"signature": {"", drill.Signature},
	"backoff":   {"", drill.Backoff},
	"bounce":    {"resend", drill.Bounce},
}

func drillNames() []string {
	var names []string
	for _, kind := range sortedKeys(drills) {
		names = append(names, cmp.Or(drills[kind].mirror, "MIRROR")+"."+kind)
	}
	return names
}

// checkRoute tells whether a drill may send to what a user names: a drill never leaves
// this machine.
func checkRoute(text string) error {
	u, err := url.Parse(text)
	if err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(text, "/") {
		return nil
	}
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		if ip, e := netip.ParseAddr(u.Hostname()); u.Hostname() == "localhost" || e == nil && ip.IsLoopback() {
			return nil
		}
	}
	return &usageError{text: fmt.Sprintf("--url %q: want a path such as /webhooks/stripe, or a URL of this machine", text), hint: "the application is started by the drill; its path is enough"}
}

type drillFlags struct {
	urls    []string
	mirrors []string
	timeout string
}

func (a *app) drillCommand() *cobra.Command {
	var f drillFlags
	cmd := &cobra.Command{
		Use:   "drill MIRROR.DRILL [flags] -- CMD [ARG...]",
		Short: "Find out whether an application deals rightly with its vendors, without a scenario",
		Long: `Find out whether an application deals rightly with its vendors, without a scenario:
starts it with a session of its own, waits until it listens, finds its webhook route,
causes what the vendor would cause, and prints a verdict with what it rests on. The
application needs to know nothing of it.

  stripe.signature, twilio.signature, resend.signature   are webhooks refused that the
                                                         vendor did not sign?
  twilio.backoff, resend.backoff, stripe.backoff         do retries back off from a
                                                         vendor that refuses?
  resend.bounce                                          is nobody mailed again whose
                                                         mail came back?

Exit codes: 0 pass, 1 fail, 2 it did not listen in time, 3 no mirror, 5 undecided, 64 usage.`,
		Example: "  mirra drill stripe.signature -- npm start\n  mirra drill stripe.signature --url /hooks/payments -- go run .",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 || cmd.ArgsLenAtDash() != 1 {
				return &usageError{text: "drill: want the drill's name, and behind -- the command that starts the application", hint: "usage: mirra drill stripe.signature -- npm start"}
			}
			mirror, kind, _ := strings.Cut(args[0], ".")
			if d := drills[kind]; d.run == nil || mirror == "" || d.mirror != "" && d.mirror != mirror {
				return &usageError{text: fmt.Sprintf("there is no drill %q", args[0]), hint: "there are: " + strings.Join(drillNames(), ", ")}
			}
			for _, u := range f.urls {
				if err := checkRoute(u); err != nil {
					return err
				}
			}
			return a.drill(cmd.Context(), &f, mirror, kind, args[1:])
		},
		ValidArgs: []string{"stripe.signature", "twilio.signature", "resend.signature", "twilio.backoff", "resend.backoff", "stripe.backoff", "resend.bounce"},
	}
	cmd.Flags().StringArrayVar(&f.urls, "url", nil, "the route to try, /webhooks/stripe or a whole URL (repeatable); else it is looked for")
	cmd.Flags().StringSliceVar(&f.mirrors, "mirrors", nil, "mirrors of the session, as of mirra up; the drill's is always there")
	cmd.Flags().StringVar(&f.timeout, "timeout", "60s", "how long it may take, the application's start included")
	cmd.Flags().Lookup("timeout").Annotations = map[string][]string{notASetting: {}}
	return cmd
}

// stopWithin is how long the application may take to end.
const stopWithin = 3 * time.Second

// drillResult is what --json prints.
type drillResult struct {
	*drill.Report
	SessionID  string `json:"sessionId"`
	DurationMS int64  `json:"durationMs"`
}

func (a *app) drill(ctx context.Context, f *drillFlags, mirror, kind string, command []string) (err error) {
	started := time.Now()
	limit, err := host.ParseDuration(f.timeout)
	if err != nil || limit <= 0 {
		return &usageError{text: fmt.Sprintf("--timeout %q: want a duration such as 60s", f.timeout)}
	}
	c, _, err := a.connect(ctx, true)
	if err != nil {
		return err
	}
	s, err := a.drillSession(ctx, c, f, mirror)
	if err != nil {
		report(err, a.stderr)
		return &exitError{exitNoMirror}
	}
	letGo := a.holdSession(ctx, c, s)
	defer func() {
		letGo()
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		if e := c.EndSession(ending, s.SessionID, false); err == nil && e != nil && host.AsError(e).Kind != host.KindNotFound {
			err = e
		}
	}()
	a.out.say("→ session %s: %s", s.SessionID, strings.Join(versionsOf(s), ", "))
	ctx, cancel := context.WithTimeout(ctx, time.Duration(limit))
	defer cancel()
	own := &drillApp{a: a, c: c, s: s, command: command}
	subject := &drill.Subject{Control: c, Session: s, Start: func() (drill.App, error) { return own.start(ctx) }, Sources: os.DirFS(a.cfg.WorkingDir), URLs: f.urls,
		Say: func(format string, args ...any) { a.out.say("→ "+format, args...) }}
	found, err := drills[kind].run(ctx, subject, mirror)
	if err != nil {
		if _, told := errors.AsType[*exitError](err); told {
			return err
		}
		own.printed()
		if errors.Is(err, context.DeadlineExceeded) {
			a.out.note("the drill took longer than %s: %v", f.timeout, err)
			return &exitError{exitTimeout}
		}
		if _, wrong := errors.AsType[*usageError](err); wrong || errors.Is(err, context.Canceled) {
			return err
		}
		report(err, a.stderr)
		return &exitError{exitUndecided} // not a word against the application
	}
	if a.flags.json {
		if err := a.out.object(drillResult{found, s.SessionID, time.Since(started).Milliseconds()}); err != nil {
			return err
		}
	} else {
		a.showDrill(found)
	}
	switch found.Verdict {
	case drill.Fail:
		return &exitError{exitFailed}
	case drill.Undecided:
		own.printed()
		return &exitError{exitUndecided}
	}
	return nil
}

// drillSession starts the session of a drill: the project's mirrors, and the drill's.
func (a *app) drillSession(ctx context.Context, c host.Control, f *drillFlags, mirror string) (*host.SessionInfo, error) {
	up := &upFlags{mirrors: f.mirrors, limits: "off", noEgress: true}
	p, err := a.plan(ctx, up)
	if err != nil || !slices.ContainsFunc(p.names, func(name string) bool { return name == mirror }) {
		if err != nil && len(f.mirrors) > 0 {
			return nil, err
		}
		up.mirrors = append(f.mirrors, mirror)
		if p != nil {
			up.mirrors = append(p.names, mirror)
		}
		if p, err = a.plan(ctx, up); err != nil {
			return nil, err
		}
	}
	p.request.Hold = true
	return c.CreateSession(ctx, p.request)
}

// drillApp is the application, which a drill may start several times.
type drillApp struct {
	a       *app
	c       host.Control
	s       *host.SessionInfo
	command []string
	vars    map[string]string // of the session
	port    int
	*driver.Process
}

// start starts it in the session's environment, on a port of its own.
func (d *drillApp) start(ctx context.Context) (drill.App, error) {
	if d.vars == nil {
		in, err := d.a.dropIn(ctx, d.c, d.s.SessionID)
		if err != nil {
			return nil, err
		}
		if d.vars, err = d.a.sessionEnv(ctx, d.s, in); err != nil {
			return nil, err
		}
	}
	var err error
	if d.port, err = driver.FreePort(); err != nil {
		return nil, err
	}
	env := os.Environ()
	for _, name := range sortedKeys(d.vars) {
		env = append(env, name+"="+d.vars[name])
	}
	env = append(env, "PORT="+strconv.Itoa(d.port))
	p, err := driver.Start(driver.Command{Args: d.command, Dir: d.a.cfg.WorkingDir, Env: env})
	if err != nil {
		return nil, &usageError{text: err.Error(), hint: "what stands behind -- is a program and its arguments; for shell syntax: -- sh -c '...'"}
	}
	first := d.Process == nil
	d.Process = p
	if first {
		d.a.out.say("→ started %s", strings.Join(d.command, " "))
	}
	return d, nil
}

// Listen implements drill.App.
func (d *drillApp) Listen(ctx context.Context) (string, error) {
	base, err := d.WaitHTTP(ctx, d.port)
	switch {
	case errors.Is(err, driver.ErrEnded):
		return "", nil
	case err != nil && ctx.Err() != nil && !errors.Is(ctx.Err(), context.Canceled):
		report(&host.Error{Kind: host.KindInvalid, Code: "mirra.drill.silent", Message: err.Error(), Hint: "it is to listen on the port that PORT names, or on any of its own; --timeout gives it longer"}, d.a.stderr)
		d.printed()
		return "", &exitError{exitTimeout}
	}
	return base, err
}

// Stop implements drill.App.
func (d *drillApp) Stop() { d.Process.Stop(stopWithin) }

// printed shows the last lines that the application printed, and how it ended.
func (d *drillApp) printed() {
	if d.Process == nil {
		return
	}
	const most = 20
	lines := strings.Split(strings.TrimRight(d.Tail(), "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		d.a.out.note("the application printed nothing")
		return
	}
	d.a.out.note("the application printed last:")
	for _, line := range lines[max(len(lines)-most, 0):] {
		fmt.Fprintln(d.a.stderr, "  "+printable(line))
	}
}

func (a *app) showDrill(r *drill.Report) {
	sign := map[string]string{drill.Pass: "✓", drill.Fail: "✗", drill.Undecided: "→"}[r.Verdict]
	for _, route := range r.Routes {
		a.out.say("")
		a.out.say("POST %s", printable(route.URL))
		for _, p := range route.Probes {
			mark, answer := "✓", strconv.Itoa(p.Status)
			if !p.OK {
				mark = "✗"
			}
			if p.Status == 0 {
				answer = "no answer: " + p.Outcome
			}
			a.out.say("  %s %-32s %s %s", mark, p.What, printable(p.Event), answer)
		}
	}
	for _, p := range r.Phases {
		mark := map[string]string{drill.Pass: "✓", drill.Fail: "✗"}[p.Verdict]
		if mark == "" {
			mark = "→"
		}
		var gaps []string
		for _, ms := range p.GapsMS {
			gaps = append(gaps, fmt.Sprintf("%.2f s", float64(ms)/1000))
		}
		waits := ""
		if len(gaps) > 0 {
			waits = ", waits " + strings.Join(gaps, ", ")
		}
		a.out.say("  %s %s: %s%s: %s", mark, p.What, plural(p.Calls, "call"), waits, p.Reason)
	}
	for _, m := range r.Mails {
		what, mark := "delivered", "✓"
		if m.Bounced {
			what = "bounced"
		}
		if m.Bounced == (m.After > 0) {
			mark = "✗"
		}
		a.out.say("  %s %s, %s: %s before, %s after", mark, m.To, what, plural(m.Before, "mail"), plural(m.After, "mail"))
	}
	a.out.say("")
	a.out.summary("%s %s: %s: %s", sign, r.Drill, r.Verdict, printable(r.Reason))
	if r.Advice != "" {
		a.out.summary("  what to change: %s", printable(r.Advice))
	}
}

// versionsOf are the mirrors of a session, stripe@2026-08.1.
func versionsOf(s *host.SessionInfo) []string {
	var out []string
	for _, m := range s.Mirrors {
		out = append(out, m.Version)
	}
	return out
}
