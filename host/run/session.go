package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario"
)

// Mirrors are those of a scenario: what it names, else those that its criteria, seeds and
// fault rules are about.
func Mirrors(s *scenario.Scenario) []scenario.Mirror {
	if len(s.Config.Mirrors) > 0 {
		return s.Config.Mirrors
	}
	var out []scenario.Mirror
	known := map[string]bool{"": true}
	add := func(name string) {
		if !known[name] {
			known[name] = true
			out = append(out, scenario.Mirror{Name: name})
		}
	}
	for _, seed := range s.Seeds {
		add(seed.Mirror)
	}
	for _, f := range s.Faults {
		add(f.Mirror)
	}
	for _, c := range s.Criteria {
		if c.Query != nil {
			add(c.Query.Mirror)
		}
		if c.Block != nil {
			add(c.Block.Mirror)
		}
	}
	return out
}

// Refs are the mirrors of a scenario as sessions ask for them, of the newest line unless
// one is named.
func Refs(s *scenario.Scenario) []string {
	var out []string
	for _, m := range Mirrors(s) {
		ref := m.Name
		if m.Line != "" {
			ref += "@" + m.Line
		}
		out = append(out, ref)
	}
	return out
}

// NewSession asks for the session of a scenario's rounds.
func NewSession(s *scenario.Scenario) (*host.NewSession, error) {
	out := &host.NewSession{Ports: true}
	for _, ref := range Refs(s) {
		out.Mirrors = append(out.Mirrors, host.MirrorRequest{Ref: ref})
	}
	if len(out.Mirrors) == 0 {
		return nil, &host.Error{Kind: host.KindUnprocessed, Code: "mirra.run.no_mirrors", Message: s.File + ": which mirrors? None is named, and no criterion is about one", Hint: "say below ## Config: - mirrors: stripe"}
	}
	Settle(s, out)
	return out, nil
}

// Settle makes of a request for a session what a scenario wants: its clock, its seeds on top
// of those that are there, and changes noted from the start.
func Settle(s *scenario.Scenario, r *host.NewSession) {
	r.Observe, r.Name, r.Persistent = true, "", s.Config.Persistent
	r.NoEgress = s.Config.Agent == "" // an agent calls its model
	if r.Persistent {
		r.Name = "scenario-" + strings.TrimPrefix(NewID(), "run_") // it needs one
	}
	if !s.Config.Clock.IsZero() {
		at := s.Config.Clock.UTC()
		r.Clock = &at
	}
	r.Seeds = maps.Clone(r.Seeds)
	if r.Seeds == nil {
		r.Seeds = map[string]host.Seed{}
	}
	own := map[string]bool{}
	for _, f := range s.Config.Fixtures {
		seed := r.Seeds[f.Mirror]
		if !own[f.Mirror] {
			seed, own[f.Mirror] = host.Seed{}, true
		}
		seed.Fixtures = append(seed.Fixtures, f.Name)
		r.Seeds[f.Mirror] = seed
	}
	for _, d := range s.Seeds {
		seed := r.Seeds[d.Mirror]
		seed.State = json.RawMessage(d.Document)
		r.Seeds[d.Mirror] = seed
	}
}

// In says in which session a run is.
func In(out *host.Run, info *host.SessionInfo) {
	out.SessionID, out.SeedValue, out.Mirrors = info.SessionID, info.SeedValue, []host.RunMirror{}
	for _, m := range info.Mirrors {
		out.Mirrors = append(out.Mirrors, host.RunMirror{Name: m.Name, Version: m.Version, Digest: m.Digest})
	}
}

// AddFaults makes go wrong what a scenario wants to go wrong, and returns the rules' ids.
// It adds all or none, and says what is wrong with each that cannot be added.
func AddFaults(ctx context.Context, c host.FaultRules, id string, s *scenario.Scenario) (rules []string, err error) {
	var faults []string
	hint := ""
	for _, f := range s.Faults {
		rule := f.Rule
		rule.Mirror = f.Mirror
		added, err := c.AddFault(ctx, id, &rule)
		if err == nil {
			rules = append(rules, added.ID)
			continue
		}
		e := host.AsError(err)
		if e.Kind != host.KindInvalid && e.Kind != host.KindUnprocessed {
			return rules, errors.Join(err, RemoveFaults(ctx, c, id, rules))
		}
		hint = cmp.Or(hint, e.Hint)
		faults = append(faults, fmt.Sprintf("%s:%d:%d: %v", s.File, f.At.Line, f.At.Column, err))
	}
	if faults == nil {
		return rules, nil
	}
	wrong := &host.Error{Kind: host.KindUnprocessed, Code: "mirra.scenario.fault_rule", Message: strings.Join(faults, "; "), Hint: hint}
	return nil, errors.Join(wrong, RemoveFaults(ctx, c, id, rules))
}

// RemoveFaults takes rules away. One that is not there any more is fine.
func RemoveFaults(ctx context.Context, c host.FaultRules, id string, rules []string) error {
	for _, rule := range rules {
		if err := c.ClearFaults(ctx, id, rule); err != nil && host.AsError(err).Kind != host.KindNotFound {
			return err
		}
	}
	return nil
}

// Finish judges a run of one round that others drove, in the session that it is in. Late
// says that its time is over; rules are the fault rules that AddFaults made for it.
func (e *Engine) Finish(ctx context.Context, s *scenario.Scenario, begun *host.Run, after uint64, application string, rules []string, late bool) *host.Run {
	out := *begun
	p := &played{round: host.RunRound{Round: 1, SessionID: begun.SessionID}, evidence: make([]host.RunEvidence, len(s.Criteria))}
	session, err := e.Control.Session(ctx, begun.SessionID)
	if err == nil {
		p.session = session
		p.warnings = warnings(session.Stats)
		if late {
			p.round.Verdict, p.round.Reason = host.VerdictTimeout, fmt.Sprintf("it was not finished within %s", Limit(s))
		}
		err = e.decide(ctx, &Round{s, 1, session}, watched(application), after, p, func() error { return RemoveFaults(ctx, e.Control, begun.SessionID, rules) }, func() {})
	}
	if err != nil {
		p.fail(ctx, err)
	}
	p.round.DurationMS = time.Since(begun.StartedAt).Milliseconds()
	p.addTo(&out)
	finish(&out, e.FailBelow, false)
	return &out
}

// watched is the stage of a round that others drive: the address of their application.
type watched string

func (watched) Drive(context.Context) (*host.RunTask, error) { return nil, nil }
func (w watched) Application() string                        { return string(w) }
func (watched) Sources() fs.FS                               { return nil }
func (watched) Close(*host.RunRound)                         {}

func (watched) Shell(context.Context, string) ([]byte, string, error) {
	return nil, "", fmt.Errorf("the server starts no process: mirra run runs sh blocks")
}
