package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
)

// upFlags are up's own.
type upFlags struct {
	mirrors    []string
	persistent bool
	name       string
	fresh      bool
	seeds      []string
	seedFiles  []string
	seedValue  int64
	timeout    string
	forwards   []string
	limits     string
	clock      string
	frozen     bool
	strict     bool
	detach     bool
	explain    bool
	hosts      bool
	yes        bool
	direct     bool
	noEgress   bool
	hold       bool
	// partial leaves out what the project's files say of mirrors that are not started.
	partial bool

	seedValueGiven, persistentGiven bool
}

func (a *app) upCommand() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up [flags] [-- CMD ARG...]",
		Short: "Start mirrors of the project's vendors, or attach to those that run",
		Long: `Start mirrors of the vendors that the project uses, or attach to those that run.
In the foreground Ctrl-C ends them; with --detach or --json they live on until
mirra down, or an hour after their last request. With -- CMD the command runs
with its environment set, and its exit code is passed through.`,
		Example: "  mirra up\n  mirra up --mirrors stripe -- npm test\n  mirra up --detach --seed stripe:subscription-lifecycle",
		RunE: func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); len(args) > 0 && dash != 0 {
				return &usageError{text: fmt.Sprintf("up: what is %q?", args[0]), hint: "mirrors are named with --mirrors " + args[0] + "; a command to run stands behind --"}
			}
			f.seedValueGiven, f.persistentGiven = cmd.Flags().Changed("seed-value"), cmd.Flags().Changed("persistent")
			if err := f.check(a.flags.json, len(args) > 0); err != nil {
				return err
			}
			return a.up(cmd.Context(), &f, args)
		},
	}
	s := cmd.Flags()
	s.StringSliceVar(&f.mirrors, "mirrors", nil, "mirrors to start: stripe, stripe@2024-06, ./my.wasm; else those of mirra.yaml, else what the project uses")
	s.BoolVar(&f.persistent, "persistent", false, "keep the session over restarts (needs --name)")
	s.StringVar(&f.name, "name", "", "attach to the session of this name, or create it")
	s.BoolVar(&f.fresh, "new", false, "do not attach to the project's session")
	s.StringArrayVar(&f.seeds, "seed", nil, "load a fixture, mirror:fixture (repeatable)")
	s.StringArrayVar(&f.seedFiles, "seed-file", nil, "load a state document, mirror:file or a file for all (repeatable; beats --seed)")
	s.Int64Var(&f.seedValue, "seed-value", 0, "make ids and secrets repeatable")
	s.StringVar(&f.timeout, "timeout", "", "end the session so long after its last request, 60m by default")
	s.StringArrayVar(&f.forwards, "forward", nil, "send every webhook to a URL, mirror=URL (repeatable)")
	s.StringVar(&f.limits, "limits", "", "rate limits: vendor (default), test or off")
	s.StringVar(&f.clock, "clock", "", "session time at the start, 2026-01-31 or 2026-01-31T12:00:00Z")
	s.BoolVar(&f.frozen, "frozen", false, "start with a frozen clock")
	s.BoolVar(&f.strict, "strict", false, "refuse operations that are served generically")
	s.BoolVar(&f.direct, "no-proxy", false, "leave it to the command behind -- to call mirrors by their URLs")
	s.BoolVar(&f.noEgress, "no-egress", false, "refuse what the application sends to hosts that no mirror claims")
	s.BoolVar(&f.hosts, "hosts", false, "lead every program of this machine to the mirrors, by the hosts file and port 443, until the command ends")
	s.BoolVar(&f.yes, "yes", false, "do what --hosts asks first")
	s.BoolVar(&f.hold, "hold", false, "with --json, print the variables of mirra env too, and end the session soon after nobody follows its events with hold=true any more")
	s.BoolVarP(&f.detach, "detach", "d", false, "return at once; the session lives on")
	s.BoolVar(&f.explain, "explain", false, "print what decided which mirrors are started")
	return cmd
}

// check refuses flags that do not go together.
func (f *upFlags) check(json, command bool) error {
	switch {
	case f.hosts && !command && (f.detach || json):
		return &usageError{text: "up: --hosts lasts as long as the command, and does not go with --detach or --json", hint: "run it in a terminal of its own: mirra up --hosts"}
	case f.yes && !f.hosts:
		return &usageError{text: "up: --yes answers what --hosts asks, which is not there", hint: "usage: mirra up --hosts --yes"}
	case f.hold && !json:
		return &usageError{text: "up: --hold is for programs that read --json; without it the command holds the session itself", hint: "usage: mirra up --json --hold"}
	}
	return nil
}

func (a *app) up(ctx context.Context, f *upFlags, command []string) (err error) {
	// The server takes longer to start than the project to read.
	type connection struct {
		c   *httpapi.Client
		err error
	}
	connected := make(chan connection, 1)
	go func() {
		c, _, err := a.connect(ctx, true)
		connected <- connection{c, err}
	}()
	plan, err := a.plan(ctx, f)
	server := <-connected
	if err == nil {
		err = server.err
	}
	if err != nil {
		return err
	}
	if f.explain {
		for _, line := range plan.reasons {
			a.out.note("%s", line)
		}
	}
	background := len(command) == 0 && (f.detach || a.flags.json)
	plan.request.Hold = (!background || f.hold) && !plan.request.Persistent && f.timeout == ""
	plan.request.Observe = f.hold // test runners check what was created
	s, attached, err := a.attach(ctx, server.c, f, plan)
	if err != nil {
		return err
	}
	if f.hosts {
		stop, refused := a.takeHosts(ctx, server.c, s, f.yes)
		if refused != nil {
			if e := a.leave(server.c, s, attached); e != nil {
				return errors.Join(refused, e)
			}
			return refused
		}
		defer func() {
			if e := stop(); e != nil {
				err = errors.Join(err, e)
			}
		}()
	}
	if len(command) > 0 {
		return a.runCommand(ctx, server.c, s, plan, attached, f.direct, command)
	}
	if a.flags.json {
		d, err := a.dropIn(ctx, server.c, s.SessionID)
		if err != nil {
			return err
		}
		result := upResult(s, d)
		if f.hold {
			if result.Env, err = a.sessionEnv(ctx, s, d); err != nil {
				return err
			}
		}
		return a.out.object(result)
	}
	a.describe(s, plan, attached)
	info, err := server.c.Proxy(ctx, s.SessionID)
	if err != nil {
		return err
	}
	for _, line := range a.passing(info) {
		a.out.summary("")
		a.out.summary("  %s", line)
	}
	if background {
		a.hintRoute(ctx, s)
		return nil
	}
	return a.hold(ctx, server.c, s, attached)
}

// upJSON is what `up --json` prints.
type upJSON struct {
	SessionID    string     `json:"sessionId"`
	Name         string     `json:"name,omitempty"`
	Status       string     `json:"status"`
	CreatedAt    time.Time  `json:"createdAt"`
	ExpiresAt    *time.Time `json:"expiresAt"`
	Mirrors      []upMirror `json:"mirrors"`
	Proxy        upProxy    `json:"proxy"`
	DashboardURL *string    `json:"dashboardUrl"` // null: there is none yet
	// Env is what mirra env prints, the server's token included: of --hold alone, which is
	// for programs.
	Env map[string]string `json:"env,omitempty"`
}

type upMirror struct {
	Name    string            `json:"name"`
	Vendor  string            `json:"vendor"`
	URL     string            `json:"url"`
	URLs    map[string]string `json:"urls"`
	Version string            `json:"version"`
	Digest  string            `json:"digest"`
	Env     map[string]string `json:"env"`
}

type upProxy struct {
	Installed bool   `json:"installed"`
	URL       string `json:"url"` // for HTTPS_PROXY
	Port      int    `json:"port"`
	CAFile    string `json:"caFile"`
	// PassThrough are hosts that are passed on to the real vendor, as host.ProxyInfo has
	// them.
	PassThrough []string `json:"passThrough"`
}

func upResult(s *host.SessionInfo, d *dropIn) upJSON {
	out := upJSON{Proxy: upProxy{true, d.info.URL, d.port(), d.file("ca.pem"), d.info.PassThrough}, SessionID: s.SessionID, Name: s.Name, Status: s.Status, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt}
	for _, m := range s.Mirrors {
		out.Mirrors = append(out.Mirrors, upMirror{m.Name, m.Vendor, m.URL, m.URLs, m.Version, m.Digest, m.Env})
	}
	return out
}

// attach returns the session that up is for: the one of the name, the
// project's, or a new one.
func (a *app) attach(ctx context.Context, c host.Control, f *upFlags, p *plan) (s *host.SessionInfo, attached bool, err error) {
	if name := p.request.Name; name != "" && !f.fresh {
		if p.nothing != nil {
			s, err := c.Session(ctx, name)
			if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindNotFound {
				err = p.nothing
			}
			return s, true, err
		}
		s, created, err := c.PutSession(ctx, name, p.request)
		if err == nil && !created {
			err = p.covers(s)
		}
		return s, !created, err
	}
	if !f.fresh {
		s, err := a.projectSession(ctx, c)
		if err == nil && s != nil {
			err = p.covers(s)
		}
		if err != nil || s != nil {
			return s, true, err
		}
	}
	if p.nothing != nil {
		return nil, false, p.nothing
	}
	s, err = c.CreateSession(ctx, p.request)
	return s, false, err
}

// covers returns an error if the session that lives is not what is asked for.
func (p *plan) covers(s *host.SessionInfo) error {
	var differences []string
	for i, want := range p.request.Mirrors {
		have := s.Mirror(p.names[i])
		switch {
		case have == nil:
			differences = append(differences, "it has no "+p.names[i])
		case want.Digest != have.Digest:
			differences = append(differences, fmt.Sprintf("it has %s, not %s", have.Version, want.Ref))
		}
	}
	if p.asked == "" && differences == nil {
		return nil
	}
	if p.asked != "" {
		differences = append(differences, p.asked+" is for a new session")
	}
	return &host.Error{Kind: host.KindConflict, Code: "mirra.session.differs", Message: fmt.Sprintf("session %s lives already, and %s", title(s), strings.Join(differences, "; ")),
		Hint: "mirra up --new starts another one beside it; mirra down ends it"}
}

// describe prints what a session offers.
func (a *app) describe(s *host.SessionInfo, p *plan, attached bool) {
	if attached {
		a.out.summary("✓ attached to session %s of %s", title(s), s.Project)
	} else {
		a.out.summary("✓ session %s", title(s))
	}
	for _, m := range s.Mirrors {
		a.out.summary("")
		a.out.summary("  %s  %s", m.Version, m.URL)
		a.out.say("    or %s", m.PathURL)
		a.out.say("    fidelity last checked %s", a.lastChecked(m.Version))
		if !attached && p.why[m.Name] != "" {
			a.out.say("    %s", p.why[m.Name])
		}
		for _, id := range sortedKeys(m.URLs) {
			if u := m.URLs[id]; u != m.URL {
				a.out.say("    %s: %s", id, u)
			}
		}
		for _, name := range sortedKeys(m.Env) {
			if !isSecret(&m, name) {
				a.out.say("    %s=%s", name, m.Env[name])
			}
		}
		for _, secret := range m.Secrets {
			if secret.From == "derived" {
				a.out.say("    webhooks signed with %s=%s", secret.Env, m.Env[secret.Env])
			} else {
				a.out.say("    webhooks signed with %s", secret.From)
			}
		}
		for _, u := range m.Forward {
			a.out.say("    webhooks forwarded to %s", u)
		}
	}
	for _, line := range p.missing {
		a.out.say("")
		a.out.say("  %s", line)
	}
	if s.ExpiresAt != nil {
		a.out.say("")
		a.out.say("  ends %s after its last request, or with: mirra down", time.Until(*s.ExpiresAt).Round(time.Minute))
	}
}

func isSecret(m *host.MirrorInfo, variable string) bool {
	return slices.ContainsFunc(m.Secrets, func(s host.SecretInfo) bool { return s.Env == variable })
}

// hintRoute says how to reach the mirrors, until something does.
func (a *app) hintRoute(ctx context.Context, s *host.SessionInfo) {
	if s.Stats != nil && s.Stats.Requests > 0 || len(s.Mirrors) == 0 {
		return
	}
	m := &s.Mirrors[0]
	a.out.say("")
	a.out.say("Not routed yet. Point your application at %s, or start it with:", m.URL)
	a.out.say("  mirra exec -- CMD")
	a.out.say("Try it:")
	a.out.say("  %s", a.tryIt(ctx, m))
}

// hold keeps a session until the command is interrupted, and tells of the first
// request.
func (a *app) hold(ctx context.Context, c host.Control, s *host.SessionInfo, attached bool) error {
	a.hintRoute(ctx, s)
	if attached {
		a.out.say("\nCtrl-C leaves the session; mirra down ends it.")
	} else {
		a.out.say("\nCtrl-C ends the session.")
	}
	first := s.Stats == nil || s.Stats.Requests == 0
	ended := ""
	err := c.Events(ctx, s.SessionID, 0, true, func(e host.TraceEntry) bool {
		if first && e.Type == host.EventTraffic {
			first = false
			a.out.say("✓ first request: %s %s → %d", e.Method, printable(e.Path), e.Status)
		}
		if e.Type == host.EventLifecycle && (e.Action == "ended" || e.Action == "server_stopped") {
			ended = e.Action
		}
		return true
	})
	if ctx.Err() == nil {
		if err == nil && ended != "" {
			a.out.summary("→ the session ended elsewhere (%s)", strings.ReplaceAll(ended, "_", " "))
		}
		return err
	}
	return a.leave(c, s, attached)
}

// leave ends the session unless somebody else started it, and prints what it did
// since s was looked at.
func (a *app) leave(c host.Control, s *host.SessionInfo, attached bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	last, err := c.Session(ctx, s.SessionID)
	if e, ok := errors.AsType[*host.Error](err); ok && e.Kind == host.KindNotFound {
		return nil // it ended meanwhile
	}
	if err != nil {
		return err
	}
	a.tally(last.Stats.Since(s.Stats))
	if attached || s.Persistent {
		a.out.say("→ session %s lives on; end it with: mirra down", title(s))
		return nil
	}
	if err := c.EndSession(ctx, s.SessionID, false); err != nil {
		return err
	}
	a.out.say("✓ session %s ended", title(s))
	return nil
}

// tally prints what a session did, and what a user should know of it. It goes
// to the diagnostics: standard output may be the command's.
func (a *app) tally(t *host.Stats) {
	if t == nil || a.flags.json {
		return
	}
	w := func(format string, args ...any) { fmt.Fprintln(a.stderr, fmt.Sprintf(format, args...)) }
	w("%s, %s", plural(t.Requests, "request"), plural(t.Webhooks, "webhook attempt"))
	if t.RateLimited > 0 {
		w("%s rate limited (%s); --limits off lets them through", plural(t.RateLimited, "request")+verb(t.RateLimited), strings.Join(sortedKeys(t.LimitedBy), ", "))
	}
	if len(t.Generic) > 0 {
		w("%s used: %s", plural(len(t.Generic), "generic operation"), strings.Join(sortedKeys(t.Generic), ", "))
	}
	if len(t.NotMirrored) > 0 {
		w("not mirrored, answered 501: %s", strings.Join(sortedKeys(t.NotMirrored), ", "))
	}
	for _, text := range sortedKeys(t.Warnings) {
		w("%s (%s)", printable(text), plural(t.Warnings[text], "request"))
	}
}

func verb(n int) string {
	if n == 1 {
		return " was"
	}
	return " were"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// environ returns the variables that a session gives an application.
func (a *app) environ(s *host.SessionInfo, control, token string) map[string]string {
	env := map[string]string{"MIRRA_SESSION": s.SessionID, "MIRRA_URL": control, "MIRRA_TOKEN": token}
	if v := os.Getenv("MIRRA_HOME"); v != "" {
		env["MIRRA_HOME"] = v
	}
	for _, m := range s.Mirrors {
		env["MIRRA_"+strings.ToUpper(strings.ReplaceAll(m.Name, "-", "_"))+"_URL"] = m.URL
		for name, value := range m.Env {
			env[name] = value
		}
	}
	return env
}
