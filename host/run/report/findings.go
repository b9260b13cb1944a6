package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mirrahq/mirra/host"
)

// finding is what some rounds found alike about a criterion.
type finding struct {
	Rounds  []int // ascending
	Outcome host.Outcome
	// Found is the reason; Query, Source and Expected say how it was understood.
	Found, Query, Source, Expected string
	Model                          string
	Cached                         int // of Rounds, whose answer was known
	Traces                         []traced
}

// traced are entries of the trace of a round's session.
type traced struct {
	Round   int
	Session string
	Entries []uint64
}

// findings groups the evidence of a criterion by what it says: first what did not pass,
// which is what people look for, and each in the order of the first round that says it.
// What differs in entries of the trace alone is alike.
func findings(r *host.Run, c *host.RunCriterion) []finding {
	type key struct {
		outcome                                host.Outcome
		reason, query, source, expected, model string
	}
	evidence := slices.Clone(c.Evidence)
	slices.SortStableFunc(evidence, func(a, b host.RunEvidence) int { return a.Round - b.Round })
	var all []finding
	at := map[key]int{}
	for _, e := range evidence {
		k := key{e.Outcome, e.Reason, e.Query, e.Source, e.Expected, e.Model}
		i, there := at[k]
		if !there {
			i = len(all)
			at[k] = i
			all = append(all, finding{Outcome: e.Outcome, Found: e.Reason, Query: e.Query, Source: e.Source, Expected: e.Expected, Model: e.Model})
		}
		f := &all[i]
		f.Rounds = append(f.Rounds, e.Round)
		if e.Cached {
			f.Cached++
		}
		if len(e.Entries) > 0 && r.SessionKept { // else nobody can look at them
			f.Traces = append(f.Traces, traced{e.Round, sessionOf(r, e.Round), e.Entries})
		}
	}
	slices.SortStableFunc(all, func(a, b finding) int { return a.late() - b.late() })
	return all
}

// late is 1 for what passed, and 0 for what is to be seen first.
func (f *finding) late() int {
	if f.Outcome == host.Passed {
		return 1
	}
	return 0
}

// sessionOf is the session of a round.
func sessionOf(r *host.Run, round int) string {
	for i := range r.Rounds {
		if r.Rounds[i].Round == round {
			return r.Rounds[i].SessionID
		}
	}
	return r.SessionID
}

// text is where the entries are found: "#12, #14 (mirra logs --session=stripe-a7k2 --json)".
// That command prints an entry a line, with its number as seq.
func (t *traced) text() string {
	var parts []string
	for _, n := range t.Entries {
		parts = append(parts, fmt.Sprintf("#%d", n))
	}
	return fmt.Sprintf("%s (mirra logs --session=%s --json)", strings.Join(parts, ", "), line(t.Session))
}

// roundGroup is rounds that ended alike.
type roundGroup struct {
	Rounds  []int
	Verdict host.Verdict
	Reason  string
}

// badRounds groups the rounds that did not pass and say why.
func badRounds(r *host.Run) []roundGroup {
	var all []roundGroup
	for _, round := range r.Rounds {
		if round.Verdict == host.VerdictPass || round.Reason == "" {
			continue
		}
		i := slices.IndexFunc(all, func(g roundGroup) bool { return g.Verdict == round.Verdict && g.Reason == round.Reason })
		if i < 0 {
			i = len(all)
			all = append(all, roundGroup{Verdict: round.Verdict, Reason: round.Reason})
		}
		all[i].Rounds = append(all[i].Rounds, round.Round)
	}
	return all
}

// taskEnd is a command that ended alike in some rounds.
type taskEnd struct {
	What, Command, Exit string
	Rounds              []int
	DurationMS          int64  // of the first round
	Output              string // of the first round
}

// badTasks are drivers that failed, and applications of rounds that could not be judged:
// what they printed tells why.
func badTasks(r *host.Run) []taskEnd {
	var all []taskEnd
	add := func(what string, round int, t *host.RunTask) {
		i := slices.IndexFunc(all, func(e taskEnd) bool { return e.What == what && e.Command == t.Command && e.Exit == t.Exit })
		if i < 0 {
			i = len(all)
			all = append(all, taskEnd{What: what, Command: t.Command, Exit: t.Exit, DurationMS: t.DurationMS, Output: t.Output})
		}
		all[i].Rounds = append(all[i].Rounds, round)
	}
	for i := range r.Rounds {
		round := &r.Rounds[i]
		if d := round.Driver; d != nil && (d.Exit != "" || round.Verdict == host.VerdictTimeout) {
			add("driver", round.Round, d)
		}
		if a := round.Application; a != nil && (round.Verdict == host.VerdictError || round.Verdict == host.VerdictTimeout) {
			add("application", round.Round, a)
		}
	}
	return all
}

// ended says how a command ended: "driver `npm test`: exit status 1 after 1.2 s".
func (e *taskEnd) ended() string {
	return fmt.Sprintf("%s `%s`: %s", e.What, line(e.Command), exited(e.Exit, e.DurationMS))
}

func exited(exit string, ms int64) string {
	if exit == "" {
		exit = "success"
	}
	return line(exit) + " after " + took(ms)
}

// diffLine is a line of a unified diff: Kind is add, del, hunk, file or "".
type diffLine struct{ Kind, Text string }

// diffLines reads a diff of git's. Within a hunk "--- a" is a line "-- a" that was taken
// out; before one it names a file.
func diffLines(diff string) []diffLine {
	var all []diffLine
	hunk := false
	for l := range strings.Lines(clean(diff)) {
		l = strings.TrimSuffix(l, "\n")
		kind := ""
		switch {
		case strings.HasPrefix(l, "diff "):
			kind, hunk = "file", false
		case strings.HasPrefix(l, "@@"):
			kind, hunk = "hunk", true
		case !hunk:
			kind = "file"
		case strings.HasPrefix(l, "+"):
			kind = "add"
		case strings.HasPrefix(l, "-"):
			kind = "del"
		}
		all = append(all, diffLine{kind, l})
	}
	return all
}

// changed counts the lines of a diff that were added and taken out: "+3 −1 lines".
func changed(diff string) string {
	added, removed := 0, 0
	for _, l := range diffLines(diff) {
		switch l.Kind {
		case "add":
			added++
		case "del":
			removed++
		}
	}
	return fmt.Sprintf("+%d −%d lines", added, removed)
}
