package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mirrahq/mirra/host"
)

// escapes are what colours and moves the cursor on a terminal: CSI and OSC sequences,
// and those of two or three bytes (ECMA-48, 5.3 to 5.6). Control characters are the
// rest of those that are cut off.
var escapes = regexp.MustCompile("\x1b\\[[0-?]*[ -/]*[@-~]|\x1b\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\)|\x1b[ -/]*[0-Z\\\\^-~]")

// clean makes text from outside harmless and keeps its lines and tabs: escape sequences
// are taken out; control characters, what turns the direction of writing, and bytes that
// are no UTF-8 become U+FFFD.
func clean(s string) string {
	if strings.Contains(s, "\x1b") {
		s = escapes.ReplaceAllString(s, "")
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case r < ' ', r >= 0x7f && r < 0xa0, r == '\u061c', r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == 0xfeff, r == 0xfffe, r == 0xffff:
			return utf8.RuneError
		}
		return r
	}, s)
}

// line is clean text on one line. What is behind 64 KB of it no report shows.
func line(s string) string {
	return strings.Join(strings.Fields(clean(s[:min(len(s), 64<<10)])), " ")
}

// short cuts text behind most bytes, and says how much that is.
func short(s string, most int) string {
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + fmt.Sprintf("… (%s more characters)", thousands(int64(utf8.RuneCountInString(s[cut:]))))
}

// tail is the last lines of an output, most at most and of some bytes each, and how many
// were before them.
func tail(output string, most int) (lines []string, before int) {
	text := strings.TrimRight(clean(output), "\n\t ")
	if text == "" {
		return nil, 0
	}
	lines = strings.Split(text, "\n")
	before = max(len(lines)-most, 0)
	lines = slices.Clone(lines[before:])
	for i := range lines {
		lines[i] = short(strings.ReplaceAll(lines[i], "\t", "    "), 2000)
	}
	return lines, before
}

// signs of outcomes and verdicts.
const (
	signPassed  = "✓"
	signFailed  = "✗"
	signSkipped = "–"
	signOpen    = "?"
)

func signOf(o host.Outcome) string {
	switch o {
	case host.Passed:
		return signPassed
	case host.Failed:
		return signFailed
	case host.Skipped:
		return signSkipped
	}
	return signOpen
}

func verdictSign(v host.Verdict) string {
	switch v {
	case host.VerdictPass:
		return signPassed
	case host.VerdictFail, host.VerdictTimeout, host.VerdictError:
		return signFailed
	}
	return signOpen
}

// verdictWord names a verdict; a run that has none is not over.
func verdictWord(v host.Verdict) string {
	if v == "" {
		return "no verdict"
	}
	return line(string(v))
}

// outcomeOf is a criterion's outcome of all rounds: that of the worst.
func outcomeOf(c *host.RunCriterion) host.Outcome {
	switch {
	case c.Failed > 0:
		return host.Failed
	case c.Errored > 0:
		return host.Errored
	case c.Passed > 0:
		return host.Passed
	}
	return host.Skipped
}

// allPassed tells whether there is nothing to explain.
func allPassed(c *host.RunCriterion) bool { return c.Passed > 0 && c.Passed == c.Total }

// scoreLine is the last line about a run.
func scoreLine(r *host.Run) string {
	rounds := plural(len(r.Rounds), "run")
	if r.SatisfactionScore == nil || r.Evaluated == 0 {
		return "satisfaction score: none (0 criteria evaluated across " + rounds + ")"
	}
	return fmt.Sprintf("satisfaction score: %s (%d/%d criteria passed across %s)", percent(*r.SatisfactionScore), r.Passed, r.Evaluated, rounds)
}

// scoreWord is the score in a table.
func scoreWord(r *host.Run) string {
	if r.SatisfactionScore == nil || r.Evaluated == 0 {
		return "none"
	}
	return percent(*r.SatisfactionScore)
}

// percent is a share of 1 with a decimal where it has one. What is not all never reads as
// 100 %, and what is not nothing never as 0 %.
func percent(share float64) string {
	tenths := math.Round(share * 1000)
	if share > 0 && share < 1 {
		tenths = min(max(tenths, 1), 999)
	}
	return strconv.FormatFloat(tenths/10, 'f', -1, 64) + "%"
}

// gateLine says what score was needed, "" for the usual: all.
func gateLine(r *host.Run) string {
	if r.Gate.FailBelow >= 1 || r.Gate.FailBelow <= 0 {
		return ""
	}
	reached := "not reached"
	if r.Gate.Passed {
		reached = "reached"
	}
	return fmt.Sprintf("a score of %s is needed: %s", percent(r.Gate.FailBelow), reached)
}

// fewerRounds says that not all rounds were run, "" if they were.
func fewerRounds(r *host.Run) string {
	switch {
	case len(r.Rounds) >= r.Runs:
		return ""
	case len(r.Rounds) == 0:
		return "no run took place"
	}
	return fmt.Sprintf("%d of %s took place", len(r.Rounds), plural(r.Runs, "run"))
}

// judgeLine is what judging took: "claude: 3 calls (1 cached), 1,234 + 210 tokens, $0.01".
func judgeLine(j *host.RunJudge) string {
	cached := ""
	if j.Cached > 0 {
		cached = fmt.Sprintf(" (%d cached)", j.Cached)
	}
	cost := "its price is not known"
	if j.CostUSD != nil {
		cost = dollars(*j.CostUSD)
	}
	return fmt.Sprintf("%s: %s%s, %s + %s tokens, %s", line(j.Model), plural(j.Calls, "call"), cached, thousands(j.InputTokens), thousands(j.OutputTokens), cost)
}

func dollars(usd float64) string {
	switch {
	case usd > 0 && usd < 0.0001:
		return "less than $0.0001"
	case usd > 0 && usd < 0.01:
		return fmt.Sprintf("$%.4f", usd)
	}
	return fmt.Sprintf("$%.2f", usd)
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// took is a duration for people.
func took(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", ms)
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", math.Floor(d.Seconds()*10)/10)
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return thousands(int64(n)) + " " + what + "s"
}

// roundsText names rounds, which ascend: "rounds 1, 3–5".
func roundsText(rounds []int) string {
	var parts []string
	for i := 0; i < len(rounds); {
		j := i
		for j+1 < len(rounds) && rounds[j+1] == rounds[j]+1 {
			j++
		}
		switch j - i {
		case 0:
			parts = append(parts, strconv.Itoa(rounds[i]))
		case 1:
			parts = append(parts, strconv.Itoa(rounds[i]), strconv.Itoa(rounds[j]))
		default:
			parts = append(parts, fmt.Sprintf("%d–%d", rounds[i], rounds[j]))
		}
		i = j + 1
	}
	if len(rounds) == 1 {
		return "round " + parts[0]
	}
	return "rounds " + strings.Join(parts, ", ")
}

// counts says of how many runs there are of each verdict: "3 scenarios: 1 pass, 2 fail".
func counts(runs []host.Run) string {
	parts := []string{}
	for i := len(worst) - 1; i >= 0; i-- {
		n := 0
		for j := range runs {
			if rank(runs[j].Verdict) == i {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, worst[i]))
		}
	}
	if len(parts) == 0 {
		return "no scenario was run"
	}
	return plural(len(runs), "scenario") + ": " + strings.Join(parts, ", ")
}

// titleOf is what a run is called.
func titleOf(r *host.Run) string {
	for _, s := range []string{r.Scenario, r.File, r.RunID} {
		if s = line(s); s != "" {
			return s
		}
	}
	return "a scenario without a title"
}
