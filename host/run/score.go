package run

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario"
)

// Begin is a run that nothing has happened in yet.
func Begin(s *scenario.Scenario, rounds int) *host.Run {
	out := &host.Run{
		RunID: NewID(), Scenario: s.Title, File: s.File, Runs: rounds, Status: "running", Tags: s.Config.Tags,
		Criteria: []host.RunCriterion{}, Rounds: []host.RunRound{}, Mirrors: []host.RunMirror{}, StartedAt: time.Now().UTC(),
	}
	for _, c := range s.Criteria {
		out.Criteria = append(out.Criteria, host.RunCriterion{ID: c.ID, Label: c.Text, Kind: string(c.Kind), Line: c.At.Line, Untagged: c.Untagged, Evidence: []host.RunEvidence{}})
	}
	return out
}

// addTo adds a round that is over.
func (p *played) addTo(out *host.Run) {
	out.Rounds = append(out.Rounds, p.round)
	out.Hint = cmp.Or(out.Hint, p.hint)
	if p.fault != nil {
		out.Hint = cmp.Or(out.Hint, p.fault.Hint)
		out.Unprovisioned = out.Unprovisioned || p.fault.Provision
	}
	for _, w := range p.warnings {
		if !slices.Contains(out.Warnings, w) {
			out.Warnings = append(out.Warnings, w)
		}
	}
	if p.session != nil {
		In(out, p.session)
	}
	for i, ev := range p.evidence {
		c := &out.Criteria[i]
		c.Evidence = append(c.Evidence, ev)
		c.Total++
		switch ev.Outcome {
		case host.Passed:
			c.Passed++
		case host.Failed:
			c.Failed++
		case host.Skipped:
			c.Skipped++
		default:
			c.Errored++
		}
	}
}

// finish gives a run its score and its verdict: an error of any round before a time-out,
// that before a failure, that before what could not be decided. A criterion that was
// skipped or errored in a round never lets a run pass.
func finish(out *host.Run, failBelow float64, ended bool) {
	out.Status, out.DurationMS = "finished", time.Since(out.StartedAt).Milliseconds()
	var open, failed []string
	for _, c := range out.Criteria {
		out.Passed += c.Passed
		out.Evaluated += c.Passed + c.Failed
		if c.Skipped+c.Errored > 0 {
			open = append(open, c.ID)
		}
		if c.Failed > 0 {
			failed = append(failed, c.ID)
		}
	}
	if out.Evaluated > 0 {
		score := float64(out.Passed) / float64(out.Evaluated)
		out.SatisfactionScore = &score
	}
	out.Gate = host.RunGate{FailBelow: failBelow, Passed: out.SatisfactionScore != nil && *out.SatisfactionScore >= failBelow}
	of := func(v host.Verdict) (reasons []string) {
		for _, r := range out.Rounds {
			if r.Verdict == v && !slices.Contains(reasons, r.Reason) {
				reasons = append(reasons, r.Reason)
			}
		}
		return reasons
	}
	// A driver that fails is no criterion: no score outweighs it.
	var driver []string
	for _, r := range out.Rounds {
		if r.Driver != nil && r.Driver.Exit != "" && r.Driver.Exit != host.ExitTimeout {
			if text := "the driver ended with " + r.Driver.Exit; !slices.Contains(driver, text) {
				driver = append(driver, text)
			}
		}
	}
	switch wrong, late := of(host.VerdictError), of(host.VerdictTimeout); {
	case ended && len(out.Rounds) < out.Runs, slices.Contains(wrong, interrupted):
		out.Verdict, out.Reason = host.VerdictError, interrupted
	case len(wrong) > 0:
		out.Verdict, out.Reason = host.VerdictError, strings.Join(wrong, "; ")
	case len(late) > 0:
		out.Verdict, out.Reason = host.VerdictTimeout, strings.Join(late, "; ")
	case driver != nil:
		out.Verdict, out.Reason = host.VerdictFail, strings.Join(driver, "; ")
	case out.SatisfactionScore != nil && !out.Gate.Passed:
		out.Verdict = host.VerdictFail
		out.Reason = strings.Join(failed, ", ") + " failed"
		if failBelow < 1 {
			out.Reason += fmt.Sprintf("; %s of %s needed", percent(*out.SatisfactionScore), percent(failBelow))
		}
	case open != nil || out.Evaluated == 0:
		out.Verdict, out.Reason = host.VerdictUndecided, strings.Join(open, ", ")+" could not be decided"
	default:
		out.Verdict = host.VerdictPass
	}
	for _, r := range out.Rounds {
		text := crash(r.Application)
		switch {
		case text == "" || strings.Contains(out.Reason, text):
		case out.Verdict == host.VerdictFail || out.Verdict == host.VerdictUndecided:
			out.Reason = text + "; " + out.Reason // which is often why
		case out.Verdict == host.VerdictPass && r.Application.Exit != "" && !slices.Contains(out.Warnings, text):
			out.Warnings = append(out.Warnings, text)
		}
	}
}

// crash says that an application ended while it was needed, "" if it did not.
func crash(a *host.RunTask) string {
	if a == nil || a.Stopped {
		return ""
	}
	return "the application ended before its run did: " + cmp.Or(a.Exit, "exit status 0")
}

// percent is a share of 1 with one decimal at most, cut: what is not all never reads as
// 100 %.
func percent(share float64) string {
	return strconv.FormatFloat(math.Floor(share*1000+1e-9)/10, 'f', -1, 64) + "%"
}
