package run

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mirrahq/mirra/host"
	"github.com/mirrahq/mirra/host/scenario"
)

// A run passes only if all rounds took place, no driver failed, the score is high enough
// and nothing was skipped or errored; whatever the outcomes are.
func TestNeverPassesByMistake(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...host.Outcome) host.Outcome { return all[random.IntN(len(all))] }
	verdicts := map[host.Verdict]int{}
	for range 20000 {
		s := &scenario.Scenario{Criteria: make([]scenario.Criterion, 1+random.IntN(3))}
		for i := range s.Criteria {
			s.Criteria[i].ID = "c" + string(rune('1'+i))
		}
		rounds := 1 + random.IntN(4)
		out := Begin(s, rounds)
		from := [][]host.Outcome{{host.Passed}, {host.Passed, host.Passed, host.Passed, host.Failed}, {host.Passed, host.Skipped}, {host.Passed, host.Failed, host.Skipped, host.Errored, ""}}[random.IntN(4)]
		passed, evaluated, open, driver := 0, 0, false, false
		for n := range rounds {
			p := &played{round: host.RunRound{Round: n + 1, Verdict: host.VerdictPass}, evidence: make([]host.RunEvidence, len(s.Criteria))}
			for i := range p.evidence {
				o := pick(from...)
				p.evidence[i].Outcome = o
				switch o {
				case host.Passed:
					passed, evaluated = passed+1, evaluated+1
				case host.Failed:
					evaluated++
				default:
					open = true
				}
			}
			if random.IntN(20) == 0 {
				driver = true
				p.round.Verdict, p.round.Driver = host.VerdictFail, &host.RunTask{Exit: "exit status 1"}
			}
			p.sum(s)
			p.addTo(out)
		}
		gate := []float64{0, 0.5, 0.8, 1}[random.IntN(4)]
		finish(out, gate, false)
		may := !open && !driver && evaluated > 0 && float64(passed)/float64(evaluated) >= gate
		if (out.Verdict == host.VerdictPass) != may {
			t.Fatalf("verdict %s (%s) of %d of %d, gate %v, undecided %v, driver failed %v", out.Verdict, out.Reason, passed, evaluated, gate, open, driver)
		}
		if out.Verdict != host.VerdictPass && out.Reason == "" {
			t.Fatalf("verdict %s has no reason", out.Verdict)
		}
		verdicts[out.Verdict]++
	}
	for _, v := range []host.Verdict{host.VerdictPass, host.VerdictFail, host.VerdictUndecided} {
		if verdicts[v] < 500 {
			t.Errorf("%d runs end as %s: too few to tell", verdicts[v], v)
		}
	}
}

// What counts most is the verdict.
func TestVerdictOrder(t *testing.T) {
	t.Parallel()
	s := &scenario.Scenario{Criteria: []scenario.Criterion{{ID: "c1"}}}
	order := []host.Verdict{host.VerdictError, host.VerdictTimeout}
	for i, worst := range order {
		out := Begin(s, 2)
		for _, v := range slices.Backward(order[i:]) {
			p := &played{round: host.RunRound{Verdict: v, Reason: "why " + string(v)}, evidence: []host.RunEvidence{{CheckResult: host.CheckResult{Outcome: host.Passed}}}}
			p.addTo(out)
		}
		finish(out, 0, false)
		if out.Verdict != worst || !strings.Contains(out.Reason, "why "+string(worst)) {
			t.Errorf("%s (%s), want %s", out.Verdict, out.Reason, worst)
		}
	}
	// Rounds that never took place are no success.
	out := Begin(s, 2)
	(&played{round: host.RunRound{Verdict: host.VerdictPass}, evidence: []host.RunEvidence{{CheckResult: host.CheckResult{Outcome: host.Passed}}}}).addTo(out)
	if finish(out, 1, true); out.Verdict != host.VerdictError || out.Reason != interrupted {
		t.Errorf("%s (%s) of half the rounds", out.Verdict, out.Reason)
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64]string{1: "100%", 0.9999: "99.9%", 999.0 / 1000: "99.9%", 0.8: "80%", 0.29: "29%", 2.0 / 3: "66.6%", 0: "0%"} {
		if got := percent(share); got != want {
			t.Errorf("%v is %s, want %s", share, got, want)
		}
	}
}
