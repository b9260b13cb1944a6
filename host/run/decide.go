package run

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario"
	"github.com/mirrahq/mirra/host/scenario/criteria"
)

// decide decides the criteria of a round that was driven. First looks at the application,
// which may wait for what it still does; then what the session did is sealed and checked;
// probes, which do things themselves, come behind, without the scenario's fault rules; and the judge, who takes longest, when
// the application has ended.
func (e *Engine) decide(ctx context.Context, r *Round, stage Stage, after uint64, p *played, sealed func() error, end func()) error {
	s := r.Scenario
	grade := func(i int, result host.CheckResult) {
		p.evidence[i].Round, p.evidence[i].CheckResult = r.Number, result
		if e.Graded != nil {
			e.Graded(r, &s.Criteria[i], p.evidence[i])
		}
	}
	var checks []host.Check
	var checked, looked, probed, judged []int
	looks := map[int]host.CheckResult{}
	for i := range s.Criteria {
		c := &s.Criteria[i]
		switch {
		case c.Kind == scenario.Probabilistic:
			judged = append(judged, i)
		case c.Query != nil && c.Query.Subject == criteria.Signatures:
			probed = append(probed, i)
		case c.Block != nil && (c.Block.Language == "http" || c.Block.Language == "sh"):
			looks[i], looked = look(ctx, stage, c), append(looked, i)
		default:
			checks, checked = append(checks, checkOf(c)), append(checked, i)
		}
	}
	report, err := e.Control.Check(ctx, r.Session.SessionID, &host.CheckRequest{Checks: checks, After: after, Undriven: s.Config.Driver == scenario.NoDriver})
	if err != nil {
		return err
	}
	if err := sealed(); err != nil {
		return err
	}
	for n, i := range checked {
		grade(i, report.Results[n])
	}
	for _, i := range looked {
		result := looks[i]
		if report.Untouched != "" {
			result.Outcome, result.Reason = host.Errored, report.Untouched+" (what was seen: "+result.Reason+")"
		}
		grade(i, result)
	}
	var c *Case
	if doubt := cmp.Or(report.Untouched, report.Lost); doubt != "" && len(judged) > 0 && e.Judge != nil {
		// A model would be asked about what did not happen, or is not there to be read.
		for _, i := range judged {
			grade(i, understood(&s.Criteria[i], host.Errored, doubt))
		}
		judged = nil
	} else if len(judged) > 0 && e.Judge != nil {
		if c, err = e.caseOf(ctx, r, after, report.Through); err != nil {
			return err
		}
	}
	for _, i := range probed {
		grade(i, e.probe(ctx, r, stage, s.Criteria[i].Query, after, report.Through))
	}
	end() // what is judged must not change meanwhile
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.round.Verdict == "" {
		p.round.Verdict = host.VerdictPass
	}
	if c != nil {
		c.Diff = p.round.Diff
		if p.round.Driver != nil {
			c.Output = p.round.Driver.Output
		}
	}
	e.judge(ctx, s, judged, c, p, grade)
	p.sum(s)
	return nil
}

// checkOf translates a criterion for the server.
func checkOf(c *scenario.Criterion) host.Check {
	switch {
	case c.Block == nil:
		return host.Check{Criterion: c.Text}
	case c.Block.Language == "expr":
		return host.Check{Expr: c.Block.Text}
	}
	return host.Check{SQL: c.Block.Text, Mirror: c.Block.Mirror}
}

// sum makes a verdict of a round's outcomes.
func (p *played) sum(s *scenario.Scenario) {
	if p.round.Verdict != host.VerdictPass {
		return
	}
	var failed, open []string
	for i, ev := range p.evidence {
		switch ev.Outcome {
		case host.Failed:
			failed = append(failed, s.Criteria[i].ID)
		case host.Skipped, host.Errored:
			open = append(open, s.Criteria[i].ID)
		}
	}
	switch {
	case failed != nil:
		p.round.Verdict, p.round.Reason = host.VerdictFail, strings.Join(failed, ", ")+" failed"
	case open != nil:
		p.round.Verdict, p.round.Reason = host.VerdictUndecided, strings.Join(open, ", ")+" could not be decided"
	}
}

// caseOf collects what a judge reads, before anything is probed.
func (e *Engine) caseOf(ctx context.Context, r *Round, after, through uint64) (*Case, error) {
	c := &Case{Scenario: r.Scenario, State: map[string]host.State{}}
	id := r.Session.SessionID
	for _, m := range r.Session.Mirrors {
		for _, secret := range m.Secrets {
			if text := m.Env[secret.Env]; text != "" {
				c.Secrets = append(c.Secrets, text)
			}
		}
		state, err := e.Control.State(ctx, id, m.Name, "")
		if err != nil {
			return nil, err
		}
		c.State[m.Name] = state
	}
	for cursor := strconv.FormatUint(after, 10); ; {
		page, err := e.Control.Trace(ctx, id, host.TraceQuery{Cursor: cursor, Bodies: true})
		if err != nil {
			return nil, err
		}
		for _, entry := range page.Entries {
			if entry.Seq <= through {
				c.Trace = append(c.Trace, entry)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return c, nil
		}
	}
}

// judge has the judge decide, several criteria at a time.
func (e *Engine) judge(ctx context.Context, s *scenario.Scenario, judged []int, c *Case, p *played, grade func(int, host.CheckResult)) {
	if e.Judge == nil {
		outcome := host.Skipped
		if e.Require {
			outcome = host.Errored
		}
		for _, i := range judged {
			grade(i, understood(&s.Criteria[i], outcome, "no model judges: "+e.Missing))
		}
		return
	}
	answers := make([]Judgement, len(judged))
	faults := make([]error, len(judged))
	var wait sync.WaitGroup
	for n, i := range judged {
		wait.Go(func() {
			own := *c
			own.Text = s.Criteria[i].Text
			answers[n], faults[n] = e.Judge.Decide(ctx, &own)
		})
	}
	wait.Wait()
	for n, i := range judged {
		p.evidence[i].Model, p.evidence[i].Cached = answers[n].Model, answers[n].Cached
		if faults[n] != nil {
			grade(i, understood(&s.Criteria[i], host.Errored, faults[n].Error()))
			continue
		}
		grade(i, understood(&s.Criteria[i], answers[n].Outcome, answers[n].Explanation))
	}
}

// understood is a result with how the criterion was understood.
func understood(c *scenario.Criterion, outcome host.Outcome, reason string) host.CheckResult {
	e := c.Explain()
	return host.CheckResult{Outcome: outcome, Reason: reason, Query: e.Query, Source: string(e.Source), Expected: e.Expected}
}

// targets are where the webhooks of a mirror went that were answered with 2xx, and of
// which events.
func (e *Engine) targets(ctx context.Context, id, mirror string, after, through uint64) (urls, events []string, err error) {
	for cursor := strconv.FormatUint(after, 10); ; {
		page, err := e.Control.Trace(ctx, id, host.TraceQuery{Types: []string{host.EventWebhook}, Mirror: mirror, Cursor: cursor})
		if err != nil {
			return nil, nil, err
		}
		for _, w := range page.Entries {
			if w.Seq > through || w.Status < 200 || w.Status > 299 {
				continue
			}
			if !slices.Contains(urls, w.Path) {
				urls = append(urls, w.Path)
			}
			if !slices.Contains(events, w.Event) {
				events = append(events, w.Event)
			}
		}
		if cursor = page.NextCursor; cursor == "" {
			return urls, events, nil
		}
	}
}
