package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/httpapi"
	"github.com/mirrahq/mirra/host/run"
	"github.com/mirrahq/mirra/host/scenario"
)

// runner runs the scenarios of one command.
type runner struct {
	a     *app
	f     *runFlags
	c     *httpapi.Client
	given *host.SessionInfo // of --session; nil makes sessions
	slots chan struct{}

	mu    sync.Mutex
	envs  map[string]map[string]string // of sessions, by id
	plans map[string]*plan             // by mirrors
}

// newRunner connects, and finds out before anything runs what would keep all from it.
func (a *app) newRunner(ctx context.Context, f *runFlags, scenarios []*scenario.Scenario) (*runner, error) {
	r := &runner{a: a, f: f, slots: make(chan struct{}, f.parallel), envs: map[string]map[string]string{}, plans: map[string]*plan{}}
	var faults []error
	bad := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	for _, s := range scenarios {
		if s.Config.Agent != "" {
			agent, err := a.findAgent(s.Config.Agent)
			if err == nil {
				_, err = a.agentProgram(agent)
			}
			bad(err)
		}
		bad(r.findJudge(s))
	}
	if f.ci {
		bad(a.needLock())
	}
	if a.cfg.Session != "" && f.parallel > 1 {
		bad(&usageError{text: "--parallel and --session: runs in one session go one after another"})
	}
	if faults != nil {
		return nil, together(faults)
	}
	var err error
	if r.c, _, err = a.connect(ctx, true); err != nil {
		report(err, a.stderr)
		return nil, &exitError{exitNoMirror}
	}
	if a.cfg.Session == "" {
		return r, nil
	}
	if r.given, err = r.c.Session(ctx, a.cfg.Session); err != nil {
		if host.AsError(err).Kind == host.KindNotFound {
			return nil, &usageError{text: err.Error(), hint: hint(err)}
		}
		return nil, err
	}
	for _, s := range scenarios {
		faults = append(faults, r.suits(s)...)
	}
	if faults != nil {
		return nil, together(faults)
	}
	return r, nil
}

// suits tells whether a scenario can be run in the session that is given.
func (r *runner) suits(s *scenario.Scenario) (faults []error) {
	const tip = "run it in a session of its own, without --session"
	for _, m := range run.Mirrors(s) {
		own := r.given.Mirror(m.Name)
		switch {
		case own == nil:
			faults = append(faults, &usageError{text: fmt.Sprintf("%s needs %s, which session %s does not have", s.File, m.Name, title(r.given)), hint: tip})
		case m.Line != "" && !strings.HasPrefix(own.Version, m.Name+"@"+m.Line+"."):
			faults = append(faults, &usageError{text: fmt.Sprintf("%s needs %s@%s, and session %s has %s", s.File, m.Name, m.Line, title(r.given), own.Version), hint: tip})
		}
	}
	return faults
}

// unheeded names what a scenario wants of a session that the given one was not made with.
func (r *runner) unheeded(s *scenario.Scenario) []string {
	c := &s.Config
	var out []string
	for what, wanted := range map[string]bool{"seeds": len(s.Seeds) > 0, "fixture": len(c.Fixtures) > 0, "fixture-file": c.FixtureFile != "", "clock": !c.Clock.IsZero()} {
		if r.given != nil && wanted {
			out = append(out, what)
		}
	}
	slices.Sort(out)
	return out
}

// needLock refuses to run what no lock pins.
func (a *app) needLock() error {
	in := a.cfg.installer()
	if _, err := os.Stat(in.LockPath); err != nil {
		return &usageError{text: "--ci needs mirra.lock, so that CI runs the mirrors that were tried", hint: "mirra plugin install NAME@LINE writes it; commit it"}
	}
	return nil
}

// one runs one scenario and keeps the run in the server's history.
func (r *runner) one(ctx context.Context, s *scenario.Scenario) *host.Run {
	a := r.a
	if r.f.explain && !a.flags.json {
		a.printChecked(s, nil, true)
	} else if !r.f.ci && ctx.Err() == nil {
		a.out.say("→ %s: %s", printable(s.File), printable(s.Title))
	}
	engine := &run.Engine{Control: r.c, Open: r.open, Shared: r.given != nil, Stage: r.stage, FailBelow: r.f.failBelow, Slots: r.slots, Require: r.f.judge == "require"}
	judge, missing := r.judgeOf(s)
	engine.Missing = missing
	if judge != nil {
		engine.Judge = judge
	}
	rounds := max(s.Config.Runs, 1)
	if !r.f.ci && rounds > 1 {
		engine.Done = func(n *run.Round, result host.RunRound) {
			sign := map[host.Verdict]string{host.VerdictPass: "✓", host.VerdictFail: "✗"}[result.Verdict]
			a.out.say("  %s run %d: %s, %.1f s", cmp.Or(sign, "→"), n.Number, result.Verdict, float64(result.DurationMS)/1000)
		}
	}
	out := engine.Run(ctx, s, rounds)
	out.SessionKept = r.given != nil || s.Config.Persistent
	if what := r.unheeded(s); what != nil {
		out.Warnings = append(out.Warnings, fmt.Sprintf("session %s is as it was made: what the scenario says of %s does not count in it", title(r.given), strings.Join(what, ", ")))
	}
	if judge != nil {
		if usage := judge.usage(); usage.Calls > 0 {
			out.Judge = &usage
		}
	}
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordPatience)
	defer cancel()
	if err := r.c.RecordRun(recording, out); err != nil {
		a.out.note("the run is not in the history: %v", err)
	}
	return out
}

// open starts the session of some rounds.
func (r *runner) open(ctx context.Context, s *scenario.Scenario) (*host.SessionInfo, func(), error) {
	if r.given != nil {
		return r.given, func() {}, nil
	}
	request, err := r.request(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	info, err := r.c.CreateSession(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	letGo := func() {}
	if request.Hold {
		letGo = r.a.holdSession(ctx, r.c, info)
	}
	return info, func() {
		letGo()
		if s.Config.Persistent {
			r.a.out.note("session %s is kept: mirra down --session %s ends it", title(info), info.SessionID)
			return
		}
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		if err := r.c.EndSession(ending, info.SessionID, true); err != nil && host.AsError(err).Kind != host.KindNotFound {
			r.a.out.note("end session %s: %v", info.SessionID, err)
		}
		r.mu.Lock()
		delete(r.envs, info.SessionID)
		r.mu.Unlock()
	}, nil
}

// request asks for the session of a scenario: with the project's settings and builds.
func (r *runner) request(ctx context.Context, s *scenario.Scenario) (*host.NewSession, error) {
	p, err := r.planOf(ctx, s)
	if err != nil {
		return nil, err
	}
	n := *p.request
	n.Hold, n.TimeoutSeconds = !s.Config.Persistent, nil
	n.Project = "" // mirra status shows the project's own session
	if s.Config.FixtureFile != "" {
		n.Seeds = maps.Clone(n.Seeds)
		if err := r.a.seedFromFile(n.Seeds, r.a.besideScenario(s, s.Config.FixtureFile), p.manifests); err != nil {
			return nil, err
		}
	}
	run.Settle(s, &n)
	return &n, nil
}

// planOf works out which builds a scenario runs with, once for all that want the same.
func (r *runner) planOf(ctx context.Context, s *scenario.Scenario) (*plan, error) {
	refs := run.Refs(s)
	slices.Sort(refs)
	key := strings.Join(refs, ",")
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.plans[key]; p != nil {
		return p, nil
	}
	p, err := r.a.plan(ctx, &upFlags{mirrors: refs, partial: true})
	if err == nil {
		err = p.nothing
	}
	if err != nil {
		return nil, err
	}
	r.plans[key] = p
	return p, nil
}

// environ is what an application's environment needs of a session, made once.
func (r *runner) environ(ctx context.Context, s *host.SessionInfo) (map[string]string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if env := r.envs[s.SessionID]; env != nil {
		return env, nil
	}
	d, err := r.a.dropIn(ctx, r.c, s.SessionID)
	if err != nil {
		return nil, err
	}
	env, err := r.a.sessionEnv(ctx, s, d)
	if err != nil {
		return nil, err
	}
	r.envs[s.SessionID] = env
	return env, nil
}
