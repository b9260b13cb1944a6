package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/mirrahq/mirra/host"
)

// hostile is text that formats would take for their own, or that would steer a terminal.
var hostile = []string{
	`</script><script>alert(1)</script>`, `]]><x a="b">&amp;&#0;`, `a | b \| c`, "``` ~~~ `code`", `[x](https://evil.example) ![i](//evil.example/i.png) <https://evil.example>`,
	`https://evil.example www.evil.example @everyone @acme/team #123 GH-123 acme/x#1 $\sqrt{2}$ mail@evil.example`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`,
	"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b]8;;http://evil.example\x1b\\link\x1b[2J\x1b", "\u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e\u061c", "\xff\xfe\xc3(\xed\xa0\x80", "\x00\x01\x07\x08\x7f\u0085\u009b2J\ufffe\uffff",
	"# heading\n- item\n\n---\n\n> quote\n| a | b |\n| --- | --- |", "one\r\ntwo\rthree\u2028four", strings.Repeat("long ", 2000), strings.Repeat("無", 10_000), "", "</details></summary></pre>-->", `{{.Style}}`, "*bold* _it_ ~~x~~ <!-- c", "𝟘👩‍👩‍👧 e\u0301",
}

// shaped is a run with every field set, whose texts are made by text. Two of it differ
// in their texts alone.
func shaped(verdict host.Verdict, criteria, rounds int, text func(n int) string) host.Run {
	n := 0
	next := func() string { n++; return text(n) }
	score, cost, seed := 0.5, 0.012, int64(7)
	r := host.Run{
		RunID: next(), Scenario: next(), File: next(), SessionID: next(), SessionKept: true, Runs: rounds, Status: "finished", Verdict: verdict, Reason: next(), Hint: next(),
		Gate: host.RunGate{FailBelow: 0.8}, SatisfactionScore: &score, Passed: 1, Evaluated: 2, Tags: []string{next()}, Warnings: []string{next(), next()},
		Judge:     &host.RunJudge{Model: next(), Calls: 3, Cached: 1, InputTokens: 1234, OutputTokens: 210, CostUSD: &cost},
		StartedAt: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC), DurationMS: 61_500, DashboardURL: next(), SeedValue: &seed,
		Mirrors: []host.RunMirror{{Name: next(), Version: next(), Digest: next()}},
	}
	outcomes := []host.Outcome{host.Failed, host.Passed, host.Errored, host.Skipped}
	for i := range criteria {
		c := host.RunCriterion{ID: fmt.Sprintf("c%d", i+1), Label: next(), Kind: "D", Line: i + 1, Untagged: next()}
		for k := range rounds {
			o := outcomes[(i+k)%len(outcomes)]
			switch o {
			case host.Failed:
				c.Failed++
			case host.Passed:
				c.Passed++
			case host.Errored:
				c.Errored++
			case host.Skipped:
				c.Skipped++
			}
			c.Total++
			c.Evidence = append(c.Evidence, host.RunEvidence{Round: k + 1, Model: next(), Cached: k%2 == 0, CheckResult: host.CheckResult{
				Outcome: o, Reason: next(), Query: next(), Source: next(), Expected: next(), Entries: []uint64{4, 7},
			}})
		}
		r.Criteria = append(r.Criteria, c)
	}
	for k := range rounds {
		r.Rounds = append(r.Rounds, host.RunRound{
			Round: k + 1, SessionID: next(), Verdict: verdict, Reason: next(), DurationMS: 1200, WorkDir: next(), Diff: "diff --git a/x b/x\n@@ -1 +1 @@\n-" + next() + "\n+" + next() + "\n",
			Driver:      &host.RunTask{Command: next(), Exit: "exit status 1", DurationMS: 1100, Output: next()},
			Application: &host.RunTask{Command: next(), Exit: "signal: killed", DurationMS: 1100, Output: next()},
		})
	}
	return r
}

// hostileRun has hostile texts, each of which stands in each field in turn.
func hostileRun(verdict host.Verdict, criteria, rounds, turn int) host.Run {
	return shaped(verdict, criteria, rounds, func(n int) string { return fmt.Sprintf("t%d ", n) + hostile[(n+turn)%len(hostile)] })
}

// harmlessRun is of the same shape.
func harmlessRun(verdict host.Verdict, criteria, rounds int) host.Run {
	return shaped(verdict, criteria, rounds, func(n int) string { return fmt.Sprintf("t%d word", n) })
}

// verdicts are all, and one that is not known.
var verdicts = []host.Verdict{host.VerdictPass, host.VerdictFail, host.VerdictUndecided, host.VerdictTimeout, host.VerdictError, "", "later"}

// bare are runs that lack what others have.
func bare() []host.Run {
	return []host.Run{
		{},
		{Scenario: "no criteria", Verdict: host.VerdictPass, Runs: 1, Rounds: []host.RunRound{{Round: 1, Verdict: host.VerdictPass}}},
		{Scenario: "nothing evaluated", Verdict: host.VerdictUndecided, Runs: 2, Criteria: []host.RunCriterion{{ID: "c1", Label: "x", Kind: "P", Skipped: 2, Total: 2, Evidence: []host.RunEvidence{{Round: 1, CheckResult: host.CheckResult{Outcome: host.Skipped}}}}}},
		{Scenario: "odd", Verdict: host.VerdictFail, Criteria: []host.RunCriterion{{Evidence: []host.RunEvidence{{Round: -3}, {Round: 1 << 40, CheckResult: host.CheckResult{Outcome: "later"}}}}}, Rounds: []host.RunRound{{Round: -1}, {Round: 1 << 40}}, DurationMS: -5},
	}
}
