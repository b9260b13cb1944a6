package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"

	"github.com/mirrahq/mirra/host"
)

// Options say how Text writes.
type Options struct {
	Colour bool
	Quiet  bool // only each scenario's verdict and score, and the count of several
	Width  int  // columns of the terminal; 0 is 80, and less than 40 is 40
}

// What a terminal shows of one thing; JSON and HTML have it all.
const (
	labelLines  = 3    // of a criterion's text
	outputLines = 20   // of what a command printed
	reasonBytes = 1200 // of what was found and expected
	mostTraces  = 3    // rounds whose entries are named
	mostTrees   = 10   // rounds whose work trees are named
)

// Text writes runs for people: of each the verdict and why, its criteria, what was found
// of those that did not pass, and as the last line its score.
func Text(w io.Writer, runs []host.Run, o Options) error {
	if o.Width == 0 {
		o.Width = 80
	}
	b := bufio.NewWriter(w)
	t := &text{b, o, max(o.Width, 40)}
	for i := range runs {
		if i > 0 && !o.Quiet {
			t.say("")
		}
		t.run(&runs[i])
	}
	if len(runs) != 1 {
		t.closing(runs)
	}
	return b.Flush()
}

type text struct {
	w     *bufio.Writer
	o     Options
	width int
}

// colours of signs, as SGR parameters; undecided is yellow, as warnings are.
var colours = map[string]string{signPassed: "32", signFailed: "31", signSkipped: "2", signOpen: "33"}

func (t *text) sign(s string) string {
	if !t.o.Colour {
		return s
	}
	return "\x1b[" + colours[s] + "m" + s + "\x1b[0m"
}

func (t *text) say(s string) { fmt.Fprintln(t.w, strings.TrimRight(s, " ")) }

// hang writes text behind a lead, further lines below where it began.
func (t *text) hang(lead, s string) {
	indent := columns(lead)
	for i, l := range wrap(s, t.width-indent) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		t.say(lead + l)
	}
}

func (t *text) run(r *host.Run) {
	head := titleOf(r)
	if file := line(r.File); file != "" && file != head {
		head += " (" + file + ")"
	}
	head += ": " + verdictWord(r.Verdict)
	if r.Reason != "" {
		head += ": " + line(r.Reason)
	}
	for i, l := range wrap(short(head, 4000), t.width-2) {
		if i == 0 {
			t.say(t.sign(verdictSign(r.Verdict)) + " " + l)
		} else {
			t.say("  " + l)
		}
	}
	if !t.o.Quiet {
		if hint := line(r.Hint); hint != "" {
			t.hang("  hint: ", hint)
		}
		t.about(r)
		t.criteria(r)
		t.tasks(r)
		t.kept(r)
		if r.Judge != nil {
			t.say("")
			t.hang("  ", "judge "+judgeLine(r.Judge))
		}
		t.say("")
	}
	t.say(scoreLine(r))
}

// about says what is beside the criteria.
func (t *text) about(r *host.Run) {
	for _, s := range []string{fewerRounds(r), gateLine(r)} {
		if s != "" {
			t.hang("  ", s)
		}
	}
	for _, g := range badRounds(r) {
		if r.Runs == 1 && g.Reason == r.Reason {
			continue
		}
		t.hang("  ", fmt.Sprintf("%s: %s: %s", roundsText(g.Rounds), verdictWord(g.Verdict), short(line(g.Reason), reasonBytes)))
	}
	for _, s := range r.Warnings {
		t.hang("  warning: ", short(line(s), reasonBytes))
	}
}

// criteria is the table, with evidence below those that did not pass each time.
func (t *text) criteria(r *host.Run) {
	if len(r.Criteria) == 0 {
		return
	}
	t.say("")
	ids, tallies, labels := 0, 0, 0
	for i := range r.Criteria {
		c := &r.Criteria[i]
		ids, tallies = max(ids, columns(line(c.ID))), max(tallies, len(tally(c)))
		labels = max(labels, columns(line(c.Label)+readAs(c)))
	}
	room := max(t.width-len("  ✓  [D]   ")+2-ids-tallies, 12) // the sign has three bytes
	labels = min(labels, room)
	for i := range r.Criteria {
		c := &r.Criteria[i]
		lead := "  " + t.sign(signOf(outcomeOf(c))) + " " + pad(line(c.ID), ids) + " [" + line(c.Kind) + "] "
		indent := strings.Repeat(" ", ids+9)
		for j, l := range t.label(c, labels) {
			if j == 0 {
				t.say(lead + pad(l, labels) + "  " + strings.Repeat(" ", tallies-len(tally(c))) + tally(c))
			} else {
				t.say(indent + l)
			}
		}
		if !allPassed(c) {
			t.evidence(r, c)
		}
	}
}

func tally(c *host.RunCriterion) string { return fmt.Sprintf("%d/%d", c.Passed, c.Total) }

// label is a criterion's text in a few lines; how it was read is not cut off.
func (t *text) label(c *host.RunCriterion, n int) []string {
	lines := clip(wrap(short(line(c.Label), 4000), n), labelLines, n)
	read := readAs(c)
	if last := len(lines) - 1; columns(lines[last]+read) <= n {
		lines[last] += read
		return lines
	}
	return append(lines, wrap(read, n)...)
}

// readAs says that a criterion did not say itself that a model judges it.
func readAs(c *host.RunCriterion) string {
	if c.Untagged == "" {
		return ""
	}
	return " (read as [P])"
}

func (t *text) evidence(r *host.Run, c *host.RunCriterion) {
	shown := 0
	for _, f := range findings(r, c) {
		if f.Outcome == host.Passed {
			continue
		}
		shown++
		what := string(f.Outcome)
		if r.Runs > 1 || len(f.Rounds) > 1 {
			what = fmt.Sprintf("%s in %s", what, roundsText(f.Rounds))
		}
		t.hang("       ", line(what))
		for _, p := range [][2]string{{"expected: ", f.Expected}, {"found:    ", f.Found}} {
			if s := line(p[1]); s != "" {
				t.hang("         "+p[0], short(s, reasonBytes))
			}
		}
		for i, e := range f.Traces {
			if i == mostTraces && len(f.Traces) > mostTraces+1 {
				t.say(fmt.Sprintf("         trace:    and in %s", plural(len(f.Traces)-i, "more round")))
				break
			}
			t.hang("         trace:    ", e.text())
		}
	}
	if shown == 0 {
		t.say("       not looked at")
	}
	if c.Untagged != "" {
		t.hang("       not [D]: ", short(line(c.Untagged), reasonBytes))
	}
}

func (t *text) tasks(r *host.Run) {
	for _, e := range badTasks(r) {
		t.say("")
		s := e.ended()
		if r.Runs > 1 {
			s += " (" + roundsText(e.Rounds) + ")"
		}
		lines, _ := tail(e.Output, outputLines)
		switch {
		case len(lines) == 0:
			t.hang("  ", s+"; it printed nothing")
		case len(e.Rounds) > 1:
			t.hang("  ", fmt.Sprintf("%s; in round %d it printed last:", s, e.Rounds[0]))
		default:
			t.hang("  ", s+"; it printed last:")
		}
		for _, l := range lines {
			t.say("    " + l)
		}
	}
}

// kept names the work trees that were kept.
func (t *text) kept(r *host.Run) {
	shown, more := 0, 0
	for i := range r.Rounds {
		round := &r.Rounds[i]
		if round.WorkDir == "" && round.Diff == "" {
			continue
		}
		if shown++; shown > mostTrees {
			more++
			continue
		}
		if shown == 1 {
			t.say("")
		}
		s := "work tree"
		if r.Runs > 1 {
			s = fmt.Sprintf("work tree of round %d", round.Round)
		}
		if round.Diff != "" {
			s += " (" + changed(round.Diff) + ")"
		}
		if dir := line(round.WorkDir); dir != "" {
			s += ": " + dir
		}
		t.hang("  ", s)
	}
	if more > 0 {
		t.say("  and of " + plural(more, "more round"))
	}
}

// closing ends several scenarios.
func (t *text) closing(runs []host.Run) {
	if !t.o.Quiet && len(runs) > 0 {
		t.say("")
		rows := [][]string{{"scenario", "verdict", "score", "time"}}
		for i := range runs {
			r := &runs[i]
			rows = append(rows, []string{titleOf(r), verdictWord(r.Verdict), scoreWord(r), took(r.DurationMS)})
		}
		widths := make([]int, 4)
		for _, row := range rows {
			for i, cell := range row {
				widths[i] = max(widths[i], columns(cell))
			}
		}
		widths[0] = min(widths[0], max(t.width-widths[1]-widths[2]-widths[3]-8, 8))
		for i, row := range rows {
			sign := " "
			if i > 0 {
				sign = t.sign(verdictSign(runs[i-1].Verdict))
			}
			name := clip(wrap(short(row[0], 1000), widths[0]), 1, widths[0])[0]
			t.say(sign + " " + pad(name, widths[0]) + "  " + pad(row[1], widths[1]) + "  " + pad(row[2], widths[2]) + "  " + row[3])
		}
		t.say("")
	}
	t.say(counts(runs))
}

// columns is how many columns of a terminal text takes: wide letters of Chinese,
// Japanese and Korean and emoji take two (Unicode's UAX #11), marks that join none.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(n-columns(s), 0)) }

// wrap breaks a line between words, and words that are longer than a line within. It
// returns one line at least.
func wrap(s string, n int) []string {
	n = max(n, 2)
	var lines []string
	current, used := "", 0
	for _, word := range strings.Fields(s) {
		size := columns(word)
		if used > 0 && used+1+size <= n {
			current, used = current+" "+word, used+1+size
			continue
		}
		if used > 0 {
			lines = append(lines, current)
		}
		for size > n {
			head := prefix(word, n)
			lines = append(lines, head)
			word = word[len(head):]
			size -= columns(head)
		}
		current, used = word, size
	}
	return append(lines, current)
}

// prefix is as much of s as fits into n columns.
func prefix(s string, n int) string {
	for i, r := range s {
		if n -= runeColumns(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

// clip leaves the first lines, the last with an ellipsis if there were more.
func clip(lines []string, most, n int) []string {
	if len(lines) <= most {
		return lines
	}
	lines = lines[:most]
	last := lines[most-1]
	if columns(last)+1 > n {
		last = prefix(last, n-1)
	}
	return append(lines[:most-1:most-1], last+"…")
}
