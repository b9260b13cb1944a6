package run

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/drill"
	"github.com/mirrahq/mirra/host/scenario"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// probe sends the application sound and forged webhooks, and decides whether it verifies
// signatures. What it cannot be sure of is errored: an application that refuses sound ones
// too may refuse the forged ones for any reason.
func (e *Engine) probe(ctx context.Context, r *Round, stage Stage, q *criteria.Query, after, through uint64) host.CheckResult {
	ex := q.Explain()
	out := host.CheckResult{Outcome: host.Errored, Query: ex.Query, Source: string(ex.Source), Expected: ex.Expected}
	mirrors := []string{q.Mirror}
	if q.Mirror == "" {
		mirrors = nil
		for _, m := range r.Session.Mirrors {
			mirrors = append(mirrors, m.Name)
		}
	}
	var reasons []string
	for _, mirror := range mirrors {
		urls, events, err := e.targets(ctx, r.Session.SessionID, mirror, after, through)
		if err == nil && len(urls) == 0 && len(mirrors) > 1 {
			continue // the application has nothing to do with its webhooks
		}
		var report *drill.Report
		if err == nil {
			report, err = e.signature(ctx, r, stage, mirror, urls, append(q.Names[:len(q.Names):len(q.Names)], events...))
		}
		if err != nil {
			out.Reason = fmt.Sprintf("%s: %v", mirror, err)
			return out
		}
		sound := false
		for _, route := range report.Routes {
			for i, p := range route.Probes {
				sound = sound || i == 0 && p.OK
				out.Entries = append(out.Entries, p.Attempt)
			}
		}
		switch {
		case report.Verdict == drill.Pass:
			reasons = append(reasons, report.Reason)
			continue
		case report.Verdict == drill.Fail && sound:
			out.Outcome = host.Failed
		}
		out.Reason = report.Reason
		if report.Advice != "" {
			out.Reason += "; what to change: " + report.Advice
		}
		return out
	}
	if len(reasons) == 0 {
		out.Reason = "no webhook of " + strings.Join(mirrors, " or ") + " was answered in this round: name the mirror, as in \"the stripe webhook signature was verified\""
		return out
	}
	out.Outcome, out.Reason = host.Passed, strings.Join(reasons, "; ")
	return out
}

func (e *Engine) signature(ctx context.Context, r *Round, stage Stage, mirror string, urls, events []string) (*drill.Report, error) {
	probe := r.Scenario.Config.Probe
	base := stage.Application()
	switch {
	case probe != "" && probe != scenario.ProbeEffects:
		urls = []string{probe}
	case len(urls) > 0:
	case base == "":
		return nil, fmt.Errorf("no webhook was answered in this round, and nobody said where the application listens: say start: COMMAND below ## Config, or probe: URL")
	}
	if base == "" && len(urls) > 0 {
		u, err := url.Parse(urls[0])
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("probe: %q is a path, and nobody said where the application listens: say start: COMMAND below ## Config", urls[0])
		}
		base = u.Scheme + "://" + u.Host
	}
	return drill.Signature(ctx, &drill.Subject{
		Control: e.Control, Session: r.Session, Sources: stage.Sources(), URLs: urls, Events: events, Effects: probe == scenario.ProbeEffects,
		Start: func() (drill.App, error) { return drill.Running(base), nil },
	}, mirror)
}
